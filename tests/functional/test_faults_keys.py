import json
from collections.abc import Callable
from dataclasses import replace

import jwt
import pytest

from edge_auth.tokens.keyring import KeyRing, to_secret_json
from tests.functional.answers import INVALID_GRANT, UNAVAILABLE
from tests.functional.conftest import Function
from tests.functional.outages import ATTEMPTS, GARBAGE
from tests.functional.people import PASSWORD, ada, key_ring
from tests.functional.sample_events import Event, login_event, logout_event, refresh_event, sample
from tests.functional.stack import Answer, Stack
from tests.functional.wire import Fault, lost_request, lost_response, no_address, no_connection, raw_answer, refusal

Tokens = dict[str, str]

GET_RING = "secrets-manager.GetSecretValue"

UNREACHABLE: dict[str, Fault] = {
    "throttling": refusal("ThrottlingException"),
    "internal error": refusal("InternalServiceError", 500),
    "unavailable": refusal("ServiceUnavailable", 503),
    "no key of the secret": refusal("DecryptionFailure"),
    "access denied": refusal("AccessDeniedException"),
    "expired credentials": refusal("ExpiredTokenException"),
    "being deleted": refusal("InvalidRequestException"),
    "deleted": refusal("ResourceNotFoundException"),
    "no address": no_address,
    "connect timeout": no_connection,
    "read timeout": lost_request,
    "lost response": lost_response,
    "bad gateway": raw_answer(b"<html>bad gateway</html>", 502),
    "garbage": raw_answer(GARBAGE, 200),
    "empty": raw_answer(b"", 200),
}


def replaced(ring: KeyRing, **changes: object) -> str:
    """Return the secret of a ring with other members."""
    return json.dumps({**json.loads(to_secret_json(ring)), **changes})


def unusable_rings() -> dict[str, str]:
    """Return secrets that hold no usable ring."""
    ring = key_ring()
    text = to_secret_json(ring)
    document = json.loads(text)
    return {
        "blank": " ",
        "garbage": "\x00garbage",
        "no object": "[]",
        "null": "null",
        "empty object": "{}",
        "cut off": text[:-20],
        "two rings": text + text,
        "another format": replaced(ring, format=2),
        "no signing key": replaced(ring, signing=None),
        "no next key": replaced(ring, next={}),
        "no list of retired keys": replaced(ring, retired=None),
        "no MAC key": replaced(ring, mac=None),
        "a short MAC key": replaced(ring, mac={**document["mac"], "secret": "AAAA"}),
        "a MAC key that is no text": replaced(ring, mac={**document["mac"], "secret": 1}),
        "a signing key of another algorithm": replaced(ring, signing={**document["signing"], "alg": "RS256"}),
        "an unknown algorithm": replaced(ring, signing={**document["signing"], "alg": "none"}),
        "no private key": replaced(ring, signing={**document["signing"], "jwk": ring.signing.public_jwk()}),
        "a point off the curve": replaced(
            ring, signing={**document["signing"], "jwk": {**document["signing"]["jwk"], "x": "A" * 43}}
        ),
        "deep": "[" * 5000,
    }


def jwks_event() -> Event:
    """Return a request for the public keys."""
    return sample("jwks")


def kid(token: str) -> str:
    """Return which key signed an access token."""
    return str(jwt.get_unverified_header(token)["kid"])


@pytest.fixture
def answers(empty_stack: Stack) -> Callable[[str], list[Answer]]:
    """Return a function that sends a refresh token to functions that begin cold: login, refresh, jwks, logouts."""
    login, refresh, jwks, logout = (empty_stack.function(name) for name in ("login", "refresh", "jwks", "logout"))

    def ask(token: str) -> list[Answer]:
        return [
            login(login_event("ada", PASSWORD)),
            refresh(refresh_event(token)),
            jwks(jwks_event()),
            logout(logout_event(token)),
            logout(logout_event(token, everywhere=True)),
        ]

    return ask


def test_keys_that_cannot_be_read_by_a_cold_function(
    stack: Stack, tokens: Tokens, answers: Callable[[str], list[Answer]]
) -> None:
    """F40, DC-3: 503, nothing written and no DynamoDB asked; the same functions work once the secret is back."""
    before = stack.session_items()
    stack.wire.forget()
    for name, fault in UNREACHABLE.items():
        stack.wire.always("GetSecretValue", fault)
        assert answers(tokens["refresh_token"]) == [UNAVAILABLE] * 5, name

    assert stack.wire.counts.keys() == {GET_RING}
    assert stack.wire.counts[GET_RING] <= len(UNREACHABLE) * ATTEMPTS * 5
    assert stack.session_items() == before

    stack.wire.mend()
    assert [answer.status for answer in answers(tokens["refresh_token"])] == [200, 200, 200, 204, 204]


