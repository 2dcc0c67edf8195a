"""A broken AWS on this machine."""

from http.server import BaseHTTPRequestHandler, HTTPServer


class Broken(HTTPServer):
    """A fake AWS that answers every request with 500, after which the SDK may repeat the request, and counts them."""

    requests = 0


class Answer500(BaseHTTPRequestHandler):
    """The handler of one request to `Broken`."""

    def do_POST(self) -> None:
        """Answer 500."""
        assert isinstance(self.server, Broken)
        self.server.requests += 1
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""
