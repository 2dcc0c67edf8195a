"""Writes the software bill of materials (SBOM) of the layer: CycloneDX 1.6, from the locked requirements."""

import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from release.failure import Failure
from release.packages import Package, normal
from release.source import ROOT

TOOL = ROOT / ".tools" / "release" / "bin" / "cyclonedx-py"
LOCK = ROOT / "layers" / "edge_auth" / "requirements.txt"
SPECIFICATION = "1.6"
_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")


def requirements(lock: str, packages: Sequence[Package]) -> str:
    r"""Return the lines of a lock that are in the layer: `name==version --hash=…`, one a package.

    A lock may have more: packages for other platforms, and what the build of the layer takes out.

    Raises:
        Failure: the layer has a package, or a version, that is not locked.

    """
    joined = "\n".join(line for line in lock.splitlines() if not line.lstrip().startswith("#")).replace("\\\n", " ")
    locked = {
        (normal(match["name"]), match["version"]): f"{match[0]} {' '.join(re.findall(r'--hash=[^ ]+', line))}"
        for line in joined.splitlines()
        if (match := _REQUIREMENT.match(line))
    }
    for package in packages:
        if (package.name, package.version) not in locked:
            raise Failure(f"the layer has {package.name} {package.version}, which is not locked")
    return "".join(f"{locked[package.name, package.version]}\n" for package in packages)


def write(bill: Path, packages: Sequence[Package], epoch_seconds: int, *, validate: bool = True) -> None:
    """Write the bill, and read it again: it must name exactly the packages.

    With `validate` the tool also compares it with the schema of CycloneDX, which takes seconds.

    Raises:
        Failure: the tool failed, or the bill names others.

    """
    options = ["--sv", SPECIFICATION, "--output-reproducible", "--validate" if validate else "--no-validate"]
    outcome = subprocess.run(
        [TOOL, "requirements", "--pyproject", ROOT / "pyproject.toml", *options, "--output-file", bill, "-"],
        input=requirements(LOCK.read_text(encoding="utf-8"), packages),
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch_seconds)},
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode != 0:
        raise Failure(f"{TOOL.name} failed:\n{outcome.stderr}")
    if components(bill) != {package.name: package.version for package in packages}:
        raise Failure("the bill of materials and the layer differ")


def components(bill: Path) -> dict[str, str]:
    """Return the version of each package that a bill names."""
    document = json.loads(bill.read_text(encoding="utf-8"))
    return {normal(component["name"]): component["version"] for component in document["components"]}
