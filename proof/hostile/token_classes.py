"""The classes of generated access tokens, by name: good ones, and ones with one fault.

Those whose name begins with "good" are accepted, and no other one has to be.
"""

import json
import re
from collections.abc import Mapping
from functools import partial

from edge_auth import base64url
from edge_auth.keys.jwk import header_segment
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS, ISSUED_AT_LEEWAY_SECONDS, MAX_LIFETIME_SECONDS
from proof.hostile.generated_tokens import (
    ES256_KEY,
    KEYS,
    REQUIRED,
    Make,
    as_json,
    der_signature,
    edit_with_another,
    edited,
    good_claims,
    good_token,
    hmac_token,
    in_part,
    shuffled,
    signed,
    signed_part,
    unused_bits_of_payload,
    unused_bits_of_signature,
    with_claim,
    with_claims,
    with_header,
    with_payload,
    word,
)
from tests.support.access_tokens import AUDIENCE, ISSUER, NOW, other_spelling
from tests.support.seeded_keys import seeded_key
from tests.support.token_edits import EDITS

GOOD = "good"

_OTHER_TYPES: tuple[object, ...] = (None, True, "", "x", [], {}, 1.5, ["x"], {"x": 1}, -1)
_NO_TEXTS = tuple(value for value in _OTHER_TYPES if value != "x")

