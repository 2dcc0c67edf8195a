"""The documented commands that write a secret: they show it to nobody else, and a failure overwrites nothing."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.template import ROOT

PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*/README.md")]
RUNBOOK = (ROOT / "docs" / "guides" / "second-factor.md").read_text(encoding="utf-8")
[COMMANDS] = re.findall(r"^```bash\n([^`]*put-secret-value[^`]*)^```$", RUNBOOK, re.MULTILINE)
# It answers as AWS's own command line, keeps what is put, and lists all arguments, as `ps` would.
AWS = """\
#!/bin/sh
echo "$@" >> arguments
case "$2 $4" in
get-secret-value\\ "$REFUSED") exit 255 ;;
get-secret-value\\ "$EMPTY") ;;
get-secret-value*) echo "key of $4" ;;
put-secret-value*) case "$6" in file://*) cp "${6#file://}" put ;; *) echo "$6" > put ;; esac ;;
esac
"""


def run(folder: Path, **environment: str) -> None:
    """Run the commands of the runbook with a fake of AWS's command line in this folder."""
    (folder / "files").mkdir()
    (folder / "aws").write_text(AWS)
    (folder / "aws").chmod(0o755)
    path = {"PATH": f"{folder}:{os.environ['PATH']}", "TMPDIR": str(folder / "files"), "REFUSED": "", "EMPTY": ""}
    subprocess.run(["bash", "-c", COMMANDS], cwd=folder, env=path | environment, check=False)


def test_the_key_of_an_earlier_stack_becomes_a_further_line(tmp_path: Path) -> None:
    """No argument of a command has a key, and no file with one stays."""
    run(tmp_path)

    assert (tmp_path / "put").read_text() == "key of NEW\nkey of OLD"
    assert "key of" not in (tmp_path / "arguments").read_text()
    assert list((tmp_path / "files").iterdir()) == []


@pytest.mark.parametrize("name", ["NEW", "OLD"])
@pytest.mark.parametrize("trouble", ["REFUSED", "EMPTY"])
def test_a_key_that_cannot_be_read_overwrites_none(tmp_path: Path, trouble: str, name: str) -> None:
    """Without the first line, the apps of all users who have enrolled since would be lost."""
    run(tmp_path, **{trouble: name})

    assert not (tmp_path / "put").exists()
    assert list((tmp_path / "files").iterdir()) == []


def test_no_documented_command_has_a_secret_among_its_arguments() -> None:
    """Every user of a machine can read the arguments of a process."""
    given = [text for page in PAGES for text in re.findall(r"--secret-string\s+(\S+)", page.read_text("utf-8"))]

    assert given
    assert [text for text in given if not text.strip("\"'").startswith("file://")] == []
