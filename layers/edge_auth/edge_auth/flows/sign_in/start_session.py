"""Opens a session for a user whose password was checked."""

from collections.abc import Mapping
from typing import NamedTuple

from edge_auth.accounts.identity import Identity
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.factors import PASSWORD_ALONE, Passed
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.sessions import SessionOpening
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import BODY, NEVER_ROTATED_MS, Session
from edge_auth.tokens.refresh_token import RefreshToken, new_id
from edge_auth.tokens.token_form import SEED_BYTES

FIRST_PARTY_CLIENT_ID = "first-party"  # RFC 9068 §2.2 requires a client_id; a login has no registered client


class SessionPolicy(NamedTuple):
    """The idle timeout and the absolute timeout of a session."""

    idle_seconds: int
    absolute_seconds: int


class StartSession:
    """The act."""

    def __init__(
        self, opening: SessionOpening, policies: Mapping[str, SessionPolicy], *, clock: Clock, entropy: Entropy
    ) -> None:
        """Keep what the act needs. `policies` has the timeouts for each transport."""
        self._opening = opening
        self._policies = policies
        self._clock = clock
        self._entropy = entropy

    def __call__(
        self,
        identity: Identity,
        client: ClientDescription,
        transport: str = BODY,
        passed: Passed = PASSWORD_ALONE,
    ) -> tuple[Session, RefreshToken]:
        """Open a session of this user on this client. Return it with its first token.

        Its tokens travel by `transport`, and by no other. `passed` is what its login has shown.

        Raises:
            TemporarilyUnavailable: it is not known to be open.

        """
        now_ms = self._clock()
        now_seconds = now_ms // 1000
        policy = self._policies[transport]
        token = RefreshToken(
            user_id=identity.user_id,
            session_id=new_id(self._entropy),
            generation=0,
            seed=self._entropy(SEED_BYTES),
        )
        session = Session(
            user_id=identity.user_id,
            session_id=token.session_id,
            seed_hash=token.seed_hash,
            generation=token.generation,
            rotated_at_ms=NEVER_ROTATED_MS,
            rotation_id="",
            created_at_ms=now_ms,
            auth_time_seconds=now_seconds,
            idle_expires_at_seconds=now_seconds + policy.idle_seconds,
            absolute_expires_at_seconds=now_seconds + policy.absolute_seconds,
            client_id=FIRST_PARTY_CLIENT_ID,
            scope=identity.scope,
            roles=identity.roles,
            amr=passed.amr,
            acr=passed.acr,
            client=client,
            transport=transport,
            claims=identity.claims,
        )
        try:
            self._opening.open(session, username=identity.username, epoch=identity.epoch, factor=passed.use)
        except EpochMoved:
            # The account changed during the login: the password may have changed, or another request has used the same
            # code. The next attempt decides.
            raise TemporarilyUnavailable("the identity changed during the login") from None
        return session, token
