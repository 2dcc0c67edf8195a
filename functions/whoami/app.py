"""GET /me: the sample protected route. Answers with what the authorizer passed on."""

from edge_auth.observability import FunctionLog
from edge_auth.web.caller import authorizer_context
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response

PASSED_ON = ("sub", "sid", "client_id", "scope", "roles", "jti", "exp")

log = FunctionLog("whoami")


def get(request: Request) -> Response:
    """Answer with the caller, as every function behind the authorizer gets it from API Gateway."""
    context = authorizer_context(request)
    return Response(200, {name: context.get(name, "") for name in PASSED_ON})


handler = endpoint({"GET": get}, log)
