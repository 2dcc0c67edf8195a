"""Undoes the change of an address, with a proof from a mail to the old one.

Whoever changed it knew the password. So the password ends too, and a mail to the restored address brings the proof with
which its owner sets a new one.

Perhaps that person has also enrolled a factor, which a reset asks for. A mailbox alone removes no factor (SA1). So
the owner also shows the password that the account had at the change.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.credentials.passwords import check_password, password_bytes
from edge_auth.credentials.profiles import HashKind
from edge_auth.errors import InvalidCredentials, InvalidProof, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.accounts.new_challenge import UNDO_SECONDS, NewChallenge, undo_binding
from edge_auth.flows.accounts.shown_proof import Shown, ShownProofs
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.challenges import (
    ChallengeGone,
    Challenges,
    NewerChallenge,
    ProofSpent,
    Redemptions,
    RemovedFactors,
)
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.throttling.limits import undo_mail_limit, used_proof_limit
from edge_auth.tokens.proof_token import Kind

EMAIL_CHANGE_UNDONE = "email_change_undone"


class UndoAddress:
    """The use case."""

    def __init__(  # noqa: PLR0913 - one for each port
        self,
        *,
        shown_proofs: ShownProofs,
        challenges: Challenges,
        redemptions: Redemptions,
        new_challenge: NewChallenge,
        rates: Rates,
        limit: PasswordAttemptLimit,
        profiles: tuple[HashKind, ...],
        end_sessions: EndSessions,
        clock: Clock,
        record: Record,
        tell_removed: Callable[[Identity, RemovedFactors], None],
    ) -> None:
        """Keep what the use case needs. `profiles` are those of the hashes that are checked.

        `tell_removed` tells the user by mail of factors that were removed, and never fails.
        """
        self._limit = limit
        self._profiles = profiles
        self._tell_removed = tell_removed
        self._shown_proofs = shown_proofs
        self._challenges = challenges
        self._redemptions = redemptions
        self._new_challenge = new_challenge
        self._rates = rates
        self._end_sessions = end_sessions
        self._clock = clock
        self._record = record

    def __call__(self, shown: Shown, *, address: str, password: str = "") -> None:
        """Restore the old address, take the password away, ask for a mail to reset it, and end all sessions.

        `password` is the one that the account had at the change. With it, the app and the passkeys go that are younger
        than 72 hours at the change.

        Raises:
            InvalidRequest: no user can have this name, or the password does not have the right form.
            InvalidProof: the proof is not valid any more, or the user is disabled.
            InvalidCredentials: the account had another password. Nothing is undone, and the proof stays good.
            TooManyAttempts: too many codes came from this source, or passwords for this user, or the call was repeated
                too often.
            TemporarilyUnavailable: some of it is not known to be done. The same call may be made again.

        """
        try:
            user = self._undo(shown, address, password)
        except InvalidProof as error:
            self._record(SecurityEvent(EventName.PROOF_REFUSED, reason=error.detail))
            raise
        self._record(SecurityEvent(EventName.EMAIL_CHANGE_UNDONE, user.user_id))
        self._end_sessions.all(user.user_id, reason=EMAIL_CHANGE_UNDONE)
        self._ask_reset(user)

    def _ask_reset(self, user: Identity) -> None:
        challenge = self._new_challenge.reset(user)
        try:
            self._challenges.put(challenge)
        except NewerChallenge:
            with suppress(ChallengeGone):
                if self._challenges.find(Kind.RESET, user.user_id).proof.binding == challenge.proof.binding:
                    return  # its mail is on the way
            # Whoever changed the address asked for a mail at the same second, and that one brings nothing.
            raise TemporarilyUnavailable("a mail was asked for at the same second, for the other address") from None

    def _undo(self, shown: Shown, address: str, password: str) -> Identity:
        proven = self._shown_proofs.check(Kind.UNDO, shown, address=address)
        user, email = proven.user, proven.challenge.email
        if user.status != ACTIVE:
            raise InvalidProof("the user is not active")
        if proven.is_spent:
            return self._done_before(user)
        proven.check_binding(undo_binding(user.user_id, email))
        proof, now_seconds = proven.challenge.proof, self._clock() // 1000
        removed = self._removed(user, password, changed_at_seconds=proof.expires_at_seconds - UNDO_SECONDS)
        try:
            self._redemptions.undo(proof, user, email, now_seconds=now_seconds, removed=removed)
        except ProofSpent:
            raise InvalidProof("it was used at the same moment, or the user has changed") from None
        restored = replace(
            user,
            email=email,
            email_verified_at_seconds=now_seconds,
            email_bounced_at_seconds=0,  # a mail has arrived at this address, and a mark of the other one says nothing
            password_hash="",
            epoch=user.epoch + 1,
        )
        if removed is None:
            return restored
        self._record(SecurityEvent(EventName.FACTORS_RESET, user.user_id, reason=EMAIL_CHANGE_UNDONE))
        self._tell_removed(restored, removed)
        version = user.factors_version + 1  # the proof of the mail that follows is bound to it
        return replace(restored, factors_version=version)

    def _removed(self, user: Identity, password: str, *, changed_at_seconds: int) -> RemovedFactors | None:
        """Check the password, if one is shown, and return the factors to remove, if there are any."""
        if not password:
            return None
        secret, attempt = password_bytes(password), self._limit.admit(used_proof_limit(user.user_id))
        try:
            check_password(secret, user.password_hash_at_change, self._profiles)
        except InvalidCredentials:
            self._limit.failed(attempt, user.user_id)
            raise
        self._limit.succeeded(attempt, user.user_id)
        since = changed_at_seconds - UNDO_SECONDS
        has_app = user.factors is not None and user.factors.enrolled_at_seconds >= since
        passkeys = tuple(each.credential_id for each in user.passkeys if each.created_at_seconds >= since)
        return RemovedFactors(has_app, passkeys) if has_app or passkeys else None

    def _done_before(self, user: Identity) -> Identity:
        """Return the user, if the change was undone by an earlier call and no password was set since then."""
        if user.password_hash:
            raise InvalidProof("it was used before")
        self._rates.book(undo_mail_limit(user.user_id), now_ms=self._clock())
        return user
