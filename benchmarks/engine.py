"""A real DynamoDB engine on loopback: one that the environment names, or DynamoDB Local by Java and Maven.

DynamoDB Local answers requests and counts capacity units as DynamoDB does; its milliseconds are those of the SQLite
beneath it.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NoReturn

from benchmarks.results import ROOT, Figures
from local.process import Process

ENDPOINT_VARIABLE = "EDGE_AUTH_DYNAMODB_ENDPOINT"
POM = ROOT / "benchmarks" / "dynamodb_local" / "pom.xml"
HOME = ROOT / ".tools" / "dynamodb"
MAIN_CLASS = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
LEAST_JAVA = 17
HEAP = "-Xmx6g"  # the tables are SQLite's, outside of it
READY_WITHIN_SECONDS = 60.0
INHERITED = ("JAVA_HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
UNITS_ARE_DYNAMODBS = "Requests and units are DynamoDB's; milliseconds are this engine's, on loopback."


class EngineMissing(Exception):
    """There is no engine on this machine; the text says what it lacks."""


@dataclass(frozen=True)
class Engine:
    """One that answers. `process_id` is None where somebody else runs it."""

    name: str
    endpoint: str
    process_id: int | None


@contextmanager
def running_engine() -> Iterator[Engine]:
    """Run an engine, or use the one that the environment names.

    Raises:
        EngineMissing: there is none, and nothing to make one of.

    """
    endpoint = os.environ.get(ENDPOINT_VARIABLE)
    if endpoint:
        yield Engine(f"the engine that {ENDPOINT_VARIABLE} names", endpoint, None)
        return
    require_tools(os.environ)
    name, port = _installed(), _free_port()
    libraries = HOME / "lib"
    options = ("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port))
    command = ("java", HEAP, f"-Djava.library.path={libraries}", "-cp", f"{libraries}/*", MAIN_CLASS, *options)
    environment = {variable: os.environ[variable] for variable in INHERITED if variable in os.environ}
    with raised_signals(), Process(command, env=environment, log=HOME / "engine.log", cwd=HOME) as process:
        _wait_until_ready(process, port)
        yield Engine(name, f"http://127.0.0.1:{port}", process.pid)


@contextmanager
def raised_signals() -> Iterator[None]:
    """Let signals that end this process raise SystemExit instead, so that no child outlives it."""
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)  # as a shell reports it


def with_engine(measured: Callable[[Engine], Figures]) -> Figures:
    """Return what is measured on an engine, and its name; where there is none, `left_out` and why."""
    try:
        with running_engine() as engine:
            return {"engine": engine.name, **measured(engine)}
    except EngineMissing as missing:
        return {"left_out": str(missing)}


def require_tools(environ: Mapping[str, str]) -> None:
    """Check that Java and Maven are on the PATH.

    Raises:
        EngineMissing: one is not, or Java is too old.

    """
    path = environ.get("PATH", "")
    missing = [f"`{program}` on the PATH" for program in ("java", "mvn") if shutil.which(program, path=path) is None]
    if missing:
        raise EngineMissing(_lacking(" and ".join(missing)))
    # Of the PATH that was looked at, which need not be ours.
    java = shutil.which("java", path=path) or "java"
    outcome = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', outcome.stderr + outcome.stdout)
    if version is None or int(version[1]) < LEAST_JAVA:
        raise EngineMissing(_lacking(f"Java {LEAST_JAVA} or newer"))


def _lacking(what: str) -> str:
    return f"no DynamoDB engine: {ENDPOINT_VARIABLE} is not set, and this machine lacks {what}"


def _installed() -> str:
    """Have Maven fetch what the POM pins, where it is not there yet; return the engine's name and version."""
    stamp, libraries = HOME / "pom.xml", HOME / "lib"
    if not stamp.exists() or stamp.read_bytes() != POM.read_bytes():
        shutil.rmtree(HOME, ignore_errors=True)
        HOME.mkdir(parents=True)
        arguments = ("-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime")
        with (HOME / "mvn.log").open("wb") as log:
            command = ["mvn", *arguments, f"-DoutputDirectory={libraries}"]
            outcome = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False)
        if outcome.returncode != 0:
            raise EngineMissing("no DynamoDB engine: Maven cannot fetch it (.tools/dynamodb/mvn.log says more)")
        shutil.copyfile(POM, stamp)
    jar = next(libraries.glob("DynamoDBLocal-*.jar"), Path("DynamoDBLocal-.jar"))
    return f"DynamoDB Local {jar.stem.partition('-')[2]}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(process: Process, port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while process.running and time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except (OSError, HTTPException):
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"DynamoDB Local does not answer:\n{process.tail()}")
