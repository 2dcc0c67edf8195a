"""Measure: `python -m benchmarks [--quick] [NAME …]`. Each benchmark writes its file under benchmarks/results/.

A benchmark is a module with two functions: `measure(quick)` returns its figures, `table(figures)` makes Markdown of
them.
"""

import argparse
import sys
import time
from importlib import import_module

from benchmarks.engine import raised_signals
from benchmarks.results import write

# In the order of a request's life, the quick ones first.
BENCHMARKS = ("token_checks", "starts", "start_parts", "requests", "growth", "throughput", "login_times", "two_regions")


def main() -> int:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure what the documents say.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; none is all")
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it works, not what it says")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    with raised_signals():
        for name in arguments.names or BENCHMARKS:
            run(name, quick=arguments.quick)
    return 0


def run(name: str, *, quick: bool) -> None:
    """Measure, print the table, and keep what is not quick."""
    begin = time.monotonic()
    print(f"── {name}", flush=True)
    benchmark = import_module(f"benchmarks.{name}")
    figures = benchmark.measure(quick=quick)
    print(benchmark.table(figures))
    kept = "quick: nothing written" if quick else write(name, figures)
    print(f"   {kept}, {time.monotonic() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
