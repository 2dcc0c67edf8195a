from collections.abc import Callable
from typing import Any

import jwt
import pytest

from tests.support.access_tokens import AUDIENCE
from tests.support.answers import ERROR_HEADERS, INVALID_GRANT, INVALID_REQUEST, UNSUPPORTED_GRANT_TYPE
from tests.support.people import ADA_ID
from tests.support.sample_events import (
    ISSUER,
    Event,
    refresh_event,
    with_form,
    with_json,
)
from tests.support.stack import Function, Stack

Tokens = dict[str, str]


def form_event(token: str) -> Event:
    """Return a refresh in a form, as standard OAuth clients send it."""
    return with_form("refresh-form", {"grant_type": "refresh_token", "refresh_token": token})


def claims(access_token: str) -> dict[str, Any]:
    """Return the claims of an access token."""
    payload: dict[str, Any] = jwt.decode(access_token, options={"verify_signature": False})
    return payload


@pytest.mark.parametrize("event", [refresh_event, form_event])
def test_a_refresh_is_answered_with_new_tokens(
    refresh: Function, tokens: Tokens, event: Callable[[str], Event]
) -> None:
    """A refresh in JSON or in a form gets the same token response as a login, for the same session."""
    answer = refresh(event(tokens["refresh_token"]))

    assert answer.status == 200
    assert answer.headers == {**ERROR_HEADERS, "Pragma": "no-cache"}
    assert answer.json.keys() == tokens.keys() - {"device_token"}  # which only a login has
    assert answer.json["refresh_token"] != tokens["refresh_token"]
    assert answer.json["access_token"] != tokens["access_token"]
    unchanged = ("token_type", "expires_in", "refresh_expires_in", "session_id", "scope")
    assert {name: answer.json[name] for name in unchanged} == {name: tokens[name] for name in unchanged}


def test_the_session_moves_one_generation(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """I5, A5: the generation and the idle timeout move, the absolute timeout stays; the client is the current one."""
    [before] = stack.session_items()
    stack.clock.advance(seconds=3600)

    refresh(refresh_event(tokens["refresh_token"]))

    [after] = stack.session_items()
    assert after["generation"] == {"N": "1"}
    assert after["rotated_at_ms"] == {"N": str(stack.clock.now_ms)}
    assert after["idle_expires_at"] == {"N": str(stack.clock.now_seconds + 14 * 86_400)}
    assert int(after["delete_at"]["N"]) == int(after["idle_expires_at"]["N"]) + 86_400
    assert (after["user_agent"], after["network"]) == ({"S": "curl/8.9.1"}, {"S": "203.0.113.0/24"})
    changed = {
        "generation",
        "base",
        "rotated_at_ms",
        "rotation_id",
        "idle_expires_at",
        "delete_at",
        "user_agent",
        "network",
    }
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}


def test_the_access_token_has_exactly_the_documented_claims(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """T1, T2, T5, T9: exactly these claims, with the time of the login also an hour later."""
    login_time = stack.clock.now_seconds
    stack.clock.advance(seconds=3600)

    access_token = refresh(refresh_event(tokens["refresh_token"])).json["access_token"]

    said = claims(access_token)
    assert said == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": ADA_ID,
        "client_id": "first-party",
        "iat": stack.clock.now_seconds,
        "exp": stack.clock.now_seconds + 900,
        "jti": said["jti"],
        "sid": tokens["session_id"],
        "auth_time": login_time,
        "scope": "read write",
        "roles": ["admin", "auditor"],
        "amr": ["pwd"],
    }
    assert said["jti"] != claims(tokens["access_token"])["jti"]
    assert jwt.get_unverified_header(access_token) == {
        "alg": "ES256",
        "kid": stack.keys.signing.kid,
        "typ": "at+jwt",
    }
    assert len(access_token) < 1024


def test_an_issuer_that_is_set_is_the_issuer(stack: Stack, tokens: Tokens) -> None:
    """The parameter is used instead of the address that the event names."""
    refresh = stack.with_parameters(Issuer="https://auth.example.com").function("refresh")

    access_token = refresh(refresh_event(tokens["refresh_token"])).json["access_token"]

    assert claims(access_token)["iss"] == "https://auth.example.com"


def test_parallel_tabs_get_the_same_successor(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """F6, F33: in the grace window the previous token gets the same successor, byte for byte."""
    first = refresh(refresh_event(tokens["refresh_token"])).json
    stack.clock.advance(seconds=10)

    second = refresh(refresh_event(tokens["refresh_token"])).json

    assert second["refresh_token"] == first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert stack.session_items()[0]["generation"] == {"N": "1"}


@pytest.mark.parametrize("event", [refresh_event, form_event])
def test_reuse_ends_the_session(stack: Stack, refresh: Function, tokens: Tokens, event: Callable[[str], Event]) -> None:
    """F3, F4, F5, A2, A16: an old token ends the session, is recorded once, and is answered like any dead token."""
    chain = [tokens["refresh_token"]]
    for _ in range(3):
        stack.clock.advance(seconds=60)
        chain.append(refresh(refresh_event(chain[-1])).json["refresh_token"])
    stack.clock.advance(seconds=10.001)

    answer = refresh(event(chain[1]))

    assert answer == INVALID_GRANT
    [item] = stack.session_items()
    assert item["revoked_reason"] == {"S": "reused"}
    assert item["revoked_at"] == {"N": str(stack.clock.now_seconds)}
    assert [refresh(refresh_event(token)) for token in chain] == [INVALID_GRANT] * 4
    told = [line for line in stack.output.security_events() if line["event"] == "refresh_token_reused"]
    assert [(line["level"], line["session_id"], line["generations_behind"]) for line in told] == [
        ("ERROR", tokens["session_id"], 2)
    ]


def test_strict_rotation_ends_the_session_at_the_second_use(stack: Stack, tokens: Tokens) -> None:
    """RotationGraceSeconds 0: there is no grace window, not even in the same millisecond."""
    refresh = stack.with_parameters(RotationGraceSeconds="0").function("refresh")
    successor = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]

    assert refresh(refresh_event(tokens["refresh_token"])) == INVALID_GRANT
    assert refresh(refresh_event(successor)) == INVALID_GRANT


@pytest.mark.parametrize("token", ["x", "edgeauth_rt_", "a" * 8000, "edgeauth_rt_" + "=" * 120, "\u00e9\N{SNOWMAN}"])
def test_a_text_that_is_no_token_is_a_dead_token(refresh: Function, token: str) -> None:
    """A17: every invalid text gets the same answer."""
    assert refresh(refresh_event(token)) == INVALID_GRANT


@pytest.mark.parametrize("grant_type", ["password", "authorization_code", "REFRESH_TOKEN", "refresh_token "])
def test_another_grant_type_is_not_supported(refresh: Function, tokens: Tokens, grant_type: str) -> None:
    """RFC 6749 §5.2: another grant type is refused in a form and in JSON."""
    parameters = {"grant_type": grant_type, "refresh_token": tokens["refresh_token"]}

    assert refresh(with_form("refresh-form", parameters)) == UNSUPPORTED_GRANT_TYPE
    assert refresh(with_json("refresh-json", parameters)) == UNSUPPORTED_GRANT_TYPE


def test_a_form_must_name_its_grant_type(refresh: Function, tokens: Tokens) -> None:
    """RFC 6749 §6: an absent or empty grant type is refused in a form."""
    token = tokens["refresh_token"]

    assert refresh(with_form("refresh-form", {"refresh_token": token})) == INVALID_REQUEST
    assert refresh(with_form("refresh-form", {"grant_type": "", "refresh_token": token})) == INVALID_REQUEST
