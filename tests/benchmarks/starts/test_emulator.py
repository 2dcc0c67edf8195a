import os
import socket
import sys
from pathlib import Path

import pytest

from benchmarks.starts.emulator import PYTHON, Function, emulated

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not Path(PYTHON[0]).exists(),
    reason="AWS's emulator needs Linux, and .tools/lambda, which `make test` installs",
)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Return a folder for the log."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def function(tmp_path: Path, source: str, **variables: str) -> Function:
    """Write a function."""
    folder = tmp_path / "function"
    folder.mkdir()
    (folder / "app.py").write_text(source)
    return Function("tried", folder, variables)


def test_the_start_and_each_call_are_timed(tmp_path: Path, scratch: Path) -> None:
    """A handler that echoes has one start and three calls, each of some milliseconds."""
    echo = function(tmp_path, "def handler(event, context):\n    return event\n")

    with emulated(echo, scratch) as emulator:
        answers = [emulator.invoke({"number": number}) for number in range(3)]
    timings = emulator.timings()

    assert answers == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert 1 < timings.init_ms < 60_000
    assert len(timings.calls_ms) == 3
    assert all(0 < duration < 60_000 for duration in timings.calls_ms)


def test_work_at_import_is_part_of_the_start_and_work_in_the_handler_of_the_call(tmp_path: Path, scratch: Path) -> None:
    """The import sleeps half a second and the handler a tenth, and each shows in its own time."""
    source = "import time\ntime.sleep(0.5)\ndef handler(event, context):\n    time.sleep(0.1)\n"

    with emulated(function(tmp_path, source), scratch) as emulator:
        emulator.invoke({})
    timings = emulator.timings()

    assert timings.init_ms >= 500
    assert timings.calls_ms[0] >= 100


def test_the_memory_is_that_of_the_function(tmp_path: Path, scratch: Path) -> None:
    """A handler that fills 100 MB has had as much, also after it has freed them."""
    source = "def handler(event, context):\n    return len(bytearray(event['size']).replace(b'x', b'y'))\n"

    with emulated(function(tmp_path, source), scratch) as emulator:
        emulator.invoke({"size": 1})
        before = emulator.peak_mb()
        emulator.invoke({"size": 100_000_000})
        after = emulator.peak_mb()

    assert 5 < before < 90
    assert after > before + 90


def test_a_handler_that_raises_at_import_is_an_error_with_its_text(tmp_path: Path, scratch: Path) -> None:
    """A function that cannot start is not measured."""
    broken = function(tmp_path, "raise RuntimeError('no such table')\n")

    with emulated(broken, scratch) as emulator, pytest.raises(RuntimeError, match="no such table"):
        emulator.invoke({})


def test_a_handler_that_raises_is_an_error_with_its_text(tmp_path: Path, scratch: Path) -> None:
    """The answer to an error does not count as an answer."""
    broken = function(tmp_path, "def handler(event, context):\n    raise RuntimeError('no such user')\n")

    with emulated(broken, scratch) as emulator, pytest.raises(RuntimeError, match="RuntimeError: no such user"):
        emulator.invoke({})


def test_nothing_stays_running(tmp_path: Path, scratch: Path) -> None:
    """After the block, the function's process has ended and its port is closed."""
    source = "import os\ndef handler(event, context):\n    return [os.getpid(), os.environ['AWS_LAMBDA_RUNTIME_API']]\n"

    with emulated(function(tmp_path, source), scratch) as emulator:
        pid, address = emulator.invoke({})

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) != 0


def test_a_function_has_lambdas_environment_and_not_the_developers(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its own variables and Lambda's, but no AWS profile of the developer."""
    monkeypatch.setenv("AWS_PROFILE", "developer")
    source = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"

    with emulated(function(tmp_path, source, ISSUER="https://auth.example.com"), scratch) as emulator:
        environment = emulator.invoke({})

    assert environment["ISSUER"] == "https://auth.example.com"
    assert environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert "AWS_PROFILE" not in environment


def test_no_bytecode_is_written(tmp_path: Path, scratch: Path) -> None:
    """On Lambda the code is read-only, so each start compiles the function's own code again."""
    tried = function(tmp_path, "def handler(event, context):\n    return event\n")

    with emulated(tried, scratch) as emulator:
        emulator.invoke({})

    assert [path.name for path in tried.folder.iterdir()] == ["app.py"]
