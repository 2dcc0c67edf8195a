"""The faults of the way between the browser and the API, which a visitor of the page asks for."""

from collections.abc import Callable
from threading import Lock

LONGEST_SECONDS = 60.0
REFRESH = "/auth/refresh"


class Faults:
    """Loses the answer of a refresh, and cuts the connection for some time. Several threads may use it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin without a fault. `clock` is monotonic, in seconds."""
        self._clock = clock
        self._lock = Lock()
        self._loses_next = False
        self._then_offline_seconds = 0.0
        self._offline_until = clock()

    def go_offline(self, seconds: float) -> None:
        """From now on, no request reaches the API for this time."""
        self._offline_until = self._clock() + min(seconds, LONGEST_SECONDS)

    def lose_next_answer(self, then_offline_seconds: float) -> None:
        """Lose the answer to the next refresh that reaches the API, and then go offline for this time."""
        with self._lock:
            self._loses_next = True
            self._then_offline_seconds = then_offline_seconds

    def offline_seconds(self) -> float:
        """Return for how long no request reaches the API; 0 is online."""
        return max(0.0, self._offline_until - self._clock())

    def loses(self, route: str) -> bool:
        """Return whether the answer of this route is lost now. It is asked once for each answer."""
        with self._lock:
            if route != REFRESH or not self._loses_next:
                return False
            self._loses_next = False
            self.go_offline(self._then_offline_seconds)
            return True
