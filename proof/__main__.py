"""`python -m proof [--short] [--seed NUMBER] [NAME …]` runs proofs, prints their tables and keeps their results.

It ends with 1 if a proof breaks a promise, or counts otherwise than in its kept result of the same commit and seed. An
interrupted run goes on where it was if it is started again.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping

from benchmarks.__main__ import exit_on_signals
from benchmarks.frame.results import ROOT
from proof.frame import results
from proof.frame.results import PROOFS, Figures, MissingTool, proof
from proof.frame.run import LONG, SEED, SHORT, Memory, Run

PARTS = ROOT / ".cache" / "proof"
AMOUNTS = ("EDGE_AUTH_FUZZ_RUNS", "EDGE_AUTH_ROOMS")  # variables with which a proof tries more or less


def main() -> None:
    """Run the named proofs, or all if no name is given."""
    parser = argparse.ArgumentParser(prog="proof", description="Show what the documents promise.")
    parser.add_argument("names", nargs="*", choices=PROOFS, help="the proofs to run; default: all")
    parser.add_argument("--short", action="store_true", help="the form of `make test`; nothing is written")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed tries other things")
    arguments = parser.parse_args()
    exit_on_signals()
    size = SHORT if arguments.short else LONG
    broken = [line for name in arguments.names or PROOFS for line in run(name, size=size, seed=arguments.seed)]
    sys.exit("\n".join(["these promises are broken:", *broken]) if broken else 0)


def run(name: str, *, size: str, seed: int) -> list[str]:
    """Run a proof, print its table and what changed, and keep its result.

    A short run, one with another seed, and one with another amount keep none. Returns a line
    for each broken promise. If a tool is missing, the proof is left out, and says so.
    """
    begin = time.monotonic()
    print(f"── {name}", flush=True)
    module = proof(name)
    amounts = {key: os.environ[key] for key in AMOUNTS if key in os.environ}
    belongs_to = {"commit": results.commit(), "size": size, "seed": seed}
    memory = Memory(PARTS / f"{name}-{size}.json", {**belongs_to, "amounts": amounts})
    try:
        figures: Figures = module.prove(Run(name, size, seed, memory))
    except MissingTool as missing:
        print(f"   left out: {missing}", flush=True)
        return []
    figures = Figures(json.loads(json.dumps(figures.counts)), json.loads(json.dumps(figures.measured)))
    memory.forget()
    print(module.table(figures))
    is_kept = (size, seed) == (LONG, SEED) and not amounts
    same_as, changed = _compared(name, figures, belongs_to) if is_kept else ("", [])
    seconds = time.monotonic() - begin
    if is_kept:
        results.write(name, figures, belongs_to=belongs_to, seconds=seconds, same_as=same_as)
    print(f"   {'written' if is_kept else 'nothing written'}, {seconds:.0f} s", flush=True)
    return [f"{name}: {line}" for line in (*module.broken(figures), *changed)]


def _compared(name: str, figures: Figures, belongs_to: Mapping[str, object]) -> tuple[str, list[str]]:
    """Print the counts that are others than those of the kept result.

    Return its date and commit if all counts are the same. Otherwise return a line for each that is not, if that result
    is of the same commit: then chance or time has moved a count.
    """
    try:
        before = results.read(name)
    except FileNotFoundError:
        return "", []
    changed = results.differences(before["counts"], figures.counts)
    print(f"   the counts of {before['date']}, commit {before['commit']}: {'the same' if not changed else 'others'}")
    for line in changed:
        print(f"   {line}")
    if not changed:
        return f"{before['date']}, commit {before['commit']}", []
    is_comparable = all(before[key] == value for key, value in belongs_to.items())
    return "", [f"another count of the same commit and seed: {line}" for line in changed if is_comparable]


def without_aws(environment: dict[str, str]) -> dict[str, str]:
    """Return the environment without the shell's AWS settings, so that no proof reaches an AWS account."""
    kept = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    fixed = {"AWS_ACCESS_KEY_ID": "proof", "AWS_SECRET_ACCESS_KEY": "proof", "AWS_DEFAULT_REGION": "us-east-1"}
    files = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    return {**kept, **fixed, **files, "AWS_EC2_METADATA_DISABLED": "true"}


if __name__ == "__main__":
    replaced = without_aws(dict(os.environ))
    os.environ.clear()
    os.environ.update(replaced)
    main()
