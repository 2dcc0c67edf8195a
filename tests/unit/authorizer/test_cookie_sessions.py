"""Session cookies at the authorizer: one read decides, and a later write keeps the session from its idle timeout."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import pytest

from edge_auth.authorizer.cookie_sessions import CookieCaller, CookieSessions
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import Reply
from edge_auth.errors import CsrfFailed, InvalidToken
from edge_auth.keys.mac_key import MacKey
from edge_auth.tokens.refresh_token import RefreshToken, mint
from edge_auth.tokens.session_token import SESSION_COOKIE, read
from edge_auth.tokens.token_form import SESSION

NOW = 1_800_000_000
IDLE = 1800
APP = "https://app.example.com"
TOKEN = RefreshToken("A" * 22, "Q" * 22, 3, b"seed" * 4)
TEXT = mint(TOKEN, MacKey(b"mac-1", b"1" * 32), SESSION)
KEY = {"user_id": {"S": TOKEN.user_id}, "session_id": {"S": TOKEN.session_id}}


def stored(**changes: object) -> dict[str, Any]:
    """Return the item of the session in DynamoDB's JSON. It was used a moment ago."""
    item = {
        **KEY,
        "seed_hash": _binary(TOKEN.seed_hash),
        "mac_hash": _binary(read(TEXT).mac_hash),
        "generation": {"N": "3"},
        "rotated_at_ms": {"N": f"{NOW - 3600}000"},
        "transport": {"S": "session"},
        "idle_expires_at": {"N": str(NOW + IDLE)},
        "absolute_expires_at": {"N": str(NOW + 86_400)},
        "client_id": {"S": "first-party"},
        "scope": {"L": [{"S": "read"}, {"S": "write"}]},
        "roles": {"L": [{"S": "admin"}]},
        "acr": {"S": "2fa"},
        "amr": {"L": [{"S": "pwd"}, {"S": "otp"}]},
        "auth_time": {"N": str(NOW - 7200)},
        "claims": {"S": '{"acme:tenant":"7"}'},
    }
    return item | changes


def _binary(content: bytes) -> dict[str, str]:
    return {"B": b64encode(content).decode("ascii")}


class Table:
    """A table with one item that remembers its calls."""

    def __init__(self, item: object, *, failing: str = "") -> None:
        """Keep the item. The operation `failing` fails."""
        self.item, self.failing = item, failing
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def call(self, operation: str, parameters: Mapping[str, object], /) -> Reply:
        """Remember the call and answer it."""
        self.calls.append((operation, dict(parameters)))
        if operation == self.failing:
            raise RequestFailed("lost")
        return Reply({} if self.item is None or operation != "GetItem" else {"Item": self.item}, NOW)


