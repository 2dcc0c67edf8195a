"""The file that says how to reach the running stack: shell assignments that only the user can read."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path


def write(path: Path, values: Mapping[str, str]) -> None:
    """Write the assignments; only the user can read and write them. A reader never sees half a file."""
    text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def remove(path: Path) -> None:
    """Remove the file if it exists."""
    path.unlink(missing_ok=True)
