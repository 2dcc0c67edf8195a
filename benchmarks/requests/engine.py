"""AWS on this machine's loopback: DynamoDB Local, which make installs with Maven, and MiniStack.

DynamoDB Local answers requests and counts capacity units as DynamoDB does. Its times are those of SQLite, in which it
stores the tables. MiniStack also has Secrets Manager, which functions in processes of their own need.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.frame.processes import MissingTool, free_ports, serving
from benchmarks.requests.deployment import KEY_RING_SECRET, Deployment, deployed
from local import dynamodb, ministack
from local.aws import Clients
from local.dynamodb import Engine
from local.settings import Settings

LARGE = ("-Xmx6g",)  # SQLite keeps the tables outside the heap
UNITS_ARE_DYNAMODBS = "Requests and units are DynamoDB's; milliseconds are this engine's, on loopback."


@contextmanager
def running_engine(java: Sequence[str] = LARGE) -> Iterator[Engine]:
    """Run an engine. Raises MissingTool: it is not installed."""
    if not dynamodb.is_installed():
        raise MissingTool(f"no DynamoDB engine: {dynamodb.HOW_TO_GET_IT}")
    with dynamodb.running(log=dynamodb.HOME / "engine.log", environment=os.environ, java=java) as engine:
        yield engine


@contextmanager
def deployed_on_ministack(scratch: Path) -> Iterator[Deployment]:
    """Serve AWS, with the template's tables and a key ring, until the block ends. Raises Failure: it does not start."""
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
