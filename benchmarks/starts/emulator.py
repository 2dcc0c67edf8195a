"""Lambda on this machine: AWS's Runtime Interface Emulator, a binary in the wheel of aws-sam-cli, and a runtime client.

The emulator starts the runtime's process, sends it one event after another, and logs the time of each step. It does not
limit processor or memory. The functions write no bytecode, as on Lambda, where the code is read-only.
"""

import json
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.frame.processes import MissingTool, free_ports, serving
from benchmarks.frame.results import ROOT
from local.endpoint import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from local.process import Process

HANDLER = "app.handler"
PYTHON: Sequence[str | Path] = (ROOT / ".tools" / "lambda" / "bin" / "python", "-m", "awslambdaric")
TIMEOUT_SECONDS = 30
INVOKE = "/2015-03-31/functions/function/invocations"

_FOLDERS = "lib/python3*/site-packages/samcli/local/rapid"
_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_CALL = re.compile(r"INVOKE RTDONE\(status: success, .*duration: ([\d.]+)ms\)")


@dataclass(frozen=True)
class Function:
    """A function as deployed: its code in `folder`, its environment, and the client of its runtime."""

    name: str
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    runtime: Sequence[str | Path] = PYTHON


@dataclass(frozen=True)
class Timings:
    """The times of one process of a function, in milliseconds. The calls are in order, the first one included."""

    init_ms: float
    calls_ms: list[float]


@dataclass(frozen=True)
class Emulator:
    """One process of a function."""

    function: Function
    process: Process
    port: int

    def invoke(self, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
        """Return the function's answer to an event. The first call waits for the function's start.

        Raises RuntimeError: the function failed, at import or in the call, or did not answer in time.
        """
        try:
            with closing(HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)) as connection:
                connection.request("POST", INVOKE, json.dumps(event))
                text = connection.getresponse().read()
            answer = json.loads(text)
        except OSError as error:
            raise self._failure(f"no answer: {error}") from None
        except ValueError:  # the emulator's own text, for a function that takes too long
            raise self._failure(text.decode(errors="replace")) from None
        if isinstance(answer, dict) and "errorMessage" in answer:
            raise self._failure(f"{answer.get('errorType')}: {answer['errorMessage']}")
        return answer

    def peak_mb(self) -> float:
        """Return the largest resident memory of the running function so far, in MB: proc(5), on Linux."""
        return max(map(_peak_mb, _children(self.process.pid)), default=0.0)

    def timings(self) -> Timings:
        """Return the times of the start and the calls from the emulator's log. Raises RuntimeError: no start."""
        log = self.process.log.read_text(errors="replace")
        init = _INIT.search(log)
        if init is None:
            raise self._failure("it never started")
        return Timings(float(init[1]), [float(duration) for duration in _CALL.findall(log)])

    def _failure(self, what: str) -> RuntimeError:
        return RuntimeError(f"{self.function.name}: {what}\n{self.process.tail()}")


@contextmanager
def emulated(function: Function, scratch: Path) -> Iterator[Emulator]:
    """Run one process of a function, and end it with all its child processes. It starts with the first call.

    `scratch` holds the log of one process at a time. Raises MissingTool: this machine has no emulator.
    """
    port, runtime_port = free_ports(2)
    command = [
        *(_binary(), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
        *(*function.runtime, HANDLER),
    ]
    environment, log = _environment(function, scratch), scratch / "lambda.log"
    with serving(command, port, env=environment, log=log, cwd=function.folder) as process:
        yield Emulator(function, process, port)


def _children(process_id: int) -> list[int]:
    """Return the ids of a process's children. All its threads can have started them."""
    lists = Path(f"/proc/{process_id}/task").glob("*/children")
    return [int(child) for path in lists for child in path.read_text(encoding="ascii").split()]


def _peak_mb(process_id: int) -> float:
    peak = _PEAK.search(Path(f"/proc/{process_id}/status").read_text(encoding="utf-8"))
    return int(peak[1]) * 1024 / 1_000_000 if peak else 0.0


def _binary() -> Path:
    name = f"aws-lambda-rie-{platform.machine().replace('aarch64', 'arm64')}"
    found = sorted((ROOT / ".tools" / "sam").glob(f"{_FOLDERS}/{name}")) if sys.platform == "linux" else []
    if not found:
        raise MissingTool(f"{name} is not installed: it needs Linux, and make installs it with .tools/sam")
    return found[0]


def _environment(function: Function, scratch: Path) -> dict[str, str]:
    """Return a function's environment on Lambda. It contains no variable of the developer's environment."""
    return {
        "PATH": os.defpath,
        "HOME": str(scratch),
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": HANDLER,
        "LAMBDA_TASK_ROOT": str(function.folder),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(TIMEOUT_SECONDS),
        # The emulator does not set it. Functions that work before the first call read it.
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        **dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), REGION),
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "PYTHONDONTWRITEBYTECODE": "1",
        **function.variables,
    }
