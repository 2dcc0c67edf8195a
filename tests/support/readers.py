"""All functions that read the key ring."""

from dataclasses import dataclass

import jwt

from edge_auth.errors import InvalidGrant
from edge_auth.keys.mac_key import MacKey
from edge_auth.tokens import refresh_token as refresh_tokens
from tests.support.people import PASSWORD
from tests.support.sample_events import login_event, logout_event, refresh_event, sample
from tests.support.stack import Answer, Function, Stack


@dataclass(frozen=True)
class Readers:
    """The functions. They start cold, and each reads the ring at its first use."""

    login: Function
    refresh: Function
    jwks: Function
    logout: Function

    def log_in(self) -> Answer:
        """Log Ada in."""
        return self.login(login_event("ada", PASSWORD))

    def renew(self, token: str) -> Answer:
        """Use a refresh token."""
        return self.refresh(refresh_event(token))

    def publish(self) -> Answer:
        """Ask for the public keys."""
        return self.jwks(sample("jwks"))

    def end(self, token: str, *, everywhere: bool = False) -> Answer:
        """Log out."""
        return self.logout(logout_event(token, everywhere=everywhere))

    def warm(self) -> Answer:
        """Let each function read the ring, and return the answer of a login."""
        self.renew("no token")
        self.publish()
        self.end("no token")
        return self.log_in()


def readers_of(stack: Stack) -> Readers:
    """Return the readers, cold."""
    return Readers(*(stack.function(name) for name in ("login", "refresh", "jwks", "logout")))


def kid(token: str) -> str:
    """Return the `kid` of an access token."""
    return str(jwt.get_unverified_header(token)["kid"])


def mac_key(stack: Stack, token: str) -> MacKey:
    """Return the ring's MAC key of a refresh token."""
    [found] = [timed.key for timed in stack.key_ring.mac if _is_under(timed.key, token)]
    return found


def _is_under(key: MacKey, token: str) -> bool:
    try:
        refresh_tokens.parse(token, {key.key_id: key})
    except InvalidGrant:
        return False
    return True
