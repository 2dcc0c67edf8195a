"""Asks for a mail with which a user sets a new password. The answer does not tell whether there is such a user."""

from contextlib import suppress

from edge_auth.accounts.challenge import Challenge
from edge_auth.accounts.identity import ACTIVE, UNCONFIRMED, Identity
from edge_auth.accounts.usernames import canonical_username
from edge_auth.errors import InvalidRequest, UnknownUser, UsernameRefused
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.accounts.new_challenge import NewChallenge, id_of_nobody
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.challenges import Challenges, NewerChallenge
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.throttling.limits import mail_limit, mail_source_limit

UNKNOWN = "there is no such user"
NO_ADDRESS = "the user has no confirmed address"
NOT_ACTIVE = "the user is disabled"


class AskReset:
    """The use case."""

    def __init__(
        self,
        *,
        rates: Rates,
        identities: Identities,
        challenges: Challenges,
        new_challenge: NewChallenge,
        key_ring: KeyRingSource,
        clock: Clock,
        record: Record,
    ) -> None:
        """Keep what the use case needs."""
        self._rates = rates
        self._identities = identities
        self._challenges = challenges
        self._new_challenge = new_challenge
        self._key_ring = key_ring
        self._clock = clock
        self._record = record

    def __call__(self, username: str, *, address: str) -> None:
        """Store a challenge, whose mail the mailer sends later. `address` is where the request came from.

        Every name costs the same requests: two counters, a read and a write (P8, SM3). Only a user with a confirmed
        address gets a mail (SC1), and one who registered and has not confirmed the address yet. The password that this
        one sets takes the place of the first one, which perhaps somebody else has chosen.

        Raises:
            InvalidRequest: no user can have this name.
            TooManyAttempts: too many mails were asked for, with this name or from this source.
            TemporarilyUnavailable: it is not known whether a mail will come. The same call may be made again.

        """
        try:
            name = canonical_username(username)
        except UsernameRefused:
            raise InvalidRequest("user name") from None
        keys, now_ms = self._key_ring.load(), self._clock()
        self._rates.book(mail_source_limit(address), now_ms=now_ms)
        self._rates.book(mail_limit(name), now_ms=now_ms)
        try:
            user = self._identities.find(name)
        except UnknownUser:
            user_id, reason = "", UNKNOWN
            challenge = self._new_challenge.for_nobody(id_of_nobody(name, keys.mac))
        else:
            user_id = user.user_id
            challenge, reason = self._challenge_of(user)
        with suppress(NewerChallenge):  # its mail is on the way
            self._challenges.put(challenge)
        self._record(SecurityEvent(EventName.RESET_ASKED, user_id, reason=reason))

    def _challenge_of(self, user: Identity) -> tuple[Challenge, str]:
        if user.status == UNCONFIRMED and user.email:
            # Whoever registered has chosen the name, and perhaps the address is not theirs (SM4).
            return self._new_challenge.reset(user)._replace(username=""), ""
        if user.status == ACTIVE and user.is_reachable:
            return self._new_challenge.reset(user), ""
        reason = NO_ADDRESS if user.status == ACTIVE else NOT_ACTIVE
        return self._new_challenge.for_nobody(user.user_id), reason
