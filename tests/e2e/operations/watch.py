"""Uses an access token again and again, from several threads, so that several processes of the authorizer answer."""

import threading
import time
from contextlib import closing
from typing import NamedTuple, Self

from tests.e2e.client import Client

PAUSE_SECONDS = 0.25
FIRST_ANSWER_SECONDS = 30


class Seen(NamedTuple):
    """One request: when it was sent, and its status."""

    sent_at: float
    status: int


class Watch:
    """Calls GET /me with one token while the `with` block runs. The block begins when each thread has its answer."""

    def __init__(self, base_url: str, access_token: str, *, threads: int) -> None:
        """Begin nothing yet."""
        self.seen: list[Seen] = []
        self._base_url = base_url
        self._access_token = access_token
        self._done = threading.Event()
        self._ready = [threading.Event() for _ in range(threads)]
        self._threads = [threading.Thread(target=self._run, args=(ready,), daemon=True) for ready in self._ready]

    def __enter__(self) -> Self:
        """Start the threads, and wait for an answer to each."""
        for thread in self._threads:
            thread.start()
        assert all(ready.wait(FIRST_ANSWER_SECONDS) for ready in self._ready)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the threads."""
        self._done.set()
        for thread in self._threads:
            thread.join()

    def accepted_for(self, moment: float) -> float:
        """Return for how many seconds after this moment a request was sent that was accepted."""
        return max((seen.sent_at - moment for seen in list(self.seen) if seen.status == 200), default=0.0)

    @property
    def statuses(self) -> set[int]:
        """The statuses of all answers."""
        return {seen.status for seen in self.seen}

    def _run(self, ready: threading.Event) -> None:
        with closing(Client(self._base_url)) as client:
            while not self._done.is_set():
                sent_at = time.monotonic()
                self.seen.append(Seen(sent_at, client.get("/me", self._access_token).status_code))
                ready.set()
                self._done.wait(PAUSE_SECONDS)
