"""Checks what a passkey has signed for a sign-in: whose it is, and that it is accepted."""

from typing import NamedTuple

from edge_auth import base64url
from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.errors import UnknownUser
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.passkeys import PasskeyUse
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.keys.ring import KeysInForce
from edge_auth.passkey_errors import InvalidPasskey
from edge_auth.throttling.limits import passkey_limit, password_change_limit
from edge_auth.tokens import passkey_challenge
from edge_auth.tokens.passkey_challenge import Challenge, NoChallenge, Purpose
from edge_auth.tokens.token_form import ID_BYTES, id_bytes
from edge_auth.webauthn.ceremonies import Assertion, Passkey, RelyingParty, is_counter_behind, verify_assertion
from edge_auth.webauthn.client_data import challenge_of
from edge_auth.webauthn.refusal import CounterBehind, NotVerified


class PresentedPasskey(NamedTuple):
    """What a browser presents: which passkey, and what it has signed."""

    credential_id: bytes
    assertion: Assertion


class PasskeyCheck:
    """The check. Every refusal looks the same to the client, and each of an answer to our challenge is recorded."""

    def __init__(
        self,
        *,
        party: RelyingParty,
        rates: Rates,
        identities: Identities,
        clock: Clock,
        record: Record,
        failed: EventName = EventName.LOGIN_FAILED,
    ) -> None:
        """Keep what the check needs. `failed` is the event of a refusal."""
        self._party = party
        self._rates = rates
        self._identities = identities
        self._clock = clock
        self._record = record
        self._failed = failed

    def __call__(self, presented: PresentedPasskey, address: str, keys: KeysInForce) -> tuple[Identity, PasskeyUse]:
        """Return the user whose passkey it is, and the use of it. `address` is where the request came from.

        A challenge that is not ours costs no request.

        Raises:
            TooManyAttempts: too many attempts came from this source before.
            InvalidPasskey: it is not accepted.
            TemporarilyUnavailable: nothing was decided.

        """
        challenge_text, challenge = self._challenge(presented.assertion.client_data, keys)
        self._rates.book(passkey_limit(address), now_ms=self._clock())
        identity = self._owner(presented.assertion.user_handle)
        return identity, self._use(identity, presented, challenge_text, challenge)

    def of_user(self, identity: Identity, presented: PresentedPasskey, keys: KeysInForce) -> PasskeyUse:
        """Return the use of a passkey of this user, who is known and active.

        Raises TooManyAttempts, for the user, InvalidPasskey and TemporarilyUnavailable.
        """
        challenge_text, challenge = self._challenge(presented.assertion.client_data, keys)
        self._rates.book(password_change_limit(identity.user_id).rate, now_ms=self._clock())
        return self._use(identity, presented, challenge_text, challenge)

    def refused(self, detail: str, user_id: str = "") -> InvalidPasskey:
        """Record a refusal, and return its error."""
        detail = f"passkey: {detail}"
        self._record(SecurityEvent(self._failed, user_id, reason=detail))
        return InvalidPasskey(detail)

    def _use(
        self, identity: Identity, presented: PresentedPasskey, challenge_text: str, challenge: Challenge
    ) -> PasskeyUse:
        before = self._passkey_of(identity, presented.credential_id)
        after = self._used(before, presented.assertion, identity, challenge_text)
        return PasskeyUse(before, after, challenge)

    def _challenge(self, client_data: bytes, keys: KeysInForce) -> tuple[str, Challenge]:
        try:
            text = challenge_of(client_data)
            now_seconds = self._clock() // 1000
            return text, passkey_challenge.parse(text, keys.mac_keys, Purpose.SIGN_IN, now_seconds=now_seconds)
        except (NotVerified, NoChallenge) as error:
            # No event: a stranger makes as many of these as the gateway lets through, and tells nothing by it.
            raise InvalidPasskey(f"passkey: challenge: {error}") from None

    def _owner(self, user_handle: bytes) -> Identity:
        if len(user_handle) != ID_BYTES:
            raise self.refused("no user handle of ours")
        user_id = base64url.encode(user_handle)
        try:
            identity = self._identities.find_by_id(user_id)
        except UnknownUser:
            raise self.refused("there is no such user", user_id) from None
        if identity.status != ACTIVE:
            raise self.refused("the user is disabled", user_id)
        return identity

    def _passkey_of(self, identity: Identity, credential_id: bytes) -> RegisteredPasskey:
        for passkey in identity.passkeys:
            if passkey.credential_id == credential_id:
                return passkey
        raise self.refused("the user has no such passkey", identity.user_id)

    def _used(
        self, before: RegisteredPasskey, assertion: Assertion, identity: Identity, challenge: str
    ) -> RegisteredPasskey:
        stored = Passkey(
            before.credential_id,
            before.public_key,
            before.sign_count,
            before.is_backup_eligible,
            before.is_backed_up,
        )
        handle = id_bytes(identity.user_id)
        try:
            used = verify_assertion(assertion, stored, challenge=challenge, party=self._party, user_handle=handle)
        except CounterBehind as error:
            self._record(SecurityEvent(EventName.PASSKEY_COUNTER_BEHIND, identity.user_id, reason="refused"))
            raise self.refused(str(error), identity.user_id) from None
        except NotVerified as error:
            raise self.refused(str(error), identity.user_id) from None
        if is_counter_behind(used, stored):
            self._record(SecurityEvent(EventName.PASSKEY_COUNTER_BEHIND, identity.user_id, reason="synced passkey"))
        return before._replace(
            sign_count=used.sign_count, is_backed_up=used.is_backed_up, used_at_seconds=self._clock() // 1000
        )
