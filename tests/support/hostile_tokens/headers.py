"""Hostile tokens with a wrong protected header. Our own key signs all of them."""

import json
from collections.abc import Iterator

from edge_auth import base64url
from edge_auth.keys.jwk import header_segment
from tests.support.access_tokens import assemble, claims_at, key, to_json

Row = tuple[str, str]

TYPES: list[object] = [
    "JWT", "jwt", "application/at+jwt", "AT+JWT", "at+JWT", "at+jwt ", " at+jwt", "at jwt", "at%2Bjwt", "at+jwt\n",
    "JOSE", "JOSE+JSON", "dpop+jwt", "id_token+jwt", "logout+jwt", "secevent+jwt", "token-introspection+jwt",
    "oauth-authz-req+jwt", "rt+jwt", "csrf", "", None, 1, True, ["at+jwt"], {"typ": "at+jwt"},
]  # fmt: skip

KIDS: list[object] = [
    "", None, 0, True, [], {}, "unknown", "../../../../dev/null", "/dev/null", "' OR '1'='1", "1 UNION SELECT 'key'",
    "| cat /etc/passwd", "$(id)", "http://evil.example/key", "file:///etc/passwd", "\x00", "*", "__proto__",
    "constructor", "a" * 1000,
]  # fmt: skip


def rows(now: int) -> Iterator[Row]:
    """Yield the rows."""
    good = {"alg": "ES256", "kid": key("ES256").kid, "typ": "at+jwt"}
    body = base64url.encode(to_json(claims_at(now).payload()))
    private_key = key("ES256").private_key

    def under(header: object) -> str:
        text = header if isinstance(header, bytes) else to_json(header)
        return assemble(base64url.encode(text), body, private_key)

    for value in TYPES:
        yield f"typ {json.dumps(value)}", under({**good, "typ": value})
    for value in KIDS:
        yield f"kid {json.dumps(value)[:40]}", under({**good, "kid": value})
    for name in good:
        yield f"no {name}", under({other: value for other, value in good.items() if other != name})
    for name, header in _more_members().items():
        yield name, under({**good, **header})
    for name, text in _other_spellings(good).items():
        yield name, under(text)
    for name, text in _unknown_keys(good).items():
        yield f"an unknown key: {name}", under(text)
    own = header_segment("ES256", key("ES256").kid)
    yield "our header, its last character changed", assemble(own[:-1] + "A", body, private_key)
    yield "our header, padded and signed", assemble(own + "==", body, private_key)
    yield "our header twice", assemble(own + own, body, private_key)


def _more_members() -> dict[str, dict[str, object]]:
    """Return headers with members that try to choose the key, the form or an extension."""
    ours, foreign = key("ES256").public_jwk(), key("ES256", "foreign").public_jwk()
    return {
        "embedded jwk, ours": {"jwk": ours},
        "embedded jwk, foreign": {"jwk": foreign},
        "embedded jwk, private": {"jwk": dict(key("ES256", "foreign").jwk)},
        "jku": {"jku": "https://evil.example/jwks.json"},
        "jku of ours": {"jku": "https://auth.example.com/.well-known/jwks.json"},
        "jku by look-alike": {"jku": "https://auth.example.com@evil.example/jwks.json"},
        "jku file": {"jku": "file:///etc/passwd"},
        "x5u": {"x5u": "https://evil.example/cert.pem"},
        "x5c": {"x5c": ["MIIB"]},
        "x5t": {"x5t": "AAAA"},
        "x5t#S256": {"x5t#S256": "AAAA"},
        "crit unknown": {"crit": ["exp"], "exp": 1},
        "crit empty": {"crit": []},
        "crit b64": {"crit": ["b64"], "b64": True},
        "crit of no list": {"crit": "b64"},
        "b64 false": {"b64": False, "crit": ["b64"]},
        "b64 false without crit": {"b64": False},
        "b64 true": {"b64": True},
        "zip": {"zip": "DEF"},
        "cty JWT": {"cty": "JWT"},
        "enc": {"enc": "A256GCM"},
        "claims replicated": {"iss": "https://auth.example.com", "sub": "root"},
        "iat": {"iat": 1},
        "nonce": {"nonce": "x"},
        "epk": {"epk": {"kty": "EC"}},
        "p2c": {"p2c": 2**31},
        "an unknown member": {"x": 1},
        "an empty name": {"": ""},
    }


