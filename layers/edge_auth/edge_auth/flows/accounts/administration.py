"""The operators' acts on accounts: create, rename, delete, disable, enable, unlock; set the password or the address.

An act that lets a user in also ends the wait that wrong passwords have caused.
"""

from collections.abc import Callable
from typing import NamedTuple

from edge_auth.accounts.identity import ACTIVE, DISABLED, Identity
from edge_auth.accounts.usernames import canonical_username
from edge_auth.credentials.password_rules import PasswordRules
from edge_auth.credentials.passwords import hash_password
from edge_auth.errors import (
    AmbiguousUser,
    InvalidRequest,
    PasswordRefused,
    UnknownUser,
    UserChanged,
    UsernameRefused,
)
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.accounts.rights_administration import check_rights
from edge_auth.flows.accounts.unless_deleted import unless_deleted
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.flows.ports.challenges import Challenges
from edge_auth.flows.ports.identities import EpochMoved, Identities
from edge_auth.flows.ports.sessions import Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.mail_address import canonical_address
from edge_auth.sessions.session import Session
from edge_auth.throttling.limits import account_bucket
from edge_auth.tokens.refresh_token import is_id, new_id

PASSWORD_SET = "password_set"
USER_DISABLED = "user_disabled"
USER_DELETED = "user_deleted"
ENDED_BY_OPERATOR = "operator"


class OperatorNotices(NamedTuple):
    """What tells a user by mail of an operator's act, given the user from before the act. None of them fails."""

    new_password: Callable[[Identity], None]
    new_address: Callable[[Identity], None]
    factors_reset: Callable[[Identity], None]


