"""The README's examples of the API."""

import re
from dataclasses import dataclass
from pathlib import Path

from local.settings import ROOT

SECTION = re.compile(r"^## Endpoints$(.*?)^## ", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```bash\n(curl .*?)^# → (\d{3})\n```$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```bash\ncurl ", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A command and the status that the README promises for it."""

    command: str
    status: str


def examples(readme: Path = ROOT / "README.md") -> list[Example]:
    """Return the curl examples of the section "Endpoints", each with its `# → status`.

    Raises:
        ValueError: there is no such section, or one of its examples promises no status.

    """
    section = SECTION.search(readme.read_text())
    if section is None:
        raise ValueError("the README has no section Endpoints")
    found = [Example(command, status) for command, status in BLOCK.findall(section[1])]
    if len(found) != len(FENCE.findall(section[1])):
        raise ValueError("an example in the README promises no status")
    return found
