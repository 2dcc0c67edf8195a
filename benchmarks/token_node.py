"""AWS's own verifier for Node, beside Node's own check of the signature: in one process of Node's."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.results import ROOT
from benchmarks.turns import BATCH_MS
from edge_auth.keys.jwk import ACCESS_TOKEN_TYPE
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS

LIBRARY = "aws-jwt-verify"
REFERENCE = "reference"
NODE = ROOT / ".tools" / "node" / "bin" / "node"
PACKAGES = ROOT / "tests" / "e2e" / "verifiers" / "node_modules"
SCRIPT = Path(__file__).with_suffix(".mjs")


class Tokens(NamedTuple):
    """A public key as a JWK, a token under it that is good, and some that are not."""

    jwk: Mapping[str, str]
    good: str
    bad: Sequence[str]


def is_installed() -> bool:
    """Whether Node and the library are there: they are not where Node's index is out of reach."""
    return NODE.exists() and (PACKAGES / LIBRARY).exists()


def times(algorithms: Mapping[str, Tokens], *, issuer: str, audience: str, rounds: int) -> dict[str, Any]:
    """Return the microseconds of a call for each algorithm, of the library and of the reference; and `versions`.

    Raises:
        RuntimeError: the library refuses what is good or takes what is not.

    """
    order = {
        "algorithms": {alg: tokens._asdict() for alg, tokens in algorithms.items()},
        "audience": audience,
        "batchMs": BATCH_MS,
        "issuer": issuer,
        "leewaySeconds": EXPIRY_LEEWAY_SECONDS,
        "rounds": rounds,
        "type": ACCESS_TOKEN_TYPE,
    }
    outcome = subprocess.run(
        [NODE, SCRIPT, PACKAGES], input=json.dumps(order), capture_output=True, text=True, check=False
    )
    if outcome.returncode:
        raise RuntimeError(outcome.stderr)
    answer: dict[str, Any] = json.loads(outcome.stdout)
    return answer
