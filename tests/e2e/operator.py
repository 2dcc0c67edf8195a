"""The operators' command, and the users that it creates."""

import subprocess
from dataclasses import dataclass, field
from typing import Protocol


class Operator(Protocol):
    """Runs `edge-auth users …` on the stack under test."""

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command, and return its outcome."""


@dataclass(frozen=True)
class Person:
    """The user of one test."""

    name: str
    password: str = field(repr=False)
