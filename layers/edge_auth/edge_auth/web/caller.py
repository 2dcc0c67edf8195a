"""The caller of a route of this API, behind the authorizer."""

from edge_auth.caller import Caller, NoCaller, caller
from edge_auth.errors import InvalidToken
from edge_auth.web.request import Request


def caller_of(request: Request) -> Caller:
    """Return the caller.

    Raises:
        InvalidToken: the route has no authorizer, or one that is not ours.

    """
    try:
        return caller({"requestContext": request.context})
    except NoCaller as error:
        raise InvalidToken(str(error)) from None
