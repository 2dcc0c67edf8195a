import json
from collections.abc import Callable

import pytest

from edge_auth.keys.ring_document import to_secret_json
from tests.support.answers import UNAVAILABLE
from tests.support.key_ring_events import GET
from tests.support.outages import ATTEMPTS, NO_SECRETS
from tests.support.people import PASSWORD, ada, key_ring
from tests.support.sample_events import Event, login_event, logout_event, refresh_event, sample
from tests.support.stack import Answer, Stack

Tokens = dict[str, str]


def unusable_rings() -> dict[str, str]:
    """Return secrets that hold no usable ring, by what is wrong with them."""
    ring = key_ring()
    text = to_secret_json(ring)
    document = json.loads(text)
    (signing, following), (mac, following_mac) = document["signing"], document["mac"]

    def with_signing(**changes: object) -> str:
        return json.dumps({**document, "signing": [{**signing, **changes}, following]})

    def with_mac(**changes: object) -> str:
        return json.dumps({**document, "mac": [{**mac, **changes}, following_mac]})

    return {
        "blank": " ",
        "garbage": "\x00garbage",
        "no object": "[]",
        "null": "null",
        "empty object": "{}",
        "cut off": text[:-20],
        "two rings": text + text,
        "the format before": json.dumps({**document, "format": 1}),
        "a format to come": json.dumps({**document, "format": 3}),
        "no signing keys": json.dumps({**document, "signing": []}),
        "no list of signing keys": json.dumps({**document, "signing": signing}),
        "no MAC keys": json.dumps({**document, "mac": None}),
        "no signing key among them": json.dumps({**document, "signing": [None, following]}),
        "no time": with_signing(signs_from=None),
        "a time that is no whole number": with_signing(published_at=1.5),
        "no end": json.dumps({**document, "signing": [{k: v for k, v in signing.items() if k != "ends_at"}]}),
        "a newest key that ends": json.dumps({**document, "signing": [signing]}),
        "a short MAC key": with_mac(secret="AAAA"),
        "a MAC key that is no text": with_mac(secret=1),
        "a signing key of another algorithm": with_signing(alg="RS256"),
        "an unknown algorithm": with_signing(alg="none"),
        "no private key": with_signing(jwk=ring.signing[0].key.public_jwk()),
        "a point off the curve": with_signing(jwk={**signing["jwk"], "x": "A" * 43}),
        "deep": "[" * 5000,
    }


def jwks_event() -> Event:
    """Return a request for the public keys."""
    return sample("jwks")


@pytest.fixture
def answers(empty_stack: Stack) -> Callable[[str], list[Answer]]:
    """Return a function that sends a refresh token to cold functions: login, refresh, jwks and both kinds of logout."""
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
    """F40, DC-3: the answer is 503 without a call to DynamoDB; the same functions work when the secret can be read."""
    before = stack.session_items()
    stack.wire.forget()
    for name, fault in NO_SECRETS.items():
        stack.wire.always("GetSecretValue", fault)
        assert answers(tokens["refresh_token"]) == [UNAVAILABLE] * 5, name

    assert stack.wire.counts.keys() == {GET}
    assert stack.wire.counts[GET] <= len(NO_SECRETS) * ATTEMPTS * 5
    assert stack.session_items() == before

    stack.wire.mend()
    assert [answer.status for answer in answers(tokens["refresh_token"])] == [200, 200, 200, 204, 204]


def test_a_secret_without_a_value(empty_stack: Stack, answers: Callable[[str], list[Answer]]) -> None:
    """Before the first ring is made, the answer is 503 and nothing is written; afterwards the same functions work."""
    assert answers("x") == [UNAVAILABLE] * 5
    assert empty_stack.session_items() == []

    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(ada(), PASSWORD)
    assert [answer.status for answer in answers("x")] == [200, 400, 200, 204, 204]


def test_a_secret_without_a_usable_ring(stack: Stack, tokens: Tokens, answers: Callable[[str], list[Answer]]) -> None:
    """DC-3: all functions answer an unusable secret with 503; nothing is written and DynamoDB is not called."""
    ring, before = stack.key_ring, stack.session_items()
    stack.wire.forget()
    for name, text in unusable_rings().items():
        stack.secretsmanager.put_secret_value(SecretId=stack.secret_arn, SecretString=text)
        assert answers(tokens["refresh_token"]) == [UNAVAILABLE] * 5, name
    stack.secretsmanager.put_secret_value(SecretId=stack.secret_arn, SecretBinary=to_secret_json(ring).encode())
    assert answers(tokens["refresh_token"]) == [UNAVAILABLE] * 5

    assert stack.wire.counts == {GET: 5 * (len(unusable_rings()) + 1)}
    assert stack.session_items() == before

    stack.make_key_ring(ring)
    assert [answer.status for answer in answers(tokens["refresh_token"])] == [200, 200, 200, 204, 204]
