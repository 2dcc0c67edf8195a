"""Which engine is used, and what is said where there is none."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import growth, requests, throughput
from benchmarks.engine import ENDPOINT_VARIABLE, EngineMissing, require_tools, running_engine, with_engine
from benchmarks.results import ROOT


def program(folder: Path, name: str, script: str) -> None:
    """Put a program into a folder."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_the_endpoint_that_is_named_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is: nothing is started, and nobody's CPU time is known."""
    monkeypatch.setenv(ENDPOINT_VARIABLE, "http://127.0.0.1:8000")

    with running_engine() as engine:
        assert (engine.endpoint, engine.process_id) == ("http://127.0.0.1:8000", None)
        assert ENDPOINT_VARIABLE in engine.name


def test_a_machine_without_java_and_maven_says_so(tmp_path: Path) -> None:
    """All three things that would do."""
    with pytest.raises(EngineMissing) as missing:
        require_tools({"PATH": str(tmp_path)})

    assert str(missing.value) == (
        "no DynamoDB engine: EDGE_AUTH_DYNAMODB_ENDPOINT is not set, "
        "and this machine lacks `java` on the PATH and `mvn` on the PATH"
    )


def test_a_java_that_is_too_old_is_none(tmp_path: Path) -> None:
    """The engine needs 17."""
    program(tmp_path, "mvn", "exit 0")
    program(tmp_path, "java", """echo 'openjdk version "11.0.25" 2024-10-15' >&2""")

    with pytest.raises(EngineMissing, match="lacks Java 17 or newer"):
        require_tools({"PATH": str(tmp_path)})

    program(tmp_path, "java", """echo 'openjdk version "17.0.15" 2025-04-15' >&2""")
    require_tools({"PATH": str(tmp_path)})


SERVES = """
case "$1" in
  -version) echo 'openjdk version "21.0.1"' >&2 ;;
  *) for port; do :; done; exec "$PYTHON" -m http.server --bind 127.0.0.1 "$port" ;;
esac
"""
RUNS = """
import sys, threading
import os
import signal
import subprocess
import sys
from pathlib import Path
from benchmarks import engine
engine.HOME = Path(sys.argv[1])
engine.INHERITED += ("PYTHON",)
with engine.running_engine() as running:
    print(running.name, running.process_id, flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_engine_does_not_outlive_its_benchmark(tmp_path: Path, number: signal.Signals) -> None:
    """However that is ended. Java and Maven are played by others here."""
    programs, home = tmp_path / "bin", tmp_path / "engine"
    program(programs, "java", SERVES)
    program(programs, "mvn", 'for argument; do :; done; folder=${argument#*=}; mkdir "$folder"; touch "$folder/$JAR"')
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "PYTHON": sys.executable,
        "PYTHONPATH": f"{ROOT / 'layers' / 'edge_auth'}:{ROOT}",
        "JAR": "DynamoDBLocal-9.8.7.jar",
    }
    command = [sys.executable, "-c", RUNS, str(home)]

    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as benchmark:
        assert benchmark.stdout is not None
        name, _, process_id = benchmark.stdout.readline().strip().rpartition(" ")
        benchmark.send_signal(number)

    assert name == "DynamoDB Local 9.8.7"
    with pytest.raises(ProcessLookupError):
        os.killpg(int(process_id), 0)


def test_where_no_engine_is_the_figures_are_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every benchmark that needs one returns, and has a text for its table."""
    monkeypatch.delenv(ENDPOINT_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    for benchmark in (requests, throughput, growth):
        figures = benchmark.measure(quick=True)
        assert list(figures) == ["left_out"]
        assert benchmark.table(figures).startswith("Left out: no DynamoDB engine")


def test_figures_name_their_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Milliseconds of one engine are not another's."""
    monkeypatch.setenv(ENDPOINT_VARIABLE, "http://127.0.0.1:8000")

    figures = with_engine(lambda engine: {"asked": engine.endpoint})

    assert figures["asked"] == "http://127.0.0.1:8000"
    assert ENDPOINT_VARIABLE in figures["engine"]
