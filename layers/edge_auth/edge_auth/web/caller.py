"""Who calls a route behind the authorizer: what API Gateway was told by it, and never what a client says."""

from typing import NamedTuple

from edge_auth.errors import InvalidToken
from edge_auth.web.request import Request


class Caller(NamedTuple):
    """The user and the session of a valid access token."""

    user_id: str
    session_id: str


def caller_of(request: Request) -> Caller:
    """Return the caller.

    Raises:
        InvalidToken: the route has no authorizer, or one that is not ours.

    """
    context = request.context.get("authorizer")
    said = [context.get(name) for name in ("sub", "sid")] if isinstance(context, dict) else []
    match said:
        case [str(user_id), str(session_id)] if user_id and session_id:
            return Caller(user_id, session_id)
        case _:
            raise InvalidToken("the route has no authorizer")
