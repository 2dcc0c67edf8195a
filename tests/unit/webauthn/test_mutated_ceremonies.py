"""Mutation fuzzing: a seeded generator edits what passkeys signed. EDGE_AUTH_CEREMONIES=10000 makes 1,000,000 edits."""

import os
import random
from contextlib import suppress

from edge_auth.webauthn.ceremonies import Assertion, verify_assertion, verify_registration
from edge_auth.webauthn.refusal import NotVerified
from tests.support.software_passkeys import (
    BE,
    BS,
    CHALLENGE,
    PARTY,
    UP,
    USER_HANDLE,
    UV,
    Ceremony,
    private_key,
)

MUTATIONS = 100 * int(os.environ.get("EDGE_AUTH_CEREMONIES", "200"))
CEREMONIES = [
    Ceremony(private_key(algorithm), flags=flags, sign_count=7, extensions=extensions)
    for algorithm in ("ES256", "EdDSA", "RS256")
    for flags in (UP | UV, UP | UV | BE | BS)
    for extensions in (None, {"credProtect": 2, "hmac-secret": True})
]


def mutate(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Return the bytes with a small edit, or with a part of other ones."""
    place, end = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    before, within, after = data[:place], data[place:end], data[end:]
    byte = bytes([rng.randrange(256)])
    flipped = bytes([data[place % len(data)] ^ 1 << rng.randrange(8)])
    edits = [
        before + after,
        before + byte + data[place:],
        before + within[::-1] + after,
        before + within + within + after,
        before + other[place:],
        before + other[place:end] + after,
        data[: place % len(data)] + byte + data[place % len(data) + 1 :],
    ]
    return rng.choice([*edits, *[data[: place % len(data)] + flipped + data[place % len(data) + 1 :]] * 5])


def test_no_mutated_assertion_is_accepted() -> None:
    """SC7: each part of an assertion is edited, or that of another one, and only NotVerified is ever raised."""
    rng = random.Random(20260730)  # noqa: S311 - not a secret, a seed to repeat the test with
    good = [(ceremony.assertion(), ceremony.passkey(6)) for ceremony in CEREMONIES]
    for assertion, passkey in good:
        verify_assertion(assertion, passkey, challenge=CHALLENGE, party=PARTY, user_handle=USER_HANDLE)
    refused = tried = 0
    while tried < MUTATIONS:
        (assertion, passkey), (other, _) = rng.choice(good), rng.choice(good)
        place = rng.randrange(len(assertion))
        parts = list(assertion)
        parts[place] = mutate(rng, assertion[place], other[place])
        edited = Assertion(*parts)
        if edited == assertion:
            continue
        tried += 1
        try:
            verify_assertion(edited, passkey, challenge=CHALLENGE, party=PARTY, user_handle=USER_HANDLE)
        except NotVerified:
            refused += 1
    assert refused == tried == MUTATIONS


def test_a_mutated_registration_raises_no_other_error() -> None:
    """Nothing signs a registration, so an edit may give another passkey: one that its own key must be able to use."""
    rng = random.Random(20260731)  # noqa: S311 - not a secret, a seed to repeat the test with
    good = [ceremony.registration() for ceremony in CEREMONIES]
    passkeys = [verify_registration(*made, challenge=CHALLENGE, party=PARTY) for made in good]
    assert passkeys == [ceremony.passkey(7) for ceremony in CEREMONIES]
    for _ in range(MUTATIONS // 4):
        (client_data, attestation), (other_data, other_attestation) = rng.choice(good), rng.choice(good)
        if rng.random() < 0.2:
            client_data = mutate(rng, client_data, other_data)
        else:
            attestation = mutate(rng, attestation, other_attestation)
        with suppress(NotVerified):
            made = verify_registration(client_data, attestation, challenge=CHALLENGE, party=PARTY)
            with suppress(NotVerified):
                assertion = rng.choice(CEREMONIES).assertion()
                verify_assertion(assertion, made, challenge=CHALLENGE, party=PARTY, user_handle=USER_HANDLE)
