"""What every way to sign in reads of its request beside what is proved: the transport, and what the client had before.

With the transport `body`, a device token is a parameter. Otherwise both tokens are cookies, which only a page of an
allowed origin may send.
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
    transport = parameters.optional_text("transport", BODY)
    if transport != BODY and transport not in COOKIES:
        raise InvalidRequest("transport")
    if transport == BODY:
        earlier, device_token = "", parameters.any_text("device_token")
    else:
        earlier, device_token = (cookies.token(name, request) for name in (COOKIES[transport], DEVICE_COOKIE))
    client = described(
        name=parameters.optional_text("client_name"),
        user_agent=request.headers.one("user-agent"),
        address=request.source_address,
    )
    return SignInRequest(transport, earlier, device_token, client)
