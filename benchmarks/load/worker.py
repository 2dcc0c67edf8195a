"""One worker of the load: a process like one Lambda instance. It serves one request after another."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from benchmarks.requests import events
from benchmarks.requests.events import NO_CONTENT, allowed, succeeded
from benchmarks.requests.functions import Function, Functions
from tests.support.sample_events import token_event

Calls = Iterator[tuple[float, str]]
"""Repeats one operation and checks each answer. Yields the milliseconds of the function, and a refresh token."""


@dataclass(frozen=True)
class Done:
    """The results of a worker. `answered` counts all calls; `tokens` are the refresh tokens that it received."""

    milliseconds: list[float]
    answered: int
    cpu_seconds: float
    tokens: frozenset[str]


def work(calls: Calls, *, warm_up: float, seconds: float) -> Done:
    """Warm up, and then measure calls for `seconds`, at least one."""
    milliseconds: list[float] = []
    tokens: set[str] = set()
    answered, cpu_before = 0, time.process_time()
    measured_from = time.monotonic() + warm_up
    while (begin := time.monotonic()) < measured_from + seconds or not milliseconds:
        took, token = next(calls)
        answered += 1
        tokens.add(token)
        if begin < measured_from:
            cpu_before = time.process_time()
        else:
            milliseconds.append(took)
    return Done(milliseconds, answered, time.process_time() - cpu_before, frozenset(tokens))


def calls_of(functions: Functions, operation: str, material: Sequence[str]) -> Calls:
    """Start the functions that an operation needs, and return its calls. `material` is tokens or user names."""
    match operation:
        case "refresh":
            # With no grace window every refresh is a rotation.
            return refreshes(functions.start("refresh", {"RotationGraceSeconds": "0"}), material[0], rotates=True)
        case "refresh of one session":
            return refreshes(functions.start("refresh"), material[0], rotates=False)
        case "login":
            return _logins(functions.start("login"), None, material)
        case "login and logout":
            return _logins(functions.start("login"), functions.start("logout"), material)
        case "authorizer":
            return _authorizations(functions.start("authorizer"), material[0])
    raise LookupError(operation)


def refreshes(refresh: Function, token: str, *, rotates: bool) -> Calls:
    """Refresh one session. Raises RuntimeError: an answer has no new token, although every refresh `rotates`."""
    while True:
        answer, milliseconds = _timed(refresh, events.refresh(token))
        before, token = token, succeeded(answer)["refresh_token"]
        if rotates and token == before:
            raise RuntimeError("answered without a rotation")
        yield milliseconds, token


def _logins(login: Function, logout: Function | None, usernames: Sequence[str]) -> Calls:
    for username in cycle(usernames):
        answer, milliseconds = _timed(login, events.login(username))
        token = succeeded(answer)["refresh_token"]
        if logout:
            answer, more = _timed(logout, events.logout(token))
            succeeded(answer, NO_CONTENT)
            milliseconds += more
        yield milliseconds, token


def _authorizations(authorizer: Function, access_token: str) -> Calls:
    event = token_event(access_token)
    while True:
        answer, milliseconds = _timed(authorizer, event)
        allowed(answer)
        yield milliseconds, ""


def _timed(function: Function, event: object) -> tuple[Any, float]:
    begin = time.perf_counter()
    answer = function(event)
    return answer, (time.perf_counter() - begin) * 1000
