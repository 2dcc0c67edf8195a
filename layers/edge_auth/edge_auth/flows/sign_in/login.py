"""Login: checks a password and opens a session."""

import hmac
from dataclasses import replace
from typing import NamedTuple

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.accounts.usernames import canonical_username
from edge_auth.credentials.passwords import check_password, needs_rehash, password_bytes, stronger_hash
from edge_auth.errors import (
    InvalidCredentials,
    InvalidRequest,
    TemporarilyUnavailable,
    UnknownUser,
    UsernameRefused,
)
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.grant import AccessTokenPolicy, TokenGrant, grant
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.identities import EpochMoved, Identities
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.sessions import SessionOpening
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.session_limit import SessionLimit
from edge_auth.keys.ring import KeysInForce
from edge_auth.sessions.client_description import UNKNOWN_CLIENT, ClientDescription
from edge_auth.sessions.session import NEVER_ROTATED_MS, Session
from edge_auth.throttling.counters import Counted
from edge_auth.throttling.limits import device_limit, login_limit
from edge_auth.tokens import device_token as device_tokens
from edge_auth.tokens.device_token import DeviceToken, NoDeviceToken
from edge_auth.tokens.refresh_token import SEED_BYTES, RefreshToken, new_id

FIRST_PARTY_CLIENT_ID = "first-party"  # RFC 9068 §2.2 requires a client_id; this login has no registered client
PASSWORD_METHOD = "pwd"


class SessionPolicy(NamedTuple):
    """The idle timeout and the absolute timeout of a session."""

    idle_seconds: int
    absolute_seconds: int


class _Admitted(NamedTuple):
    """An attempt that was let through, the user of that name if there is one, and the id of the device."""

    attempt: Counted
    user: Identity | None
    device_id: str


