"""Edits of the tokens that only edge-auth reads, each at every place that takes it: what is counted, and what it costs.

An edit can give a good token again, or a text that the place reads as one. Such a text is not sent. Before the edits,
each place has to take each of its good tokens, so that a refusal shows something.
"""

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from benchmarks.frame.results import markdown
from proof.frame.results import Figures
from proof.frame.run import Run, added
from tests.support.memory_tables.tables import Contents
from tests.support.sample_events import Event, with_form
from tests.support.stack import Answer, Stack
from tests.support.token_edits import EDITS

FAULTS = ("accepted", "5xx", "other answers", "exceptions", "AWS calls")
_COUNTS = ("tried", "refused", "the same token", *FAULTS)
_SERVER_ERRORS = 500
_PART = 10_000  # edits that are tried before they are remembered


Said = tuple[int, str]


def said(answer: Answer) -> Said:
    """Return the status and the error code of an answer."""
    return answer.status, answer.json.get("error", "") if answer.body else ""


@dataclass(frozen=True)
class Place:
    """A place that takes a token, and the good tokens that it takes.

    `send` presents a text and returns what came back: a status and an error code. `refusals` are those that refuse.
    `is_same` says whether a text is read as one of the good tokens. `taken` is what a good token brings. Where it is
    also what another text brings, as at a logout, only the calls to AWS show that a token was taken.
    """

    name: str
    good: Sequence[str]
    send: Callable[[str], Said]
    taken: Said
    refusals: Collection[Said]
    is_same: Callable[[str], bool]


MALFORMED: Said = (400, "invalid_request")


def form(name: str, **fields: str) -> Event:
    """Return a sample event with a form. What UTF-8 has no bytes for is a question mark, as no client can send it."""
    return with_form(name, {field: text.encode("utf-8", "replace").decode() for field, text in fields.items()})


def stripped(good: Sequence[str]) -> Callable[[str], bool]:
    """Return the rule of cookies: white space around a value is no part of it (RFC 6265 §5.2)."""
    return lambda text: text.strip(" \t") in good


def exact(good: Sequence[str]) -> Callable[[str], bool]:
    """Return the rule of all other places: each character counts."""
    return lambda text: text in good


def edit_all(run: Run, places: Sequence[Place], stack: Stack, *, size: int, others: Sequence[str]) -> Figures:
    """Send `size` edits to each place, and return the counts. `others` are good tokens of other kinds."""
    by_name = {place.name: place for place in places}
    stored = stack.tables.contents()
    taken = {place.name: _taken(place, stack, stored) for place in places}

    def act(part: str) -> dict[str, int]:
        stack.tables.restore(stored)  # a product with a fault may have changed them
        return _edit(run.chance(part), min(size, _PART), by_name[part.rpartition(" ")[0]], stack, others)

    parts = range(max(1, size // _PART))
    counted = run.parts((f"{place.name} {number}" for place in places for number in parts), act)
    counts = {
        place.name: added(found for part, found in counted.items() if part.rpartition(" ")[0] == place.name)
        | {"good tokens taken": taken[place.name]}
        for place in places
    }
    return Figures(counts)


def broken(figures: Figures) -> list[str]:
    """Return a line for each promise that does not hold."""
    lines = []
    for name, counts in figures.counts.items():
        lines += [f"{name}: {counts[fault]:,} {fault}" for fault in FAULTS if counts[fault]]
        if not counts["good tokens taken"]:
            lines.append(f"{name}: no good token is taken, so a refusal shows nothing")
    return lines


def table(figures: Figures) -> str:
    """Return a row for each place."""
    names = ("good tokens taken", *_COUNTS)
    rows = [(name, *(f"{counts[column]:,}" for column in names)) for name, counts in figures.counts.items()]
    return markdown(("place", *names), rows)


def _taken(place: Place, stack: Stack, stored: Contents) -> int:
    """Return how many good tokens a place takes. What they change is undone."""
    taken = 0
    for token in place.good:
        stack.wire.forget()
        said = place.send(token)
        taken += said == place.taken and (bool(stack.wire.calls) or said not in place.refusals)
        stack.tables.restore(stored)
    return taken


def _edit(chance: random.Random, size: int, place: Place, stack: Stack, others: Sequence[str]) -> dict[str, int]:
    counts = dict.fromkeys(_COUNTS, 0)
    edits, pool = list(EDITS.values()), [*place.good, *others]
    for number in range(size):
        text = edits[number % len(edits)](chance, chance.choice(place.good), chance.choice(pool))
        counts["tried"] += 1
        if place.is_same(text):
            counts["the same token"] += 1
            continue
        stack.wire.forget()
        counts[_outcome(place, text)] += 1
        counts["AWS calls"] += len(stack.wire.calls)
    return counts


def _outcome(place: Place, text: str) -> str:
    try:
        said = place.send(text)
    except Exception:  # noqa: BLE001 - each exception is counted
        return "exceptions"
    if said in place.refusals:
        return "refused"
    if said == place.taken:
        return "accepted"
    return "5xx" if said[0] >= _SERVER_ERRORS else "other answers"
