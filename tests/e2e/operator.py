"""The operators' command, and the users that it creates."""

import os
import subprocess
from dataclasses import dataclass, field
from typing import Protocol

from local import user
from local.settings import ROOT
from local.stack import Stack


class Operator(Protocol):
    """Runs `edge-auth users …` on the stack under test."""

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command, and return its outcome."""


@dataclass(frozen=True)
class Person:
    """The user of one test."""

    name: str
    password: str = field(repr=False)


def edge_auth(stack: Stack, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `./edge-auth` on this stack, with these variables besides those of its operators."""
    return subprocess.run(
        [*user.COMMAND[:-1], *arguments],
        env=user.operators_environment(stack.settings, os.environ) | environment,
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
