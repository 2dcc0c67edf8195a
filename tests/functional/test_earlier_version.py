"""Data of an earlier version: its tables, its key ring and its tokens work after a deploy of this version.

`earlier_version.json` was written by version 0.1.0 at commit 0befbd1. Its keys sign nothing else.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_auth.keys.ring_document import from_secret_json
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from tests.support.answers import INVALID_CREDENTIALS, INVALID_GRANT, NO_CONTENT
from tests.support.people import WRONG_PASSWORD
from tests.support.sample_events import Event, login_event, logout_event, refresh_event, token_event
from tests.support.stack import TABLES, Answer, Stack

Authorize = Callable[[Event], dict[str, Any]]


def _bytes_again(members: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    return bytes.fromhex(members["bytes"]) if members.keys() == {"bytes"} else members


WRITTEN = json.loads(Path(__file__).with_name("earlier_version.json").read_text(), object_hook=_bytes_again)


@pytest.fixture
def stack(empty_stack: Stack) -> Stack:
    """Return a stack that holds the data of the earlier version, at the moment of its last write."""
    empty_stack.clock.now_ms = WRITTEN["now_ms"]
    empty_stack.make_key_ring(from_secret_json(json.dumps(WRITTEN["key_ring"])))
    for table, written in WRITTEN["tables"].items():
        for item in written:
            empty_stack.dynamodb.put_item(TableName=TABLES[table], Item=item)
    return empty_stack


def token(name: str) -> str:
    """Return a refresh token of the earlier version."""
    text: str = WRITTEN["tokens"][name]["refresh_token"]
    return text


def test_its_key_ring_is_read_as_it_was_written(stack: Stack) -> None:
    """The secret is read as it was written, so a deploy loses no key."""
    assert (
        json.loads(stack.secretsmanager.get_secret_value(SecretId=stack.secret_arn)["SecretString"])
        == (WRITTEN["key_ring"])
    )
    assert stack.rotate_keys()({"action": "advance"})["signing"][0]["state"] == "signing"


@pytest.mark.parametrize("name", ["of_the_login", "previous", "refreshed"])
def test_its_access_tokens_verify(stack: Stack, authorize: Authorize, name: str) -> None:
    """The authorizer verifies the access tokens of the earlier version."""
    access_token = WRITTEN["tokens"][name]["access_token"]
    assert json.loads(stack.jwks) == WRITTEN["jwks"]
    [statement] = authorize(token_event(access_token))["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"


@pytest.mark.parametrize("name", ["of_the_login", "refreshed"])
def test_its_refresh_tokens_rotate(refresh: Callable[[object], Answer], name: str) -> None:
    """A session continues with its id and its scope, and its next token is good too."""
    answer = refresh(refresh_event(token(name)))
    assert answer.status == 200
    assert answer.json["session_id"] == WRITTEN["tokens"][name]["session_id"]
    assert answer.json["scope"] == WRITTEN["tokens"][name]["scope"]
    assert refresh(refresh_event(answer.json["refresh_token"])).status == 200


def test_a_retry_that_began_before_the_deploy_gets_the_same_token(refresh: Callable[[object], Answer]) -> None:
    """The grace window continues across a deploy."""
    assert refresh(refresh_event(token("previous"))).json["refresh_token"] == token("refreshed")


def test_a_client_that_lost_its_last_answer_stays_signed_in(stack: Stack, refresh: Callable[[object], Answer]) -> None:
    """Its item has no base, so the previous token is the base: after the grace window this is a late retry."""
    stack.clock.advance(seconds=3600)
    answer = refresh(refresh_event(token("previous")))
    assert answer.json["session_id"] == WRITTEN["tokens"]["previous"]["session_id"]
    stack.clock.advance(seconds=3600)
    assert refresh(refresh_event(answer.json["refresh_token"])).status == 200


@pytest.mark.parametrize(("first", "second"), [("previous", "refreshed"), ("refreshed", "previous")])
def test_reuse_of_its_tokens_is_detected(
    stack: Stack, refresh: Callable[[object], Answer], first: str, second: str
) -> None:
    """Of two parties, one with each token, the second ends the session, whichever comes first."""
    stack.clock.advance(seconds=3600)
    answer = refresh(refresh_event(token(first)))
    stack.clock.advance(seconds=3600)
    assert refresh(refresh_event(token(second))) == INVALID_GRANT
    assert refresh(refresh_event(answer.json["refresh_token"])) == INVALID_GRANT


@pytest.mark.parametrize("everywhere", [False, True])
def test_its_sessions_end(
    logout: Callable[[object], Answer],
    refresh: Callable[[object], Answer],
    everywhere: bool,  # noqa: FBT001 - one session or all
) -> None:
    """A logout ends one session or all sessions of the user."""
    assert logout(logout_event(token("refreshed"), everywhere=everywhere)) == NO_CONTENT
    assert refresh(refresh_event(token("refreshed"))) == INVALID_GRANT
    assert refresh(refresh_event(token("of_the_login"))).status == (400 if everywhere else 200)


def test_its_ended_sessions_stay_ended(
    stack: Stack, logout: Callable[[object], Answer], refresh: Callable[[object], Answer]
) -> None:
    """That version marked the item of an ended session. Its tokens are refused as revoked, and the item stays."""
    name = {
        "user_id": {"S": "YWRhAAAAAAAAAAAAAAAAAA"},
        "session_id": {"S": WRITTEN["tokens"]["refreshed"]["session_id"]},
    }
    stack.dynamodb.update_item(
        TableName=TABLES["SessionsTable"],
        Key=name,
        UpdateExpression="SET revoked_at = :now, revoked_reason = :reason, end_id = :end_id",
        ExpressionAttributeValues={
            ":now": {"N": str(stack.clock.now_seconds)},
            ":reason": {"S": "logout"},
            ":end_id": {"S": "0" * 32},
        },
    )
    marked = stack.session_items()
    stack.clock.advance(seconds=3600)

    assert refresh(refresh_event(token("refreshed"))) == INVALID_GRANT
    assert refresh(refresh_event(token("previous"))) == INVALID_GRANT
    assert logout(logout_event(token("refreshed"), everywhere=True)) == NO_CONTENT

    told = [(line["event"], line["reason"]) for line in stack.output.security_events()]
    assert told == [("refresh_refused", "revoked"), ("refresh_token_diverged", "diverged")]
    assert stack.session_items() == marked
    assert refresh(refresh_event(token("of_the_login"))).status == 200


def test_its_users_log_in(stack: Stack, login: Callable[[object], Answer]) -> None:
    """A user keeps the password and the user id. The attempts that were counted before the deploy are not read."""
    [counted] = [item for item in stack.attempt_items() if "attempts" in item]
    for _ in range(PASSWORD_BACKOFF.free_attempts - 1):
        assert login(login_event("ada", WRONG_PASSWORD)) == INVALID_CREDENTIALS
    assert login(login_event("ada", WRITTEN["password"])).status == 200
    assert counted in stack.attempt_items()
