"""Makes access tokens from a source of chance: good ones, and ones that are changed, all signed by our own keys."""

import hmac
import json
import random
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from edge_auth import base64url
from edge_auth.keys.jwk import header_segment
from edge_auth.keys.signing_key import SigningKey
from edge_auth.keys.timing import ISSUED_AT_LEEWAY_SECONDS, MAX_LIFETIME_SECONDS
from edge_auth.tokens.claims import LEVELS
from tests.support.access_tokens import ALGORITHMS, AUDIENCE, ISSUER, NOW, assemble
from tests.support.seeded_keys import seeded_key
from tests.support.token_edits import Edit

KEYS = tuple(seeded_key(alg) for alg in ALGORITHMS)
ES256_KEY = KEYS[0]
REQUIRED = ("iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "auth_time")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"  # RFC 4648 §5
_WORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_SCOPE = "".join(chr(number) for number in range(0x21, 0x7F) if chr(number) not in '"\\')

Chance = random.Random
Claims = dict[str, Any]
Change = Callable[[Chance, Claims], object]
Make = Callable[[Chance], str]


def word(chance: Chance, letters: str = _WORD, most: int = 24) -> str:
    """Draw a word."""
    return "".join(chance.choices(letters, k=chance.randrange(1, most)))


def good_claims(chance: Chance) -> Claims:
    """Draw claims that are valid at `NOW`, with any of the optional ones."""
    issued = NOW - chance.randrange(600)
    claims: Claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": word(chance),
        "client_id": word(chance, _WORD + "."),
        "iat": issued,
        "exp": issued + chance.randrange(601, MAX_LIFETIME_SECONDS + 1),
        "jti": word(chance),
        "sid": word(chance),
        "auth_time": chance.randrange(NOW),
    }
    optional: list[tuple[str, object]] = [
        ("scope", " ".join(word(chance, _SCOPE) for _ in range(chance.randrange(1, 4)))),
        ("roles", [word(chance, _WORD + ".:") for _ in range(chance.randrange(1, 4))]),
        ("amr", chance.sample(["pwd", "otp", "mfa", "hwk"], k=chance.randrange(1, 4))),
        ("acr", chance.choice(LEVELS)),
        ("nbf", chance.randrange(NOW + ISSUED_AT_LEEWAY_SECONDS)),
        ("acme:tenant", chance.choice(["t 1", 5, True, ["a", "b"]])),
        ("a_claim_of_the_future", chance.choice([None, {"a": [1]}, "text", -1])),
    ]
    claims |= {name: value for name, value in optional if chance.random() < 0.4}  # noqa: PLR2004 - any share
    names = list(claims)
    chance.shuffle(names)
    return {name: claims[name] for name in names}


def signed(chance: Chance, claims: object, *, header: str = "", key: SigningKey | None = None) -> str:
    """Sign claims, or the bytes of a payload, by one of our keys."""
    key = key or chance.choice(KEYS)
    body = claims if isinstance(claims, bytes) else json.dumps(claims, separators=(",", ":")).encode()
    return assemble(header or header_segment(key.alg, key.kid), base64url.encode(body), key.private_key)


def good_token(chance: Chance) -> str:
    """Return a token that all accept."""
    return signed(chance, good_claims(chance))


def with_claims(change: Change) -> Make:
    """Return what makes a token whose claims have been changed."""

    def make(chance: Chance) -> str:
        claims = good_claims(chance)
        change(chance, claims)
        return signed(chance, claims)

    return make


def with_claim(name: str, *values: object) -> Make:
    """Return what makes a token with one of these values of a claim."""
    return with_claims(lambda chance, claims: claims.update({name: chance.choice(values)}))


def with_payload(change: Callable[[Chance, bytes], bytes]) -> Make:
    """Return what makes a token whose payload was changed as text."""
    return lambda chance: signed(chance, change(chance, json.dumps(good_claims(chance)).encode()))


