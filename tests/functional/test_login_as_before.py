"""Logins and a refresh where second factors are off: byte for byte what they were before there were any.

`login_as_before.json` was written at commit 57c7ae84, the last one before mails, second factors and passkeys. What
differs from run to run is left out of both: signatures, key ids, names of secrets, and the tokens of the SDK.
"""

import hashlib
import json
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from edge_auth import base64url
from tests.support.browser import for_browsers, site_login
from tests.support.people import PASSWORD, WRONG_PASSWORD, ada, key_ring
from tests.support.sample_events import Event, login_event, refresh_event, with_json
from tests.support.stack import TABLES, Answer, Function, Stack

BEFORE = Path(__file__).with_name("login_as_before.json")
LEVEL = "1fa"


@pytest.fixture
def stack(empty_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """Return a stack with ada, whose random numbers are the same in each run."""
    drawn = count()
    monkeypatch.setattr("secrets.token_bytes", lambda size: hashlib.shake_128(b"%d" % next(drawn)).digest(size))
    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(ada(), PASSWORD)
    return for_browsers(empty_stack)


def told(stack: Stack) -> dict[str, Any]:
    """Return what clients get, what AWS is asked for and what is stored, of one request after the other."""
    login, refresh = stack.function("login"), stack.function("refresh")
    answer, first = step(stack, login, login_event("ada", PASSWORD))
    steps = {
        "a login": first,
        "a login at a site": step(stack, login, site_login())[1],
        "a wrong password": step(stack, login, login_event("ada", WRONG_PASSWORD))[1],
        "an unknown name": step(stack, login, login_event("nobody", PASSWORD))[1],
        "a malformed body": step(stack, login, with_json("login", {"username": ["ada"]}))[1],
        "a refresh": step(stack, refresh, refresh_event(answer.json["refresh_token"]))[1],
    }
    stored = {table: stack.tables.items(name) for table, name in TABLES.items()}
    items = {table: sorted(rows, key=key_of) for table, rows in stored.items() if rows}
    whole = json.dumps({"steps": steps, "items": items}, default=lambda value: {"bytes": bytes(value).hex()})
    document: dict[str, Any] = json.loads(whole.replace(stack.secret_arn, "the secret"), object_hook=without_sdk_tokens)
    return document


def step(stack: Stack, function: Function, event: Event) -> tuple[Answer, dict[str, Any]]:
    """Send one request, and return its answer, and what there is to compare."""
    stack.wire.forget()
    answer = function(event)
    calls = [[call.service, call.operation, call.parameters] for call in stack.wire.calls]
    stack.clock.advance(seconds=1)
    return answer, {"answer": shown(answer), "requests": sorted(calls, key=json.dumps)}


def key_of(item: dict[str, Any]) -> str:
    """Return what an item is stored under, in each table."""
    return repr([item.get(name) for name in ("pk", "user_id", "session_id", "bucket")])


def shown(answer: Answer) -> dict[str, Any]:
    """Return an answer whose access token is readable: header and claims as they were written, without a key id."""
    body = answer.body
    if answer.status == 200 and "access_token" in answer.json:
        token = answer.json["access_token"]
        header, claims = (base64url.decode(part).decode() for part in token.split(".")[:2])
        body = body.replace(token, f"{header.replace(json.loads(header)['kid'], 'the key')} {claims}")
    return {**asdict(answer), "body": body}


def without_sdk_tokens(members: dict[str, Any]) -> dict[str, Any]:
    """Leave out the token by which the SDK makes a transaction safe to send twice."""
    return {name: value for name, value in members.items() if name != "ClientRequestToken"}


def without_level(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Leave out the level of a login by password, in claims and in items."""
    if isinstance(value, dict):
        return {
            name: without_level(member) for name, member in value.items() if (name, member) != ("acr", {"S": LEVEL})
        }
    if isinstance(value, list):
        return [without_level(member) for member in value]
    return value.replace(f',"acr":"{LEVEL}"', "") if isinstance(value, str) else value


def test_without_second_factors_everything_is_as_before(stack: Stack) -> None:
    """SA9: answers, requests and items are those of the version that had no second factors."""
    assert told(stack) == json.loads(BEFORE.read_text(encoding="utf-8"))


def test_with_second_factors_a_user_without_one_has_a_level_and_nothing_else(stack: Stack) -> None:
    """SA4: `acr` is in the session's item and in its tokens. Whoever has no factor notices no other difference."""
    found = told(stack.with_parameters(SecondFactor="optional"))
    before = json.loads(BEFORE.read_text(encoding="utf-8"))
    assert found != before
    assert without_level(found) == before
