"""Checks the tag of a release and prints what changed in it: `python -m release.tag v1.2.3`."""

import sys

from release import changelog, source
from release.failure import Failure
from release.source import ROOT


def notes(tag: str) -> str:
    """Return what changed in the version of a tag.

    Raises:
        Failure: the tag is not the version of `pyproject.toml`, or `CHANGELOG.md` does not begin with it.

    """
    version = source.version()
    if tag != f"v{version}":
        raise Failure(f"the tag is {tag}, and the version in pyproject.toml is {version}")
    return changelog.notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)


def main(tag: str) -> int:
    """Print the notes; return 1 if the tag is not right."""
    try:
        print(notes(tag))
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
