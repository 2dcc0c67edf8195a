"""A passkey in software: its registration as it is stored, and what it signs as a browser sends it. It has ES256."""

import hashlib
import json
import secrets

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from edge_auth import base64url
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.tokens.token_form import id_bytes
from edge_auth.webauthn.client_data import GET

RP_ID, ORIGIN = "example.org", "https://example.org"
PARAMETERS = {"PasskeyRpId": RP_ID, "PasskeyOrigins": ORIGIN}
CREDENTIAL_ID_BYTES = 32
# RFC 9053 §7.1.1, in the order of CTAP2 §8: kty 2, alg -7, crv 1, x and y.
_COSE_HEAD, _COSE_Y = bytes.fromhex("a5010203262001215820"), bytes.fromhex("225820")
_USER_VERIFIED = 1 | 4  # WebAuthn §6.1: a verified user is present, too
_NO_COUNTER = bytes(4)  # as synced passkeys have it


class SoftwarePasskey:
    """A passkey with a new key. It signs for anybody."""

    def __init__(self) -> None:
        """Draw the key and the id."""
        self._key = generate_private_key(SECP256R1())
        self._credential_id = secrets.token_bytes(CREDENTIAL_ID_BYTES)

    def registered(self) -> RegisteredPasskey:
        """Return the passkey as its registration stored it."""
        point = self._key.public_key().public_numbers()
        public_key = _COSE_HEAD + point.x.to_bytes(32) + _COSE_Y + point.y.to_bytes(32)
        return RegisteredPasskey(
            self._credential_id,
            public_key,
            sign_count=0,
            is_backup_eligible=False,
            is_backed_up=False,
            name="phone",
            created_at_seconds=1,
        )

    def signed(self, challenge: str, user_id: str) -> dict[str, object]:
        """Sign a challenge for this user. Return a browser's `PublicKeyCredential.toJSON()` (WebAuthn §5.1)."""
        said = {"type": GET, "challenge": challenge, "origin": ORIGIN, "crossOrigin": False}
        client_data = json.dumps(said, separators=(",", ":")).encode()
        data = hashlib.sha256(RP_ID.encode()).digest() + bytes([_USER_VERIFIED]) + _NO_COUNTER
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": data,
            "signature": self._key.sign(data + hashlib.sha256(client_data).digest(), ECDSA(SHA256())),
            "userHandle": id_bytes(user_id),
        }
        name = base64url.encode(self._credential_id)
        encoded = {member: base64url.encode(value) for member, value in response.items()}
        return {"id": name, "rawId": name, "type": "public-key", "response": encoded, "clientExtensionResults": {}}
