"""The list of a user's own sessions and the end of one of them, as API Gateway calls the function."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.answers import (
    ERROR_HEADERS,
    INVALID_GRANT,
    INVALID_REQUEST,
    INVALID_TOKEN,
    NO_CONTENT,
    UNAVAILABLE,
    UNKNOWN_SESSION,
    method_not_allowed,
)
from tests.support.one_login import one_login
from tests.support.outages import APPLIED, FAULTS, FAULTS_OF_TRANSACTIONS, RETRIED, attempts, ends, events_named
from tests.support.people import ADA_ID, BOB_ID, PASSWORD, ada
from tests.support.sample_events import (
    Event,
    called_by,
    from_address,
    login_event,
    logout_event,
    refresh_event,
    sample,
    token_event,
    with_json,
)
from tests.support.stack import Function, Stack
from tests.support.wire import lost_response

Tokens = dict[str, str]
QUERY, GET, END = "dynamodb.Query", "dynamodb.GetItem", "dynamodb.TransactWriteItems"
PUBLISH = "revocations.UpdateItem of ends"


@pytest.fixture
def sessions(stack: Stack) -> Function:
    """Return the function, cold."""
    return stack.function("sessions")


def list_event(tokens: Tokens, user_id: str = ADA_ID) -> Event:
    """Return a request for the list, from the session of these tokens."""
    return called_by(sample("sessions"), user_id, tokens["session_id"])


def end_event(tokens: Tokens, session_id: object, user_id: str = ADA_ID) -> Event:
    """Return a request to end a session, from the session of these tokens."""
    event = called_by(sample("sessions-end"), user_id, tokens["session_id"])
    event["pathParameters"] = {"session_id": session_id}
    return event


def listed(sessions: Function, tokens: Tokens) -> list[dict[str, Any]]:
    """Return the list that a session gets."""
    answer = sessions(list_event(tokens))
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.json["sessions"]
    return found


def ids(sessions: Function, tokens: Tokens) -> list[str]:
    """Return the session ids that a session gets."""
    return [session["session_id"] for session in listed(sessions, tokens)]


def named_login(name: object) -> Event:
    """Return a login that names its client."""
    return with_json("login", {"username": "ada", "password": PASSWORD, "client_name": name})


def expired(stack: Stack, session_id: str) -> None:
    """Let the idle timeout of a session pass."""
    stack.dynamodb.update_item(
        TableName="functional-SessionsTable",
        Key={"user_id": {"S": ADA_ID}, "session_id": {"S": session_id}},
        UpdateExpression="SET idle_expires_at = :now",
        ExpressionAttributeValues={":now": {"N": str(stack.clock.now_seconds)}},
    )


def test_a_session_is_shown_so_that_its_user_can_recognize_it(
    stack: Stack, sessions: Function, refresh: Function, tokens: Tokens
) -> None:
    """The list has exactly these members, with times in seconds, and is not cached."""
    began = stack.clock.now_seconds
    stack.clock.advance(seconds=3600)
    refresh(refresh_event(tokens["refresh_token"]))
    stack.clock.advance(seconds=10)

    answer = sessions(list_event(tokens))

    assert answer.headers == ERROR_HEADERS
    [shown] = answer.json.pop("sessions")
    assert shown.pop("client_name") == ""
    assert shown == {
        "session_id": tokens["session_id"],
        "created_at": began,
        "last_used_at": began + 3600,
        "expires_at": began + 3600 + 14 * 86_400,
        "user_agent": "curl/8.9.1",
        "network": "203.0.113.0/24",
        "current": True,
    }


def test_a_login_names_its_client_and_a_refresh_renames_nothing(
    stack: Stack, sessions: Function, login: Function, refresh: Function
) -> None:
    """The login sets the name; the user agent and the network are from the last use."""
    tokens = login(named_login("Ada\u2019s phone \u65e5")).json
    [shown] = listed(sessions, tokens)
    assert (shown["client_name"], shown["user_agent"], shown["network"]) == (
        "Ada\u2019s phone \u65e5",
        "curl/8.9.1",
        "203.0.113.0/24",
    )

    stack.clock.advance(seconds=60)
    event = from_address(refresh_event(tokens["refresh_token"]), "2001:db8:1:2::3")
    event["headers"]["User-Agent"] = "app/2.0\t" + "x" * 200
    refresh(event)

    [shown] = listed(sessions, tokens)
    assert (shown["client_name"], shown["user_agent"], shown["network"]) == (
        "Ada\u2019s phone \u65e5",
        "app/2.0" + "x" * 121,
        "2001:db8:1::/48",
    )
    assert "203.0.113.7" not in repr(stack.session_items())


@pytest.mark.parametrize("name", ["x" * 65, "a\nb", "a\u202eb", 1, False, ["x"], "\ud800", "\u65e5" * 43])
def test_a_client_name_that_cannot_be_shown_is_malformed(stack: Stack, login: Function, name: object) -> None:
    """The name is refused before the password is checked: no attempt is counted and no session opens."""
    login(login_event("ada", PASSWORD))
    before = stack.session_items()
    stack.wire.forget()

    assert login(named_login(name)) == INVALID_REQUEST
    assert stack.wire.calls == []
    assert stack.session_items() == before


def test_the_session_used_last_comes_first_and_one_is_current(
    stack: Stack, sessions: Function, login: Function, refresh: Function, tokens: Tokens
) -> None:
    """A18: the list is sorted by last use, and a login is a use."""
    stack.clock.advance(seconds=60)
    second = login(login_event("ada", PASSWORD)).json
    stack.clock.advance(seconds=60)
    refresh(refresh_event(tokens["refresh_token"]))

    found = listed(sessions, second)

    assert [(session["session_id"], session["current"]) for session in found] == [
        (tokens["session_id"], False),
        (second["session_id"], True),
    ]


def test_a_damaged_session_of_an_earlier_version_that_ended_hides_nothing(
    stack: Stack, sessions: Function, tokens: Tokens
) -> None:
    """F38: the list reads only living sessions."""
    key = {"user_id": {"S": ADA_ID}, "session_id": {"S": "damaged"}}
    stack.dynamodb.put_item(TableName="functional-SessionsTable", Item={**key, "revoked_at": {"N": "1"}})

    assert ids(sessions, tokens) == [tokens["session_id"]]


def test_a_session_of_ones_own_is_ended(
    stack: Stack, sessions: Function, login: Function, refresh: Function, tokens: Tokens
) -> None:
    """A8: the answer is 204, the session ends at once and is recorded once; a second call finds no session."""
    other = login(login_event("ada", PASSWORD)).json

    assert sessions(end_event(tokens, other["session_id"])) == NO_CONTENT

    assert ends(stack) == {other["session_id"]: "user"}
    assert refresh(refresh_event(other["refresh_token"])) == INVALID_GRANT
    assert ids(sessions, tokens) == [tokens["session_id"]]
    assert sessions(end_event(tokens, other["session_id"])) == UNKNOWN_SESSION
    [told] = events_named(stack, "session_ended")
    assert (told["user_id"], told["session_id"], told["reason"]) == (ADA_ID, other["session_id"], "user")


def test_every_session_that_is_not_there_reads_the_same(
    stack: Stack, sessions: Function, login: Function, logout: Function, tokens: Tokens
) -> None:
    """404 with the same bytes for another user's, ended or unknown session, and for text that is no id."""
    stack.add_user(replace(ada(), user_id=BOB_ID, username="bob"), PASSWORD)
    bobs = login(login_event("bob", PASSWORD)).json
    ended = login(login_event("ada", PASSWORD)).json
    logout(logout_event(ended["refresh_token"]))
    before = stack.session_items()
    others = [bobs["session_id"], ended["session_id"], "A" * 22]
    garbage: list[object] = ["", "..", "x" * 4000, "é", "a b", "\x00", "%41", "{session_id}", None, 1, []]

    answers = [sessions(end_event(tokens, session_id)) for session_id in [*others, *garbage]]

    assert answers == [UNKNOWN_SESSION] * len(answers)
    assert sessions({**end_event(tokens, ""), "pathParameters": None}) == UNKNOWN_SESSION
    assert stack.session_items() == before
    assert ids(sessions, tokens) == [tokens["session_id"]]


