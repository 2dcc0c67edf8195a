"""A worker of the load: a process like one Lambda instance, which serves one request after the other, in a closed loop.

It is told by a pipe what to do from when to when, and answers with what it measured.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from benchmarks.deployment import Deployment
from benchmarks.instances import Function, Instances, login_event, logout_event, refresh_event, succeeded
from tests.support.sample_events import token_event

NO_CONTENT = 204

Act = Callable[[], float]
"""One operation: does it, checks the answer, and returns the milliseconds that the function took."""


@dataclass(frozen=True)
class Order:
    """Do `operation`, on `material` (tokens or names) where it needs some. Times are `time.monotonic`'s.

    What begins before `measured_from` warms up; nothing begins after `until`.
    """

    operation: str
    measured_from: float
    until: float
    material: Sequence[str] = ()


@dataclass(frozen=True)
class Done:
    """What came of an order. `answered` counts the warm-up too; `tokens` are the refresh tokens that were got."""

    milliseconds: list[float]
    answered: int
    cpu_seconds: float
    tokens: frozenset[str] = frozenset()


def work(connection: Connection, deployment: Deployment) -> None:
    """Do what comes by the pipe until nothing does any more; an exception is sent back as a text."""
    with Instances(deployment) as instances:
        worker = Worker(instances)
        connection.send("ready")
        while True:
            try:
                order = connection.recv()
            except EOFError:
                return
            try:
                connection.send(worker.do(order))
            except Exception as error:  # noqa: BLE001 - whatever it is, the benchmark is to hear of it
                connection.send(f"{order.operation}: {error!r}")


@dataclass
class Worker:
    """The functions of one process, and the refresh token it got last."""

    instances: Instances
    token: str = field(default="", repr=False)
    tokens: set[str] = field(default_factory=set, repr=False)
    _functions: dict[str, Function] = field(default_factory=dict)
    _turn: int = 0

    def do(self, order: Order) -> Done:
        """Do what is ordered, from now until its time is up."""
        act = self._act(order)
        milliseconds: list[float] = []
        answered, cpu_before = 0, time.process_time()
        while (begin := time.monotonic()) < order.until:
            if begin < order.measured_from:
                act()
                cpu_before = time.process_time()
            else:
                milliseconds.append(act())
            answered += 1
        return Done(milliseconds, answered, time.process_time() - cpu_before, frozenset(self.tokens))

    def _act(self, order: Order) -> Act:
        if order.operation == "refresh":
            # Its own session; with no grace window every refresh is a rotation.
            self.token = self.token or order.material[0]
            function = self._function("refresh", grace_seconds=0)
            return lambda: self.refresh(function, must_rotate=True)
        if order.operation == "refresh of one session":
            self.token = order.material[0]
            self.tokens = set()
            function = self._function("refresh")
            return lambda: self.refresh(function, must_rotate=False)
        if order.operation == "authorizer":
            function = self._function("authorizer")
            event = token_event(order.material[0])
            return lambda: _authorize(function, event)
        login = self._function("login")
        logout = self._function("logout") if order.operation == "login and logout" else None
        return lambda: self._login(login, logout, order.material)

    def _function(self, name: str, *, grace_seconds: int | None = None) -> Function:
        key = f"{name} {grace_seconds}"
        if key not in self._functions:
            given = {} if grace_seconds is None else {"RotationGraceSeconds": str(grace_seconds)}
            self._functions[key] = self.instances.start(name, given)
        return self._functions[key]

    def refresh(self, function: Function, *, must_rotate: bool) -> float:
        """Refresh, check the answer and keep its token. Raises RuntimeError: it is not what it must be."""
        event = refresh_event(self.token)
        begin = time.perf_counter()
        answer = function(event)
        milliseconds = (time.perf_counter() - begin) * 1000
        token = succeeded(answer)["refresh_token"]
        if must_rotate and token == self.token:
            raise RuntimeError("answered without a rotation")
        self.token = token
        if not must_rotate:
            self.tokens.add(token)
        return milliseconds

    def _login(self, login: Function, logout: Function | None, usernames: Sequence[str]) -> float:
        self._turn += 1
        event = login_event(usernames[self._turn % len(usernames)])
        begin = time.perf_counter()
        answer = login(event)
        milliseconds = (time.perf_counter() - begin) * 1000
        token = succeeded(answer)["refresh_token"]
        if logout is not None:
            event = logout_event(token)
            begin = time.perf_counter()
            answer = logout(event)
            milliseconds += (time.perf_counter() - begin) * 1000
            succeeded(answer, NO_CONTENT)
        return milliseconds


def _authorize(function: Function, event: object) -> float:
    begin = time.perf_counter()
    answer = function(event)
    milliseconds = (time.perf_counter() - begin) * 1000
    if answer["policyDocument"]["Statement"][0]["Effect"] != "Allow":
        raise RuntimeError("a valid token was denied")
    return milliseconds
