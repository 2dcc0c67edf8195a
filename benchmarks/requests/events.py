"""Events for the functions, each from its own source address, and checks of their answers."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from tests.support import sample_events
from tests.support.people import PASSWORD
from tests.support.sample_events import Event

Answer = Any  # any JSON value

# As long as the User-Agent of a real browser, because each session's item contains it.
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
CREATED, NO_CONTENT, BAD_REQUEST, UNAUTHORIZED, TOO_MANY = 201, 204, 400, 401, 429


def event(name: str, caller: Mapping[str, str] | None = None, **members: object) -> Event:
    """Return a sample event from a new address, so that no source is throttled.

    `caller` is the authorizer's context: `sub` and `sid`. `members` replace members of the event.
    """
    made = sample_events.sample(name)
    made["requestContext"]["identity"]["sourceIp"] = f"10.{'.'.join(str(byte) for byte in secrets.token_bytes(3))}"
    made["headers"]["User-Agent"] = USER_AGENT
    made["multiValueHeaders"]["User-Agent"] = [USER_AGENT]
    if caller:
        made["requestContext"]["authorizer"] |= caller
    return {**made, **members}


def login(username: str, password: str = PASSWORD, **shown: str) -> Event:
    """Return the event of a login. `shown` is a second factor, such as `otp`."""
    return event("login", body=json.dumps({"username": username, "password": password, **shown}))


def passkey_sign_in(credential: Mapping[str, object]) -> Event:
    """Return the event of a sign-in with what a passkey has signed."""
    return event("passkeys-sign-in", body=json.dumps({"credential": credential}))


def register() -> Event:
    """Return the event of a registration with a new name."""
    return event("register", body=json.dumps({"username": f"user-{secrets.token_hex(16)}", "password": PASSWORD}))


def reset(username: str) -> Event:
    """Return the event of a request for a mail to set another password."""
    return event("password-reset", body=json.dumps({"username": username}))


def refresh(token: str) -> Event:
    """Return the event of a refresh."""
    return event("refresh-json", body=json.dumps({"refresh_token": token}))


def logout(token: str, *, everywhere: bool = False) -> Event:
    """Return the event of a logout, of one session or of all."""
    return event("logout-json", body=json.dumps({"refresh_token": token, "all": everywhere}))


def password_change(caller: Mapping[str, str], new: str, current: str = PASSWORD) -> Event:
    """Return the event of a change of the caller's password."""
    return event("password", caller, body=json.dumps({"current_password": current, "new_password": new}))


def succeeded(answer: Answer, status: int = 200) -> dict[str, Any]:
    """Return the parsed body of an answer. Raises RuntimeError: the answer has another status."""
    if not isinstance(answer, dict) or answer.get("statusCode") != status:
        raise RuntimeError(f"not {status}: {answer}")
    body: dict[str, Any] = json.loads(answer["body"] or "{}")
    return body


def allowed(answer: Answer) -> None:
    """Check the answer of an authorizer. Raises RuntimeError: it is not a single Allow."""
    effects = [statement["Effect"] for statement in answer["policyDocument"]["Statement"]]
    if effects != ["Allow"]:
        raise RuntimeError(f"not allowed: {answer}")
