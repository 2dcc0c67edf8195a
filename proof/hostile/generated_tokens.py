"""Generated access tokens, by class: good ones, and ones with one fault, all signed by our own keys unless they say so.

A class makes a token from a source of chance. Those whose name begins with "good" are accepted, and no other one has to
be.
"""

import hmac
import json
import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from edge_auth import base64url
from edge_auth.keys.jwk import header_segment
from edge_auth.keys.signing_key import SigningKey
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS, ISSUED_AT_LEEWAY_SECONDS, MAX_LIFETIME_SECONDS
from edge_auth.tokens.claims import LEVELS
from tests.support.access_tokens import ALGORITHMS, AUDIENCE, ISSUER, NOW, assemble, other_spelling
from tests.support.seeded_keys import seeded_key
from tests.support.token_edits import EDITS, Edit

GOOD = "good"
KEYS = tuple(seeded_key(alg) for alg in ALGORITHMS)
_ES256 = KEYS[0]
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


def _good(chance: Chance) -> str:
    return signed(chance, good_claims(chance))


def _with(change: Change) -> Make:
    """Return what makes a token whose claims have been changed."""

    def make(chance: Chance) -> str:
        claims = good_claims(chance)
        change(chance, claims)
        return signed(chance, claims)

    return make


def _set(name: str, *values: object) -> Make:
    return _with(lambda chance, claims: claims.update({name: chance.choice(values)}))


def _bytes(change: Callable[[Chance, bytes], bytes]) -> Make:
    """Return what makes a token whose payload was changed as text."""
    return lambda chance: signed(chance, change(chance, json.dumps(good_claims(chance)).encode()))


def _headed(change: Callable[[Chance, dict[str, Any]], object]) -> Make:
    """Return what makes a token whose header was changed. A text that the change returns is the whole header."""

    def make(chance: Chance) -> str:
        key = chance.choice(KEYS)
        header = {"alg": key.alg, "kid": key.kid, "typ": "at+jwt"}
        text = change(chance, header)
        written = text if isinstance(text, str) else json.dumps(header, separators=(",", ":"))
        return signed(chance, good_claims(chance), header=base64url.encode(written.encode()), key=key)

    return make


def _edited(change: Callable[[Chance, str], str]) -> Make:
    return lambda chance: change(chance, _good(chance))


def _edit_with_another(edit: Edit, chance: Chance, token: str) -> str:
    return edit(chance, token, _good(chance))


def _shuffled(chance: Chance, header: dict[str, Any]) -> str:
    return json.dumps(
        dict(chance.choice([list(header.items())[::-1], [*list(header.items())[1:], ("alg", header["alg"])]]))
    )


def _hmac(chance: Chance) -> str:
    """Sign with the public key as a secret: algorithm confusion."""
    key = chance.choice(KEYS)
    header = base64url.encode(json.dumps({"alg": "HS256", "kid": key.kid, "typ": "at+jwt"}).encode())
    text = f"{header}.{base64url.encode(json.dumps(good_claims(chance)).encode())}"
    secret = json.dumps(key.public_jwk()).encode()
    return f"{text}.{base64url.encode(hmac.digest(secret, text.encode(), 'sha256'))}"


def _der(chance: Chance) -> str:
    text, _, signature = signed(chance, good_claims(chance), key=_ES256).rpartition(".")
    raw = base64url.decode(signature)
    return f"{text}.{base64url.encode(encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])))}"


def _as_json(_chance: Chance, token: str) -> str:
    header, payload, signature = token.split(".")
    return json.dumps({"protected": header, "payload": payload, "signature": signature})


def _in_part(change: Callable[[Chance, str], str]) -> Make:
    """Return what changes the spelling of one part, after all was signed."""

    def make(chance: Chance) -> str:
        parts = _good(chance).split(".")
        number = chance.randrange(3)
        parts[number] = change(chance, parts[number])
        return ".".join(parts)

    return make


def _signed_part(change: Callable[[str], str]) -> Make:
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


def _unused_bits_of_signature(chance: Chance) -> str:
    token, _, signature = signed(chance, good_claims(chance), key=_ES256).rpartition(".")
    return f"{token}.{_unused_bits(signature)}"


def _unused_bits_of_payload(chance: Chance) -> str:
    text = json.dumps(good_claims(chance)).encode()
    body = base64url.encode(text if len(text) % 3 else text + b" ")
    return assemble(header_segment("ES256", _ES256.kid), _unused_bits(body), _ES256.private_key)


_OTHER_TYPES: tuple[object, ...] = (None, True, "", "x", [], {}, 1.5, ["x"], {"x": 1}, -1)
_NO_TEXTS = tuple(value for value in _OTHER_TYPES if value != "x")

