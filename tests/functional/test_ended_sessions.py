"""GET and HEAD /.well-known/ended-sessions: the feed of ended sessions for other verifiers."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from edge_auth.tokens.ended_feed import KEY_SLOT, slot_of
from tests.support.answers import JSON_TYPE, PUBLIC_HEADERS, UNAVAILABLE, method_not_allowed
from tests.support.dynamodb.feeds import put_feed_item
from tests.support.outages import KINDS
from tests.support.sample_events import Event, sample
from tests.support.stack import TABLES, Answer, Function, Stack
from tests.support.wire import Forward, lost_response, passes

WINDOW_SECONDS = 900 + 65
QUERY = "Query of ends"


@pytest.fixture
def ended_sessions(stack: Stack) -> Function:
    """Return the function, cold."""
    return stack.function("ended_sessions")


def put(stack: Stack, slot: int, **sets: list[str]) -> None:
    """Put the item of a slot."""
    attributes: dict[str, Any] = {name: {"SS": words} for name, words in sets.items()}
    put_feed_item(stack.dynamodb, TABLES["RevocationsTable"], slot, **attributes)


def conditional(entity_tag: str) -> Event:
    """Return the request of a client that has a copy."""
    event = sample("ended-sessions")
    event["headers"]["If-None-Match"] = entity_tag
    return event


def test_the_sessions_that_ended_within_the_window_are_listed(stack: Stack, ended_sessions: Function) -> None:
    """T10: the bytes, the headers and the time of an answer; every answer is a read of its own."""
    now = stack.clock.now_seconds
    put(stack, slot_of(now), sids=["b" * 11])
    put(stack, slot_of(now - WINDOW_SECONDS), sids=["a" * 11])
    put(stack, slot_of(now - WINDOW_SECONDS) - 1, sids=["c" * 11])
    stack.wire.forget()

    answer = ended_sessions(sample("ended-sessions"))

    assert answer.body == f'{{"as_of":{now},"window":965,"sids":["aaaaaaaaaaa","bbbbbbbbbbb"]}}'
    tag = answer.headers.pop("ETag")
    assert tag.startswith('"')
    assert answer.headers == {
        **PUBLIC_HEADERS,
        "Cache-Control": "public, max-age=1, must-revalidate",
        "Content-Type": JSON_TYPE,
    }
    put(stack, slot_of(now) + 1, sids=["d" * 11])
    assert ended_sessions(sample("ended-sessions")).json["sids"] == ["a" * 11, "b" * 11, "d" * 11]
    assert stack.wire.counts == {f"revocations.{QUERY}": 2}
    assert all(call.parameters["ConsistentRead"] for call in stack.wire.calls)


def test_the_window_follows_the_lifetime_of_access_tokens(stack: Stack) -> None:
    """A reader learns the window from the answer."""
    answer = stack.with_parameters(AccessTokenSeconds="60").function("ended_sessions")(sample("ended-sessions"))

    assert answer.json["window"] == 125


def test_the_time_is_the_stores(ended_sessions: Function, stack: Stack) -> None:
    """Here the read takes 1.5 seconds, and the store's time is that of its answer, in whole seconds."""
    began = stack.clock.now_seconds

    def slow(forward: Forward) -> AWSResponse:
        stack.clock.advance(seconds=1.5)
        return forward()

    stack.wire.next(QUERY, slow)

    assert ended_sessions(sample("ended-sessions")).json["as_of"] == began - 1


def test_keys_that_were_withdrawn_have_a_member_of_their_own(stack: Stack, ended_sessions: Function) -> None:
    """It is there only after an emergency, and in order."""
    assert "kids" not in ended_sessions(sample("ended-sessions")).json
    put(stack, KEY_SLOT, kids=["kid-2", "kid-1"])

    answer = ended_sessions(sample("ended-sessions"))

    assert (answer.json["sids"], answer.json["kids"]) == ([], ["kid-1", "kid-2"])


def test_the_tag_is_of_the_whole_answer_with_its_time(stack: Stack, ended_sessions: Function) -> None:
    """RFC 9110 §13.1.2: a 304 confirms a copy of the same time. A second later the client gets the new time."""
    first = ended_sessions(sample("ended-sessions"))
    tag = first.headers["ETag"]

    headers = {**PUBLIC_HEADERS, "Cache-Control": "public, max-age=1, must-revalidate", "ETag": tag}
    assert ended_sessions(conditional(tag)) == Answer(304, headers, "")
    stack.clock.advance(seconds=1)
    second = ended_sessions(conditional(tag))
    assert (second.status, second.json) == (200, {**first.json, "as_of": first.json["as_of"] + 1})
    assert second.headers["ETag"] != tag


def test_head_has_the_headers_of_get_and_no_content(ended_sessions: Function) -> None:
    """RFC 9110 §9.3.2."""
    answer = ended_sessions(sample("ended-sessions"))

    assert ended_sessions({**sample("ended-sessions"), "httpMethod": "HEAD"}) == replace(answer, body="")


def test_another_method_is_not_allowed(ended_sessions: Function) -> None:
    """RFC 9110 §15.5.6."""
    assert ended_sessions({**sample("ended-sessions"), "httpMethod": "POST"}) == method_not_allowed("GET", "HEAD")


@pytest.mark.parametrize("fault", KINDS)
def test_a_feed_that_cannot_be_read_is_503(stack: Stack, ended_sessions: Function, fault: str) -> None:
    """T10, DC-3, F19: no list and no 304 is given out, and the next request works."""
    tag = ended_sessions(sample("ended-sessions")).headers["ETag"]
    stack.wire.always(QUERY, KINDS[fault])

    assert ended_sessions(sample("ended-sessions")) == UNAVAILABLE
    assert ended_sessions(conditional(tag)) == UNAVAILABLE
    assert ended_sessions(conditional("*")) == UNAVAILABLE

    stack.wire.mend()
    assert ended_sessions(sample("ended-sessions")).status == 200


def test_a_read_whose_answer_is_lost_is_repeated(stack: Stack, ended_sessions: Function) -> None:
    """F1: the SDK asks again."""
    stack.wire.forget()
    stack.wire.next(QUERY, lost_response, passes)

    assert ended_sessions(sample("ended-sessions")).status == 200
    assert stack.wire.counts == {f"revocations.{QUERY}": 2}


def test_a_damaged_item_is_503(stack: Stack, ended_sessions: Function) -> None:
    """F38: a list that may lack a session is not given out."""
    put_feed_item(stack.dynamodb, TABLES["RevocationsTable"], KEY_SLOT, kids={"N": "1"})

    assert ended_sessions(sample("ended-sessions")) == UNAVAILABLE


def test_the_answer_tells_no_more_than_the_feed(stack: Stack, ended_sessions: Function) -> None:
    """L3, P14: nothing of the request or of a user is in the answer or in the log."""
    put(stack, slot_of(stack.clock.now_seconds), sids=["s" * 11])

    answer = ended_sessions(sample("ended-sessions"))

    assert answer.json.keys() == {"as_of", "window", "sids"}
    assert stack.output.log_lines() == []
