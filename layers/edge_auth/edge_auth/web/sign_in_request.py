"""What every way to sign in reads of its request beside what is proved: the transport, and what the client had before.

With the transport `body`, a device token is a parameter. Otherwise both tokens are cookies, which only a page of an
allowed origin may send. A forgotten password reads the device token in the same way.
"""

from typing import NamedTuple

from edge_auth.errors import InvalidRequest
from edge_auth.sessions.client_description import ClientDescription, described
from edge_auth.sessions.session import BODY, COOKIE, SESSION
from edge_auth.tokens.session_token import SESSION_COOKIE
from edge_auth.web.body import Parameters
from edge_auth.web.cookie_transport import CookieTransport
from edge_auth.web.cookies import DEVICE_COOKIE, REFRESH_COOKIE
from edge_auth.web.request import Request

COOKIES = {COOKIE: REFRESH_COOKIE, SESSION: SESSION_COOKIE}


class SignInRequest(NamedTuple):
    """How the tokens will travel, the token of the session before, the device token, and the client's description."""

    transport: str
    earlier: str
    device_token: str
    client: ClientDescription

    def __repr__(self) -> str:
        """Show no token."""
        return f"SignInRequest({self.transport!r}, ...)"


def sign_in_request(request: Request, parameters: Parameters, cookies: CookieTransport) -> SignInRequest:
    """Read a request.

    Raises:
        InvalidRequest: the transport is unknown, or the client's name cannot be shown.
        CsrfFailed: cookies would be needed, and no page of an allowed origin has sent them.

    """
    transport = _transport(parameters)
    device_token = device_token_in(request, parameters, cookies)
    earlier = "" if transport == BODY else cookies.token(COOKIES[transport], request)
    client = described(
        name=parameters.optional_text("client_name"),
        user_agent=request.headers.one("user-agent"),
        address=request.source_address,
    )
    return SignInRequest(transport, earlier, device_token, client)


def device_token_in(request: Request, parameters: Parameters, cookies: CookieTransport) -> str:
    """Return what a request has as its device token, empty if there is none. It has not been checked.

    Raises:
        InvalidRequest: the transport is unknown.
        CsrfFailed: a cookie would be needed, and no page of an allowed origin has sent it.

    """
    if _transport(parameters) == BODY:
        return parameters.any_text("device_token")
    return cookies.token(DEVICE_COOKIE, request)


def _transport(parameters: Parameters) -> str:
    transport = parameters.optional_text("transport", BODY)
    if transport != BODY and transport not in COOKIES:
        raise InvalidRequest("transport")
    return transport
