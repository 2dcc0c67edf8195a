"""`./edge-auth` before Python starts: from any folder, through links, and several at once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.settings import ROOT

# A stand-in for Python that says how it was called.
PYTHON = '#!/bin/sh\necho "$PWD | $PYTHONPATH | $@"\n'
MAKEFILE = """\
.venv/synced: locks/dev.txt
	@echo installing >&2
	@echo once >> installs
	@cat gate > /dev/null
	@mkdir -p .venv/bin && cp fake-python .venv/bin/python && touch $@
"""


def launch(command: Path | str, *, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """Start the command, without the variables of the make that runs the tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PIP_", "UV_"))}
    return subprocess.Popen(
        [str(command), "users", "--help"],
        cwd=cwd,
        env=inherited | {"PIP_CONFIG_FILE": os.devnull} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with the launcher, its locks, and a stand-in for Python that is not yet installed."""
    folder = tmp_path / "the checkout"
    folder.mkdir()
    shutil.copy(ROOT / "edge-auth", folder)
    shutil.copytree(ROOT / "locks", folder / "locks")
    (folder / "fake-python").write_text(PYTHON)
    (folder / "fake-python").chmod(0o755)
    return folder


@pytest.fixture
def installed(checkout: Path) -> Path:
    """Return the checkout with its stand-in installed. It has no Makefile, because nothing is left to do."""
    (checkout / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(checkout / "fake-python", checkout / ".venv" / "bin" / "python")
    (checkout / ".venv" / "synced").touch()
    return checkout


def test_the_command_works_from_any_folder(installed: Path, tmp_path: Path) -> None:
    """It runs in the operator's folder, and never takes a module from there, as `admin` of a Django project."""
    out, _ = launch(installed / "edge-auth", cwd=tmp_path).communicate()

    assert out == f"{tmp_path} | {installed}:{installed}/layers/edge_auth | -P -m admin users --help\n"


@pytest.mark.parametrize("is_relative", [False, True])
def test_the_command_works_through_links(installed: Path, tmp_path: Path, *, is_relative: bool) -> None:
    """A link in a folder of PATH, and a link to that link, find the checkout."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "first").symlink_to(
        Path("..") / "the checkout" / "edge-auth" if is_relative else installed / "edge-auth"
    )
    (bin_folder / "edge-auth").symlink_to("first" if is_relative else bin_folder / "first")

    process = launch("edge-auth", cwd=tmp_path, PATH=f"{bin_folder}:{os.environ['PATH']}", CDPATH="/")
    out, err = process.communicate()

    assert (process.returncode, err) == (0, "")
    assert f"| {installed}:{installed}/layers/edge_auth |" in out


def test_first_commands_side_by_side_install_once(checkout: Path, tmp_path: Path) -> None:
    """One command installs, and the others say that they wait."""
    (checkout / "Makefile").write_text(MAKEFILE)
    os.mkfifo(checkout / "gate")
    first = launch(checkout / "edge-auth", cwd=tmp_path)
    assert first.stderr is not None
    assert first.stderr.readline() == "installing\n"
    others = [launch(checkout / "edge-auth", cwd=tmp_path) for _ in range(2)]
    said = [other.stderr.readline() for other in others if other.stderr is not None]
    (checkout / "gate").write_text("open")

    ends = [process.communicate() for process in (first, *others)]

    assert said == ["edge-auth: waiting for another command, which installs the Python packages\n"] * 2
    assert [process.returncode for process in (first, *others)] == [0, 0, 0]
    assert all("-m admin users --help" in out for out, _ in ends)
    assert (checkout / "installs").read_text() == "once\n"


def test_an_unreachable_package_index_is_reported(checkout: Path, tmp_path: Path) -> None:
    """The message names the log by its whole path, because the operator is in another folder."""
    shutil.copy(ROOT / "Makefile", checkout)
    uv = checkout / ".tools" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text("#!/bin/sh\nexit 1\n")
    uv.chmod(0o755)

    process = launch(checkout / "edge-auth", cwd=tmp_path, PYTHON=sys.executable)
    out, err = process.communicate()

    assert (process.returncode, out) == (1, "")
    assert f"check that a package index is reachable, and read {checkout}/.tools/sync.log\n" in err
    assert err.endswith(f"edge-auth: its Python packages are not installed in {checkout}; nothing was done\n")


def test_a_missing_make_is_reported(checkout: Path, tmp_path: Path) -> None:
    """The first run needs make."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname"):
        (tools / name).symlink_to(str(shutil.which(name)))

    process = launch(checkout / "edge-auth", cwd=tmp_path, PATH=str(tools))
    _, err = process.communicate()

    assert (process.returncode, err) == (1, "edge-auth: make is not installed; the first run needs it\n")
