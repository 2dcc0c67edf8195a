"""The authorizers against a store that does wrong: open accepts, closed fails, a known end stays, and all recovers.

The store is a server on this machine. The whole function runs, with its own client, threads and clocks. A test moves
the clocks on.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from edge_auth.authorizer import ended_sessions
from edge_auth.authorizer.ended_sessions import RETRY_SECONDS, CannotDecide
from edge_auth.authorizer.http_answer import MAX_BODY_BYTES, RequestFailed
from edge_auth.authorizer.signed_requests import IDLE_SECONDS, SignedRequests, Timeouts
from edge_auth.authorizer.two_clocks import Clocks
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.ended_feed import entry_of
from tests.support.access_tokens import AUDIENCE, ISSUER, claims_at, key
from tests.support.authorizer import is_allowed, key_set, token_event
from tests.support.cold_start import load
from tests.support.table_server import (
    Behaviour,
    Request,
    TableServer,
    answer,
    close,
    drip,
    items,
    refusal,
    reset,
    says,
    silence,
)

BOUND = 5
SHORT = Timeouts(connect=0.1, read=0.1, kept=0.05)  # for what never answers
LONG = Timeouts(connect=30, read=30, kept=30)  # so that no other test depends on time
SLOW = ("black hole", "dripping")
DEAD, LIVING = "dead-session-0123456789", "living-session-01234567"
ENVIRON = {
    "ISSUER": ISSUER,
    "AUDIENCE": AUDIENCE,
    "JWKS": key_set(),
    "ACCESS_TOKEN_SECONDS": "900",
    "REVOCATIONS_TABLE": "ended",
    "REVOCATION_SECONDS": str(BOUND),
    "SESSIONS_TABLE": "sessions",
    "URL_SUFFIX": "amazonaws.com",
    "REQUIRED_ACR": "",
    "MAX_AUTH_AGE_SECONDS": "0",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
}


def feed(*sids: str) -> Behaviour:
    """Return a store in which these sessions have ended."""
    entries = [entry_of(sid) for sid in sids]
    return items({"slot": {"N": str(int(time.time()) // 10)}, "sids": {"SS": entries}})


FAULTS: dict[str, Behaviour] = {
    "black hole": silence(),
    "dripping": drip(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "reset": reset,
    "closed in the middle": says(answer("{}")[:-1], then_closes=True),
    "throttled": refusal("ProvisionedThroughputExceededException"),
    "no right": refusal("AccessDeniedException"),
    "no table": refusal("ResourceNotFoundException"),
    "expired credentials": refusal("ExpiredTokenException"),
    "an error of the server": refusal("InternalServerError", "500 Internal Server Error"),
    "chunked": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    "huge": says(f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n".encode()),
    "not JSON": says(answer("<html></html>")),
    "damaged item": items({"slot": {"N": "1"}, "sids": {"S": "x"}}),
}


@dataclass
class Running:
    """A warm authorizer, its store, and how far its clocks were moved on."""

    server: TableServer
    monkeypatch: pytest.MonkeyPatch
    ahead: dict[str, float] = field(default_factory=lambda: {"monotonic": 0.0, "wall": 0.0})
    modules: list[ModuleType] = field(default_factory=list)

    def start(self, function: str, failure: str = "open") -> ModuleType:
        """Start a function that reads this store."""
        address = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server.port}"}
        for name, value in {**ENVIRON, **address}.items():
            self.monkeypatch.setenv(name, value)
        module = load(function, {**ENVIRON, **address, "REVOCATION_FAILURE": failure})
        clocks = Clocks(lambda: time.monotonic() + self.ahead["monotonic"], lambda: time.time() + self.ahead["wall"])
        self.monkeypatch.setattr(client_of(module), "_timeouts", LONG)
        self.monkeypatch.setattr(client_of(module), "_clocks", clocks)
        if hasattr(module, "ended"):
            self.monkeypatch.setattr(module.ended, "_clocks", clocks)
        self.modules.append(module)
        return module

    def fail(self, module: ModuleType, fault: str) -> None:
        """Let the store do wrong."""
        self.server.behaviour = FAULTS[fault]
        if fault in SLOW:
            self.monkeypatch.setattr(client_of(module), "_timeouts", SHORT)

    def recover(self, module: ModuleType, behaviour: Behaviour) -> None:
        """Let the store do right again."""
        self.server.behaviour = behaviour
        self.monkeypatch.setattr(client_of(module), "_timeouts", LONG)

    def go_on(self, seconds: float, *clocks: str) -> None:
        """Move one clock on, or both."""
        for name in clocks or self.ahead:
            self.ahead[name] += seconds


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Return a store in which one session has ended, for authorizers that the test starts."""
    monkeypatch.setattr(ended_sessions, "WAIT_SECONDS", 30)
    with TableServer(feed(DEAD)) as server:
        running = Running(server, monkeypatch)
        yield running
        for module in running.modules:
            close(client_of(module))


def client_of(module: ModuleType) -> SignedRequests:
    """Return the client of an authorizer."""
    client: SignedRequests = module.sessions if hasattr(module, "sessions") else module.feed
    return client


