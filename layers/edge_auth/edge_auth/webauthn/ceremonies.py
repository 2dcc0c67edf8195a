"""The two ceremonies: a registration makes a passkey (WebAuthn §7.1), and an assertion shows that it is there (§7.2).

Both demand that the user was verified, by a PIN or a finger: a passkey may be the only factor of a login. The origin
is compared byte for byte, and a page in a frame of another site is refused. No attestation statement is checked: none
is asked for, and any authenticator may be used.
"""

import hashlib
import hmac
from typing import NamedTuple, Self

from edge_auth.webauthn.authenticator_data import AuthenticatorData, authenticator_data
from edge_auth.webauthn.cbor import read_map
from edge_auth.webauthn.client_data import CREATE, GET, check_client_data
from edge_auth.webauthn.public_key import public_key
from edge_auth.webauthn.refusal import CounterBehind, NotVerified

NO_ATTESTATION = "none"  # WebAuthn §8.7: its statement is empty


class RelyingParty(NamedTuple):
    """Where passkeys are used: the RP ID, and the origins of the pages."""

    rp_id: str
    origins: frozenset[str]

    @classmethod
    def of(cls, rp_id: str, origins: str) -> Self:
        """Return the relying party of the settings. `origins` has commas between."""
        return cls(rp_id, frozenset(filter(None, origins.split(","))))


class Passkey(NamedTuple):
    """A registered passkey. `public_key` is a COSE key. If it is backup eligible, it may be on several devices."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool


class Assertion(NamedTuple):
    """What a browser answers to a challenge (WebAuthn §5.2.2). `user_handle` is what the registration gave as id."""

    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes


def verify_registration(
    client_data: bytes, attestation_object: bytes, *, challenge: str, party: RelyingParty
) -> Passkey:
    """Return the passkey that a browser made for a challenge (WebAuthn §7.1).

    Raises:
        NotVerified: a rule is broken.

    """
    check_client_data(client_data, kind=CREATE, challenge=challenge, origins=party.origins)
    attested, end = read_map(attestation_object)
    if end != len(attestation_object) or attested.keys() != {"fmt", "attStmt", "authData"}:
        raise NotVerified("attestation object: members")
    form, statement, data = attested["fmt"], attested["attStmt"], attested["authData"]
    if not isinstance(form, str) or not isinstance(statement, dict) or not isinstance(data, bytes):
        raise NotVerified("attestation object: types")
    if form == NO_ATTESTATION and statement:
        raise NotVerified("attestation object: statement")
    said = _checked(data, party)
    if said.new_key is None:
        raise NotVerified("authenticator data: no key")
    public_key(said.new_key.public_key)
    return Passkey(*said.new_key, said.sign_count, said.is_backup_eligible, said.is_backed_up)


def verify_assertion(
    assertion: Assertion, passkey: Passkey, *, challenge: str, party: RelyingParty, user_handle: bytes
) -> Passkey:
    """Return the passkey as it is after this use: with the new counter and backup state (WebAuthn §7.2).

    `user_handle` is that of the passkey's user. A passkey that can be copied may have a counter that goes back: each
    copy has its own. The counter that is returned is then the lower one.

    Raises:
        CounterBehind: the counter did not go on, although there can be no copy. Everything else is right.
        NotVerified: a rule is broken.

    """
    if not hmac.compare_digest(assertion.user_handle, user_handle):
        raise NotVerified("user handle")
    check_client_data(assertion.client_data, kind=GET, challenge=challenge, origins=party.origins)
    said = _checked(assertion.authenticator_data, party)
    if said.new_key is not None:  # WebAuthn §6.1: only a registration has one
        raise NotVerified("authenticator data: a new key")
    signed = assertion.authenticator_data + hashlib.sha256(assertion.client_data).digest()
    public_key(passkey.public_key)(assertion.signature, signed)
    if said.is_backup_eligible != passkey.is_backup_eligible:  # WebAuthn §6.1.3: it never changes
        raise NotVerified("backup eligibility")
    used = passkey._replace(sign_count=said.sign_count, is_backed_up=said.is_backed_up)
    if is_counter_behind(used, passkey) and not passkey.is_backup_eligible:
        raise CounterBehind("counter")
    return used


def is_counter_behind(used: Passkey, before: Passkey) -> bool:
    """Whether the counter did not go on (WebAuthn §6.1.1). Authenticators that do not count always say 0."""
    return (used.sign_count, before.sign_count) != (0, 0) and used.sign_count <= before.sign_count


def _checked(data: bytes, party: RelyingParty) -> AuthenticatorData:
    said = authenticator_data(data)
    if said.rp_id_hash != hashlib.sha256(party.rp_id.encode()).digest():
        raise NotVerified("RP ID")
    if not said.is_user_verified:
        raise NotVerified("user not verified")
    return said
