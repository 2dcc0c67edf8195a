"""HTTP servers on this machine, each on a free port, with a thread for each request."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.support.served import served

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class OneRequest(WSGIRequestHandler):
    """Serves one request on each connection.

    A browser sends a request again by itself if it fails on a connection that has served one before. The tests want to
    see only what the client sends again.
    """

    protocol_version = "HTTP/1.0"

    def log(self, _type: str, _message: str, *_arguments: object) -> None:
        """Print nothing."""


def serving(app: "WSGIApplication") -> AbstractContextManager[int]:
    """Serve on 127.0.0.1, and yield the port."""
    return served(make_server("127.0.0.1", 0, app, threaded=True, request_handler=OneRequest))


class Pages:
    """Serves files by their paths. Every other path is an empty page, and `/to/<address>` redirects there."""

    def __init__(self, files: Mapping[str, tuple[str, str]]) -> None:
        """Serve these files: for each path the type and the text."""
        self.files = dict(files)
        self.documents: list[dict[str, str]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own type
        """Serve one request."""
        request = Request(environ)
        if request.path.startswith("/to/"):
            answer = Response(status=302, headers={"Location": request.full_path.removeprefix("/to/").rstrip("?")})
        else:
            if request.headers.get("Sec-Fetch-Dest") == "document":
                self.documents.append(dict(request.headers))
            kind, text = self.files.get(request.path, ("text/html", EMPTY))
            answer = Response(text, content_type=f"{kind}; charset=utf-8", headers={"Cache-Control": "no-cache"})
        return answer(environ, start_response)


EMPTY = '<!doctype html><html lang="en"><title>Empty</title><link rel="icon" href="data:,">'
