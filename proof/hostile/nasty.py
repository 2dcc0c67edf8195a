"""Inputs that could cost more than their size: for each reader, functions that make one of about so many bytes."""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

Make = Callable[[int], bytes]


class Sizes(NamedTuple):
    """How many bytes the larger input of a pair has, and the inputs by name."""

    most: int
    makes: Mapping[str, Make]


def _repeated(unit: bytes, before: bytes = b"", after: bytes = b"") -> Make:
    return lambda size: before + unit * ((size - len(before) - len(after)) // len(unit)) + after


def _members(names: Callable[[int], str]) -> Make:
    """Return what makes an object of many members, with names of eight characters."""
    return lambda size: ("{" + ",".join(f'"{names(number)}":1' for number in range(size // 13)) + "}").encode()


JSON_BODIES: Mapping[str, Make] = {
    "deep lists": _repeated(b"["),
    "deep objects": _repeated(b'{"a":'),
    "deep, and closed": lambda size: b'{"a":' + b"[" * (size // 2 - 3) + b"]" * (size // 2 - 3) + b"}",
    "one name often": _members(lambda _number: "namename"),
    "many names": _members(lambda number: f"{number:08}"),
    "a number of many digits": _repeated(b"9", b'{"a":', b"}"),
    "many digits behind the point": _repeated(b"1", b'{"a":0.', b"}"),
    "a large exponent": _repeated(b"9", b'{"a":1e', b"}"),
    "many numbers": _repeated(b"1,", b'{"a":[', b"1]}"),
    "a long text": _repeated(b"x", b'{"username":"', b'"}'),
    "escapes": _repeated(b"\\u0041", b'{"username":"', b'"}'),
    "halves of surrogates": _repeated(b"\\ud800", b'{"username":"', b'"}'),
    "quotes": _repeated(b'\\"', b'{"username":"', b'"}'),
    "a text without an end": _repeated(b"\\\\", b'{"username":"'),
    "white space": _repeated(b" \n", b"{", b"}"),
    "wide characters": _repeated("\ufdfa".encode(), b'{"username":"', b'"}'),
    "accents": _repeated("\u0316\u0301".encode(), b'{"username":"a', b'"}'),
}
FORM_BODIES: Mapping[str, Make] = {
    "separators": _repeated(b"&"),
    "names without values": _repeated(b"a&"),
    "equals signs": _repeated(b"="),
    "percent signs": _repeated(b"%"),
    "escapes": _repeated(b"%41", b"token="),
    "pluses": _repeated(b"+", b"token="),
}
TEXTS: Mapping[str, Make] = {
    "letters": _repeated(b"A"),
    "dots": _repeated(b"."),
    "letters and dots": _repeated(b"A."),
    "hyphens": _repeated(b"a-"),
    "dollars": _repeated(b"$"),
    "parameters": _repeated(b"a=1,"),
    "colons": _repeated(b"1:"),
    "spaces": _repeated(b" "),
    "at signs": _repeated(b"a@"),
    "a name and labels": _repeated(b"a.", b"a@"),
    "a name and a long label": _repeated(b"a-", b"a@", b".b"),
    "wide characters": _repeated("\ufdfa".encode()),
    "dotted capitals": _repeated("\u0130".encode()),
    "accents": _repeated("\u0316\u0301".encode(), b"a"),
    "apostrophes": _repeated(b"a'"),
    "a hash of many letters": _repeated(b"A", b"$pbkdf2-sha256$1000$"),
    "a hash of many parameters": _repeated(b"a=1,", b"$scrypt$", b"$AAAA$AAAA"),
    "equals signs": _repeated(b"="),
    "digits": _repeated(b"9"),
}
_HEADERS: Mapping[str, Make] = {
    "spaces before a token": _repeated(b" ", b'{"type":"TOKEN","authorizationToken":"Bearer', b'x"}'),
    "schemes": _repeated(b"bearer ", b'{"type":"TOKEN","authorizationToken":"', b'"}'),
    "a long token": _repeated(b"A.", b'{"type":"TOKEN","authorizationToken":"Bearer ', b'"}'),
    "many headers": lambda size: json.dumps({"headers": {f"x-{n:06}": "x" for n in range(size // 16)}}).encode(),
    "one header in many spellings": lambda size: json.dumps({"multiValueHeaders": _spellings(size)}).encode(),
    "one header often": lambda size: json.dumps({"multiValueHeaders": {"authorization": ["x"] * (size // 6)}}).encode(),
    "many protocols": _repeated(
        b"bearer, ", b'{"requestContext":{"eventType":"CONNECT","routeKey":"$connect"},'
        b'"headers":{"sec-websocket-protocol":"', b'"}}'
    ),
}  # fmt: skip
COOKIES: Mapping[str, Make] = {
    "semicolons": _repeated(b";"),
    "pairs": _repeated(b"a=b;"),
    "spaces": _repeated(b" "),
    "tabs between": _repeated(b"a\t;\t"),
    "one name often": _repeated(b"__Host-Http-refresh=x;"),
    "one long value": _repeated(b"=", b"__Host-Http-refresh"),
}
_CBOR: Mapping[str, Make] = {
    "deep lists": _repeated(b"\x81"),
    "a list of small numbers": lambda size: b"\x9a" + (size - 5).to_bytes(4) + b"\0" * (size - 5),
    "a map of numbers": lambda size: b"\xba" + (size // 6).to_bytes(4) + _numbers(size // 6),
    "a map of texts": lambda size: b"\xba" + (size // 6).to_bytes(4) + _names(size // 6),
    "a map without an end": _repeated(b"\0", b"\xbb" + b"\xff" * 8),
    "a long text": lambda size: b"\xa1\x00\x7a" + (size - 7).to_bytes(4) + b"x" * (size - 7),
    "empty lists": lambda size: b"\x9a" + (size - 5).to_bytes(4) + b"\x80" * (size - 5),
    "lists in lists": lambda size: b"\x9a" + (size // 3).to_bytes(4) + b"\x81\x81\x00" * (size // 3),
}
_ANSWERS: Mapping[str, Make] = {
    "many headers": _repeated(b"a: b\r\n", b"\xffHTTP/1.1 200 OK\r\n", b"Content-Length: 0\r\n\r\n"),
    "a long header": _repeated(b"x", b"\xffHTTP/1.1 200 OK\r\nDate: ", b"\r\nContent-Length: 0\r\n\r\n"),
    "spaces": _repeated(b" ", b"\xffHTTP/1.1 200 OK\r\nDate:", b"x\r\nContent-Length: 0\r\n\r\n"),
    "byte by byte": _repeated(b"a: b\r\n", b"\0HTTP/1.1 200 OK\r\n", b"Content-Length: 0\r\n\r\n"),
    "byte by byte, without an end": _repeated(b"\r\n\r", b"\0HTTP/1.1 200 OK"),
}
_FILES: Mapping[str, Make] = {
    "many records": _repeated(b'{"username":"ada"}\n'),
    "one long record": _repeated(b"x", b'{"username":"', b'"}'),
    "a deep record": _repeated(b"["),
    "many users": _repeated(b"{},", b'{"users":[', b"{}]}"),
    "a user without an end": _repeated(b"[1,", b'{"users":['),
    "many names": _members(lambda number: f"{number:08}"),
    "quotes": _repeated(b'""', b'id,username\n"'),
    "many columns": lambda size: ",".join(f"c{n}" for n in range(size // 6)).encode(),
    "empty lines": _repeated(b"\n", b"id,username"),
    "commas": _repeated(b",", b"id,username\n"),
    "a document before": _repeated(b'"a":1,', b"{", b'"users":[]}'),
}
_EC = (
    b'{"kid":"a","kty":"EC","crv":"P-256","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",'
    b'"y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}'
)
_KEY_SETS: Mapping[str, Make] = {
    "many keys": _repeated(b'{"kty":"EC"},', b'{"keys":[', b"{}]}"),
    "many good keys": lambda size: b'{"keys":[' + b",".join([_EC] * (size // len(_EC))) + b"]}",
    "a long modulus": _repeated(b"AQAB", b'{"keys":[{"kid":"a","kty":"RSA","e":"AQAB","n":"', b'"}]}'),
    "a long exponent": lambda size: b'{"keys":[{"kid":"a","kty":"RSA","n":"' + b"_" * 342 + b'","e":"'
    + b"AQAB" * (size // 4) + b'"}]}',
    **{name: JSON_BODIES[name] for name in ("deep lists", "deep objects", "many names", "a number of many digits")},
}  # fmt: skip
_ITEMS: Mapping[str, Make] = {
    "a long list": _repeated(b'{"S":"x"},', b'{"roles":{"L":[', b'{"S":"x"}]}}'),
    "a deep list": _repeated(b'{"L":[', b'{"roles":'),
    "many attributes": lambda size: json.dumps({f"{n:08}": {"S": "x"} for n in range(size // 24)}).encode(),
    "a long text": _repeated(b"x", b'{"user_id":{"S":"', b'"}}'),
    "deep claims": _repeated(b"[", b'{"claims":{"S":"', b'"}}'),
    "many items": _repeated(b'{"slot":{"N":"17"}},', b'{"Items":[', b'{"slot":{"N":"17"}}]}'),
}

BODY, HEADERS, FILE, STORED = 8192, 10_240, 200_000, 65_536
_TOKENS = (
    *("access token", "refresh token", "session token", "token form", "proof token", "device token"),
    *("passkey challenge", "enrolment"),
)
_STORED_ITEMS = (
    *("item of a session, authorizer", "item of a session", "item of a user", "item of a challenge"),
    *("item of an end", "record of the mail stream", "feedback of SES", "feed of ended sessions"),
)

NASTY: Mapping[str, Sizes] = {
    "body, JSON": Sizes(BODY, JSON_BODIES),
    "body, form": Sizes(BODY, FORM_BODIES),
    "body, passkey sign-in": Sizes(BODY, JSON_BODIES),
    "body, new passkey": Sizes(BODY, JSON_BODIES),
    "cookies": Sizes(HEADERS, COOKIES),
    "event of a route": Sizes(HEADERS, _HEADERS),
    "event of an authorizer": Sizes(HEADERS, _HEADERS),
    "caller": Sizes(HEADERS, _HEADERS),
    "headers of a proxy": Sizes(HEADERS, TEXTS),
    "claims": Sizes(1400, JSON_BODIES),
    **dict.fromkeys(_TOKENS, Sizes(HEADERS, TEXTS)),
    **dict.fromkeys(("CBOR", "authenticator data", "attestation object", "COSE key"), Sizes(BODY, _CBOR)),
    "client data": Sizes(BODY, JSON_BODIES),
    **dict.fromkeys(("user name", "mail address", "password", "PHC string", "foreign hash"), Sizes(BODY, TEXTS)),
    **dict.fromkeys(("kind of hashes", "profiles", "sealing keys"), Sizes(4096, TEXTS)),
    "HTTP answer of the store": Sizes(16_000, _ANSWERS),
    **dict.fromkeys(_STORED_ITEMS, Sizes(STORED, _ITEMS)),
    **dict.fromkeys(("key ring", "JWK Set"), Sizes(STORED, _KEY_SETS)),
    **{f"import, {name}": Sizes(FILE, _FILES) for name in ("jsonl", "csv", "edge-auth", "supabase", "auth0", "firebase",
                                                          "keycloak", "django")},
}  # fmt: skip


def _spellings(size: int) -> dict[str, list[str]]:
    """Return a header in as many spellings as fit."""
    name = "authorization"
    found = {}
    for number in range(min(size // 20, 2 ** len(name))):
        spelled = "".join(letter.upper() if number >> at & 1 else letter for at, letter in enumerate(name))
        found[spelled] = ["x"]
    return found


def _numbers(count: int) -> bytes:
    return b"".join(b"\x1a" + number.to_bytes(4) + b"\0" for number in range(count))


def _names(count: int) -> bytes:
    return b"".join(b"\x64" + f"{number % 10_000:04}".encode() + b"\0" for number in range(count))
