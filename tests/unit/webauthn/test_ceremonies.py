"""The rules of both ceremonies, each from both sides, for passkeys of each algorithm."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_auth.webauthn.ceremonies import (
    Passkey,
    RelyingParty,
    is_counter_behind,
    verify_assertion,
    verify_registration,
)
from edge_auth.webauthn.client_data import CREATE, GET
from edge_auth.webauthn.refusal import CounterBehind, NotVerified
from tests.support.software_passkeys import (
    BE,
    BS,
    CHALLENGE,
    PARTY,
    RP_ID,
    UP,
    USER_HANDLE,
    UV,
    Ceremony,
    cose_key,
    private_key,
)

ALGORITHMS = ("ES256", "EdDSA", "RS256")
OTHER_CHALLENGE = "d" * 43
GOOD = Ceremony(private_key("ES256"))


def register(ceremony: Ceremony, party: RelyingParty = PARTY) -> Passkey:
    """Verify a registration."""
    return verify_registration(*ceremony.registration(), challenge=CHALLENGE, party=party)


def use(ceremony: Ceremony, passkey: Passkey | None = None) -> Passkey:
    """Verify an assertion. The passkey is the ceremony's own, if none is named."""
    stored = GOOD.passkey() if passkey is None else passkey
    return verify_assertion(ceremony.assertion(), stored, challenge=CHALLENGE, party=PARTY, user_handle=USER_HANDLE)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("flags", [UP | UV, UP | UV | BE, UP | UV | BE | BS])
def test_a_passkey_is_registered_and_used(algorithm: str, flags: int) -> None:
    """WebAuthn §7.1 and §7.2: what was registered verifies, and each use brings the new counter."""
    ceremony = Ceremony(private_key(algorithm), flags=flags, sign_count=3)
    passkey = register(ceremony)

    assert passkey == ceremony.passkey(3)
    assert use(ceremony.edited(sign_count=4), passkey) == passkey._replace(sign_count=4)


@pytest.mark.parametrize("origin", sorted(PARTY.origins))
def test_each_origin_of_the_set_is_accepted(origin: str) -> None:
    """A site may have several pages."""
    assert register(GOOD.edited(origin=origin)) == GOOD.passkey()
    assert use(GOOD.edited(origin=origin)) == GOOD.passkey()


# In each ceremony, one thing that is wrong. Everything is signed as it is.
WRONG_IN_BOTH = {
    "another challenge": {"challenge": OTHER_CHALLENGE},
    "a challenge in another spelling": {"challenge": CHALLENGE + "="},
    "another type": {"members": {"type": "payment.get"}},
    "another origin": {"origin": "https://evil.example"},
    "an origin with a port": {"origin": "https://example.org:443"},
    "an origin in capitals": {"origin": "https://EXAMPLE.org"},
    "an origin with a slash": {"origin": "https://example.org/"},
    "a subdomain": {"origin": "https://a.example.org"},
    "no text as origin": {"members": {"origin": ["https://example.org"]}},
    "another RP ID": {"rp_id": "login.example.org"},
    "a frame of another site": {"members": {"crossOrigin": True}},
    "no boolean for the frame": {"members": {"crossOrigin": 0}},
    "the origin above the frame": {"members": {"topOrigin": "https://example.org"}},
    "no user present": {"flags": UV},
    "no user verified": {"flags": UP},
    "a backup of what cannot have one": {"flags": UP | UV | BS},
    "a byte behind the authenticator data": {"tail": b"\0"},
    "extensions that are no map": {"flags": UP | UV | 128, "tail": b"\x80"},
    "extensions that end early": {"flags": UP | UV | 128, "tail": b"\xa1\x61a"},
    "the flag of extensions without any": {"flags": UP | UV | 128},
}


@pytest.mark.parametrize("change", WRONG_IN_BOTH.values(), ids=WRONG_IN_BOTH)
def test_what_is_wrong_in_one_thing_is_refused(change: dict[str, object]) -> None:
    """SC7: each is signed, and refused in both ceremonies."""
    wrong = GOOD.edited(**change)
    with pytest.raises(NotVerified):
        register(wrong)
    with pytest.raises(NotVerified):
        use(wrong)
    assert register(GOOD) == use(GOOD) == GOOD.passkey()


