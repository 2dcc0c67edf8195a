"""A real DynamoDB engine on loopback: DynamoDB Local, which make installs with Maven.

DynamoDB Local answers requests and counts capacity units as DynamoDB does. Its times are those of SQLite, in which it
stores the tables.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.frame.catalogue import MissingTool
from benchmarks.frame.processes import free_ports, serving
from benchmarks.frame.results import ROOT

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
