"""The authorizer gets every row of the hostile catalogue, in every event shape, warm and cold."""

import time
from typing import Any

import pytest

from edge_auth.authorizer.issuer_keys import IssuerKeys
from edge_auth.tokens import access_token as access
from tests.support.access_tokens import ALGORITHMS, AUDIENCE, CLAIMS, claims_at, key, other_spelling
from tests.support.authorizer import SHAPES, Handler, Issuer, context_of, is_allowed, load, load_module
from tests.support.hostile_tokens.catalogue import FAMILIES, hostile_tokens

NAMES = list(hostile_tokens(1_800_000_000))


@pytest.fixture(scope="module")
def now() -> int:
    """Return the time of issue of the tokens, in seconds. The tests send them a few seconds later."""
    return int(time.time())


@pytest.fixture(scope="module")
def hostile(now: int) -> dict[str, str]:
    """Return the catalogue."""
    return hostile_tokens(now)


def test_the_catalogue_is_as_large_as_it_claims() -> None:
    """The catalogue has more than 900 different tokens, and at least 50 of each family."""
    tokens = hostile_tokens(1_800_000_000)
    assert len(tokens) > 900
    assert all(sum(name.startswith(family) for name in tokens) >= 50 for family in FAMILIES)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
def test_a_good_token_is_allowed(warm: Handler, now: int, shape: str, alg: str) -> None:
    """The good token is allowed, so the faults of the catalogue are the reason for each denial."""
    answer = warm(SHAPES[shape].event(f"Bearer {access.issue(claims_at(now), key(alg))}"), None)
    assert is_allowed(answer)
    assert context_of(answer)["sub"] == CLAIMS.sub


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_token_is_denied(warm: Handler, hostile: dict[str, str], name: str, shape: str) -> None:
    """Each hostile token gets the one answer to bad tokens, without an echo or an exception (Z1-Z5, Z10, Z11)."""
    assert warm(SHAPES[shape].event(f"Bearer {hostile[name]}"), None) == SHAPES[shape].deny


@pytest.mark.parametrize("name", NAMES[::5])
def test_a_hostile_token_is_denied_by_a_cold_start(
    monkeypatch: pytest.MonkeyPatch, hostile: dict[str, str], name: str
) -> None:
    """A new sandbox denies a hostile token in its first request."""
    for shape in SHAPES.values():
        assert load(monkeypatch)(shape.event(f"Bearer {hostile[name]}"), None) == shape.deny


@pytest.mark.parametrize("shape", SHAPES)
def test_hardly_a_hostile_token_is_a_reason_to_ask_the_issuer(
    monkeypatch: pytest.MonkeyPatch, hostile: dict[str, str], shape: str
) -> None:
    """Z13: the issuer is asked only for a token with exactly our own form under an unknown key."""
    module = load_module(monkeypatch)
    asking = []
    for name, token in hostile.items():
        issuer = Issuer()
        monkeypatch.setattr(module, "keys", IssuerKeys(module.deployed, audience=AUDIENCE, download=issuer.download))
        for _ in range(2):
            assert module.handler(SHAPES[shape].event(f"Bearer {token}"), None) == SHAPES[shape].deny
        asking += [name] * len(issuer.asked)

    pairs = [(alg, other) for alg in ALGORITHMS for other in ALGORITHMS if alg != other]
    assert sorted(asking) == sorted(
        [
            "signature: a key that was dropped",
            *(f"signature: {alg}: a foreign key under its own kid" for alg in ALGORITHMS),
            *(f"signature: {alg} key under alg {other}" for alg, other in pairs),
        ]
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_a_good_token_is_allowed_between_hostile_ones(
    warm: Handler, hostile: dict[str, str], now: int, shape: str
) -> None:
    """A refused token changes no later answer of a warm sandbox."""
    good = SHAPES[shape].event(f"Bearer {access.issue(claims_at(now), key('ES256'))}")
    expected = warm(good, None)
    assert is_allowed(expected)
    for token in hostile.values():
        warm(SHAPES[shape].event(f"Bearer {token}"), None)
        assert warm(good, None) == expected


def test_the_other_spelling_of_a_signature_is_the_same_user(warm: Handler, now: int) -> None:
    """Both spellings verify and pass on the same context, so APIs must identify tokens by `jti` or `sid` (DC-5)."""
    good = access.issue(claims_at(now), key("ES256"))
    answers: list[dict[str, Any]] = [
        warm(SHAPES["TOKEN"].event(f"Bearer {token}"), None) for token in (good, other_spelling(good))
    ]
    assert is_allowed(answers[0])
    assert answers[0] == answers[1]
