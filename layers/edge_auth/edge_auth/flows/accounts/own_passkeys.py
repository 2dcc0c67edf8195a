"""The caller's own passkeys: registered, listed, renamed and removed.

A change needs a fresh login, as strong as the strongest that the account has (SA7): whoever finds an open session, or
has a password that leaked, can then neither add a passkey nor take one away.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from edge_auth.accounts.identity import Identity
from edge_auth.accounts.passkey import MAX_PASSKEYS, RegisteredPasskey
from edge_auth.errors import InvalidRequest, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.factor_errors import FactorRequired
from edge_auth.flows.factors.factor_policy import FactorPolicy
from edge_auth.flows.factors.freshness import check_fresh
from edge_auth.flows.factors.way_in import check_way_in
from edge_auth.flows.known_users import callers_user
from edge_auth.flows.ports.identities import EpochMoved, Identities
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.passkeys import PasskeyStore
from edge_auth.flows.ports.sessions import Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.callers_session import callers_session
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.passkey_errors import PasskeyRefused, TooManyPasskeys, UnknownPasskey
from edge_auth.sessions.session import Session
from edge_auth.tokens import passkey_challenge
from edge_auth.tokens.passkey_challenge import NoChallenge, Purpose
from edge_auth.webauthn.ceremonies import RelyingParty, verify_registration
from edge_auth.webauthn.client_data import challenge_of
from edge_auth.webauthn.refusal import NotVerified

MAX_NAME_CHARACTERS = 64
PASSKEY_REMOVED = "passkey_removed"
# WebAuthn §5.8.4. What a browser names besides these is left out.
TRANSPORTS = frozenset({"ble", "hybrid", "internal", "nfc", "smart-card", "usb"})


class NewPasskey(NamedTuple):
    """What a browser sends of a new passkey, and the name that the user gives it."""

    client_data: bytes
    attestation_object: bytes
    transports: tuple[str, ...]
    name: str


class PasskeyNotices(NamedTuple):
    """What tells a user by mail of a new and of a removed passkey. Neither fails."""

    passkey_added: Callable[[Identity], None]
    passkey_removed: Callable[[Identity], None]


class Registration(NamedTuple):
    """What a browser needs to make a passkey: a challenge, the user, and the passkeys that are there already."""

    challenge: str
    user_id: str
    username: str
    existing: tuple[RegisteredPasskey, ...]


class OwnPasskeys:
    """The use cases. Each names the caller's user and session."""

    def __init__(  # noqa: PLR0913 - one for each port
        self,
        *,
        policy: FactorPolicy,
        party: RelyingParty,
        identities: Identities,
        sessions: Sessions,
        passkeys: PasskeyStore,
        end_sessions: EndSessions,
        key_ring: KeyRingSource,
        clock: Clock,
        entropy: Entropy,
        record: Record,
        notices: PasskeyNotices | None = None,
    ) -> None:
        """Keep what the use cases need. `notices` are there only where mail is on."""
        self._policy = policy
        self._party = party
        self._identities = identities
        self._sessions = sessions
        self._passkeys = passkeys
        self._end_sessions = end_sessions
        self._key_ring = key_ring
        self._clock = clock
        self._entropy = entropy
        self._record = record
        self._notices = notices

    def begin(self, user_id: str, session_id: str) -> Registration:
        """Draw a challenge for a new passkey of the caller.

        Raises:
            InvalidToken: the session has ended, or the user is disabled or gone.
            InsufficientAuthentication: the login is too weak or too old.
            TooManyPasskeys: no further one is allowed.
            TemporarilyUnavailable: nothing was decided.

        """
        identity = self._fresh(user_id, session_id)
        if len(identity.passkeys) >= MAX_PASSKEYS:
            raise TooManyPasskeys
        challenge = passkey_challenge.mint(
            Purpose.REGISTER,
            self._key_ring.load().mac,
            now_seconds=self._clock() // 1000,
            entropy=self._entropy,
            user_id=user_id,
        )
        return Registration(challenge, user_id, identity.username, identity.passkeys)

    def register(self, user_id: str, session_id: str, new: NewPasskey) -> RegisteredPasskey:
        """Add a passkey of the caller. The same call may be made again: then it is there already.

        Raises:
            PasskeyRefused: it is no answer to a challenge for this user, breaks a rule, or is another passkey's id.
            InvalidRequest: the name cannot be shown, or is too long.
            InvalidToken, InsufficientAuthentication, TooManyPasskeys, TemporarilyUnavailable: as `begin`.

        """
        _check_name(new.name)
        made = self._made(user_id, new)
        identity = self._fresh(user_id, session_id, made)
        for existing in identity.passkeys:
            if _is_same(existing, made):
                return existing
            if existing.credential_id == made.credential_id:
                raise self._refused(user_id, "another passkey has this id")
        if len(identity.passkeys) >= MAX_PASSKEYS:
            raise TooManyPasskeys
        try:
            self._passkeys.add(identity, made)
        except EpochMoved:
            raise _changed() from None
        self._record(SecurityEvent(EventName.PASSKEY_ADDED, user_id, session_id))
        if self._notices:
            self._notices.passkey_added(identity)
        return made

    def listed(self, user_id: str, session_id: str) -> tuple[RegisteredPasskey, ...]:
        """Return the caller's passkeys, the oldest first. Raises InvalidToken, as `begin`."""
        self._living(user_id, session_id)
        return callers_user(self._identities, user_id).passkeys

    def rename(self, user_id: str, session_id: str, credential_id: bytes, name: str) -> None:
        """Give a passkey another name.

        Raises:
            UnknownPasskey: the caller has no such passkey.
            InvalidRequest: the name cannot be shown, or is too long.
            InvalidToken, InsufficientAuthentication, TemporarilyUnavailable: as `begin`.

        """
        _check_name(name)
        identity = self._owner(user_id, session_id, credential_id)
        try:
            self._passkeys.rename(identity, credential_id, name)
        except EpochMoved:
            raise _changed() from None
        self._record(SecurityEvent(EventName.PASSKEY_RENAMED, user_id, session_id))

    def remove(self, user_id: str, session_id: str, credential_id: bytes) -> None:
        """Remove a passkey, and end all other sessions of the caller: it may have opened one of them.

        Where there is no such passkey, the other sessions end too: a call before may have removed it, and then failed.

        Raises:
            UnknownPasskey: the caller has no such passkey, or none any more. The other sessions have ended.
            LastWayIn: there is no password, and the rest would be less than two passkeys, or one and recovery codes.
            FactorRequired: the user must have a factor, and has no app and no other passkey.
            InvalidToken, InsufficientAuthentication: as `begin`.
            TemporarilyUnavailable: it is not known to be removed, or the other sessions are not known to have ended.

        """
        identity = self._fresh(user_id, session_id)
        if not _has(identity, credential_id):
            self._end_sessions.all(user_id, reason=PASSKEY_REMOVED, keep=session_id)
            raise UnknownPasskey
        others = tuple(passkey for passkey in identity.passkeys if passkey.credential_id != credential_id)
        check_way_in(replace(identity, passkeys=others))
        if not others and identity.factors is None and self._policy.demands_of(identity):
            raise FactorRequired
        try:
            self._passkeys.remove(identity, credential_id)
        except EpochMoved:
            raise _changed() from None
        self._record(SecurityEvent(EventName.PASSKEY_REMOVED, user_id, session_id))
        if self._notices:
            self._notices.passkey_removed(identity)
        self._end_sessions.all(user_id, reason=PASSKEY_REMOVED, keep=session_id)

    def _made(self, user_id: str, new: NewPasskey) -> RegisteredPasskey:
        """Verify a registration, before any request is made."""
        now_seconds = self._clock() // 1000
        try:
            challenge = challenge_of(new.client_data)
            keys = self._key_ring.load().mac_keys
            passkey_challenge.parse(challenge, keys, Purpose.REGISTER, now_seconds=now_seconds, user_id=user_id)
            made = verify_registration(new.client_data, new.attestation_object, challenge=challenge, party=self._party)
        except (NotVerified, NoChallenge) as error:
            raise self._refused(user_id, str(error)) from None
        transports = tuple(sorted(TRANSPORTS.intersection(new.transports)))
        return RegisteredPasskey(*made, name=new.name, created_at_seconds=now_seconds, transports=transports)

    def _refused(self, user_id: str, detail: str) -> PasskeyRefused:
        self._record(SecurityEvent(EventName.PASSKEY_REFUSED, user_id, reason=detail))
        return PasskeyRefused(detail)

    def _owner(self, user_id: str, session_id: str, credential_id: bytes) -> Identity:
        identity = self._fresh(user_id, session_id)
        if not _has(identity, credential_id):
            raise UnknownPasskey
        return identity

    def _fresh(self, user_id: str, session_id: str, made: RegisteredPasskey | None = None) -> Identity:
        """Return the caller's user, if the login of this session was strong and is not old.

        A passkey that is registered once more, because the answer was lost, is no reason for a stronger login.
        """
        session, identity = self._living(user_id, session_id), callers_user(self._identities, user_id)
        others = tuple(passkey for passkey in identity.passkeys if made is None or not _is_same(passkey, made))
        check_fresh(session, replace(identity, passkeys=others), now_seconds=self._clock() // 1000)
        return identity

    def _living(self, user_id: str, session_id: str) -> Session:
        return callers_session(self._sessions, user_id, session_id, now_seconds=self._clock() // 1000)


def _is_same(one: RegisteredPasskey, other: RegisteredPasskey) -> bool:
    return (one.credential_id, one.public_key) == (other.credential_id, other.public_key)


def _has(identity: Identity, credential_id: bytes) -> bool:
    return any(passkey.credential_id == credential_id for passkey in identity.passkeys)


def _check_name(name: str) -> None:
    if not name.isprintable() or len(name) > MAX_NAME_CHARACTERS:
        raise InvalidRequest("name of a passkey")


def _changed() -> TemporarilyUnavailable:
    return TemporarilyUnavailable("the identity or its passkeys changed at the same time")