class Login:
    """The use case."""

    def __init__(
        self,
        *,
        limit: PasswordAttemptLimit,
        identities: Identities,
        session_opening: SessionOpening,
        session_limit: SessionLimit,
        key_ring: KeyRingSource,
        session_policy: SessionPolicy,
        clock: Clock,
        entropy: Entropy,
        record: Record,
    ) -> None:
        """Keep what the use case needs."""
        self._limit = limit
        self._identities = identities
        self._session_opening = session_opening
        self._session_limit = session_limit
        self._key_ring = key_ring
        self._session_policy = session_policy
        self._clock = clock
        self._entropy = entropy
        self._record = record

    def __call__(
        self,
        username: str,
        password: str,
        policy: AccessTokenPolicy,
        *,
        address: str,
        device_token: str = "",
        client: ClientDescription = UNKNOWN_CLIENT,
    ) -> TokenGrant:
        """Check the password and open a session. `address` is where the request came from, `client` its client.

        `device_token` is what an earlier login answered this client. Any other text counts as no token.

        Raises:
            InvalidRequest: the user name or the password does not have the right form.
            TooManyAttempts: too many attempts came before: on this device of the user or, without its token, on this
                account or from this source.
            InvalidCredentials: the password is wrong, or the user unknown or disabled. The answer does not say which.
            TemporarilyUnavailable: nothing was decided.

        """
        name, secret = _canonical(username), password_bytes(password)
        keys = self._key_ring.load()
        attempt, user, device_id = self._admit(name, address, device_token, keys)
        identity = self._authenticate(user, secret, attempt)
        session, token = self._open_session(identity, client)
        self._record(SecurityEvent(EventName.LOGIN_SUCCEEDED, identity.user_id, session.session_id))
        self._session_limit.keep(identity.user_id)
        if needs_rehash(identity.password_hash):
            identity = self._with_renewed_hash(identity, secret)
        granted = grant(
            session,
            token,
            scope=session.scope,
            keys=keys,
            policy=policy,
            now_seconds=session.created_at_seconds,
            entropy=self._entropy,
        )
        device = _device_of(identity, device_id)
        return replace(granted, device_token=device_tokens.mint(device, keys.mac, username=name))

    def _admit(self, name: str, address: str, device_token: str, keys: KeysInForce) -> _Admitted:
        """Count the attempt and read the user: first the user, if there is an authentic device token of this name.

        For any other text, also the token of another user, nothing is read before the attempt is let through.
        """
        stranger = login_limit(name, address)
        try:
            device = device_tokens.parse(device_token, keys.mac_keys, username=name)
        except NoDeviceToken:
            attempt = self._limit.admit(stranger)
            return _Admitted(attempt, self._found_after(attempt, name), new_id(self._entropy))
        user = self._found(name)
        if user is None or not _is_of(user, device):
            return _Admitted(self._limit.admit(stranger), user, new_id(self._entropy))
        # Where the device's own counter has to wait, its user is a stranger like any other: a token is no drawback.
        attempt = self._limit.admit(device_limit(user.user_id, device.device_id), stranger)
        return _Admitted(attempt, user, device.device_id)

    def _found_after(self, attempt: Counted, username: str) -> Identity | None:
        try:
            return self._found(username)
        except TemporarilyUnavailable:
            self._limit.given_up(attempt)
            raise

    def _found(self, username: str) -> Identity | None:
        try:
            return self._identities.find(username)
        except UnknownUser:
            return None

    def _authenticate(self, user: Identity | None, password: bytes, attempt: Counted) -> Identity:
        try:
            identity = _authenticated(user, password)
        except InvalidCredentials as error:
            user_id = user.user_id if user else ""
            self._limit.failed(attempt, user_id)
            self._record(SecurityEvent(EventName.LOGIN_FAILED, user_id, reason=error.detail))
            raise
        self._limit.succeeded(attempt, identity.user_id)  # at once, because attempts at the same moment wait for it
        return identity

    def _open_session(self, identity: Identity, client: ClientDescription) -> tuple[Session, RefreshToken]:
        now_ms = self._clock()
        now_seconds = now_ms // 1000
        token = RefreshToken(
            user_id=identity.user_id,
            session_id=new_id(self._entropy),
            generation=0,
            seed=self._entropy(SEED_BYTES),
        )
        session = Session(
            user_id=identity.user_id,
            session_id=token.session_id,
            seed_hash=token.seed_hash,
            generation=token.generation,
            rotated_at_ms=NEVER_ROTATED_MS,
            rotation_id="",
            created_at_ms=now_ms,
            auth_time_seconds=now_seconds,
            idle_expires_at_seconds=now_seconds + self._session_policy.idle_seconds,
            absolute_expires_at_seconds=now_seconds + self._session_policy.absolute_seconds,
            client_id=FIRST_PARTY_CLIENT_ID,
            scope=identity.scope,
            roles=identity.roles,
            amr=(PASSWORD_METHOD,),
            client=client,
        )
        try:
            self._session_opening.open(session, username=identity.username, epoch=identity.epoch)
        except EpochMoved:
            # The account changed during the login; the password may have changed too. The next attempt decides.
            raise TemporarilyUnavailable("the identity changed during the login") from None
        return session, token

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


def _device_of(user: Identity, device_id: str) -> DeviceToken:
    return device_tokens.bound(user.user_id, device_id, epoch=user.epoch, password_hash=user.password_hash)


def _is_of(user: Identity, device: DeviceToken) -> bool:
    return hmac.compare_digest(_device_of(user, device.device_id).binding, device.binding)


def _authenticated(identity: Identity | None, password: bytes) -> Identity:
    # The password is checked first, for every user: the time must not reveal which users exist or are disabled.
    check_password(password, identity.password_hash if identity else None)
    if identity is None or identity.status != ACTIVE:
        raise InvalidCredentials("the user is disabled")
    return identity


def _canonical(username: str) -> str:
    try:
        return canonical_username(username)
    except UsernameRefused:
        raise InvalidRequest("user name") from None
