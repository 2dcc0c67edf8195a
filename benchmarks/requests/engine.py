"""A real DynamoDB engine on loopback: DynamoDB Local, with Java and Maven.

DynamoDB Local answers requests and counts capacity units as DynamoDB does. Its times are those of SQLite, in which it
stores the tables.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.frame.catalogue import MissingTool
from benchmarks.frame.ports import free_ports, wait_until_open
from benchmarks.frame.results import ROOT
from local.process import Process

POM = ROOT / "benchmarks" / "requests" / "dynamodb_local" / "pom.xml"
HOME = ROOT / ".tools" / "dynamodb"
MAIN_CLASS = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
HEAP = "-Xmx6g"  # SQLite keeps the tables outside the heap
READY_WITHIN_SECONDS = 60.0
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
    """Run an engine. Raises MissingTool: it is not installed, and cannot be fetched."""
    name, (port,), libraries = _installed(), free_ports(1), HOME / "lib"
    options = ("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port))
    command = ("java", HEAP, f"-Djava.library.path={libraries}", "-cp", f"{libraries}/*", MAIN_CLASS, *options)
    environment = {variable: os.environ[variable] for variable in INHERITED if variable in os.environ}
    with Process(command, env=environment, log=HOME / "engine.log", cwd=HOME) as process:
        wait_until_open(port, process, seconds=READY_WITHIN_SECONDS)
        yield Engine(name, f"http://127.0.0.1:{port}", process.pid)


def _installed() -> str:
    """Fetch the pinned engine with Maven if it is not installed yet. Return the engine's name and version."""
    missing = [f"`{program}` on the PATH" for program in ("java", "mvn") if shutil.which(program) is None]
    if missing:
        raise MissingTool(f"no DynamoDB engine: this machine lacks {' and '.join(missing)}")
    stamp, libraries = HOME / "pom.xml", HOME / "lib"
    if not stamp.exists() or stamp.read_bytes() != POM.read_bytes():
        shutil.rmtree(HOME, ignore_errors=True)
        HOME.mkdir(parents=True)
        arguments = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={libraries}")
        with (HOME / "mvn.log").open("wb") as log:
            command = ["mvn", "-q", "-B", "-f", str(POM), *arguments]
            if subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode != 0:
                raise MissingTool("no DynamoDB engine: Maven cannot fetch it (see .tools/dynamodb/mvn.log)")
        shutil.copyfile(POM, stamp)
    version = next(libraries.glob("DynamoDBLocal-*.jar")).stem.partition("-")[2]
    return f"DynamoDB Local {version}"
