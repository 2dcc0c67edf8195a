"""Our signature check and our loading of keys, on Wycheproof's vectors: both say what the label says.

A vector with a signature asks whether the key is loaded and the signature verifies. A vector with a JWS asks the same,
after our decoder has read its parts. Its header is not asked: our verifier takes only the one header that our own
tokens have, and would refuse each of these. Where a group has a private key for a valid vector, our signing side loads
it too, and its public half verifies what it signs.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature

from benchmarks.frame.results import markdown
from edge_auth import base64url
from edge_auth.keys import signing_key
from edge_auth.keys.jwk import VerificationKey, verification_key
from edge_auth.tokens.verifier import keys_from_jwks
from proof.frame.results import Figures
from proof.frame.run import Run
from proof.hostile.wycheproof.selection import FILES, HERE
from tests.support.access_tokens import raw_signature

VALID, INVALID, ACCEPTABLE = "valid", "invalid", "acceptable"
MAX_WAIVERS = 8
_COMPACT_PARTS = 3

# The vectors that we judge in another way than their label, with the reason.
WAIVERS: Mapping[str, str] = {
    "json_web_key 7": "an RSA key of the broken generator of CVE-2017-15361 (ROCA). A verifier has only the keys that "
    "its own issuer has made with OpenSSL, so there is no such key to refuse.",
}


class Vector(NamedTuple):
    """One vector: its name, its label, its key as JSON, the signature and what is signed; or a JWS of both."""

    name: str
    label: str
    jwk: Mapping[str, Any]
    signature: bytes
    signed: bytes
    jws: object = None
    private: Mapping[str, Any] | None = None


def prove(run: Run) -> Figures:
    """Judge all vectors. A short run does too, because they take a second."""
    del run
    counts: dict[str, Counter[str]] = {}
    disagreements = []
    for file in FILES:
        found = counts[file] = Counter({VALID: 0, INVALID: 0, ACCEPTABLE: 0, "agreed": 0, "waived": 0, "signed too": 0})
        for vector in vectors(file):
            found[vector.label] += 1
            verdict = judged(vector)
            if vector.label in (verdict, ACCEPTABLE):
                found["agreed"] += 1
            elif vector.name in WAIVERS:
                found["waived"] += 1
            else:
                disagreements.append(f"{vector.name} is {vector.label}, and we say {verdict}")
            if vector.label == VALID and vector.private:
                found["signed too"] += signs(vector)
    return Figures({**{file: dict(found) for file, found in counts.items()}, "disagreements": disagreements})


def broken(figures: Figures) -> list[str]:
    """Return a line for each vector on which we disagree, and one for too many waivers."""
    lines = list(figures.counts["disagreements"])
    if sum(found["waived"] for found in figures.counts.values() if isinstance(found, dict)) != len(WAIVERS):
        lines.append("there is a waiver that no vector needs")
    if len(WAIVERS) > MAX_WAIVERS:
        lines.append(f"{len(WAIVERS)} waivers, and at most {MAX_WAIVERS} are allowed")
    return lines


def table(figures: Figures) -> str:
    """Return a row for each file."""
    names = (VALID, INVALID, ACCEPTABLE, "agreed", "waived", "signed too")
    rows = [
        (file, *(found[name] for name in names)) for file, found in figures.counts.items() if isinstance(found, dict)
    ]
    return markdown(("vectors", *names), rows)


def vectors(file: str) -> Iterator[Vector]:
    """Yield the vectors of a file."""
    for group in json.loads((HERE / file).read_text(encoding="utf-8"))["testGroups"]:
        jwk = group.get(FILES[file]) or _p256(group["publicKey"])
        for test in group["tests"]:
            name = f"{file.removesuffix('_test.json')} {test['tcId']}"
            if "jws" in test:
                yield Vector(name, test["result"], jwk, b"", b"", test["jws"], group.get("private"))
            else:
                yield Vector(name, test["result"], jwk, bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]))


def judged(vector: Vector) -> str:
    """Return what our code says of a vector. Any other error than a refusal leaves this function."""
    try:
        keys = _keys(vector.jwk)
        signature, signed = (vector.signature, vector.signed) if vector.jws is None else _read(vector.jws)
    except ValueError:
        return INVALID
    return VALID if any(_verifies(key, signature, signed) for key in keys) else INVALID


def signs(vector: Vector) -> bool:
    """Return whether the private key of a group is loaded, and signs what its public half verifies."""
    [key] = _keys(vector.jwk)
    private = (vector.private or {}).get("keys", [vector.private])[0]
    signed = vector.name.encode()
    return _verifies(key, raw_signature(signing_key.load(key.alg, private), signed), signed)


def _keys(jwk: Mapping[str, Any]) -> list[VerificationKey]:
    if "keys" in jwk:
        return keys_from_jwks(json.dumps(jwk))
    return [verification_key({"kid": "a kid", **jwk})]


def _p256(point: Mapping[str, str]) -> dict[str, str]:
    """Return the JWK of a group that has none, because its numbers begin with zeros."""
    numbers = {name: base64url.encode(int(point[f"w{name}"], 16).to_bytes(32)) for name in ("x", "y")}
    return {"kty": "EC", "crv": "P-256", **numbers}


def _read(jws: object) -> tuple[bytes, bytes]:
    parts = jws.split(".") if isinstance(jws, str) else []
    if len(parts) != _COMPACT_PARTS or not all(part.isascii() for part in parts):
        raise ValueError("not the compact form")
    for part in parts[:2]:
        base64url.decode(part)
    return base64url.decode(parts[2]), ".".join(parts[:2]).encode()


def _verifies(key: VerificationKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.check(signature, signed)
    except InvalidSignature:
        return False
    return True
