"""Marks the address of a user whose mails come back, so that no more are sent to it, and operators see why."""

from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.bounces import AddressGone, Bounces
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.mail.feedback import Feedback


class MarkAddress:
    """The use case."""

    def __init__(self, *, bounces: Bounces, clock: Clock, record: Record) -> None:
        """Keep what the use case needs."""
        self._bounces = bounces
        self._clock = clock
        self._record = record

    def __call__(self, feedback: Feedback) -> None:
        """Mark the addresses that take no more mails. May be repeated.

        Raises:
            TemporarilyUnavailable: one is not known to be marked.

        """
        for address in feedback.addresses:
            try:
                now_seconds = self._clock() // 1000
                self._bounces.mark(feedback.user_id, address, reason=feedback.reason, now_seconds=now_seconds)
            except AddressGone:
                continue
        self._record(SecurityEvent(EventName.MAIL_BOUNCED, feedback.user_id, reason=feedback.reason))
