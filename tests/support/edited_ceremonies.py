"""Good ceremonies, and seeded edits of what passkeys signed in them."""

import random

from edge_auth.webauthn.ceremonies import Assertion, verify_assertion, verify_registration
from tests.support.software_passkeys import BE, BS, CHALLENGE, PARTY, UP, USER_HANDLE, UV, Ceremony, private_key

GOOD = [
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


class EditedAssertions:
    """Assertions of which one part is edited. Every one has to be refused."""

    def __init__(self) -> None:
        """Sign the good ones. Raises NotVerified: one of them is refused, so a refusal would show nothing."""
        self._good = [(ceremony.assertion(), ceremony.passkey(6)) for ceremony in GOOD]
        for assertion, passkey in self._good:
            verify_assertion(assertion, passkey, challenge=CHALLENGE, party=PARTY, user_handle=USER_HANDLE)

    def verify(self, rng: random.Random) -> None:
        """Edit a part of an assertion, with a part of another one, and verify it. Raises what the verifier raises."""
        edited = assertion = None
        while edited == assertion:
            (assertion, passkey), (other, _) = rng.choice(self._good), rng.choice(self._good)
            place = rng.randrange(len(assertion))
            parts = list(assertion)
            parts[place] = mutate(rng, assertion[place], other[place])
            edited = Assertion(*parts)
        assert edited is not None
        verify_assertion(edited, passkey, challenge=CHALLENGE, party=PARTY, user_handle=USER_HANDLE)


class EditedRegistrations:
    """Registrations that are edited. Nothing signs them, so an edit may give another passkey."""

    def __init__(self) -> None:
        """Make the good ones. Raises ValueError: one of them gives another passkey than it should."""
        self._good = [ceremony.registration() for ceremony in GOOD]
        made = [verify_registration(*each, challenge=CHALLENGE, party=PARTY) for each in self._good]
        if made != [ceremony.passkey(7) for ceremony in GOOD]:
            raise ValueError("a good registration gives another passkey")
        self._assertions = [ceremony.assertion() for ceremony in GOOD]

    def verify(self, rng: random.Random) -> None:
        """Edit a registration and verify it, and let the passkey that it gives verify an assertion of another one.

        Raises what the verifier raises.
        """
        (client_data, attestation), (other_data, other_attestation) = rng.choice(self._good), rng.choice(self._good)
        if rng.random() < 0.2:
            client_data = mutate(rng, client_data, other_data)
        else:
            attestation = mutate(rng, attestation, other_attestation)
        made = verify_registration(client_data, attestation, challenge=CHALLENGE, party=PARTY)
        assertion = rng.choice(self._assertions)
        verify_assertion(assertion, made, challenge=CHALLENGE, party=PARTY, user_handle=USER_HANDLE)
