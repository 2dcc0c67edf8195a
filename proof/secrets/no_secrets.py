"""No secret is in any log, table, event, mail or refusal: the tests of every function issue them, and a search follows.

Each part is one file of tests. Then all secrets that it issued are searched in all that the product wrote meanwhile.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.frame.results import ROOT, markdown
from proof.frame.results import Figures
from proof.frame.run import Run, added

FUNCTIONAL = "tests/functional"
SHORT = (f"{FUNCTIONAL}/test_login.py",)
# The deployed stack is one part: its tests share it.
DEPLOYED = "tests/e2e"
LEFT_FILE = "the file "


def prove(run: Run) -> Figures:
    """Run the tests. Raises RuntimeError: a test has failed, so not everything was tried."""
    functional = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / FUNCTIONAL).glob("test_*.py"))]
    parts = {"short": SHORT, "long": (*functional, DEPLOYED)}[run.size]
    counted = run.parts(parts, _search_after)
    found = [f"{kind} in {place}" for part in counted.values() for kind, place in part["found"]]
    functions = [part for name, part in counted.items() if name != DEPLOYED]
    deployed = [part for name, part in counted.items() if name == DEPLOYED]
    return Figures(
        {
            "files of tests": len(parts),
            "issued": added(part["issued"] for part in functions),
            "texts searched": added(part["searched"] for part in functions),
            "found": len(found),
            "places of what was found": sorted(set(found)),
        },
        # How often the deployed stack is asked depends on its times.
        {
            "issued on the deployed stack": added(part["issued"] for part in deployed),
            "texts of the deployed stack": added(part["searched"] for part in deployed),
        },
    )


def broken(figures: Figures) -> list[str]:
    """Return a sentence for each kind of secret that was found in a place."""
    return [f"a secret was found: {found}" for found in figures.counts["places of what was found"]]


def table(figures: Figures) -> str:
    """Return how many secrets of each kind were issued, and below it how many texts of each place were searched."""
    issued, searched = figures.counts["issued"], figures.counts["texts searched"]
    deployed, there = (figures.measured[f"{name} the deployed stack"] for name in ("issued on", "texts of"))
    kinds = [(kind, f"{issued.get(kind, 0):,}", f"{deployed.get(kind, 0):,}") for kind in {**issued, **deployed}]
    places = [(place, f"{count:,}") for place, count in {**searched, **there}.items()]
    return "\n\n".join(
        (
            markdown(("kind of secret", "issued by functions", "issued by the deployed stack"), kinds),
            markdown(("place", "texts searched"), places),
            f"found: {figures.counts['found']}",
        )
    )


def _search_after(tests: str) -> dict[str, Any]:
    """Run tests as a run of their own, and return the result of the search at its end."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ("-q", "-n0", "-p", "no:cacheprovider", "--hypothesis-seed=1", f"--secrets-report={report}")
        # A run within a run would hand its secrets to the outer one.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("EDGE_AUTH_SECRETS")}
        outcome = subprocess.run(
            (sys.executable, "-m", "pytest", *options, tests),
            cwd=ROOT,
            env=environment | {"HYPOTHESIS_STORAGE_DIRECTORY": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        result: dict[str, Any] = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    if not result or (outcome.returncode != 0 and not result["found"]):
        raise RuntimeError(f"{tests}: a test has failed:\n{outcome.stdout[-2000:]}{outcome.stderr[-2000:]}")
    files = sum(place.startswith(LEFT_FILE) for place in result["searched"])
    searched = {place: count for place, count in result["searched"].items() if not place.startswith(LEFT_FILE)}
    return {**result, "searched": searched, "files": files}
