"""Measure: `python -m benchmarks [--quick] [NAME …]`. Each benchmark writes its file under benchmarks/results/.

A benchmark is a module with two functions: `measure(quick)` returns its figures, `table(figures)` makes Markdown of
them.
"""

import argparse
import sys
import time
from importlib import import_module

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
    for name in arguments.names or BENCHMARKS:
        begin = time.monotonic()
        print(f"── {name}", flush=True)
        benchmark = import_module(f"benchmarks.{name}")
        figures = benchmark.measure(quick=arguments.quick)
        print(benchmark.table(figures))
        if arguments.quick:
            print(f"   quick: nothing written, {time.monotonic() - begin:.0f} s", flush=True)
        else:
            print(f"   {write(name, figures)}, {time.monotonic() - begin:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