def with_header(change: Callable[[Chance, dict[str, Any]], object]) -> Make:
    """Return what makes a token whose header was changed. A text that the change returns is the whole header."""

    def make(chance: Chance) -> str:
        key = chance.choice(KEYS)
        header = {"alg": key.alg, "kid": key.kid, "typ": "at+jwt"}
        text = change(chance, header)
        written = text if isinstance(text, str) else json.dumps(header, separators=(",", ":"))
        return signed(chance, good_claims(chance), header=base64url.encode(written.encode()), key=key)

    return make


def edited(change: Callable[[Chance, str], str]) -> Make:
    """Return what edits a good token as text."""
    return lambda chance: change(chance, good_token(chance))


def edit_with_another(edit: Edit, chance: Chance, token: str) -> str:
    """Edit a token, with another one at hand."""
    return edit(chance, token, good_token(chance))


def shuffled(chance: Chance, header: dict[str, Any]) -> str:
    """Return the header with its members in another order."""
    return json.dumps(
        dict(chance.choice([list(header.items())[::-1], [*list(header.items())[1:], ("alg", header["alg"])]]))
    )


def hmac_token(chance: Chance) -> str:
    """Sign with the public key as a secret: algorithm confusion."""
    key = chance.choice(KEYS)
    header = base64url.encode(json.dumps({"alg": "HS256", "kid": key.kid, "typ": "at+jwt"}).encode())
    text = f"{header}.{base64url.encode(json.dumps(good_claims(chance)).encode())}"
    secret = json.dumps(key.public_jwk()).encode()
    return f"{text}.{base64url.encode(hmac.digest(secret, text.encode(), 'sha256'))}"


def der_signature(chance: Chance) -> str:
    """Return an ES256 token whose signature is in the form of other protocols."""
    text, _, signature = signed(chance, good_claims(chance), key=ES256_KEY).rpartition(".")
    raw = base64url.decode(signature)
    return f"{text}.{base64url.encode(encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])))}"


def as_json(_chance: Chance, token: str) -> str:
    """Return a token in the other form of JWS (RFC 7515 §7.2.2)."""
    header, payload, signature = token.split(".")
    return json.dumps({"protected": header, "payload": payload, "signature": signature})


def in_part(change: Callable[[Chance, str], str]) -> Make:
    """Return what changes the spelling of one part, after all was signed."""

    def make(chance: Chance) -> str:
        parts = good_token(chance).split(".")
        number = chance.randrange(3)
        parts[number] = change(chance, parts[number])
        return ".".join(parts)

    return make


def signed_part(change: Callable[[str], str]) -> Make:
    """Return what changes the spelling of the payload, and signs that spelling."""

    def make(chance: Chance) -> str:
        key = chance.choice(KEYS)
        body = base64url.encode(json.dumps(good_claims(chance)).encode())
        return assemble(header_segment(key.alg, key.kid), change(body), key.private_key)

    return make


def _unused_bits(text: str) -> str:
    """Return the text with another last character, which has the same used bits.

    Raises:
        ValueError: it has no unused bits.

    """
    if len(text) % 4 not in {2, 3}:
        raise ValueError("no unused bits")
    return text[:-1] + _ALPHABET[_ALPHABET.index(text[-1]) ^ 1]


def unused_bits_of_signature(chance: Chance) -> str:
    """Return a token with another spelling of its signature."""
    token, _, signature = signed(chance, good_claims(chance), key=ES256_KEY).rpartition(".")
    return f"{token}.{_unused_bits(signature)}"


def unused_bits_of_payload(chance: Chance) -> str:
    """Return a token with another spelling of its payload, which is signed."""
    text = json.dumps(good_claims(chance)).encode()
    body = base64url.encode(text if len(text) % 3 else text + b" ")
    return assemble(header_segment("ES256", ES256_KEY.kid), _unused_bits(body), ES256_KEY.private_key)
