"""The functions as a cold start loads them: in this process, or in a new interpreter."""

import importlib.util
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType, SimpleNamespace
from typing import Protocol
from unittest.mock import patch

from tests.support.access_tokens import AUDIENCE
from tests.support.template import ROOT, environment, functions, template, variables

LAYER = ROOT / "layers" / "edge_auth"
PACKAGE = LAYER / "edge_auth"
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))


class Writer(Protocol):
    """Where a log goes."""

    def write(self, text: str, /) -> int:
        """Write."""

    def flush(self) -> None:
        """Flush."""


def load(function: str, environ: Mapping[str, str], log: Writer | None = None) -> ModuleType:
    """Import a function's app.py anew, under exactly these of the functions' variables.

    Its log goes to `log`; without one, to standard output as it is now.
    """
    logging.Logger.manager.loggerDict.pop(function, None)
    spec = importlib.util.spec_from_file_location(f"{function}_app", ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with patch.dict(os.environ):
        for name in {name for each in functions() for name in variables(each)}:
            os.environ.pop(name, None)
        os.environ.update(environ)
        spec.loader.exec_module(module)
    if "os" in vars(module):  # where it reads a variable later, it reads its own
        vars(module)["os"] = SimpleNamespace(environ=environ)
    for handler in logging.getLogger(function).handlers:
        if log is not None and isinstance(handler, logging.StreamHandler):
            handler.setStream(log)
    return module


def unconnected(function: str) -> dict[str, str]:
    """Return variables under which a function starts, and finds no resource: each is called by its own logical id."""
    names = {name: name for name in template()["Resources"]}
    resolved = environment(function, {"Audience": AUDIENCE}, {**names, "KeyRing.Jwks": '{"keys":[]}'})
    return {"AWS_DEFAULT_REGION": "us-east-1", **resolved}


def in_new_interpreter(script: str, *arguments: str, environ: Mapping[str, str], command: Sequence[str] = ()) -> str:
    """Run a script that finds the layer and the functions, and return what it printed.

    Its environment is these variables and no others. `command` starts the interpreter, where something else should.

    Raises:
        subprocess.CalledProcessError: it failed.

    """
    outcome = subprocess.run(
        [*command, sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={
            **environ,
            "PYTHONPATH": f"{LAYER}:{ROOT}",
            # As make has it: functions are zipped as they stand.
            "PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "bytecode"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return outcome.stdout
