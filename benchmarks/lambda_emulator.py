"""Lambda on this machine: AWS's Runtime Interface Emulator, a binary in the wheel of aws-sam-cli, and a runtime client.

The emulator starts the runtime's process, hands it one event after the other, and logs how long each step took. It does
not limit processor or memory. Nothing that runs in it writes bytecode, as on Lambda, where code is read-only.
"""

import json
import os
import platform
import re
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.results import ROOT
from local.process import Process

HANDLER = "app.handler"
PYTHON = (ROOT / ".tools" / "lambda" / "bin" / "python", "-m", "awslambdaric")
TIMEOUT_SECONDS = 30
LISTENS_WITHIN_SECONDS = 10.0
INVOKE = "/2015-03-31/functions/function/invocations"

_BINARY = "aws-lambda-rie-{}"
_FOLDERS = "lib/python3*/site-packages/samcli/local/rapid"
_ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
_CALL = re.compile(r"INVOKE RTDONE\(status: success, .*duration: ([\d.]+)ms\)")
_EMULATORS_OWN = re.compile(r"\(rapid\)|^(START|END|REPORT) RequestId")
_TAIL_LINES = 12

Event = Mapping[str, Any]
Answer = Any  # what JSON can say


class EmulatorError(Exception):
    """Lambda could not be emulated, or the function failed; the text says how, with the end of its log."""


@dataclass(frozen=True)
class Function:
    """A function as deployed: its code in `folder`, its environment, and the client of its runtime."""

    name: str
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    memory_mb: int = 512
    runtime: Sequence[str | Path] = PYTHON


@dataclass(frozen=True)
class Timings:
    """What one process of a function took, in milliseconds; the calls in their order, the first one included."""

    init_ms: float
    calls_ms: list[float]


def binary() -> Path:
    """Return the emulator for this machine's processor. Raises EmulatorError."""
    name = _BINARY.format(_ARCHITECTURES.get(platform.machine(), platform.machine()))
    found = sorted((ROOT / ".tools" / "sam").glob(f"{_FOLDERS}/{name}")) if sys.platform == "linux" else []
    if not found:
        raise EmulatorError(f"there is no {name} here: it needs Linux, and make installs it with .tools/sam")
    return found[0]


class Emulator:
    """One process of a function, from its start to its end; a `with` block ends it and all that it started."""

    def __init__(self, function: Function, scratch: Path) -> None:
        """Start the emulator; the function starts with the first call. `scratch` holds the log, one at a time.

        Raises:
            EmulatorError: there is no emulator for this machine.

        """
        self._function = function
        self._port, runtime_port = _free_ports()
        self._connection = HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)
        emulator = (binary(), "--runtime-interface-emulator-address", f"127.0.0.1:{self._port}")
        addresses = ("--runtime-api-address", f"127.0.0.1:{runtime_port}")
        self._process = Process(
            [*emulator, *addresses, *function.runtime, HANDLER],
            env=_environment(function, scratch),
            log=scratch / "lambda.log",
            cwd=function.folder,
        )

    def invoke(self, event: Event) -> Answer:
        """Return the function's answer to an event; the first call waits for its start.

        Raises:
            EmulatorError: the function failed, at import or in the call, or did not answer in time.

        """
        if self._connection.sock is None:
            self._connect()
        try:
            self._connection.request("POST", INVOKE, json.dumps(event))
            text = self._connection.getresponse().read()
            answer = json.loads(text)
        except OSError as error:
            raise self._failure(f"no answer: {error}") from None
        except ValueError:  # what the emulator itself says, of a function that takes too long
            raise self._failure(text.decode(errors="replace")) from None
        if isinstance(answer, dict) and "errorMessage" in answer:
            raise self._failure(f"{answer.get('errorType')}: {answer['errorMessage']}")
        return answer

    def timings(self) -> Timings:
        """Return what the start and the calls took, as the emulator logged it. Raises EmulatorError."""
        log = self._process.log.read_text(errors="replace")
        init = _INIT.search(log)
        if init is None:
            raise self._failure("it never started")
        return Timings(float(init[1]), [float(duration) for duration in _CALL.findall(log)])

    def close(self) -> None:
        """End the function and the emulator."""
        self._connection.close()
        self._process.stop()

    def _connect(self) -> None:
        deadline = time.monotonic() + LISTENS_WITHIN_SECONDS
        while time.monotonic() < deadline and self._process.running:
            with suppress(ConnectionRefusedError):
                self._connection.connect()
                return
            time.sleep(0.002)
        raise self._failure("the emulator does not listen")

    def _failure(self, what: str) -> EmulatorError:
        lines = self._process.log.read_text(errors="replace").splitlines()
        told = [f"    {line}" for line in lines if not _EMULATORS_OWN.search(line)]
        return EmulatorError("\n".join([f"{self._function.name}: {what}", *told[-_TAIL_LINES:]]))

    def __enter__(self) -> Self:
        """Return the emulator; it already runs."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.close()


def _environment(function: Function, scratch: Path) -> dict[str, str]:
    """Return what a function finds in its environment on Lambda, and nothing of the developer's own."""
    return {
        "PATH": os.defpath,
        "HOME": str(scratch),
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": HANDLER,
        "LAMBDA_TASK_ROOT": str(function.folder),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(TIMEOUT_SECONDS),
        # The emulator leaves it out; functions that do work ahead of the first call look for it.
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        # MiniStack's root user.
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PYTHONDONTWRITEBYTECODE": "1",
        **function.variables,
    }


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
