"""The product as one system: its own handlers with the template's variables, over tables in memory and a test's clock.

Nothing of the product is replaced but Argon2id, its clock, its source of random bytes, and threads. Its requests go
through the SDK and the wire, where troubles happen to them.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from functools import cached_property, partial
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple, TextIO, cast

import pytest
from botocore.validate import ValidationErrors

from edge_auth import clock as product_clock
from edge_auth.adapters.aws import dynamodb_client
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import Reply
from edge_auth.authorizer.two_clocks import Clocks
from edge_auth.credentials.password_rules import PasswordRules
from edge_auth.errors import AccountError, TemporarilyUnavailable
from edge_auth.flows.accounts.administration import Administration
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.keys.ring_document import from_secret_json
from edge_auth.tokens.proof_token import Kind
from proof.machine.tables import Refused, Store
from proof.machine.troubles import Happening, Meanwhile
from tests.support.argon2 import QuickArgon2id
from tests.support.authorizer import is_allowed
from tests.support.browser import APP
from tests.support.clock import START_MS, TestClock
from tests.support.mailbox import mailed
from tests.support.outages import Killed
from tests.support.passkey_visitor import PARAMETERS as PASSKEYS
from tests.support.sample_events import Event, token_event
from tests.support.site import cookie, visit
from tests.support.stack import SEALING_KEY, SEALING_SECRET, TABLES, Answer, LambdaContext, Output, Secrets, Stack
from tests.support.threads import ThreadAtOnce
from tests.support.wire import wired_session

DAY_SECONDS = 86_400
GRACE_SECONDS = 30  # RotationGraceSeconds
LATE_SECONDS = 336 * 3600  # LateRetryHours
IDLE_SECONDS = 14 * DAY_SECONDS  # RefreshIdleDays
ABSOLUTE_SECONDS = 30 * DAY_SECONDS  # RefreshAbsoluteDays
SITE_IDLE_SECONDS = 30 * 60  # SessionIdleMinutes
SITE_ABSOLUTE_SECONDS = 12 * 3600  # SessionAbsoluteHours
ACCESS_SECONDS = 900  # AccessTokenSeconds
REVOCATION_SECONDS = 5  # RevocationSeconds
MAX_SESSIONS = 6  # MaxSessionsPerUser

PARAMETERS = {
    "AllowedOrigins": APP,
    "MaxSessionsPerUser": str(MAX_SESSIONS),
    "MailFrom": "login@example.com",
    "PagesUrl": "https://app.example.com/account",
    "SecondFactor": "optional",
    "SelfRegistration": "true",
    **PASSKEYS,
}
FUNCTIONS = (
    "login",
    "refresh",
    "logout",
    "password",
    "sessions",
    "factors",
    "step_up",
    "passkeys",
    "passkey_sign_in",
    "register",
    "reset",
)
CALM_SECONDS = 2 * DAY_SECONDS  # between two histories: longer than any copy of keys in a process may be used


# What takes most of the SDK's time, and is of no use to the store: signatures, the user agent, the address, and the
# check of parameters, which the tests of the adapters make.
QUICK: Mapping[str, Any] = {
    "botocore.signers.RequestSigner.sign": lambda *_arguments, **_named: None,
    "botocore.useragent.UserAgentString.to_string": lambda _self: "proof",
    "botocore.client.BaseClient._resolve_endpoint_ruleset": lambda *_arguments: ("https://aws.invalid", {}, {}),
    "botocore.validate.ParamValidator.validate": lambda *_arguments: ValidationErrors(),
}


class Seen(NamedTuple):
    """What came back. Status 0: nothing, because the process ended; 1: an operator's act is done."""

    status: int
    error: str = ""
    body: Mapping[str, Any] = {}
    cookies: Mapping[str, str] = {}

    @property
    def is_trouble(self) -> bool:
        """Whether it says nothing of what was done."""
        return self.status in {0, 503}


CRASHED, DONE, UNAVAILABLE = Seen(0), Seen(1), Seen(503, "temporarily_unavailable")


