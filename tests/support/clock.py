"""A clock that tests set, in the place of the `time` module."""

import time
from dataclasses import dataclass

START_MS = 1_790_000_000_000


@dataclass
class TestClock:
    """A clock that stands still until a test moves it."""

    __test__ = False  # a clock for tests, not a test

    now_ms: int = START_MS

    @property
    def now_seconds(self) -> int:
        """Whole seconds since 1970."""
        return self.now_ms // 1000

    def advance(self, *, seconds: float) -> None:
        """Move forward, or backward with negative seconds."""
        self.now_ms += round(seconds * 1000)

    def time_ns(self) -> int:
        """Answer as `time.time_ns`."""
        return self.now_ms * 1_000_000

    def time(self) -> float:
        """Answer as `time.time`."""
        return self.now_ms / 1000

    def sleep(self, seconds: float) -> None:
        """Answer as `time.sleep`: the clock moves on, and no test waits."""
        self.advance(seconds=seconds)


class RunningClock(TestClock):
    """A clock that runs as the machine's, for tests with programs that have clocks of their own. A test may move it."""

    @property
    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return self._lead_ms + round(time.monotonic() * 1000)

    @now_ms.setter
    def now_ms(self, value: int) -> None:
        self._lead_ms = value - round(time.monotonic() * 1000)
