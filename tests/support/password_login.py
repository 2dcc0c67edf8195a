"""A login by password with what most tests leave out, answered with the tokens."""

from typing import NamedTuple

from edge_auth.flows.grant import AccessTokenPolicy, TokenGrant
from edge_auth.flows.ports.factors import NOTHING, Presented
from edge_auth.flows.ports.time_and_randomness import Entropy
from edge_auth.flows.session_grant import SessionGrant
from edge_auth.flows.sign_in.login import Login
from edge_auth.flows.sign_in.signed_in import SignInClient
from edge_auth.sessions.client_description import UNKNOWN_CLIENT, ClientDescription
from edge_auth.sessions.session import BODY, SESSION


class PasswordLogin(NamedTuple):
    """The use case, as a function calls it."""

    login: Login
    entropy: Entropy

    def __call__(
        self,
        username: str,
        password: str,
        policy: AccessTokenPolicy,
        *,
        address: str,
        device_token: str = "",
        client: ClientDescription = UNKNOWN_CLIENT,
        transport: str = BODY,
        earlier: str = "",
        presented: Presented = NOTHING,
    ) -> TokenGrant:
        """Log in and return the tokens."""
        asks = SignInClient(address, client, transport, device_token, earlier)
        return self.login(username, password, asks, presented).tokens(policy, self.entropy)

    def at_site(self, username: str, password: str, *, address: str, presented: Presented = NOTHING) -> SessionGrant:
        """Log in at a site and return its cookie."""
        asks = SignInClient(address, UNKNOWN_CLIENT, SESSION)
        return self.login(username, password, asks, presented).at_site()
