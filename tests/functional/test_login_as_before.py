"""Logins without second factors, byte for byte as before there were any: answers, requests and what is stored.

`login_as_before.json` was written at commit 57c7ae84, the last one without second factors. It is written again there:
in a work tree of that commit, with a copy of this file, by

    EDGE_AUTH_WRITE_BEFORE=1 pytest -n0 tests/functional/test_login_as_before.py -k without

What has changed for every login since then is changed in the file by hand.

Left out is what each run or the SDK draws: keys and their ids, signatures, the secret's name and the SDK's tokens.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from edge_auth import base64url
from tests.support.browser import for_browsers, page_login
from tests.support.people import PASSWORD, WRONG_PASSWORD
from tests.support.sample_events import Event, login_event, refresh_event, with_body
from tests.support.stack import Answer, Stack

FILE = Path(__file__).with_name("login_as_before.json")
WRITES = "EDGE_AUTH_WRITE_BEFORE" in os.environ
DRAWN = {"SecretId", "ClientRequestToken"}  # members of requests
Seen = dict[str, Any]


@pytest.fixture(autouse=True)
def _drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the same bytes in every run."""
    numbers = count()
    monkeypatch.setattr("secrets.token_bytes", lambda size: hashlib.shake_128(b"%d" % next(numbers)).digest(size))


def seen(stack: Stack) -> list[Seen]:
    """Return what each call answers, which requests it makes, and what is stored in the end."""
    login, refresh = stack.function("login"), stack.function("refresh")
    steps: list[Seen] = []

    def step(name: str, function: Any, event: Event) -> Answer:  # noqa: ANN401 - a function of the stack
        stack.clock.advance(seconds=5)
        stack.wire.forget()
        answer: Answer = function(event)
        requests = [[call.service, call.operation, without_drawn(call.parameters)] for call in stack.wire.calls]
        steps.append({"step": name, **shown(answer), "requests": sorted(requests, key=repr)})  # threads make some
        return answer

    first = step("login", login, login_event("ada", PASSWORD))
    step("login of a page", login, page_login())
    step("wrong password", login, login_event("ada", WRONG_PASSWORD))
    step("unknown name", login, login_event("nobody", PASSWORD))
    step("malformed body", login, with_body("login", '{"username": "ada", "password": '))
    step("refresh", refresh, refresh_event(first.json["refresh_token"]))
    tables = {
        "identities": stack.identity_items(),
        "sessions": stack.session_items(),
        "attempts": stack.attempt_items(),
    }
    steps.append({"step": "tables", **{name: sorted(items, key=by_members) for name, items in tables.items()}})
    return json.loads(json.dumps(steps, default=lambda value: {"bytes": value.hex()}))  # type: ignore[no-any-return]


def by_members(item: Seen) -> str:
    """Return what items are sorted by."""
    return repr(sorted(item.items()))


def shown(answer: Answer) -> Seen:
    """Return all parts of an answer. An access token is decoded, without the id of its key and its signature."""
    body = answer.body
    for token in access_tokens(body):
        header, payload, _signature = token.split(".")
        said = [base64url.decode(header).decode(), base64url.decode(payload).decode()]
        said[0] = said[0].replace(json.loads(said[0])["kid"], "KEY")
        body = body.replace(token, " ".join(said))
    return {"status": answer.status, "headers": answer.headers, "cookies": answer.cookies, "body": body}


def access_tokens(body: str) -> Iterator[str]:
    """Return the access token of a body that has one."""
    try:
        members = json.loads(body)
    except ValueError:
        return
    if "access_token" in members:
        yield members["access_token"]


def without_drawn(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a request without what is drawn."""
    return {name: value for name, value in parameters.items() if name not in DRAWN}


def before() -> list[Seen]:
    """Return what the file says."""
    steps: list[Seen] = json.loads(FILE.read_text(encoding="utf-8"))
    return steps


def test_without_second_factors_each_byte_is_as_before(stack: Stack) -> None:
    """Two logins, a wrong password, an unknown name, a malformed body and a refresh."""
    now = seen(for_browsers(stack))
    if WRITES:
        FILE.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    assert now == before()


def test_with_second_factors_a_user_without_one_differs_by_the_level(stack: Stack) -> None:
    """Three access tokens and the two sessions, as they are sent and as they are kept, say `1fa`, and no more."""
    text = json.dumps(seen(for_browsers(stack).with_parameters(SecondFactor="optional")))
    assert text.count("1fa") == text.count("acr") == 7
    assert json.loads(text.replace(r",\"acr\":\"1fa\"", "").replace('"acr": {"S": "1fa"}, ', "")) == before()
