"""What the functions are called with, and what they must answer: each call does the work that it is there for.

A series of calls is a generator: it yields an event, is sent the answer, and yields the next event. An answer that is
not a success ends the benchmark.
"""

import copy
import json
import secrets
from collections import deque
from collections.abc import Generator
from functools import cache
from typing import Any

import jwt

from benchmarks.lambda_emulator import Answer, Event
from benchmarks.results import ROOT

Calls = Generator[Event, Answer, None]

METHOD_ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/v1/GET/me"
PASSWORD = "three quiet llamas at dawn"
OTHER_PASSWORD = "seven loud herons at dusk"

OK, CREATED, NO_CONTENT = 200, 201, 204


class Series:
    """A series of calls, in which processes of a function take turns. `event` is the next one."""

    def __init__(self, calls: Calls) -> None:
        """Begin."""
        self._calls = calls
        self.event = next(calls)

    def answered(self, answer: Answer) -> None:
        """Check the answer, and go on to the next event. Raises WrongAnswerError."""
        self.event = self._calls.send(answer)


class WrongAnswerError(Exception):
    """A function did not do its work; its answer is the text."""


def succeeded(answer: Answer, status: int = OK) -> Answer:
    """Return the body of a success, parsed. Raises WrongAnswerError."""
    if not isinstance(answer, dict) or answer.get("statusCode") != status:
        raise WrongAnswerError(str(answer))
    return json.loads(answer.get("body") or "null")


def sample(name: str, parameters: dict[str, str] | None = None, caller: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a sample event with another body and caller, from an address that nobody has called from before."""
    event = copy.deepcopy(_sample(name))
    event["requestContext"]["identity"]["sourceIp"] = ".".join(str(1 + secrets.randbelow(254)) for _ in range(4))
    if parameters is not None:
        event["body"] = json.dumps(parameters)
    if caller is not None:
        event["requestContext"]["authorizer"].update(caller)
    return event


def caller(grant: dict[str, Any]) -> dict[str, str]:
    """Return what the authorizer passes on of the user who was granted tokens."""
    claims = jwt.decode(grant["access_token"], options={"verify_signature": False})
    return {"sub": claims["sub"], "sid": claims["sid"]}


def registrations(made: list[str]) -> Calls:
    """Make accounts, and note their names."""
    while True:
        answer = yield sample("register", {"username": f"user-{secrets.token_hex(6)}", "password": PASSWORD})
        made.append(succeeded(answer, CREATED)["username"])


def logins(usernames: list[str], spare: deque[dict[str, Any]]) -> Calls:
    """Log users in, one after the other, and put what they are granted to the spare ones."""
    while True:
        for username in usernames:
            answer = yield sample("login", {"username": username, "password": PASSWORD})
            spare.append(succeeded(answer))


def refreshes(refresh_token: str) -> Calls:
    """Refresh one session again and again, each time with the token of the answer before."""
    while True:
        answer = yield sample("refresh-json", {"refresh_token": refresh_token})
        successor = succeeded(answer)["refresh_token"]
        if successor == refresh_token:
            raise WrongAnswerError("the refresh token was not rotated")
        refresh_token = successor


def logouts(spare: deque[dict[str, Any]]) -> Calls:
    """End spare sessions."""
    while True:
        answer = yield sample("logout-json", {"refresh_token": spare.popleft()["refresh_token"]})
        succeeded(answer, NO_CONTENT)


def password_changes(who: dict[str, str]) -> Calls:
    """Change one user's password, and change it back."""
    current, new = PASSWORD, OTHER_PASSWORD
    while True:
        answer = yield sample("password", {"current_password": current, "new_password": new}, caller=who)
        succeeded(answer, NO_CONTENT)
        current, new = new, current


def reads(name: str, who: dict[str, str] | None = None) -> Calls:
    """Send one event again and again."""
    event = sample(name, caller=who)
    while True:
        answer = yield event
        succeeded(answer)


def authorizations(access_token: str) -> Calls:
    """Show one access token again and again, at a TOKEN authorizer."""
    while True:
        answer = yield _authorizer_event(access_token)
        statements = answer["policyDocument"]["Statement"]
        if [statement["Effect"] for statement in statements] != ["Allow"]:
            raise WrongAnswerError(str(answer))


def key_ring_creation(answer_url: str) -> Calls:
    """Make the key ring, as CloudFormation does when a stack is created; the answer goes to that address."""
    yield {**_sample("key-ring-create"), "ResponseURL": answer_url}
    yield {}


def key_ring_advances() -> Calls:
    """Do what the hourly schedule does: nearly always look, and find nothing to do."""
    while True:
        answer = yield _sample("key-ring-advance")
        if not isinstance(answer, dict) or not answer.get("version"):
            raise WrongAnswerError(str(answer))


def nothings(access_token: str) -> Calls:
    """Call a function that does nothing, with what an authorizer is called with."""
    while True:
        answer = yield _authorizer_event(access_token)
        if answer != {}:
            raise WrongAnswerError(str(answer))


def _authorizer_event(access_token: str) -> dict[str, Any]:
    return {"type": "TOKEN", "methodArn": METHOD_ARN, "authorizationToken": f"Bearer {access_token}"}


@cache
def _sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event