def _other_spellings(good: dict[str, str]) -> dict[str, bytes]:
    """Return other spellings of the good header, and texts that a lax parser reads as the good header."""
    text = to_json(good)
    other_order = to_json(dict(reversed(good.items())))
    return {
        "members in another order": other_order,
        "spaces between": json.dumps(good).encode(),
        "space before": b" " + text,
        "newline after": text + b"\n",
        "escaped alg": text.replace(b"alg", b"\\u0061lg"),
        "escaped value": text.replace(b"ES256", b"\\u0045S256"),
        "escaped slash": text.replace(b"at+jwt", b"at\\u002bjwt"),
        "upper-case names": text.replace(b'"alg"', b'"ALG"'),
        "alg twice, ours last": b'{"alg":"none",' + text[1:],
        "alg twice, ours first": text[:-1] + b',"alg":"none"}',
        "alg twice, alike": text[:-1] + b',"alg":"ES256"}',
        "kid twice": text[:-1] + b',"kid":"x"}',
        "typ twice": text[:-1] + b',"typ":"JWT"}',
        "UTF-16": text.decode().encode("utf-16"),
        "UTF-16, little end first, no mark": text.decode().encode("utf-16-le"),
        "UTF-16, big end first, no mark": text.decode().encode("utf-16-be"),
        "UTF-32": text.decode().encode("utf-32"),
        "UTF-7": text.replace(b"{", b"+AHs-"),
        "byte order mark": b"\xef\xbb\xbf" + text,
        "overlong UTF-8": text.replace(b"a", b"\xc1\xa1", 1),
        "invalid UTF-8": text[:-1] + b',"x":"\xff"}',
        "NUL after": text + b"\x00",
        "trailing comma": text[:-1] + b",}",
        "a comment": b"/**/" + text,
        "single quotes": text.replace(b'"', b"'"),
        "two objects": text + text,
        "in a list": b"[" + text + b"]",
        "NaN": text[:-1] + b',"x":NaN}',
        "an object nested deeply": text[:-1] + b',"x":' + b"[" * 400 + b"]" * 400 + b"}",
        "a list": b"[]",
        "a text": b'"ES256"',
        "a number": b"1",
        "null": b"null",
        "an empty object": b"{}",
        "nothing in base64": b"\x00",
        "cut short": text[:-1],
    }


def _unknown_keys(good: dict[str, str]) -> dict[str, bytes]:
    """Return headers with an unknown key and almost our form. The authorizer does not ask the issuer for their keys."""
    unknown = {**good, "kid": "A" * 43}
    text = to_json(unknown)
    almost: dict[str, object] = {
        "a kid of 42 characters": {**unknown, "kid": "A" * 42},
        "a kid of 44 characters": {**unknown, "kid": "A" * 44},
        "a kid in ordinary base64": {**unknown, "kid": "A" * 42 + "+"},
        "a kid with padding": {**unknown, "kid": "A" * 42 + "="},
        "a kid that climbs": {**unknown, "kid": "../" * 14 + "A"},
        "no typ": {name: value for name, value in unknown.items() if name != "typ"},
        "another typ": {**unknown, "typ": "JWT"},
        "one member more": {**unknown, "jku": "https://evil.example/jwks.json"},
        "members in another order": dict(reversed(unknown.items())),
    }
    for alg in ("none", "HS256", "ES384", "ES512", "ES256K", "RS512", "PS256", "Ed25519", "es256", "eddsa", ""):
        almost[f"alg {alg!r}"] = {**unknown, "alg": alg}
    return {name: to_json(header) for name, header in almost.items()} | {
        "spaces between": json.dumps(unknown).encode(),
        "newline after": text + b"\n",
        "newline in the kid": text.replace(b"AA", b"A\n", 1),
        "escaped kid": text.replace(b"AA", b"A\\u0041", 1),
        "kid twice": text[:-1] + b',"kid":"' + b"A" * 43 + b'"}',
        "two objects": text + text,
    }