class Administration:
    """The acts of operators.

    An act is on the user that `find` returned, and not on the name: another user may get the name meanwhile. Each act
    raises UserChanged if the user was deleted meanwhile, and then changes nothing. It raises TemporarilyUnavailable if
    the outcome is unknown; then the same call may be made again, except `create`.
    """

    def __init__(
        self,
        *,
        identities: Identities,
        sessions: Sessions,
        attempts: Attempts,
        end_sessions: EndSessions,
        password_rules: PasswordRules,
        clock: Clock,
        entropy: Entropy,
        record: Record,
        notices: OperatorNotices | None = None,
        challenges: Challenges | None = None,
    ) -> None:
        """Keep what the acts need. Where mail is off, `challenges` and `notices` are None."""
        self._identities = identities
        self._sessions = sessions
        self._attempts = attempts
        self._end_sessions = end_sessions
        self._password_rules = password_rules
        self._clock = clock
        self._entropy = entropy
        self._record = record
        self._notices = notices
        self._challenges = challenges

    def create(
        self,
        username: str,
        password: str,
        *,
        scope: str = "",
        roles: tuple[str, ...] = (),
        user_id: str | None = None,
        email: str = "",
        is_confirmed: bool = False,
    ) -> Identity:
        """Add a user. Raises UsernameRefused, UsernameTaken, PasswordRefused, RightsRefused and EmailRefused.

        `user_id` is one that `new_id` drew; None draws it here. `is_confirmed` says that the operator knows that the
        address is the user's.
        """
        check_rights(scope, roles)
        address, now_seconds = canonical_address(email) if email else "", self._clock() // 1000
        name = canonical_username(username)
        identity = Identity(
            user_id=user_id or new_id(self._entropy),
            username=name,
            password_hash=self._hashed(password, name),
            status=ACTIVE,
            epoch=0,
            created_at_seconds=now_seconds,
            scope=scope,
            roles=roles,
            email=address,
            email_verified_at_seconds=now_seconds if address and is_confirmed else 0,
        )
        self._identities.create(identity)
        self._tell(EventName.USER_CREATED, identity)
        return identity

    def set_password(self, identity: Identity, password: str) -> int:
        """Set a password and end all sessions; return how many ended. Raises PasswordRefused."""
        password_hash = self._hashed(password, identity.username)
        with unless_deleted():
            self._identities.change_password(identity, password_hash)
        self._tell(EventName.PASSWORD_SET, identity)
        if self._notices:
            self._notices.new_password(identity)
        self._end_wait(identity)
        return self._end_sessions.all(identity.user_id, reason=PASSWORD_SET)

    def rename(self, identity: Identity, username: str) -> Identity:
        """Give a user another name; return the user as it is now. Sessions stay, because they do not have the name.

        The old name becomes free. Attempts are counted by name, so the wait of the old name ends, and that of the new
        one stays. Device tokens are bound to the old name and count no more.

        Raises UsernameRefused, UsernameTaken, and UserChanged also if the account was changed at the same time.
        """
        name = canonical_username(username)
        try:
            with unless_deleted():
                renamed = self._identities.rename(identity, name)
        except EpochMoved:
            raise UserChanged("the user was changed at the same time, and keeps the old name; run it again") from None
        self._tell(EventName.USER_RENAMED, identity)
        if renamed.username != identity.username:
            self._end_wait(identity)  # another user may get the name
        return renamed

    def set_email(self, identity: Identity, email: str, *, is_confirmed: bool, must_end_undo: bool = False) -> Identity:
        """Replace the address; return the user as it is now. Sessions go on. Raises EmailRefused.

        Every proof to the old address ends, because it is bound to this. One proof does not: with it, the address from
        before the last change by the user comes back. `must_end_undo` ends that one too.
        """
        address = canonical_address(email)
        verified_at_seconds = self._clock() // 1000 if is_confirmed else 0
        with unless_deleted():
            current = self._identities.find_by_id(identity.user_id)
        if must_end_undo and self._challenges:
            # Before the address: an undoing at the same moment must not come after it.
            self._challenges.end_undo(identity.user_id)
        if self._notices and address != current.email:
            # Before the change: if its answer is lost, the next run does not know the address from before. If it fails,
            # the user is told of what is not so yet, and perhaps twice. That is better than never. The user was read
            # just now, so hardly anyone is told who was deleted since the operator began.
            self._notices.new_address(current)
        with unless_deleted():
            changed = self._identities.change_email(current, address, verified_at_seconds=verified_at_seconds)
        self._tell(EventName.EMAIL_SET, identity)
        return changed

    def disable(self, identity: Identity) -> int:
        """Refuse all further logins and end all sessions; return how many ended."""
        with unless_deleted():
            self._identities.change_status(identity, DISABLED)
        self._tell(EventName.USER_DISABLED, identity)
        return self._end_sessions.all(identity.user_id, reason=USER_DISABLED)

    def enable(self, identity: Identity) -> Identity:
        """Let a disabled user log in again; return the user as it is now.

        A user who has never confirmed the address, and has to, waits for that again: perhaps it is not theirs (SC1).
        """
        with unless_deleted():
            enabled = self._identities.change_status(identity, ACTIVE)
        self._tell(EventName.USER_ENABLED, identity)
        self._end_wait(identity)
        return enabled

    def unlock(self, identity: Identity) -> None:
        """Let a user try the password at once, however many wrong ones came before. Nothing else changes.

        Attempts are counted by name. So the user is read once more, and if the name changes hands after that, the wait
        of the other user ends.
        """
        with unless_deleted():
            self._identities.find_by_id(identity.user_id)
        self._end_wait(identity)
        self._tell(EventName.USER_UNLOCKED, identity)

    def delete(self, identity: Identity) -> int:
        """Remove a user and all that is stored about the sessions; return how many sessions this ended.

        A new user may get the name, with another user id.

        Raises UserChanged also if the account was changed at the same time. The user is not deleted, but may be
        disabled.
        """
        # The user is disabled first: while sessions end, none is opened, and a repeated call still finds the user.
        with unless_deleted():
            disabled = self._identities.change_status(identity, DISABLED)
        ended = self._end_sessions.all(identity.user_id, reason=USER_DELETED)
        # The records of the ends, and sessions that an earlier version ended in place, with personal data.
        self._sessions.forget(identity.user_id)
        if self._challenges is not None:
            self._challenges.forget(identity.user_id)
        self._end_wait(identity)  # another user may get the name
        try:
            self._identities.delete(disabled)
        except EpochMoved:
            raise UserChanged("the user was changed at the same time, and is not deleted") from None
        self._tell(EventName.USER_DELETED, identity)
        return ended

    def find(self, name_or_id: str) -> Identity:
        """Read the user with this name or this id.

        Raises:
            UsernameRefused: no user can have it.
            UnknownUser: no user has it.
            AmbiguousUser: it is the name of one user and the id of another, who may have chosen the name on purpose.

        """
        given = name_or_id.strip()
        if not is_id(given):
            return self._identities.find(canonical_username(name_or_id))
        found = {
            user.user_id: user
            for user in (
                _found(lambda: self._identities.find_by_id(given)),
                _found(lambda: self._identities.find(canonical_username(given))),
            )
            if user
        }
        if not found:
            raise UnknownUser("there is no such user")
        if len(found) > 1:
            raise AmbiguousUser(
                "one user has this name, and another has this id; give the id of the first, or the name of the other"
            )
        return next(iter(found.values()))

    def living_sessions(self, identity: Identity) -> list[Session]:
        """Return the living sessions, oldest first."""
        living = self._sessions.living(identity.user_id, now_seconds=self._clock() // 1000)
        return sorted(living, key=lambda session: session.created_at_seconds)

    def end_sessions(self, identity: Identity) -> int:
        """End all sessions; return how many ended."""
        with unless_deleted():
            self._identities.move_epoch(identity.user_id)
        return self._end_sessions.all(identity.user_id, reason=ENDED_BY_OPERATOR)

    def _hashed(self, password: str, username: str) -> str:
        try:
            secret = self._password_rules.check(password, username)
        except InvalidRequest as error:
            raise PasswordRefused(error.detail) from None
        return hash_password(secret, entropy=self._entropy)

    def _end_wait(self, identity: Identity) -> None:
        self._attempts.end_wait(account_bucket(identity.username))

    def _tell(self, name: EventName, identity: Identity) -> None:
        self._record(SecurityEvent(name, identity.user_id))


def _found(find: Callable[[], Identity]) -> Identity | None:
    try:
        return find()
    except (UnknownUser, UsernameRefused):
        return None
