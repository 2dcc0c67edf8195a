"""Clients that call the API all the time, and what they were answered."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread

import requests

NO_ANSWER = 0  # counted as a status


class Poller:
    """Calls each of some requests with its own interval, side by side, and counts the statuses."""

    def __init__(self, calls: Mapping[str, Callable[[], int]], seconds: Mapping[str, float]) -> None:
        """Take the requests, which return a status, by their names, and the seconds between two of each."""
        self._calls = calls
        self._seconds = seconds
        self.statuses: Counter[tuple[str, int]] = Counter()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Call until the `with` block ends."""
        stop = Event()
        threads = [Thread(target=self._call, args=(name, stop)) for name in self._calls]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _call(self, name: str, stop: Event) -> None:
        next_at = time.monotonic()
        while not stop.wait(max(0.0, next_at - time.monotonic())):
            next_at = max(next_at + self._seconds[name], time.monotonic())
            try:
                status = self._calls[name]()
            except requests.RequestException:
                status = NO_ANSWER
            self.statuses[name, status] += 1
