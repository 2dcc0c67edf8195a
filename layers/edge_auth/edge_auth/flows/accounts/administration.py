"""The operators' acts on accounts: create, rename, delete, disable, enable, unlock; set password, rights and claims.

An act that lets a user in also ends the wait that wrong passwords have caused.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from edge_auth.accounts.identity import ACTIVE, DISABLED, Identity
from edge_auth.accounts.usernames import canonical_username
from edge_auth.credentials.password_rules import PasswordRules
from edge_auth.credentials.passwords import hash_password
from edge_auth.errors import (
    AmbiguousUser,
    ClaimsRefused,
    InvalidRequest,
    PasswordRefused,
    RightsRefused,
    UnknownUser,
    UserChanged,
    UsernameRefused,
)
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.flows.ports.challenges import Challenges
from edge_auth.flows.ports.factors import FactorStore
from edge_auth.flows.ports.identities import EpochMoved, Identities
from edge_auth.flows.ports.sessions import Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.mail_address import canonical_address
from edge_auth.sessions.session import Session
from edge_auth.throttling.limits import account_bucket
from edge_auth.tokens.claims import ROLE, SCOPE
from edge_auth.tokens.own_claims import NO_CLAIMS, OwnClaims, only_own_claims
from edge_auth.tokens.refresh_token import is_id, new_id

PASSWORD_SET = "password_set"
RIGHTS_SET = "rights_set"
CLAIMS_SET = "claims_set"
FACTORS_RESET = "factors_reset"
USER_DISABLED = "user_disabled"
USER_DELETED = "user_deleted"
ENDED_BY_OPERATOR = "operator"

MAX_RIGHTS_BYTES = 200  # as JSON: they are in every access token, which stays under 1 KiB


class OperatorNotices(NamedTuple):
    """What tells a user by mail of an operator's act, given the user from before the act. None of them fails."""

    new_password: Callable[[Identity], None]
    new_address: Callable[[Identity], None]
    factors_reset: Callable[[Identity], None]


