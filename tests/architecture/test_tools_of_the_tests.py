"""What a run of the tests says of the tools that it needs."""

import subprocess
import sys

import pytest

from tests.support.template import ROOT
from tests.support.tools import NEEDED, Tool, lines


def test_a_missing_tool_has_a_line_that_a_person_can_act_on() -> None:
    """It says what is left out, and what brings it. The same tool, if it is there, says no more than that."""
    tool = Tool("a press", lambda: False, "nothing is printed", "`make press`")

    assert lines((tool,)) == ["a press: missing, so nothing is printed; get it by `make press`"]
    assert lines((tool._replace(is_there=lambda: True),)) == ["a press: there"]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_every_tool_is_printed_once_for_a_run(workers: str) -> None:
    """A run with several workers says it as often as a run with one."""
    command = (sys.executable, "-m", "pytest", "-n", workers, "tests/unit/test_base64url.py")
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines()

    for tool in NEEDED:
        assert len([line for line in printed if line.startswith(f"{tool.name}: ")]) == 1, tool.name
