"""AWS on this machine's loopback: DynamoDB Local, which make installs with Maven, and MiniStack.

DynamoDB Local answers requests and counts capacity units as DynamoDB does. Its times are those of SQLite, in which it
stores the tables. MiniStack also has Secrets Manager, which functions in processes of their own need.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.frame.processes import MissingTool, free_ports, serving
from benchmarks.frame.results import ROOT
from benchmarks.requests.deployment import KEY_RING_SECRET, Deployment, deployed
from local import ministack
from local.aws import Clients
from local.settings import Settings

HOME = ROOT / ".tools" / "dynamodb"
MAIN_CLASS = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
HEAP = "-Xmx6g"  # SQLite keeps the tables outside the heap
INHERITED = ("JAVA_HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
UNITS_ARE_DYNAMODBS = "Requests and units are DynamoDB's; milliseconds are this engine's, on loopback."


@dataclass(frozen=True)
class Engine:
    """A running engine."""

    name: str
    endpoint: str
    process_id: int


@contextmanager
def running_engine() -> Iterator[Engine]:
    """Run an engine. Raises MissingTool: it is not installed."""
    libraries = HOME / "lib"
    jar = next(libraries.glob("DynamoDBLocal-*.jar"), None)
    if jar is None or shutil.which("java") is None:
        raise MissingTool("no DynamoDB engine: `make bench` installs it, with `java` and `mvn` on the PATH")
    [port] = free_ports(1)
    options = ("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port))
    command = ("java", HEAP, f"-Djava.library.path={libraries}", "-cp", f"{libraries}/*", MAIN_CLASS, *options)
    environment = {variable: os.environ[variable] for variable in INHERITED if variable in os.environ}
    with serving(command, port, env=environment, log=HOME / "engine.log", cwd=HOME) as process:
        version = jar.stem.partition("-")[2]
        yield Engine(f"DynamoDB Local {version}", f"http://127.0.0.1:{port}", process.pid)


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
