"""Refuses access tokens that are older than the deployment's tokens can be."""

from edge_auth.errors import InvalidToken
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS


def check_age(issued_at_seconds: int, *, access_token_seconds: int, now_seconds: int) -> None:
    """Accept a token that was issued at this time. An older one is from before `AccessTokenSeconds` was made shorter.

    Raises:
        InvalidToken: no token that is issued today would still live.

    """
    if now_seconds >= issued_at_seconds + access_token_seconds + EXPIRY_LEEWAY_SECONDS:
        raise InvalidToken("age")
