"""The session of a site, for a function that does without the authorizer: it reads the table at an address."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from edge_auth.authorizer.signed_requests import STARTED_BY_LAMBDA
from edge_auth.errors import CsrfFailed, TemporarilyUnavailable
from edge_auth.keys.mac_key import MacKey
from edge_auth.tokens.refresh_token import RefreshToken, mint
from edge_auth.tokens.session_token import SESSION_COOKIE
from edge_auth.tokens.token_form import SESSION
from edge_auth.web.session import SessionCookie, SignedIn
from tests.support.table_server import TableServer, answer, close, refusal, says

NOW = 1_800_000_000.9
SECONDS = int(NOW)
APP = "https://app.example.com"
TOKEN = RefreshToken("A" * 22, "Q" * 22, 0, b"seed" * 4)
TEXT = mint(TOKEN, MacKey(b"mac-1", b"1" * 32), SESSION)
ITEM: dict[str, Any] = {
    "user_id": {"S": TOKEN.user_id},
    "session_id": {"S": TOKEN.session_id},
    "seed_hash": {"B": b64encode(TOKEN.seed_hash).decode()},
    "generation": {"N": "0"},
    "rotated_at_ms": {"N": "0"},
    "transport": {"S": "session"},
    "idle_expires_at": {"N": str(SECONDS + 1800)},
    "absolute_expires_at": {"N": str(SECONDS + 86_400)},
    "client_id": {"S": "first-party"},
    "scope": {"L": [{"S": "read"}]},
    "roles": {"L": [{"S": "admin"}]},
    "acr": {"S": "2fa"},
    "amr": {"L": [{"S": "pwd"}, {"S": "otp"}]},
    "auth_time": {"N": str(SECONDS - 7200)},
    "claims": {"S": '{"acme:level":3}'},
}
MADE: list[SessionCookie] = []


@pytest.fixture(autouse=True)
def _no_connection_is_left() -> Iterator[None]:
    """Close the kept connections, which a function keeps until Lambda ends it."""
    yield
    while MADE:
        close(MADE.pop()._sessions._table)  # type: ignore[arg-type]  # the real client


def pages(server: TableServer, **changes: str) -> SessionCookie:
    """Return what the pages of a site ask, over a table at this server."""
    environ = {
        "SESSIONS_TABLE": "sessions",
        "URL_SUFFIX": "amazonaws.com",
        "ALLOWED_ORIGINS": APP,
        "SESSION_IDLE_MINUTES": "30",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}",
        **changes,
    }
    MADE.append(SessionCookie(environ, monotonic=lambda: 0.0, wall=lambda: NOW))
    return MADE[-1]


def with_item(**changes: object) -> TableServer:
    """Return a server with the item of the session."""
    return TableServer(says(answer(json.dumps({"Item": {**ITEM, **changes}}))))


def visit(text: str = TEXT, **changes: object) -> dict[str, Any]:
    """Return the event of a page with this session cookie."""
    return {"httpMethod": "GET", "headers": {"Cookie": f"{SESSION_COOKIE}={text}"}, **changes}


def test_a_page_knows_its_user_as_the_user_was_at_the_login() -> None:
    """Each field has its own place, and the table is the one of the variables."""
    with with_item() as server:
        user = pages(server).current(visit())
        [request] = server.requests

    assert user == SignedIn(
        user_id=TOKEN.user_id,
        session_id=TOKEN.session_id,
        scope="read",
        roles=("admin",),
        acr="2fa",
        amr=("pwd", "otp"),
        auth_time_seconds=SECONDS - 7200,
        claims={"acme:level": 3},
    )
    assert request.parameters["TableName"] == "sessions"
    assert SignedIn("u", "s", "", (), "", (), 1).claims == {}


def test_a_visitor_without_a_living_session_is_anonymous() -> None:
    """The session lasts to the last millisecond before its end, by the clock of the wall."""
    with with_item(absolute_expires_at={"N": str(SECONDS + 1)}) as server:
        assert pages(server).current(visit()) is not None
        assert pages(server).current(visit("x")) is None
    with with_item(absolute_expires_at={"N": str(SECONDS)}) as server:
        assert pages(server).current(visit()) is None


def test_a_table_that_cannot_be_read_is_trouble_and_no_visitor() -> None:
    """DC-3: the page answers 503 then, and never asks the user to log in. The log learns why."""
    with TableServer(refusal("AccessDeniedException")) as server, pytest.raises(TemporarilyUnavailable) as refused:
        pages(server).current(visit())
    assert refused.value.detail == "400 AccessDeniedException"


def test_a_change_by_another_sites_page_is_refused() -> None:
    """C7: the origins are those of the variable."""
    with with_item() as server:
        with pytest.raises(CsrfFailed):
            pages(server).current(visit(httpMethod="POST"))
        allowed = {**visit()["headers"], "Origin": APP}
        assert pages(server).current(visit(httpMethod="POST", headers=allowed)) is not None


def test_the_idle_timeout_has_the_minutes_of_the_variable() -> None:
    """A use after a while moves it by so many minutes from now."""
    with with_item(idle_expires_at={"N": str(SECONDS + 60)}) as server:
        pages(server, SESSION_IDLE_MINUTES="20").current(visit())
        touch = server.requests[1].parameters

    assert touch["ExpressionAttributeValues"][":until"] == {"N": str(SECONDS + 1200)}


@pytest.mark.parametrize("variables", [{STARTED_BY_LAMBDA: "on-demand"}, {}])
def test_a_function_of_lambda_opens_its_connection_at_its_start(variables: dict[str, str]) -> None:
    """The first page then waits for no handshake. Tests and emulators connect to nothing by an import."""
    with with_item() as server:
        client: Any = pages(server, **variables)._sessions._table

    assert (client._kept is not None) == bool(variables)
