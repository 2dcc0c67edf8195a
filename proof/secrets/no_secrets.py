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
# What a run has to issue and to search. Otherwise its zero says nothing.
KINDS_OF_SHORT = (
    *("access token", "refresh token", "device token", "password", "password hash"),
    *("signing key", "MAC key", "sealing key"),
)
KINDS = (
    *KINDS_OF_SHORT,
    *("cookie", "token of a second step", "secret of an app", "recovery code", "proof of a mail", "proof of a passkey"),
    *("secret of a proxy", "key of the ring"),
)
PLACES_OF_SHORT = ("the output of functions", "the output of the tests", "refusals", "successes", "tables")
PLACES = (
    *PLACES_OF_SHORT,
    *("mails", "the event bus"),
    *(f"{what} of the local stack" for what in ("log groups", "tables", "streams", "mails", "log files")),
)


def prove(run: Run) -> Figures:
    """Run the tests. Raises RuntimeError: a test has failed, so not everything was tried."""
    functional = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / FUNCTIONAL).glob("test_*.py"))]
    parts = {"short": SHORT, "long": (*functional, DEPLOYED)}[run.size]
    counted = run.parts(parts, _search_after)
    found = [f"{kind} in {place}" for part in counted.values() for kind, place in part["found"]]
    functions = [part for name, part in counted.items() if name != DEPLOYED]
    deployed = [part for name, part in counted.items() if name == DEPLOYED]
    kinds, places = {"short": (KINDS_OF_SHORT, PLACES_OF_SHORT), "long": (KINDS, PLACES)}[run.size]
    issued, searched = (added(part[name] for part in counted.values()) for name in ("issued", "searched"))
    return Figures(
        {
            "files of tests": len(parts),
            "issued": added(part["issued"] for part in functions),
            "texts searched": added(part["searched"] for part in functions),
            "found": len(found),
            "places of what was found": sorted(set(found)),
            "never issued": [kind for kind in kinds if not issued.get(kind)],
            "never searched": [place for place in places if not searched.get(place)],
        },
        # How often the deployed stack is asked depends on its times.
        {
            "issued on the deployed stack": added(part["issued"] for part in deployed),
            "texts of the deployed stack": added(part["searched"] for part in deployed),
        },
    )


def broken(figures: Figures) -> list[str]:
    """Return a sentence for each secret in a place, each kind that was not issued, and each place without a text."""
    counts = figures.counts
    return [
        *(f"a secret was found: {found}" for found in counts["places of what was found"]),
        *(f"no secret of this kind was issued: {kind}" for kind in counts["never issued"]),
        *(f"nothing was searched: {place}" for place in counts["never searched"]),
    ]


def table(figures: Figures) -> str:
    """Return how many secrets of each kind were issued, and below it how many texts of each place were searched."""
    issued, searched = figures.counts["issued"], figures.counts["texts searched"]
    deployed, there = (figures.measured[f"{name} the deployed stack"] for name in ("issued on", "texts of"))
    kinds = [(kind, f"{issued.get(kind, 0):,}", f"{deployed.get(kind, 0):,}") for kind in {**issued, **deployed}]
    places = [(place, f"{count:,}") for place, count in added((searched, there)).items()]
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
