"""The token response of RFC 6749 §5.1, with the lifetime of the refresh token and the session's id.

A login adds a device token.
"""

from edge_auth.flows.grant import TokenGrant
from edge_auth.web.response import NO_STORE, Response


def token_response(grant: TokenGrant) -> Response:
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
    return Response(200, body, {**NO_STORE, "Pragma": "no-cache"})
