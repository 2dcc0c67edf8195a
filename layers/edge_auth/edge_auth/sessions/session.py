"""The session: one login of one user, as it is stored, and the record of its end."""

from typing import NamedTuple, Protocol

from edge_auth.sessions.client_description import UNKNOWN_CLIENT, ClientDescription
from edge_auth.tokens import session_token, token_form
from edge_auth.tokens.own_claims import NO_CLAIMS, OwnClaims
from edge_auth.tokens.token_form import Kind

NEVER_ROTATED_MS = 0  # so that the first refresh after a login rotates at once
NOTHING_REDEEMED = -1  # the base of a session that was never refreshed: no token has this generation

# How the tokens of a session travel, from its login to its end. The third is the cookie of a site whose pages a server
# makes: its session has no access tokens, and no refresh.
BODY = "body"
COOKIE = "cookie"
SESSION = session_token.TRANSPORT

# Reasons of an end that the rotation rule knows. The use cases have more.
LOGOUT = "logout"
REPLACED = "replaced"
REUSED = "reused"
BY_ITS_TOKEN = frozenset({LOGOUT, REPLACED})  # the act presented a token of the session, and did not read it


def token_kind(transport: str) -> Kind:
    """Return the kind of the tokens that travel so."""
    return token_form.SESSION if transport == SESSION else token_form.REFRESH


class Endable(Protocol):
    """What an end needs to know of a session: a session has it, and so has its refresh token."""

    @property
    def user_id(self) -> str:
        """The user."""

    @property
    def session_id(self) -> str:
        """The session."""

    @property
    def generation(self) -> int:
        """The newest generation that the caller knows."""

    @property
    def base(self) -> int:
        """The last generation that was redeemed, as far as the caller knows. A presented token counts as redeemed."""

    @property
    def seed_hash(self) -> bytes:
        """The hash of the session's seed. Empty stands for any seed."""


class SeenSession(NamedTuple):
    """The part of a stored session that an end needs. A damaged session has generation 0, or an empty seed hash."""

    user_id: str
    session_id: str
    generation: int
    seed_hash: bytes
    base: int = NOTHING_REDEEMED


class EndedSession(NamedTuple):
    """The record of a session's end. `generation` and `base` are what the act that ended it knew.

    `is_published` says that authorizers are known to be told of it. Most logouts tell them too, without this mark.
    """

    generation: int
    seed_hash: bytes
    ended_at_seconds: int
    reason: str
    base: int
    is_published: bool = False


class Rotation(NamedTuple):
    """What one refresh writes into its session. `rotation_id` names the refresh, and `client` describes its sender.

    `transport` is how its token came. It is not written: the session must have the same one. At a site, the hashes are
    of the MACs of the new token and of the one that was presented.
    """

    rotation_id: str
    now_ms: int
    idle_expires_at_seconds: int
    client: ClientDescription
    transport: str = BODY
    mac_hash: bytes = b""
    earlier_mac_hash: bytes = b""


class Session(NamedTuple):
    """A session that has not ended. It may have expired.

    Time fields end in `_ms` or `_seconds`, since 1970. `rotation_id` names the refresh that rotated last. `generation`
    is the newest token, and `base` the one that it was issued for: the last that was redeemed. `transport` is how its
    tokens travel. `used_at_seconds` is 0, unless its cookie was used at a site. The hashes of the MACs of its newest
    token and of the one before are empty, unless a site has given it a new token. `acr` says how strong the login was:
    it is one of `tokens.claims.LEVELS`, or empty, which is a password where second factors are off. `claims` are the
    own claims of the user at the login.
    """

    user_id: str
    session_id: str
    seed_hash: bytes
    generation: int
    rotated_at_ms: int
    rotation_id: str
    created_at_ms: int
    auth_time_seconds: int
    idle_expires_at_seconds: int
    absolute_expires_at_seconds: int
    client_id: str
    scope: str = ""
    roles: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    client: ClientDescription = UNKNOWN_CLIENT
    base: int = NOTHING_REDEEMED
    transport: str = BODY
    used_at_seconds: int = 0
    mac_hash: bytes = b""
    earlier_mac_hash: bytes = b""
    acr: str = ""
    claims: OwnClaims = NO_CLAIMS

    @property
    def created_at_seconds(self) -> int:
        """When the user logged in."""
        return self.created_at_ms // 1000

    @property
    def last_used_at_seconds(self) -> int:
        """When the session last got tokens: at its last rotation, or at its login. At a site: when it was last used."""
        return max(self.used_at_seconds, (self.rotated_at_ms or self.created_at_ms) // 1000)

    @property
    def expires_at_seconds(self) -> int:
        """When the session ends without another refresh: at the idle or the absolute timeout."""
        return min(self.idle_expires_at_seconds, self.absolute_expires_at_seconds)

    def is_live(self, now_seconds: int) -> bool:
        """Whether the session has not expired."""
        return now_seconds < self.expires_at_seconds