class CountedBytes:
    """A source of bytes that never repeat in one history, and are the same in each run of it."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.drawn = 0

    def __call__(self, size: int | None = None) -> bytes:
        """Return the next number as `size` bytes, of which the first ones differ too."""
        self.drawn += 1
        size = size or 32
        number: int = self.drawn * 0x9E3779B97F4A7C15 % (1 << 8 * size)
        return number.to_bytes(size, "little")


class Silence:
    """Takes the log, and forgets it."""

    def write(self, text: str) -> int:
        """Forget a text."""
        return len(text)

    def flush(self) -> None:
        """Do nothing."""


class MemoryStack(Stack):
    """The stack, over the store."""

    store: Store
    mailed_to: str = ""  # the user whose mails are read

    @property
    def key_ring(self) -> Any:  # noqa: ANN401 - as the parent's
        """The ring in the secret."""
        return from_secret_json(list(self.store.secret_versions.values())[-1])

    def challenge_items(self) -> list[dict[str, Any]]:
        """Return the items of the challenges table that are of one user."""
        items = self.store.items(TABLES["ChallengesTable"])
        return [item for item in items if item["pk"]["S"].endswith(self.mailed_to)]


class Product:
    """The functions, warm, and the tables. `reset` begins another history."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: Store, clock: TestClock) -> None:
        """Load the functions."""
        self._monkeypatch, self.store, self.clock = monkeypatch, store, clock
        session, self.wire = wired_session()
        monkeypatch.setattr(self.wire, "serve", store.serve)
        monkeypatch.setattr("edge_auth.adapters.aws.sdk_session", lambda: session)
        nothing = cast("Any", None)  # the clients and the output are of other tests
        self.stack = MemoryStack(
            nothing, nothing, "KeyRingSecret-functional", self.wire, clock, Secrets(), monkeypatch, cast("Output", None)
        ).with_parameters(**PARAMETERS)
        self.stack.store = store  # type: ignore[attr-defined]  # with_parameters returns the same class
        self.functions = {name: self.stack.function(name) for name in FUNCTIONS}
        self._rotate_keys = self.stack.module("rotate_keys").handler

    def reset(self) -> None:
        """Begin again with empty tables and new keys, days later, so that no process has a copy of anything."""
        begin = self.clock.now_seconds + CALM_SECONDS
        self.clock.now_ms = (begin // DAY_SECONDS + 1) * DAY_SECONDS * 1000
        self.store.empty()
        self.wire.mend()
        self.wire.forget()
        self.stack.secrets.values.clear()
        cast("CountedBytes", secrets.token_bytes).drawn = 0
        self.keys("advance")

    def deploy_authorizers(self) -> None:
        """Start the authorizers cold, with the public keys of now in their environments."""
        self.stack.jwks = json.dumps(self.stack.keys.jwks())
        self.feed_authorizer = self._authorizer("authorizer")
        self.strict_authorizer = self._authorizer("strict_authorizer")
        self.factor_authorizer = self._authorizer("strict_authorizer", StrictAcr="2fa")
        self.cookie_authorizer = self._authorizer("session_authorizer")

    def call(self, function: str, event: Event, during: Happening | Meanwhile | None = None) -> Seen:
        """Send an event to a function, and return what comes back."""
        with self._during(during):
            try:
                return seen(self.functions[function](event))
            except Killed:
                return CRASHED
            finally:
                self.wire.forget()

    def operate(self, act: Callable[[Administration], object], during: Happening | Meanwhile | None = None) -> Seen:
        """Do what a command of `edge-auth users` does."""
        with self._during(during):
            try:
                act(self.administration)
            except Killed:
                return CRASHED
            except TemporarilyUnavailable:
                return UNAVAILABLE
            except AccountError as error:
                return Seen(400, type(error).__name__)
            return DONE

    def keys(self, action: str, **members: object) -> Mapping[str, Any]:
        """Send an event of the schedule, or of an operator, to the function that writes the key ring."""
        if action not in {"advance", "show"}:
            members["version"] = self.ring_version
        answer: Mapping[str, Any] = self._rotate_keys({"action": action, **members}, LambdaContext())
        return answer

    @property
    def ring_version(self) -> str:
        """The version of the key ring."""
        return list(self.store.secret_versions)[-1]

    def lets_in(self, authorizer: ModuleType, access_token: str) -> Mapping[str, Any] | None:
        """Return what an authorizer passes on for a token, or None if it refuses it."""
        answer = authorizer.handler(token_event(access_token), None)
        return cast("Mapping[str, Any]", answer["context"]) if is_allowed(answer) else None

    def lets_visit(self, session_token: str) -> bool:
        """Return whether the authorizer of sites takes a cookie."""
        return is_allowed(self.cookie_authorizer.handler(visit(cookie(session_token)), None))

    def mail(self, user_id: str) -> dict[str, str]:
        """Return what the link of the newest mail of a reset has, and nothing if there is no mail."""
        self.stack.mailed_to = user_id  # type: ignore[attr-defined]  # with_parameters returns the same class
        resets = [item for item in self.stack.challenge_items() if item["pk"]["S"].startswith(f"{Kind.RESET.value}#")]
        return mailed(self.stack, Kind.RESET).link if any("email" in item for item in resets) else {}

    def told(self) -> set[str]:
        """Return the entries of the feed of ended sessions."""
        items = self.store.items(TABLES["RevocationsTable"])
        return {entry for item in items for entry in item.get("sids", {}).get("SS", [])}

    def session_items(self) -> dict[str, dict[str, Any]]:
        """Return the items of the sessions that have not ended, by their ids."""
        items = self.store.items(TABLES["SessionsTable"])
        return {item["session_id"]["S"]: item for item in items if "seed_hash" in item and "revoked_at" not in item}

    @cached_property
    def administration(self) -> Administration:
        """The acts of operators."""
        dynamodb, clock = dynamodb_client(), product_clock.now_ms
        revocations = DynamoDBRevocations(dynamodb, table=TABLES["RevocationsTable"], clock=clock)
        sessions = DynamoDBSessions(dynamodb, table=TABLES["SessionsTable"])
        entropy = secrets.token_bytes
        return Administration(
            identities=DynamoDBIdentities(dynamodb, table=TABLES["IdentitiesTable"]),
            sessions=sessions,
            attempts=DynamoDBAttempts(dynamodb, table=TABLES["ThrottleTable"]),
            end_sessions=EndSessions(
                sessions=sessions, revocations=revocations, clock=clock, entropy=entropy, record=_forget
            ),
            password_rules=PasswordRules(15, common=frozenset(), service_names=frozenset()),
            clock=clock,
            entropy=entropy,
            record=_forget,
            challenges=DynamoDBChallenges(dynamodb, table=TABLES["ChallengesTable"]),
        )

    @contextmanager
    def _during(self, during: Happening | Meanwhile | None) -> Iterator[None]:
        before = self.wire._of_any  # a call during another one
        if during is not None:
            self.wire.every(during)
        try:
            yield
        finally:
            self.wire._of_any = before

    def _authorizer(self, function: str, **parameters: str) -> ModuleType:
        """Load an authorizer as a cold start does. It asks the store, and fetches the public keys of now."""
        self._monkeypatch.setattr("edge_auth.authorizer.issuer_keys.download", self._published_keys)
        module = self.stack.with_parameters(**parameters).module(function)
        vars(module)["download"] = self._published_keys
        call = partial(self._asked, module.store.table)
        if hasattr(module, "table"):
            vars(module.table)["call"] = call
        elif hasattr(module, "sessions"):
            vars(module.sessions)["call"] = call
        else:
            vars(module.ended)["_read"] = partial(module.read_feed, call)
            vars(module.ended)["_clocks"] = Clocks(self.clock.time, self.clock.time)
        return module

    def _asked(self, table: str, operation: str, parameters: Mapping[str, Any]) -> Reply:
        try:
            return Reply(self.store.act(operation, {"TableName": table, **parameters}), self.clock.now_seconds)
        except Refused as refused:
            raise RequestFailed(refused.code) from None

    def _published_keys(self, _address: str) -> str:
        return json.dumps(self.stack.keys.jwks())


def seen(answer: Answer) -> Seen:
    """Return what a client sees of an answer. Raises AssertionError for one that no client may see."""
    body = answer.json if answer.body else {}
    cookies = {name: rest.partition(";")[0] for name, _, rest in (each.partition("=") for each in answer.cookies)}
    found = Seen(answer.status, body.get("error", ""), body, cookies)
    if answer.status == 503 and not answer.headers.get("Retry-After"):
        raise AssertionError("an outage without a time to come back")
    if answer.status >= 400 and cookies:
        raise AssertionError("an error touched a cookie")
    return found


@contextmanager
def product() -> Iterator[Product]:
    """Load the product. After the block, nothing is left of it."""
    with pytest.MonkeyPatch.context() as monkeypatch, redirect_stdout(cast("TextIO", Silence())):
        clock = TestClock(START_MS)
        monkeypatch.setattr("edge_auth.clock.time", clock)
        monkeypatch.setattr("edge_auth.credentials.passwords.Argon2id", QuickArgon2id)
        monkeypatch.setattr("edge_auth.flows.side_by_side.Thread", ThreadAtOnce)
        monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))
        monkeypatch.setattr("secrets.token_bytes", CountedBytes())
        for name, quick in QUICK.items():
            monkeypatch.setattr(name, quick)
        store = Store(TABLES, {SEALING_SECRET: SEALING_KEY})
        yield Product(monkeypatch, store, clock)


def _forget(_event: object) -> None:
    """Record nothing."""