CLASSES: Mapping[str, Make] = {
    "good": _good,
    "good: the other spelling of an ES256 signature": lambda chance: other_spelling(
        signed(chance, good_claims(chance), key=_ES256)
    ),
    "good: in the last seconds": _with(
        lambda chance, claims: claims.update(iat=NOW - 900, exp=NOW - chance.randrange(EXPIRY_LEEWAY_SECONDS))
    ),
    "good: by a clock that is ahead": _with(
        lambda chance, claims: claims.update(iat=NOW + chance.randrange(ISSUED_AT_LEEWAY_SECONDS), exp=NOW + 900)
    ),
    "good: white space between members": lambda chance: signed(
        chance, json.dumps(good_claims(chance), separators=(" ,\n", "\t: ")).encode()
    ),
    "time: expired some seconds ago": _with(
        lambda chance, claims: claims.update(
            iat=NOW - 900, exp=NOW - chance.randrange(EXPIRY_LEEWAY_SECONDS, ISSUED_AT_LEEWAY_SECONDS)
        )
    ),
    "time: expired": _with(lambda chance, claims: claims.update(iat=NOW - 3600, exp=NOW - chance.randrange(30, 3600))),
    "time: issued in the future": _with(
        lambda chance, claims: claims.update(iat=NOW + chance.randrange(31, 3600), exp=NOW + 3601)
    ),
    "time: good for more than an hour": _with(
        lambda chance, claims: claims.update(exp=claims["iat"] + chance.randrange(MAX_LIFETIME_SECONDS + 1, 10**9))
    ),
    "time: ends before it begins": _with(
        lambda chance, claims: claims.update(iat=NOW + 20, exp=NOW + chance.randrange(21))
    ),
    "time: not before": _with(lambda chance, claims: claims.update(nbf=NOW + chance.randrange(31, 3600))),
    "time: a fraction": _with(
        lambda chance, claims: claims.update({(name := chance.choice(("iat", "exp"))): claims[name] + 0.5})
    ),
    "time: a text of digits": _with(
        lambda chance, claims: claims.update({(name := chance.choice(("iat", "exp"))): str(claims[name])})
    ),
    "time: as 1e9": _bytes(lambda _chance, text: text.replace(b'"exp": 1', b'"exp": 1.0e0', 1)),
    "time: of another type": _with(
        lambda chance, claims: claims.update({chance.choice(("iat", "exp", "nbf")): chance.choice(_OTHER_TYPES)})
    ),
    "time: beyond 64 bits": _set("exp", 2**63, 2**64, 10**30, 10**300),
    "time: auth_time of another type": _set("auth_time", *_OTHER_TYPES),
    "issuer: another one": _set(
        "iss", ISSUER + "/", ISSUER.upper(), "https://evil.example", "", ISSUER + "\0", ISSUER[:-1]
    ),
    "issuer: in a list": _set("iss", [ISSUER]),
    "audience: another one": _set("aud", AUDIENCE + "/", AUDIENCE.upper(), "https://evil.example", "*", ISSUER),
    "audience: in a list": _set("aud", [AUDIENCE], [AUDIENCE, AUDIENCE]),
    "audience: among others": _set("aud", [AUDIENCE, "https://evil.example"], ["https://evil.example", AUDIENCE]),
    "claim: a required one is missing": _with(lambda chance, claims: claims.pop(chance.choice(REQUIRED))),
    "claim: sub or jti of another type": _with(
        lambda chance, claims: claims.update({chance.choice(("sub", "jti")): chance.choice(_NO_TEXTS)})
    ),
    "claim: sid or client_id of another type": _with(
        lambda chance, claims: claims.update({chance.choice(("sid", "client_id")): chance.choice(_NO_TEXTS)})
    ),
    "claim: an id with other characters": _with(
        lambda chance, claims: claims.update(
            {
                chance.choice(("sub", "sid", "jti")): chance.choice(
                    ["a b", "a/b", "*", "\r\nX: 1", "\u00e9", "a" * 65, "a\0"]
                )
            }
        )
    ),
    "claim: roles or amr of another shape": _with(
        lambda chance, claims: claims.update(
            {chance.choice(("roles", "amr")): chance.choice([[], "admin", ["a b"], [1], [["a"]], None, {}, True])}
        )
    ),
    "claim: scope or acr of another shape": _with(
        lambda chance, claims: claims.update(
            {chance.choice(("scope", "acr")): chance.choice(["", " ", "a  b", 'a"', ["a"], None, 1, "4fa "])}
        )
    ),
    "claim: an own claim of another shape": _set("acme:tenant", None, {}, [], 1.5, "", 'a"', "\u00e9", 2**60, [["a"]]),
    "payload: a claim twice": _bytes(
        lambda chance, text: (
            text[:-1]
            + b',"'
            + chance.choice(REQUIRED).encode()
            + b'":'
            + chance.choice([b'"root"', b"1", b"null"])
            + b"}"
        )
    ),
    "payload: the same claim twice": _bytes(lambda _chance, text: text[:-1] + f',"iss":"{ISSUER}"}}'.encode()),
    "payload: a number that is none": _bytes(
        lambda chance, text: text[:-1] + b',"x":' + chance.choice([b"NaN", b"Infinity", b"-Infinity"]) + b"}"
    ),
    "payload: a fraction elsewhere": _bytes(lambda _chance, text: text[:-1] + b',"x":1.5}'),
    "payload: white space around": _bytes(lambda chance, text: chance.choice([b" ", b"\n", b"\t"]) + text + b" "),
    "payload: bytes behind": _bytes(lambda chance, text: text + chance.choice([b"{}", b"x", b"\0", b"}"])),
    "payload: no object": lambda chance: signed(chance, chance.choice([[], "x", 1, None, True, [{"iss": ISSUER}]])),
    "payload: in UTF-16 or with a mark": _bytes(
        lambda chance, text: chance.choice(
            [text.decode().encode("utf-16"), text.decode().encode("utf-16-le"), b"\xef\xbb\xbf" + text]
        )
    ),
    "payload: no UTF-8": _bytes(lambda _chance, text: text[:-1] + b',"x":"\xff"}'),
    "payload: deep": _bytes(
        lambda chance, text: text[:-1] + b',"x":' + b"[" * (n := chance.randrange(5, 400)) + b"]" * n + b"}"
    ),
    "payload: as long as headers may be": _bytes(
        lambda chance, text: text[:-1] + b',"x":"' + b"x" * chance.randrange(2000, 7000) + b'"}'
    ),
    "header: members in another order": _headed(_shuffled),
    "header: white space": _headed(lambda _chance, header: json.dumps(header, indent=1)),
    "header: typ JWT, or none": _headed(
        lambda chance, header: header.update(typ="JWT") if chance.random() < 0.5 else header.pop("typ")  # noqa: PLR2004
    ),
    "header: typ in another spelling": _headed(
        lambda chance, header: header.update(typ=chance.choice(["AT+JWT", "at+JWT", "application/at+jwt"]))
    ),
    "header: typ of another kind": _headed(
        lambda chance, header: header.update(typ=chance.choice(["dpop+jwt", "", None, 1]))
    ),
    "header: unknown kid": _headed(lambda chance, header: header.update(kid=word(chance))),
    "header: no kid": _headed(lambda _chance, header: header.pop("kid")),
    "header: kid of another key of ours": _headed(
        lambda chance, header: header.update(kid=chance.choice([k.kid for k in KEYS if k.kid != header["kid"]]))
    ),
    "header: alg none": _headed(
        lambda chance, header: header.update(alg=chance.choice(["none", "None", "NONE", "", None]))
    ),
    "header: another alg": _headed(
        lambda chance, header: header.update(
            alg=chance.choice(["HS256", "ES384", "PS256", "RS512", "ES256K", "Ed25519"])
        )
    ),
    "header: HS256 with the public key": _hmac,
    "header: an unknown member": _headed(lambda chance, header: header.update({word(chance): word(chance)})),
    "header: crit": _headed(
        lambda chance, header: header.update(crit=chance.choice([["exp"], [], ["x"], "exp"]), exp=1)
    ),
    "header: b64 false": _headed(lambda _chance, header: header.update(b64=False, crit=["b64"])),
    "header: a key, or an address of one": _headed(
        lambda chance, header: header.update(
            chance.choice(
                [{"jwk": _ES256.public_jwk()}, {"jku": "https://evil.example"}, {"x5u": "https://evil.example"}]
            )
        )
    ),
    "header: a member twice": _headed(lambda _chance, header: json.dumps(header)[:-1] + f',"alg":"{header["alg"]}"}}'),
    "header: in UTF-16": _headed(lambda _chance, header: json.dumps(header).encode("utf-16").decode("latin-1")),
    "encoding: padding": _in_part(lambda _chance, part: part + "=" * (-len(part) % 4 or 4)),
    "encoding: padding, signed": _signed_part(lambda part: part + "=" * (-len(part) % 4 or 4)),
    "encoding: white space": _in_part(lambda chance, part: part[:9] + chance.choice(" \n\t\r") + part[9:]),
    "encoding: white space around": _edited(
        lambda chance, token: chance.choice((f" {token}", f"{token}\n", f"{token} "))
    ),
    "encoding: another character": _in_part(lambda chance, part: part[:9] + chance.choice("!*,;\0") + part[9:]),
    "encoding: unused bits of the signature": _unused_bits_of_signature,
    "encoding: unused bits of the payload, signed": _unused_bits_of_payload,
    "encoding: the standard alphabet": _edited(lambda _chance, token: token.translate({45: "+", 95: "/"})),
    "encoding: JSON serialization": _edited(_as_json),
    "encoding: other numbers of parts": _edited(
        lambda chance, token: chance.choice([f"{token}.", f"{token}.AAAA", f".{token}", token.rpartition(".")[0], ""])
    ),
    "signature: DER": _der,
    "signature: of another key": lambda chance: signed(
        chance, good_claims(chance), header=header_segment("ES256", _ES256.kid), key=seeded_key("ES256", "foreign")
    ),
    "signature: none": _edited(lambda _chance, token: token.rpartition(".")[0] + "."),
    "signature: numbers out of range": _edited(
        lambda chance, token: (
            f"{token.rpartition('.')[0]}.{base64url.encode(chance.choice([bytes(64), bytes([255]) * 64]))}"
        )
    ),
    **{f"edit: {name}": _edited(partial(_edit_with_another, edit)) for name, edit in EDITS.items()},
}