def test_a_setting_has_commas_between_the_origins() -> None:
    """An empty text is no origin."""
    assert RelyingParty.of(RP_ID, "https://example.org,https://login.example.org") == PARTY
    assert RelyingParty.of(RP_ID, "https://example.org,").origins == {"https://example.org"}
    assert RelyingParty.of(RP_ID, "").origins == frozenset()


def test_extensions_are_ignored() -> None:
    """WebAuthn §6.1: authenticators add some that nobody asked for."""
    extended = GOOD.edited(extensions={"credProtect": 2, "hmac-secret": True})
    assert register(extended) == use(extended) == GOOD.passkey()


def test_members_that_may_come_are_ignored() -> None:
    """WebAuthn §5.8.1.2 asks for it: browsers add members, so that nobody compares with a template."""
    extended = GOOD.edited(members={"other_keys_can_be_added_here": "do not compare"})
    assert register(extended) == use(extended) == GOOD.passkey()


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"{", b'{"type":"webauthn.get",', 1),
        lambda data: data.replace(b"{", b'{"n":NaN,', 1),
        lambda data: data[:-1],
        lambda data: b"[" + data + b"]",
        lambda _data: b"",
        lambda _data: b"\xff",
        lambda _data: b"[" * 100_000,
    ],
)
def test_client_data_is_one_strict_object(edit: Callable[[bytes], bytes]) -> None:
    """Two readers of one text may not find two meanings in it: RFC 8259 §4."""
    client_data, attestation = GOOD.registration()
    with pytest.raises(NotVerified):
        verify_registration(edit(client_data), attestation, challenge=CHALLENGE, party=PARTY)
    assert verify_registration(client_data, attestation, challenge=CHALLENGE, party=PARTY) == GOOD.passkey()


def test_no_ceremony_stands_for_the_other() -> None:
    """The type is signed: what a page got for a registration opens no session, and the other way round."""
    client_data, attestation = GOOD.registration()
    with pytest.raises(NotVerified, match="type"):
        verify_registration(GOOD.client_data(GET), attestation, challenge=CHALLENGE, party=PARTY)
    assertion = GOOD.assertion()._replace(client_data=GOOD.client_data(CREATE))
    with pytest.raises(NotVerified, match="type"):
        verify_assertion(assertion, GOOD.passkey(), challenge=CHALLENGE, party=PARTY, user_handle=USER_HANDLE)
    assert json.loads(client_data)["type"] == CREATE


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_only_the_passkey_itself_signs(algorithm: str) -> None:
    """Another key, another signature or another signed text is refused."""
    own, other = private_key(algorithm), private_key("ES256" if algorithm != "ES256" else "EdDSA")
    ceremony = Ceremony(own)
    assertion, passkey = ceremony.assertion(), ceremony.passkey()
    signature = assertion.signature
    wrong = [
        Ceremony(other).assertion(),
        assertion._replace(signature=b""),
        assertion._replace(signature=signature[:-1]),
        assertion._replace(signature=signature + b"\0"),
        assertion._replace(signature=signature[:-1] + bytes([signature[-1] ^ 1])),
        assertion._replace(client_data=assertion.client_data.replace(b"false", b"false ")),
        assertion._replace(authenticator_data=ceremony.edited(sign_count=9).authenticator_data(with_key=False)),
    ]
    for forged in wrong:
        with pytest.raises(NotVerified):
            verify_assertion(forged, passkey, challenge=CHALLENGE, party=PARTY, user_handle=USER_HANDLE)
    assert use(ceremony, passkey) == passkey


@pytest.mark.parametrize("handle", [b"", b"v" * 16, USER_HANDLE + b"\0", USER_HANDLE[:-1]])
def test_the_user_handle_is_that_of_the_user(handle: bytes) -> None:
    """SC7: a passkey says whose it is, and nobody can use it for another one. WebAuthn §7.2, step 6."""
    with pytest.raises(NotVerified, match="user handle"):
        use(GOOD.edited(user_handle=handle))
    assert use(GOOD) == GOOD.passkey()


def test_an_assertion_has_no_new_key() -> None:
    """WebAuthn §6.1: only a registration has attested credential data."""
    with pytest.raises(NotVerified, match="a new key"):
        use(GOOD.edited(flags=UP | UV | 64))


