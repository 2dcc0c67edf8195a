"""The tools that some tests need and no Python package has: which are on this machine, and how to get the others.

A run of the tests prints a line for each of them at its beginning.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.support.dynamodb import engine_of_run
from tests.support.template import ROOT

TOOLS = ROOT / ".tools"
NODE = TOOLS / "node" / "bin" / "node"
DOCKER = Path("/var/run/docker.sock")


class Tool(NamedTuple):
    """A tool, and what a run of the tests is without it."""

    name: str
    is_there: Callable[[], bool]
    without: str
    how_to_get_it: str


def chromium() -> str | None:
    """Return the path of Chromium, or of a browser that is built from it."""
    return shutil.which("chromium") or shutil.which("google-chrome")


def firefox() -> str | None:
    """Return the path of Firefox."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


def has_packages(folder: str, package: str) -> bool:
    """Return whether Node and a package for it are installed in this folder of the project."""
    return NODE.exists() and (ROOT / folder / "node_modules" / package).exists()


NPM = "where npm reaches its registry"
NEEDED = (
    Tool(
        "a DynamoDB engine",
        engine_of_run.is_available,
        "nothing races on a real engine",
        "`make test`, with `java` and `mvn` on the PATH",
    ),
    Tool(
        "Node's verifiers",
        lambda: has_packages("tests/e2e/verifiers", "aws-jwt-verify"),
        "no library for Node verifies a token",
        f"`make test`, {NPM}",
    ),
    Tool(
        "Node's packages for the client",
        lambda: has_packages("clients/js", "typescript"),
        "the tests of the client for browsers are left out",
        f"`make test`, {NPM}",
    ),
    Tool(
        "py_webauthn",
        (TOOLS / "webauthn" / "bin" / "python").exists,
        "ceremonies of passkeys are compared with one verifier less",
        "`make test`",
    ),
    Tool(
        "Lambda's runtime client",
        (TOOLS / "lambda" / "synced").exists,
        "no benchmark of starts is tried",
        "`make test`, on Linux",
    ),
    Tool(
        "SAM and MiniStack",
        lambda: all((TOOLS / name / "synced").exists() for name in ("sam", "ministack")),
        "the tests on the local stack fail",
        "`make test`",
    ),
    Tool(
        "Chromium",
        lambda: chromium() is not None,
        "nothing is tried in it",
        "`make browsers`",
    ),
    Tool(
        "Firefox and its driver",
        lambda: firefox() is not None and has_packages("tests/browsers", "puppeteer-core"),
        "nothing is tried in it",
        f"`make browsers test-browsers`, {NPM}",
    ),
    Tool(
        "a container engine",
        lambda: "DOCKER_HOST" in os.environ or DOCKER.exists(),
        "`make sam-local` is not tried",
        "installing Docker, or another one at DOCKER_HOST",
    ),
)


def lines(tools: tuple[Tool, ...] = NEEDED) -> list[str]:
    """Return a line for each tool: that it is there, or what is left out and how to get it."""
    return [f"{tool.name}: {'there' if tool.is_there() else _missing(tool)}" for tool in tools]


def _missing(tool: Tool) -> str:
    return f"missing, so {tool.without}; get it by {tool.how_to_get_it}"


def pytest_report_header() -> list[str]:
    """Print the lines once. A worker prints no header."""
    return lines()
