"""The connections of the first calls are opened when Lambda starts a function; a failure to open one does no harm."""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.session import Session

from edge_auth.adapters.connections import STARTED_BY_LAMBDA, prime
from tests.support.cold_start import FUNCTIONS, in_new_interpreter, unconnected
from tests.support.warm_interpreter import Start, warm_interpreter

if TYPE_CHECKING:
    from botocore.client import BaseClient

COUNTED_WITHIN_SECONDS = 5
ON_LAMBDA = {STARTED_BY_LAMBDA: "on-demand"}
KEY = {"user_id": {"S": "user"}}
# The number of services that a function calls on every first request.
CONNECTIONS = {
    "authorizer": 1,
    "email": 2,
    "email_proofs": 2,
    "ended_sessions": 1,
    "factors": 2,
    "jwks": 1,
    "login": 2,
    "logout": 2,
    "mail_feedback": 0,  # no caller waits for it
    "mailer": 0,  # the same
    "passkey_sign_in": 2,
    "passkeys": 2,
    "password": 1,
    "preflight": 0,
    "refresh": 2,
    "register": 1,
    "reset": 2,
    "reset_link": 0,  # an operator waits for it
    "rotate_keys": 0,  # no caller waits for it
    "session_authorizer": 0,  # no browser uses the API by default
    "sessions": 1,
    "site_password": 2,
    "step_up": 2,
    "strict_authorizer": 1,
    "whoami": 0,
}
# What comes over it while a function starts: of the SDK's clients a health check. The authorizers have a client of
# their own. It reads the feed, or sends nothing.
REQUESTS = {"authorizer": [("POST", True)], "strict_authorizer": []}


class Aws(ThreadingHTTPServer):
    """Stands for AWS on loopback. Counts its connections and keeps its requests."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        """Listen on a port; 0 picks a free one."""
        self.connections = 0
        self.requests: list[tuple[str, bool]] = []
        self.hangs_up = False
        super().__init__(("127.0.0.1", port), Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Count a connection."""
        self.connections += 1
        return super().get_request()

    def counted(self, expected: int) -> int:
        """Return how many connections there were. One without a request is counted a moment after it is opened."""
        deadline = time.monotonic() + COUNTED_WITHIN_SECONDS
        while self.connections < expected and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.connections

    @property
    def url(self) -> str:
        """Return the address of this server."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answers every request with an empty document and keeps the connection open."""

    protocol_version = "HTTP/1.1"
    server: Aws

    def do_GET(self) -> None:
        """Record the request and answer it."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.requests.append((self.command, "Authorization" in self.headers))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
        self.close_connection = self.server.hangs_up

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        """Write no log."""


@contextmanager
def aws_on(port: int = 0) -> Iterator[Aws]:
    """Run a server in the place of AWS until the block ends."""
    with Aws(port) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def aws() -> Iterator[Aws]:
    """Return a server in the place of AWS that answers."""
    with aws_on() as server:
        yield server


@pytest.fixture
def client_of(monkeypatch: pytest.MonkeyPatch) -> "Iterator[Callable[[str], BaseClient]]":
    """Return a function that makes a client for an address. It retries as the functions do, with shorter timeouts."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    clients: list[BaseClient] = []

    def client(url: str) -> "BaseClient":
        config = Config(connect_timeout=1, read_timeout=0.2, retries={"total_max_attempts": 3, "mode": "standard"})
        clients.append(Session().create_client("dynamodb", endpoint_url=url, config=config))
        return clients[-1]

    yield client
    for made in clients:
        made.close()


def read(client: "BaseClient") -> dict[str, Any]:
    """Read an item, as a function does."""
    answer: dict[str, Any] = client.get_item(TableName="sessions", Key=KEY)  # type: ignore[attr-defined]
    return answer


def test_the_first_call_uses_the_connection_that_is_open(aws: Aws, client_of: "Callable[[str], BaseClient]") -> None:
    """One unsigned request opens the connection, and the first call opens no second one."""
    client = client_of(aws.url)

    prime(ON_LAMBDA, client)
    assert (aws.connections, aws.requests) == (1, [("GET", False)])

    read(client)
    assert (aws.connections, aws.requests[1:]) == (1, [("POST", True)])


