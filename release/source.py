"""What a release is made from: the version, and the commit with its date."""

import os
import subprocess
import tomllib
from pathlib import Path

from release.failure import Failure

ROOT = Path(__file__).resolve().parents[1]


def version() -> str:
    """Return the version of the project. `pyproject.toml` is its only source."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def epoch_seconds() -> int:
    """Return the time that every file of the release carries, in seconds since 1970.

    `SOURCE_DATE_EPOCH` sets it (reproducible-builds.org). Otherwise it is the date of the commit.

    Raises:
        Failure: there is no commit, or the checkout differs from it.

    """
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    if _git("status", "--porcelain"):
        raise Failure("the checkout has changes that are not committed, so the release would be of no commit")
    return int(_git("log", "-1", "--format=%ct"))


def _git(*arguments: str) -> str:
    try:
        outcome = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failure("git does not say which commit this is; set SOURCE_DATE_EPOCH to build without git") from error
    return outcome.stdout.strip()
