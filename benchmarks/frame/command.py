"""Runs benchmarks, prints their tables and keeps their results under benchmarks/results/."""

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from benchmarks.frame.catalogue import BENCHMARKS, MissingTool, benchmark
from benchmarks.frame.results import write


def main() -> int:
    """Run the named benchmarks, or all if no name is given."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure the figures of the documents.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="few rounds, nothing written: only to try it")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    with raised_signals():
        for name in arguments.names or BENCHMARKS:
            run(name, quick=arguments.quick)
    return 0


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


@contextmanager
def raised_signals() -> Iterator[None]:
    """Raise SystemExit on SIGTERM and SIGHUP, so that the child processes are ended too."""
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)  # as a shell reports it
