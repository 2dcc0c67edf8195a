"""Asks whether locked packages have known vulnerabilities: `python -m release.audit [--allow-unanswered]`.

pip-audit asks the JSON API of the package index. It says "No known vulnerabilities found" also if the index has no such
API, as many mirrors have none. Here only a package that the service answered for counts as audited.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from release.source import ROOT

CACHE = ROOT / ".cache" / "pip-audit"
# What ships is first. The first lock that is not answered for is the last one that is asked about.
LOCKS = (ROOT / "layers" / "edge_auth" / "requirements.txt", *sorted((ROOT / "locks").glob("*.txt")))
FOUND, UNANSWERED = 1, 2
# Seconds, for each request of pip-audit.
TIMEOUT_SECONDS = 15

# Runs pip-audit on a lock, and returns the JSON that it printed: nothing if the service failed.
Ask = Callable[[Path], str]


@dataclass(slots=True)
class Answer:
    """What the service says about one lock: a line for each vulnerability, and the packages without an answer."""

    vulnerabilities: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)


def read(printed: str) -> Answer:
    """Return what pip-audit printed. Without JSON nothing was answered."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(printed)["dependencies"]
    except ValueError:
        return Answer(unanswered=["every package"])
    answer = Answer()
    for dependency in dependencies:
        if "skip_reason" in dependency:
            answer.unanswered.append(dependency["name"])
        for found in dependency.get("vulns", []):
            fixed = ", ".join(found["fix_versions"]) or "no version"
            named = f"{dependency['name']} {dependency['version']}"
            answer.vulnerabilities.append(f"{named}: {found['id']}, fixed in {fixed}")
    return answer


def ask(lock: Path) -> str:
    """Run pip-audit, which belongs to the environment of this command."""
    options = ["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off", "--desc", "off"]
    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", *options),
            *("--timeout", str(TIMEOUT_SECONDS), "--cache-dir", CACHE, "--requirement", lock),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return outcome.stdout


def main(arguments: list[str], ask: Ask = ask) -> int:
    """Print a line for each vulnerability, or one line about what was not answered.

    Returns 1 if there is a vulnerability, 2 if packages were not audited (0 with `--allow-unanswered`), otherwise 0.
    """
    outcome = 0
    for lock in LOCKS:
        answer, name = read(ask(lock)), lock.relative_to(ROOT)
        for line in answer.vulnerabilities:
            print(f"error: {name}: {line}", file=sys.stderr)
            outcome = FOUND
        if answer.unanswered:
            count = f"{len(answer.unanswered)} of its packages, first {answer.unanswered[0]}"
            print(f"not audited: {name}: the vulnerability service has no answer about {count}", file=sys.stderr)
            return outcome or (0 if "--allow-unanswered" in arguments else UNANSWERED)
        if not answer.vulnerabilities:
            print(f"audited: {name}: no known vulnerability")
    return outcome


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
