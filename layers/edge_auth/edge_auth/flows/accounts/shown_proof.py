"""What a user shows to prove something: the token of a link, or the code that stands beside it, with the user name."""

import hmac
from typing import NamedTuple

from edge_auth.accounts.challenge import Challenge
from edge_auth.accounts.identity import Identity
from edge_auth.accounts.usernames import canonical_username
from edge_auth.errors import InvalidProof, InvalidRequest, UnknownUser, UsernameRefused
from edge_auth.flows.accounts.new_challenge import id_of_nobody
from edge_auth.flows.known_users import user_named
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.challenges import ChallengeGone, Challenges
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.throttling.limits import mail_code_limit
from edge_auth.tokens import proof_token
from edge_auth.tokens.proof_token import Kind


class Shown(NamedTuple):
    """What came with a request: either `proof`, or `username` and `code`."""

    proof: str = ""
    username: str = ""
    code: str = ""

    def __repr__(self) -> str:
        """Show neither proof nor code."""
        return "Shown(...)"


class Proven(NamedTuple):
    """An authentic proof: its challenge, and its user as read. What it is bound to was not compared yet."""

    challenge: Challenge
    user: Identity

    @property
    def is_spent(self) -> bool:
        """Whether the proof was used before."""
        return bool(self.challenge.spent_at_seconds)

    def check_binding(self, binding: bytes) -> None:
        """Check that the user is still the one that the proof was made for. Raises InvalidProof."""
        if not hmac.compare_digest(self.challenge.proof.binding, binding):
            raise InvalidProof("the user has changed, or the proof is worth nothing")


class ShownProofs:
    """Checks what users show."""

    def __init__(
        self, *, rates: Rates, identities: Identities, challenges: Challenges, key_ring: KeyRingSource, clock: Clock
    ) -> None:
        """Keep what a check needs."""
        self._rates = rates
        self._identities = identities
        self._challenges = challenges
        self._key_ring = key_ring
        self._clock = clock

    def check(self, kind: Kind, shown: Shown, *, address: str) -> Proven:
        """Return what was proven. `address` is where the request came from.

        A forged or expired token costs no request. A guess at a code is counted before the code is compared. It costs
        the same requests whether or not there is such a user.

        Raises:
            InvalidRequest: no user can have this name.
            InvalidProof: the proof is not authentic, has expired or was overtaken, or no guess is left.
            TooManyAttempts: too many codes came from this source.
            TemporarilyUnavailable: nothing was decided.

        """
        if shown.proof:
            return self._by_token(kind, shown.proof)
        return self._by_code(kind, shown.username, shown.code, address)

    def _by_token(self, kind: Kind, text: str) -> Proven:
        proof = proof_token.parse(text, self._key_ring.load().mac_keys, kind, now_seconds=self._clock() // 1000)
        try:
            user = self._identities.find_by_id(proof.user_id)
            challenge = self._challenges.find(kind, proof.user_id)
        except (UnknownUser, ChallengeGone):
            raise InvalidProof("the user or the challenge is gone") from None
        if challenge.proof.proof_id != proof.proof_id:
            raise InvalidProof("a newer one was asked for")
        return Proven(challenge._replace(proof=proof), user)

    def _by_code(self, kind: Kind, username: str, code: str, address: str) -> Proven:
        try:
            name = canonical_username(username)
        except UsernameRefused:
            raise InvalidRequest("user name") from None
        keys, now_ms = self._key_ring.load(), self._clock()
        self._rates.book(mail_code_limit(address), now_ms=now_ms)
        user = user_named(self._identities, name)
        user_id = user.user_id if user else id_of_nobody(name, keys.mac)
        try:
            challenge = self._challenges.guess(kind, user_id, now_seconds=now_ms // 1000)
        except ChallengeGone:
            raise InvalidProof("no such challenge, or no guess is left") from None
        key = keys.mac_keys.get(challenge.mac_key_id)
        if key is None:
            raise InvalidProof("the MAC key has ended")
        if not hmac.compare_digest(proof_token.code(challenge.proof, key).encode(), code.encode()):
            raise InvalidProof("wrong code")
        if user is None:
            raise InvalidProof("there is no such user")
        return Proven(challenge, user)
