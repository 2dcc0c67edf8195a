"""The verifier of examples/edge decides as the authorizer does: for hostile tokens, edited ones, and good ones."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_auth import base64url
from edge_auth.authorizer.event import bearer_token
from edge_auth.errors import InvalidToken
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS, ISSUED_AT_LEEWAY_SECONDS, MAX_LIFETIME_SECONDS
from edge_auth.tokens import access_token as access
from edge_auth.tokens.claims import LEVELS
from edge_auth.tokens.verifier import MAX_TOKEN_CHARACTERS, UnknownKey, Verifier, keys_from_jwks
from tests.support.access_tokens import (
    ALGORITHMS,
    AUDIENCE,
    ISSUER,
    NOW,
    claims_at,
    key,
    other_spelling,
    signed_token,
    to_json,
)
from tests.support.authorizer import DEPLOYED_KEYS
from tests.support.cloudfront import EdgeVerifier, issuer_file, needs_node, request_of, viewer_request
from tests.support.hostile_tokens.catalogue import hostile_tokens
from tests.support.token_edits import edited

pytestmark = needs_node

MADE_AT = NOW - 60
ENDED = key("ES256", "ended")
MUTATIONS = 1000
PASSED_ON, INVALID, CANNOT_DECIDE = "passed on", "401", "503"


def _public_keys() -> list[dict[str, object]]:
    living = [{**pair.public_jwk(), "exp": NOW + 86_400} for pair in DEPLOYED_KEYS]
    return [*living, {**ENDED.public_jwk(), "exp": NOW}]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> EdgeVerifier:
    """Return the function with the keys of the other tests, and one that has ended."""
    return EdgeVerifier(tmp_path_factory.mktemp("edge"), issuer_file(_public_keys(), made_at=MADE_AT))


@pytest.fixture(scope="module")
def layer() -> Verifier:
    """Return the layer's own verifier with the same keys."""
    return Verifier(keys_from_jwks(json.dumps({"keys": _public_keys()})), audience=AUDIENCE)


def decided_by_edge(edge: EdgeVerifier, tokens: dict[str, str]) -> dict[str, str]:
    """Return what the function does with each token."""
    events = [viewer_request({"Authorization": [f"Bearer {token}"]}) for token in tokens.values()]
    answers = edge.answers(events, now_seconds=NOW)
    return {name: answer.get("status", PASSED_ON) for name, answer in zip(tokens, answers, strict=True)}


def decided_by_layer(layer: Verifier, tokens: dict[str, str]) -> dict[str, str]:
    """Return what the layer's verifier says of each token."""

    def decide(token: str) -> str:
        try:
            sent = bearer_token({"headers": {"authorization": f"Bearer {token}"}})
            layer.verify(sent, issuer=ISSUER, now_seconds=NOW)
        except UnknownKey:
            return CANNOT_DECIDE
        except InvalidToken:
            return INVALID
        return PASSED_ON

    return {name: decide(token) for name, token in tokens.items()}


def test_every_hostile_token_is_refused_as_by_the_authorizer(edge: EdgeVerifier, layer: Verifier) -> None:
    """Nothing of the catalogue passes. An answer is 503 where the authorizer would ask the issuer, and else 401."""
    tokens = hostile_tokens(NOW)

    decided = decided_by_edge(edge, tokens)

    assert decided == decided_by_layer(layer, tokens)
    assert set(decided.values()) == {INVALID, CANNOT_DECIDE}
    assert len(decided) > 900


