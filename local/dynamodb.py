"""DynamoDB Local, the engine that AWS publishes: a child process, for tests, proofs and benchmarks.

`make` installs it with Maven. It answers requests and counts capacity units as DynamoDB does. Its conditional writes
and transactions are atomic. It keeps its tables in memory, or in a folder. It listens on every address of the machine:
it has no setting for that.
"""

import random
import shutil
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from local.failure import Failure
from local.process import Process
from local.settings import ROOT

HOME = ROOT / ".tools" / "dynamodb"
MAIN_CLASS = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
# Of a run of some minutes: a compiler that starts fast, and little memory. SQLite keeps the tables outside the heap.
SMALL = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
INHERITED = ("JAVA_HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
SERVES_WITHIN_SECONDS = 60.0
PORTS = range(20_000, 32_000)
PORT_IS_TAKEN = "Address already in use"
HOW_TO_GET_IT = "`make` installs it, with `java` and `mvn` on the PATH"


@dataclass(frozen=True)
class Engine:
    """A running engine."""

    name: str
    endpoint: str
    process_id: int


def installed() -> Path:
    """Return the jar of the engine. Raises Failure: it is not installed, or there is no Java."""
    jar = next((HOME / "lib").glob("DynamoDBLocal-*.jar"), None)
    if jar is None or shutil.which("java") is None:
        raise Failure(f"no DynamoDB engine: {HOW_TO_GET_IT}")
    return jar


def is_installed() -> bool:
    """Return whether the engine can be started."""
    try:
        installed()
    except Failure:
        return False
    return True


@contextmanager
def running(
    *, log: Path, environment: Mapping[str, str], java: Sequence[str] = SMALL, folder: Path | None = None
) -> Iterator[Engine]:
    """Run an engine on a free port until the block ends. `java` has the options of its virtual machine.

    It is empty, or has the tables that an earlier one has left in the folder.

    Raises:
        Failure: it is not installed, or does not start.

    """
    jar = installed()
    libraries = jar.parent
    inherited = {name: environment[name] for name in INHERITED if name in environment}
    kept = ("-inMemory",) if folder is None else ("-dbPath", str(folder))
    for port in _free_ports():
        options = (*kept, "-sharedDb", "-disableTelemetry", "-port", str(port))
        command = ("java", *java, f"-Djava.library.path={libraries}", "-cp", f"{libraries}/*", MAIN_CLASS, *options)
        with Process(command, env=inherited, log=log, cwd=HOME) as process:
            if _listens(process, port):
                yield Engine(f"DynamoDB Local {jar.stem.partition('-')[2]}", f"http://127.0.0.1:{port}", process.pid)
                return
            if PORT_IS_TAKEN not in log.read_text(errors="replace"):
                break
    raise Failure(f"the DynamoDB engine does not start; its log, {log}, ends with:\n{process.tail()}")


def _free_ports() -> Iterator[int]:
    """Yield some ports on which nothing listens. They are none that the system gives to callers."""
    for port in random.sample(PORTS, 100):
        with suppress(OSError):
            socket.create_server(("127.0.0.1", port)).close()
            yield port


def _listens(process: Process, port: int) -> bool:
    """Wait until the engine answers connections. Return whether it does so before it ends."""
    deadline = time.monotonic() + SERVES_WITHIN_SECONDS
    while process.running and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=SERVES_WITHIN_SECONDS):
            return process.running
        time.sleep(0.02)
    return False
