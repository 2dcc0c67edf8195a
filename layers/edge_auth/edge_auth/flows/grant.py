"""The token grant: the answer of a login or a refresh."""

from dataclasses import dataclass, field
from typing import NamedTuple

from edge_auth import base64url
from edge_auth.flows.ports.time_and_randomness import Entropy
from edge_auth.keys.ring import KeysInForce
from edge_auth.sessions.session import Session
from edge_auth.tokens import access_token as access
from edge_auth.tokens import refresh_token as refresh
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.refresh_token import RefreshToken

JTI_BYTES = 16  # RFC 7519 §4.1.7: a negligible chance that two are alike


class AccessTokenPolicy(NamedTuple):
    """The issuer, the audience and the lifetime of access tokens."""

    issuer: str
    audience: str
    ttl_seconds: int


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """An access token, a refresh token, and how many seconds each has left. A login adds a device token."""

    access_token: str = field(repr=False)
    expires_in_seconds: int
    refresh_token: str = field(repr=False)
    refresh_expires_in_seconds: int
    session_id: str
    scope: str
    device_token: str = field(default="", repr=False)


def grant(
    session: Session,
    token: RefreshToken,
    *,
    scope: str,
    keys: KeysInForce,
    policy: AccessTokenPolicy,
    now_seconds: int,
    entropy: Entropy,
) -> TokenGrant:
    """Sign an access token for the session and write the refresh token. Makes no call.

    `scope` is the session's, or a part of it.
    """
    # An access token never outlives the session's absolute timeout.
    expires_at = min(now_seconds + policy.ttl_seconds, session.absolute_expires_at_seconds)
    claims = AccessClaims(
        iss=policy.issuer,
        aud=policy.audience,
        sub=session.user_id,
        client_id=session.client_id,
        iat=now_seconds,
        exp=expires_at,
        jti=base64url.encode(entropy(JTI_BYTES)),
        sid=session.session_id,
        auth_time=session.auth_time_seconds,
        scope=scope,
        roles=session.roles,
        amr=session.amr,
        acr=session.acr,
    )
    return TokenGrant(
        access_token=access.issue(claims, keys.signing),
        expires_in_seconds=expires_at - now_seconds,
        refresh_token=refresh.mint(token, keys.mac),
        refresh_expires_in_seconds=session.expires_at_seconds - now_seconds,
        session_id=session.session_id,
        scope=scope,
    )
