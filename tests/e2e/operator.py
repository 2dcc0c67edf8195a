"""The operators' command, and the users it makes."""

import subprocess
from dataclasses import dataclass, field
from typing import Protocol


class Operator(Protocol):
    """Runs `edge-auth users …` on the stack under test."""

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Return the command's outcome."""


@dataclass(frozen=True)
class Person:
    """A user of one test."""

    name: str
    password: str = field(repr=False)
