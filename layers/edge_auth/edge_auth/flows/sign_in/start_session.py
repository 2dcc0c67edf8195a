"""Opens a session for a user whose password was checked."""

from collections.abc import Mapping

from edge_auth.accounts.identity import Identity
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.factors import PASSWORD_ALONE, Passed
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.sessions import SessionOpening
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sign_in.new_session import SessionPolicy, new_session
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import BODY, Session
from edge_auth.tokens.refresh_token import RefreshToken


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
        session, token = new_session(
            identity,
            client,
            transport,
            self._policies[transport],
            amr=passed.amr,
            acr=passed.acr,
            now_ms=self._clock(),
            entropy=self._entropy,
        )
        try:
            self._opening.open(session, username=identity.username, epoch=identity.epoch, factor=passed.use)
        except EpochMoved:
            # The account changed during the login: the password may have changed, or another request has used the same
            # code. The next attempt decides.
            raise TemporarilyUnavailable("the identity changed during the login") from None
        return session, token
