"""The authorizer and the feed of ended sessions: what it denies, within which time, and when it decides nothing."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from edge_auth.authorizer.ended_sessions import RETRY_SECONDS, CannotDecide
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.tokens.ended_feed import FEED, KEY_SLOT, entry_of, slot_of
from tests.support.authorizer import is_allowed
from tests.support.cold_start import load
from tests.support.people import PASSWORD
from tests.support.sample_events import AUTHORIZER_EVENTS, Event, login_event, logout_event, token_event
from tests.support.stack import TABLES, Stack
from tests.support.table_server import TableServer, close, items, reset

Tokens = dict[str, str]
BOUND = 5
every_shape = pytest.mark.parametrize("shape", AUTHORIZER_EVENTS.values(), ids=AUTHORIZER_EVENTS)


def put(stack: Stack, slot: int, name: str, *texts: str) -> None:
    """Put an item into the feed."""
    key = {"feed": {"S": FEED}, "slot": {"N": str(slot)}}
    stack.dynamodb.put_item(TableName=TABLES["RevocationsTable"], Item={**key, name: {"SS": list(texts)}})


def end(stack: Stack, tokens: Tokens) -> None:
    """Publish the end of a session now."""
    put(stack, slot_of(stack.clock.now_seconds), "sids", entry_of(tokens["session_id"]))


@every_shape
def test_a_token_is_denied_within_the_bound_after_the_end_of_its_session(
    stack: Stack, tokens: Tokens, shape: Callable[[str], Event]
) -> None:
    """Z17: a warm authorizer reads at its next request after the bound, and a cold one at its first."""
    warm, event = stack.module("authorizer").handler, shape(tokens["access_token"])
    other = stack.function("login")(login_event("ada", PASSWORD)).json["access_token"]
    assert is_allowed(warm(event, None))
    end(stack, tokens)

    assert not is_allowed(stack.module("authorizer").handler(event, None))
    assert is_allowed(warm(event, None))
    stack.clock.advance(seconds=BOUND + 0.001)
    assert not is_allowed(warm(event, None))
    assert is_allowed(warm(shape(other), None))


def test_a_logout_is_known_to_the_authorizer(stack: Stack, tokens: Tokens) -> None:
    """Z17: what the function writes is what the authorizer reads, and only this session has ended."""
    handler, other = stack.module("authorizer").handler, stack.function("login")(login_event("ada", PASSWORD)).json
    assert is_allowed(handler(token_event(tokens["access_token"]), None))

    assert stack.function("logout")(logout_event(tokens["refresh_token"])).status == 204

    stack.clock.advance(seconds=BOUND + 0.001)
    assert not is_allowed(handler(token_event(tokens["access_token"]), None))
    assert is_allowed(handler(token_event(other["access_token"]), None))


def test_without_the_feed_a_token_works_until_it_expires(stack: Stack, tokens: Tokens) -> None:
    """The control: with RevocationSeconds=0 the authorizer has no table, and reads none."""
    stack = stack.with_parameters(RevocationSeconds="0")
    end(stack, tokens)
    module = stack.module("authorizer")
    stack.clock.advance(seconds=899)

    assert module.ended is None
    assert is_allowed(module.handler(token_event(tokens["access_token"]), None))


def test_a_token_of_a_withdrawn_key_is_denied_within_the_bound(stack: Stack, tokens: Tokens) -> None:
    """F15: a leaked key is of no use to its thief some seconds after its replacement."""
    handler, event = stack.module("authorizer").handler, token_event(tokens["access_token"])
    assert is_allowed(handler(event, None))
    put(stack, KEY_SLOT, "kids", *(timed.key.kid for timed in stack.key_ring.signing))

    assert not is_allowed(stack.module("authorizer").handler(event, None))
    assert is_allowed(handler(event, None))
    stack.clock.advance(seconds=BOUND + 0.001)
    assert not is_allowed(handler(event, None))


def test_a_token_from_before_its_life_was_made_shorter_is_denied(stack: Stack, tokens: Tokens) -> None:
    """The new AccessTokenSeconds holds at once, also for tokens that say something else."""
    handler = stack.with_parameters(AccessTokenSeconds="60").module("authorizer").handler
    stack.clock.advance(seconds=64)
    assert is_allowed(handler(token_event(tokens["access_token"]), None))
    stack.clock.advance(seconds=1)

    assert not is_allowed(handler(token_event(tokens["access_token"]), None))


def unreadable(_since: int) -> Any:  # noqa: ANN401 - it never returns
    """Fail as a read does."""
    raise RequestFailed("outage")


@every_shape
@pytest.mark.parametrize("failure", ["open", "closed"])
def test_a_feed_that_cannot_be_read_is_no_denial(
    stack: Stack, tokens: Tokens, failure: str, shape: Callable[[str], Event]
) -> None:
    """Z18: open accepts the token. Closed raises an exception, which API Gateway answers with our 503 (DEFAULT_5XX)."""
    module = stack.with_parameters(RevocationFailure=failure).module("authorizer")
    readable = module.ended._read
    stack.monkeypatch.setattr(module.ended, "_read", unreadable)
    event = shape(tokens["access_token"])

    if failure == "closed":
        with pytest.raises(CannotDecide):
            module.handler(event, None)
    else:
        assert is_allowed(module.handler(event, None))
    assert not is_allowed(module.handler(shape("no.such.token"), None))
    stack.monkeypatch.setattr(module.ended, "_read", readable)
    stack.clock.advance(seconds=RETRY_SECONDS[0])
    assert is_allowed(module.handler(event, None))


@pytest.mark.parametrize("works", [True, False])
def test_lambda_starts_an_authorizer_with_a_first_read(stack: Stack, *, works: bool) -> None:
    """A starting function has a whole processor. A start does not fail with the read."""
    with TableServer(items() if works else reset) as server:
        started = {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_REGION": "eu-central-1"}
        address = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}"}
        for environ, reads in ((address, 0), ({**address, **started}, 1)):
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("AWS_LAMBDA_INITIALIZATION_TYPE", raising=False)
                patch.setattr(os, "environ", {**os.environ, **environ})
                module = load("authorizer", {**stack.environment("authorizer"), **environ})
            assert len(server.requests) == reads
            close(module.feed)


def test_lambdas_variable_is_the_one_of_the_other_functions(stack: Stack) -> None:
    """The authorizers may not load the module that has the name too."""
    from edge_auth.adapters.connections import STARTED_BY_LAMBDA  # noqa: PLC0415 - only this test compares

    assert stack.module("authorizer").STARTED_BY_LAMBDA == STARTED_BY_LAMBDA
