"""Changes a password for its user: needs the current one, ends all other sessions, keeps the caller's session."""

from collections.abc import Callable

from edge_auth.accounts.identity import Identity
from edge_auth.credentials.password_rules import PasswordRules
from edge_auth.credentials.passwords import hash_password, password_bytes
from edge_auth.credentials.profiles import HashKind
from edge_auth.errors import InvalidCredentials, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.accounts.account_holder import AccountHolder
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.identities import EpochMoved, Identities
from edge_auth.flows.ports.sessions import Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.throttling.limits import password_change_limit

PASSWORD_CHANGED = "password_changed"


class ChangePassword:
    """The use case."""

    def __init__(
        self,
        *,
        limit: PasswordAttemptLimit,
        profiles: tuple[HashKind, ...],
        identities: Identities,
        sessions: Sessions,
        end_sessions: EndSessions,
        password_rules: PasswordRules,
        clock: Clock,
        entropy: Entropy,
        record: Record,
        tell_new_password: Callable[[Identity], None] | None = None,
    ) -> None:
        """Keep what the use case needs. `profiles` are those of the hashes that are checked.

        `tell_new_password` tells the user by mail, and never fails. It is there only where mail is on.
        """
        self._limit = limit
        self._holder = AccountHolder(identities=identities, sessions=sessions, profiles=profiles, clock=clock)
        self._identities = identities
        self._end_sessions = end_sessions
        self._password_rules = password_rules
        self._entropy = entropy
        self._record = record
        self._tell_new_password = tell_new_password

    def __call__(self, user_id: str, session_id: str, current: str, new: str) -> None:
        """Change the password of this session's user.

        Raises:
            InvalidToken: the session has ended.
            InsufficientAuthentication: the user has a second factor or a passkey, and the session's login is too weak
                or too old.
            InvalidRequest: a password does not have the right form.
            PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordGuessable: the new one breaks a rule.
            TooManyAttempts: too many attempts came before, in sessions of this user. Attempts to log in do not count.
            InvalidCredentials: the current password is wrong, or the user is disabled or gone. The answer does not
                say which.
            TemporarilyUnavailable: the password is not known to be changed, or the other sessions are not known to have
                ended. The same call may be made again, even if the password was changed.

        """
        identity = self._holder.user_of(self._holder.living_session(user_id, session_id))
        account = identity.username if identity else user_id
        current_secret, new_secret = password_bytes(current), self._password_rules.check(new, account)
        attempt = self._limit.admit(password_change_limit(user_id))
        try:
            owner, is_changed = self._checked(identity, current_secret, new_secret)
        except InvalidCredentials as error:
            self._limit.failed(attempt, user_id)
            self._record(SecurityEvent(EventName.PASSWORD_CHANGE_FAILED, user_id, session_id, reason=error.detail))
            raise
        self._limit.succeeded(attempt, user_id)
        if not is_changed:
            self._change(owner, new_secret)
        self._record(SecurityEvent(EventName.PASSWORD_CHANGED, user_id, session_id))
        if self._tell_new_password:
            self._tell_new_password(owner)
        self._end_sessions.all(user_id, reason=PASSWORD_CHANGED, keep=session_id)

    def _change(self, owner: Identity, new: bytes) -> None:
        try:
            self._identities.replace_password(owner, hash_password(new, entropy=self._entropy))
        except EpochMoved:
            raise TemporarilyUnavailable("the identity changed during the change of its password") from None

    def _checked(self, identity: Identity | None, current: bytes, new: bytes) -> tuple[Identity, bool]:
        """Check the current password. Return its user, and whether the password is the new one already."""
        try:
            return self._holder.with_password(identity, current), False
        except InvalidCredentials:
            # An earlier call may have changed the password and then failed. Then the new password is the right one.
            return self._holder.with_password(identity, new), True
