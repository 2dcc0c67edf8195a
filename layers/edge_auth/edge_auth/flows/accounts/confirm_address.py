"""Confirms an address with a proof from a mail to it: the first address of a user, or one that replaces another."""

from collections.abc import Callable

from edge_auth.accounts.challenge import Challenge
from edge_auth.accounts.identity import ACTIVE, UNCONFIRMED, Identity
from edge_auth.errors import InvalidProof
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.accounts.new_challenge import NewChallenge, confirm_binding
from edge_auth.flows.accounts.shown_proof import Shown, ShownProofs
from edge_auth.flows.ports.challenges import ChallengeGone, Challenges, ProofSpent, Redemptions
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.tokens.proof_token import Kind


class ConfirmAddress:
    """The use case."""

    def __init__(
        self,
        *,
        shown_proofs: ShownProofs,
        challenges: Challenges,
        redemptions: Redemptions,
        new_challenge: NewChallenge,
        clock: Clock,
        record: Record,
        tell_new_address: Callable[[Identity], None],
    ) -> None:
        """Keep what the use case needs. `tell_new_address` tells the user by mail, and never fails."""
        self._shown_proofs = shown_proofs
        self._challenges = challenges
        self._redemptions = redemptions
        self._new_challenge = new_challenge
        self._clock = clock
        self._record = record
        self._tell_new_address = tell_new_address

    def __call__(self, shown: Shown, *, address: str) -> None:
        """Give the user the address of the proof, confirmed. A proof that was used before changes nothing.

        If another confirmed address is replaced, that one gets a mail with which it can undo the change (SC5). While an
        earlier change can still be undone, it gets a mail that only tells of this one. The sessions of the user go on,
        and the user name stays, even if it is the old address.

        Raises:
            InvalidRequest: no user can have this name.
            InvalidProof: the proof is not valid any more, or the user is disabled.
            TooManyAttempts: too many codes came from this source.
            TemporarilyUnavailable: the address is not known to be confirmed. The same call may be made again.

        """
        try:
            self._confirm(shown, address)
        except InvalidProof as error:
            self._record(SecurityEvent(EventName.PROOF_REFUSED, reason=error.detail))
            raise

    def _confirm(self, shown: Shown, address: str) -> None:
        proven = self._shown_proofs.check(Kind.CONFIRM, shown, address=address)
        if proven.is_spent:
            return
        user, email = proven.user, proven.challenge.email
        if user.status not in {ACTIVE, UNCONFIRMED}:
            raise InvalidProof("the user is disabled")
        proven.check_binding(confirm_binding(user, email))
        now_seconds = self._clock() // 1000
        is_change = bool(user.email_verified_at_seconds) and user.email != email
        undo = self._undo(user, now_seconds) if is_change else None
        try:
            self._redemptions.confirm(proven.challenge.proof, user, email, undo, now_seconds=now_seconds)
        except ProofSpent:
            raise InvalidProof("it was used at the same moment, or the user has changed") from None
        event = EventName.EMAIL_CHANGED if is_change else EventName.EMAIL_CONFIRMED
        self._record(SecurityEvent(event, user.user_id))
        if is_change and undo is None:
            self._tell_new_address(user)

    def _undo(self, user: Identity, now_seconds: int) -> Challenge | None:
        """Return the challenge that undoes the change, or None while an earlier change can still be undone.

        Else a thief could change the address twice, and the second change would take the place of the owner's proof.
        """
        try:
            earlier = self._challenges.find(Kind.UNDO, user.user_id)
        except ChallengeGone:
            return self._new_challenge.undo(user)
        if earlier.spent_at_seconds or earlier.proof.expires_at_seconds <= now_seconds:
            return self._new_challenge.undo(user)
        return None