class Administration:
    """The acts of operators.

    An act is on the user that `find` returned, and not on the name: another user may get the name meanwhile. Each act
    raises UserChanged if the user was deleted meanwhile, and then does nothing. It raises TemporarilyUnavailable if the
    outcome is unknown; then the same call may be made again, except `create`.
    """

    def __init__(  # noqa: PLR0913 - one for each port
        self,
        *,
        identities: Identities,
        sessions: Sessions,
        attempts: Attempts,
        factors: FactorStore,
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
        self._factors = factors
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
        with _unless_deleted():
            self._identities.change_password(identity, password_hash)
        self._tell(EventName.PASSWORD_SET, identity)
        if self._notices:
            self._notices.new_password(identity)
        self._end_wait(identity)
        return self._end_sessions.all(identity.user_id, reason=PASSWORD_SET)

    def set_rights(self, identity: Identity, *, scope: str, roles: tuple[str, ...]) -> int:
        """Replace scope and roles and end all sessions, which carry the old ones; return how many ended.

        Raises RightsRefused.
        """
        check_rights(scope, roles, identity.claims)
        with _unless_deleted():
            self._identities.change_rights(identity, scope=scope, roles=roles)
        self._tell(EventName.RIGHTS_SET, identity)
        return self._end_sessions.all(identity.user_id, reason=RIGHTS_SET)

    def set_claims(self, identity: Identity, claims: OwnClaims) -> int:
        """Replace the own claims and end all sessions, which carry the old ones; return how many ended.

        Raises RightsRefused: rights and claims together are too long. Two operators who set one of them each at the
        same moment may exceed the bound once; the verifier takes tokens of twice the size.
        """
        check_rights(identity.scope, identity.roles, claims)
        with _unless_deleted():
            self._identities.change_claims(identity, claims)
        self._tell(EventName.CLAIMS_SET, identity)
        return self._end_sessions.all(identity.user_id, reason=CLAIMS_SET)

    def rename(self, identity: Identity, username: str) -> Identity:
        """Give a user another name; return the user as it is now. Sessions stay, because they do not have the name.

        The old name becomes free. Attempts are counted by name, so the wait of the old name ends, and that of the new
        one stays. Device tokens are bound to the old name and count no more.

        Raises UsernameRefused, UsernameTaken, and UserChanged also if the account was changed at the same time.
        """
        name = canonical_username(username)
        try:
            with _unless_deleted():
                renamed = self._identities.rename(identity, name)
        except EpochMoved:
            raise UserChanged("the user was changed at the same time, and keeps the old name; run it again") from None
        self._tell(EventName.USER_RENAMED, identity)
        if renamed.username != identity.username:
            self._end_wait(identity)  # another user may get the name
        return renamed

    def set_email(self, identity: Identity, email: str, *, is_confirmed: bool) -> Identity:
        """Replace the address; return the user as it is now. Sessions go on. Raises EmailRefused.

        Every proof to the old address ends, because it is bound to this.
        """
        address = canonical_address(email)
        verified_at_seconds = self._clock() // 1000 if is_confirmed else 0
        with _unless_deleted():
            changed = self._identities.change_email(identity, address, verified_at_seconds=verified_at_seconds)
        self._tell(EventName.EMAIL_SET, identity)
        if self._notices and address != identity.email:
            self._notices.new_address(identity)
        return changed

    def disable(self, identity: Identity) -> int:
        """Refuse all further logins and end all sessions; return how many ended."""
        with _unless_deleted():
            self._identities.change_status(identity, DISABLED)
        self._tell(EventName.USER_DISABLED, identity)
        return self._end_sessions.all(identity.user_id, reason=USER_DISABLED)

    def enable(self, identity: Identity) -> None:
        """Let a disabled user log in again."""
        with _unless_deleted():
            self._identities.change_status(identity, ACTIVE)
        self._tell(EventName.USER_ENABLED, identity)
        self._end_wait(identity)

    def unlock(self, identity: Identity) -> None:
        """Let a user try the password at once, however many wrong ones came before. Nothing else changes.

        Attempts are counted by name. So the user is read once more, and if the name changes hands after that, the wait
        of the other user ends.
        """
        with _unless_deleted():
            self._identities.find_by_id(identity.user_id)
        self._end_wait(identity)
        self._tell(EventName.USER_UNLOCKED, identity)

    def unlock_factor(self, identity: Identity) -> None:
        """Let the user's app be used again after too many wrong codes. It is no error if there is no app."""
        with _unless_deleted():
            self._factors.unlock(identity)
        self._end_wait(identity)
        self._tell(EventName.FACTOR_UNLOCKED, identity)

    def reset_factors(self, identity: Identity) -> int:
        """Remove app and recovery codes, and end all sessions; return how many ended.

        If the user must have a second factor, the next login asks for an enrolment.
        """
        with _unless_deleted():
            self._factors.reset(identity)
        self._tell(EventName.FACTORS_RESET, identity)
        if self._notices and (identity.factors or identity.passkeys):
            self._notices.factors_reset(identity)
        return self._end_sessions.all(identity.user_id, reason=FACTORS_RESET)

    def delete(self, identity: Identity) -> int:
        """Remove a user and all that is stored about the sessions; return how many sessions this ended.

        A new user may get the name, with another user id.

        Raises UserChanged also if the account was changed at the same time. The user is not deleted, but may be
        disabled.
        """
        # The user is disabled first: while sessions end, none is opened, and a repeated call still finds the user.
        with _unless_deleted():
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
        with _unless_deleted():
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


@contextmanager
def _unless_deleted() -> Iterator[None]:
    try:
        yield
    except UnknownUser:
        raise UserChanged("the user was deleted or renamed meanwhile; nothing was done") from None


def _found(find: Callable[[], Identity]) -> Identity | None:
    try:
        return find()
    except (UnknownUser, UsernameRefused):
        return None


def checked_claims(given: Mapping[str, object]) -> OwnClaims:
    """Return these own claims, sorted by name. Raises ClaimsRefused."""
    try:
        return only_own_claims(dict(sorted(given.items())))
    except ValueError as error:
        raise ClaimsRefused(str(error)) from None


def check_rights(scope: str, roles: tuple[str, ...], claims: OwnClaims = NO_CLAIMS) -> None:
    """Check that tokens may have this scope, these roles and these own claims together. Raises RightsRefused."""
    if scope and not SCOPE.fullmatch(scope):
        raise RightsRefused("a scope is one or more words without quotes and backslashes, one space between them")
    if not all(ROLE.fullmatch(role) for role in roles):
        raise RightsRefused("a role has 1 to 64 letters, digits and _ . : -")
    if len(json.dumps({"scope": scope, "roles": roles, **claims}, separators=(",", ":"))) > MAX_RIGHTS_BYTES:
        what = "scope, roles and own claims" if claims else "scope and roles"
        raise RightsRefused(f"{what} take more than {MAX_RIGHTS_BYTES} bytes of every access token")
