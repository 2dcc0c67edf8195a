"""Generated ceremonies with at most one fault each, and how fido2, py_webauthn and we decide them.

The tables name each fault and who accepts it: so they name every difference, and where ours is stricter.
"""

import json
import random
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import pytest
from fido2.server import Fido2Server
from fido2.webauthn import AttestedCredentialData, PublicKeyCredentialRpEntity

from edge_auth import base64url
from edge_auth.webauthn.ceremonies import Passkey, verify_assertion, verify_registration
from edge_auth.webauthn.refusal import NotVerified
from tests.support.software_passkeys import (
    AT,
    BE,
    BS,
    CHALLENGE,
    PARTY,
    UP,
    USER_HANDLE,
    UV,
    Ceremony,
    as_json,
    private_key,
)
from tests.support.template import ROOT

PYTHON = ROOT / ".tools" / "webauthn" / "bin" / "python"
PROGRAM = ROOT / "tests" / "support" / "webauthn_oracle.py"
MISSING = "py_webauthn is not installed: run `make test`"

needs_py_webauthn = pytest.mark.skipif(not PYTHON.exists(), reason=MISSING)
"""Marks the tests that ask py_webauthn, which `make test` installs."""


class Decisions(NamedTuple):
    """Whether each verifier accepts."""

    ours: bool
    fido2: bool
    webauthn: bool


ACCEPTED, REFUSED = Decisions(True, True, True), Decisions(False, False, False)  # noqa: FBT003 - a table
STRICTER = Decisions(False, True, True)  # noqa: FBT003
Edit = Callable[[Ceremony], Ceremony]
Ask = Callable[[dict[str, object]], bool]


def changed(**fields: object) -> Edit:
    """Return the edit that sets these fields."""
    return lambda ceremony: ceremony.edited(**fields)


def flag(bit: int) -> Edit:
    """Return the edit that turns a flag over."""
    return lambda ceremony: ceremony.edited(flags=ceremony.flags ^ bit)


# In both ceremonies: the fault, and who accepts it. Everything is signed as it is.
FAULTS: dict[str, tuple[Edit, Decisions]] = {
    "none": (lambda ceremony: ceremony, ACCEPTED),
    "another challenge": (changed(challenge="d" * 43), REFUSED),
    "another type": (changed(members={"type": "payment.get"}), REFUSED),
    "another origin": (changed(origin="https://evil.example"), REFUSED),
    "an origin with a port": (changed(origin="https://example.org:444"), REFUSED),
    "another RP ID": (changed(rp_id="evil.example"), REFUSED),
    "no user present": (flag(UP), REFUSED),
    "no user verified": (flag(UV), REFUSED),
    "a byte behind the authenticator data": (changed(tail=b"\0", extensions=None), REFUSED),
    "crossOrigin": (changed(members={"crossOrigin": True}), STRICTER),
    "topOrigin": (changed(members={"topOrigin": "https://example.org"}), STRICTER),
    "backed up, and not eligible": (changed(flags=UP | UV | BS), Decisions(False, True, False)),  # noqa: FBT003
}
ASSERTION_FAULTS: dict[str, tuple[Edit, Decisions]] = {
    **FAULTS,
    "another key": (lambda ceremony: ceremony.edited(key=private_key("ES256", 9)), REFUSED),
    "another user": (changed(user_handle=b"v" * 16), STRICTER),
    "backup eligibility changed": (lambda ceremony: ceremony.edited(flags=(ceremony.flags ^ BE) & ~BS), STRICTER),
    "a new key in an assertion": (flag(AT), STRICTER),
}
REGISTRATION_FAULTS: dict[str, tuple[Edit, Decisions]] = {
    **FAULTS,
    "a statement of no attestation": (changed(statement={"sig": b"s"}), Decisions(False, True, False)),  # noqa: FBT003
}


def generated(rng: random.Random) -> Ceremony:
    """Return a good ceremony."""
    flags = UP | UV | rng.choice([0, BE, BE | BS])
    return Ceremony(
        private_key(rng.choice(["ES256", "EdDSA", "RS256"]), rng.randrange(3)),
        credential_id=rng.randbytes(rng.choice([16, 20, 32, 64, 250])),
        flags=flags,
        sign_count=rng.choice([0, 1, 2**31]),
        origin=rng.choice(sorted(PARTY.origins)),
        members=rng.choice([{}, {"other": rng.random()}]),
        extensions=rng.choice([None, {"credProtect": rng.randrange(4)}, {"hmac-secret": True}]),
        aaguid=rng.randbytes(16),
    )


@contextmanager
def py_webauthn() -> Iterator[Ask]:
    """Give the verifier of another process."""
    with subprocess.Popen([PYTHON, PROGRAM], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def question(ceremony: dict[str, object]) -> bool:
            expected = {"challenge": CHALLENGE, "rp_id": PARTY.rp_id, "origins": sorted(PARTY.origins)}
            questions.write(json.dumps({**expected, **ceremony}) + "\n")
            questions.flush()
            outcome = answers.readline().strip()
            assert outcome, "the process has ended"
            return outcome == "accepted"

        yield question
        questions.close()


def accepts(verify: Callable[[], object], *refusals: type[Exception]) -> bool:
    """Whether a verifier accepts. Any error that is no refusal leaves this function."""
    try:
        verify()
    except refusals:
        return False
    return True


FIDO2 = Fido2Server(PublicKeyCredentialRpEntity(id=PARTY.rp_id, name="test"), verify_origin=PARTY.origins.__contains__)
FIDO2_STATE = {"challenge": CHALLENGE, "user_verification": "required"}
FIDO2_REFUSALS = (ValueError, TypeError)


def of_assertion(ceremony: Ceremony, stored: Passkey, ask: Ask) -> Decisions:
    """Return how an assertion is decided."""
    assertion = ceremony.assertion()
    client_data, data, signature, user_handle = assertion
    response = {
        "clientDataJSON": client_data,
        "authenticatorData": data,
        "signature": signature,
        "userHandle": user_handle,
    }
    credential = as_json(ceremony, response)
    name = stored.credential_id
    attested = AttestedCredentialData(bytes(16) + len(name).to_bytes(2) + name + stored.public_key)
    ours = partial(verify_assertion, challenge=CHALLENGE, party=PARTY, user_handle=USER_HANDLE)
    key = base64url.encode(stored.public_key)
    return Decisions(
        accepts(partial(ours, assertion, stored), NotVerified),
        accepts(partial(FIDO2.authenticate_complete, FIDO2_STATE, [attested], credential), *FIDO2_REFUSALS),
        ask({"credential": credential, "public_key": key, "sign_count": stored.sign_count}),
    )


def of_registration(ceremony: Ceremony, ask: Ask) -> Decisions:
    """Return how a registration is decided."""
    client_data, attestation = ceremony.registration()
    credential = as_json(ceremony, {"clientDataJSON": client_data, "attestationObject": attestation})
    ours = partial(verify_registration, challenge=CHALLENGE, party=PARTY)
    return Decisions(
        accepts(partial(ours, client_data, attestation), NotVerified),
        accepts(partial(FIDO2.register_complete, FIDO2_STATE, credential), *FIDO2_REFUSALS),
        ask({"credential": credential}),
    )


def named(number: int, faults: Iterable[str]) -> str:
    """Return the fault of a ceremony: every second one has none, and the others have each in its turn."""
    names = sorted(faults)
    return names[number // 2 % len(names)] if number % 2 else "none"
