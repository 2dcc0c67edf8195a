"""The token response of RFC 6749 §5.1, with the lifetime of the refresh token and the session's id.

A login adds a device token. Where the tokens travel in cookies, both are in cookies, and not in the body.
"""

from edge_auth.flows.grant import TokenGrant
from edge_auth.sessions.session import COOKIE
from edge_auth.web.cookies import REFRESH_COOKIE, device_cookies, kept
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
        headers = {**headers, "Set-Cookie": (refresh, *device_cookies(grant.device_token))}
    return Response(200, body, headers)
