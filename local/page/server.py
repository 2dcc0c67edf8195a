"""Serves the try-it page: its files, the API behind `/api`, and what the page can do beside it, behind `/try`.

It is a development tool. It listens on 127.0.0.1 alone, answers under the name localhost alone, so that no page of
another site reaches it by a name of its own (DNS rebinding), and acts only for its own page. One connection carries one
request (HTTP/1.0): on a connection that is used again, a browser sends a request once more by itself if its answer is
lost.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from local.endpoint import HIGHEST_PORT
from local.failure import Failure
from local.page.acts import Acts
from local.page.api import ApiRequest
from local.settings import ROOT

FILES = Path(__file__).parent / "files"
CLIENT = ROOT / "clients" / "js"
MODULES = ("edge-auth.js", "edge-auth-calls.js", "edge-auth-account.js", "edge-auth-passkeys.js")
# The pages that links in mails lead to, below PagesUrl.
OF_MAILS = ("reset-password", "confirm-address", "undo-address")
HOST = "localhost"  # no address can be an RP ID, to which passkeys belong (WebAuthn Level 3 §4)
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PORTS = 20
POLL_SECONDS = 0.05  # how long the end of the server takes
LONGEST_BODY = 64 * 1024
API, TRY = "/api", "/try"
# The headers of the browser's request that the API gets.
PASSED_ON = (
    "Accept",
    "Authorization",
    "Content-Type",
    "Cookie",
    "Origin",
    "Sec-Fetch-Site",
    "User-Agent",
    "X-Edge-Auth",
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
SECURE = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageServer(ThreadingHTTPServer):
    """Holds a port from its beginning, and serves the page from `start` on."""

    daemon_threads = True
    acts: Acts

    def __init__(self, first_port: int) -> None:
        """Take the first free port from this one on.

        Raises:
            Failure: there is none near.

        """
        # All files are known now, so no path of a request reaches the disk.
        self.files = {f"/{path.name}": path for path in FILES.iterdir() if path.suffix in TYPES}
        self.files |= {f"/{name}": CLIENT / name for name in MODULES}
        self.files |= {f"/{name}": FILES / f"{name}.html" for name in OF_MAILS}
        self.files["/"] = self.files["/index.html"]
        for port in range(first_port, min(first_port + PORTS, HIGHEST_PORT + 1)):
            try:
                super().__init__(("127.0.0.1", port), _Handler)
            except OSError:
                continue
            return
        raise Failure(f"no port from {first_port} on is free for the try-it page")

    @property
    def origin(self) -> str:
        """The origin of the page."""
        return f"http://{HOST}:{self.server_port}"

    def start(self, acts: Acts) -> None:
        """Serve the page in the background."""
        self.acts = acts
        self._thread = Thread(target=self.serve_forever, args=(POLL_SECONDS,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, and give the port back."""
        if hasattr(self, "_thread"):
            self.shutdown()
        self.server_close()


class _Refused(Exception):
    """The page server itself refuses a request."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    timeout = 60

    @property
    def _page(self) -> PageServer:
        return cast("PageServer", self.server)

    def do_GET(self) -> None:
        """Answer with a file, with what the page asks, or with the API's answer."""
        self._answer()

    def do_POST(self) -> None:
        """Act, or pass on to the API."""
        self._answer()

    def do_PATCH(self) -> None:
        """Pass on to the API."""
        self._answer()

    def do_DELETE(self) -> None:
        """Pass on to the API."""
        self._answer()

    def log_message(self, *_: object) -> None:
        """Print nothing: the page shows the requests."""

    def _answer(self) -> None:
        url = urlsplit(self.path)
        try:
            self._check_host()
            if url.path.startswith(f"{API}/"):
                self._pass_on(self.path.removeprefix(API))
            elif url.path.startswith(f"{TRY}/"):
                self._act(url.path.removeprefix(TRY), url.query)
            else:
                self._send_file(url.path)
        except _Refused as refused:
            self._send(refused.status, "text/plain; charset=utf-8", f"{refused}\n".encode())
        except (KeyError, ValueError):
            self._send(HTTPStatus.BAD_REQUEST, "text/plain; charset=utf-8", b"The request cannot be read.\n")
        except OSError:
            self.close_connection = True  # the browser or the API is gone

    def _check_host(self) -> None:
        if self.headers.get_all("Host") != [urlsplit(self._page.origin).netloc]:
            raise _Refused(HTTPStatus.MISDIRECTED_REQUEST, f"Open {self._page.origin}")

    def _pass_on(self, route: str) -> None:
        headers = {name: value for name in PASSED_ON if (value := self.headers.get(name)) is not None}
        answer = self._page.acts.pass_on(ApiRequest(self.command, route, headers, self._body()))
        if answer is None:
            return  # the connection ends without an answer, as one does that a network loses
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _act(self, route: str, query: str) -> None:
        self._check_page()
        act = self._acts(query).get((self.command, route))
        if act is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "There is no such act.")
        self._send(HTTPStatus.OK, "application/json", json.dumps(act()).encode())

    def _check_page(self) -> None:
        """Act for our own page only: browsers name the page that sent a request."""
        origins = self.headers.get_all("Origin", [])
        is_ours = origins == [self._page.origin] or (self.command == "GET" and not origins)
        if not is_ours or self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise _Refused(HTTPStatus.FORBIDDEN, "Only the page itself may do this.")

    def _acts(self, query: str) -> dict[tuple[str, str], Callable[[], dict[str, object]]]:
        acts, parameters = self._page.acts, dict(parse_qsl(query))
        token = ApiRequest(self.command, "", {"Cookie": self.headers.get("Cookie", "")}).refresh_token
        return {
            ("GET", "/facts"): acts.facts,
            ("GET", "/requests"): lambda: acts.requests(int(parameters["after"])),
            ("GET", "/mails"): acts.mails,
            ("GET", "/session"): lambda: acts.session(token),
            ("POST", "/offline"): lambda: acts.go_offline(float(parameters["seconds"])),
            ("POST", "/lose-answer"): lambda: acts.lose_answer(float(parameters["then_offline_seconds"])),
            ("POST", "/steal"): lambda: acts.steal(token),
            ("POST", "/use-stolen"): acts.use_stolen,
            ("POST", "/phone"): acts.sign_in_on_phone,
        }

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length", "0"))
        if not 0 <= length <= LONGEST_BODY:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")
        return self.rfile.read(length)

    def _send_file(self, path: str) -> None:
        file = self._page.files.get(path)
        if file is None or self.command != "GET":
            raise _Refused(HTTPStatus.NOT_FOUND, "There is no such file.")
        self._send(HTTPStatus.OK, f"{TYPES[file.suffix]}; charset=utf-8", file.read_bytes())

    def _send(self, status: HTTPStatus, media_type: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in {**SECURE, "Cache-Control": "no-store", "Content-Type": media_type}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
