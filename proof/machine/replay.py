"""Lets a kept history happen again: `python -m proof.machine.replay .cache/state_machine/<number>.txt`.

A history that contradicts the model is kept as a script. Each line is a step, and the same script does the same.
"""

import sys
from collections import Counter
from pathlib import Path

from proof.machine.logouts import Reach
from proof.machine.machine import Machine
from proof.machine.product import product
from proof.machine.troubles import Trouble


def replay(script: str) -> Counter[str]:
    """Let the history happen, and return what was counted. Raises Contradiction, if it contradicts the model."""
    counts = Counter[str]()
    with product() as loaded:
        Machine.product, Machine.counts = loaded, counts
        exec(compile(script, "history", "exec"), {"Machine": Machine, "Reach": Reach, "Trouble": Trouble})  # noqa: S102
    return counts


if __name__ == "__main__":
    print(replay(Path(sys.argv[1]).read_text(encoding="utf-8"))["steps"], "steps without a contradiction")
