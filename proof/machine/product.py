"""The product as one system: its own handlers with the template's variables, over tables in memory and a test's clock.

Nothing of the product is replaced but Argon2id, its clock, its source of random bytes, and threads; and of the SDK what
QUICK names. Its requests go through the rest of the SDK and the wire, where troubles happen to them.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TextIO, cast

import pytest
from botocore.validate import ValidationErrors

from edge_auth.errors import AccountError, TemporarilyUnavailable, UnknownUser
from edge_auth.keys.ring_document import from_secret_json
from edge_auth.tokens.proof_token import Kind
from proof.machine.administrators import Administrators, administrators
from proof.machine.authorizers import Authorizers
from proof.machine.deployment import DAY_SECONDS, FUNCTIONS, PARAMETERS, WEAK_PROFILE
from proof.machine.earlier_system import EarlierSystem
from proof.machine.seen import CRASHED, DONE, UNAVAILABLE, Seen, seen
from proof.machine.store import Store
from proof.machine.troubles import Happening, Meanwhile
from tests.support.argon2 import QuickArgon2id
from tests.support.clock import START_MS, TestClock
from tests.support.mailbox import mailed
from tests.support.memory_tables.attribute_values import Item
from tests.support.outages import Killed
from tests.support.sample_events import Event
from tests.support.stack import SEALING_KEY, SEALING_SECRET, TABLES, LambdaContext, Output, Secrets, Stack
from tests.support.threads import ThreadAtOnce
from tests.support.wire import wired_session

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

CALM_SECONDS = 2 * DAY_SECONDS  # between two histories: longer than any copy of keys in a process may be used


# What takes most of the SDK's time, and is of no use to the store: signatures, the user agent, the address, and the
# check of parameters, which the tests of the adapters make.
QUICK: Mapping[str, Any] = {
    "botocore.signers.RequestSigner.sign": lambda *_arguments, **_named: None,
    "botocore.useragent.UserAgentString.to_string": lambda _self: "proof",
    "botocore.client.BaseClient._resolve_endpoint_ruleset": lambda *_arguments: ("https://aws.invalid", {}, {}),
    "botocore.validate.ParamValidator.validate": lambda *_arguments: ValidationErrors(),
}


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

    tables: Store
    mailed_to: str = ""  # the user whose mails are read

    @property
    def key_ring(self) -> Any:  # noqa: ANN401 - as the parent's
        """The ring in the secret."""
        return from_secret_json(list(self.tables.secret_versions.values())[-1])

    def challenge_items(self) -> list[dict[str, Any]]:
        """Return the items of the challenges table that are of one user."""
        return [item for item in super().challenge_items() if item["pk"]["S"].endswith(self.mailed_to)]


class Product:
    """The functions, warm, and the tables. `reset` begins another history."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: Store, clock: TestClock) -> None:
        """Load the functions."""
        self.store, self.clock = store, clock
        session, self.wire = wired_session()
        self.earlier_system = EarlierSystem()
        monkeypatch.setattr(self.wire, "serve", self._serve)
        monkeypatch.setattr("edge_auth.adapters.aws.sdk_session", lambda: session)
        nothing = cast("Any", None)  # the clients and the output are of other tests
        self.stack = MemoryStack(
            store, nothing, "KeyRingSecret-functional", self.wire, clock, Secrets(), monkeypatch, cast("Output", None)
        ).with_parameters(**PARAMETERS)
        self.functions = {name: self.stack.function(name) for name in FUNCTIONS}
        self.authorizers = Authorizers(self.stack, store, clock, monkeypatch)
        self._rotate_keys = self.stack.module("rotate_keys").handler

    def reset(self) -> None:
        """Begin again with empty tables and new keys, days later, so that no process has a copy of anything."""
        begin = self.clock.now_seconds + CALM_SECONDS
        self.clock.now_ms = (begin // DAY_SECONDS + 1) * DAY_SECONDS * 1000
        self.store.empty()
        self.earlier_system.passwords.clear()
        self.authorizers.is_feed_down, self.authorizers.set_back_ms = False, 0
        self.wire.mend()
        self.wire.forget()
        self.stack.secrets.values.clear()
        cast("CountedBytes", secrets.token_bytes).drawn = 0
        self.keys("advance")

    def call(self, function: str, event: Event, during: Happening | Meanwhile | None = None) -> Seen:
        """Send an event to a function, and return what comes back."""
        with self._during(during):
            try:
                return seen(self.functions[function](event))
            except Killed:
                return CRASHED
            finally:
                self.wire.forget()

    def operate(self, act: Callable[[Administrators], object], during: Happening | Meanwhile | None = None) -> Seen:
        """Do what a command of `edge-auth users` does."""
        with self._during(during):
            try:
                act(self.administrators)
            except Killed:
                return CRASHED
            except TemporarilyUnavailable:
                return UNAVAILABLE
            except AccountError as error:
                return Seen(400, type(error).__name__)
            return DONE

    def keys(self, action: str, during: Happening | None = None, **members: object) -> Mapping[str, Any]:
        """Send an event of the schedule, or of an operator, to the function that writes the key ring.

        Raises TemporarilyUnavailable and Killed: something happened during it.
        """
        if action not in {"advance", "show"}:
            members["version"] = self.ring_version
        with self._during(during):
            try:
                answer: Mapping[str, Any] = self._rotate_keys({"action": action, **members}, LambdaContext())
            finally:
                self.wire.forget()
        return answer

    @property
    def ring_version(self) -> str:
        """The version of the key ring."""
        return list(self.store.secret_versions)[-1]

    def mail(self, user_id: str) -> dict[str, str]:
        """Return what the link of the newest mail of a reset has, and nothing if there is no mail."""
        self.stack.mailed_to = user_id  # type: ignore[attr-defined]  # with_parameters returns the same class
        resets = [item for item in self.stack.challenge_items() if item["pk"]["S"].startswith(f"{Kind.RESET.value}#")]
        return mailed(self.stack, Kind.RESET).link if any("email" in item for item in resets) else {}

    def user_id(self, name: str) -> str:
        """Return the id of the user of this name, or an empty text if there is none."""
        try:
            return self.administrators.accounts.find(name).user_id
        except UnknownUser:
            return ""

    def has_weak_hash(self, name: str) -> bool:
        """Whether the stored hash of the user's password is as it was imported."""
        return f"${WEAK_PROFILE.declaration}$" in self.administrators.accounts.find(name).password_hash

    def told(self) -> set[str]:
        """Return the entries of the feed of ended sessions."""
        items = self._items("RevocationsTable")
        return {entry for item in items for entry in item.get("sids", {}).get("SS", [])}

    def session_items(self) -> dict[str, dict[str, Any]]:
        """Return the items of the sessions that have not ended, by their ids."""
        items = self._items("SessionsTable")
        return {item["session_id"]["S"]: item for item in items if "seed_hash" in item and "revoked_at" not in item}

    def wrong_codes(self) -> dict[str, int]:
        """Return how many wrong codes are counted of each user with an app, by the user's id."""
        items = [item for item in self._items("IdentitiesTable") if "totp" in item]
        return {item["user_id"]["S"]: int(item["factor_failures"]["N"]) for item in items}

    def count_wrong_codes(self, user_id: str, number: int) -> None:
        """Let so many wrong codes have come of a user with an app, in the months before: too many for a history."""
        for item in self._items("IdentitiesTable"):
            if "totp" in item and item["user_id"]["S"] == user_id:
                self.store.table(TABLES["IdentitiesTable"]).put({**item, "factor_failures": {"N": str(number)}})

    def _serve(self, event_name: str, request: "AWSPreparedRequest") -> "AWSResponse":
        """Answer as the store does, and as the earlier system does."""
        is_for_function = event_name.endswith(".Invoke")
        return self.earlier_system.serve(request) if is_for_function else self.store.serve(event_name, request)

    def _items(self, table: str) -> list[Item]:
        """Return the items of a table as they are on the wire."""
        return self.store.table(TABLES[table]).all()

    @cached_property
    def administrators(self) -> Administrators:
        """The acts of operators."""
        return administrators()

    @contextmanager
    def _during(self, during: Happening | Meanwhile | None) -> Iterator[None]:
        before = self.wire._of_any  # a call during another one
        if during is not None:
            self.wire.every(during)
        try:
            yield
        finally:
            self.wire._of_any = before


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
        monkeypatch.setattr("edge_auth.authorizer.ended_sessions.logger.disabled", True)
        for name, quick in QUICK.items():
            monkeypatch.setattr(name, quick)
        store = Store(TABLES, {SEALING_SECRET: SEALING_KEY})
        yield Product(monkeypatch, store, clock)
