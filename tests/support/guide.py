"""The steps of a guide, with their commands."""

import re
from dataclasses import dataclass
from pathlib import Path

from local.settings import ROOT

GUIDE = ROOT / "docs" / "guides" / "leaked-key.md"
ATTACH = ROOT / "docs" / "guides" / "attach.md"
STEPS = re.compile(r"^## Step by step$(.*?)^## ", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STATUS = re.compile(r"^# → (\d{3})$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """A step: its title, its commands, and the statuses that the guide promises for its calls of the API."""

    title: str
    commands: tuple[str, ...]

    @property
    def script(self) -> str:
        """All commands of the step."""
        return "".join(self.commands)

    @property
    def statuses(self) -> list[str]:
        """The statuses after the arrows."""
        return STATUS.findall(self.script)


def steps(guide: Path = GUIDE) -> list[Step]:
    """Return the steps with commands, in their order.

    Raises:
        ValueError: there is no such section.

    """
    section = STEPS.search(guide.read_text(encoding="utf-8"))
    if section is None:
        raise ValueError("the guide has no section 'Step by step'")
    parts = [part.partition("\n") for part in section[1].split("\n### ")[1:]]
    found = [Step(title, tuple(BLOCK.findall(text))) for title, _, text in parts]
    return [step for step in found if step.commands]