def border_tokens() -> Iterator[tuple[str, str]]:
    """Yield good tokens, and tokens at each side of a bound."""
    good = claims_at(NOW)
    payload = good.payload()
    for alg in ALGORITHMS:
        yield f"good {alg}", access.issue(good, key(alg))
    yield "of the next key", access.issue(good, key("ES256", "next"))
    yield "of a key that has ended", access.issue(good, ENDED)
    yield "the other spelling of a signature", other_spelling(access.issue(good, key("ES256")))
    for level in LEVELS:
        yield f"with {level}", access.issue(good._replace(acr=level), key("ES256"))
    yield "without rights", access.issue(good._replace(scope="", roles=(), amr=()), key("ES256"))
    for more in (-1, 0, 1):
        iat = NOW + ISSUED_AT_LEEWAY_SECONDS + more
        changed: dict[str, dict[str, object]] = {
            f"issued {iat - NOW} s ahead": {"iat": iat},
            f"nbf {iat - NOW} s ahead": {"nbf": iat},
            f"expired {EXPIRY_LEEWAY_SECONDS + more} s ago": {
                "exp": NOW - EXPIRY_LEEWAY_SECONDS - more,
                "iat": NOW - 60,
            },
            f"lives {MAX_LIFETIME_SECONDS + more} s": {"exp": NOW + MAX_LIFETIME_SECONDS + more, "iat": NOW},
            f"lives {more} s": {"exp": NOW + 20 + more, "iat": NOW + 20},
            f"sub of {64 + more}": {"sub": "a" * (64 + more)},
            f"client_id of {128 + more}": {"client_id": "a" * (128 + more)},
        }
        for name, claims in changed.items():
            yield name, signed_token({**payload, **claims}, signed_by=key("ES256"))
        signed = signed_token({**payload, "x": ""}, signed_by=key("EdDSA"))
        room = (MAX_TOKEN_CHARACTERS - len(signed)) * 3 // 4 + more
        yield f"of the largest size, {more}", signed_token({**payload, "x": "a" * room}, signed_by=key("EdDSA"))
    for value in ("a" * 128, " ", True, 0, -1, 2**53 - 1, ["a", "b/c"], ["a" * 64]):
        own: dict[str, object] = {"acme:tenant": value, "https://example.com/t": value}
        yield f"own claim {json.dumps(value)[:20]}", signed_token({**payload, **own}, signed_by=key("ES256"))
    yield (
        "own names",
        signed_token({**payload, "a" * 32 + ":" + "b" * 64: "7", "a+.-:~/:_": "7"}, signed_by=key("ES256")),
    )
    text = to_json(payload)[:-1]
    for member in (
        b'"x":{"a":1,"b":{"a":1}},"y":[{"a":1},{"a":1},"a","a"]',
        b'"x":{"a":[{"a":1,"a":2}]}',
        b'"x":[1,{"b":1.5}]',
        b'"x":"1.5, \\"sub\\":\\"a\\", \\"sub\\":\\"b\\" {}[]"',
        b'"x":"\\\\","y":"\\\\\\""',
        b'"\\"sub\\":":1',
        b' "x" : 1 , "y" : [ ] ',
        b'"x" :1,"x"\n:2',
        b'"x":-1,"y":-0',
        b'"x":-1.0',
        b'"x":1E2',
        b'"__proto__":{"sub":"root"},"constructor":1,"toString":{}',
        b'"__proto__":1,"__proto__":2',
        '"x":"é\u2028"'.encode(),
        b'"x":"\\ud800"',
        b'"":1',
        b'"":1,"":2',
        b'"x":true,"y":false,"z":null',
    ):
        yield f"with {member!r}", signed_token(text + b"," + member + b"}", signed_by=key("ES256"))
    yield "space in front", signed_token(b" " + text + b"}", signed_by=key("ES256"))
    yield "space at the end", signed_token(text + b"} ", signed_by=key("ES256"))


def test_the_bounds_are_those_of_the_authorizer(edge: EdgeVerifier, layer: Verifier) -> None:
    """Good tokens pass with each algorithm, and each bound and each rule of JSON is in the same place."""
    tokens = dict(border_tokens())

    decided = decided_by_edge(edge, tokens)

    assert decided == decided_by_layer(layer, tokens)
    assert set(decided.values()) == {PASSED_ON, INVALID, CANNOT_DECIDE}
    assert [decided[f"good {alg}"] for alg in ALGORITHMS] == [PASSED_ON] * 3


def test_edited_tokens_are_refused_as_by_the_authorizer(edge: EdgeVerifier, layer: Verifier) -> None:
    """The same generator that edits tokens for the authorizer."""
    rng = random.Random(6750)  # noqa: S311 - not a secret, a seed to repeat the test with
    good = [access.issue(claims_at(NOW - age), key(alg)) for alg in ALGORITHMS for age in range(3)]
    tokens = {str(number): edited(rng, good) for number in range(MUTATIONS)}

    decided = decided_by_edge(edge, tokens)

    # A reason to ask the issuer is one to answer 503 only for a token that may be newer than the file.
    expected = {
        name: INVALID if said == CANNOT_DECIDE and not is_readable(tokens[name]) else said
        for name, said in decided_by_layer(layer, tokens).items()
    }
    assert decided == expected


def is_readable(token: str) -> bool:
    """Whether the payload says when the token was issued."""
    try:
        return bool(json.loads(base64url.decode(token.split(".")[1]))["iat"] >= MADE_AT)
    except (ValueError, KeyError):
        return False


def test_a_refused_request_changes_no_later_answer(edge: EdgeVerifier) -> None:
    """A warm function gives the same answers in any order."""
    good = viewer_request({"Authorization": [f"Bearer {access.issue(claims_at(NOW), key('ES256'))}"]})
    bad = viewer_request({"Authorization": ["Bearer x.y.z"]})

    answers = edge.answers([good, bad, good, bad], now_seconds=NOW)

    assert answers[0] == answers[2]
    assert answers[1] == answers[3]
    assert request_of(good)["uri"] == answers[0]["uri"]


def test_a_file_with_an_unusable_key_does_not_start(tmp_path: Path) -> None:
    """A key without an end would be trusted for ever, and one of another algorithm has no check."""
    good = _public_keys()[0]
    for wrong in ({**good, "exp": None}, {**good, "alg": "HS256"}, {**good, "alg": "toString"}, {**good, "x": "AA"}):
        with pytest.raises(AssertionError, match="Error"):
            EdgeVerifier(tmp_path, issuer_file([wrong], made_at=MADE_AT)).answers([], now_seconds=NOW)
