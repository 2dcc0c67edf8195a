"""AWS's own verifier for Node, compared with Node's own check of the signature. Both run in one Node process."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.frame.processes import output_of
from benchmarks.frame.results import ROOT
from benchmarks.frame.samples import BATCH_MS, compared
from benchmarks.tokens.libraries import bad_tokens, example_claims
from edge_auth.keys.jwk import ACCESS_TOKEN_TYPE
from edge_auth.keys.signing_key import SigningKey
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS
from edge_auth.tokens.access_token import issue

LIBRARY = "aws-jwt-verify"
REFERENCE = "Node's crypto, the signature alone"
NODE = ROOT / ".tools" / "node" / "bin" / "node"
PACKAGES = ROOT / "tests" / "e2e" / "verifiers" / "node_modules"
SCRIPT = Path(__file__).with_suffix(".mjs")


def is_installed() -> bool:
    """Return whether Node and the library are installed. Their installation needs access to Node's package index."""
    return NODE.exists() and (PACKAGES / LIBRARY).exists()


def verification(keys: Mapping[str, SigningKey], rounds: int) -> dict[str, dict[str, Any]]:
    """Return the times of the library and the reference. Raises RuntimeError: a token is wrongly taken or refused."""
    claims = example_claims()
    good = {alg: issue(claims, key) for alg, key in keys.items()}
    algorithms = {
        alg: {"jwk": key.public_jwk(), "good": good[alg], "bad": list(bad_tokens(key, good[alg]).values())}
        for alg, key in keys.items()
    }
    expected = {"audience": claims.aud, "issuer": claims.iss, "type": ACCESS_TOKEN_TYPE}
    order = {**expected, "leewaySeconds": EXPIRY_LEEWAY_SECONDS, "batchMs": BATCH_MS, "rounds": rounds}
    times_of, _ = output_of([NODE, SCRIPT, PACKAGES], text=json.dumps({**order, "algorithms": algorithms}))
    names = {"reference": REFERENCE, LIBRARY: f"{LIBRARY}, on Node"}
    return {
        alg: compared({name: times[theirs] for theirs, name in names.items()}, REFERENCE)
        for alg, times in json.loads(times_of).items()
    }
