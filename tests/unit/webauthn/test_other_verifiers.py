"""Generated ceremonies, compared with fido2 and py_webauthn. EDGE_AUTH_CEREMONIES=10000 makes that many.

Each ceremony has at most one fault of the table. All three must decide it as the table says. The proof `ceremonies`
counts the same.
"""

import os
import random
from collections.abc import Iterator

import pytest

from tests.support.judged_ceremonies import (
    ACCEPTED,
    ASSERTION_FAULTS,
    REGISTRATION_FAULTS,
    Ask,
    Decisions,
    generated,
    named,
    needs_py_webauthn,
    of_assertion,
    of_registration,
    py_webauthn,
)
from tests.support.software_passkeys import BE, UP, UV, Ceremony, private_key

pytestmark = needs_py_webauthn

CEREMONIES = int(os.environ.get("EDGE_AUTH_CEREMONIES", "200"))


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Give py_webauthn."""
    with py_webauthn() as question:
        yield question


def test_assertions_are_decided_as_others_do(ask: Ask) -> None:
    """SC7: where ours differs, it is stricter."""
    rng = random.Random(71)  # noqa: S311 - not a secret, a seed to repeat the test with
    for number in range(CEREMONIES):
        name = named(number, ASSERTION_FAULTS)
        edit, expected = ASSERTION_FAULTS[name]
        good = generated(rng)
        stored = good.passkey(max(good.sign_count - 1, 0))
        assert of_assertion(edit(good), stored, ask) == expected, name


def test_registrations_are_decided_as_others_do(ask: Ask) -> None:
    """SC7: where ours differs, it is stricter."""
    rng = random.Random(72)  # noqa: S311 - not a secret, a seed to repeat the test with
    for number in range(CEREMONIES):
        name = named(number, REGISTRATION_FAULTS)
        edit, expected = REGISTRATION_FAULTS[name]
        assert of_registration(edit(generated(rng)), ask) == expected, name


@pytest.mark.parametrize(
    ("flags", "expected"),
    [(UP | UV, Decisions(False, True, False)), (UP | UV | BE, Decisions(True, True, False))],  # noqa: FBT003 - a table
)
def test_a_counter_that_went_back_is_decided_otherwise(flags: int, expected: Decisions, ask: Ask) -> None:
    """WebAuthn §6.1.1 leaves it open: py_webauthn always refuses, fido2 never, ours where there can be no copy."""
    good = Ceremony(private_key("ES256"), flags=flags, sign_count=4)
    assert of_assertion(good, good.passkey(5), ask) == expected
    assert of_assertion(good, good.passkey(3), ask) == ACCEPTED
