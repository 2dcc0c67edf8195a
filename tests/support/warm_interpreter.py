"""An interpreter that starts one function after another. Each start loads all modules of ours anew, and no package."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from tests.support.cold_start import LAYER
from tests.support.template import ROOT

STARTED = "started"
SCRIPT = f"""
import json, os, sys
for line in sys.stdin:
    function, environ = json.loads(line)
    os.environ.clear()
    os.environ.update(environ)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("edge_auth", "functions")]:
        del sys.modules[name]
    __import__(f"functions.{{function}}.app")
    print("{STARTED}", flush=True)
"""


class Start(Protocol):
    """Starts a function with exactly these variables."""

    def __call__(self, function: str, environ: Mapping[str, str]) -> None:
        """Return when the function has started. Raises RuntimeError: it did not."""


@contextmanager
def warm_interpreter() -> Iterator[Start]:
    """Run an interpreter until the block ends."""
    environ = {"PYTHONPATH": f"{LAYER}:{ROOT}", "PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "bytecode")}
    command = (sys.executable, "-c", SCRIPT)
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as interpreter:
        asked, answered = interpreter.stdin, interpreter.stdout
        assert asked is not None
        assert answered is not None

        def start(function: str, environ: Mapping[str, str]) -> None:
            print(json.dumps([function, dict(environ)]), file=asked, flush=True)
            if (line := answered.readline().strip()) != STARTED:
                raise RuntimeError(f"{function} did not start: {line}")

        yield start
