"""API Gateway over the functions, for clients that speak HTTP: routes, authorizer, and the gateway's own answers."""

import base64
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.support.stack import Answer, LambdaContext, Stack
from tests.support.template import functions, properties

STAGE_ARN = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/v1"
STAGE = "v1"
DOMAIN = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
ADDRESS = "203.0.113.7"

Route = tuple[str, str]
Handler = Callable[[object], Answer]


def routes() -> dict[Route, tuple[str, bool]]:
    """Return the template's routes: which function serves each, and whether the authorizer stands before it."""
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
    """A WSGI application."""

    def __init__(self, stack: Stack) -> None:
        """Load every function of the stack that has a route, cold."""
        self._stack = stack
        self._routes = routes()
        self._handlers = {name: stack.function(name) for name, _ in self._routes.values()}
        self._authorizer = stack.module("authorizer").handler

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own
        """Serve one request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        found = self._find(request)
        if found is None:
            return _gateway_response("MISSING_AUTHENTICATION_TOKEN")
        resource, path_parameters = found
        function, protected = self._routes[request.method, resource]
        event = _event(request, resource, path_parameters)
        if protected:
            if "Authorization" not in request.headers:
                return _gateway_response("UNAUTHORIZED")
            policy = self._authorizer(_authorizer_event(request), LambdaContext())
            if policy["policyDocument"]["Statement"][0]["Effect"] != "Allow":
                return _gateway_response("ACCESS_DENIED")
            event["requestContext"]["authorizer"] = {name: str(value) for name, value in policy["context"].items()}
        answer = self._handlers[function](event)
        return Response(answer.body, answer.status, answer.headers)

    def _find(self, request: Request) -> tuple[str, dict[str, str]] | None:
        parts = request.path.removeprefix(f"/{STAGE}").split("/")
        for method, resource in self._routes:
            names = resource.split("/")
            if method == request.method and len(names) == len(parts):
                pairs = list(zip(names, parts, strict=True))
                if all(part if name.startswith("{") else name == part for name, part in pairs):
                    return resource, {name[1:-1]: part for name, part in pairs if name.startswith("{")}
        return None


def _event(request: Request, resource: str, path_parameters: dict[str, str]) -> dict[str, Any]:
    body = request.get_data()
    try:
        text, is_base64 = body.decode("utf-8"), False
    except UnicodeDecodeError:
        text, is_base64 = base64.b64encode(body).decode("ascii"), True
    return {
        "resource": resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": dict(request.headers.items()),
        "multiValueHeaders": {name: request.headers.getlist(name) for name in request.headers.keys()},  # noqa: SIM118 - not a dict
        "queryStringParameters": dict(request.args.items()) or None,
        "pathParameters": path_parameters or None,
        "requestContext": {
            "domainName": DOMAIN,
            "stage": STAGE,
            "httpMethod": request.method,
            "resourcePath": resource,
            "identity": {"sourceIp": ADDRESS, "userAgent": request.headers.get("User-Agent")},
        },
        "body": text or None,
        "isBase64Encoded": is_base64,
    }


def _authorizer_event(request: Request) -> dict[str, Any]:
    return {
        "type": "TOKEN",
        "authorizationToken": request.headers["Authorization"],
        "methodArn": f"{STAGE_ARN}/{request.method}{request.path.removeprefix(f'/{STAGE}')}",
    }


def _gateway_response(kind: str) -> Response:
    """Answer as the template tells API Gateway to."""
    response = properties("Api")["GatewayResponses"][kind]
    headers = {name: value[1:-1] for name, value in response["ResponseParameters"]["Headers"].items()}
    body = response["ResponseTemplates"]["application/json"]
    return Response(body, response["StatusCode"], {**headers, "Content-Type": "application/json"})
