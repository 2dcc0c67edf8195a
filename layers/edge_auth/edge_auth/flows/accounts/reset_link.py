"""Makes the link and the code with which a user sets a new password, for an operator who hands them on."""

from typing import NamedTuple

from edge_auth.accounts.identity import ACTIVE
from edge_auth.errors import TemporarilyUnavailable, UnknownUser, UserChanged
from edge_auth.flows.accounts.new_challenge import NewChallenge
from edge_auth.flows.ports.challenges import Challenges, NewerChallenge
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.tokens import proof_token
from edge_auth.tokens.proof_link import proof_link


class Link(NamedTuple):
    """A link, the code beside it, and when both end, in seconds since 1970. No log may hold the first two."""

    link: str
    code: str
    expires_at_seconds: int

    def __repr__(self) -> str:
        """Show neither link nor code."""
        return f"Link(expires_at_seconds={self.expires_at_seconds})"


class ResetLink:
    """The use case. The operator answers for the person who gets the link, so the user needs no address."""

    def __init__(
        self,
        *,
        identities: Identities,
        challenges: Challenges,
        new_challenge: NewChallenge,
        key_ring: KeyRingSource,
        pages_url: str,
    ) -> None:
        """Keep what the use case needs. `pages_url` is where the links of mails lead."""
        self._identities = identities
        self._challenges = challenges
        self._new_challenge = new_challenge
        self._key_ring = key_ring
        self._pages_url = pages_url

    def __call__(self, user_id: str) -> Link:
        """Store a challenge that no mail brings. The one of an earlier mail or link ends by that.

        Raises:
            UserChanged: the user is gone, or is not active, so no password is reset.
            TemporarilyUnavailable: the link was not made. The same call may be made again.

        """
        try:
            user = self._identities.find_by_id(user_id)
        except UnknownUser:
            raise UserChanged("the user was deleted meanwhile; nothing was done") from None
        if user.status != ACTIVE:
            raise UserChanged("the user is not active; nothing was done")
        challenge = self._new_challenge.reset(user, is_delivered=False)
        try:
            self._challenges.put(challenge)
        except NewerChallenge:
            raise TemporarilyUnavailable("another one was asked for at the same second") from None
        key = self._key_ring.load().mac_keys[challenge.mac_key_id]
        return Link(
            proof_link(self._pages_url, challenge.proof, key),
            proof_token.code(challenge.proof, key),
            challenge.proof.expires_at_seconds,
        )
