"""MaxSessionsPerUser: a login ends the oldest sessions over the limit, and succeeds even if it cannot end them."""

import json

import pytest

from tests.support.answers import INVALID_GRANT
from tests.support.one_login import one_login
from tests.support.outages import APPLIED, KINDS, KINDS_OF_TRANSACTIONS, ends, events_named
from tests.support.people import ADA_ID, PASSWORD
from tests.support.sample_events import login_event, refresh_event
from tests.support.stack import Function, Stack
from tests.support.wire import lost_response, passes

LIMIT = 3


@pytest.fixture
def limited(stack: Stack) -> Function:
    """Return the login function of a stack that allows three sessions, cold."""
    return stack.with_parameters(MaxSessionsPerUser=str(LIMIT)).function("login")


def logged_in(stack: Stack, login: Function) -> dict[str, str]:
    """Log ada in, a little later than the previous login."""
    stack.clock.advance(seconds=0.02)
    answer = login(login_event("ada", PASSWORD))
    assert answer.status == 200
    return answer.json


def old_sessions(stack: Stack) -> list[dict[str, str]]:
    """Return as many sessions as are allowed. Their logins run once in this process."""
    limited = stack.with_parameters(MaxSessionsPerUser=str(LIMIT))
    sessions = []
    for _ in range(LIMIT):
        stack.clock.advance(seconds=0.02)
        sessions.append(one_login(limited))
    return sessions


def test_a_login_beyond_the_limit_ends_the_oldest(stack: Stack, limited: Function, refresh: Function) -> None:
    """F36: each end is recorded with its reason; the session of this login stays."""
    sessions = [logged_in(stack, limited) for _ in range(LIMIT + 2)]

    assert ends(stack) == {session["session_id"]: "session_limit" for session in sessions[:2]}
    assert [line["session_id"] for line in events_named(stack, "session_ended")] == [
        session["session_id"] for session in sessions[:2]
    ]
    assert refresh(refresh_event(sessions[0]["refresh_token"])) == INVALID_GRANT
    for living in sessions[2:]:
        assert refresh(refresh_event(living["refresh_token"])).status == 200


def test_single_session_mode(stack: Stack, refresh: Function) -> None:
    """With a limit of one, every login ends the user's other sessions."""
    login = stack.with_parameters(MaxSessionsPerUser="1").function("login")
    for _ in range(5):
        before = [item["session_id"]["S"] for item in stack.session_items() if "revoked_at" not in item]
        last = logged_in(stack, login)
        assert set(before) <= ends(stack).keys()
        assert last["session_id"] not in ends(stack)
    assert refresh(refresh_event(last["refresh_token"])).status == 200


def test_the_query_reads_only_what_it_needs(stack: Stack, limited: Function) -> None:
    """A18: the query is strongly consistent, on the base table, and reads of living sessions only what it needs."""
    logged_in(stack, limited)

    [query] = [call.parameters for call in stack.wire.calls if call.operation == "Query"]

    assert query["ConsistentRead"] is True
    assert "IndexName" not in query
    assert query["ProjectionExpression"] == "user_id, session_id, generation, seed_hash, #base, created_at_ms"
    assert "revoked_at" in query["FilterExpression"]
    assert query["ExpressionAttributeValues"][":user_id"] == {"S": ADA_ID}


def test_records_of_ends_are_deleted_by_ttl(stack: Stack, limited: Function) -> None:
    """F27, F36: what is kept of the sessions that the limit ended is deleted in time, and no other items are left."""
    for _ in range(LIMIT + 1):
        logged_in(stack, limited)

    ended = [item for item in stack.session_items() if "revoked_at" in item]

    assert len(stack.session_items()) == LIMIT + 1
    assert [int(item["delete_at"]["N"]) for item in ended] == [stack.clock.now_seconds + 14 * 86_400]


@pytest.mark.parametrize("name", KINDS)
def test_the_sessions_cannot_be_read(stack: Stack, limited: Function, refresh: Function, name: str) -> None:
    """F22: the login succeeds, the failure is recorded, and the next login ends the remaining sessions."""
    old = old_sessions(stack)
    stack.wire.always("Query", KINDS[name])

    granted = logged_in(stack, limited)

    [told] = events_named(stack, "session_limit_not_kept")
    assert told["user_id"] == ADA_ID
    assert ends(stack) == {}
    assert refresh(refresh_event(granted["refresh_token"])).status == 200
    stack.wire.mend()
    logged_in(stack, limited)
    assert ends(stack).keys() == {session["session_id"] for session in old[:2]}


@pytest.mark.parametrize("name", KINDS_OF_TRANSACTIONS)
def test_the_oldest_session_cannot_be_ended(stack: Stack, limited: Function, name: str) -> None:
    """F19, F22: the login also succeeds if the write fails."""
    old = old_sessions(stack)
    stack.wire.next("TransactWriteItems", passes)  # opens the session
    stack.wire.always("TransactWriteItems", KINDS_OF_TRANSACTIONS[name])

    granted = logged_in(stack, limited)

    assert len(events_named(stack, "session_limit_not_kept")) == 1
    assert (old[0]["session_id"] in ends(stack)) is (name == APPLIED)
    stack.wire.mend()
    logged_in(stack, limited)
    assert ends(stack).keys() == {session["session_id"] for session in old[:2]}
    assert granted["session_id"] not in ends(stack)


def test_an_end_whose_answer_is_lost_is_recorded_once(stack: Stack, limited: Function) -> None:
    """F1: the SDK's repetition recognizes its own record."""
    old = old_sessions(stack)
    stack.wire.next("TransactWriteItems", passes, lost_response)

    logged_in(stack, limited)

    assert ends(stack) == {old[0]["session_id"]: "session_limit"}
    assert len(events_named(stack, "session_ended")) == 1


def test_the_answer_does_not_mention_the_limit(stack: Stack, limited: Function) -> None:
    """The answer of a login shows nothing of other sessions."""
    first = logged_in(stack, limited)
    for _ in range(LIMIT - 1):
        logged_in(stack, limited)
    beyond = logged_in(stack, limited)

    assert first.keys() == beyond.keys()
    assert first["session_id"] not in json.dumps(beyond)
