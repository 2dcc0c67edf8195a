"""The documents have the tables and plots that `make figures` writes from the measurements, unedited."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.frame import report, results

MARKER = re.compile(r"<!-- benchmarks: ([\w.]+) -->")
IMAGE = re.compile(r"figures/([\w-]+)\.svg")
RESULT: dict[str, Any] = {
    "benchmark": "token_checks",
    "date": "2026-11-21T12:00Z",
    "machine": {"processor": "Processor", "cores": 2, "memory_gib": 4},
    "versions": {"python": "3.13.0"},
    "figures": {"refused": {"expired": {"median": 55.44, "ratio": {"median": 1.217}}}},
}
REFUSED = "<!-- benchmarks: token_checks.refused_table -->"
WRITTEN = f"""\
before
{REFUSED}
| refused token, ES256 | µs | x the signature alone |
|---|---|---|
| expired | 55.4 | 1.22 |

*`make bench BENCHMARKS=token_checks`, 2026-11-21: Processor, 2 cores, 4 GiB, Python 3.13.0.*
<!-- end -->
after
"""


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with one result, in the place of the project's folder."""
    folder = tmp_path / "benchmarks" / "results"
    folder.mkdir(parents=True)
    (folder / "token_checks.json").write_text(json.dumps(RESULT), encoding="utf-8")
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setattr(results, "FOLDER", folder)
    return tmp_path


def drawn_from(path: Path) -> tuple[str, str]:
    """Return the name and the date of the result that a plot was drawn from: its metadata say so."""
    svg = path.read_text(encoding="utf-8")
    name, date = (re.search(rf"<dc:{each}>\s*(.*?)\s*</dc:{each}>", svg, re.DOTALL) for each in ("source", "date"))
    assert name is not None
    assert date is not None
    return name[1], date[1]


@pytest.mark.parametrize("path", report.documents(), ids=lambda path: path.name)
def test_documents_stand_as_the_command_writes_them(path: Path) -> None:
    """Each table between markers is exactly the table of the results."""
    text = path.read_text(encoding="utf-8")

    assert report.filled(text) == text


@pytest.mark.parametrize("path", report.documents(), ids=lambda path: path.name)
def test_each_table_stands_once_in_a_document(path: Path) -> None:
    """A second copy would be written as well, and be read as another measurement."""
    markers = MARKER.findall(path.read_text(encoding="utf-8"))

    assert [marker for marker, number in Counter(markers).items() if number > 1] == []


@pytest.mark.parametrize("path", report.documents(), ids=lambda path: path.name)
def test_plots_are_drawn_from_the_results(path: Path) -> None:
    """Each plot in a document exists and is drawn from the stored result."""
    for stem in IMAGE.findall(path.read_text(encoding="utf-8")):
        name, date = drawn_from(report.FIGURES / f"{stem}.svg")
        assert date == results.read(name)["date"], stem


def test_every_plot_is_of_its_result() -> None:
    """Each plot is drawn from the stored result, also a plot that no document shows."""
    for path in report.FIGURES.glob("*.svg"):
        name, date = drawn_from(path)
        assert date == results.read(name)["date"], path.name


@pytest.mark.parametrize("stale", ["", "| expired | 1.0 | 0.01 |\n", "nothing yet\n\n"])
@pytest.mark.usefixtures("scratch")
def test_a_block_is_the_table_and_where_it_comes_from(stale: str) -> None:
    """A block is replaced by the table and its origin, and the text around it stays."""
    document = f"before\n{REFUSED}\n{stale}<!-- end -->\nafter\n"

    assert report.filled(document) == WRITTEN
    assert report.filled(WRITTEN) == WRITTEN


@pytest.mark.usefixtures("scratch")
def test_a_block_without_a_result_is_an_error() -> None:
    """It names the file that is missing."""
    with pytest.raises(FileNotFoundError, match=r"starts\.json"):
        report.filled("<!-- benchmarks: starts -->\nsoon\n<!-- end -->\n")


@pytest.mark.parametrize(
    "document",
    [
        f"{REFUSED}\nno end",
        f"{REFUSED}\n{REFUSED}\n<!-- end -->",
        f"{REFUSED}\n<!-- table: of another kind -->\n<!-- end -->",
        "<!-- benchmarks: token_checks.measure -->\n<!-- end -->",
        "<!-- benchmarks:token_checks -->\n<!-- end -->",
    ],
    ids=["no end", "no end before the next", "no end before another", "no table", "misspelt"],
)
@pytest.mark.usefixtures("scratch")
def test_a_marker_that_begins_no_block_is_an_error(document: str) -> None:
    """A malformed marker is an error, because the command would skip its block."""
    with pytest.raises(ValueError, match="no block begins with"):
        report.filled(document)


def test_the_command_writes_every_document(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At any depth; and says which have changed."""
    guide = scratch / "docs" / "guides" / "speed.md"
    guide.parent.mkdir()
    (scratch / "README.md").write_text("no table\n", encoding="utf-8")
    guide.write_text(f"before\n{REFUSED}\n<!-- end -->\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "draw", lambda: None)

    report.main()

    assert guide.read_text(encoding="utf-8") == WRITTEN
    assert capsys.readouterr().out.splitlines() == ["written: docs/guides/speed.md"]


def test_the_report_is_read_without_matplotlib() -> None:
    """The tests' environment has none."""
    code = "import sys; from benchmarks.frame import report; sys.exit('matplotlib' in sys.modules)"

    subprocess.run([sys.executable, "-c", code], cwd=results.ROOT, check=True)
