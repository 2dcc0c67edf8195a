from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.answers import INVALID_GRANT, INVALID_REQUEST, NO_CONTENT, REVOKED
from tests.support.people import ADA_ID, BOB_ID, PASSWORD, ada
from tests.support.sample_events import (
    Event,
    login_event,
    logout_event,
    refresh_event,
    with_form,
    with_json,
)
from tests.support.stack import Answer, Function, Stack

Tokens = dict[str, str]


def form_event(token: str) -> Event:
    """Return a revocation as RFC 7009 defines it."""
    return with_form("logout-form", {"token": token, "token_type_hint": "access_token"})


# RFC 7009 §2.2: a revocation is answered with 200 and an empty body. Stock clients take 204 for a failure.
EVENTS = pytest.mark.parametrize(("event", "done"), [(logout_event, NO_CONTENT), (form_event, REVOKED)])
TOKENS = pytest.mark.parametrize("kind", ["refresh_token", "access_token"])


def reasons(stack: Stack) -> dict[str, str]:
    """Return the reason of each ended session, by session id."""
    ended = [item for item in stack.session_items() if "revoked_at" in item]
    return {item["session_id"]["S"]: item["revoked_reason"]["S"] for item in ended}


@TOKENS
@EVENTS
def test_a_logout_ends_the_session(
    stack: Stack,
    logout: Function,
    refresh: Function,
    tokens: Tokens,
    event: Callable[[str], Event],
    done: Answer,
    kind: str,
) -> None:
    """A6: the session of the refresh token or of the access token ends, and the user's other sessions stay."""
    other = stack.function("login")(login_event("ada", PASSWORD)).json

    assert logout(event(tokens[kind])) == done

    reason = "logout" if kind == "refresh_token" else "access_token_revoked"
    assert reasons(stack) == {tokens["session_id"]: reason}
    assert refresh(refresh_event(tokens["refresh_token"])) == INVALID_GRANT
    assert refresh(refresh_event(other["refresh_token"])).status == 200


@EVENTS
@pytest.mark.parametrize("token", ["x", "a.b.c", "edgeauth_rt_" + "A" * 120, "\N{SNOWMAN}", "a" * 4000])
def test_a_token_that_means_nothing_is_answered_alike(
    stack: Stack, logout: Function, tokens: Tokens, event: Callable[[str], Event], done: Answer, token: str
) -> None:
    """RFC 7009 §2.2: a meaningless token is answered like a good one, and changes nothing."""
    before = stack.session_items()
    assert before[0]["session_id"] == {"S": tokens["session_id"]}

    assert logout(event(token)) == done
    assert stack.session_items() == before


@EVENTS
@pytest.mark.parametrize("reach", ["all", "others"])
@TOKENS
def test_an_ended_session_is_answered_alike(
    logout: Function, tokens: Tokens, event: Callable[[str], Event], done: Answer, kind: str, reach: str
) -> None:
    """RFC 7009 §2.2: a client that repeats a logout gets the same answer, whichever sessions it should end."""
    assert logout(event(tokens[kind])) == logout(event(tokens[kind])) == done
    assert logout(with_json("logout-json", {"refresh_token": tokens[kind], reach: True})) == NO_CONTENT


@pytest.mark.parametrize("reach", ["all", "others"])
def test_an_access_token_ends_no_other_session(
    stack: Stack, logout: Function, login: Function, tokens: Tokens, reach: str
) -> None:
    """An access token is sent with every call, so it is stolen more easily: with `all` or `others` it ends nothing."""
    login(login_event("ada", PASSWORD))
    stack.wire.forget()

    answer = logout(with_json("logout-json", {"refresh_token": tokens["access_token"], reach: True}))

    assert answer == NO_CONTENT
    assert not [call for call in stack.wire.counts if call.startswith("dynamodb.")]
    assert reasons(stack) == {}


def test_an_access_token_is_checked_as_the_authorizer_checks_it(stack: Stack, tokens: Tokens) -> None:
    """A token of another issuer ends nothing; the issuer is that of the settings, or the API's own address."""
    elsewhere = stack.with_parameters(Issuer="https://auth.example.com").function("logout")

    assert elsewhere(form_event(tokens["access_token"])) == REVOKED
    assert reasons(stack) == {}
    stack.clock.advance(seconds=904)
    assert stack.function("logout")(form_event(tokens["access_token"])) == REVOKED
    assert reasons(stack) == {tokens["session_id"]: "access_token_revoked"}


def test_a_refresh_token_needs_no_issuer(stack: Stack, logout: Function, tokens: Tokens) -> None:
    """A refresh token is checked by its MAC, so an event without an address ends its session too."""
    event = form_event(tokens["refresh_token"])
    event["requestContext"] = {}

    assert logout(event) == REVOKED
    assert reasons(stack) == {tokens["session_id"]: "logout"}


def test_a_logout_needs_no_access_token(stack: Stack, logout: Function, tokens: Tokens) -> None:
    """A user logs out after the access token has expired: the refresh token is enough, and no other is sent."""
    stack.clock.advance(seconds=3600 + 6)  # the longest life of an access token, and more than its leeway
    event = logout_event(tokens["refresh_token"])
    assert "authorization" not in {name.lower() for name in event["headers"]}

    assert logout(event) == NO_CONTENT

    assert reasons(stack) == {tokens["session_id"]: "logout"}


