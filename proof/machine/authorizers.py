"""The authorizers of the product, warm, over the store: what each decides of a token, with the feed and without it.

`OPEN` and `CLOSED` read the feed of ended sessions, with each setting of RevocationFailure. `STRICT` and `FACTORS` read
the session itself, and one more reads the session of a site's cookie.
"""

import json
from collections.abc import Mapping
from enum import Enum
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from edge_auth.authorizer.ended_sessions import CannotDecide
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import Reply
from edge_auth.authorizer.two_clocks import Clocks
from proof.machine.store import Store
from tests.support.authorizer import is_allowed
from tests.support.clock import TestClock
from tests.support.memory_tables.tables import Refused
from tests.support.sample_events import token_event
from tests.support.site import cookie, visit
from tests.support.stack import Stack

OPEN, CLOSED, STRICT, FACTORS = "open", "closed", "strict", "two factors"
DEPLOYED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    OPEN: ("authorizer", {}),
    CLOSED: ("authorizer", {"RevocationFailure": "closed"}),
    STRICT: ("strict_authorizer", {}),
    FACTORS: ("strict_authorizer", {"StrictAcr": "2fa"}),
}
NEVER_READ_MS = -1


class Decision(Enum):
    """What an authorizer answers."""

    LETS_IN = "lets in"
    REFUSES = "refuses"
    CANNOT_DECIDE = "cannot decide on"


class Authorizers:
    """All of them.

    `is_feed_down`: no read of the feed succeeds. `read_ms` has the time of the latest read of each that did, and
    `set_back_ms` how far the wall's clock was set back in all: the other clock goes on.
    """

    def __init__(self, stack: Stack, store: Store, clock: TestClock, monkeypatch: pytest.MonkeyPatch) -> None:
        """Keep what they are loaded with. None runs yet."""
        self._stack, self._store, self._clock, self._monkeypatch = stack, store, clock, monkeypatch
        self._modules: dict[str, ModuleType] = {}
        self.read_ms: dict[str, int] = {}
        self.is_feed_down = False
        self.set_back_ms = 0

    def deploy(self) -> None:
        """Start them cold, with the public keys of now in their environments."""
        self._stack.jwks = json.dumps(self._stack.keys.jwks())
        self.read_ms = dict.fromkeys((OPEN, CLOSED), NEVER_READ_MS)
        self._modules = {name: self._loaded(name, function, **more) for name, (function, more) in DEPLOYED.items()}
        self._of_sites = self._loaded("sites", "session_authorizer")

    def decide(self, name: str, access_token: str) -> Decision:
        """Return what an authorizer decides of a token."""
        try:
            answer = self._modules[name].handler(token_event(access_token), None)
        except CannotDecide:
            return Decision.CANNOT_DECIDE
        return Decision.LETS_IN if is_allowed(answer) else Decision.REFUSES

    def lets_visit(self, session_token: str) -> bool:
        """Return whether the authorizer of sites takes a cookie."""
        return is_allowed(self._of_sites.handler(visit(cookie(session_token)), None))

    def _loaded(self, name: str, function: str, **parameters: str) -> ModuleType:
        """Load an authorizer as a cold start does. It asks the store, and fetches the public keys of now."""
        self._monkeypatch.setattr("edge_auth.authorizer.issuer_keys.download", self._published_keys)
        module = self._stack.with_parameters(**parameters).module(function)
        vars(module)["download"] = self._published_keys
        if hasattr(module, "table"):
            vars(module.table)["call"] = partial(self._asked, module.store.table)
        elif hasattr(module, "sessions"):
            vars(module.sessions)["call"] = partial(self._asked, module.store.table)
        else:
            vars(module.ended)["_read"] = partial(module.read_feed, partial(self._feed, name, module.store.table))
            vars(module.ended)["_clocks"] = Clocks(self._monotonic, self._clock.time)
        return module

    def _feed(self, name: str, table: str, operation: str, parameters: Mapping[str, Any]) -> Reply:
        if self.is_feed_down:
            raise RequestFailed("the store does not answer")
        reply = self._asked(table, operation, parameters)
        self.read_ms[name] = self._clock.now_ms
        return reply

    def _asked(self, table: str, operation: str, parameters: Mapping[str, Any]) -> Reply:
        try:
            return Reply(self._store.act(operation, {"TableName": table, **parameters}), self._clock.now_seconds)
        except Refused as refused:
            raise RequestFailed(refused.code) from None

    def _monotonic(self) -> float:
        return self._clock.time() + self.set_back_ms / 1000

    def _published_keys(self, _address: str) -> str:
        return json.dumps(self._stack.keys.jwks())
