"""The client for browsers passes its own tests, which Node's test runner runs, and its types hold.

Node and the packages are missing only if the npm registry could not be reached. Then the tests are skipped outside CI.
"""

import os
import re
import subprocess

import pytest

from local.settings import ROOT

CLIENT = ROOT / "clients" / "js"
NODE = ROOT / ".tools" / "node" / "bin" / "node"
PACKAGES = CLIENT / "node_modules"
FILES = sorted(path.name for path in (CLIENT / "tests").glob("*.test.js"))
COUNT = re.compile(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", re.MULTILINE)

pytestmark = pytest.mark.skipif(
    not (PACKAGES / "typescript").exists() and "CI" not in os.environ, reason="its packages could not be fetched"
)


def node(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Node in the folder of the client."""
    return subprocess.run([str(NODE), *arguments], cwd=CLIENT, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize("name", FILES)
def test_the_tests_of_the_client_pass(name: str) -> None:
    """Every test of the file has run and has passed. A file without tests does not count."""
    outcome = node("--test", "--test-reporter=tap", f"tests/{name}")
    counts = {word: int(count) for word, count in COUNT.findall(outcome.stdout)}

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert counts.pop("pass") > 0
    assert set(counts.values()) == {0}, outcome.stdout


def test_the_types_of_the_client_hold() -> None:
    """An app that uses everything passes TypeScript's strict check, and so does the code of the client itself."""
    outcome = node("node_modules/typescript/bin/tsc", "--project", "tests/tsconfig.json")

    assert outcome.returncode == 0, outcome.stdout
