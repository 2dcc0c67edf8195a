"""Sends the mails that a part of the challenges' stream asks for, in order.

A record may come twice, because Lambda passes on each one at least once. Then the mail is sent twice, with the same
link and the same code. Whatever can never be sent is dropped and recorded: it must not hold up the others.
"""

from collections.abc import Callable, Iterable, Mapping

from edge_auth.errors import TemporarilyUnavailable, TooManyAttempts
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.challenges import ChallengeGone
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.mail import MailRefused, Post, StandingChallenges
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.mail.render import Letterhead, UnknownKey, mail_for
from edge_auth.mail.stream_record import MailRequest, UnreadableRecord, request_from, sequence_number
from edge_auth.mail.templates import UnknownMail
from edge_auth.throttling.limits import notice_limit
from edge_auth.tokens.proof_link import PAGES
from edge_auth.tokens.proof_token import Kind

# A call that takes longer leaves the rest to the next one. The function's timeout is 90 seconds: the last record begins
# before the 30th second, and takes 35 seconds at most.
GIVE_UP_AFTER_MS = 30_000


class _Dropped(Exception):
    """This mail is never sent. The text says why."""


class SendMails:
    """The use case."""

    def __init__(
        self,
        *,
        key_ring: KeyRingSource,
        challenges: StandingChallenges,
        post: Post,
        rates: Rates,
        letterhead: Letterhead,
        clock: Clock,
        record: Record,
        broken: Callable[[Exception], None],
    ) -> None:
        """Keep what the use case needs. `broken` is told of an error that no code of ours should raise."""
        self._key_ring = key_ring
        self._challenges = challenges
        self._post = post
        self._rates = rates
        self._counted = ""  # the key of a notice that was counted and not sent: it comes again
        self._letterhead = letterhead
        self._clock = clock
        self._record = record
        self._broken = broken

    def __call__(self, records: Iterable[Mapping[str, object]]) -> str:
        """Send the mails of these records. Return the sequence number of the first that has to come again, or "".

        No record after that one was tried, so none of them is sent twice when they come again.
        """
        give_up_at_ms = self._clock() + GIVE_UP_AFTER_MS
        for record in records:
            number = sequence_number(record)
            if self._clock() >= give_up_at_ms:
                return number
            try:
                self._send(record)
            except TemporarilyUnavailable as error:
                self._record(SecurityEvent(EventName.MAIL_DELAYED, reason=error.detail))
                return number
        return ""

    def _send(self, record: Mapping[str, object]) -> None:
        try:
            request = request_from(record)
        except UnreadableRecord as error:
            self._record(SecurityEvent(EventName.MAIL_NOT_SENT, reason=f"damaged item: {error}"))
            return
        try:
            self._send_one(request)
        except (_Dropped, MailRefused, UnreadableRecord, UnknownMail, UnknownKey) as error:
            reason = f"{request.mail}: {error}"
            self._record(SecurityEvent(EventName.MAIL_NOT_SENT, request.user_id, reason=reason))
        except TemporarilyUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - such a record would hold up all others, until it is too old
            self._broken(error)
            self._record(SecurityEvent(EventName.MAIL_NOT_SENT, request.user_id, reason=request.mail))
        else:
            self._record(SecurityEvent(EventName.MAIL_SENT, request.user_id, reason=request.mail))

    def _send_one(self, request: MailRequest) -> None:
        if request.is_notice:
            self._count(request)
        else:
            if self._clock() // 1000 >= request.expires_at_seconds:
                raise _Dropped("expired")
            self._check_standing(request)
        mail = mail_for(request, self._key_ring.load().mac_keys, self._letterhead)
        self._post(mail, {"mail": request.mail, "user_id": request.user_id})
        self._counted = ""

    def _count(self, request: MailRequest) -> None:
        """Count a notice, once also if SES is in trouble and its record comes again to this process."""
        if request.key == self._counted:
            return
        try:
            self._rates.book(notice_limit(request.user_id, request.mail), now_ms=self._clock())
        except TooManyAttempts:
            raise _Dropped("too many of this kind") from None
        self._counted = request.key

    def _check_standing(self, request: MailRequest) -> None:
        """After an outage, a user who asked three times gets one mail: the one whose link works."""
        if request.mail not in PAGES:
            raise UnknownMail("there is no such mail")
        try:
            standing = self._challenges.find(Kind(request.mail), request.user_id)
        except ChallengeGone:
            raise _Dropped("used or withdrawn") from None
        if standing.proof.proof_id != request.proof_id or standing.spent_at_seconds:
            raise _Dropped("overtaken or used")
