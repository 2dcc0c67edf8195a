"""The strict authorizer: the first one's decision, and the session of this moment."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import Reply
from tests.support.authorizer import is_allowed
from tests.support.people import ADA_ID
from tests.support.sample_events import AUTHORIZER_EVENTS, Event, logout_event, token_event
from tests.support.stack import TABLES, Stack

Tokens = dict[str, str]
every_shape = pytest.mark.parametrize("shape", AUTHORIZER_EVENTS.values(), ids=AUTHORIZER_EVENTS)


@every_shape
def test_a_token_is_denied_from_the_end_of_its_session_on(
    stack: Stack, tokens: Tokens, shape: Callable[[str], Event]
) -> None:
    """Z19: at its next request, and with the same answers as the authorizer's."""
    handler, event = stack.module("strict_authorizer").handler, shape(tokens["access_token"])
    first = stack.module("authorizer").handler(event, None)

    assert handler(event, None) == first
    assert is_allowed(first)
    stack.function("logout")(logout_event(tokens["refresh_token"]))
    denied = handler(event, None)
    assert not is_allowed(denied)
    assert denied == handler(shape("no.such.token"), None)


def test_a_session_that_an_earlier_version_ended_is_denied(stack: Stack, tokens: Tokens) -> None:
    """It stays in its place, marked."""
    handler, event = stack.module("strict_authorizer").handler, token_event(tokens["access_token"])
    assert is_allowed(handler(event, None))
    stack.dynamodb.update_item(
        TableName=TABLES["SessionsTable"],
        Key={"user_id": {"S": ADA_ID}, "session_id": {"S": tokens["session_id"]}},
        UpdateExpression="SET revoked_at = :now",
        ExpressionAttributeValues={":now": {"N": "1"}},
    )

    assert not is_allowed(handler(event, None))


@pytest.mark.parametrize("seconds", ["5", "0"])
def test_a_token_from_before_its_life_was_made_shorter_is_denied(stack: Stack, tokens: Tokens, seconds: str) -> None:
    """The new AccessTokenSeconds holds at once, as in the authorizer. It costs no read, with or without the feed."""
    module = stack.with_parameters(AccessTokenSeconds="60", RevocationSeconds=seconds).module("strict_authorizer")
    stack.clock.advance(seconds=64)
    assert is_allowed(module.handler(token_event(tokens["access_token"]), None))
    stack.clock.advance(seconds=1)
    stack.monkeypatch.setattr(module, "check_session", None)  # it would fail if it were called

    assert not is_allowed(module.handler(token_event(tokens["access_token"]), None))


def test_each_valid_token_is_one_read_and_a_bad_one_is_none(stack: Stack, tokens: Tokens) -> None:
    """The read is strongly consistent, and brings two attributes. A forged token costs no read."""
    module, asked = stack.module("strict_authorizer"), list[tuple[str, Mapping[str, Any]]]()
    stored = module.sessions.call

    def read(operation: str, parameters: Mapping[str, Any]) -> Reply:
        asked.append((operation, parameters))
        reply: Reply = stored(operation, parameters)
        assert set(reply.members["Item"]) == {"session_id"}  # type: ignore[call-overload]
        return reply

    stack.monkeypatch.setattr(module.sessions, "call", read)
    for token in (tokens["access_token"], tokens["access_token"] + "x", tokens["access_token"], "x"):
        module.handler(token_event(token), None)

    assert (
        asked
        == [
            (
                "GetItem",
                {
                    "Key": {"user_id": {"S": ADA_ID}, "session_id": {"S": tokens["session_id"]}},
                    "ConsistentRead": True,
                    "ProjectionExpression": "session_id, revoked_at",
                },
            )
        ]
        * 2
    )


@pytest.mark.parametrize(
    "answer",
    [
        RequestFailed("outage"),
        {"Item": []},
        {"Item": {}},
        {"Item": {"session_id": {"S": "another"}}},
    ],
)
def test_what_cannot_be_read_is_no_denial(stack: Stack, tokens: Tokens, answer: object) -> None:
    """Z19: an exception, which API Gateway answers with our 503 (DEFAULT_5XX). The next request is decided again."""
    module = stack.module("strict_authorizer")
    event, stored = token_event(tokens["access_token"]), module.sessions.call

    def read(_operation: str, _parameters: Mapping[str, Any]) -> Reply:
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, dict)
        return Reply(answer, None)

    stack.monkeypatch.setattr(module.sessions, "call", read)
    with pytest.raises(RequestFailed):
        module.handler(event, None)
    stack.monkeypatch.setattr(module.sessions, "call", stored)
    assert is_allowed(module.handler(event, None))


@pytest.mark.parametrize("jwks", ["", '{"keys":[]}'])
def test_without_keys_nothing_is_decided(stack: Stack, tokens: Tokens, jwks: str) -> None:
    """Z14: as in the authorizer, an error and no denial."""
    stack.jwks = jwks
    with pytest.raises(RuntimeError, match=r"^no keys to verify with$"):
        stack.module("strict_authorizer").handler(token_event(tokens["access_token"]), None)
