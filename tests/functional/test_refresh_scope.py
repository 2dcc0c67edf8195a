"""Refresh with a scope, over HTTP: RFC 6749 §6."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest

from tests.support.answers import INVALID_REQUEST, INVALID_SCOPE
from tests.support.sample_events import Event, refresh_event, with_form, with_json
from tests.support.stack import Function, Stack

Tokens = dict[str, str]


def json_event(token: str, scope: object) -> Event:
    """Return a refresh in JSON with a scope."""
    return with_json("refresh-json", {"refresh_token": token, "scope": scope})


def form_event(token: str, scope: str) -> Event:
    """Return a refresh in a form with a scope, as standard OAuth clients send it."""
    return with_form("refresh-form", {"grant_type": "refresh_token", "refresh_token": token, "scope": scope})


EVENTS = pytest.mark.parametrize("event", [json_event, form_event])


def granted(access_token: str) -> str:
    """Return the scope of an access token."""
    payload: dict[str, Any] = jwt.decode(access_token, options={"verify_signature": False})
    return str(payload["scope"])


@EVENTS
def test_a_narrower_scope_and_then_the_full_scope(
    stack: Stack, refresh: Function, tokens: Tokens, event: Callable[[str, str], Event]
) -> None:
    """A4: a refresh narrows the scope and the next one restores it, in one write each; the answer names the scope."""
    refresh(refresh_event("x"))  # warm
    stack.wire.forget()
    narrow = refresh(event(tokens["refresh_token"], "write")).json
    stack.clock.advance(seconds=60)
    full = refresh(refresh_event(narrow["refresh_token"])).json

    assert (narrow["scope"], granted(narrow["access_token"])) == ("write", "write")
    assert (full["scope"], granted(full["access_token"])) == ("read write", "read write")
    assert stack.wire.counts == {"dynamodb.UpdateItem": 2}


@EVENTS
@pytest.mark.parametrize("scope", ["read write admin", "ü", "a " * 2000 + "a"])
def test_a_wider_or_malformed_scope_uses_nothing_up(
    stack: Stack, refresh: Function, tokens: Tokens, event: Callable[[str, str], Event], scope: str
) -> None:
    """A4: the answer is invalid_scope after one refused write; the session stays and the same token is still good."""
    before = stack.session_items()
    refresh(refresh_event("x"))  # warm
    stack.wire.forget()

    assert refresh(event(tokens["refresh_token"], scope)) == INVALID_SCOPE

    assert stack.wire.counts == {"dynamodb.UpdateItem": 1}
    assert stack.session_items() == before
    assert refresh(refresh_event(tokens["refresh_token"])).status == 200


@EVENTS
def test_an_empty_scope_is_the_full_scope(
    refresh: Function, tokens: Tokens, event: Callable[[str, str], Event]
) -> None:
    """RFC 6749 §3.2: a parameter without a value counts as absent."""
    assert refresh(event(tokens["refresh_token"], "")).json["scope"] == "read write"


@pytest.mark.parametrize("scope", [1, True, ["read"], {"read": True}, "\ud800"])
def test_a_scope_that_is_no_text_is_malformed(stack: Stack, refresh: Function, tokens: Tokens, scope: object) -> None:
    """A parameter of another type is answered with invalid_request, and no session changes."""
    before = stack.session_items()

    assert refresh(json_event(tokens["refresh_token"], scope)) == INVALID_REQUEST
    assert stack.session_items() == before
