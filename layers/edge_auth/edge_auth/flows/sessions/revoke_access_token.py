"""Revocation of an access token: the session that it was issued for ends, and no other (RFC 7009 §2.1).

The token itself is checked without a lookup, so it works until authorizers know that its session has ended, or until it
expires. A client that presents an access token to be revoked wants to be logged out, so its refresh token must not go
on working.
"""

from contextlib import suppress

from edge_auth.errors import InvalidToken
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.sessions import AlreadyEnded, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.keys.jwk import verification_key
from edge_auth.sessions.session import SeenSession
from edge_auth.tokens.verifier import Verifier

# Not the reason of a logout: this act presents no refresh token, so the newest generation may be one it did not know.
ACCESS_TOKEN_REVOKED = "access_token_revoked"


class RevokeAccessToken:
    """The use case."""

    def __init__(
        self,
        *,
        audience: str,
        key_ring: KeyRingSource,
        sessions: Sessions,
        end_sessions: EndSessions,
        clock: Clock,
    ) -> None:
        """Keep what the use case needs. `audience` is that of the access tokens."""
        self._audience = audience
        self._key_ring = key_ring
        self._sessions = sessions
        self._end_sessions = end_sessions
        self._clock = clock

    def __call__(self, presented: str, *, issuer: str) -> None:
        """End the session of a valid access token, by one read and one write. Any other token costs neither.

        Raises:
            TemporarilyUnavailable: it is not known to have ended, or authorizers may not know it yet; the same call may
                be made again (RFC 7009 §2.2.1).

        """
        keys = [verification_key(jwk) for jwk in self._key_ring.load().jwks()["keys"]]
        verifier = Verifier(keys, audience=self._audience)
        try:
            claims = verifier.verify(presented, issuer=issuer, now_seconds=self._clock() // 1000)
        except InvalidToken:
            return
        session = self._sessions.find(claims.sub, claims.sid)  # the record of the end has its newest generation
        if session is None:
            # The token proves which session it is, so the record may have any seed.
            self._end_sessions.repeated(SeenSession(claims.sub, claims.sid, generation=0, seed_hash=b""))
            return
        with suppress(AlreadyEnded):
            self._end_sessions.one(session, reason=ACCESS_TOKEN_REVOKED)
