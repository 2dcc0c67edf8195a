"""Hostile tokens with a wrong algorithm or signature."""

import hmac
import json
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256K1, SECP384R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_auth import base64url
from edge_auth.keys.jwk import header_segment
from edge_auth.tokens import access_token as access
from tests.support.access_tokens import (
    ALGORITHMS,
    P256_ORDER,
    assemble,
    claims_at,
    key,
    raw_signature,
    signed_token,
    to_json,
)

Row = tuple[str, str]


def rows(now: int) -> Iterator[Row]:
    """Yield the rows."""
    yield from _unsigned(now)
    yield from _confusions(now)
    yield from _foreign(now)
    yield from _es256(now)
    yield from _lengths(now)
    yield from _rs256(now)


def _header(alg: object, kid: object) -> str:
    return base64url.encode(to_json({"alg": alg, "kid": kid, "typ": "at+jwt"}))


def _body(now: int) -> str:
    return base64url.encode(to_json(claims_at(now).payload()))


def _unsigned(now: int) -> Iterator[Row]:
    good = access.issue(claims_at(now), key("ES256"))
    header, body, signature = good.split(".")
    for alg in ("none", "None", "NONE", "nOnE", "none ", "", "null"):
        unsigned = _header(alg, key("ES256").kid)
        yield f"alg {alg!r}, empty signature", f"{unsigned}.{body}."
        yield f"alg {alg!r}, the good signature", f"{unsigned}.{body}.{signature}"
    for no_text in (None, True, 0, [], ["ES256"], {"alg": "ES256"}):
        yield f"alg {json.dumps(no_text)}", assemble(_header(no_text, key("ES256").kid), body, key("ES256").private_key)
    yield "our header, empty signature", f"{header}.{body}."
    yield "our header, no signature", f"{header}.{body}"
    yield "alg none without kid", f"{base64url.encode(to_json({'alg': 'none'}))}.{body}."


def _confusions(now: int) -> Iterator[Row]:
    """Yield HMACs whose secret is our public key, in each encoding: CVE-2015-9235, CVE-2022-29217, CVE-2026-48526."""
    body = _body(now)
    for alg in ALGORITHMS:
        pair = key(alg)
        public = pair.private_key.public_key()
        secrets = {
            "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "PEM without newline": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).rstrip(),
            "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "JWK": json.dumps(pair.public_jwk()).encode(),
            "compact JWK": to_json(pair.public_jwk()),
            "JWK Set": json.dumps({"keys": [pair.public_jwk()]}).encode(),
            "kid": pair.kid.encode(),
            "empty": b"",
        }
        for name, secret in secrets.items():
            header = _header("HS256", pair.kid)
            mac = hmac.digest(secret, f"{header}.{body}".encode(), "sha256")
            yield f"HS256 with the {alg} key's {name}", f"{header}.{body}.{base64url.encode(mac)}"
        own = header_segment(alg, pair.kid)
        mac = hmac.digest(secrets["PEM"], f"{own}.{body}".encode(), "sha256")
        yield f"an HMAC under the {alg} header", f"{own}.{body}.{base64url.encode(mac)}"
    for digest in ("sha384", "sha512"):
        alg = f"HS{digest[3:]}"
        pem = key("ES256").private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        header = _header(alg, key("ES256").kid)
        mac = hmac.digest(pem, f"{header}.{body}".encode(), digest)
        yield f"{alg} with the ES256 key's PEM", f"{header}.{body}.{base64url.encode(mac)}"


def _foreign(now: int) -> Iterator[Row]:
    claims = claims_at(now).payload()
    for alg in ALGORITHMS:
        stranger = key(alg, "foreign")
        yield f"{alg}: a foreign key under its own kid", signed_token(claims, signed_by=stranger)
        own = header_segment(alg, key(alg).kid)
        yield f"{alg}: a foreign key under our kid", signed_token(claims, signed_by=stranger, header=own)
        for other in ALGORITHMS:
            if other != alg:
                yield f"{alg}: signed by our {other} key", signed_token(claims, signed_by=key(other), header=own)
                swapped = header_segment(other, key(alg).kid)
                yield f"{alg} key under alg {other}", signed_token(claims, signed_by=key(alg), header=swapped)
    next_header = header_segment("ES256", key("ES256", "next").kid)
    yield "our signing key under our next kid", signed_token(claims, signed_by=key("ES256"), header=next_header)
    dropped = key("ES256", "dropped")
    yield "a key that was dropped", signed_token(claims, signed_by=dropped)


