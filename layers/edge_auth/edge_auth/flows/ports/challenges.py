"""The challenges: for each kind of proof and each user the newest one. Where mail is off, there are none."""

from typing import TYPE_CHECKING, NamedTuple, Protocol

from edge_auth.accounts.challenge import Challenge
from edge_auth.accounts.identity import Identity
from edge_auth.tokens.proof_token import Kind, Proof

if TYPE_CHECKING:
    from edge_auth.flows.ports.factors import FactorUse


class NewerChallenge(Exception):
    """Another challenge of the same kind and user stands: it was stored at the same second or later, or it is kept."""


class ChallengeGone(Exception):
    """There is no such challenge, or no guess at its code is left, or it has expired."""


class ProofSpent(Exception):
    """The proof was used, or the user has changed since it was read. Nothing was done."""


class RemovedFactors(NamedTuple):
    """What an act removes: the app with its recovery codes, and the passkeys with these ids."""

    has_app: bool
    passkeys: tuple[bytes, ...]


class Challenges(Protocol):
    """The challenges."""

    def put(self, challenge: Challenge) -> None:
        """Store a challenge in the place of an older one of its kind and user.

        Raises NewerChallenge, also if an operator's stands and is good. Another one of an operator takes its place.
        """

    def find(self, kind: Kind, user_id: str) -> Challenge:
        """Read the newest challenge, strongly consistent. It may be spent or expired. Raises ChallengeGone."""

    def guess(self, kind: Kind, user_id: str, *, now_seconds: int) -> Challenge:
        """Count a guess at the code of the newest challenge, and return it. It may be spent.

        Of any number of guesses at the same moment, MAX_GUESSES are counted. Raises ChallengeGone for the others.
        """

    def end_undo(self, user_id: str) -> None:
        """Delete the challenge with which a user can undo the change of the address. May be repeated."""

    def forget(self, user_id: str) -> None:
        """Delete all challenges of a user, and all notices. May be repeated."""


class Redemptions(Protocol):
    """What proofs are good for. Each act spends the proof and changes the user, both or neither.

    Whoever confirms or restores an address has shown that a mail arrived there. So such an act takes away the mark that
    mails come back, whenever it was set.
    """

    def set_password(
        self,
        proof: Proof,
        identity: Identity,
        password_hash: str,
        *,
        now_seconds: int,
        factor: "FactorUse | None" = None,
    ) -> None:
        """Replace the password and move the epoch, if the user is as it was read, with the same address.

        With a second factor, its use is written in the same act. A user who waits for the confirmation of the address
        is active then, and the address that was read is confirmed.

        Raises:
            ProofSpent: the proof was used. Without a factor also: the user has changed.
            EpochMoved: the proof is good, and the factor cannot be used, or the user has changed.

        """

    def confirm(
        self, proof: Proof, identity: Identity, email: str, undo: Challenge | None, *, now_seconds: int
    ) -> None:
        """Give the user this confirmed address, and activate a user who waits for that. The epoch stays.

        The user must be as it was read, with the same address. `undo` is stored in the same act, unless one of this
        user waits for its time. With it the present hash of the password is kept. Raises ProofSpent, also for that
        reason.
        """

    def undo(
        self,
        proof: Proof,
        identity: Identity,
        email: str,
        *,
        now_seconds: int,
        removed: "RemovedFactors | None" = None,
    ) -> None:
        """Give the user back the confirmed address, take away the password, and move the epoch.

        These factors are removed in the same act, if they are as they were read. Raises ProofSpent.
        """
