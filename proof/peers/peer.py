"""What a scenario needs of a login system: four acts over HTTP, and a clock that the scenario moves."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

from proof.peers.http import Client, address_of

USERS = 250  # of each server


def name_of(number: int) -> str:
    """Return the name of a user. All are of one length: OpenAuth takes `user-1` for the begin of `user-10`, too."""
    return f"user-{number:04}"


class Tokens(NamedTuple):
    """What a client has of its session. A system without rotation answers with the same `refresh` again."""

    refresh: str
    access: str


@dataclass
class MovedClock:
    """The clock of a server: the machine's, plus the seconds in a file, which the scenario adds to."""

    file: Path

    def __post_init__(self) -> None:
        """Begin with the machine's time."""
        self._lead = 0
        self.file.write_text("0")

    def advance(self, seconds: float) -> None:
        """Let this much time pass, in whole seconds. The file is replaced whole: servers read it at any time."""
        self._lead += round(seconds)
        new = self.file.with_suffix(".new")
        new.write_text(str(self._lead))
        new.replace(self.file)


class FileClock:
    """The clock in the file, in the place of the `time` module of a server in Python."""

    def __init__(self, file: Path) -> None:
        """Read from this file."""
        self._file = file

    def time(self) -> float:
        """Answer as `time.time`."""
        return time.time() + float(self._file.read_text())

    def time_ns(self) -> int:
        """Answer as `time.time_ns`."""
        return round(self.time() * 1_000_000_000)

    def sleep(self, seconds: float) -> None:
        """Answer as `time.sleep`."""
        time.sleep(seconds)

    def monotonic(self) -> float:
        """Answer as `time.monotonic`."""
        return self.time()


class Session(ABC):
    """The acts of one client at one server. Each act raises Refused or Unavailable."""

    def __init__(self, port: int, number: int) -> None:
        """Use an address of one's own, and the user with this number."""
        self.client = Client(port, address_of(number))
        self.number, self.user = number, name_of(number)

    @abstractmethod
    def login(self) -> Tokens:
        """Sign in as the user."""

    @abstractmethod
    def refresh(self, refresh: str) -> Tokens:
        """Get a new access token."""

    @abstractmethod
    def call(self, access: str) -> None:
        """Call a route that checks the access token, as the system's documentation protects one."""

    @abstractmethod
    def logout(self, tokens: Tokens) -> None:
        """End the session. Raises NoRoute: the system has no route for it."""


class NoRoute(Exception):
    """The system has no such act over HTTP."""


@dataclass(frozen=True)
class Peer:
    """A running system, with the lifetime of its access tokens."""

    port: int
    access_seconds: int
    clock: MovedClock
    session: type[Session]
    _numbers: Iterator[int] = field(default_factory=count)

    def new_sessions(self, wanted: int) -> list[Session]:
        """Return the clients of the next users, who have no session yet. Raises LookupError: no users are left."""
        numbers = list(islice(self._numbers, wanted))
        if numbers[-1] >= USERS:
            raise LookupError(f"the server has only {USERS} users")
        return [self.session(self.port, number) for number in numbers]
