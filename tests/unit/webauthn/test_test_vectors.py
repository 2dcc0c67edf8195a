"""The test vectors of WebAuthn Level 3, §16, from the specification's source of 2026-07-30."""

import hashlib
import json
from pathlib import Path

import pytest

from edge_auth import base64url
from edge_auth.webauthn.authenticator_data import authenticator_data
from edge_auth.webauthn.cbor import read_map
from edge_auth.webauthn.ceremonies import Assertion, RelyingParty, verify_assertion, verify_registration
from edge_auth.webauthn.public_key import public_key
from edge_auth.webauthn.refusal import NotVerified

VECTORS = json.loads(Path(__file__).with_name("w3c_vectors.json").read_text(encoding="utf-8"))
PARTY = RelyingParty("example.org", frozenset({"https://example.org"}))
# Why a vector is refused, where it is: in the registration, or in the assertion.
NOT_OFFERED = "key: type, algorithm or parameters"
UNVERIFIED = "user not verified"
FRAME = "client data: frame"
REGISTRATIONS = {
    "none-es256": UNVERIFIED,
    "packed-self-es256": "",
    "none-es256-crossOrigin": FRAME,
    "none-es256-topOrigin": FRAME,
    "none-es256-long-credential-id": UNVERIFIED,
    "packed-es256": "",
    "packed-es384": UNVERIFIED,
    "packed-es512": NOT_OFFERED,
    "packed-rs256": "",
    "packed-eddsa": UNVERIFIED,
    "packed-ed448": UNVERIFIED,
    "tpm-es256": "",
    "android-key-es256": "",
    "apple-es256": UNVERIFIED,
    "fido-u2f-es256": UNVERIFIED,
}


def parts(name: str, ceremony: str) -> dict[str, bytes]:
    """Return the values of a vector."""
    return {member: bytes.fromhex(value) for member, value in VECTORS[name][ceremony].items()}


@pytest.mark.parametrize("name", VECTORS)
def test_each_vector_is_accepted_or_refused_by_a_rule_that_is_stricter(name: str) -> None:
    """Most have no verified user, two are in frames, and three have algorithms that the server does not offer."""
    made, used = parts(name, "registration"), parts(name, "authentication")
    challenge = base64url.encode(made["challenge"])
    if REGISTRATIONS[name]:
        with pytest.raises(NotVerified, match=REGISTRATIONS[name]):
            verify_registration(made["clientDataJSON"], made["attestationObject"], challenge=challenge, party=PARTY)
        return
    passkey = verify_registration(made["clientDataJSON"], made["attestationObject"], challenge=challenge, party=PARTY)
    assert passkey.credential_id == made["credential_id"]
    assertion = Assertion(used["clientDataJSON"], used["authenticatorData"], used["signature"], b"user")
    challenge = base64url.encode(used["challenge"])
    if not authenticator_data(used["authenticatorData"]).is_user_verified:
        with pytest.raises(NotVerified, match=UNVERIFIED):
            verify_assertion(assertion, passkey, challenge=challenge, party=PARTY, user_handle=b"user")
    else:
        verified = verify_assertion(assertion, passkey, challenge=challenge, party=PARTY, user_handle=b"user")
        assert verified.credential_id == passkey.credential_id


@pytest.mark.parametrize("name", [name for name in VECTORS if not name.endswith(("es384", "es512", "ed448"))])
def test_each_signature_of_an_offered_algorithm_is_right(name: str) -> None:
    """Also of those vectors in which no user was verified."""
    made, used = parts(name, "registration"), parts(name, "authentication")
    attested = read_map(made["attestationObject"])[0]["authData"]
    assert isinstance(attested, bytes)
    new_key = authenticator_data(attested).new_key
    assert new_key is not None
    assert new_key.credential_id == made["credential_id"]
    signed = used["authenticatorData"] + hashlib.sha256(used["clientDataJSON"]).digest()
    check = public_key(new_key.public_key)
    check(used["signature"], signed)
    with pytest.raises(NotVerified, match="signature"):
        check(used["signature"], signed + b"\0")


def test_some_vectors_are_verified_from_end_to_end() -> None:
    """Otherwise the first test could pass by refusing everything."""
    accepted = [
        name
        for name, reason in REGISTRATIONS.items()
        if not reason and authenticator_data(parts(name, "authentication")["authenticatorData"]).is_user_verified
    ]
    assert accepted == ["packed-es256", "tpm-es256"]
