"""Who may change what a user logs in with: a session whose login was as strong as the user's can be, and recent (SA7).

So neither a found device nor a stolen password is enough to replace a factor. The time is that of the login, and no
refresh moves it.
"""

from edge_auth.accounts.identity import Identity
from edge_auth.errors import InsufficientAuthentication
from edge_auth.sessions.session import Session
from edge_auth.tokens.claims import LEVELS, ONE_FACTOR, PHISHING_RESISTANT, TWO_FACTORS

MAX_LOGIN_AGE_SECONDS = 300


def highest_enrolled(identity: Identity) -> str:
    """Return how strong a login of this user can be."""
    if identity.passkeys:
        return PHISHING_RESISTANT
    return ONE_FACTOR if identity.factors is None else TWO_FACTORS


def check_fresh(session: Session, identity: Identity, *, now_seconds: int) -> None:
    """Accept a session that may change a credential of its user.

    Raises:
        InsufficientAuthentication: its login was too weak, or is too long ago.

    """
    needed = highest_enrolled(identity)
    shown = session.acr or ONE_FACTOR  # no session is opened without a factor
    is_recent = now_seconds - session.auth_time_seconds <= MAX_LOGIN_AGE_SECONDS
    if LEVELS.index(shown) < LEVELS.index(needed) or not is_recent:
        raise InsufficientAuthentication(
            "the login is too weak or too old", acr=needed, max_age_seconds=MAX_LOGIN_AGE_SECONDS
        )