def test_a_logout_of_all_ends_the_users_sessions_and_no_others(
    stack: Stack, logout: Function, refresh: Function, login: Function, tokens: Tokens
) -> None:
    """A8, F12: every session of ada ends and none of bob; ada's epoch rises, and a new login works."""
    others = [login(login_event("ada", PASSWORD)).json for _ in range(2)]
    stack.add_user(replace(ada(), user_id=BOB_ID, username="bob"), PASSWORD)
    bobs = login(login_event("bob", PASSWORD)).json

    assert logout(logout_event(tokens["refresh_token"], everywhere=True)) == NO_CONTENT

    assert reasons(stack) == {session["session_id"]: "logout_all" for session in (tokens, *others)}
    assert refresh(refresh_event(bobs["refresh_token"])).status == 200
    assert stack.identities.find("ada").epoch == 1
    assert stack.identities.find("bob").epoch == 0
    assert login(login_event("ada", PASSWORD)).status == 200


def test_a_deleted_session_ends_no_other_session(
    stack: Stack, logout: Function, login: Function, tokens: Tokens
) -> None:
    """A token of a session that DynamoDB has deleted cannot end the user's other sessions."""
    other = login(login_event("ada", PASSWORD)).json
    key = {"user_id": {"S": ADA_ID}, "session_id": {"S": tokens["session_id"]}}
    stack.dynamodb.delete_item(TableName="functional-SessionsTable", Key=key)

    assert logout(logout_event(tokens["refresh_token"], everywhere=True)) == NO_CONTENT

    assert other["session_id"] not in reasons(stack)
    assert stack.identities.find("ada").epoch == 0


def test_a_damaged_session_does_not_keep_the_others_alive(
    stack: Stack, logout: Function, login: Function, tokens: Tokens
) -> None:
    """F38: ending all sessions also ends the damaged one, and reaches the others."""
    other = login(login_event("ada", PASSWORD)).json
    stack.dynamodb.put_item(
        TableName="functional-SessionsTable",
        Item={"user_id": {"S": ADA_ID}, "session_id": {"S": "damaged"}, "generation": {"S": "three"}},
    )

    assert logout(logout_event(tokens["refresh_token"], everywhere=True)) == NO_CONTENT

    assert reasons(stack) == dict.fromkeys((tokens["session_id"], other["session_id"], "damaged"), "logout_all")


def test_a_logout_of_the_others_ends_them_and_no_more(
    stack: Stack, logout: Function, refresh: Function, login: Function, tokens: Tokens
) -> None:
    """A8: the epoch rises first; then every other session of ada ends, and none of bob."""
    others = [login(login_event("ada", PASSWORD)).json for _ in range(2)]
    stack.add_user(replace(ada(), user_id=BOB_ID, username="bob"), PASSWORD)
    bobs = login(login_event("bob", PASSWORD)).json
    event = with_json("logout-json", {"refresh_token": tokens["refresh_token"], "others": True})
    stack.wire.forget()

    assert logout(event) == NO_CONTENT

    operations = [call.operation for call in stack.wire.calls if call.service == "dynamodb"]
    ends = ["TransactWriteItems"] * 2
    assert operations == ["GetItem", "GetItem", "UpdateItem", "Query", *ends, "Query"]
    assert reasons(stack) == {session["session_id"]: "logout_others" for session in others}
    for living in (tokens, bobs):
        assert refresh(refresh_event(living["refresh_token"])).status == 200
    for dead in others:
        assert refresh(refresh_event(dead["refresh_token"])) == INVALID_GRANT
    assert stack.identities.find("ada").epoch == 1


def test_all_and_others_together_are_malformed(stack: Stack, logout: Function, tokens: Tokens) -> None:
    """The two flags contradict each other, so no session ends."""
    event = with_json("logout-json", {"refresh_token": tokens["refresh_token"], "all": True, "others": True})

    assert logout(event) == INVALID_REQUEST
    assert reasons(stack) == {}


@pytest.mark.parametrize("parameters", [{}, {"token": ""}, {"refresh_token": "x"}])
def test_a_revocation_without_a_token_is_malformed(logout: Function, parameters: dict[str, str]) -> None:
    """RFC 7009 §2.1: the form parameter is named `token`."""
    assert logout(with_form("logout-form", parameters)) == INVALID_REQUEST


def test_the_return_of_an_owner_after_a_thief_is_an_error_in_the_log(
    stack: Stack, logout: Function, refresh: Function, tokens: Tokens
) -> None:
    """F8: a thief rotated and logged out. The owner gets the answer of every dead token, and the log has an error."""
    stolen = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]
    stack.clock.advance(seconds=3600)
    logout(logout_event(stolen))
    stack.clock.advance(seconds=3600)

    assert refresh(refresh_event(tokens["refresh_token"])) == refresh(refresh_event("x")) == INVALID_GRANT

    [told] = [line for line in stack.output.security_events() if line["event"] == "refresh_token_diverged"]
    assert (told["level"], told["reason"], told["generations_behind"]) == ("ERROR", "diverged", 1)
    assert reasons(stack) == {tokens["session_id"]: "logout"}
