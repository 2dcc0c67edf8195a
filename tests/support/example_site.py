"""The example site and edge-auth under one host name, over HTTP, as CloudFront puts them."""

import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from edge_auth.web.session import SessionCookie
from tests.support.authorizer_store import table_calls
from tests.support.http_gateway import HttpGateway
from tests.support.recorded_calls import record
from tests.support.sample_events import STAGE, Event
from tests.support.stack import TABLES, LambdaContext, Stack
from tests.support.template import ROOT

SOURCES = ROOT / "examples" / "site" / "src"


@contextmanager
def serving_site(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve both on a free port until the block ends. Yield the origin of the pages."""
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    origin = f"http://127.0.0.1:{server.port}"
    allowing = stack.with_parameters(AllowedOrigins=origin)
    server.app = _Site(allowing, _function(allowing, origin, monkeypatch))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _function(stack: Stack, origin: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the function of the site, which reads the stack's table."""
    environ = {
        "EDGE_AUTH_URL": f"{origin}/{STAGE}",
        "ALLOWED_ORIGINS": origin,
        "SESSIONS_TABLE": TABLES["SessionsTable"],
        "SESSION_IDLE_MINUTES": "30",
        "URL_SUFFIX": "amazonaws.com",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(SOURCES))
    for name in [name for name in sys.modules if name.partition(".")[0] == "example_site"]:
        monkeypatch.delitem(sys.modules, name)
    module = importlib.import_module("example_site.app")
    session = SessionCookie(environ, monotonic=stack.clock.time, wall=stack.clock.time)

    def call(operation: str, parameters: dict[str, Any]) -> object:
        record("examples/site", "dynamodb", operation, {"TableName": TABLES["SessionsTable"], **parameters})
        table = table_calls(stack.dynamodb, TABLES["SessionsTable"], now_seconds=stack.clock.now_seconds)
        return table(operation, parameters)

    monkeypatch.setattr(session._sessions, "_table", SimpleNamespace(call=call))
    monkeypatch.setattr(module, "session", session)
    return module


class _Site:
    """A WSGI application: the routes of edge-auth, and the function's pages for every other path."""

    def __init__(self, stack: Stack, function: ModuleType) -> None:
        self._edge_auth, self._function = HttpGateway(stack), function

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own type
        request = Request(environ)
        if request.path.startswith(("/auth/", f"/{STAGE}/")):
            return self._edge_auth(environ, start_response)
        answer = self._function.handler(_event(request), LambdaContext())
        headers = [*answer["headers"].items(), *(("Set-Cookie", cookie) for cookie in answer["cookies"])]
        return Response(answer["body"], answer["statusCode"], headers)(environ, start_response)


def _event(request: Request) -> Event:
    """Return the event of an HTTP API (payload 2.0)."""
    cookies = [pair.strip() for pair in request.headers.get("Cookie", "").split(";") if pair.strip()]
    return {
        "version": "2.0",
        "rawPath": request.path,
        "headers": {name.lower(): value for name, value in request.headers.items() if name != "Cookie"},
        "requestContext": {"http": {"method": request.method}},
        "body": request.get_data(as_text=True),
        "isBase64Encoded": False,
        **({"cookies": cookies} if cookies else {}),
    }
