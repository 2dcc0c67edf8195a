"""Login: checks a password and opens a session."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from edge_auth.accounts.identity import ACTIVE, UNCONFIRMED, Identity
from edge_auth.accounts.usernames import canonical_username
from edge_auth.credentials.passwords import check_password, needs_rehash, password_bytes, stronger_hash
from edge_auth.credentials.profiles import HashKind
from edge_auth.errors import (
    AuthError,
    EmailNotConfirmed,
    InvalidCredentials,
    InvalidRequest,
    NotYet,
    TemporarilyUnavailable,
    UsernameRefused,
)
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.known_users import user_named
from edge_auth.flows.limits.known_device import device_of, is_device_of
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.factors import NOTHING, PASSWORD_ALONE, Passed, Presented, SecondStep
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.time_and_randomness import Entropy
from edge_auth.flows.sessions.session_limit import SessionLimit
from edge_auth.flows.side_by_side import side_by_side
from edge_auth.flows.sign_in.replace_session import ReplaceSession
from edge_auth.flows.sign_in.signed_in import SignedIn, SignInClient
from edge_auth.flows.sign_in.start_session import StartSession
from edge_auth.keys.ring import KeysInForce
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import Session
from edge_auth.throttling.counters import Attempt, Counted
from edge_auth.throttling.limits import device_limit, login_limit
from edge_auth.tokens import device_token as device_tokens
from edge_auth.tokens.device_token import NoDeviceToken
from edge_auth.tokens.refresh_token import RefreshToken, new_id

TellNewDevice = Callable[[Identity, ClientDescription], None]
"""Tells a user of a login on a new device. It never fails."""
BringUser = Callable[[str, str], None]
"""Makes the account of a user who is in another system, by name and password. See `migrate_user`."""


class _Admitted(NamedTuple):
    """An attempt that was let through, its user name, the user if there is one, and the id of the device."""

    name: str
    attempt: Counted
    user: Identity | None
    device_id: str
    is_new_device: bool


class Login:
    """The use case."""

    def __init__(  # noqa: PLR0913 - one for each port
        self,
        *,
        limit: PasswordAttemptLimit,
        profiles: tuple[HashKind, ...],
        identities: Identities,
        start_session: StartSession,
        replace_session: ReplaceSession,
        session_limit: SessionLimit,
        second_step: SecondStep | None,
        key_ring: KeyRingSource,
        entropy: Entropy,
        record: Record,
        tell_new_device: TellNewDevice | None = None,
        tell_code_used: Callable[[Identity], None] | None = None,
        bring_user: BringUser | None = None,
    ) -> None:
        """Keep what the use case needs. `profiles` are those of the hashes that are checked.

        Where second factors are off, `second_step` is None. Only where mail is on, `tell_new_device` and
        `tell_code_used` are there. The latter tells of a recovery code. `bring_user` is called for a user name that
        nobody has here.
        """
        self._limit = limit
        self._profiles = profiles
        self._identities = identities
        self._start_session = start_session
        self._replace_session = replace_session
        self._session_limit = session_limit
        self._second_step = second_step
        self._key_ring = key_ring
        self._entropy = entropy
        self._record = record
        self._tell_new_device = tell_new_device
        self._tell_code_used = tell_code_used
        self._bring_user = bring_user

    def __call__(self, username: str, password: str, client: SignInClient, presented: Presented = NOTHING) -> SignedIn:
        """Check the password and open a session. Its tokens, or the cookie of a site, come from what is returned.

        `presented` has a second factor, or the token that takes the place of the password; then that is not read.

        Raises:
            InvalidRequest: the user name or the password does not have the right form.
            TooManyAttempts: too many attempts came before: on this device of the user or, without its token, on this
                account or from this source.
            InvalidCredentials: the password is wrong, or the user unknown or disabled. The answer does not say which.
            InvalidProof: the token in place of the password is not valid any more.
            MfaRequired, MfaEnrolmentRequired: the password is right. A code or a passkey is missing, or the user has to
                enrol.
            InvalidOtp, FactorLocked: the password is right, and the code is refused.
            EmailNotConfirmed: the password is right, and the user has to confirm the address first.
            TemporarilyUnavailable: nothing was decided.

        """
        transport, earlier = client.transport, client.earlier
        name = _canonical(username)
        if not presented.mfa_token:
            password_bytes(password)  # its form
        keys = self._key_ring.load()
        if self._second_step is not None:
            self._second_step.check_form(presented, keys)
        admitted = self._admit(name, client, keys)
        identity, passed, first_step = self._authenticate(admitted, password, presented, keys)
        session, token = self._start(identity, client, passed, admitted.attempt, first_step)
        self._record(SecurityEvent(EventName.LOGIN_SUCCEEDED, identity.user_id, session.session_id))
        if passed.use is not None and passed.use.recovery_code:
            self._record(SecurityEvent(EventName.RECOVERY_CODE_USED, identity.user_id, reason=passed.use.left))
            if self._tell_code_used:
                self._tell_code_used(identity)
        if earlier:  # before the limit, which would end one session more
            self._replace_session(earlier, transport)
        self._session_limit.keep(identity.user_id)
        if admitted.is_new_device and self._tell_new_device:
            self._tell_new_device(identity, client.description)
        device = device_tokens.mint(device_of(identity, admitted.device_id), keys.mac, username=name)
        return SignedIn(session, token, keys, device)

    def _admit(self, name: str, client: SignInClient, keys: KeysInForce) -> _Admitted:
        """Count the attempt and read the user: first the user, if there is an authentic device token of this name.

        For any other text, also the token of another user, the user is read while the attempt is counted, and nothing
        is read for a source that has to wait.
        """
        stranger = login_limit(name, client.address)
        try:
            device = device_tokens.parse(client.device_token, keys.mac_keys, username=name)
        except NoDeviceToken:
            attempt, user = self._limit.admit_beside(partial(user_named, self._identities, name), stranger)
            return _Admitted(name, attempt, user, new_id(self._entropy), is_new_device=True)
        user = user_named(self._identities, name)
        if user is None or not is_device_of(user, device):
            return _Admitted(name, self._limit.admit(stranger), user, new_id(self._entropy), is_new_device=True)
        # Where the device's own counter has to wait, its user is a stranger like any other: a token is no drawback.
        attempt = self._limit.admit(device_limit(user.user_id, device.device_id), stranger)
        return _Admitted(name, attempt, user, device.device_id, is_new_device=False)

    def _authenticate(
        self, admitted: _Admitted, password: str, presented: Presented, keys: KeysInForce
    ) -> tuple[Identity, Passed, Attempt | None]:
        """Check all factors. The attempt counts as failed until the last one has passed, unless nothing was wrong.

        Returns the user, what was shown, and the attempt at the password, if that was another request.
        """
        attempt, user_id = admitted.attempt, admitted.user.user_id if admitted.user else ""
        first_step = None
        try:
            if self._second_step is not None and presented.mfa_token:
                identity, first_step = self._second_step.check_password_shown(admitted.user, presented, keys)
            else:
                identity = self._with_password(admitted, password)
            user_id = identity.user_id
            return identity, self._with_factor(identity, presented, keys, attempt), first_step
        except TemporarilyUnavailable as error:
            self._limit.undecided(attempt, error, user_id, first_step)
            raise
        except NotYet as error:  # nothing is left that could be guessed
            self._limit.succeeded(attempt, user_id)
            if isinstance(error, EmailNotConfirmed):
                self._record(SecurityEvent(EventName.LOGIN_FAILED, user_id, reason=UNCONFIRMED))
            raise
        except AuthError as error:
            self._limit.failed(attempt, user_id)
            if isinstance(error, InvalidCredentials):  # the second step has told all else
                self._record(SecurityEvent(EventName.LOGIN_FAILED, user_id, reason=error.detail))
            raise

    def _with_password(self, admitted: _Admitted, password: str) -> Identity:
        """Check the password, and renew a weak hash: the second step of a login does not have the password.

        If nobody has the name here, another system may be asked. It is one attempt all the same.
        """
        secret = password_bytes(password)
        try:
            identity = _authenticated(admitted.user, secret, self._profiles)
        except InvalidCredentials:
            if admitted.user is not None or self._bring_user is None:
                raise
            self._bring_user(admitted.name, password)
            identity = _authenticated(user_named(self._identities, admitted.name), secret, self._profiles)
        return self._with_renewed_hash(identity, secret) if needs_rehash(identity.password_hash) else identity

    def _with_factor(self, identity: Identity, presented: Presented, keys: KeysInForce, attempt: Counted) -> Passed:
        if self._second_step is not None:
            return self._second_step(identity, presented, keys, attempt.attempt)
        if identity.factors is not None:
            # An enrolled factor is never skipped (SA4), and here it cannot be checked.
            raise TemporarilyUnavailable("the user has a second factor, and second factors are off")
        return PASSWORD_ALONE

    def _start(
        self, identity: Identity, client: SignInClient, passed: Passed, attempt: Counted, first_step: Attempt | None
    ) -> tuple[Session, RefreshToken]:
        start = partial(self._start_session, identity, client.description, client.transport, passed)
        # The success is told at once: attempts at the same moment wait for it, and nothing was wrong. If another login
        # of this moment has used the code, this one opens no session all the same.
        succeeded = partial(self._limit.succeeded, attempt, identity.user_id, first_step)
        return side_by_side(start, succeeded)[0]

    def _with_renewed_hash(self, identity: Identity, password: bytes) -> Identity:
        renewed = stronger_hash(password, identity.password_hash, entropy=self._entropy)
        try:
            stands = self._identities.renew_hash(identity, renewed)
        except TemporarilyUnavailable as error:
            # The login is good either way; the next one tries again.
            event = SecurityEvent(EventName.PASSWORD_HASH_NOT_RENEWED, identity.user_id, reason=error.detail)
            self._record(event)
            return identity
        # Perhaps another login has renewed it first. After a new password the epoch is old, and so the token is dead.
        return replace(identity, password_hash=stands)


def _authenticated(identity: Identity | None, password: bytes, profiles: tuple[HashKind, ...]) -> Identity:
    """Check a password. The same hashes are computed for every refused attempt, also for a disabled user.

    A caller who knows the password of a user may learn that this user has to confirm the address.
    """
    is_disabled = identity is not None and identity.status not in {ACTIVE, UNCONFIRMED}
    try:
        check_password(password, None if identity is None or is_disabled else identity.password_hash, profiles)
    except InvalidCredentials:
        if is_disabled:
            raise InvalidCredentials("the user is disabled") from None
        raise
    if identity is None:
        raise InvalidCredentials("there is no such user")
    if identity.status == UNCONFIRMED:
        raise EmailNotConfirmed
    return identity


def _canonical(username: str) -> str:
    try:
        return canonical_username(username)
    except UsernameRefused:
        raise InvalidRequest("user name") from None
