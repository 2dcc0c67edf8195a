"""API Gateway in front of the functions, for HTTP clients: routes, authorizer, and the gateway's own answers."""

from collections.abc import Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

from local.renaming import as_sent
from tests.support.sample_events import STAGE, STAGE_ARN, Event, authorizer_event, let_through, proxied
from tests.support.stack import LambdaContext, Stack
from tests.support.template import functions, properties

Route = tuple[str, str]


def routes() -> dict[Route, tuple[str, bool]]:
    """Return the template's routes, each with its function and whether it needs the authorizer."""
    return {
        (event["Properties"]["Method"].upper(), event["Properties"]["Path"]): (
            name,
            event["Properties"].get("Auth") != {"Authorizer": "NONE"},
        )
        for name, function in functions().items()
        for event in function.get("Events", {}).values()
        if event["Type"] == "Api"
    }


class HttpGateway:
    """A WSGI application that routes requests to the functions, as API Gateway does."""

    def __init__(self, stack: Stack) -> None:
        """Load every function that has a route, as a cold start does."""
        self._stack = stack
        self._routes = routes()
        self._handlers = {name: stack.function(name) for name, _ in self._routes.values()}
        self._authorizer = stack.module("authorizer").handler

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own type
        """Serve one request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        found = self._find(request)
        if found is None:
            return gateway_response("MISSING_AUTHENTICATION_TOKEN")
        resource, path_parameters = found
        function, protected = self._routes[request.method, resource]
        event = _event(request, resource, path_parameters)
        if protected:
            if "Authorization" not in request.headers:
                return gateway_response("UNAUTHORIZED")
            policy = self._authorizer(_authorizer_event(request), LambdaContext())
            if policy["policyDocument"]["Statement"][0]["Effect"] != "Allow":
                return gateway_response("ACCESS_DENIED")
            event = let_through(event, policy)
        answer = self._handlers[function](event)
        headers = [*as_sent(answer.headers).items(), *(("Set-Cookie", cookie) for cookie in answer.cookies)]
        return Response(answer.body, answer.status, headers)

    def _find(self, request: Request) -> tuple[str, dict[str, str]] | None:
        parts = request.path.removeprefix(f"/{STAGE}").split("/")
        for method, resource in self._routes:
            if (method, resource) == (request.method, "/{proxy+}"):
                return resource, {"proxy": "/".join(parts[1:])}
            names = resource.split("/")
            if method == request.method and len(names) == len(parts):
                pairs = list(zip(names, parts, strict=True))
                if all(part if name.startswith("{") else name == part for name, part in pairs):
                    return resource, {name[1:-1]: part for name, part in pairs if name.startswith("{")}
        return None


def _event(request: Request, resource: str, path_parameters: dict[str, str]) -> Event:
    return proxied(
        request.method,
        resource,
        request.path.removeprefix(f"/{STAGE}"),
        headers={name: request.headers.getlist(name) for name in request.headers.keys()},  # noqa: SIM118 - not a dict
        query=dict(request.args.items()),
        path_parameters=path_parameters,
        body=request.get_data(),
    )


def _authorizer_event(request: Request) -> Event:
    route = f"{request.method}{request.path.removeprefix(f'/{STAGE}')}"
    return authorizer_event("TOKEN", request.headers["Authorization"]) | {"methodArn": f"{STAGE_ARN}/{route}"}


def gateway_response(kind: str) -> Response:
    """Return the template's gateway response of this kind."""
    response = properties("Api")["GatewayResponses"][kind]
    headers = {name: value[1:-1] for name, value in response["ResponseParameters"]["Headers"].items()}
    body = response["ResponseTemplates"]["application/json"]
    return Response(body, response["StatusCode"], {**headers, "Content-Type": "application/json"})
