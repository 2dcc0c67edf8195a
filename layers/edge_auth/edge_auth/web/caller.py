"""The caller of a route behind the authorizer, as API Gateway passes it on. A client cannot set any of it."""

from collections.abc import Mapping
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
    context = authorizer_context(request)
    match context["sub"], context.get("sid"):
        case str(user_id), str(session_id) if user_id and session_id:
            return Caller(user_id, session_id)
        case _:
            raise InvalidToken("the authorizer named no user and session")


def authorizer_context(request: Request) -> Mapping[str, object]:
    """Return the context that the authorizer passed on. It has a `sub`.

    Raises:
        InvalidToken: the route has no authorizer, or one that names no user.

    """
    context = request.context.get("authorizer")
    if not isinstance(context, dict) or "sub" not in context:
        raise InvalidToken("the route has no authorizer")
    return context
