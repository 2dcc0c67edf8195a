"""API Gateway in front of the functions, for HTTP clients: routes, authorizer, and the gateway's own answers."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from werkzeug.wrappers import Request, Response

from local.aws_rules import as_sent
from tests.support.sample_events import STAGE, STAGE_ARN, Event, authorizer_event, let_through, proxied
from tests.support.stack import Function, LambdaContext
from tests.support.template import Intrinsic, functions, properties

Route = tuple[str, str]
Decider = Callable[[Event, LambdaContext], dict[str, Any]]
NONE = "NONE"

logger = logging.getLogger(__name__)


class Deployed(Protocol):
    """The functions of a deployment, as `tests.support.stack.Stack` has them. Each call is a cold start."""

    @property
    def parameters(self) -> dict[str, str]:
        """The template parameters that are not the defaults."""

    def function(self, function: str) -> Function:
        """Return a function that answers proxy events."""

    def module(self, function: str) -> ModuleType:
        """Return the module of a function."""


class Authorizer(NamedTuple):
    """An authorizer of the API. Without the header `credentials`, API Gateway does not ask its function."""

    function: str
    kind: str  # TOKEN or REQUEST
    credentials: str


def authorizers() -> dict[str, Authorizer]:
    """Return the authorizers of the template's API, by name."""
    found = properties("Api")["Auth"]["Authorizers"]
    return {
        name: Authorizer(
            function=Path(properties(authorizer["FunctionArn"].argument.removesuffix(".Arn"))["CodeUri"]).name,
            kind=authorizer["FunctionPayloadType"],
            credentials=authorizer["Identity"].get("Header") or authorizer["Identity"]["Headers"][0],
        )
        for name, authorizer in found.items()
    }


def routes() -> dict[Route, tuple[str, str]]:
    """Return the template's routes, each with its function and its authorizer, which may be NONE."""
    default = properties("Api")["Auth"]["DefaultAuthorizer"]
    return {
        (event["Properties"]["Method"].upper(), event["Properties"]["Path"]): (
            name,
            event["Properties"].get("Auth", {}).get("Authorizer", default),
        )
        for name, function in functions().items()
        for event in function.get("Events", {}).values()
        if event["Type"] == "Api"
    }


class HttpGateway:
    """A WSGI application that routes requests to the functions, as API Gateway does."""

    def __init__(self, stack: Deployed) -> None:
        """Load no function: the first request of each one is its cold start."""
        self._stack = stack
        self._demands_login = bool({"StrictAcr", "StrictMaxAgeSeconds"} & stack.parameters.keys())
        self._routes = routes()
        self._authorizers = authorizers()
        self._functions: dict[str, Function] = {}
        self._deciders: dict[str, Decider] = {}
        self._loading = Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own type
        """Serve one request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        found = self._find(request)
        if found is None:
            return gateway_response("MISSING_AUTHENTICATION_TOKEN")
        resource, path_parameters = found
        function, authorizer = self._routes[request.method, resource]
        event = self.event(request, resource, path_parameters)
        if authorizer != NONE:
            if self._authorizers[authorizer].credentials not in request.headers:
                return gateway_response("UNAUTHORIZED")
            try:
                policy = self._decider(authorizer)(self._asked(authorizer, request, event), LambdaContext())
            except Exception:  # API Gateway takes any failure of an authorizer for AUTHORIZER_FAILURE
                logger.exception("the authorizer failed")
                return gateway_response("DEFAULT_5XX")
            if policy["policyDocument"]["Statement"][0]["Effect"] != "Allow":
                return gateway_response("ACCESS_DENIED", policy["context"] if self._demands_login else None)
            event = let_through(event, policy)
        answer = self._function(function)(event)
        headers = [*as_sent(answer.headers).items(), *(("Set-Cookie", cookie) for cookie in answer.cookies)]
        return Response(answer.body, answer.status, headers)

    def event(self, request: Request, resource: str, path_parameters: dict[str, str]) -> Event:
        """Return the event of a request. Its source address is the one of the sample events."""
        return proxied(
            request.method,
            resource,
            request.path.removeprefix(f"/{STAGE}"),
            headers={name: request.headers.getlist(name) for name in request.headers.keys()},  # noqa: SIM118 - not a dict
            query=dict(request.args.items()),
            path_parameters=path_parameters,
            body=request.get_data(),
        )

    def _function(self, name: str) -> Function:
        with self._loading:
            if name not in self._functions:
                self._functions[name] = self._stack.function(name)
            return self._functions[name]

    def _decider(self, authorizer: str) -> Decider:
        with self._loading:
            if authorizer not in self._deciders:
                function = self._authorizers[authorizer].function
                self._deciders[authorizer] = self._stack.module(function).handler
            return self._deciders[authorizer]

    def _asked(self, authorizer: str, request: Request, event: Event) -> Event:
        """Return the event for the authorizer of a request, whose function gets the other event."""
        arn = f"{STAGE_ARN}/{request.method}{request.path.removeprefix(f'/{STAGE}')}"
        if self._authorizers[authorizer].kind == "REQUEST":
            return {**event, "type": "REQUEST", "methodArn": arn}
        return authorizer_event("TOKEN", request.headers["Authorization"]) | {"methodArn": arn}

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


def gateway_response(kind: str, denied: dict[str, str] | None = None) -> Response:
    """Return the template's gateway response of this kind.

    `denied` is the context of a Deny, if the deployment demands a login. The response then has its values in it: AWS,
    "API Gateway mapping template and access logging variable reference".
    """
    response = properties("Api")["GatewayResponses"][kind]
    named = response["ResponseParameters"]["Headers"].items()
    headers = {name: _written(value, denied).removeprefix("'").removesuffix("'") for name, value in named}
    body = _written(response["ResponseTemplates"]["application/json"], denied)
    return Response(body, response["StatusCode"], {**headers, "Content-Type": "application/json"})


def _written(value: object, denied: dict[str, str] | None) -> str:
    if isinstance(value, Intrinsic):
        (_, on, off) = value.argument
        value = off if denied is None else on
    text = str(value)
    for name, written in (denied or {}).items():
        text = text.replace(f"$context.authorizer.{name}", written).replace(f"context.authorizer.{name}", written)
    return text