def test_the_connection_goes_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch, aws: Aws, client_of: "Callable[[str], BaseClient]"
) -> None:
    """The connection is opened to the proxy, and the first call uses this connection."""
    monkeypatch.setenv("HTTP_PROXY", aws.url)
    client = client_of("http://aws.invalid")

    prime(ON_LAMBDA, client)
    read(client)

    assert (aws.connections, aws.requests) == (1, [("GET", False), ("POST", True)])


def test_outside_lambda_no_connection_is_opened(aws: Aws, client_of: "Callable[[str], BaseClient]") -> None:
    """Outside Lambda, as in tests, emulators and commands, no connection is opened."""
    prime({}, client_of(aws.url))

    assert aws.connections == 0


def test_a_connection_that_was_closed_meanwhile_is_opened_again(
    aws: Aws, client_of: "Callable[[str], BaseClient]"
) -> None:
    """The first call opens a new connection, because minutes can pass between the start and the first call."""
    client, aws.hangs_up = client_of(aws.url), True

    prime(ON_LAMBDA, client)
    read(client)

    assert (aws.connections, [method for method, _ in aws.requests]) == (2, ["GET", "POST"])


def test_a_start_without_a_server_succeeds(client_of: "Callable[[str], BaseClient]") -> None:
    """The start succeeds without a server, and so does a later call when a server listens."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    client = client_of(f"http://127.0.0.1:{port}")

    prime(ON_LAMBDA, client)

    with aws_on(port) as aws:
        read(client)
        assert aws.requests == [("POST", True)]


def test_a_server_that_never_answers_is_asked_once(client_of: "Callable[[str], BaseClient]") -> None:
    """The start waits for the client's timeouts once and makes no second attempt."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        prime(ON_LAMBDA, client_of(f"http://127.0.0.1:{silent.getsockname()[1]}"))

        silent.settimeout(0)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_a_name_without_an_address_does_not_stop_the_other_clients(
    monkeypatch: pytest.MonkeyPatch, aws: Aws, client_of: "Callable[[str], BaseClient]"
) -> None:
    """An address that cannot be resolved does not keep the other client's connection from opening."""
    lost = client_of("https://aws.invalid")
    found = socket.getaddrinfo

    def resolve(host: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as the standard library has it
        if host == "aws.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "planted")
        return found(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    prime(ON_LAMBDA, lost, client_of(aws.url))

    assert aws.requests == [("GET", False)]


@pytest.fixture(scope="module")
def warm() -> Iterator[Start]:
    """Return a function that starts functions in one interpreter."""
    with warm_interpreter() as start:
        yield start


def cold(function: str, environ: Mapping[str, str]) -> None:
    """Start a function in a new interpreter."""
    in_new_interpreter(f"import functions.{function}.app", environ=environ)


def check_connections(aws: Aws, function: str, start: Start) -> None:
    """Start a function in Lambda and outside, and check what it opened."""
    expected = CONNECTIONS[function]
    for variables in (ON_LAMBDA, {}):
        environ = {
            **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
            **unconnected(function),
            **variables,
            "AWS_ENDPOINT_URL": aws.url,
            "no_proxy": "127.0.0.1",
        }
        start(function, environ)
        assert (aws.counted(expected), aws.requests) == (
            expected,
            REQUESTS.get(function, [("GET", False)] * expected),
        )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_opens_what_its_first_caller_would_wait_for(aws: Aws, function: str, warm: Start) -> None:
    """A function opens one connection for each service that every request needs, and none outside Lambda."""
    check_connections(aws, function, warm)


@pytest.mark.parametrize("function", ["authorizer", "login"])
def test_a_new_interpreter_opens_the_same(aws: Aws, function: str) -> None:
    """Lambda starts each instance in one. The packages that it loads open nothing, so the test above needs one only."""
    check_connections(aws, function, cold)