def _es256(now: int) -> Iterator[Row]:
    good = access.issue(claims_at(now), key("ES256"))
    signed, _, signature = good.rpartition(".")
    raw = base64url.decode(signature)
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])

    def pair(left: int, right: int) -> str:
        return f"{signed}.{base64url.encode(left.to_bytes(32) + right.to_bytes(32))}"

    limit = 2**256 - 1
    yield "psychic: r = s = 0", pair(0, 0)
    yield "r = 0", pair(0, s)
    yield "s = 0", pair(r, 0)
    yield "r = s = 1", pair(1, 1)
    yield "r = n, s = n", pair(P256_ORDER, P256_ORDER)
    yield "r = n - 1, s = n - 1", pair(P256_ORDER - 1, P256_ORDER - 1)
    yield "s = n", pair(r, P256_ORDER)
    yield "r and s the largest", pair(limit, limit)
    yield "r and s swapped", pair(s, r)
    yield "r negated", pair(P256_ORDER - r, s)
    yield "r plus one", pair((r + 1) % P256_ORDER, s)
    yield "s minus one", pair(r, s - 1)
    yield "DER", f"{signed}.{base64url.encode(encode_dss_signature(r, s))}"
    yield "DER of zeros", f"{signed}.{base64url.encode(encode_dss_signature(0, 0))}"
    yield "hex instead of base64url", f"{signed}.{raw.hex()}"
    yield "33 bytes each", f"{signed}.{base64url.encode(bytes(1) + raw[:32] + bytes(1) + raw[32:])}"
    yield "s with a zero before it", f"{signed}.{base64url.encode(raw[:32] + bytes(1) + raw[32:])}"
    yield "the signature twice", f"{signed}.{signature}{signature}"
    private_key = key("ES256").private_key
    assert isinstance(private_key, EllipticCurvePrivateKey)
    for name, digest in (("SHA-384", SHA384()), ("SHA-512", SHA512())):
        der = private_key.sign(signed.encode(), ECDSA(digest))
        yield f"our key over {name}, DER", f"{signed}.{base64url.encode(der)}"
    for name, curve in (("P-384", SECP384R1()), ("secp256k1", SECP256K1())):
        stranger = raw_signature(generate_ec(curve), signed.encode())
        yield f"a signature of {name}", f"{signed}.{base64url.encode(stranger)}"


def _lengths(now: int) -> Iterator[Row]:
    for alg in ALGORITHMS:
        good = access.issue(claims_at(now), key(alg))
        signed, _, signature = good.rpartition(".")
        raw = base64url.decode(signature)
        for size in (1, 32, len(raw) - 1):
            yield f"{alg}: cut to {size} bytes", f"{signed}.{base64url.encode(raw[:size])}"
        yield f"{alg}: one byte more", f"{signed}.{base64url.encode(raw + bytes(1))}"
        yield f"{alg}: one zero before", f"{signed}.{base64url.encode(bytes(1) + raw)}"
        yield f"{alg}: all zeros", f"{signed}.{base64url.encode(bytes(len(raw)))}"
        yield f"{alg}: all ones", f"{signed}.{base64url.encode(bytes([255]) * len(raw))}"
        yield f"{alg}: first bit flipped", f"{signed}.{base64url.encode(bytes([raw[0] ^ 128]) + raw[1:])}"
        yield f"{alg}: last bit flipped", f"{signed}.{base64url.encode(raw[:-1] + bytes([raw[-1] ^ 1]))}"
        other = access.issue(claims_at(now - 1), key(alg)).rpartition(".")[2]
        yield f"{alg}: another token's signature", f"{signed}.{other}"


def _rs256(now: int) -> Iterator[Row]:
    private_key = key("RS256").private_key
    assert isinstance(private_key, RSAPrivateKey)
    signed = access.issue(claims_at(now), key("RS256")).rpartition(".")[0]
    pss = private_key.sign(signed.encode(), PSS(MGF1(SHA256()), 32), SHA256())
    yield "RSA-PSS under RS256", f"{signed}.{base64url.encode(pss)}"
    yield "RS384 under RS256", f"{signed}.{base64url.encode(private_key.sign(signed.encode(), PKCS1v15(), SHA384()))}"
    for alg in ("RS384", "RS512", "PS256", "PS384", "ES384", "ES512", "ES256K", "Ed25519", "Ed448", "RSA-OAEP", "dir"):
        yield f"alg {alg}", assemble(_header(alg, key("RS256").kid), _body(now), private_key)