def test_a_dead_session_lists_and_ends_nothing(
    stack: Stack, sessions: Function, login: Function, logout: Function, tokens: Tokens
) -> None:
    """RFC 6750: the access token is still valid on other routes for minutes; here it is answered with 401."""
    other = login(login_event("ada", PASSWORD)).json
    logout(logout_event(tokens["refresh_token"]))
    assert sessions(end_event(tokens, tokens["session_id"])) == INVALID_TOKEN  # tells authorizers once more
    before = stack.session_items()

    assert sessions(list_event(tokens)) == INVALID_TOKEN
    for session_id in (other["session_id"], tokens["session_id"], "A" * 22, ""):
        assert sessions(end_event(tokens, session_id)) == INVALID_TOKEN
    assert stack.session_items() == before


@pytest.mark.parametrize("authorizer", [None, {}, [], {"sub": ADA_ID}, {"sid": "A" * 22}, {"sub": "", "sid": ""}])
@pytest.mark.parametrize("name", ["sessions", "sessions-end"])
def test_without_the_authorizer_nothing_is_answered(
    stack: Stack, sessions: Function, tokens: Tokens, name: str, authorizer: object
) -> None:
    """A route without its authorizer refuses every call and does not read the table."""
    event = sample(name)
    event["requestContext"]["authorizer"] = authorizer
    event["headers"]["X-User"] = event["pathParameters"] = {"sub": ADA_ID, "sid": tokens["session_id"]}
    stack.wire.forget()

    assert sessions(event) == INVALID_TOKEN
    assert stack.wire.calls == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "OPTIONS"])
