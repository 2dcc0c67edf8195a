"""The proofs and their results: as JSON, with the date, the machine, the commit, the size and the seed.

A proof is a module with three functions. `prove(run)` returns Figures. `broken(figures)` returns a sentence for each
promise that the figures break, and none if all hold. `table(figures)` returns the figures as Markdown.
"""

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType
from typing import Any

from benchmarks.frame.results import ROOT, machine

FOLDER = ROOT / "proof" / "results"
MADE = ("proof/results", "docs/proof.md")  # what proofs and `make figures` write
CODE = ("*.py", "*.toml", "*.yaml", "*.json", "*.mjs", "*.js")

# The proofs by name, in the order in which `make prove` runs them.
PROOFS: Mapping[str, str] = {
    "state_machine": "proof.machine.state_machine",
    "races": "proof.races.races",
    "faults": "proof.faults.grid",
    "dropped_answers": "proof.faults.dropped_answers",
    "mutated_access_tokens": "proof.hostile.mutated_access_tokens",
    "mutated_refresh_tokens": "proof.hostile.mutated_refresh_tokens",
    "mutated_proofs": "proof.hostile.mutated_proofs",
    "other_libraries": "proof.hostile.other_libraries",
    "ceremonies": "proof.hostile.ceremonies",
    "wycheproof": "proof.hostile.wycheproof.agreement",
    "generated_requests": "proof.hostile.generated_requests",
    "worst_inputs": "proof.hostile.worst_inputs",
    "parsers": "proof.hostile.parsers.search",
    "peers": "proof.peers.comparison",
    "planted_thefts": "proof.peers.planted_thefts",
    "no_secrets": "proof.secrets.no_secrets",
    "ten_minutes": "proof.outages.ten_minutes",
    "outages": "proof.outages.drills",
    "soak": "proof.outages.soak",
    "mutants": "proof.mutants.mutation",
}


class MissingTool(Exception):
    """Something that a proof needs is not on this machine. The text says what, and how to get it."""


@dataclass(frozen=True)
class Figures:
    """What a proof found. `counts` are the same in every run with the same seed; `measured` are times and sizes."""

    counts: Mapping[str, Any]
    measured: Mapping[str, Any] = field(default_factory=dict)


def proof(name: str) -> ModuleType:
    """Return the module of a proof. Raises KeyError."""
    return import_module(PROOFS[name])


def commit() -> str:
    """Return the commit of the files, with `-dirty-` and a digest of the changes if they have changed since.

    Results, and the page that is made from them, are no such changes: a proof would change them for the next one. New
    files of code are changes.
    """
    described = _git("describe", "--always").decode().strip()
    others = tuple(f":(exclude){path}" for path in MADE)
    changes = _git("diff", "HEAD", "--", ".", *others)
    new = _git("ls-files", "--others", "--exclude-standard", "-z", "--", *CODE, *others).decode()
    for path in new.split("\0")[:-1]:
        changes += path.encode() + (ROOT / path).read_bytes()
    return f"{described}-dirty-{hashlib.sha256(changes).hexdigest()[:8]}" if changes else described


def _git(*arguments: str) -> bytes:
    return subprocess.run(("git", *arguments), cwd=ROOT, capture_output=True, check=False).stdout


def write(name: str, figures: Figures, *, belongs_to: Mapping[str, Any], seconds: float, same_as: str) -> None:
    """Write the result of a proof. `belongs_to` has commit, size and seed.

    `same_as` is the date and the commit of the run before it, if that has counted the same, or empty.
    """
    result = {
        "proof": name,
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        **belongs_to,
        "machine": machine(),
        "python": platform.python_version(),
        "seconds": round(seconds),
        "same_as": same_as,
        **asdict(figures),
    }
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def read(name: str) -> dict[str, Any]:
    """Return a written result. Raises FileNotFoundError."""
    result: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return result


def differences(before: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> list[str]:
    """Return a line for each count that is another one now."""
    lines = []
    for name in {**before, **now}:
        old, new, where = before.get(name), now.get(name), f"{path}{name}"
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            lines += differences(old, new, f"{where}.")
        elif old != new:
            lines.append(f"{where}: {old} before, {new} now")
    return lines
