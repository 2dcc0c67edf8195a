"""Stand-ins for threads."""

from collections.abc import Callable


class ThreadAtOnce:
    """A stand-in for a thread, which does its work when it is started: thousands of real ones take most of the time."""

    def __init__(self, target: Callable[[], None]) -> None:
        """Keep the work."""
        self.start = target

    def join(self) -> None:
        """Return: the work is done."""
