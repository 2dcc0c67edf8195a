"""The layer as it is deployed: built by `sam build`, zipped by SAM, and unpacked as Lambda has it under /opt."""

import compileall
import os
import shutil
import sys
import time
import zipfile
from pathlib import Path

from benchmarks.frame.processes import MissingTool, output_of
from benchmarks.frame.results import ROOT

RESOURCE = "EdgeAuthLayer"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

_SAM = ROOT / ".tools" / "sam" / "bin"
# With the permissions and times of the archive that `sam deploy` uploads.
_ZIP = "import sys; from samcli.lib.package.utils import make_zip_with_lambda_permissions as make; make(*sys.argv[1:])"


def built_layer(scratch: Path) -> Path:
    """Build the layer for this machine and this interpreter. Return its `python` folder, with bytecode.

    Raises RuntimeError: the build failed; the message is the end of SAM's output.
    """
    build, archive, opt = scratch / "build", scratch / "layer", scratch / "opt"
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPYCACHEPREFIX"},
        "PATH": f"{ROOT / '.tools' / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LAYER_PYTHON": VERSION,
        "LAYER_ARCHITECTURE": "host",
        "LAYER_INTERPRETER": sys.executable,
    }
    template = ("--template-file", ROOT / "template.yaml", "--build-dir", build)
    output_of([_SAM / "sam", "build", RESOURCE, *template], env=environment)
    output_of([_SAM / "python", "-c", _ZIP, archive, build / RESOURCE], env=environment)
    with zipfile.ZipFile(archive.with_suffix(".zip")) as opened:
        for entry in opened.infolist():
            path = opened.extract(entry, opt)
            stamp = time.mktime((*entry.date_time, 0, 0, -1))
            os.utime(path, (stamp, stamp))
    return opt / "python"


def without_bytecode(folder: Path, copy: Path) -> Path:
    """Copy a folder of packages without bytecode, as SAM's own Python builder makes it."""
    return Path(shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True))


def packages(environment: str) -> Path:
    """Return the packages of an environment in .tools/, with bytecode, as pip compiles it.

    Raises MissingTool: the environment is not installed for this interpreter.
    """
    folder = ROOT / ".tools" / environment / "lib" / f"python{VERSION}" / "site-packages"
    if not folder.is_dir():
        raise MissingTool(f"{folder.relative_to(ROOT)} is not installed; `make bench` installs it")
    # make puts the developer's bytecode into another folder. Here the bytecode is measured, so it is beside its source.
    elsewhere, sys.pycache_prefix = sys.pycache_prefix, None
    try:
        compileall.compile_dir(folder, quiet=2)
    finally:
        sys.pycache_prefix = elsewhere
    return folder
