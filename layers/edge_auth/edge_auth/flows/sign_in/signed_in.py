"""What every way to sign in begins and ends with: its client, the session that was opened, and what the client gets."""

from dataclasses import replace
from typing import NamedTuple

from edge_auth.flows.grant import AccessTokenPolicy, TokenGrant, grant
from edge_auth.flows.ports.time_and_randomness import Entropy
from edge_auth.flows.session_grant import SessionGrant, session_grant
from edge_auth.keys.ring import KeysInForce
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import Session
from edge_auth.tokens.refresh_token import RefreshToken


class SignInClient(NamedTuple):
    """Who signs in: the address, the description, how the tokens will travel, and the tokens of an earlier login.

    `device_token` is what an earlier login answered this client. Any other text counts as no token. `earlier` is the
    token that a browser had before, by the same transport, empty if there is none: the new session takes the place of
    its session.
    """

    address: str
    description: ClientDescription
    transport: str
    device_token: str = ""
    earlier: str = ""

    def __repr__(self) -> str:
        """Show no token."""
        return f"SignInClient({self.transport!r}, ...)"


class SignedIn(NamedTuple):
    """A session that was opened, with its first token, the keys to write it, and the new device token, or none.

    It was opened at its `auth_time_seconds`, also by a step-up.
    """

    session: Session
    token: RefreshToken
    keys: KeysInForce
    device_token: str

    def tokens(self, policy: AccessTokenPolicy, entropy: Entropy) -> TokenGrant:
        """Return the tokens that the client gets. Makes no call."""
        granted = grant(
            self.session,
            self.token,
            scope=self.session.scope,
            keys=self.keys,
            policy=policy,
            now_seconds=self.session.auth_time_seconds,
            entropy=entropy,
        )
        return replace(granted, device_token=self.device_token)

    def at_site(self) -> SessionGrant:
        """Return what a browser gets at a site. No access token is signed."""
        now_seconds = self.session.auth_time_seconds
        granted = session_grant(self.session, self.token, keys=self.keys, now_seconds=now_seconds)
        return replace(granted, device_token=self.device_token)
