"""The benchmarks by name, in the order in which `make bench` runs them.

A benchmark is a module with two functions: `measure(quick=...)` returns its figures, and `table(figures)` returns them
as Markdown.
"""

from importlib import import_module
from types import ModuleType

BENCHMARKS = {
    "token_checks": "benchmarks.tokens.checks",
    "starts": "benchmarks.starts.starts",
    "start_parts": "benchmarks.starts.parts",
    "requests": "benchmarks.requests.operations",
    "growth": "benchmarks.load.growth",
    "throughput": "benchmarks.load.throughput",
    "login_times": "benchmarks.requests.login_times",
    "two_regions": "benchmarks.costs.two_regions",
}


class MissingTool(Exception):
    """This machine lacks a tool that a benchmark needs. The message names the tool. The benchmark is left out."""


def benchmark(name: str) -> ModuleType:
    """Return the module of a benchmark. Raises KeyError."""
    return import_module(BENCHMARKS[name])
