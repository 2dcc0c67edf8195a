"""What a user without a password has to keep: a lost device must not be the end of the account."""

from edge_auth.accounts.identity import Identity
from edge_auth.factor_errors import LastWayIn

MIN_PASSKEYS = 2


def check_way_in(left: Identity) -> None:
    """Check what would be left of a user: a password, two passkeys, or one passkey and recovery codes.

    Raises LastWayIn: it is less.
    """
    if left.password_hash or len(left.passkeys) >= MIN_PASSKEYS:
        return
    if not (left.passkeys and left.factors and left.factors.recovery):
        raise LastWayIn
