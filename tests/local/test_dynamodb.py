"""The DynamoDB engine as a child process. A small program stands in for Java."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from local import dynamodb
from local.failure import Failure
from local.settings import ROOT
from tests.support.dynamodb.engine_of_run import ENDPOINT_VARIABLE, SOCKET_VARIABLE, EngineOfRun, endpoint

SERVES = f"""
for port; do :; done
exec {sys.executable} -m http.server --bind 127.0.0.1 "$port"
"""
# The first start finds its port taken, as another program may take it while Java starts.
FINDS_A_TAKEN_PORT = f"""
[ -e taken ] || {{ touch taken; echo "{dynamodb.PORT_IS_TAKEN}"; exit 1; }}
{SERVES}
"""


def install(folder: Path, java: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install an engine that is this script."""
    (folder / "lib").mkdir()
    (folder / "lib" / "DynamoDBLocal-9.8.7.jar").touch()
    program = folder / "bin" / "java"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{java}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(dynamodb, "HOME", folder)


def is_running(process_id: int) -> bool:
    """Return whether a process of this group is alive."""
    try:
        os.killpg(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("java", [SERVES, FINDS_A_TAKEN_PORT], ids=["free", "taken"])
def test_an_engine_answers_until_the_block_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, java: str) -> None:
    """If another program has taken the port meanwhile, the engine gets another port."""
    install(tmp_path, java, monkeypatch)

    with dynamodb.running(log=tmp_path / "log", environment=os.environ) as engine:
        assert is_running(engine.process_id)
        with urlopen(engine.endpoint) as answer:  # noqa: S310 - a loopback address
            assert answer.status == 200
        assert engine.name == "DynamoDB Local 9.8.7"
    assert not is_running(engine.process_id)


def test_an_engine_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Java that is too old ends at once."""
    install(tmp_path, "echo too old; exit 1", monkeypatch)

    with (
        pytest.raises(Failure, match=r"does not start(.|\n)*too old"),
        dynamodb.running(log=tmp_path / "log", environment=os.environ),
    ):
        pass


def test_a_run_has_one_engine_that_starts_when_it_is_first_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker asks for it, and it ends with the run."""
    install(tmp_path, f"echo $$ >> starts\n{SERVES}", monkeypatch)
    monkeypatch.setenv(ENDPOINT_VARIABLE, "put back at the end")
    monkeypatch.delenv(ENDPOINT_VARIABLE)
    run = EngineOfRun()
    monkeypatch.setenv(SOCKET_VARIABLE, run.socket)
    assert not (tmp_path / "starts").exists()

    first = endpoint()
    monkeypatch.delenv(ENDPOINT_VARIABLE)  # another worker does not know it yet
    second = endpoint()
    run.end()
    monkeypatch.delenv(ENDPOINT_VARIABLE)

    [process_id] = (tmp_path / "starts").read_text().split()
    assert first == second
    assert not is_running(int(process_id))


CONFTEST = """
from pathlib import Path
from local import dynamodb
dynamodb.HOME = Path(__file__).parent
"""
WAITS = """
import threading
from tests.support.dynamodb.engine_of_run import endpoint
def test_it():
    Path(__file__).with_name("address").write_text(endpoint())
    threading.Event().wait()
"""


def test_an_engine_does_not_outlive_a_run_that_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the run while a test waits."""
    install(tmp_path, f"echo $$ > started\n{SERVES}", monkeypatch)
    for variable in (ENDPOINT_VARIABLE, SOCKET_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(f"from pathlib import Path\n{WAITS}")
    options = ("--rootdir", tmp_path, "-p", "tests.support.dynamodb.engine_of_run", "-p", "no:cacheprovider")
    # A shell's background job ignores the signal, and so would the run.
    script = (
        "import signal, sys, pytest; signal.signal(2, signal.default_int_handler); sys.exit(pytest.main(sys.argv[1:]))"
    )
    path = {"PYTHONPATH": f"{ROOT / 'layers' / 'edge_auth'}:{ROOT}"}
    with subprocess.Popen(
        (sys.executable, "-c", script, *options, tmp_path),
        env=os.environ | path,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    ) as run:
        while not (tmp_path / "address").exists():
            assert run.poll() is None
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)

    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert not is_running(int((tmp_path / "started").read_text()))
