"""Adds the users of a file: batches side by side, results in the order of the file."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from threading import Event
from typing import NamedTuple

from edge_auth.flows.accounts.import_users import Outcome
from edge_auth.flows.ports.imported_identities import Imported

THREADS = 8
USERS_OF_A_BATCH = 25
BATCHES_AHEAD = 2 * THREADS

Batch = Callable[[Sequence[Imported]], tuple[Outcome, ...]]
"""Adds users, and returns what became of each."""


class Placed(NamedTuple):
    """A user, the place of its record, and its id in the other system."""

    place: str
    source_id: str
    user: Imported


class Done(NamedTuple):
    """What became of a user."""

    placed: Placed
    outcome: Outcome


def add_all(users: Iterable[Placed], add: Batch, *, stop: Event) -> Generator[Done, None, None]:
    """Add the users, and yield what became of each.

    If the caller closes the generator, or a batch fails, the batches that have begun are ended first, and no other
    begins. `stop` is set then, so that none of them waits any longer.
    """
    pending = deque[tuple[tuple[Placed, ...], Future[tuple[Outcome, ...]]]]()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            source = iter(users)
            while batch := tuple(islice(source, USERS_OF_A_BATCH)):
                pending.append((batch, pool.submit(add, [placed.user for placed in batch])))
                if len(pending) > BATCHES_AHEAD:
                    yield from _done(*pending.popleft())
            while pending:
                yield from _done(*pending.popleft())
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def _done(batch: tuple[Placed, ...], future: Future[tuple[Outcome, ...]]) -> Iterator[Done]:
    yield from map(Done, batch, future.result())
