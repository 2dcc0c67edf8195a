"""API Gateway's events: those of events/*.json, with changes by the test."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support.template import ROOT

EVENTS = ROOT / "events"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
STAGE = "v1"
ISSUER = f"https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/{STAGE}"
"""The address of the API that the sample events come from."""
STAGE_ARN = f"arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/{STAGE}"
METHOD_ARN = f"{STAGE_ARN}/GET/me"
ADDRESS = "203.0.113.7"
"""The address of the sample events' client."""

Event = dict[str, Any]


def names() -> list[str]:
    """Return the names of all sample events."""
    return sorted(path.stem for path in Path(EVENTS).glob("*.json"))


@cache
def _text(name: str) -> str:
    return (EVENTS / f"{name}.json").read_text(encoding="utf-8")


def sample(name: str) -> Event:
    """Return a fresh copy of a sample event."""
    event: Event = json.loads(_text(name))
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
    """Return the event of a login."""
    return with_json("login", {"username": username, "password": password})


def refresh_event(token: str) -> Event:
    """Return the event of a refresh with a JSON body."""
    return with_json("refresh-json", {"refresh_token": token})


def logout_event(token: str, *, everywhere: bool = False) -> Event:
    """Return the event of a logout with a JSON body."""
    return with_json("logout-json", {"refresh_token": token, "all": everywhere})


def from_address(event: Event, address: object) -> Event:
    """Return the event, changed to come from a client at this address."""
    event["requestContext"]["identity"]["sourceIp"] = address
    return event


def called_by(event: Event, user_id: object, session_id: str) -> Event:
    """Return the event with the authorizer's context for a user's session."""
    event["requestContext"]["authorizer"] |= {"sub": user_id, "sid": session_id, "principalId": user_id}
    return event


def let_through(event: Event, policy: Mapping[str, Any]) -> Event:
    """Return the event as API Gateway passes it on after this authorizer's answer. All context values are strings."""
    passed_on = {name: str(value) for name, value in policy["context"].items()}
    event["requestContext"]["authorizer"] = {
        **passed_on,
        "principalId": policy["principalId"],
        "integrationLatency": 12,
    }
    return event


def proxied(
    method: str,
    resource: str,
    path: str,
    *,
    headers: Mapping[str, Sequence[str]],
    query: Mapping[str, str],
    path_parameters: Mapping[str, str],
    body: bytes,
) -> Event:
    """Return API Gateway's event for an HTTP request. A body that is not UTF-8 is in base64."""
    event = sample("login")
    try:
        text, is_base64 = body.decode("utf-8"), False
    except UnicodeDecodeError:
        text, is_base64 = base64.b64encode(body).decode("ascii"), True
    last = {name: values[-1] for name, values in headers.items()}
    event["requestContext"] |= {"httpMethod": method, "resourcePath": resource, "path": f"/{STAGE}{path}"}
    event["requestContext"]["identity"]["userAgent"] = last.get("User-Agent")
    return event | {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": last,
        "multiValueHeaders": {name: list(values) for name, values in headers.items()},
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
        "pathParameters": dict(path_parameters) or None,
        "body": text or None,
        "isBase64Encoded": is_base64,
    }


def authorizer_event(shape: str, authorization: object) -> Event:
    """Return an event for the authorizer with this `Authorization` header. `shape` is one of `AUTHORIZER_SAMPLES`."""
    event = sample(AUTHORIZER_SAMPLES[shape])
    match shape:
        case "TOKEN":
            event["authorizationToken"] = authorization
        case "REQUEST 1.0":
            event["headers"]["Authorization"] = authorization
            event["multiValueHeaders"]["Authorization"] = [authorization]
        case _:
            event["headers"]["authorization"] = authorization
            event["identitySource"] = [authorization]
    return event


AUTHORIZER_SAMPLES = {
    "TOKEN": "authorizer-token",
    "REQUEST 1.0": "authorizer-request-1.0",
    "REQUEST 2.0": "authorizer-request-2.0",
}
"""The sample event for each kind of authorizer and version of the payload."""


def _bearing(shape: str, access_token: str) -> Event:
    return authorizer_event(shape, f"Bearer {access_token}")


AUTHORIZER_EVENTS: dict[str, Callable[[str], Event]] = {shape: partial(_bearing, shape) for shape in AUTHORIZER_SAMPLES}
"""For each shape, a function that makes an event with an access token."""
token_event = AUTHORIZER_EVENTS["TOKEN"]


def websocket_event(*protocols: object, authorization: Sequence[object] = ()) -> Event:
    """Return an event of a connecting WebSocket with these values of two headers. Without any, a header is absent."""
    event = sample("authorizer-websocket")
    for name, values in {"Sec-WebSocket-Protocol": protocols, "Authorization": authorization}.items():
        event["headers"].pop(name, None)
        event["multiValueHeaders"].pop(name, None)
        if values:
            event["headers"][name] = values[-1]
            event["multiValueHeaders"][name] = list(values)
    return event


def proxy_event(
    body: str | None = None,
    *,
    content_type: str | None = JSON,
    method: str = "POST",
    path: str = "/auth/refresh",
) -> Event:
    """Return a minimal proxy event with this body: only the members that an endpoint needs."""
    return {
        "httpMethod": method,
        "resource": path,
        "path": path,
        "headers": {} if content_type is None else {"Content-Type": content_type},
        "queryStringParameters": {"refresh_token": "from-the-query"},
        "requestContext": {"domainName": "a.example", "stage": "prod"},
        "body": body,
        "isBase64Encoded": False,
    }
