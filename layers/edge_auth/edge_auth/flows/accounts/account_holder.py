"""The user of a session, before a change of the password or of the address."""

from edge_auth.accounts.identity import Identity
from edge_auth.credentials.passwords import check_password
from edge_auth.credentials.profiles import HashKind
from edge_auth.errors import InvalidCredentials
from edge_auth.flows.known_users import active_user
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.sessions import Sessions
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.flows.sessions.callers_session import callers_session
from edge_auth.sessions.session import Session


class AccountHolder:
    """Finds the user, and checks what the user has shown."""

    def __init__(
        self, *, identities: Identities, sessions: Sessions, profiles: tuple[HashKind, ...], clock: Clock
    ) -> None:
        """Keep what the checks need. `profiles` are those of the hashes that are checked."""
        self._identities = identities
        self._sessions = sessions
        self._profiles = profiles
        self._clock = clock

    def living_session(self, user_id: str, session_id: str) -> Session:
        """Read the session. Raises InvalidToken: it has ended."""
        return callers_session(self._sessions, user_id, session_id, now_seconds=self._clock() // 1000)

    def user_of(self, session: Session) -> Identity | None:
        """Read the user: None for one who is disabled or gone, whose password is checked all the same.

        Raises:
            InsufficientAuthentication: the user has a second factor or a passkey, and the session's login is too weak
                or too old.

        """
        user = active_user(self._identities, session.user_id)
        if user is None:
            return None
        if user.factors is not None or user.passkeys:
            from edge_auth.flows.factors.freshness import check_fresh  # noqa: PLC0415 - only where there are factors

            check_fresh(session, user, now_seconds=self._clock() // 1000)
        return user

    def with_password(self, user: Identity | None, password: bytes) -> Identity:
        """Check the password. Raises InvalidCredentials, after the same time for a user who is not there."""
        check_password(password, user.password_hash if user else None, self._profiles)
        if user is None:
            raise InvalidCredentials("there is no such user")
        return user
