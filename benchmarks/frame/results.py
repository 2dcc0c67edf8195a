"""The benchmarks and their results: as JSON, with the date, the machine and the versions, and as tables in Markdown.

A benchmark is a module with two functions: `measure(quick=...)` returns its figures, and `table(figures)` returns them
as Markdown.
"""

import json
import os
import platform
import ssl
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks" / "results"
PACKAGES = ("authlib", "aws-lambda-powertools", "boto3", "botocore", "cryptography", "joserfc", "moto", "pyjwt")

# The benchmarks by name, in the order in which `make bench` runs them.
BENCHMARKS = {
    "token_checks": "benchmarks.tokens.checks",
    "starts": "benchmarks.starts.starts",
    "start_parts": "benchmarks.starts.parts",
    "requests": "benchmarks.requests.operations",
    "growth": "benchmarks.load.growth",
    "throughput": "benchmarks.load.throughput",
    "imports": "benchmarks.load.imports",
    "login_times": "benchmarks.requests.login_times",
    "imported_login_times": "benchmarks.requests.imported_login_times",
    "account_times": "benchmarks.requests.account_times",
    "sign_in_times": "benchmarks.requests.sign_in_times",
    "mail_times": "benchmarks.requests.mail_times",
    "two_regions": "benchmarks.costs.two_regions",
    "rotation_rules": "benchmarks.costs.rotation_rules",
}

Figures = Mapping[str, Any]


def benchmark(name: str) -> ModuleType:
    """Return the module of a benchmark. Raises KeyError."""
    return import_module(BENCHMARKS[name])


def write(name: str, figures: Figures) -> Path:
    """Write a benchmark's figures, and return the path of the file."""
    described = ["git", "describe", "--always", "--dirty"]
    packages = {package: version(package) for package in PACKAGES}
    result = {
        "benchmark": name,
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        "commit": subprocess.run(described, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip(),
        "machine": machine(),
        "versions": {"python": platform.python_version(), "openssl": ssl.OPENSSL_VERSION, **packages},
        "figures": figures,
    }
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def read(name: str) -> dict[str, Any]:
    """Return a written result. Raises FileNotFoundError."""
    result: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return result


def markdown(head: Iterable[object], rows: Iterable[Iterable[object]], *, rule: str = "---") -> str:
    """Return a table. `rule` is the text under each name of the head."""
    names = list(head)
    lines = [f"| {' | '.join(map(str, row))} |" for row in (names, *rows)]
    lines.insert(1, f"|{'|'.join([rule] * len(names))}|")
    return "\n".join(lines)


def machine() -> dict[str, str | int]:
    """Return what this machine is."""
    # On Linux, Python itself knows only the processor's family.
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return {
        "processor": next(names, platform.processor()),
        "architecture": platform.machine(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
    }
