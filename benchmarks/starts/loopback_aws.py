"""AWS on this machine's loopback: MiniStack for DynamoDB and Secrets Manager, and a server for public keys."""

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.frame.ports import free_ports
from benchmarks.requests.deployment import KEY_RING_SECRET, Deployment, deployed
from local import ministack
from local.aws import Clients
from local.settings import Settings


@contextmanager
def deployed_on_ministack(scratch: Path) -> Iterator[Deployment]:
    """Serve AWS, with the template's tables and a key ring, until the block ends.

    Raises:
        Failure: MiniStack does not start.

    """
    settings = Settings(port=free_ports(1)[0], home=scratch / "ministack")
    with ministack.start(settings, settings.home / "state", os.environ) as process:
        ministack.wait_until_healthy(process, settings)
        with deployed(settings.endpoint) as deployment, closing(Clients(settings)) as clients:
            clients.secretsmanager.create_secret(Name=KEY_RING_SECRET, SecretString=deployment.ring_json)
            yield deployment


@contextmanager
def published(document: str) -> Iterator[str]:
    """Serve a document, as an issuer serves its public keys. Yields its address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document.encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
