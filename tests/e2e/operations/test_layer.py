"""What ships: the layer as it was built for the stack that serves."""

import importlib.util
import json
import os
import shutil
import subprocess
import zipfile
from datetime import datetime
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from local import ministack, sam
from local.settings import ROOT
from local.stack import Stack
from release import bill, packages
from tests.support.cold_start import FUNCTIONS, PACKAGE, unconnected

# PEP 552: the flags of bytecode that is used with any times of the files; its source is not read.
UNCHECKED_HASH = (1).to_bytes(4, "little")

# Zips a folder as `sam package` and `sam deploy` do.
ZIP = """
import sys
from samcli.lib.package.utils import make_zip_with_lambda_permissions
print(make_zip_with_lambda_permissions(*sys.argv[1:]))
"""
# Imports a module, and prints the sources that were compiled for that.
COMPILED = """
import importlib, json, sys
compiled = []
sys.addaudithook(lambda name, arguments: compiled.append(str(arguments[1])) if name == "compile" else None)
importlib.import_module(sys.argv[1])
print(json.dumps(compiled))
"""


@pytest.fixture(scope="module")
def layer(stack: Stack) -> Path:
    """Return the built layer."""
    return stack.settings.home / "build" / "EdgeAuthLayer"


def test_only_the_python_folder_ships(layer: Path) -> None:
    """No Makefile, no requirements, no tests of the project."""
    assert [path.name for path in layer.iterdir()] == ["python"]
    package = layer / "python" / "edge_auth"
    assert {path.name for path in package.iterdir()} >= {"tokens", "flows", "adapters", "web", "py.typed"}


def test_every_module_has_bytecode_that_any_timestamp_leaves_valid(layer: Path) -> None:
    """SAM's zip stamps every file 1980, and /opt is read-only: bytecode checked by time would never be used."""
    modules = list((layer / "python").rglob("*.py"))

    assert len(modules) > 500
    for module in modules:
        (bytecode,) = (module.parent / "__pycache__").glob(f"{module.stem}.cpython-*.pyc")
        header = bytecode.read_bytes()[:16]
        assert header[4:8] == UNCHECKED_HASH, module
        assert header[8:16] == importlib.util.source_hash(module.read_bytes()), module


def test_the_sdk_is_trimmed_to_the_services_that_are_called(layer: Path) -> None:
    """Botocore describes 400 services."""
    services = {path.name for path in (layer / "python" / "botocore" / "data").iterdir() if path.is_dir()}

    assert services == {"dynamodb", "events", "lambda", "secretsmanager", "sesv2"}


def test_the_bill_of_materials_of_a_release_is_that_of_the_layer(layer: Path) -> None:
    """Each package whose code is in the layer has its metadata there, and nothing else has."""
    site = layer / "python"
    found = packages.installed(site)
    locked = bill.requirements(bill.LOCK.read_text(encoding="utf-8"), found)
    metadata = [Distribution.at(folder) for folder in site.glob("*.dist-info")]
    recorded = {str(file).split("/")[0] for each in metadata for file in each.files or []}
    code = {path.name for path in site.iterdir() if not path.name.endswith((".dist-info", "__pycache__"))}

    assert len(locked.splitlines()) == len(found)
    assert code - recorded == {"edge_auth"}
    for each in metadata:
        assert {str(file).split("/")[0] for file in each.files or []} & code, each.name


def as_on_lambda(folder: Path, place: Path) -> Path:
    """Return what Lambda makes of a layer: zipped by SAM, unpacked with the archive's times, and read-only."""
    python = sam.SAM.with_name("python")
    outcome = subprocess.run(
        [python, "-c", ZIP, place / "layer", folder], capture_output=True, text=True, check=True, cwd=place
    )
    opt = place / "opt"
    with zipfile.ZipFile(outcome.stdout.strip()) as archive:
        archive.extractall(opt)
        for entry in archive.infolist():
            seconds = datetime(*entry.date_time).timestamp()  # noqa: DTZ001 - an archive has the local time
            os.utime(opt / entry.filename, (seconds, seconds))
            (opt / entry.filename).chmod(0o555)
    return opt / "python"


def compiled_for(module: str, folder: Path, site: Path, **environ: str) -> list[str]:
    """Return the sources of a site that Python had to compile for one module, under these variables."""
    outcome = subprocess.run(
        [ministack.INTERPRETER, "-S", "-c", COMPILED, module],
        cwd=folder,
        env={**environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in json.loads(outcome.stdout) if name.startswith(str(site))]


@pytest.fixture(scope="module")
def opt(layer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the layer's packages as the functions find them on Lambda."""
    return as_on_lambda(layer, tmp_path_factory.mktemp("lambda"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_on_the_layer_alone_and_compiles_nothing_of_it(opt: Path, function: str) -> None:
    """What ships has all that it imports, and what was compiled when it was built is used after SAM's archive, too.

    The interpreter sees no other packages, and a start that fails raises.
    """
    assert compiled_for("app", ROOT / "functions" / function, opt, **unconnected(function)) == []


def test_bytecode_that_is_checked_by_time_would_be_of_no_use(tmp_path: Path) -> None:
    """The test above can fail: compiled the ordinary way, each module is compiled again at each start."""
    site = tmp_path / "layer-folder" / "python"
    shutil.copytree(PACKAGE, site / "edge_auth", ignore=shutil.ignore_patterns("__pycache__"))
    by_time = ("-m", "compileall", "-q", "--invalidation-mode", "timestamp", site)
    # An environment of its own: make has bytecode kept elsewhere.
    subprocess.run([ministack.INTERPRETER, *by_time], env={}, check=True)

    unpacked = as_on_lambda(site.parent, tmp_path)

    assert compiled_for("edge_auth.errors", tmp_path, site) == []
    assert str(unpacked / "edge_auth" / "errors.py") in compiled_for("edge_auth.errors", tmp_path, unpacked)
