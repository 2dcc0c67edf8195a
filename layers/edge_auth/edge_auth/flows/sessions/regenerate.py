"""Regenerates the token of a session cookie, after something that its earlier token must not have.

A session keeps its id and its seed, and its token gets the next generation. The one before it is refused some seconds
later, so a copy of the old cookie is worth nothing then. No new one can be made of it, because the session gets a hash
of the new token's MAC.
"""

from typing import NamedTuple

from edge_auth.errors import InvalidGrant, InvalidToken
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.sessions import RotationRefused, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.session_grant import SessionGrant, session_grant
from edge_auth.keys.ring import KeysInForce
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import SESSION, Rotation, Session, token_kind
from edge_auth.tokens import refresh_token, session_token
from edge_auth.tokens.refresh_token import RefreshToken

ROTATION_ID_BYTES = 16


class Presented(NamedTuple):
    """The token that a cookie had before the act, the hash of its MAC, and the keys to write its successor."""

    token: RefreshToken
    mac_hash: bytes
    keys: KeysInForce


class Regenerate:
    """The use case: `presented` before the act, and the call after it."""

    def __init__(
        self, *, sessions: Sessions, key_ring: KeyRingSource, idle_seconds: int, clock: Clock, entropy: Entropy
    ) -> None:
        """Keep what the use case needs. `idle_seconds` is the idle timeout of a site."""
        self._sessions = sessions
        self._key_ring = key_ring
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._entropy = entropy

    def presented(self, cookie: str, user_id: str, session_id: str) -> Presented:
        """Return the token in the cookie of this session, before anything is changed.

        Raises:
            InvalidToken: there is no authentic token of the session.
            TemporarilyUnavailable: the key ring could not be read.

        """
        keys = self._key_ring.load()
        try:
            token = refresh_token.parse(cookie, keys.mac_keys, token_kind(SESSION))
        except InvalidGrant as error:
            raise InvalidToken(f"cookie: {error.detail}") from None
        if (token.user_id, token.session_id) != (user_id, session_id):
            raise InvalidToken("the cookie of another session")
        return Presented(token, session_token.read(cookie).mac_hash, keys)

    def __call__(self, presented: Presented, client: ClientDescription) -> SessionGrant | None:
        """Give the session its next token. `client` describes who has the token.

        If another request has done so some moments ago, its token is the answer for both. None: the session has ended,
        the token is older, or the other request wrote its token under another MAC key.

        Raises:
            TemporarilyUnavailable: it is not known whether the session has its next token. The whole act may be
                repeated.

        """
        token, mac_hash, keys = presented
        now_ms = self._clock()
        successor = refresh_token.mint(token.of_generation(token.generation + 1), keys.mac, token_kind(SESSION))
        rotation = Rotation(
            rotation_id=self._entropy(ROTATION_ID_BYTES).hex(),
            now_ms=now_ms,
            idle_expires_at_seconds=now_ms // 1000 + self._idle_seconds,
            client=client,
            transport=SESSION,
            mac_hash=session_token.read(successor).mac_hash,
            earlier_mac_hash=mac_hash,
        )
        try:
            session = self._sessions.rotate(token, rotation, grace_seconds=0, wanted_scope=())
        except RotationRefused as refused:
            if not isinstance(refused.found, Session):
                return None
            session = refused.found
        newest = token.of_generation(session.generation)
        granted = session_grant(session, newest, keys=keys, now_seconds=now_ms // 1000)
        try:
            # Ours, also if its answer was lost and the SDK wrote again, or that of the request that was faster.
            session_token.check(token.seed_hash, token.generation, session, now_ms=now_ms)
            # Under the next MAC key, that of the faster request cannot be written again.
            session_token.check_presented(session_token.read(granted.session_token), session, now_ms=now_ms)
        except InvalidToken:
            return None
        return granted
