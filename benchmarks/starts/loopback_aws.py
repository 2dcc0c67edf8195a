"""AWS on this machine's loopback: MiniStack for DynamoDB and Secrets Manager, and a server for public keys."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.frame.processes import free_ports, serving
from benchmarks.requests.deployment import KEY_RING_SECRET, Deployment, deployed
from local import ministack
from local.aws import Clients
from local.settings import Settings


@contextmanager
def deployed_on_ministack(scratch: Path) -> Iterator[Deployment]:
    """Serve AWS, with the template's tables and a key ring, until the block ends.

    Raises Failure: MiniStack does not start.
    """
    settings = Settings(port=free_ports(1)[0], home=scratch / "ministack")
    with ministack.start(settings, settings.home / "state", os.environ) as process:
        ministack.wait_until_healthy(process, settings)
        with deployed(settings.endpoint) as deployment, closing(Clients(settings)) as clients:
            clients.secretsmanager.create_secret(Name=KEY_RING_SECRET, SecretString=deployment.ring_json)
            yield deployment


@contextmanager
def published(document: str, folder: Path) -> Iterator[str]:
    """Serve a document from a new folder, as an issuer serves its public keys. Yields its address."""
    folder.mkdir()
    (folder / "jwks.json").write_text(document, encoding="utf-8")
    [port] = free_ports(1)
    command = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port))
    with serving(command, port, env={}, log=folder / "server.log", cwd=folder):
        yield f"http://127.0.0.1:{port}/jwks.json"
