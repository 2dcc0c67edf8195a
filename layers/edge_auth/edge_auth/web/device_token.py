"""How the tokens of a client travel, and the device token that it sends with a request.

With the transport `body`, a device token is a parameter. Otherwise it is a cookie, which only a page of an allowed
origin may send. A sign-in and a forgotten password read it in the same way.
"""

from edge_auth.errors import InvalidRequest
from edge_auth.sessions.session import BODY, COOKIE, SESSION
from edge_auth.web.body import Parameters
from edge_auth.web.cookie_transport import CookieTransport
from edge_auth.web.cookies import DEVICE_COOKIE
from edge_auth.web.request import Request


def transport_in(parameters: Parameters) -> str:
    """Return how the tokens will travel. Raises InvalidRequest: there is no such transport."""
    transport = parameters.optional_text("transport", BODY)
    if transport not in {BODY, COOKIE, SESSION}:
        raise InvalidRequest("transport")
    return transport


def device_token_in(request: Request, parameters: Parameters, cookies: CookieTransport) -> str:
    """Return what a request has as its device token, empty if there is none. It has not been checked.

    Raises:
        InvalidRequest: the transport is unknown.
        CsrfFailed: a cookie would be needed, and no page of an allowed origin has sent it.

    """
    if transport_in(parameters) == BODY:
        return parameters.any_text("device_token")
    return cookies.token(DEVICE_COOKIE, request)
