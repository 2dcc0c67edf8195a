"""Asks for a mail with which a user sets a new password. The answer does not tell whether there is such a user."""

from edge_auth.accounts.challenge import Challenge
from edge_auth.accounts.identity import ACTIVE, UNCONFIRMED, Identity
from edge_auth.accounts.usernames import canonical_username
from edge_auth.errors import InvalidRequest, TooManyAttempts, UsernameRefused
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.accounts.new_challenge import NewChallenge, id_of_nobody
from edge_auth.flows.known_users import user_named
from edge_auth.flows.least_time import wait_since
from edge_auth.flows.limits.known_device import known_device
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.challenges import Challenges, NewerChallenge
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.time_and_randomness import Clock, Pause
from edge_auth.keys.ring import KeysInForce
from edge_auth.throttling.limits import (
    RateLimit,
    device_mail_limit,
    mail_source_limit,
    no_mail_limit,
    reset_mail_limit,
)
from edge_auth.tokens.device_token import NoDeviceToken

UNKNOWN = "there is no such user"
NO_ADDRESS = "the user has no confirmed address"
NOT_ACTIVE = "the user is disabled"
TOO_MANY = "too many mails"
ON_ITS_WAY = "another mail is on its way, or an operator has made a link"


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
        pause: Pause,
        record: Record,
    ) -> None:
        """Keep what the use case needs."""
        self._rates = rates
        self._identities = identities
        self._challenges = challenges
        self._new_challenge = new_challenge
        self._key_ring = key_ring
        self._clock = clock
        self._pause = pause
        self._record = record

    def __call__(self, username: str, *, address: str, device_token: str = "") -> None:
        """Store a challenge, whose mail the mailer sends later. `address` is where the request came from.

        Every name costs the same requests: a counter, a read, a counter and a write. The answer comes after 100 ms, or
        later (P8, SM3). Only a user with a confirmed address gets a mail (SC1), and one who registered and has not
        confirmed the address yet. The password that this one sets takes the place of the first one, which perhaps
        somebody else has chosen.

        Mails are counted by the address that they go to. Where it has had its mails, the answer is the same, and what
        the last mail has brought stays good. With `device_token`, a login of the same user has answered: then
        strangers do not use up the mails. Any other text counts as no token.

        Raises:
            InvalidRequest: no user can have this name.
            TooManyAttempts: too many mails were asked for from this source.
            TemporarilyUnavailable: it is not known whether a mail will come. The same call may be made again.

        """
        try:
            name = canonical_username(username)
        except UsernameRefused:
            raise InvalidRequest("user name") from None
        keys, now_ms = self._key_ring.load(), self._clock()
        self._rates.book(mail_source_limit(address), now_ms=now_ms)
        user = user_named(self._identities, name)
        reason = _why_no_mail(user)
        reached = None if reason else user
        limits = _limits(reached, device_token, keys) if reached else [no_mail_limit(name)]
        try:
            self._book(limits, now_ms)
        except TooManyAttempts:
            reached, reason = None, reason or TOO_MANY
        challenge = self._challenge_of(reached) if reached else self._of_nobody(name, keys)
        try:
            self._challenges.put(challenge)
        except NewerChallenge:
            reason = reason or ON_ITS_WAY
        self._record(SecurityEvent(EventName.RESET_ASKED, user.user_id if user else "", reason=reason))
        wait_since(now_ms, clock=self._clock, pause=self._pause)

    def _book(self, limits: list[RateLimit], now_ms: int) -> None:
        """Book the first limit that has room. Raises TooManyAttempts."""
        *first, last = limits
        for limit in first:
            try:
                return self._rates.book(limit, now_ms=now_ms)
            except TooManyAttempts:
                continue
        return self._rates.book(last, now_ms=now_ms)

    def _challenge_of(self, user: Identity) -> Challenge:
        challenge = self._new_challenge.reset(user)
        # Whoever registered has chosen the name, and perhaps the address is not theirs (SM4).
        return challenge._replace(username="") if user.status == UNCONFIRMED else challenge

    def _of_nobody(self, name: str, keys: KeysInForce) -> Challenge:
        """Return a challenge that stands in nobody's place: not in that of an earlier mail or of an operator's link."""
        return self._new_challenge.for_nobody(id_of_nobody(name, keys.mac))


def _why_no_mail(user: Identity | None) -> str:
    """Return why no mail goes to the user, empty if one may."""
    if user is None:
        return UNKNOWN
    if user.status == UNCONFIRMED:
        return "" if user.email and not user.email_bounced_at_seconds else NO_ADDRESS
    if user.status != ACTIVE:
        return NOT_ACTIVE
    return "" if user.is_reachable else NO_ADDRESS


def _limits(user: Identity, device_token: str, keys: KeysInForce) -> list[RateLimit]:
    """Return the limits of mails to the user. Any of them is enough."""
    of_everybody = reset_mail_limit(user.email)
    try:
        known_device(user, device_token, keys)
    except NoDeviceToken:
        return [of_everybody]
    return [device_mail_limit(user.user_id), of_everybody]
