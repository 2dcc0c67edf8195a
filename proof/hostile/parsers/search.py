"""Looks for inputs that make a reader raise what it does not declare, or take long.

The long form is guided by coverage (atheris, in an environment of its own), with as many inputs for each reader as
EDGE_AUTH_FUZZ_RUNS says. The files of imports, which operators choose, take up to a hundred times as long as a token,
and get half of the inputs. The short form edits what the readers read in good times. What is found is kept in
.cache/proof/findings, and named.
"""

import os
import random
import re
import subprocess
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from json import loads
from pathlib import Path
from typing import Any

from benchmarks.frame.results import ROOT, markdown
from proof.frame.results import Figures, MissingTool
from proof.frame.run import SHORT, Run
from proof.hostile.cpu import CpuTimes
from proof.hostile.parsers.byte_edits import edited
from proof.hostile.parsers.inputs import escapes
from proof.hostile.parsers.readers import READERS
from proof.hostile.parsers.seeds import seeds

PYTHON = ROOT / ".tools" / "fuzz" / "bin" / "python"
FINDINGS = ROOT / ".cache" / "proof" / "findings"
INPUTS = int(os.environ.get("EDGE_AUTH_FUZZ_RUNS", "1000000"))  # for each reader
MAX_MS = 250.0  # CPU time of an input of up to 16 KiB, with the code instrumented
_OF_IMPORTS = "import, "
_GROUP = 10  # readers that one process searches in: to instrument the code takes seconds
_COVERED = re.compile(r"cov: (\d+)")


def prove(run: Run) -> Figures:
    """Search in each reader."""
    begin, inputs = seeds(), run.amount(short=50, long=INPUTS)
    if run.size != SHORT and not PYTHON.exists():
        raise MissingTool("atheris: run `make .tools/fuzz/synced` on Linux, x86_64")
    if run.size == SHORT:
        found = run.parts(READERS, lambda name: _edit(run, name, begin[name], inputs))
    else:
        groups = _groups()
        parts = run.parts(groups, lambda group: _fuzz(run, {name: begin[name] for name in groups[group]}, inputs))
        found = {name: each for part in parts.values() for name, each in part.items()}
    counts = {name: {"inputs": each["inputs"], "findings": each["findings"]} for name, each in found.items()}
    measured = {name: {"slowest_ms": each["slowest_ms"], "covered": each["covered"]} for name, each in found.items()}
    return Figures(counts, measured)


def broken(figures: Figures) -> list[str]:
    """Return a line for each undeclared error, and for each reader that takes too long."""
    lines = [f"{name}: {line}" for name, counts in figures.counts.items() for line in counts["findings"]]
    for name, measured in figures.measured.items():
        if measured["slowest_ms"] > MAX_MS:
            lines.append(
                f"{name}: an input takes {measured['slowest_ms']:.0f} ms, and at most {MAX_MS:.0f} are allowed"
            )
    return lines


def table(figures: Figures) -> str:
    """Return a row for each reader, and the sums."""
    rows = [
        (name, f"{counts['inputs']:,}", len(counts["findings"]), *_shown(figures.measured[name]))
        for name, counts in figures.counts.items()
    ]
    inputs = sum(counts["inputs"] for counts in figures.counts.values())
    findings = sum(len(counts["findings"]) for counts in figures.counts.values())
    slowest = max(measured["slowest_ms"] for measured in figures.measured.values())
    return markdown(
        ("reader", "inputs", "undeclared errors", "slowest, ms", "branches covered"),
        [("all", f"{inputs:,}", findings, f"{slowest:.1f}", ""), *rows],
    )


def _shown(measured: Mapping[str, Any]) -> tuple[str, str]:
    return f"{measured['slowest_ms']:.1f}", f"{measured['covered']:,}" if measured["covered"] else "-"


def _edit(run: Run, name: str, begin: Sequence[bytes], inputs: int) -> dict[str, Any]:
    """Search by edits at random."""
    chance, times, findings = run.chance(name), CpuTimes(), dict[str, str]()
    for data in [*begin, *(_drawn(chance, begin) for _ in range(inputs - len(begin)))]:
        error = times.call(lambda data=data: escapes(READERS[name], data))  # type: ignore[misc]  # a default binds it
        if error is not None:
            findings.setdefault(type(error).__name__, b64encode(data).decode())
    slowest_ms = times.milliseconds()["max_ms"]
    return {"inputs": inputs, "findings": _kept(name, findings), "slowest_ms": slowest_ms, "covered": 0}


def _drawn(chance: random.Random, begin: Sequence[bytes]) -> bytes:
    return edited(chance, chance.choice(begin), chance.choice(begin))


def _groups() -> dict[str, list[str]]:
    """Return groups of readers by name. Those of imports have groups of their own."""
    others = [name for name in READERS if not name.startswith(_OF_IMPORTS)]
    imports = [name for name in READERS if name.startswith(_OF_IMPORTS)]
    groups = (names[at : at + _GROUP] for names in (others, imports) for at in range(0, len(names), _GROUP))
    return {f"{names[0]} …": names for names in groups}


def _fuzz(run: Run, begin: Mapping[str, Sequence[bytes]], inputs: int) -> dict[str, Any]:
    """Search by coverage in some readers of one kind, in another process."""
    found = {}
    if next(iter(begin)).startswith(_OF_IMPORTS):
        inputs //= 2
    with tempfile.TemporaryDirectory() as place:
        for number, given in enumerate(begin.values()):
            folder = Path(place) / str(number) / "seeds"
            folder.mkdir(parents=True)
            for each, data in enumerate(given):
                (folder / str(each)).write_bytes(data)
        command = [str(PYTHON), "-m", "proof.hostile.parsers.fuzz", place, str(inputs), str(run.seed), *begin]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        for number, name in enumerate(begin):
            report, log = Path(place) / str(number) / "report.json", Path(place) / str(number) / "log"
            said = log.read_text(encoding="utf-8", errors="replace")
            if not report.exists():
                raise RuntimeError(f"the search in {name!r} has no report: {said[-2000:]}")
            read = loads(report.read_text(encoding="utf-8"))
            covered = max(map(int, _COVERED.findall(said)), default=0)
            found[name] = {
                "inputs": inputs,
                "findings": _kept(name, read["findings"]),
                "slowest_ms": read["slowest_ms"],
                "covered": covered,
            }
    return found


def _kept(name: str, findings: Mapping[str, str]) -> list[str]:
    """Keep each input that was found, and return lines that name the error and the file."""
    lines = []
    for what, encoded in sorted(findings.items()):
        data = b64decode(encoded)
        FINDINGS.mkdir(parents=True, exist_ok=True)
        path = FINDINGS / f"{re.sub('[^a-z]+', '-', name.lower())}-{sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        lines.append(f"{what}, {len(data)} bytes: {path.relative_to(ROOT)}")
    return lines