def visit(*cookies: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    """Return the event of a request with these session cookies."""
    pairs = "; ".join(f"{SESSION_COOKIE}={value}" for value in cookies)
    return {"httpMethod": method, "headers": {"Cookie": pairs, **headers}}


def sessions(table: Table, allowed_origins: str = f"{APP},https://b.example") -> CookieSessions:
    """Return the sessions of a table."""
    return CookieSessions(table, allowed_origins=allowed_origins, idle_seconds=IDLE)


def caller(table: Table, event: dict[str, Any] | None = None) -> CookieCaller:
    """Return the caller of a request, which is a visit with the right cookie unless it is given."""
    return sessions(table).caller(event or visit(TEXT), now_ms=NOW * 1000)


def test_the_caller_is_the_user_of_the_stored_session() -> None:
    """The name of the cookie is the session with the generation of its token. One consistent read decides."""
    table = Table(stored())

    assert caller(table) == CookieCaller(
        sub=TOKEN.user_id,
        sid=TOKEN.session_id,
        scope="read write",
        roles=("admin",),
        client_id="first-party",
        jti=f"{TOKEN.session_id}.3",
        exp=NOW + IDLE,
        acr="2fa",
        amr=("pwd", "otp"),
        auth_time=NOW - 7200,
        own_claims={"acme:tenant": "7"},
    )
    assert table.calls == [("GetItem", {"Key": KEY, "ConsistentRead": True})]


def test_a_caller_has_no_own_claims_unless_the_session_has_some() -> None:
    """Most deployments have none."""
    item = stored()
    del item["claims"]

    assert caller(Table(item)).own_claims == {}
    assert CookieCaller("u", "s", "", (), "c", "j", 1, "", (), 2).own_claims == {}


def test_the_end_is_the_earlier_of_both_timeouts() -> None:
    """No request moves the absolute timeout."""
    assert caller(Table(stored(absolute_expires_at={"N": str(NOW + 60)}))).exp == NOW + 60


def test_a_session_that_was_used_a_while_ago_is_touched() -> None:
    """The write needs the session as it was read, and moves the time of deletion as far as the idle timeout."""
    table = Table(stored(idle_expires_at={"N": str(NOW + 60)}))

    assert caller(table).exp == NOW + IDLE
    [_, (operation, parameters)] = table.calls
    assert operation == "UpdateItem"
    assert parameters == {
        "Key": KEY,
        "UpdateExpression": "SET idle_expires_at = :until, delete_at = delete_at + :later, used_at = :now",
        "ConditionExpression": (
            "attribute_not_exists(revoked_at) AND seed_hash = :seed_hash AND idle_expires_at = :seen"
        ),
        "ExpressionAttributeValues": {
            ":until": {"N": str(NOW + IDLE)},
            ":later": {"N": str(IDLE - 60)},
            ":now": {"N": str(NOW)},
            ":seed_hash": _binary(TOKEN.seed_hash),
            ":seen": {"N": str(NOW + 60)},
        },
    }


def test_a_touch_that_fails_leaves_the_request_and_the_timeout_as_they_are() -> None:
    """The read has decided. Another request was faster, or the next one tries again."""
    table = Table(stored(idle_expires_at={"N": str(NOW + 60)}), failing="UpdateItem")

    assert caller(table).exp == NOW + 60


@pytest.mark.parametrize("item", [None, stored(revoked_at={"N": str(NOW)})])
def test_an_ended_session_is_refused(item: object) -> None:
    """Its item is gone, or an earlier version has marked it."""
    with pytest.raises(InvalidToken, match=r"^ended session$"):
        caller(Table(item))


@pytest.mark.parametrize(
    "item", [[], "item", {}, stored(user_id={"S": "B" * 22}), stored(session_id={"S": "B" * 22}), stored(scope={})]
)
def test_another_item_decides_nothing(item: object) -> None:
    """DC-3: trouble is no refusal, and the item of another session is trouble."""
    with pytest.raises(RequestFailed):
        caller(Table(item))


def test_a_read_that_fails_decides_nothing() -> None:
    """DC-3: the user stays signed in."""
    with pytest.raises(RequestFailed, match=r"^lost$"):
        caller(Table(stored(), failing="GetItem"))


@pytest.mark.parametrize(
    "change",
    [
        {"seed_hash": _binary(b"other")},
        {"mac_hash": _binary(b"other")},
        {"generation": {"N": "5"}},
        {"transport": {"S": "cookie"}},
        {"absolute_expires_at": {"N": str(NOW)}},
    ],
)
def test_a_cookie_that_its_session_does_not_know_is_refused(change: dict[str, object]) -> None:
    """And it touches nothing."""
    table = Table(stored(idle_expires_at={"N": str(NOW + 60)}, **change))

    with pytest.raises(InvalidToken):
        caller(table)
    assert len(table.calls) == 1


@pytest.mark.parametrize("cookies", [(), (TEXT, TEXT), ("x",), (f"{TEXT}x",), ("",)])
def test_without_one_cookie_of_the_form_nothing_is_read(cookies: tuple[str, ...]) -> None:
    """No browser sends two cookies of a `__Host-` name."""
    table = Table(stored())

    with pytest.raises(InvalidToken):
        caller(table, visit(*cookies))
    assert table.calls == []


def test_a_change_by_another_sites_page_reads_nothing() -> None:
    """C7. A page of any origin of the list may make it."""
    table = Table(stored())

    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": APP, "Sec-Fetch-Site": "cross-site"}):
        with pytest.raises(CsrfFailed):
            caller(table, visit(TEXT, method="POST", **headers))
    assert table.calls == []
    for origin in (APP, "https://b.example"):
        assert caller(table, visit(TEXT, method="POST", Origin=origin)).sub == TOKEN.user_id
    assert caller(table, visit(TEXT, method="POST", **{"Sec-Fetch-Site": "same-origin"})).sub == TOKEN.user_id


@pytest.mark.parametrize("allowed", ["", ","])
def test_a_deployment_without_origins_has_no_cookies(allowed: str) -> None:
    """An empty origin in the list allows nothing either."""
    table = Table(stored())

    with pytest.raises(InvalidToken):
        sessions(table, allowed).caller(visit(TEXT), now_ms=NOW * 1000)
    assert table.calls == []
