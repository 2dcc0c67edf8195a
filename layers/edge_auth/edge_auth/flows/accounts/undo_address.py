"""Undoes the change of an address, with a proof from a mail to the old one.

Who changed it knew the password. So the password ends too, and a mail to the restored address brings the proof with
which its owner sets a new one.
"""

from contextlib import suppress
from dataclasses import replace

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.errors import InvalidProof
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.accounts.new_challenge import NewChallenge, undo_binding
from edge_auth.flows.accounts.shown_proof import Shown, ShownProofs
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.challenges import Challenges, NewerChallenge, ProofSpent, Redemptions
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.throttling.limits import undo_mail_limit
from edge_auth.tokens.proof_token import Kind

EMAIL_CHANGE_UNDONE = "email_change_undone"


class UndoAddress:
    """The use case."""

    def __init__(
        self,
        *,
        shown_proofs: ShownProofs,
        challenges: Challenges,
        redemptions: Redemptions,
        new_challenge: NewChallenge,
        rates: Rates,
        end_sessions: EndSessions,
        clock: Clock,
        record: Record,
    ) -> None:
        """Keep what the use case needs."""
        self._shown_proofs = shown_proofs
        self._challenges = challenges
        self._redemptions = redemptions
        self._new_challenge = new_challenge
        self._rates = rates
        self._end_sessions = end_sessions
        self._clock = clock
        self._record = record

    def __call__(self, shown: Shown, *, address: str) -> None:
        """Restore the old address, take the password away, ask for a mail to reset it, and end all sessions.

        Raises:
            InvalidRequest: no user can have this name.
            InvalidProof: the proof is not valid any more, or the user is disabled.
            TooManyAttempts: too many codes came from this source, or the call was repeated too often.
            TemporarilyUnavailable: some of it is not known to be done. The same call may be made again.

        """
        try:
            user = self._undo(shown, address)
        except InvalidProof as error:
            self._record(SecurityEvent(EventName.PROOF_REFUSED, reason=error.detail))
            raise
        self._record(SecurityEvent(EventName.EMAIL_CHANGE_UNDONE, user.user_id))
        with suppress(NewerChallenge):  # its mail is on the way
            self._challenges.put(self._new_challenge.reset(user))
        self._end_sessions.all(user.user_id, reason=EMAIL_CHANGE_UNDONE)

    def _undo(self, shown: Shown, address: str) -> Identity:
        proven = self._shown_proofs.check(Kind.UNDO, shown, address=address)
        user, email = proven.user, proven.challenge.email
        if user.status != ACTIVE:
            raise InvalidProof("the user is not active")
        if proven.is_spent:
            return self._done_before(user)
        proven.check_binding(undo_binding(user.user_id, email))
        now_seconds = self._clock() // 1000
        try:
            self._redemptions.undo(proven.challenge.proof, user, email, now_seconds=now_seconds)
        except ProofSpent:
            raise InvalidProof("it was used at the same moment, or the user has changed") from None
        return replace(user, email=email, email_verified_at_seconds=now_seconds, password_hash="", epoch=user.epoch + 1)

    def _done_before(self, user: Identity) -> Identity:
        """Return the user, if the change was undone by an earlier call and no password was set since then."""
        if user.password_hash:
            raise InvalidProof("it was used before")
        self._rates.book(undo_mail_limit(user.user_id), now_ms=self._clock())
        return user