def accepts(module: ModuleType, sid: str) -> bool:
    """Return whether a new token of this session is accepted."""
    token = issue(claims_at(int(time.time()))._replace(sid=sid), key("ES256"))
    answered: dict[str, Any] = module.handler(token_event(f"Bearer {token}"), None)
    return is_allowed(answered)


@pytest.mark.parametrize("failure", ["open", "closed"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_store_is_borne(running: Running, fault: str, failure: str) -> None:
    """Z18: open goes on, closed fails, a known end stays refused, and the next good answer is taken."""
    module = running.start("authorizer", failure)
    assert [accepts(module, DEAD), accepts(module, LIVING)] == [False, True]

    running.fail(module, fault)
    running.go_on(BOUND + 1)
    assert not accepts(module, DEAD)
    for _ in range(2):
        if failure == "closed":
            with pytest.raises(CannotDecide):
                accepts(module, LIVING)
        else:
            assert accepts(module, LIVING)

    running.recover(module, feed(DEAD, LIVING))
    running.go_on(RETRY_SECONDS[0])
    assert [accepts(module, LIVING), accepts(module, DEAD)] == [False, False]


@pytest.mark.parametrize("failure", ["open", "closed"])
def test_a_connection_that_was_closed_meanwhile_is_not_noticed(running: Running, failure: str) -> None:
    """DynamoDB closes an idle connection, and the read opens another one."""
    module = running.start("authorizer", failure)
    assert accepts(module, LIVING)
    running.server.hang_up()
    running.server.behaviour = feed(LIVING)
    running.go_on(BOUND + 1)

    assert not accepts(module, LIVING)
    assert running.server.connections == 2


@pytest.mark.parametrize("clock", ["monotonic", "wall"])
@pytest.mark.parametrize(("seconds", "connections"), [(8, 1), (IDLE_SECONDS + 5, 2)])
@pytest.mark.parametrize("failure", ["open", "closed"])
def test_a_freeze_is_seen_by_the_clock_that_went_on(
    running: Running, clock: str, seconds: int, connections: int, failure: str
) -> None:
    """The authorizer reads again; after a long freeze on a new connection."""
    module = running.start("authorizer", failure)
    assert accepts(module, LIVING)
    running.server.behaviour = feed(LIVING)
    running.go_on(seconds, clock)

    assert not accepts(module, LIVING)
    assert running.server.connections == connections


def test_a_freeze_between_the_read_and_the_decision_is_seen(running: Running) -> None:
    """The session ends while the authorizer is frozen, after its read. The copy is then too old, and is read again."""
    module = running.start("authorizer")
    stored, frozen = module.keys.verify_event, list[int]()

    def verify_event(*given: object, **fields: object) -> object:
        if len(running.server.requests) == 1 and not frozen:
            frozen.append(BOUND + 1)
            running.go_on(BOUND + 1)
            running.server.behaviour = feed(LIVING)
        return stored(*given, **fields)

    running.monkeypatch.setattr(module.keys, "verify_event", verify_event)

    assert not accepts(module, LIVING)
    assert len(running.server.requests) == 2


@pytest.mark.parametrize("failure", ["open", "closed"])
def test_a_resolver_that_hangs_holds_a_request_for_its_wait(running: Running, failure: str) -> None:
    """Name resolution has no timeout. Its late answer serves a later request."""
    module, waits = running.start("authorizer", failure), running.server.behaviour
    running.monkeypatch.setattr(ended_sessions, "WAIT_SECONDS", 0.05)
    real, go = module.feed._connect, list[Behaviour]()

    def connect() -> object:
        while not go:
            time.sleep(0.01)
        return real()

    running.monkeypatch.setattr(module.feed, "_connect", connect)
    if failure == "closed":
        with pytest.raises(CannotDecide):
            accepts(module, LIVING)
    else:
        assert accepts(module, LIVING)
    go.append(waits)
    attempt = module.ended._last
    while attempt.reading is None:
        time.sleep(0.01)
    assert [accepts(module, DEAD), accepts(module, LIVING)] == [False, True]
    assert len(running.server.requests) == 1


def session(living: bool) -> Behaviour:  # noqa: FBT001 - which of two stores
    """Return a store of sessions."""

    def behaviour(connection: Any, request: Request, over: Any) -> bool:  # noqa: ANN401 - passed through
        item = {"Item": {"session_id": request.parameters["Key"]["session_id"]}} if living else {}
        return says(answer(str(item).replace("'", '"')))(connection, request, over)

    return behaviour


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "damaged item"])
def test_the_strict_authorizer_fails_with_its_store_and_recovers(running: Running, fault: str) -> None:
    """Z19: what cannot be read is no denial, and no acceptance."""
    running.server.behaviour = session(living=True)
    module = running.start("strict_authorizer")
    assert accepts(module, LIVING)

    running.fail(module, fault)
    with pytest.raises(RequestFailed):
        accepts(module, LIVING)
    running.recover(module, session(living=True))
    assert accepts(module, LIVING)
    running.server.behaviour = session(living=False)
    assert not accepts(module, LIVING)
