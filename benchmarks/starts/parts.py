"""The parts of a cold start: the time of each import and of the handler's module, by the package that owns the code.

The times come from `python -X importtime`, after Lambda's runtime client is loaded. Each module's own time is the least
of several starts. The times include the work of the option itself, so the result is shares, not milliseconds.
"""

import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

from benchmarks.frame.processes import output_of
from benchmarks.frame.results import ROOT, Figures, markdown
from benchmarks.requests.deployment import planned
from benchmarks.starts.emulator import PYTHON
from benchmarks.starts.layer import built_layer, packages
from benchmarks.starts.rows import NO_FEED

FUNCTIONS = ("authorizer", "refresh", "login")
STARTS, QUICK_STARTS = 15, 2

PYTHONS = "Python's own library"
OTHERS = "others, and what was looked for and is not there"
# By the first part of a module's name.
PARTS: Mapping[str, str] = {
    "app": "app.py: compiled, and the clients and keys that it makes",
    "edge_auth": "our own modules in the layer",
    "jwt": "PyJWT",
    **dict.fromkeys(("aws_lambda_powertools", "typing_extensions"), "Powertools' Logger"),
    **dict.fromkeys(("cryptography", "_cffi_backend", "_openssl"), "cryptography"),
    **dict.fromkeys(("botocore", "urllib3", "jmespath", "dateutil", "six"), "the SDK: botocore, urllib3 and theirs"),
}
_LINE = re.compile(r"import time: +(\d+) \| +\d+ \| +(\S+)")
_MARK = "the runtime is loaded"
_SCRIPT = (
    "import sys, awslambdaric.bootstrap, awslambdaric.__main__; sys.path.insert(0, '.'); "
    f"print({_MARK!r}, file=sys.stderr); import app"
)


def measure(*, quick: bool) -> Figures:
    """Start each function several times. Return the share of each part.

    Raises MissingTool: the runtime client is not installed. Raises RuntimeError: a build or a start failed.
    """
    starts = QUICK_STARTS if quick else STARTS
    packages("lambda")
    with tempfile.TemporaryDirectory(prefix="edge-auth-parts-") as folder:
        layer = built_layer(Path(folder))
        times = {name: least(_started(name, layer) for _ in range(starts)) for name in FUNCTIONS}
    return {"starts": starts, "shares": {name: shares(modules) for name, modules in times.items()}}


def least(starts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the least time of each module, in microseconds. Other load on the machine only adds time."""
    found: dict[str, int] = {}
    for name, microseconds in chain.from_iterable(modules.items() for modules in starts):
        found[name] = min(microseconds, found.get(name, microseconds))
    return found


def shares(modules: Mapping[str, int]) -> dict[str, float]:
    """Return each part's share of the time of all modules."""
    parts: Counter[str] = Counter()
    for name, microseconds in modules.items():
        parts[part_of(name)] += microseconds
    return {part: round(count / parts.total(), 4) for part, count in parts.most_common()}


def part_of(module: str) -> str:
    """Return the part that a module belongs to."""
    package = module.partition(".")[0]
    return PARTS.get(package, PYTHONS if package in sys.stdlib_module_names else OTHERS)


def parsed(report: str) -> dict[str, int]:
    """Return each module's own microseconds from the report of `-X importtime`, after the runtime is loaded."""
    return {name: int(own) for own, name in _LINE.findall(report.partition(_MARK)[2])}


def table(figures: Figures) -> str:
    """Return the shares of each function's start. The parts are sorted by their share in the refresh, largest first."""
    shares = figures["shares"]
    parts = sorted({*PARTS.values(), PYTHONS, OTHERS}, key=lambda part: -shares["refresh"].get(part, 0))
    rows = [(part, *(f"{of_function.get(part, 0):.0%}" for of_function in shares.values())) for part in parts]
    return markdown(("part of what a start adds to an empty one", *shares), rows)


def _started(name: str, layer: Path) -> dict[str, int]:
    paths = {"PATH": os.defpath, "PYTHONPATH": str(layer), "PYTHONDONTWRITEBYTECODE": "1"}
    variables = {**planned(None).environment(name, NO_FEED), **paths, "AWS_DEFAULT_REGION": "us-east-1"}
    command = (PYTHON[0], "-X", "importtime", "-c", _SCRIPT)
    return parsed(output_of(command, cwd=ROOT / "functions" / name, env=variables)[1])