def test_backup_eligibility_never_changes() -> None:
    """WebAuthn §6.1.3: it is part of the passkey. The backup state of an eligible one may change."""
    synced = GOOD.edited(flags=UP | UV | BE)
    with pytest.raises(NotVerified, match="backup eligibility"):
        use(synced, GOOD.passkey())
    with pytest.raises(NotVerified, match="backup eligibility"):
        use(GOOD, synced.passkey())
    backed_up = use(synced.edited(flags=UP | UV | BE | BS), synced.passkey())
    assert backed_up.is_backed_up
    assert not use(synced, backed_up).is_backed_up


@pytest.mark.parametrize(("before", "now"), [(5, 5), (5, 4), (5, 0), (2**32 - 1, 0)])
def test_a_counter_that_does_not_go_on_is_refused_where_there_can_be_no_copy(before: int, now: int) -> None:
    """WebAuthn §6.1.1. A passkey that may be on several devices has a counter on each, so there it is only told."""
    with pytest.raises(CounterBehind):
        use(GOOD.edited(sign_count=now), GOOD.passkey(before))
    synced = GOOD.edited(flags=UP | UV | BE)
    used = use(synced.edited(sign_count=now), synced.passkey(before))
    assert used.sign_count == now
    assert is_counter_behind(used, synced.passkey(before))


@pytest.mark.parametrize(("before", "now"), [(0, 0), (0, 1), (5, 6), (5, 2**32 - 1)])
def test_a_counter_that_goes_on_or_never_counts_is_accepted(before: int, now: int) -> None:
    """Most passkeys always say 0."""
    used = use(GOOD.edited(sign_count=now), GOOD.passkey(before))
    assert used.sign_count == now
    assert not is_counter_behind(used, GOOD.passkey(before))


def test_a_forged_signature_tells_nothing_of_the_counter() -> None:
    """Only who has the passkey may make an event of a copy."""
    assertion = GOOD.edited(sign_count=1).assertion()._replace(signature=b"forged")
    with pytest.raises(NotVerified) as refused:
        verify_assertion(assertion, GOOD.passkey(5), challenge=CHALLENGE, party=PARTY, user_handle=USER_HANDLE)
    assert not isinstance(refused.value, CounterBehind)


WRONG_REGISTRATIONS = {
    "no credential id": {"credential_id": b""},
    "a credential id of 1024 bytes": {"credential_id": b"i" * 1024},
    "a statement of no attestation": {"statement": {"sig": b"s"}},
    "no text as format": {"form": 1},
    "no map as statement": {"statement": [("a", 1)]},
    "a key that ends early": {"cose_key": cose_key(GOOD.key)[:-1]},
    "no key": {"cose_key": b""},
    "a byte behind the key": {"cose_key": cose_key(GOOD.key) + b"\0"},
}


@pytest.mark.parametrize("change", WRONG_REGISTRATIONS.values(), ids=WRONG_REGISTRATIONS)
def test_a_malformed_registration_is_refused(change: dict[str, object]) -> None:
    """WebAuthn §6.5.4 and §7.1, steps 25 and 26."""
    if change.get("statement") == [("a", 1)]:
        client_data, attestation = GOOD.registration()
        attestation = attestation.replace(b"gattStmt\xa0", b"gattStmt\x80")
    else:
        client_data, attestation = GOOD.edited(**change).registration()
    with pytest.raises(NotVerified):
        verify_registration(client_data, attestation, challenge=CHALLENGE, party=PARTY)


@pytest.mark.parametrize("size", [1, 1023])
def test_credential_ids_of_each_allowed_size_are_accepted(size: int) -> None:
    """WebAuthn §7.1, step 25."""
    ceremony = replace(GOOD, credential_id=b"i" * size)
    assert register(ceremony) == ceremony.passkey()


def test_a_registration_without_a_key_is_refused() -> None:
    """It would register nothing."""
    client_data, attestation = GOOD.registration()
    without = GOOD.authenticator_data(with_key=False)
    object_without = b"\xa3cfmtdnonegattStmt\xa0hauthData\x58" + bytes([len(without)]) + without
    with pytest.raises(NotVerified, match="no key"):
        verify_registration(client_data, object_without, challenge=CHALLENGE, party=PARTY)
    with pytest.raises(NotVerified, match="members"):
        verify_registration(client_data, attestation + b"\0", challenge=CHALLENGE, party=PARTY)


def test_a_statement_is_not_checked() -> None:
    """None is asked for. An authenticator that sends one is like any other: decision 0051."""
    stated = GOOD.edited(form="packed", statement={"alg": -7, "sig": b"no signature"}, aaguid=b"a" * 16)
    assert register(stated) == GOOD.passkey()
