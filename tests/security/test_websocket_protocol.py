"""The token of a connecting WebSocket: in one of two headers, in one form, and in no other kind of event."""

import time
from typing import Any

import pytest

from edge_auth.tokens import access_token as access
from tests.support.access_tokens import CLAIMS, claims_at, key
from tests.support.authorizer import DENY_POLICY, DENY_SIMPLE, Handler, http_api_event, is_allowed, request_event
from tests.support.sample_events import websocket_event

HEADER = "Sec-WebSocket-Protocol"


@pytest.fixture(scope="module")
def good() -> str:
    """Return a good token."""
    return access.issue(claims_at(int(time.time())), key("ES256"))


def filled(value: object, token: str) -> object:
    """Return the value with the token in its place."""
    return value.replace("{token}", token) if isinstance(value, str) else value


def test_a_browser_connects_with_a_subprotocol(warm: Handler, good: str) -> None:
    """`new WebSocket(url, ["bearer", token])` is allowed, and the functions behind get the caller."""
    answer = warm(websocket_event(f"bearer, {good}"), None)

    assert is_allowed(answer)
    assert answer["context"]["sub"] == CLAIMS.sub


@pytest.mark.parametrize("protocols", [(), ("graphql-transport-ws",), ("graphql-transport-ws", "mqtt")])
def test_another_client_connects_with_the_authorization_header(
    warm: Handler, good: str, protocols: tuple[str, ...]
) -> None:
    """It may offer the subprotocols of its application, which are no token."""
    assert is_allowed(warm(websocket_event(*protocols, authorization=[f"Bearer {good}"]), None))


@pytest.mark.parametrize("name", ["sec-websocket-protocol", "SEC-WEBSOCKET-PROTOCOL"])
def test_the_name_of_the_header_is_in_any_case(warm: Handler, good: str, name: str) -> None:
    """RFC 9110 §5.1; and one of the two forms of headers is enough."""
    event = websocket_event()
    event["multiValueHeaders"] = {name: [f"bearer, {good}"]}
    assert is_allowed(warm(event, None))
    event["headers"], event["multiValueHeaders"] = {name: f"bearer,{good}"}, None
    assert is_allowed(warm(event, None))


HOSTILE: list[tuple[object, ...]] = [
    ("{token}",),
    ("bearer",),
    ("bearer,",),
    ("bearer, ",),
    ("bearer {token}",),
    ("Bearer, {token}",),
    ("BEARER, {token}",),
    ("{token}, bearer",),
    ("bearer, {token}, bearer",),
    ("bearer, {token}, {token}",),
    ("bearer, {token}, graphql-transport-ws",),
    ("graphql-transport-ws, bearer, {token}",),
    ("bearer,  {token}",),
    ("bearer,\t{token}",),
    ("bearer ,{token}",),
    (" bearer, {token}",),
    ("bearer, {token} ",),
    ("bearer, {token}\r\nAuthorization: Bearer {token}",),
    ("bearer, {token}\x00",),
    ('bearer, "{token}"',),
    ("bearer, Bearer {token}",),
    ("bearer, bearer {token}",),
    ("bearer=, {token}",),
    ("be\u0430rer, {token}",),
    ("bearer\uff0c {token}",),
    ("bearer, {token}", "bearer, {token}"),
    ("bearer", "{token}"),
    ("bearer, {token}", "bearer"),
    ("bearer, x.y.z", "bearer, {token}"),
    (None,),
    (5,),
    (["bearer", "{token}"],),
    ({"bearer": "{token}"},),
]


@pytest.mark.parametrize("protocols", HOSTILE)
def test_any_other_form_is_denied(warm: Handler, good: str, protocols: tuple[object, ...]) -> None:
    """Two tokens, other separators, other spellings and other types are denied, with a good token inside."""
    assert warm(websocket_event(*(filled(value, good) for value in protocols)), None) == DENY_POLICY


@pytest.mark.parametrize("protocol", ["bearer, {token}", "bearer, x.y.z", "bearer", "graphql-transport-ws, bearer, x"])
@pytest.mark.parametrize("authorization", ["Bearer {token}", "Bearer x.y.z", "Basic eDp5", ""])
def test_a_token_in_both_headers_is_denied(warm: Handler, good: str, protocol: str, authorization: str) -> None:
    """RFC 6750 §2: a client uses one method. Which of two tokens counts is nothing to guess."""
    event = websocket_event(filled(protocol, good), authorization=[filled(authorization, good)])

    assert warm(event, None) == DENY_POLICY


def later(event: dict[str, Any], **context: object) -> dict[str, Any]:
    """Return the event with another request context."""
    event["requestContext"] |= context
    return event


@pytest.mark.parametrize(
    "context",
    [
        {"eventType": "MESSAGE", "routeKey": "$default"},
        {"eventType": "MESSAGE"},
        {"eventType": "DISCONNECT", "routeKey": "$disconnect"},
        {"eventType": None},
        {"eventType": "connect"},
        {"eventType": ["CONNECT"]},
        {"routeKey": "GET /$connect"},
        {"routeKey": None},
    ],
)
def test_the_subprotocol_counts_only_where_a_socket_opens(warm: Handler, good: str, context: dict[str, object]) -> None:
    """No other event of a WebSocket API has a token in this header."""
    assert warm(later(websocket_event(f"bearer, {good}"), **context), None) == DENY_POLICY


def test_no_other_kind_of_api_reads_the_header(warm: Handler, good: str) -> None:
    """A REST or HTTP API denies the token there. Next to an Authorization header, it changes nothing."""
    rest, http = request_event(f"Bearer {good}"), http_api_event(f"Bearer {good}")
    for event in (rest, http):
        event["headers"][HEADER] = f"bearer, {good}"
        event.get("multiValueHeaders", {})[HEADER] = [f"bearer, {good}"]
        assert is_allowed(warm(event, None))
        for name in ("Authorization", "authorization"):
            event["headers"].pop(name, None)
            event.get("multiValueHeaders", {}).pop(name, None)
    assert warm(rest, None) == DENY_POLICY
    assert warm(http, None) == DENY_SIMPLE


def test_the_log_does_not_hold_the_token(warm: Handler, good: str, caplog: pytest.LogCaptureFixture) -> None:
    """Z15: a denial names the check and no part of the header."""
    caplog.set_level("DEBUG")
    for protocol in (f"bearer, {good[:-8]}AAAAAAAA", f"bearer, {good}, {good}", f"bearer {good}"):
        warm(websocket_event(protocol), None)
    logged = repr([vars(record) for record in caplog.records])

    assert [record.__dict__["check"] for record in caplog.records] == ["signature", "scheme", "scheme"]
    assert good.rpartition(".")[0] not in logged
    assert "eyJ" not in logged
