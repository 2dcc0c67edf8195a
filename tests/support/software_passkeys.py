"""Passkeys in software, which may also break each rule, with everything signed as a real one signs it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256, RS256, CoseKey, EdDSA

from edge_auth import base64url
from edge_auth.webauthn.ceremonies import Assertion, Passkey, RelyingParty
from edge_auth.webauthn.client_data import CREATE, GET

RP_ID, ORIGIN = "example.org", "https://example.org"
PARTY = RelyingParty(RP_ID, frozenset({ORIGIN, "https://login.example.org"}))
CHALLENGE = base64url.encode(b"c" * 32)
USER_HANDLE = b"u" * 16
UP, UV, BE, BS, AT, ED = 1, 4, 8, 16, 64, 128

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@cache
def private_key(algorithm: str, number: int = 0) -> PrivateKey:
    """Return a key. RSA keys take long to make, so the tests share them."""
    match algorithm, number:
        case "ES256", _:
            return ec.generate_private_key(ec.SECP256R1())
        case "EdDSA", _:
            return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def cose_key(key: PrivateKey) -> bytes:
    """Return the public half as a COSE key, as another library writes it."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        kind: type[CoseKey] = ES256
    else:
        kind = RS256 if isinstance(key, rsa.RSAPrivateKey) else EdDSA
    public = kind.from_cryptography_key(key.public_key())
    return cbor.encode(dict(public))


def sign(key: PrivateKey, data: bytes) -> bytes:
    """Sign as an authenticator does (WebAuthn §6.5.5)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(SHA256()))
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), SHA256())
    return key.sign(data)


@dataclass(frozen=True)
class Ceremony:
    """One ceremony, and what its authenticator and its browser say in it. Each field may be wrong.

    `members` are put into the client data last. `tail` is behind the authenticator data.
    """

    key: PrivateKey
    credential_id: bytes = b"credential-id-01"
    flags: int = UP | UV
    sign_count: int = 0
    challenge: str = CHALLENGE
    origin: str = ORIGIN
    rp_id: str = RP_ID
    members: Mapping[str, object] = field(default_factory=dict)
    extensions: Mapping[str, object] | None = None
    tail: bytes = b""
    cose_key: bytes | None = None
    aaguid: bytes = b"\0" * 16
    statement: Mapping[str, object] = field(default_factory=dict)
    form: str = "none"
    user_handle: bytes = USER_HANDLE

    def edited(self, **changes: object) -> "Ceremony":
        """Return the ceremony with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]  # the tests name fields only

    def client_data(self, kind: str) -> bytes:
        """Return the client data, as a browser writes it."""
        said = {"type": kind, "challenge": self.challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps({**said, **self.members}, separators=(",", ":")).encode()

    def authenticator_data(self, *, with_key: bool) -> bytes:
        """Return the authenticator data."""
        flags = self.flags | (AT if with_key else 0) | (0 if self.extensions is None else ED)
        head = hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.sign_count.to_bytes(4)
        attested = b""
        if flags & AT:
            public = cose_key(self.key) if self.cose_key is None else self.cose_key
            attested = self.aaguid + len(self.credential_id).to_bytes(2) + self.credential_id + public
        extensions = b"" if self.extensions is None else cbor.encode(dict(self.extensions))
        return head + attested + extensions + self.tail

    def registration(self) -> tuple[bytes, bytes]:
        """Return client data and attestation object of a registration."""
        data = self.authenticator_data(with_key=True)
        return self.client_data(CREATE), cbor.encode(
            {"fmt": self.form, "attStmt": dict(self.statement), "authData": data}
        )

    def assertion(self) -> Assertion:
        """Return the assertion, rightly signed."""
        client_data, data = self.client_data(GET), self.authenticator_data(with_key=False)
        signature = sign(self.key, data + hashlib.sha256(client_data).digest())
        return Assertion(client_data, data, signature, self.user_handle)

    def passkey(self, sign_count: int = 0) -> Passkey:
        """Return the passkey as an earlier registration stored it."""
        return Passkey(self.credential_id, cose_key(self.key), sign_count, bool(self.flags & BE), bool(self.flags & BS))


def as_json(ceremony: Ceremony, response: Mapping[str, bytes]) -> dict[str, object]:
    """Return what a browser's `PublicKeyCredential.toJSON()` returns (WebAuthn §5.1)."""
    name = base64url.encode(ceremony.credential_id)
    encoded = {member: base64url.encode(value) for member, value in response.items()}
    return {"id": name, "rawId": name, "type": "public-key", "response": encoded, "clientExtensionResults": {}}
