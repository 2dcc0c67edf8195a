"""Scripts in the environment of the locked SAM CLI."""

import json
import subprocess
from typing import Any

from tests.support.template import ROOT

PYTHON = ROOT / ".tools" / "sam" / "bin" / "python"


def printed(script: str, *arguments: str, given: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return what a script prints as JSON. It reads `given` as JSON.

    Raises:
        subprocess.CalledProcessError: the script has failed.

    """
    outcome = subprocess.run(
        [PYTHON, "-c", script, *arguments],
        cwd=ROOT,
        env={"AWS_DEFAULT_REGION": "us-east-1", "PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "bytecode")},
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(outcome.stdout)
