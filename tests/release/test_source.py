"""A release is made from a commit, and every place names its version."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from release import source
from release.failure import Failure
from tests.support.template import ROOT, template

GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with one commit of 2026-09-21, in the place of this one."""
    monkeypatch.setattr(source, "ROOT", tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "1790000000 +0000")
    (tmp_path / "file").write_text("first\n")
    for command in (["init", "--quiet"], ["add", "file"], ["commit", "--quiet", "--message", "First"]):
        subprocess.run([*GIT, *command], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.usefixtures("checkout")
def test_the_time_of_a_release_is_the_date_of_its_commit() -> None:
    """Everyone who builds the commit gets the same time."""
    assert source.epoch_seconds() == 1_790_000_000


def test_changes_that_are_not_committed_are_refused(checkout: Path) -> None:
    """Nobody else could build such a release."""
    (checkout / "file").write_text("changed\n")

    with pytest.raises(Failure, match="not committed"):
        source.epoch_seconds()


def test_source_date_epoch_stands_for_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever builds from an archive of the source has no git. Without both there is a message."""
    monkeypatch.setattr(source, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234567890")
    assert source.epoch_seconds() == 1_234_567_890

    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    with pytest.raises(Failure, match="SOURCE_DATE_EPOCH"):
        source.epoch_seconds()


def read_json(name: str) -> dict[str, Any]:
    """Return a JSON document of the repository."""
    document: dict[str, Any] = json.loads((ROOT / name).read_text(encoding="utf-8"))
    return document


def test_every_place_names_the_version_of_pyproject() -> None:
    """One release is all of these together."""
    version = source.version()

    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert template()["Metadata"]["AWS::ServerlessRepo::Application"]["SemanticVersion"] == version
    assert yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))["info"]["version"] == version
    assert read_json("clients/js/package.json")["version"] == version
    assert read_json("clients/js/package-lock.json")["version"] == version
