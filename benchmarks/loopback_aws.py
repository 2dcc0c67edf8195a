"""AWS on this machine's loopback: MiniStack for DynamoDB and Secrets Manager, and a server for what is neither."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.template_functions import KEY_RING_SECRET, table_definitions
from local import ministack
from local.aws import Clients
from local.settings import Settings

PEERS_TABLE = "PeersTable"


@dataclass
class LoopbackAws:
    """Where it listens. `page` is what the server shows everybody, and what was last put there."""

    endpoint: str
    page_url: str
    clients: Clients
    page: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def loopback_aws(scratch: Path) -> Iterator[LoopbackAws]:
    """Serve AWS with the template's tables and an empty key ring until the block ends.

    Raises:
        Failure: MiniStack does not start.

    """
    settings = Settings(port=_free_port(), home=scratch / "ministack")
    with ministack.start(settings, settings.home / "state", os.environ) as process, _page_server() as (url, page):
        ministack.wait_until_healthy(process, settings)
        clients = Clients(settings)
        try:
            for definition in (*table_definitions(), _peers_table()):
                clients.dynamodb.create_table(**definition)
            clients.secretsmanager.create_secret(Name=KEY_RING_SECRET)
            yield LoopbackAws(settings.endpoint, url, clients, page)
        finally:
            clients.close()


def _peers_table() -> dict[str, Any]:
    names = {"pk": "HASH", "sk": "RANGE"}
    return {
        "TableName": PEERS_TABLE,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in names.items()],
        "BillingMode": "PAY_PER_REQUEST",
    }


@contextmanager
def _page_server() -> Iterator[tuple[str, dict[str, bytes]]]:
    page = {"text": b""}

    class Page(BaseHTTPRequestHandler):
        """Shows the page, and takes a new one: CloudFormation's answer address, and an issuer's public keys."""

        def do_GET(self) -> None:
            self._answer(page["text"])

        def do_PUT(self) -> None:
            page["text"] = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002 - the name it overrides
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", page
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
