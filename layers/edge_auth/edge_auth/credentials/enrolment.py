"""A pending enrolment: a secret for an authenticator app that its user has not shown to have yet. Nothing is stored.

    prefix ‖ base64url(sealed(expires_at ‖ epoch ‖ factors_version ‖ secret))

It is sealed for its user. So it opens for no other user, and of several only those are good that began in the state
that the user's factors still have.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

from edge_auth import base64url
from edge_auth.credentials.sealed_secret import NotSealed, seal, unseal
from edge_auth.credentials.totp import SECRET_BYTES
from edge_auth.errors import InvalidProof
from edge_auth.keys.sealing_key import SealingKeys

PREFIX = "edgeauth_en_"  # for secret scanners
PURPOSE = "enrolment"
LIFETIME_SECONDS = 600  # to get an app and to scan a picture
MAX_CHARACTERS = 200
_STATE = struct.Struct(f">QQQ{SECRET_BYTES}s")


class Enrolment(NamedTuple):
    """A pending enrolment. `epoch` and `factors_version` are those of its user when it began."""

    expires_at_seconds: int
    epoch: int
    factors_version: int
    secret: bytes

    def __repr__(self) -> str:
        """Show nothing of the secret."""
        return f"Enrolment(expires_at_seconds={self.expires_at_seconds})"


def write(enrolment: Enrolment, keys: SealingKeys, *, user_id: str, entropy: Callable[[int], bytes]) -> str:
    """Write it for the user's client."""
    sealed = seal(_STATE.pack(*enrolment), keys.newest, purpose=PURPOSE, user_id=user_id, entropy=entropy)
    return PREFIX + base64url.encode(sealed)


def read(text: str, keys: SealingKeys, *, user_id: str, now_seconds: int) -> Enrolment:
    """Read an enrolment of this user.

    Raises:
        InvalidProof: anything else, and one that has expired.

    """
    if len(text) > MAX_CHARACTERS or not text.startswith(PREFIX):
        raise InvalidProof("no enrolment")
    try:
        sealed = base64url.decode(text.removeprefix(PREFIX))
        state = unseal(sealed, keys, purpose=PURPOSE, user_id=user_id)
        enrolment = Enrolment(*_STATE.unpack(state))
    except (ValueError, NotSealed, struct.error):
        raise InvalidProof("not an enrolment of this user") from None
    if now_seconds >= enrolment.expires_at_seconds:
        raise InvalidProof("expired")
    return enrolment
