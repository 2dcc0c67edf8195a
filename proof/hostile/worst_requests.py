"""The most expensive requests to each route, from a client that the route lets in, and what they cost.

Each request finds the tables as they were. No password is hashed while the time is taken.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from proof.hostile import costs
from proof.hostile.good_requests import Good, good_requests
from proof.hostile.nasty import BODY, COOKIES, HEADERS, JSON_BODIES, TEXTS
from proof.hostile.parsers.inputs import text_of
from tests.support.argon2 import RememberedArgon2id
from tests.support.http_gateway import NONE, routes
from tests.support.sample_events import JSON, Event, proxied
from tests.support.stack import Answer, Function, Stack

_LEAST_REFUSAL = 300  # of the statuses
_ROUTE_HEADERS = ("User-Agent", "Cookie", "Origin", "X-Forwarded-For", "If-None-Match", "Content-Type", "Authorization")
_HEADER_VALUES = {what: TEXTS[what] for what in ("letters", "spaces", "colons", "at signs")} | {
    "commas": lambda size: b"a," * (size // 2),
    "semicolons": lambda size: b"a;" * (size // 2),
}
_QUANTUM = "AAAA"  # what is base64url stays so with some of it, however long it was
_HASHED: dict[bytes, str] = {}


class _HashedOnce(RememberedArgon2id):
    """Hashes each password once in this process: what a hash costs does not depend on what a client sends."""

    def derive_phc_encoded(self, key_material: bytes) -> str:
        if key_material not in _HASHED:
            _HASHED[key_material] = super().derive_phc_encoded(key_material)
        return _HASHED[key_material]


@contextmanager
def visitor(stack: Stack) -> Iterator["Visitor"]:
    """Return the visitor of a stack."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge_auth.credentials.passwords.Argon2id", _HashedOnce)
        yield Visitor(stack)


class Visitor:
    """Measures the routes of one stack, from their functions on."""

    def __init__(self, stack: Stack) -> None:
        """Prepare what each request finds."""
        self._stack = stack
        self._good = good_requests(stack)
        self._stored, self._now_ms = stack.tables.contents(), stack.clock.now_ms
        self._functions: dict[str, Function] = {}

    def measured(self, method: str, path: str) -> dict[str, Any]:
        """Return what the pairs of a route cost, how many bodies got each status, and its good requests in vain."""
        function, authorizer = routes()[method, path]
        if function not in self._functions:
            self._functions[function] = self._stack.function(function)
        act = self._functions[function]

        def send(event: Event) -> Answer:
            self._restore()
            return act(event)

        def cost(event: Event) -> float:
            send(event)  # what is loaded at the first call is not the input's fault
            return costs.cpu_ms(lambda: act(event), self._restore)

        def event(good: Good, *, body: bytes | None = None, header: tuple[str, str] = ("Accept", "*/*")) -> Event:
            given = dict([("Content-Type", JSON), *good.headers.items(), header])
            event = proxied(
                *(method, path, path),
                headers={name: [value] for name, value in given.items()},
                query={},
                path_parameters=good.parameters,
                body=json.dumps(good.body).encode() if body is None else body,
            )
            event["requestContext"]["authorizer"] = {} if authorizer == NONE else good.caller
            return event

        good = self._good[method, path]
        statuses = [send(event(each)).status for each in good]
        refused = [f"{method} {path}: {status}" for status in statuses if status >= _LEAST_REFUSAL]
        pairs, answers = {}, Counter[str]()
        if method in {"POST", "PATCH"}:
            for what, bodies in _bodies(good).items():
                both = tuple(event(each, body=body) for each, body in bodies)
                answers.update(str(send(one).status) for one in both)
                pairs[f"body: {what}"] = costs.of_pair(cost, *both)
        for name in _ROUTE_HEADERS:
            for what, make in (COOKIES if name == "Cookie" else _HEADER_VALUES).items():
                both = tuple(event(good[0], header=(name, text_of(make(size)))) for size in (HEADERS // 2, HEADERS))
                pairs[f"{name}: {what}"] = costs.of_pair(cost, *both)
        return {"pairs": pairs, "answers": dict(sorted(answers.items())), "refused": refused}

    def _restore(self) -> None:
        self._stack.tables.restore(self._stored)
        self._stack.clock.now_ms = self._now_ms  # a function that waits moves it


def _bodies(good: list[Good]) -> dict[str, list[tuple[Good, bytes]]]:
    """Return pairs of bodies by name, each with the request in whose place it is: hostile ones, and long texts."""
    sizes = BODY // 2, BODY
    found = {what: [(good[0], make(size)) for size in sizes] for what, make in JSON_BODIES.items()}
    for each in good:
        spare = [size - len(json.dumps(each.body)) for size in sizes]
        for both in zip(*(_longer(each.body, _QUANTUM * (size // len(_QUANTUM))) for size in spare), strict=True):
            found.setdefault(f"long {both[0][0]}", [(each, json.dumps(body).encode()) for _, body in both])
    return found


def _longer(value: Any, more: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any JSON
    """Yield a value with one of its texts made longer, for each text in it, with the name of that text."""
    match value:
        case str():
            yield "", value + more
        case dict() | list():
            for key, part in list(value.items() if isinstance(value, dict) else enumerate(value)):
                for below, longer in _longer(part, more):
                    whole = value.copy()
                    whole[key] = longer
                    yield f"{key}.{below}".removesuffix("."), whole
