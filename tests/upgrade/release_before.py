"""The checkout of an earlier commit, from the history of this repository."""

import subprocess
from pathlib import Path

from local.settings import ROOT

# Until there is a release, this is the commit from which the tests upgrade.
FIRST = "0e1b32c4386aae2cca11c6f377fbc1f0836c439d"


class NoHistory(Exception):
    """The clone has no earlier commit, as a shallow one."""


def commit_before() -> str:
    """Return the last release, or FIRST if there is none. Raises NoHistory."""
    tag = _git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^")
    commit = tag.stdout.decode().strip() or FIRST
    found = _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    if found.returncode != 0:
        raise NoHistory(f"this clone has no commit {commit}")
    return found.stdout.decode().strip()


def check_out(commit: str, folder: Path) -> None:
    """Write the files of a commit into a folder."""
    archive = _git("archive", "--format=tar", commit)
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
