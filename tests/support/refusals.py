"""The reason for which a verifier refuses a token."""

import pytest

from edge_auth.errors import InvalidToken
from edge_auth.tokens.verifier import Verifier
from tests.support.access_tokens import ISSUER, NOW


def refused(verifier: Verifier, token: str, *, now: int = NOW, issuer: str = ISSUER) -> str:
    """Return the name of the check that refused the token."""
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(token, issuer=issuer, now_seconds=now)
    return caught.value.detail
