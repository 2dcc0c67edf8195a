"""Loads the functions as a cold start does, in this process or in a new interpreter."""

import importlib.util
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Protocol
from unittest.mock import patch

from tests.support.access_tokens import AUDIENCE
from tests.support.template import ROOT, environment, functions, template, variables

LAYER = ROOT / "layers" / "edge_auth"
PACKAGE = LAYER / "edge_auth"
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))


class Writer(Protocol):
    """The target of a log."""

    def write(self, text: str, /) -> int:
        """Write a text."""

    def flush(self) -> None:
        """Flush."""


@cache
def _variables_of_all() -> frozenset[str]:
    return frozenset(name for each in functions() for name in variables(each))


def load(function: str, environ: Mapping[str, str], log: Writer | None = None) -> ModuleType:
    """Import a function's app.py again. Of all functions' variables, the environment has exactly these.

    The function logs to `log`, or without one to the current standard output.
    """
    logging.Logger.manager.loggerDict.pop(function, None)
    spec = importlib.util.spec_from_file_location(f"{function}_app", ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with patch.dict(os.environ):
        for name in _variables_of_all():
            os.environ.pop(name, None)
        os.environ.update(environ)
        spec.loader.exec_module(module)
    if "os" in vars(module):  # so a later read of a variable gets these too
        vars(module)["os"] = SimpleNamespace(environ=environ)
    for handler in logging.getLogger(function).handlers:
        if log is not None and isinstance(handler, logging.StreamHandler):
            handler.setStream(log)
    return module


def unconnected(function: str) -> dict[str, str]:
    """Return variables with which a function starts without resources. Each resource's name is its logical id."""
    names = {name: name for name in template()["Resources"]}
    resolved = environment(function, {"Audience": AUDIENCE}, {**names, "KeyRing.Jwks": '{"keys":[]}'})
    return {"AWS_DEFAULT_REGION": "us-east-1", **resolved}


def in_new_interpreter(script: str, *arguments: str, environ: Mapping[str, str], command: Sequence[str] = ()) -> str:
    """Run a script that can import the layer and the functions, and return its output.

    Its environment has only these variables, and two for Python's paths. `command` runs the interpreter, if given.

    Raises:
        subprocess.CalledProcessError: the script failed.

    """
    outcome = subprocess.run(
        [*command, sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={
            **environ,
            "PYTHONPATH": f"{LAYER}:{ROOT}",
            # As in the Makefile: bytecode must not be in the functions' folders, because SAM zips the whole folders.
            "PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "bytecode"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return outcome.stdout
