"""Builds the layer and the functions with SAM, as `make build` does, once for each processor."""

import os
import subprocess
from pathlib import Path

from release.failure import Failure
from release.source import ROOT

SAM = ROOT / ".tools" / "sam" / "bin" / "sam"


def build(architecture: str, folder: Path) -> None:
    """Build for `arm64` or `x86_64` into a folder, which then has `template.yaml` and `EdgeAuthLayer`.

    Raises:
        Failure: the build failed, or the layer has no bytecode.

    """
    outcome = subprocess.run(
        [SAM, "build", "--template-file", ROOT / "template.yaml", "--build-dir", folder],
        cwd=ROOT,
        env={**os.environ, "LAYER_ARCHITECTURE": architecture},
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode != 0:
        raise Failure(f"sam build failed:\n{outcome.stderr}")
    if not (folder / "EdgeAuthLayer" / "python" / "edge_auth" / "__pycache__").is_dir():
        raise Failure("the layer has no bytecode, which users would pay for at every cold start; install Python 3.13")
