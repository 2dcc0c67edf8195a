"""events/*.json, with what a test puts in instead."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support.template import ROOT

EVENTS = ROOT / "events"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
ISSUER = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/v1"
"""The address of the API that the sample events come from."""

Event = dict[str, Any]


def names() -> list[str]:
    """Return the names of all sample events."""
    return sorted(path.stem for path in Path(EVENTS).glob("*.json"))


def sample(name: str) -> Event:
    """Return a fresh copy of a sample event."""
    event: Event = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def with_body(name: str, body: str | None, *, media_type: str | None = JSON) -> Event:
    """Return a sample event with another body and content type."""
    event = sample(name)
    event["body"] = body
    for headers, value in ((event["headers"], media_type), (event["multiValueHeaders"], [media_type])):
        headers.pop("Content-Type", None)
        if media_type is not None:
            headers["Content-Type"] = value
    return event


def with_json(name: str, parameters: object) -> Event:
    """Return a sample event with these JSON parameters."""
    return with_body(name, json.dumps(parameters))


def with_form(name: str, parameters: dict[str, str]) -> Event:
    """Return a sample event with these form parameters."""
    return with_body(name, urlencode(parameters), media_type=FORM)


def login_event(username: str, password: str) -> Event:
    """Return a login."""
    return with_json("login", {"username": username, "password": password})


def refresh_event(token: str) -> Event:
    """Return a refresh in JSON."""
    return with_json("refresh-json", {"refresh_token": token})


def logout_event(token: str, *, everywhere: bool = False) -> Event:
    """Return a logout in JSON."""
    return with_json("logout-json", {"refresh_token": token, "all": everywhere})


def token_event(access_token: str) -> Event:
    """Return a TOKEN event for the authorizer."""
    return {**sample("authorizer-token"), "authorizationToken": f"Bearer {access_token}"}


def request_1_event(access_token: str) -> Event:
    """Return a REQUEST event, payload 1.0, for the authorizer."""
    event = sample("authorizer-request-1.0")
    event["headers"]["Authorization"] = f"Bearer {access_token}"
    event["multiValueHeaders"]["Authorization"] = [f"Bearer {access_token}"]
    return event


def request_2_event(access_token: str) -> Event:
    """Return a REQUEST event, payload 2.0, for the authorizer."""
    event = sample("authorizer-request-2.0")
    event["headers"]["authorization"] = f"Bearer {access_token}"
    event["identitySource"] = [f"Bearer {access_token}"]
    return event


AUTHORIZER_EVENTS = {"TOKEN": token_event, "REQUEST 1.0": request_1_event, "REQUEST 2.0": request_2_event}
