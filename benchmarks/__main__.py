"""`python -m benchmarks [--quick] [NAME …]` runs benchmarks, prints their tables and keeps their results."""

import argparse
import signal
import sys
import time

from benchmarks.frame.processes import MissingTool
from benchmarks.frame.results import BENCHMARKS, benchmark, write


def main() -> None:
    """Run the named benchmarks, or all if no name is given."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure the figures of the documents.")
    parser.add_argument("names", nargs="*", choices=BENCHMARKS, help="the benchmarks to run; default: all")
    parser.add_argument("--quick", action="store_true", help="few rounds, nothing written: only to try it")
    arguments = parser.parse_args()
    exit_on_signals()
    for name in arguments.names or BENCHMARKS:
        run(name, quick=arguments.quick)


def run(name: str, *, quick: bool) -> None:
    """Measure, print the table, and keep the figures unless the run is quick. If a tool is missing, only say so."""
    begin = time.monotonic()
    print(f"── {name}", flush=True)
    module = benchmark(name)
    try:
        figures = module.measure(quick=quick)
    except MissingTool as missing:
        print(f"   left out: {missing}", flush=True)
        return
    print(module.table(figures))
    kept = "quick: nothing written" if quick else write(name, figures)
    print(f"   {kept}, {time.monotonic() - begin:.0f} s", flush=True)


def exit_on_signals() -> None:
    """Raise SystemExit on SIGTERM and SIGHUP, so that the child processes are ended too."""
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda number, _frame: sys.exit(128 + number))  # as a shell reports it


if __name__ == "__main__":
    main()
