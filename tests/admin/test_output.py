"""Where output cannot be printed: full disks, closed pipes, other encodings; and Ctrl-C at the start."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.settings import ROOT

SAYS = "from admin.output import Output; out = Output(); [out.say('created \u0259liyev') for _ in range(3)]; "
DONE, FAILED = SAYS + "raise SystemExit(out.close(0))", SAYS + "raise SystemExit(out.close(2))"
INTERRUPTED = """\
import builtins, os, runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so do its children
load = builtins.__import__
def interrupted(name, *rest, **more):
    if name == "boto3":
        os.kill(os.getpid(), signal.SIGINT)
    return load(name, *rest, **more)
builtins.__import__ = interrupted
runpy.run_module("admin", run_name="__main__")
"""


def python(
    script: str, *, stdout: int, redirection: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a script as the command runs, with this standard output."""
    path = f"{ROOT}:{ROOT / 'layers' / 'edge_auth'}"
    command = [sys.executable, "-c", script]
    return subprocess.run(
        ["bash", "-c", f'exec "$@" {redirection}', "-", *command] if redirection else command,
        env={"PATH": os.defpath, "PYTHONPATH": path, **environment},
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )


@pytest.mark.parametrize(
    ("script", "status", "end"),
    [(DONE, 1, b"; the command itself was done"), (FAILED, 2, b"")],
    ids=["done", "failed"],
)
def test_a_full_disk_is_one_line(script: str, status: int, end: bytes) -> None:
    """The line says whether the command was done."""
    with Path("/dev/full").open("wb") as full:
        outcome = python(script, stdout=full.fileno())

    assert outcome.returncode == status
    assert outcome.stderr == (
        b"edge-auth: standard output could not be written (No space left on device)" + end + b"\n"
    )


def test_a_closed_pipe_is_one_line() -> None:
    """As in `… | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)

    outcome = python(DONE, stdout=writer)

    os.close(writer)
    assert outcome.returncode == 1
    assert outcome.stderr == (
        b"edge-auth: standard output could not be written (Broken pipe); the command itself was done\n"
    )


def test_a_closed_output_is_one_line() -> None:
    """As in `… >&-`."""
    outcome = python(DONE, stdout=subprocess.DEVNULL, redirection=">&-")

    assert outcome.returncode == 1
    assert outcome.stderr == (
        b"edge-auth: standard output could not be written (it is closed); the command itself was done\n"
    )


def test_an_error_never_goes_to_standard_output() -> None:
    """A program reads the results there, also where standard error is closed (`2>&-`)."""
    script = "from admin.output import Output; Output().tell('an error')"

    outcome = python(script, stdout=subprocess.PIPE, redirection="2>&-")

    assert (outcome.returncode, outcome.stdout) == (0, b"")


def test_a_help_that_cannot_be_printed_is_one_line() -> None:
    """The help is printed by argparse, which ignores a full disk."""
    with Path("/dev/full").open("wb") as full:
        outcome = python("from admin.command import main; raise SystemExit(main(['--help']))", stdout=full.fileno())

    assert outcome.returncode == 1
    assert outcome.stderr.startswith(b"edge-auth: standard output could not be written (No space left on device)")


@pytest.mark.parametrize(
    ("environment", "printed"),
    [
        ({"LC_ALL": "C"}, "created \u0259liyev".encode()),
        ({"LC_ALL": "xx_YY.nonsense"}, "created \u0259liyev".encode()),
        ({"PYTHONIOENCODING": "latin-1"}, b"created \\u0259liyev"),
        ({"PYTHONIOENCODING": "ascii"}, b"created \\u0259liyev"),
    ],
    ids=["C", "unknown", "Latin-1", "ASCII"],
)
def test_a_name_is_printed_in_every_locale(environment: dict[str, str], printed: bytes) -> None:
    """A terminal that cannot show a letter shows its escape."""
    outcome = python(DONE, stdout=subprocess.PIPE, **environment)

    assert (outcome.returncode, outcome.stderr) == (0, b"")
    assert outcome.stdout.splitlines() == [printed] * 3


def test_ctrl_c_while_the_sdk_is_read_is_no_traceback() -> None:
    """The process ends by the signal, as the shell expects."""
    outcome = python(INTERRUPTED, stdout=subprocess.PIPE)

    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (-signal.SIGINT, b"", b"")


def test_a_broken_installation_is_one_line() -> None:
    """Where a package is missing, the line says how to install all again."""
    script = "import runpy, sys; sys.modules['boto3'] = None; runpy.run_module('admin', run_name='__main__')"

    outcome = python(script, stdout=subprocess.PIPE)

    assert (outcome.returncode, outcome.stdout) == (1, b"")
    assert outcome.stderr.startswith(b"edge-auth: ")
    assert outcome.stderr.endswith(b"; run `make clean` in the checkout, then this command again\n")
    assert outcome.stderr.count(b"\n") == 1
