import json
import logging
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from edge_auth.authorizer import issuer_keys
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS, UNKNOWN_KEY_FETCH_SECONDS
from tests.support.authorizer import DENIED
from tests.support.people import ADA_ID, PASSWORD, key_ring
from tests.support.sample_events import (
    AUTHORIZER_EVENTS,
    ISSUER,
    Event,
    login_event,
    logout_event,
    refresh_event,
    sample,
    token_event,
    websocket_event,
)
from tests.support.stack import Function, Stack
from tests.support.wire import Fault, lost_request, no_connection, refusal

Authorize = Callable[[Event], dict[str, Any]]
Shape = Callable[[str], Event]
Tokens = dict[str, str]

STAGE = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/v1/*"
ROUTES_OF_AWS = ["GetItem", "PutItem", "UpdateItem", "TransactWriteItems", "Query", "GetSecretValue", "PutSecretValue"]
every_shape = pytest.mark.parametrize("shape", AUTHORIZER_EVENTS.values(), ids=AUTHORIZER_EVENTS)


@pytest.fixture(autouse=True)
def asked(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the stack's jwks function answer when an authorizer fetches keys. Return the addresses that were fetched."""
    asked: list[str] = []

    def download(address: str) -> str:
        asked.append(address)
        answer = stack.function("jwks")(sample("jwks"))
        if answer.status != 200:
            raise ValueError
        return answer.body

    monkeypatch.setattr(issuer_keys, "download", download)
    for bound in ("FETCH_TIMEOUT_SECONDS", "LAST_RESORT_FETCH_SECONDS"):
        monkeypatch.setattr(issuer_keys, bound, 30)  # the test does not depend on time
    return asked


def policy(effect: str, principal: str, context: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to TOKEN and REQUEST 1.0 events."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": STAGE}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


def allow(shape: Shape, context: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a valid access token of ada."""
    if shape is AUTHORIZER_EVENTS["REQUEST 2.0"]:
        return {"isAuthorized": True, "context": context}
    return policy("Allow", ADA_ID, context)


def deny(shape: Shape) -> dict[str, Any]:
    """Return the answer to every other token."""
    if shape is AUTHORIZER_EVENTS["REQUEST 2.0"]:
        return {"isAuthorized": False, "context": DENIED}
    return policy("Deny", "anonymous", DENIED)


def context_of(access_token: str) -> dict[str, Any]:
    """Return the context that the functions behind the authorizer get for a token."""
    said = jwt.decode(access_token, options={"verify_signature": False})
    names = ("sub", "sid", "scope", "client_id", "jti", "exp", "auth_time")
    return {**{name: said[name] for name in names}, "roles": " ".join(said["roles"]), "acr": "", "amr": "pwd"}


def cold(stack: Stack) -> Authorize:
    """Return a cold authorizer."""
    handler = stack.module("authorizer").handler
    return lambda event: dict(handler(event, None))


@every_shape
def test_a_real_login_is_allowed(stack: Stack, authorize: Authorize, tokens: Tokens, shape: Shape) -> None:
    """Z10, Z12: the answer has the shape that its event asks for, the whole stage, and exactly these values."""
    answer = authorize(shape(tokens["access_token"]))

    expected = {
        "sub": ADA_ID,
        "sid": tokens["session_id"],
        "scope": "read write",
        "roles": "admin auditor",
        "client_id": "first-party",
        "jti": answer["context"]["jti"],
        "exp": stack.clock.now_seconds + 900,
        "acr": "",
        "amr": "pwd",
        "auth_time": stack.clock.now_seconds,
    }
    assert answer == allow(shape, expected)
    assert answer["context"] == context_of(tokens["access_token"])
    assert {name: type(value) for name, value in answer["context"].items()} == {
        name: int if name in {"exp", "auth_time"} else str for name in expected
    }
    assert len(json.dumps(answer)) < 8192


@pytest.mark.parametrize("function", ["authorizer", "strict_authorizer"])
def test_a_real_login_opens_a_websocket(stack: Stack, tokens: Tokens, function: str) -> None:
    """Both authorizers read the token from a browser's subprotocols, and a logout counts there too."""
    authorizer, event = stack.module(function).handler, websocket_event(f"bearer, {tokens['access_token']}")

    assert authorizer(event, None) == policy("Allow", ADA_ID, context_of(tokens["access_token"]))

    stack.function("logout")(logout_event(tokens["refresh_token"]))
    stack.clock.advance(seconds=6)
    assert authorizer(event, None) == policy("Deny", "anonymous", DENIED)


@every_shape
def test_a_refreshed_token_is_allowed(
    stack: Stack, authorize: Authorize, refresh: Function, tokens: Tokens, shape: Shape
) -> None:
    """An authorizer that was warm before the refresh allows the new access token."""
    authorize(shape(tokens["access_token"]))
    stack.clock.advance(seconds=3600)
    renewed = refresh(refresh_event(tokens["refresh_token"])).json["access_token"]

    assert authorize(shape(renewed)) == allow(shape, context_of(renewed))


@every_shape
@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
def test_every_algorithm_is_verified(stack: Stack, alg: str, shape: Shape) -> None:
    """The authorizer verifies with the keys that the custom resource returned, and denies a token of another ring."""
    stack.make_key_ring(key_ring(alg))
    access_token = stack.function("login")(login_event("ada", PASSWORD)).json["access_token"]

    assert cold(stack)(shape(access_token)) == allow(shape, context_of(access_token))
    stack.make_key_ring(key_ring(serial=9))
    assert cold(stack)(shape(access_token)) == deny(shape)


@every_shape
def test_keys_from_after_the_deployment_are_learned(
    stack: Stack, asked: list[str], tokens: Tokens, shape: Shape
) -> None:
    """K3, F15: cold and warm authorizers fetch the stack's new keys, and deny a key that its JWKS lacks by then."""
    cold_one, warm_one = cold(stack), cold(stack)
    warm_one(shape(tokens["access_token"]))
    stack.make_key_ring(key_ring(serial=9))
    renewed = stack.function("login")(login_event("ada", PASSWORD)).json["access_token"]
    assert asked == []

    for authorize in (cold_one, warm_one):
        assert [authorize(shape(renewed)) for _ in range(2)] == [allow(shape, context_of(renewed))] * 2
        assert authorize(shape(tokens["access_token"])) == deny(shape)
    assert asked == [f"{ISSUER}/.well-known/jwks.json"] * 2


@every_shape
def test_keys_that_could_not_be_fetched_are_asked_for_a_minute_later(
    stack: Stack, authorize: Authorize, asked: list[str], tokens: Tokens, shape: Shape
) -> None:
    """DC-3: an outage of the key ring denies only tokens of a new key; a fetch a minute later allows these too."""
    stack.make_key_ring(key_ring(serial=9))
    renewed = stack.function("login")(login_event("ada", PASSWORD)).json["access_token"]
    stack.wire.always("GetSecretValue", no_connection)
    assert [authorize(shape(renewed)) for _ in range(2)] == [deny(shape)] * 2
    assert authorize(shape(tokens["access_token"])) == allow(shape, context_of(tokens["access_token"]))

    stack.wire.mend()
    stack.clock.advance(seconds=UNKNOWN_KEY_FETCH_SECONDS)
    assert authorize(shape(renewed)) == allow(shape, context_of(renewed))
    assert len(asked) == 2


@every_shape
def test_a_token_ends_with_its_leeway(stack: Stack, authorize: Authorize, tokens: Tokens, shape: Shape) -> None:
    """Z4, F23: a token is valid for fifteen minutes and five seconds, to the second."""
    event, allowed = shape(tokens["access_token"]), allow(shape, context_of(tokens["access_token"]))
    answers = []
    for seconds in (899.999, 0.001, EXPIRY_LEEWAY_SECONDS - 0.001, 0.001, 86_400):
        stack.clock.advance(seconds=seconds)
        answers.append(authorize(event))

    assert EXPIRY_LEEWAY_SECONDS == 5
    assert answers == [allowed] * 3 + [deny(shape)] * 2


@every_shape
def test_a_token_from_a_clock_ahead_has_its_leeway(
    stack: Stack, authorize: Authorize, tokens: Tokens, shape: Shape
) -> None:
    """Z4, F23: a token from a clock thirty seconds ahead is allowed, and one from further ahead is denied."""
    event, allowed = shape(tokens["access_token"]), allow(shape, context_of(tokens["access_token"]))
    stack.clock.advance(seconds=-30)
    assert authorize(event) == allowed
    stack.clock.advance(seconds=-1)
    assert authorize(event) == deny(shape)


@every_shape
@pytest.mark.parametrize(
    "elsewhere",
    [
        {"Audience": "https://other.example.com"},
        {"Audience": "https://api.example.com/"},
        {"Issuer": "https://auth.example.com"},
        {"Issuer": "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/v1/"},
    ],
)
def test_a_token_for_another_audience_or_issuer_is_denied(
    stack: Stack, authorize: Authorize, tokens: Tokens, elsewhere: dict[str, str], shape: Shape
) -> None:
    """Z4: a token for another audience or from another issuer is denied under the same keys, in both directions."""
    other = stack.with_parameters(**elsewhere)
    of_the_other = other.function("login")(login_event("ada", PASSWORD)).json["access_token"]

    assert authorize(shape(of_the_other)) == deny(shape)
    assert cold(other)(shape(of_the_other)) == allow(shape, context_of(of_the_other))
    assert cold(other)(shape(tokens["access_token"])) == deny(shape)


@pytest.mark.parametrize("part", ["a1b2c3d4e5", "eu-central-1", "v1"])
@every_shape
def test_a_token_of_another_deployment_is_denied(authorize: Authorize, tokens: Tokens, part: str, shape: Shape) -> None:
    """The derived issuer is this API, in this region, at this stage."""
    event = json.loads(json.dumps(shape(tokens["access_token"])).replace(part, "other1"))
    event["headers"] = shape(tokens["access_token"]).get("headers")
    event["multiValueHeaders"] = shape(tokens["access_token"]).get("multiValueHeaders")
    if "authorizationToken" in event:
        event = {**event, "authorizationToken": f"Bearer {tokens['access_token']}"}

    answer = authorize(event)

    assert answer["context"] == DENIED
    if "isAuthorized" in answer:
        assert answer["isAuthorized"] is False
    else:
        assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"


@every_shape
def test_an_issuer_that_is_set_goes_before_the_event(stack: Stack, shape: Shape) -> None:
    """Behind a custom domain, the `Issuer` parameter is used, because the event names another address."""
    stack = stack.with_parameters(Issuer="https://auth.example.com")
    access_token = stack.function("login")(login_event("ada", PASSWORD)).json["access_token"]

    assert cold(stack)(shape(access_token)) == allow(shape, context_of(access_token))


@every_shape
def test_a_refresh_token_is_no_access_token(authorize: Authorize, tokens: Tokens, shape: Shape) -> None:
    """A9: a refresh token is denied with and without its prefix."""
    token = tokens["refresh_token"]
    pieces = token.removeprefix("edgeauth_rt_")
    for presented in (token, pieces, f"{pieces[:40]}.{pieces[40:80]}.{pieces[80:]}"):
        assert authorize(shape(presented)) == deny(shape)


@every_shape
def test_an_edited_token_is_denied(authorize: Authorize, tokens: Tokens, shape: Shape) -> None:
    """Z1, Z2: a real token is denied when one of its segments is removed, changed or made longer."""
    token = tokens["access_token"]
    header, payload, signature = token.split(".")
    turned = "A" if signature[5] != "A" else "B"
    edited = [
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f".{payload}.{signature}",
        f"{header}..{signature}",
        f"{header}.{payload}.{signature[:5]}{turned}{signature[6:]}",
        f"{header}.{payload}A.{signature}",
        f"{header}=.{payload}.{signature}",
        f"{token}=",
        f"{token}.",
        f"{token},{token}",
        f"{token} {token}",
        f'"{token}"',
    ]
    assert [authorize(shape(presented)) for presented in edited] == [deny(shape)] * len(edited)


@every_shape
def test_the_header_may_be_spelt_as_http_allows(authorize: Authorize, tokens: Tokens, shape: Shape) -> None:
    """Z8: the scheme may be in any case and followed by several spaces; another scheme is denied."""
    event = json.dumps(shape(tokens["access_token"]))
    allowed = allow(shape, context_of(tokens["access_token"]))

    spelt = [authorize(json.loads(event.replace("Bearer ", scheme))) for scheme in ("bearer ", "BEARER ", "Bearer   ")]
    others = [authorize(json.loads(event.replace("Bearer ", scheme))) for scheme in ("Basic ", "DPoP ", "", "Bearer")]

    assert spelt == [allowed] * 3
    assert others == [deny(shape)] * 4


@every_shape
@pytest.mark.parametrize("outage", [no_connection, lost_request, refusal("ThrottlingException")])
def test_an_outage_of_aws_changes_nothing(stack: Stack, tokens: Tokens, outage: Fault, shape: Shape) -> None:
    """Z13, Z14: without the feed, a cold and a warm authorizer make no call to AWS, neither for good nor bad tokens."""
    stack = stack.with_parameters(RevocationSeconds="0")
    for operation in ROUTES_OF_AWS:
        stack.wire.always(operation, outage)
    stack.wire.forget()
    authorize = cold(stack)
    good, bad = shape(tokens["access_token"]), shape(tokens["access_token"] + "x")

    answers = [authorize(event) for event in (good, bad, good, bad)]

    allowed = allow(shape, context_of(tokens["access_token"]))
    assert answers == [allowed, deny(shape)] * 2
    assert stack.wire.calls == []


@every_shape
@pytest.mark.parametrize("jwks", ["", '{"keys":[]}'])
def test_without_keys_nothing_is_decided(stack: Stack, tokens: Tokens, jwks: str, shape: Shape) -> None:
    """Z14: without keys the authorizer raises an error, which is a 500; API Gateway would cache a Deny."""
    stack.jwks = jwks
    authorize = cold(stack)
    for token in (tokens["access_token"], "x", ""):
        with pytest.raises(RuntimeError, match=r"^no keys to verify with$"):
            authorize(shape(token))


def test_a_denial_says_which_check_failed_and_nothing_else(stack: Stack, tokens: Tokens) -> None:
    """Z15: a denial writes one line to the log, with the check and no part of a token; an allowed call writes none."""
    module = stack.module("authorizer")
    said: list[tuple[str, dict[str, str]]] = []
    stack.monkeypatch.setattr(
        logging.getLogger("edge_auth.authorizer.event"), "info", lambda text, extra: said.append((text, extra))
    )
    header, payload, _ = tokens["access_token"].split(".")
    for token in (tokens["access_token"], tokens["refresh_token"], f"{header}.{payload}.AAAA", "a.b.c"):
        module.handler(token_event(token), None)

    assert said == [("access denied", {"check": check}) for check in ("shape", "signature", "header")]