CLASSES: Mapping[str, Make] = {
    "good": good_token,
    "good: the other spelling of an ES256 signature": lambda chance: other_spelling(
        signed(chance, good_claims(chance), key=ES256_KEY)
    ),
    "good: in the last seconds": with_claims(
        lambda chance, claims: claims.update(iat=NOW - 900, exp=NOW - chance.randrange(EXPIRY_LEEWAY_SECONDS))
    ),
    "good: by a clock that is ahead": with_claims(
        lambda chance, claims: claims.update(iat=NOW + chance.randrange(ISSUED_AT_LEEWAY_SECONDS), exp=NOW + 900)
    ),
    "good: white space between members": lambda chance: signed(
        chance, json.dumps(good_claims(chance), separators=(" ,\n", "\t: ")).encode()
    ),
    "time: expired some seconds ago": with_claims(
        lambda chance, claims: claims.update(
            iat=NOW - 900, exp=NOW - chance.randrange(EXPIRY_LEEWAY_SECONDS, ISSUED_AT_LEEWAY_SECONDS)
        )
    ),
    "time: expired": with_claims(
        lambda chance, claims: claims.update(iat=NOW - 3600, exp=NOW - chance.randrange(30, 3600))
    ),
    "time: issued in the future": with_claims(
        lambda chance, claims: claims.update(iat=NOW + chance.randrange(31, 3600), exp=NOW + 3601)
    ),
    "time: good for more than an hour": with_claims(
        lambda chance, claims: claims.update(exp=claims["iat"] + chance.randrange(MAX_LIFETIME_SECONDS + 1, 10**9))
    ),
    "time: ends before it begins": with_claims(
        lambda chance, claims: claims.update(iat=NOW + 20, exp=NOW + chance.randrange(21))
    ),
    "time: not before": with_claims(lambda chance, claims: claims.update(nbf=NOW + chance.randrange(31, 3600))),
    "time: a fraction": with_claims(
        lambda chance, claims: claims.update({(name := chance.choice(("iat", "exp"))): claims[name] + 0.5})
    ),
    "time: a text of digits": with_claims(
        lambda chance, claims: claims.update({(name := chance.choice(("iat", "exp"))): str(claims[name])})
    ),
    "time: with an exponent": with_payload(lambda _chance, text: re.sub(rb'"exp": (\d+)', rb'"exp": \1e0', text)),
    "time: of another type": with_claims(
        lambda chance, claims: claims.update({chance.choice(("iat", "exp", "nbf")): chance.choice(_OTHER_TYPES)})
    ),
    "time: beyond 64 bits": with_claim("exp", 2**63, 2**64, 10**30, 10**300),
    "time: auth_time of another type": with_claim("auth_time", *_OTHER_TYPES),
    "issuer: another one": with_claim(
        "iss", ISSUER + "/", ISSUER.upper(), "https://evil.example", "", ISSUER + "\0", ISSUER[:-1]
    ),
    "issuer: in a list": with_claim("iss", [ISSUER]),
    "audience: another one": with_claim("aud", AUDIENCE + "/", AUDIENCE.upper(), "https://evil.example", "*", ISSUER),
    "audience: in a list": with_claim("aud", [AUDIENCE], [AUDIENCE, AUDIENCE]),
    "audience: among others": with_claim("aud", [AUDIENCE, "https://evil.example"], ["https://evil.example", AUDIENCE]),
    "claim: a required one is missing": with_claims(lambda chance, claims: claims.pop(chance.choice(REQUIRED))),
    "claim: sub or jti of another type": with_claims(
        lambda chance, claims: claims.update({chance.choice(("sub", "jti")): chance.choice(_NO_TEXTS)})
    ),
    "claim: sid or client_id of another type": with_claims(
        lambda chance, claims: claims.update({chance.choice(("sid", "client_id")): chance.choice(_NO_TEXTS)})
    ),
    "claim: an id with other characters": with_claims(
        lambda chance, claims: claims.update(
            {
                chance.choice(("sub", "sid", "jti")): chance.choice(
                    ["a b", "a/b", "*", "\r\nX: 1", "\u00e9", "a" * 65, "a\0"]
                )
            }
        )
    ),
    "claim: roles or amr of another shape": with_claims(
        lambda chance, claims: claims.update(
            {chance.choice(("roles", "amr")): chance.choice([[], "admin", ["a b"], [1], [["a"]], None, {}, True])}
        )
    ),
    "claim: scope or acr of another shape": with_claims(
        lambda chance, claims: claims.update(
            {chance.choice(("scope", "acr")): chance.choice(["", " ", "a  b", 'a"', ["a"], None, 1, "4fa "])}
        )
    ),
    "claim: an own claim of another shape": with_claim(
        "acme:tenant", None, {}, [], 1.5, "", 'a"', "\u00e9", 2**60, [["a"]]
    ),
    "payload: a claim twice": with_payload(
        lambda chance, text: (
            text[:-1]
            + b',"'
            + chance.choice(REQUIRED).encode()
            + b'":'
            + chance.choice([b'"root"', b"1", b"null"])
            + b"}"
        )
    ),
    "payload: the same claim twice": with_payload(lambda _chance, text: text[:-1] + f',"iss":"{ISSUER}"}}'.encode()),
    "payload: a number that is none": with_payload(
        lambda chance, text: text[:-1] + b',"x":' + chance.choice([b"NaN", b"Infinity", b"-Infinity"]) + b"}"
    ),
    "payload: a fraction elsewhere": with_payload(lambda _chance, text: text[:-1] + b',"x":1.5}'),
    "payload: white space around": with_payload(lambda chance, text: chance.choice([b" ", b"\n", b"\t"]) + text + b" "),
    "payload: bytes behind": with_payload(lambda chance, text: text + chance.choice([b"{}", b"x", b"\0", b"}"])),
    "payload: no object": lambda chance: signed(chance, chance.choice([[], "x", 1, None, True, [{"iss": ISSUER}]])),
    "payload: in UTF-16 or with a mark": with_payload(
        lambda chance, text: chance.choice(
            [text.decode().encode("utf-16"), text.decode().encode("utf-16-le"), b"\xef\xbb\xbf" + text]
        )
    ),
    "payload: no UTF-8": with_payload(lambda _chance, text: text[:-1] + b',"x":"\xff"}'),
    "payload: deep": with_payload(
        lambda chance, text: text[:-1] + b',"x":' + b"[" * (n := chance.randrange(5, 400)) + b"]" * n + b"}"
    ),
    "payload: as long as headers may be": with_payload(
        lambda chance, text: text[:-1] + b',"x":"' + b"x" * chance.randrange(2000, 7000) + b'"}'
    ),
    "header: members in another order": with_header(shuffled),
    "header: white space": with_header(lambda _chance, header: json.dumps(header, indent=1)),
    "header: typ JWT, or none": with_header(
        lambda chance, header: header.update(typ="JWT") if chance.random() < 0.5 else header.pop("typ")  # noqa: PLR2004
    ),
    "header: typ in another spelling": with_header(
        lambda chance, header: header.update(typ=chance.choice(["AT+JWT", "at+JWT", "application/at+jwt"]))
    ),
    "header: typ of another kind": with_header(
        lambda chance, header: header.update(typ=chance.choice(["dpop+jwt", "", None, 1]))
    ),
    "header: unknown kid": with_header(lambda chance, header: header.update(kid=word(chance))),
    "header: no kid": with_header(lambda _chance, header: header.pop("kid")),
    "header: kid of another key of ours": with_header(
        lambda chance, header: header.update(kid=chance.choice([k.kid for k in KEYS if k.kid != header["kid"]]))
    ),
    "header: alg none": with_header(
        lambda chance, header: header.update(alg=chance.choice(["none", "None", "NONE", "", None]))
    ),
    "header: another alg": with_header(
        lambda chance, header: header.update(
            alg=chance.choice(["HS256", "ES384", "PS256", "RS512", "ES256K", "Ed25519"])
        )
    ),
    "header: HS256 with the public key": hmac_token,
    "header: an unknown member": with_header(lambda chance, header: header.update({word(chance): word(chance)})),
    "header: crit": with_header(
        lambda chance, header: header.update(crit=chance.choice([["exp"], [], ["x"], "exp"]), exp=1)
    ),
    "header: b64 false": with_header(lambda _chance, header: header.update(b64=False, crit=["b64"])),
    "header: a key, or an address of one": with_header(
        lambda chance, header: header.update(
            chance.choice(
                [{"jwk": ES256_KEY.public_jwk()}, {"jku": "https://evil.example"}, {"x5u": "https://evil.example"}]
            )
        )
    ),
    "header: a member twice": with_header(
        lambda _chance, header: json.dumps(header)[:-1] + f',"alg":"{header["alg"]}"}}'
    ),
    "header: in UTF-16": with_header(lambda _chance, header: json.dumps(header).encode("utf-16").decode("latin-1")),
    "encoding: padding": in_part(lambda _chance, part: part + "=" * (-len(part) % 4 or 4)),
    "encoding: padding, signed": signed_part(lambda part: part + "=" * (-len(part) % 4 or 4)),
    "encoding: white space": in_part(lambda chance, part: part[:9] + chance.choice(" \n\t\r") + part[9:]),
    "encoding: white space around": edited(
        lambda chance, token: chance.choice((f" {token}", f"{token}\n", f"{token} "))
    ),
    "encoding: another character": in_part(lambda chance, part: part[:9] + chance.choice("!*,;\0") + part[9:]),
    "encoding: unused bits of the signature": unused_bits_of_signature,
    "encoding: unused bits of the payload, signed": unused_bits_of_payload,
    "encoding: the standard alphabet": edited(lambda _chance, token: token.translate({45: "+", 95: "/"})),
    "encoding: JSON serialization": edited(as_json),
    "encoding: other numbers of parts": edited(
        lambda chance, token: chance.choice([f"{token}.", f"{token}.AAAA", f".{token}", token.rpartition(".")[0], ""])
    ),
    "signature: DER": der_signature,
    "signature: of another key": lambda chance: signed(
        chance, good_claims(chance), header=header_segment("ES256", ES256_KEY.kid), key=seeded_key("ES256", "foreign")
    ),
    "signature: none": edited(lambda _chance, token: token.rpartition(".")[0] + "."),
    "signature: numbers out of range": edited(
        lambda chance, token: (
            f"{token.rpartition('.')[0]}.{base64url.encode(chance.choice([bytes(64), bytes([255]) * 64]))}"
        )
    ),
    **{f"edit: {name}": edited(partial(edit_with_another, edit)) for name, edit in EDITS.items()},
}
