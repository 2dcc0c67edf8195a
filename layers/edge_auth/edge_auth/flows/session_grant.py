"""What a browser gets at a site: the token of the session's cookie."""

from dataclasses import dataclass, field

from edge_auth.keys.ring import KeysInForce
from edge_auth.sessions.session import SESSION, Session, token_kind
from edge_auth.tokens import refresh_token
from edge_auth.tokens.refresh_token import RefreshToken


@dataclass(frozen=True, slots=True)
class SessionGrant:
    """The token of a session cookie, and how many seconds are left until the absolute timeout.

    A login adds a device token.
    """

    session_token: str = field(repr=False)
    expires_in_seconds: int
    session_id: str
    device_token: str = field(default="", repr=False)


def session_grant(session: Session, token: RefreshToken, *, keys: KeysInForce, now_seconds: int) -> SessionGrant:
    """Write the token of a session cookie. Makes no call, and signs nothing."""
    return SessionGrant(
        session_token=refresh_token.mint(token, keys.mac, token_kind(SESSION)),
        expires_in_seconds=session.absolute_expires_at_seconds - now_seconds,
        session_id=session.session_id,
    )
