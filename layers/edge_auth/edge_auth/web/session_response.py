"""The answer to a login at a site. It has no token in its body."""

from edge_auth.flows.session_grant import SessionGrant
from edge_auth.tokens.session_token import SESSION_COOKIE
from edge_auth.web.cookies import device_cookies, kept
from edge_auth.web.response import NO_STORE, Response


def session_response(grant: SessionGrant) -> Response:
    """Answer a login at a site. `expires_in` is the absolute timeout, in seconds; the cookie lives as long."""
    body = {"session_id": grant.session_id, "expires_in": grant.expires_in_seconds}
    cookies = (session_cookie(grant), *device_cookies(grant.device_token))
    return Response(200, body, {**NO_STORE, "Set-Cookie": cookies})


def session_cookie(grant: SessionGrant) -> str:
    """Return the header value that makes a browser keep the token of a session."""
    return kept(SESSION_COOKIE, grant.session_token, max_age_seconds=grant.expires_in_seconds)
