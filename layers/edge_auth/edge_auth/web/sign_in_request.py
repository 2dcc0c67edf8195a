"""What every way to sign in reads of its request beside what is proved: the transport, and what the client had before.

With the transport `body`, nothing is read of a session before. Otherwise its token is a cookie, which only a page of an
allowed origin may send.
"""

from edge_auth.flows.sign_in.signed_in import SignInClient
from edge_auth.sessions.client_description import described
from edge_auth.sessions.session import BODY, COOKIE, SESSION
from edge_auth.tokens.session_token import SESSION_COOKIE
from edge_auth.web.body import Parameters
from edge_auth.web.cookie_transport import CookieTransport
from edge_auth.web.cookies import REFRESH_COOKIE
from edge_auth.web.device_token import device_token_in, transport_in
from edge_auth.web.request import Request

COOKIES = {COOKIE: REFRESH_COOKIE, SESSION: SESSION_COOKIE}


def sign_in_client(request: Request, parameters: Parameters, cookies: CookieTransport) -> SignInClient:
    """Return who signs in. No token of the request has been checked.

    Raises:
        InvalidRequest: the transport is unknown, or the client's name cannot be shown.
        CsrfFailed: cookies would be needed, and no page of an allowed origin has sent them.

    """
    transport = transport_in(parameters)
    device_token = device_token_in(request, parameters, cookies)
    earlier = "" if transport == BODY else cookies.token(COOKIES[transport], request)
    description = described(
        name=parameters.optional_text("client_name"),
        user_agent=request.headers.one("user-agent"),
        address=request.source_address,
    )
    return SignInClient(request.source_address, description, transport, device_token, earlier)
