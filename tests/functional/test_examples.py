"""The functions of examples/ behind the real authorizer: what it answers to a token is what they get."""

import importlib.util
import json
import time
from collections.abc import Callable, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from edge_auth.authorizer import issuer_keys
from edge_auth.caller import InsufficientScope, caller
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.tokens.access_token import issue
from tests.support.access_tokens import AUDIENCE, CLAIMS, ISSUER, claims_at, key
from tests.support.authorizer import Issuer, http_api_event, key_set, load, token_event
from tests.support.sample_events import Event, let_through, sample, websocket_event
from tests.support.template import ROOT

OWNER = CLAIMS.sub
SCOPE = "notes:read notes:write"
CHALLENGE = 'Bearer error="insufficient_scope", scope="notes:read"'


def example(path: str) -> ModuleType:
    """Import the function of an example again, as a cold start does."""
    spec = importlib.util.spec_from_file_location("example", ROOT / "examples" / path / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def token(scope: str = SCOPE) -> str:
    """Return an access token that is issued now."""
    claims = claims_at(int(time.time()))._replace(scope=scope, own_claims={"acme:teams": ("a", "b"), "acme:level": 3})
    return issue(claims, key("ES256"))


def in_texts(context: Mapping[str, object]) -> dict[str, str]:
    """Return a context as REST and WebSocket APIs pass it on."""
    return {name: str(value) for name, value in context.items()}


@pytest.fixture
def authorize(monkeypatch: pytest.MonkeyPatch) -> Callable[[Event], dict[str, Any]]:
    """Return the authorizer."""
    handler = load(monkeypatch)
    return lambda event: handler(event, None)


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Issuer:
    """Let the functions that verify themselves fetch the keys of the issuer."""
    issuer = Issuer(key_set())
    monkeypatch.setattr(issuer_keys, "download", issuer.download)
    monkeypatch.setenv("ISSUER", ISSUER)
    monkeypatch.setenv("AUDIENCE", AUDIENCE)
    return issuer


@pytest.mark.parametrize(("scope", "status"), [(SCOPE, 200), ("notes", 403), ("", 403)])
def test_behind_a_rest_api(authorize: Callable[[Event], dict[str, Any]], scope: str, status: int) -> None:
    """The function answers who has the scope, and challenges everybody else."""
    event = let_through(sample("me"), authorize(token_event(f"Bearer {token(scope)}")))

    answer = example("rest_api/notes").handler(event, None)

    assert answer["statusCode"] == status
    assert answer["headers"].get("WWW-Authenticate") == (CHALLENGE if status == 403 else None)
    assert status == 403 or json.loads(answer["body"])["owner"] == OWNER


@pytest.mark.parametrize(("scope", "status"), [(SCOPE, 200), ("notes", 403)])
def test_behind_an_http_api(authorize: Callable[[Event], dict[str, Any]], scope: str, status: int) -> None:
    """The simple answer's context is in `lambda`."""
    answered = authorize(http_api_event(f"Bearer {token(scope)}"))
    event = {"version": "2.0", "requestContext": {"authorizer": {"lambda": answered["context"]}}}

    answer = example("http_api/notes").handler(event, None)

    assert answered["isAuthorized"] is True
    assert answer["statusCode"] == status
    assert status == 403 or json.loads(answer["body"])["owner"] == OWNER


@pytest.mark.parametrize(
    ("ago_seconds", "scope", "status", "challenge"),
    [
        (60, SCOPE, 204, None),
        (400, SCOPE, 401, 'Bearer error="insufficient_user_authentication", max_age="300"'),
        (60, "notes:read", 403, 'Bearer error="insufficient_scope", scope="notes:write"'),
    ],
)
def test_a_route_behind_an_http_api_demands_a_fresh_login(
    authorize: Callable[[Event], dict[str, Any]], ago_seconds: int, scope: str, status: int, challenge: str | None
) -> None:
    """SA6: the token is new each time, and only the time of the login counts. HTTP APIs keep the name of the header."""
    now = int(time.time())
    access_token = issue(claims_at(now)._replace(scope=scope, auth_time=now - ago_seconds), key("ES256"))
    context = authorize(http_api_event(f"Bearer {access_token}"))["context"]
    event = {"routeKey": "DELETE /notes", "requestContext": {"authorizer": {"lambda": context}}}

    answer = example("http_api/notes").handler(event, None)

    assert (answer["statusCode"], answer.get("headers", {}).get("WWW-Authenticate")) == (status, challenge)


def test_behind_a_websocket_api(authorize: Callable[[Event], dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """`$connect` chooses the subprotocol that a browser offered, and a message is answered until the token expires."""
    connecting = websocket_event(f"bearer, {token()}")
    connecting["requestContext"]["authorizer"] = in_texts(authorize(connecting)["context"])
    message = {"body": "{}", "requestContext": connecting["requestContext"] | {"eventType": "MESSAGE"}}
    chat = example("websocket_api/chat")

    assert chat.handler(connecting, None) == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "bearer"}}
    assert json.loads(chat.handler(message, None)["body"]) == {"from": OWNER}
    expired = time.time() + 901
    monkeypatch.setattr(chat, "time", SimpleNamespace(time=lambda: expired))
    assert chat.handler(message, None)["statusCode"] == 401


@pytest.mark.parametrize("offered", [(), ("chat",), ("chat, superchat",)])
def test_a_client_that_did_not_offer_our_subprotocol_gets_none(
    authorize: Callable[[Event], dict[str, Any]], offered: tuple[str, ...]
) -> None:
    """RFC 6455 §4.1: a client fails the connection if the server chooses what it did not offer."""
    event = websocket_event(*offered, authorization=[f"Bearer {token()}"])
    event["requestContext"]["authorizer"] = in_texts(authorize(event)["context"])

    assert example("websocket_api/chat").handler(event, None) == {"statusCode": 200, "headers": {}}


def resolver_event(context: dict[str, str], field: str) -> dict[str, Any]:
    """Return the context of a resolver without templates, as far as the example reads it."""
    arguments = {"text": "hello"} if field == "addNote" else {}
    return {"identity": {"resolverContext": context}, "info": {"fieldName": field}, "arguments": arguments}


@pytest.mark.usefixtures("issuer")
@pytest.mark.parametrize("scheme", ["", "Bearer "])
@pytest.mark.parametrize(("scope", "denied"), [(SCOPE, []), ("notes:read", ["Mutation.addNote"])])
def test_behind_appsync(scheme: str, scope: str, denied: list[str]) -> None:
    """AppSync gets an answer of its own form, and the resolver gets the caller."""
    answered = example("appsync/authorizer").handler({"authorizationToken": scheme + token(scope)}, None)

    note = example("appsync/notes").handler(resolver_event(answered["resolverContext"], "note"), None)

    assert answered["isAuthorized"] is True
    assert (answered["deniedFields"], answered["ttlOverride"]) == (denied, 0)
    assert all(isinstance(value, str) for value in answered["resolverContext"].values())
    assert note["owner"] == OWNER
    found = caller({"identity": {"resolverContext": answered["resolverContext"]}})
    assert dict(found.claims) == {"acme:teams": "a b", "acme:level": "3"}


@pytest.mark.usefixtures("issuer")
def test_appsync_refuses_who_has_no_valid_token_or_no_scope() -> None:
    """A refusal says nothing else, and a resolver raises an error, which AppSync passes on."""
    authorizer = example("appsync/authorizer").handler
    foreign = issue(claims_at(int(time.time())), key("ES256", "foreign"))
    for bad in ("", "x.y.z", foreign, f"Bearer Bearer {token()}", token() + "x"):
        assert authorizer({"authorizationToken": bad}, None) == {"isAuthorized": False}
    context = authorizer({"authorizationToken": token("notes")}, None)["resolverContext"]

    for field in ("note", "addNote"):
        with pytest.raises(InsufficientScope):
            example("appsync/notes").handler(resolver_event(context, field), None)


def test_appsync_is_told_of_no_refusal_while_the_issuer_is_away(issuer: Issuer) -> None:
    """A function without a key knows nothing about a good token. What is no token of ours is refused all the same."""
    issuer.jwks = ""
    authorizer = example("appsync/authorizer").handler

    for _ in range(2):  # the second one is not fetched for
        with pytest.raises(TemporarilyUnavailable):
            authorizer({"authorizationToken": token()}, None)
    assert authorizer({"authorizationToken": "x.y.z"}, None) == {"isAuthorized": False}
    assert len(issuer.asked) == 1


@pytest.mark.usefixtures("issuer")
def test_who_may_write_adds_a_note_through_appsync() -> None:
    """The field that the authorizer denies to others has a resolver."""
    context = example("appsync/authorizer").handler({"authorizationToken": token("notes:write")}, None)[
        "resolverContext"
    ]

    assert example("appsync/notes").handler(resolver_event(context, "addNote"), None) == {
        "owner": OWNER,
        "text": "hello",
    }


@pytest.mark.usefixtures("issuer")
@pytest.mark.parametrize(
    ("authorization", "status", "challenge"),
    [
        ("Bearer {token}", 200, None),
        ("Bearer {other}", 403, CHALLENGE),
        ("Bearer x.y.z", 401, "Bearer"),
        ("", 401, "Bearer"),
    ],
)
def test_behind_a_function_url(authorization: str, status: int, challenge: str | None) -> None:
    """The function verifies the token itself."""
    sent = authorization.format(token=token(), other=token("notes"))
    event = {"version": "2.0", "headers": {"authorization": sent}, "requestContext": {"http": {"method": "GET"}}}

    answer = example("function_url/notes").handler(event, None)

    assert (answer["statusCode"], answer["headers"].get("WWW-Authenticate")) == (status, challenge)
    assert status != 200 or json.loads(answer["body"])["owner"] == OWNER


def test_a_function_url_is_not_available_while_the_issuer_is_away(issuer: Issuer) -> None:
    """A function without a key knows nothing about a good token. What is no token of ours is refused all the same."""
    issuer.jwks = ""
    handler = example("function_url/notes").handler

    answers = [handler({"headers": {"authorization": f"Bearer {sent}"}}, None) for sent in (token(), token(), "x.y.z")]

    assert [answer["statusCode"] for answer in answers] == [503, 503, 401]
    assert answers[0]["headers"] == {"Retry-After": "1"}
    assert len(issuer.asked) == 1