def test_another_method_is_not_allowed(sessions: Function, tokens: Tokens, method: str) -> None:
    """A10: only GET and DELETE are allowed."""
    assert sessions({**list_event(tokens), "httpMethod": method}) == method_not_allowed("GET", "DELETE")


def test_the_list_is_one_query_and_an_end_two_reads_and_two_writes(
    stack: Stack, sessions: Function, login: Function, tokens: Tokens
) -> None:
    """A18: the reads are strongly consistent, on the base table, and the key ring is not read."""
    other = login(login_event("ada", PASSWORD)).json
    stack.wire.forget()
    sessions(list_event(tokens))
    assert stack.wire.counts == {QUERY: 1}
    assert stack.wire.calls[0].parameters["ConsistentRead"] is True
    assert "IndexName" not in stack.wire.calls[0].parameters

    stack.wire.forget()
    sessions(end_event(tokens, other["session_id"]))
    assert stack.wire.counts == {GET: 2, PUBLISH: 1, END: 1}
    assert all(call.parameters["ConsistentRead"] is True for call in stack.wire.calls[:2])

    stack.wire.forget()
    sessions(end_event(tokens, tokens["session_id"]))
    assert stack.wire.counts == {GET: 1, PUBLISH: 1, END: 1}


@pytest.mark.parametrize("name", FAULTS)
def test_the_list_cannot_be_read(stack: Stack, sessions: Function, tokens: Tokens, name: str) -> None:
    """F19, DC-3: the answer is 503, never an empty list and never 401; later the list is answered."""
    stack.wire.forget()
    stack.wire.always("Query", FAULTS[name])
    assert sessions(list_event(tokens)) == UNAVAILABLE
    assert stack.wire.counts[QUERY] == attempts(name)

    stack.wire.mend()
    stack.wire.next("Query", FAULTS[name])
    assert sessions(list_event(tokens)).status == (200 if name in RETRIED else 503)
    assert ids(sessions, tokens) == [tokens["session_id"]]


@pytest.mark.parametrize("name", FAULTS_OF_TRANSACTIONS)
@pytest.mark.parametrize("operation", ["GetItem", "TransactWriteItems"])
def test_an_end_fails(stack: Stack, sessions: Function, tokens: Tokens, operation: str, name: str) -> None:
    """F19, DC-3: the answer is 503, never 404 or 401; no other session ends, and the repeated call ends it."""
    other = one_login(stack)
    stack.wire.always(operation, FAULTS_OF_TRANSACTIONS[name])
    assert sessions(end_event(tokens, other["session_id"])) == UNAVAILABLE
    assert (other["session_id"] in ends(stack)) is (operation == "TransactWriteItems" and name == APPLIED)

    stack.wire.mend()
    assert sessions(end_event(tokens, other["session_id"])) in (NO_CONTENT, UNKNOWN_SESSION)
    assert ends(stack) == {other["session_id"]: "user"}


def test_an_end_whose_answer_is_lost_is_recognized(
    stack: Stack, sessions: Function, login: Function, tokens: Tokens
) -> None:
    """F1: the SDK repeats the write, and its refusal by the request's own record is a success."""
    other = login(login_event("ada", PASSWORD)).json
    stack.wire.next("TransactWriteItems", lost_response)

    assert sessions(end_event(tokens, other["session_id"])) == NO_CONTENT

    assert ends(stack) == {other["session_id"]: "user"}
    assert len(events_named(stack, "session_ended")) == 1


def test_through_the_authorizer_a_token_lists_its_own(
    sessions: Function, authorize: Callable[[Event], dict[str, Any]], tokens: Tokens
) -> None:
    """The function looks for the user and the session that the authorizer passes on."""
    context = authorize(token_event(tokens["access_token"]))["context"]

    assert ids(sessions, {"session_id": context["sid"]}) == [tokens["session_id"]]
    assert context["sub"] == ADA_ID