@pytest.mark.parametrize("name", UNREACHABLE)
def test_keys_that_cannot_be_read_by_a_warm_function(stack: Stack, login: Function, tokens: Tokens, name: str) -> None:
    """§6, DC-3: past its five minutes the ring that was read is used on, and read again every five minutes only."""
    refresh, jwks = stack.function("refresh"), stack.function("jwks")
    token = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]
    document = jwks(jwks_event())
    stack.wire.always("GetSecretValue", UNREACHABLE[name])

    for _ in range(2):
        stack.clock.advance(seconds=301)
        stack.wire.forget()
        for _ in range(3):
            stack.clock.advance(seconds=11)
            answer = refresh(refresh_event(token))
            assert answer.status == 200
            assert kid(answer.json["access_token"]) == stack.key_ring.signing.kid
            token = answer.json["refresh_token"]
            assert login(login_event("ada", PASSWORD)).status == 200
            assert jwks(jwks_event()) == document
        assert stack.wire.counts[GET_RING] <= ATTEMPTS * 3


def test_a_rotated_ring_is_picked_up_within_five_minutes(stack: Stack, login: Function, tokens: Tokens) -> None:
    """§6, F15, F16: at the fifth minute at the latest; tokens under the previous MAC key live on under the new one."""
    refresh, jwks = stack.function("refresh"), stack.function("jwks")
    old, new = stack.key_ring, key_ring(serial=1)
    token = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]
    jwks(jwks_event())
    login(login_event("ada", PASSWORD))
    stack.make_key_ring(replace(new, retired=(old.signing,), previous_mac=old.mac))

    stack.clock.advance(seconds=299.999)
    assert jwks(jwks_event()).json == old.jwks()
    answer = refresh(refresh_event(token)).json
    assert kid(answer["access_token"]) == old.signing.kid

    stack.clock.advance(seconds=10)
    assert jwks(jwks_event()).json == stack.key_ring.jwks()
    assert kid(login(login_event("ada", PASSWORD)).json["access_token"]) == new.signing.kid
    answer = refresh(refresh_event(answer["refresh_token"])).json
    assert kid(answer["access_token"]) == new.signing.kid
    stack.clock.advance(seconds=60)
    assert refresh(refresh_event(answer["refresh_token"])).status == 200


def test_a_retry_across_a_rotation_is_no_reuse(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """F16: the same generation in two encodings, of which both are good; no session ends."""
    old = stack.key_ring
    first = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]
    stack.make_key_ring(replace(key_ring(serial=1), retired=(old.signing,), previous_mac=old.mac))

    second = stack.function("refresh")(refresh_event(tokens["refresh_token"])).json["refresh_token"]

    assert second != first
    assert stack.session_items()[0]["generation"] == {"N": "1"}
    stack.clock.advance(seconds=60)
    after = stack.function("refresh")
    assert after(refresh_event(first)).json["refresh_token"] == after(refresh_event(second)).json["refresh_token"]
    assert "revoked_at" not in stack.session_items()[0]


def test_a_ring_without_the_old_keys_ends_everything(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """§6, F24: after an emergency rotation old tokens mean nothing, within five minutes and without a DynamoDB call."""
    assert refresh(refresh_event("x")) == INVALID_GRANT
    stack.make_key_ring(key_ring(serial=1))
    stack.clock.advance(seconds=300)
    before = stack.session_items()
    stack.wire.forget()

    assert refresh(refresh_event(tokens["refresh_token"])) == INVALID_GRANT
    assert stack.wire.counts == {GET_RING: 1}
    assert stack.session_items() == before


def test_a_secret_without_a_value(empty_stack: Stack, answers: Callable[[str], list[Answer]]) -> None:
    """§6: before the first ring was made, 503 and nothing written; afterwards the same functions work."""
    assert answers("x") == [UNAVAILABLE] * 5
    assert empty_stack.session_items() == []

    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(ada(), PASSWORD)
    assert [answer.status for answer in answers("x")] == [200, 400, 200, 204, 204]


def test_a_secret_without_a_usable_ring(stack: Stack, tokens: Tokens, answers: Callable[[str], list[Answer]]) -> None:
    """§6, DC-3: whatever is in the secret, 503 from all functions, nothing written and no DynamoDB asked."""
    ring, before = stack.key_ring, stack.session_items()
    stack.wire.forget()
    for name, text in unusable_rings().items():
        stack.secretsmanager.put_secret_value(SecretId=stack.secret_arn, SecretString=text)
        assert answers(tokens["refresh_token"]) == [UNAVAILABLE] * 5, name
    stack.secretsmanager.put_secret_value(SecretId=stack.secret_arn, SecretBinary=to_secret_json(ring).encode())
    assert answers(tokens["refresh_token"]) == [UNAVAILABLE] * 5

    assert stack.wire.counts == {GET_RING: 5 * (len(unusable_rings()) + 1)}
    assert stack.session_items() == before

    stack.make_key_ring(ring)
    assert [answer.status for answer in answers(tokens["refresh_token"])] == [200, 200, 200, 204, 204]


@pytest.mark.parametrize("name", ["garbage", "cut off", "a short MAC key", "no private key"])
def test_a_ring_that_becomes_unusable(stack: Stack, refresh: Function, tokens: Tokens, name: str) -> None:
    """§6: a warm function signs on with the ring that it has read."""
    token = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]
    signing = stack.key_ring.signing
    stack.secretsmanager.put_secret_value(SecretId=stack.secret_arn, SecretString=unusable_rings()[name])
    stack.clock.advance(seconds=301)

    answer = refresh(refresh_event(token))

    assert answer.status == 200
    assert kid(answer.json["access_token"]) == signing.kid
