"""The engine of the benchmarks, and the message on a machine without one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.frame.processes import MissingTool
from benchmarks.frame.results import ROOT, benchmark
from local import dynamodb


def program(folder: Path, name: str, script: str) -> None:
    """Put a program into a folder."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("name", ["requests", "growth", "throughput", "imports"])
@pytest.mark.parametrize("lacks", ["java", "the engine"])
def test_a_machine_without_an_engine_says_so(
    name: str, lacks: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every benchmark that needs an engine says so, also if only Java is missing."""
    program(tmp_path / "bin", "other" if lacks == "java" else "java", "exit 1")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / ("other.jar" if lacks == "the engine" else "DynamoDBLocal-9.8.7.jar")).touch()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(dynamodb, "HOME", tmp_path)

    with pytest.raises(MissingTool, match="no DynamoDB engine: `make` installs it"):
        benchmark(name).measure(quick=True)


SERVES = """
for port; do :; done
exec "$PYTHON" -m http.server --bind 127.0.0.1 "$port"
"""
RUNS = """
import signal, sys, threading
from pathlib import Path
from benchmarks.__main__ import exit_on_signals
from benchmarks.requests import engine
from local import dynamodb
dynamodb.HOME = Path(sys.argv[1])
dynamodb.INHERITED += ("PYTHON",)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so do its children
exit_on_signals()
with engine.running_engine() as running:
    print(running.name, running.process_id, flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_engine_does_not_outlive_its_benchmark(tmp_path: Path, number: signal.Signals) -> None:
    """This holds for each signal that ends the benchmark. A small program stands in for Java."""
    programs, home = tmp_path / "bin", tmp_path / "engine"
    program(programs, "java", SERVES)
    (home / "lib").mkdir(parents=True)
    (home / "lib" / "DynamoDBLocal-9.8.7.jar").touch()
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "PYTHON": sys.executable,
        "PYTHONPATH": f"{ROOT / 'layers' / 'edge_auth'}:{ROOT}",
    }
    command = [sys.executable, "-c", RUNS, str(home)]

    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as benchmark_process:
        assert benchmark_process.stdout is not None
        name, _, process_id = benchmark_process.stdout.readline().strip().rpartition(" ")
        benchmark_process.send_signal(number)

    assert name == "DynamoDB Local 9.8.7"
    with pytest.raises(ProcessLookupError):
        os.killpg(int(process_id), 0)
