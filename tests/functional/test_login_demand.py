"""Routes that demand a strong or a fresh login (RFC 9470): what the strict authorizer decides, and what clients get."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import Client

from tests.support.authorizer import context_of, is_allowed
from tests.support.http_gateway import HttpGateway
from tests.support.people import ADA_ID, PASSWORD
from tests.support.sample_events import (
    AUTHORIZER_EVENTS,
    STAGE,
    Event,
    logout_event,
    refresh_event,
    token_event,
    websocket_event,
)
from tests.support.stack import TABLES, Stack

Tokens = dict[str, Any]
SHAPES: dict[str, Callable[[str], Event]] = {
    **AUTHORIZER_EVENTS,
    "WebSocket": lambda token: websocket_event(f"bearer, {token}"),
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
STRONG = {"StrictAcr": "2fa"}
FRESH = {"StrictMaxAgeSeconds": "300"}
BOTH = {**STRONG, **FRESH}
INVALID = 'Bearer error="invalid_token"'


def challenge(*demands: str) -> str:
    """Return the challenge that names these demands."""
    return ", ".join(['Bearer error="insufficient_user_authentication"', *demands])


def with_level(stack: Stack, tokens: Tokens, level: str) -> str:
    """Return an access token of the session, after its login got this level."""
    stack.dynamodb.update_item(
        TableName=TABLES["SessionsTable"],
        Key={"user_id": {"S": ADA_ID}, "session_id": {"S": tokens["session_id"]}},
        UpdateExpression="SET acr = :acr",
        ExpressionAttributeValues={":acr": {"S": level}},
    )
    return refreshed(stack, tokens)


def refreshed(stack: Stack, tokens: Tokens) -> str:
    """Return the next access token of the session."""
    access_token: str = stack.function("refresh")(refresh_event(tokens["refresh_token"])).json["access_token"]
    return access_token


@every_shape
@pytest.mark.parametrize(
    ("required", "level", "enough"),
    [
        ("2fa", "1fa", False),
        ("2fa", "2fa", True),
        ("2fa", "phr", True),
        ("phr", "1fa", False),
        ("phr", "2fa", False),
        ("phr", "phr", True),
    ],
)
def test_a_weaker_login_is_denied_with_its_challenge(
    stack: Stack,
    tokens: Tokens,
    shape: Callable[[str], Event],
    required: str,
    level: str,
    enough: bool,  # noqa: FBT001 - a table
) -> None:
    """Z21, RFC 9470 §3: 1fa < 2fa < phr. The same token is good for the other authorizer, in every shape of event."""
    event = shape(with_level(stack, tokens, level))
    strict = stack.with_parameters(StrictAcr=required).module("strict_authorizer").handler(event, None)

    first = stack.module("authorizer").handler(event, None)
    assert is_allowed(first)
    assert context_of(first)["acr"] == level
    assert is_allowed(strict) == enough
    if enough:
        assert strict == first
    else:
        assert context_of(strict) == {
            "error": "insufficient_user_authentication",
            "challenge": challenge(f'acr_values="{required}"'),
        }


@every_shape
def test_a_login_without_a_level_is_weaker_than_every_other(
    stack: Stack, tokens: Tokens, shape: Callable[[str], Event]
) -> None:
    """A session that was there before second factors were turned on does not pass."""
    strict = stack.with_parameters(**STRONG).module("strict_authorizer").handler

    assert not is_allowed(strict(shape(tokens["access_token"]), None))
    assert is_allowed(strict(shape(with_level(stack, tokens, "2fa")), None))


@every_shape
def test_a_login_is_fresh_until_its_age_is_reached_and_a_refresh_does_not_renew_it(
    stack: Stack, tokens: Tokens, shape: Callable[[str], Event]
) -> None:
    """SA6: freshness is `auth_time`. A token that was issued this second, of an old login, is stale."""
    strict = stack.with_parameters(**FRESH).module("strict_authorizer").handler
    stack.clock.advance(seconds=305)
    renewed = refreshed(stack, tokens)
    assert is_allowed(strict(shape(tokens["access_token"]), None))
    assert is_allowed(strict(shape(renewed), None))

    stack.clock.advance(seconds=1)

    for token in (tokens["access_token"], renewed):
        denied = strict(shape(token), None)
        assert not is_allowed(denied)
        assert context_of(denied)["challenge"] == challenge('max_age="300"')
    assert is_allowed(stack.module("authorizer").handler(shape(renewed), None))


def test_who_is_not_known_at_all_gets_no_challenge_of_a_stronger_login(stack: Stack, tokens: Tokens) -> None:
    """A forged token, and one whose session has ended, need a new login. A stronger one would not help them."""
    strict = stack.with_parameters(**BOTH).module("strict_authorizer").handler
    weak = token_event(tokens["access_token"])
    assert context_of(strict(weak, None))["challenge"] == challenge('acr_values="2fa"', 'max_age="300"')

    stack.function("logout")(logout_event(tokens["refresh_token"]))

    for event in (weak, token_event(tokens["access_token"] + "x"), token_event("x.y.z")):
        assert context_of(strict(event, None)) == {"error": "invalid_token", "challenge": INVALID}


def test_a_client_gets_the_challenge_in_the_standard_header(stack: Stack) -> None:
    """RFC 9470 §3: status 401, and the body has the same error. Other routes and other refusals keep their answers.

    This is the substitution that AWS documents. Only a deployment on AWS can show that it happens.
    """
    client = Client(HttpGateway(stack.with_parameters(**BOTH)))
    login = client.post(f"/{STAGE}/auth/login", json={"username": "ada", "password": PASSWORD})
    tokens = json.loads(login.data)
    stack.secrets.keep_tokens(tokens)

    def answer(path: str, token: str) -> tuple[int, str | None, str | None]:
        found = client.get(f"/{STAGE}{path}", headers={"Authorization": f"Bearer {token}"})
        return found.status_code, found.headers.get("WWW-Authenticate"), json.loads(found.data).get("error")

    expected = challenge('acr_values="2fa"', 'max_age="300"')
    assert answer("/me", tokens["access_token"]) == (200, None, None)
    assert answer("/me/strict", tokens["access_token"]) == (401, expected, "insufficient_user_authentication")
    assert answer("/me/strict", "x.y.z") == answer("/me", "x.y.z") == (401, INVALID, "invalid_token")
    assert answer("/me/strict", with_level(stack, tokens, "2fa")) == (200, None, None)


def test_the_log_says_which_check_failed_and_no_token(stack: Stack, tokens: Tokens) -> None:
    """An operator can tell a login that was too old from one that was too weak."""
    strict = stack.with_parameters(**BOTH).module("strict_authorizer").handler
    strong = with_level(stack, tokens, "2fa")
    said: list[dict[str, str]] = []
    logger = logging.getLogger("edge_auth.authorizer.event")
    stack.monkeypatch.setattr(logger, "info", lambda _text, extra: said.append(extra))

    strict(token_event(tokens["access_token"]), None)
    stack.clock.advance(seconds=306)
    strict(token_event(strong), None)

    assert said == [{"check": "acr"}, {"check": "auth_time"}]
