"""Mutation fuzzing: a seeded generator edits what passkeys signed. EDGE_AUTH_CEREMONIES=10000 makes 1,000,000 edits.

The proof `ceremonies` counts the same.
"""

import os
import random
from contextlib import suppress

import pytest

from edge_auth.webauthn.refusal import NotVerified
from tests.support.edited_ceremonies import EditedAssertions, EditedRegistrations

MUTATIONS = 100 * int(os.environ.get("EDGE_AUTH_CEREMONIES", "200"))


def test_no_mutated_assertion_is_accepted() -> None:
    """SC7: each part of an assertion is edited, or that of another one, and only NotVerified is ever raised."""
    rng = random.Random(20260730)  # noqa: S311 - not a secret, a seed to repeat the test with
    edited = EditedAssertions()
    for _ in range(MUTATIONS):
        with pytest.raises(NotVerified):
            edited.verify(rng)


def test_a_mutated_registration_raises_no_other_error() -> None:
    """Nothing signs a registration, so an edit may give another passkey: one that its own key must be able to use."""
    rng = random.Random(20260731)  # noqa: S311 - not a secret, a seed to repeat the test with
    edited = EditedRegistrations()
    for _ in range(MUTATIONS // 4):
        with suppress(NotVerified):
            edited.verify(rng)
