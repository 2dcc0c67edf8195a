"""Which certificate authorities the clients for AWS trust, shown by TLS connections to this machine."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import SSLError

from edge_auth import trusted_roots
from edge_auth.adapters import aws
from tests.support.certificates import make_certificates

if TYPE_CHECKING:
    from botocore.client import BaseClient

CLIENTS = (aws.dynamodb_client, aws.secrets_client, aws.events_client, aws.lambda_client)


class Handler(BaseHTTPRequestHandler):
    """Answers every request with an empty document."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write no log."""


class Server(ThreadingHTTPServer):
    """A server behind TLS. A client that does not trust it hangs up, which is no error here."""

    daemon_threads = True

    def get_request(self) -> tuple[ssl.SSLSocket, object]:
        """Make the handshake part of the connection's own thread."""
        connection, address = super().get_request()
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def finish_request(self, request: ssl.SSLSocket, client_address: object) -> None:  # type: ignore[override]  # as above
        """Answer, if the client accepts the certificate."""
        with suppress(ssl.SSLError, ConnectionError):
            request.do_handshake()
            super().finish_request(request, client_address)

    def __init__(self, certificate: Path) -> None:
        """Listen on a free port with this certificate."""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        super().__init__(("127.0.0.1", 0), Handler)


@dataclass
class Trust:
    """Two authorities: the one that signed the certificate of the server on loopback, and another one."""

    servers: Path
    others: Path


@pytest.fixture
def trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trust]:
    """Serve AWS's address with a certificate, and start without a setting that names authorities."""
    now = datetime.now(UTC)
    ours, others = (make_certificates(tmp_path / name, now) for name in ("ours", "others"))
    with Server(ours.server) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://localhost:{server.server_port}")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("no_proxy", "localhost")
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            monkeypatch.delenv(name, raising=False)
        yield Trust(ours.authority, others.authority)
        server.shutdown()


def connects(make: "Callable[[], BaseClient]", region: str = "eu-west-1") -> bool:
    """Say whether a new client in this Region accepts the server's certificate."""
    patch = pytest.MonkeyPatch()
    patch.setenv("AWS_DEFAULT_REGION", region)
    session = aws.sdk_session.__wrapped__()
    patch.setattr(aws, "sdk_session", lambda: session)
    try:
        client = make()
        client._endpoint.http_session.send(AWSRequest("GET", client.meta.endpoint_url).prepare())  # type: ignore[attr-defined]
    except SSLError:
        return False
    finally:
        patch.undo()
    client.close()
    return True


@pytest.fixture
def built_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Return a function that puts an authority in the place of Amazon's in the built layer."""
    return lambda path: monkeypatch.setattr(trusted_roots, "_FILE", str(path))


@pytest.mark.parametrize("make", CLIENTS, ids=lambda make: make.__name__)
def test_a_client_trusts_the_layers_roots_and_no_other(
    trust: Trust, built_with: Callable[[Path], None], make: "Callable[[], BaseClient]"
) -> None:
    """The file of the layer decides, and not the SDK's list of all public authorities."""
    built_with(trust.servers)
    assert connects(make)

    built_with(trust.others)
    assert not connects(make)


@pytest.mark.parametrize("setting", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "ca_bundle"])
def test_a_list_that_the_deployment_names_wins(
    trust: Trust, built_with: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: str
) -> None:
    """A function may have to go through a proxy with an authority of its own."""

    def name_list(path: Path) -> None:
        if setting == "ca_bundle":
            (tmp_path / "config").write_text(f"[default]\nca_bundle = {path}\n")
        else:
            monkeypatch.setenv(setting, str(path))

    built_with(trust.others)
    name_list(trust.servers)
    assert connects(aws.dynamodb_client)

    built_with(trust.servers)
    name_list(trust.others)
    assert not connects(aws.dynamodb_client)


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
def test_in_another_partition_a_client_trusts_the_sdks_list(
    trust: Trust, built_with: Callable[[Path], None], region: str
) -> None:
    """That list does not have the test's authority, so the connection fails. In AWS's own partition it succeeds."""
    built_with(trust.servers)

    assert not connects(aws.dynamodb_client, region)
    assert connects(aws.dynamodb_client)
