"""The key ring: signing keys and refresh-token MAC keys in one document.

signing   signs access tokens
next      published, so that every verifier knows it before it signs
retired   signs no more, verifies until the last token it signed has expired
mac       current and previous key of the refresh tokens' MAC
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from edge_auth.tokens import base64url, signing_key
from edge_auth.tokens.jwk import PRIVATE_MEMBERS, thumbprint
from edge_auth.tokens.refresh import MAC_KEY_BYTES, MAC_KEY_ID_BYTES, MacKey
from edge_auth.tokens.signing_key import PrivateKey

FORMAT = 1

Entropy = Callable[[int], bytes]


@dataclass(frozen=True)
class SigningKey:
    """A private signing key as a JWK, of one algorithm."""

    alg: str
    created_at_seconds: int
    jwk: Mapping[str, str] = field(repr=False)

    @cached_property
    def kid(self) -> str:
        """The RFC 7638 thumbprint."""
        return thumbprint(self.jwk)

    @cached_property
    def private_key(self) -> PrivateKey:
        """The key that signs; built on first use, since only one key of a ring signs."""
        return signing_key.load(self.alg, self.jwk)

    def public_jwk(self) -> dict[str, str]:
        """Return the JWK to publish (RFC 7517 §4): public members only."""
        public = {name: value for name, value in self.jwk.items() if name not in PRIVATE_MEMBERS}
        return public | {"alg": self.alg, "kid": self.kid, "use": "sig"}


@dataclass(frozen=True)
class KeyRing:
    """All keys of a deployment."""

    signing: SigningKey
    next: SigningKey
    retired: tuple[SigningKey, ...]
    mac: MacKey
    previous_mac: MacKey | None

    @cached_property
    def mac_keys(self) -> dict[bytes, MacKey]:
        """The MAC keys that are accepted, by their id."""
        return {key.key_id: key for key in (self.mac, self.previous_mac) if key is not None}

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the JWK Set to publish (RFC 7517 §5)."""
        return {"keys": [key.public_jwk() for key in (self.signing, self.next, *self.retired)]}


def make_key_ring(alg: str, *, now_seconds: int, entropy: Entropy) -> KeyRing:
    """Make a new ring. Private keys are drawn by OpenSSL, MAC keys from `entropy`."""
    return KeyRing(
        signing=SigningKey(alg, now_seconds, signing_key.generate(alg)),
        next=SigningKey(alg, now_seconds, signing_key.generate(alg)),
        retired=(),
        mac=MacKey(entropy(MAC_KEY_ID_BYTES), entropy(MAC_KEY_BYTES)),
        previous_mac=None,
    )


def to_secret_json(ring: KeyRing) -> str:
    """Write the ring, private keys included, for Secrets Manager and nowhere else."""
    document = {
        "format": FORMAT,
        "signing": _signing_key_document(ring.signing),
        "next": _signing_key_document(ring.next),
        "retired": [_signing_key_document(key) for key in ring.retired],
        "mac": _mac_key_document(ring.mac),
        "previous_mac": _mac_key_document(ring.previous_mac) if ring.previous_mac else None,
    }
    return json.dumps(document, separators=(",", ":"))


def from_secret_json(text: str) -> KeyRing:
    """Read a ring, and load the key that signs: a ring that cannot sign must show before anything is written.

    Raises:
        ValueError: not a ring of this format, or a damaged one. The message holds nothing of the text.

    """
    try:
        document = json.loads(text)
        readers = {FORMAT: _key_ring}
        ring = readers[document["format"]](document)
        ring.signing.private_key, ring.signing.kid  # noqa: B018 - loads them
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("not a key ring") from None
    return ring


def _key_ring(document: Mapping[str, Any]) -> KeyRing:
    previous = document["previous_mac"]
    return KeyRing(
        signing=_signing_key(document["signing"]),
        next=_signing_key(document["next"]),
        retired=tuple(_signing_key(key) for key in document["retired"]),
        mac=_mac_key(document["mac"]),
        previous_mac=_mac_key(previous) if previous else None,
    )


def _signing_key_document(key: SigningKey) -> dict[str, object]:
    return {"alg": key.alg, "created_at": key.created_at_seconds, "jwk": dict(key.jwk)}


def _signing_key(document: Mapping[str, Any]) -> SigningKey:
    jwk = {name: str(value) for name, value in document["jwk"].items()}
    return SigningKey(alg=document["alg"], created_at_seconds=document["created_at"], jwk=jwk)


def _mac_key_document(key: MacKey) -> dict[str, str]:
    return {"id": base64url.encode(key.key_id), "secret": base64url.encode(key.secret)}


def _mac_key(document: Mapping[str, str]) -> MacKey:
    key = MacKey(base64url.decode(document["id"]), base64url.decode(document["secret"]))
    if (len(key.key_id), len(key.secret)) != (MAC_KEY_ID_BYTES, MAC_KEY_BYTES):
        raise ValueError("a MAC key of another size")
    return key
