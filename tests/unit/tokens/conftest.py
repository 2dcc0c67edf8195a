"""Fixtures of the token tests."""

import pytest

from edge_auth.keys.jwk import verification_key
from edge_auth.tokens.verifier import Verifier
from tests.support.access_tokens import ALGORITHMS, AUDIENCE, key


@pytest.fixture
def verifier() -> Verifier:
    """Return a verifier with one key of each algorithm."""
    return Verifier([verification_key(key(alg).public_jwk()) for alg in ALGORITHMS], audience=AUDIENCE)
