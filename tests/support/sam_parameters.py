"""What the locked SAM CLI makes of the words after `--parameter-overrides`."""

from collections.abc import Sequence

from tests.support.sam_python import printed

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
    found: list[dict[str, str]] = printed(SCRIPT, given=commands)
    return found
