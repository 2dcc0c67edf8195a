"""TLS in front of a plain server: the bytes pass, and only clients that trust the authority of the run connect."""

import http.client
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from benchmarks.starts.tls import Front, tls_in_front


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no log."""


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """Return TLS in front of an echo."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as plain:
        Thread(target=plain.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        with tls_in_front(f"http://127.0.0.1:{plain.server_port}", tmp_path / "tls") as front:
            yield front
        plain.shutdown()


def post(front: Front, *bodies: bytes, cadata: str) -> list[bytes]:
    """Send requests on one connection and return their answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=cadata)
    connection = http.client.HTTPSConnection(urlsplit(front.endpoint).netloc, context=context, timeout=30)
    answers = []
    try:
        for body in bodies:
            connection.request("POST", "/", body)
            answers.append(connection.getresponse().read())
    finally:
        connection.close()
    return answers


def test_requests_and_answers_of_any_length_pass(front: Front) -> None:
    """They pass on one connection, as the SDK keeps one. A megabyte is more than one piece."""
    bodies = [b"one", b"x" * 1_000_000, b""]

    assert post(front, *bodies, cadata=front.authority) == bodies


def test_a_client_that_does_not_know_the_authority_does_not_connect(front: Front, tmp_path: Path) -> None:
    """So a measured function that connects has read its list."""
    with tls_in_front(front.endpoint, tmp_path / "other") as other, pytest.raises(ssl.SSLCertVerificationError):
        post(front, b"one", cadata=other.authority)


def test_the_lists_of_a_layer_are_longer_by_the_authority(front: Front, tmp_path: Path) -> None:
    """Both lists keep all that they have. A folder of other packages has only the SDK's, and stays as it is."""
    for name in ("botocore/cacert.pem", "edge_auth/amazon_roots.pem"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(f"what {name} has\n")

    copy = front.extended_list(tmp_path, tmp_path / "copy.pem")
    assert (tmp_path / "botocore" / "cacert.pem").read_text() == "what botocore/cacert.pem has\n"
    front.be_trusted_by(tmp_path)

    for name in ("botocore/cacert.pem", "edge_auth/amazon_roots.pem"):
        assert (tmp_path / name).read_text() == f"what {name} has\n\n{front.authority}"
    assert copy.read_text() == (tmp_path / "botocore" / "cacert.pem").read_text()
