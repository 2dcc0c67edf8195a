"""What clients send beside the parameters that a route reads: it changes no answer (RFC 6749 §3.2, A10)."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.answers import INVALID_REQUEST
from tests.support.people import ADA_ID, PASSWORD
from tests.support.sample_events import FORM, JSON, called_by, login_event, sample, with_body
from tests.support.stack import Answer, Stack

NEW_PASSWORD = "another fine passphrase"
TOKEN = "a-living-refresh-token"  # `send` puts a real one in its place
# For each route that reads a body: its function, a request that succeeds, and its optional parameters.
ROUTES: dict[str, tuple[str, dict[str, str], tuple[str, ...]]] = {
    "login": ("login", {"username": "ada", "password": PASSWORD}, ("client_name",)),
    "register": ("register", {"username": "grace", "password": NEW_PASSWORD}, ()),
    "password": ("password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD}, ()),
    "refresh-json": ("refresh", {"refresh_token": TOKEN}, ("grant_type", "scope")),
    "logout-json": ("logout", {"refresh_token": TOKEN}, ("all", "others")),
    "refresh-form": ("refresh", {"grant_type": "refresh_token", "refresh_token": TOKEN}, ("scope",)),
    "logout-form": ("logout", {"token": TOKEN}, ("token_type_hint",)),
}
FORM_ROUTES = [route for route in ROUTES if route.endswith("form")]
JSON_ROUTES = [route for route in ROUTES if route not in FORM_ROUTES]
UNKNOWN_MEMBERS: dict[str, Any] = {
    "resource": ["https://a.example", "https://b.example"],
    "client_id": "first-party",
    "client_secret": None,
    "state": "",
    "claims": {"any": [1, None, True, {"thing": 1.5}]},
}
UNKNOWN_FIELDS = {
    "once": "client_id=first-party",
    "several times (RFC 8707 §2)": "resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example",
    "empty, and several times": "client_id=&client_secret=&client_secret=",
    "without an equals sign": "client_id",
    "nothing after a last &": "",
    "several & in a row": "&&&",
}
MEDIA_TYPES = ("{}; charset=utf-8", "{};charset=UTF-8;charset=UTF-8", "{} ; charset=utf-8; charset=x; more=y")

Send = Callable[..., Answer]


@pytest.fixture
def send(stack: Stack) -> Send:
    """Return a function that sends a body to a route, as a session of ada."""
    stack.secrets.keep(NEW_PASSWORD, kind="password")
    tokens = stack.function("login")(login_event("ada", PASSWORD)).json

    def send(route: str, body: str, media_type: str = "") -> Answer:
        body = body.replace(TOKEN, tokens["refresh_token"])
        event = with_body(route, body, media_type=media_type or (FORM if route in FORM_ROUTES else JSON))
        if route == "password":
            called_by(event, ADA_ID, tokens["session_id"])
        return stack.function(ROUTES[route][0])(event)

    return send


@pytest.mark.parametrize("route", JSON_ROUTES)
def test_unknown_members_are_ignored(send: Send, route: str) -> None:
    """A member of any name and type changes nothing, and neither does `null`."""
    assert send(route, json.dumps({**UNKNOWN_MEMBERS, **ROUTES[route][1]})).status < 300


@pytest.mark.parametrize("nothing", [None, ""], ids=["null", "empty"])
@pytest.mark.parametrize("route", JSON_ROUTES)
def test_a_member_without_a_value_counts_as_absent(send: Send, route: str, nothing: str | None) -> None:
    """RFC 6749 §3.2: an optional member without a value changes nothing; a required one is missing."""
    _, required, optional = ROUTES[route]
    for name in required:
        assert send(route, json.dumps({**required, name: nothing})) == INVALID_REQUEST, name
    assert send(route, json.dumps({**required, **dict.fromkeys(optional, nothing)})).status < 300


@pytest.mark.parametrize("fields", UNKNOWN_FIELDS.values(), ids=UNKNOWN_FIELDS)
@pytest.mark.parametrize("route", FORM_ROUTES)
def test_unknown_fields_are_ignored(send: Send, route: str, fields: str) -> None:
    """RFC 6749 §3.2: a field that no route reads may come several times, and pairs may be empty."""
    assert send(route, f"{urlencode(ROUTES[route][1])}&{fields}").status < 300
    assert send(route, f"{fields}&{urlencode(ROUTES[route][1])}").status < 300


@pytest.mark.parametrize("route", FORM_ROUTES)
def test_a_field_without_a_value_counts_as_absent(send: Send, route: str) -> None:
    """RFC 6749 §3.2: an optional field without a value changes nothing; a required one is missing."""
    _, required, optional = ROUTES[route]
    for name in required:
        assert send(route, urlencode({**required, name: ""})) == INVALID_REQUEST, name
    assert send(route, urlencode({**required, **dict.fromkeys(optional, "")})).status < 300


@pytest.mark.parametrize("route", FORM_ROUTES)
def test_a_known_field_that_comes_twice_is_malformed(send: Send, route: str) -> None:
    """RFC 6749 §3.2: it is refused with the same value, with another value and with none."""
    _, required, optional = ROUTES[route]
    for name in (*required, *optional):
        for value in (required.get(name, "x"), "another", ""):
            body = f"{urlencode({**required, name: required.get(name, 'x')})}&{urlencode({name: value})}"
            assert send(route, body) == INVALID_REQUEST, (name, value)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@pytest.mark.parametrize("route", ROUTES)
def test_parameters_of_the_content_type_are_ignored(send: Send, route: str, media_type: str) -> None:
    """RFC 9110 §8.3.1: the media type decides, with any parameters and any number of them."""
    if route in FORM_ROUTES:
        assert send(route, urlencode(ROUTES[route][1]), media_type.format(FORM)).status < 300
    else:
        assert send(route, json.dumps(ROUTES[route][1]), media_type.format(JSON)).status < 300


@pytest.mark.parametrize(
    ("function", "route"),
    [("jwks", "jwks"), ("jwks", "openid-configuration"), ("whoami", "me"), ("sessions", "sessions")],
)
def test_parameters_in_the_query_are_ignored(stack: Stack, function: str, route: str) -> None:
    """A route that reads no body ignores every parameter in the address too."""
    event, plain = sample(route), sample(route)
    if route == "sessions":
        session_id = stack.function("login")(login_event("ada", PASSWORD)).json["session_id"]
        event, plain = (called_by(each, ADA_ID, session_id) for each in (event, plain))
    event["queryStringParameters"] = {"resource": "b", "client_id": ""}
    event["multiValueQueryStringParameters"] = {"resource": ["a", "b"], "client_id": [""]}

    answer = stack.function(function)(event)

    assert answer.status == 200
    assert answer == stack.function(function)(plain)
