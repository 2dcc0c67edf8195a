"""The installed packages are exactly the locked ones."""

import json
import re
from pathlib import Path

import pytest

from tests.support.template import ROOT

LAYER = ROOT / "layers" / "edge_auth" / "requirements.txt"
LOCKS = (LAYER, *sorted((ROOT / "locks").glob("*.txt")))
JARS = ROOT / "locks" / "dynamodb" / "SHA256SUMS"
FOLDERS_OF_NODE = ("tests/e2e/verifiers", "clients/js", "tests/browsers", "proof/peers/servers")
REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z0-9,-]+\])?==(\S+)")


def requirements(lock: Path) -> list[str]:
    """Return the requirements of a lock, each as one line with its hashes."""
    lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    return [line for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


def versions(lock: Path) -> dict[str, str]:
    """Return the locked version of each package."""
    found = [REQUIREMENT.match(line) for line in requirements(lock)]
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_locked_by_version_and_hash(lock: Path) -> None:
    """L7: a file that an index replaces under the same name is refused."""
    assert requirements(lock)
    for line in requirements(lock):
        assert REQUIREMENT.match(line), line
        assert "--hash=sha256:" in line, line


@pytest.mark.parametrize("folder", FOLDERS_OF_NODE)
def test_every_package_of_node_is_locked_by_version_and_hash(folder: str) -> None:
    """L7: the Node libraries of the tests and of the proofs are locked too."""
    lock = json.loads((ROOT / folder / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}

    assert packages
    for name, package in packages.items():
        assert package["version"], name
        assert package["integrity"].startswith("sha512-"), name


def test_every_file_of_the_database_engine_is_locked_by_its_hash() -> None:
    """L7: Maven checks no file against a sum that we chose, so make does."""
    sums = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", JARS.read_text(encoding="utf-8"), re.MULTILINE))

    assert len(sums) == len(JARS.read_text(encoding="utf-8").splitlines()) > 0
    assert [name for name in sums.values() if name.startswith("DynamoDBLocal-")]


def test_the_tests_run_with_the_versions_that_ship() -> None:
    """Tests with other versions would prove nothing about the deployed ones."""
    tested = versions(ROOT / "locks" / "dev.txt")

    assert {name: tested.get(name) for name in versions(LAYER)} == versions(LAYER)
