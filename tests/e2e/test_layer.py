"""What ships: the layer as it was built for the stack that serves."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from local import ministack
from local.settings import ROOT
from local.stack import Stack
from tests.architecture.test_imports import ENVIRONMENT

FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
# PEP 552: the flags of bytecode that is checked against its source's hash, whatever the files' times are.
CHECKED_HASH = (3).to_bytes(4, "little")


@pytest.fixture(scope="module")
def layer(stack: Stack) -> Path:
    """Return the built layer."""
    return stack.settings.home / "build" / "EdgeAuthLayer"


def test_only_the_python_folder_ships(layer: Path) -> None:
    """No Makefile, no requirements, no tests of the project."""
    assert [path.name for path in layer.iterdir()] == ["python"]
    assert {path.name for path in (layer / "python" / "edge_auth").iterdir()} >= {"tokens", "flows", "adapters", "web"}


def test_every_module_has_bytecode_that_any_timestamp_leaves_valid(layer: Path) -> None:
    """SAM's zip stamps every file 1980, and /opt is read-only: bytecode checked by time would never be used."""
    modules = list((layer / "python").rglob("*.py"))

    assert len(modules) > 500
    for module in modules:
        (bytecode,) = (module.parent / "__pycache__").glob(f"{module.stem}.cpython-*.pyc")
        header = bytecode.read_bytes()[:16]
        assert header[4:8] == CHECKED_HASH, module
        assert header[8:16] == importlib.util.source_hash(module.read_bytes()), module


def test_the_sdk_is_trimmed_to_the_services_that_are_called(layer: Path) -> None:
    """Botocore describes 400 services."""
    services = {path.name for path in (layer / "python" / "botocore" / "data").iterdir() if path.is_dir()}

    assert services == {"dynamodb", "events", "secretsmanager"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_on_the_layer_alone(layer: Path, function: str) -> None:
    """Nothing that it imports is missing from what ships."""
    outcome = subprocess.run(
        # -S: without the packages that happen to be installed for this interpreter.
        [ministack.INTERPRETER, "-S", "-c", "import app; print(app.handler.__name__)"],
        cwd=ROOT / "functions" / function,
        env={**ENVIRONMENT, "PYTHONPATH": str(layer / "python"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (outcome.returncode, outcome.stdout) == (0, "handler\n"), outcome.stderr
