"""What the locked SAM CLI makes of the words after `--parameter-overrides`."""

import json
import subprocess
from collections.abc import Sequence

from tests.support.sam_transform import PYTHON
from tests.support.template import ROOT

SCRIPT = """
import json, sys
from samcli.cli.types import CfnParameterOverridesType

read = CfnParameterOverridesType().convert
json.dump([read(tuple(words), None, None) for words in json.load(sys.stdin)], sys.stdout)
"""


def parameters_of(*commands: Sequence[str]) -> list[dict[str, str]]:
    """Return the parameters that SAM reads from the words of each command.

    Raises:
        subprocess.CalledProcessError: SAM refused a word.

    """
    outcome = subprocess.run(
        [PYTHON, "-c", SCRIPT],
        cwd=ROOT,
        env={"PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "bytecode")},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, str]] = json.loads(outcome.stdout)
    return found
