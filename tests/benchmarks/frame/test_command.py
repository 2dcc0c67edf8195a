"""The command: the results that it keeps, and the benchmarks that it leaves out."""

from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks.frame import results
from benchmarks.frame.processes import MissingTool
from benchmarks.frame.results import BENCHMARKS, benchmark


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the written figures by the name of the benchmark. No file is written."""
    written: dict[str, Any] = {}
    monkeypatch.setattr(command, "write", written.__setitem__)
    return written


def measured(monkeypatch: pytest.MonkeyPatch, *, missing: str = "") -> None:
    """Install a benchmark that counts to three, or that lacks a tool."""

    def measure(*, quick: bool) -> dict[str, int]:
        if missing:
            raise MissingTool(missing)
        return {"count": 1 if quick else 3}

    table = "| {count} |".format_map
    monkeypatch.setattr(command, "benchmark", lambda _name: SimpleNamespace(measure=measure, table=table))


def test_figures_are_printed_and_kept(
    kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name of the benchmark is the name of the result."""
    measured(monkeypatch)

    command.run("starts", quick=False)

    assert kept == {"starts": {"count": 3}}
    assert "| 3 |" in capsys.readouterr().out


def test_quick_figures_are_not_kept(
    kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Quick figures only show that a benchmark works."""
    measured(monkeypatch)

    command.run("starts", quick=True)

    assert kept == {}
    assert "quick: nothing written" in capsys.readouterr().out


def test_a_benchmark_that_lacks_a_tool_is_left_out_and_says_so(
    kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The result of another machine stays."""
    measured(monkeypatch, missing="no DynamoDB engine")

    command.run("starts", quick=False)

    assert kept == {}
    assert "left out: no DynamoDB engine" in capsys.readouterr().out


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_measures_and_has_its_result(name: str) -> None:
    """Each benchmark is a module with both functions, and has a result file."""
    module = benchmark(name)

    assert callable(module.measure)
    assert module.table(results.read(name)["figures"])


def test_every_result_is_of_a_benchmark() -> None:
    """No result of a removed benchmark is left."""
    assert {path.stem for path in results.FOLDER.iterdir()} == set(BENCHMARKS)
