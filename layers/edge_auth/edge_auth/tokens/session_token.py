"""The session token in a site's cookie, and what it means for its session. Pure.

The seed is the secret of the session: 128 random bits, of which the table has a hash. So the session's item decides,
and needs no key. A token is taken if it is of the newest generation. The one before it is taken for some seconds more,
because requests of the same page may be on their way when the session gets a new token.

Every token of a session has the seed, so whoever had an earlier one could write a later generation into it. What they
cannot write is its MAC. So a session that has got a new token has a hash of that MAC, and of the one before.
"""

import hmac
from hashlib import sha256
from typing import NamedTuple, Protocol

from edge_auth.errors import InvalidToken
from edge_auth.tokens import token_form

SESSION_COOKIE = "__Host-Http-session"
TRANSPORT = "session"  # how the tokens of such a session travel: the attribute of its item
REGENERATION_GRACE_SECONDS = 10  # more than a page takes for its parallel requests
# The idle timeout is not moved by each request, which would be a write each. It may be too short by this.
TOUCH_SECONDS = 300
TOUCH_SHARE = 6  # of a short idle timeout: a sixth of it


class SessionToken(NamedTuple):
    """A session token of the right form. Its session decides whether it is authentic."""

    user_id: str
    session_id: str
    generation: int
    seed_hash: bytes
    mac_hash: bytes


class TokenState(Protocol):
    """What a session says of its tokens. Times are since 1970."""

    @property
    def seed_hash(self) -> bytes:
        """SHA-256 of the seed of its tokens."""

    @property
    def generation(self) -> int:
        """The generation of its newest token."""

    @property
    def rotated_at_ms(self) -> int:
        """When that token was issued, 0 at the login."""

    @property
    def mac_hash(self) -> bytes:
        """SHA-256 of the MAC of that token, empty for the token of the login."""

    @property
    def earlier_mac_hash(self) -> bytes:
        """SHA-256 of the MAC of the token before it, empty if there is none."""

    @property
    def transport(self) -> str:
        """How its tokens travel."""

    @property
    def idle_expires_at_seconds(self) -> int:
        """The idle timeout."""

    @property
    def absolute_expires_at_seconds(self) -> int:
        """The absolute timeout."""


def read(text: str) -> SessionToken:
    """Read the value of the cookie. Raises InvalidToken for another form."""
    try:
        form = token_form.read(text, token_form.SESSION)
    except ValueError as error:
        raise InvalidToken(f"cookie: {error}") from None
    seed_hash, mac_hash = (sha256(secret).digest() for secret in (form.seed, form.mac))
    return SessionToken(form.user_id, form.session_id, form.generation, seed_hash, mac_hash)


def check(seed_hash: bytes, generation: int, session: TokenState, *, now_ms: int) -> None:
    """Accept an authentic token for the session that it names, if that has not ended. Its MAC was checked by the key.

    Raises:
        InvalidToken: another seed, another transport, an old token, or a session that has expired.

    """
    if not hmac.compare_digest(seed_hash, session.seed_hash):
        raise InvalidToken("seed")
    if session.transport != TRANSPORT:
        raise InvalidToken("transport")
    if now_ms // 1000 >= min(session.idle_expires_at_seconds, session.absolute_expires_at_seconds):
        raise InvalidToken("expired session")
    if generation == session.generation:
        return
    age_ms = max(0, now_ms - session.rotated_at_ms)  # this clock may be behind the one that rotated
    if generation != session.generation - 1 or age_ms > REGENERATION_GRACE_SECONDS * 1000:
        raise InvalidToken("old token")


def check_presented(token: SessionToken, session: TokenState, *, now_ms: int) -> None:
    """Accept a token in the same way, without a key. Raises InvalidToken, also for a MAC that nobody has issued."""
    check(token.seed_hash, token.generation, session, now_ms=now_ms)
    issued = session.mac_hash if token.generation == session.generation else session.earlier_mac_hash
    # Whoever has the seed has had the token of the login, so there is nothing to forge.
    if token.generation > 0 and not hmac.compare_digest(token.mac_hash, issued):
        raise InvalidToken("MAC")


def is_touch_due(idle_expires_at_seconds: int, *, idle_seconds: int, now_seconds: int) -> bool:
    """Return whether the session was used so long ago that its idle timeout has to be moved."""
    least = min(TOUCH_SECONDS, idle_seconds // TOUCH_SHARE)
    return idle_expires_at_seconds - now_seconds < idle_seconds - least
