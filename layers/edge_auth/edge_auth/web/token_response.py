"""The token response of RFC 6749 §5.1, with the lifetime of the refresh token and the session's id.

A login adds a device token. Where the tokens travel in cookies, both are in cookies, and not in the body. The answer to
a login at a site has no token in its body at all.
"""

from edge_auth.flows.grant import SessionGrant, TokenGrant
from edge_auth.sessions.session import COOKIE
from edge_auth.tokens.session_token import SESSION_COOKIE
from edge_auth.web.cookies import DEVICE_COOKIE, DEVICE_COOKIE_SECONDS, REFRESH_COOKIE, kept
from edge_auth.web.response import NO_STORE, HeaderValues, Response


def token_response(grant: TokenGrant, transport: str) -> Response:
    """Answer a login or a refresh. Lifetimes are in seconds; `scope` is there if one was granted."""
    body: dict[str, str | int] = {
        "access_token": grant.access_token,
        "token_type": "Bearer",
        "expires_in": grant.expires_in_seconds,
        "refresh_token": grant.refresh_token,
        "refresh_expires_in": grant.refresh_expires_in_seconds,
        "session_id": grant.session_id,
    }
    if grant.device_token:
        body["device_token"] = grant.device_token
    if grant.scope:
        body["scope"] = grant.scope
    headers: HeaderValues = {**NO_STORE, "Pragma": "no-cache"}
    if transport == COOKIE:
        for in_cookie in ("refresh_token", "device_token"):
            body.pop(in_cookie, None)
        refresh = kept(REFRESH_COOKIE, grant.refresh_token, max_age_seconds=grant.refresh_expires_in_seconds)
        headers = {**headers, "Set-Cookie": (refresh, *_device(grant.device_token))}
    return Response(200, body, headers)


def session_response(grant: SessionGrant) -> Response:
    """Answer a login at a site. `expires_in` is the absolute timeout, in seconds; the cookie lives as long."""
    session = session_cookie(grant)
    body = {"session_id": grant.session_id, "expires_in": grant.expires_in_seconds}
    return Response(200, body, {**NO_STORE, "Set-Cookie": (session, *_device(grant.device_token))})


def session_cookie(grant: SessionGrant) -> str:
    """Return the header value that makes a browser keep the token of a session."""
    return kept(SESSION_COOKIE, grant.session_token, max_age_seconds=grant.expires_in_seconds)


def _device(token: str) -> tuple[str, ...]:
    return (kept(DEVICE_COOKIE, token, max_age_seconds=DEVICE_COOKIE_SECONDS),) if token else ()
