"""Write what was measured into the documents: `python -m benchmarks.report`, which is `make figures`.

In README.md and docs/, what stands between `<!-- benchmarks: NAME -->` and `<!-- end -->` is the table of that result;
`NAME.part_table` is another of the benchmark's tables. The plots go to docs/figures/.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import results

FIGURES = results.ROOT / "docs" / "figures"
_BLOCK = re.compile(
    r"(?P<begin><!-- benchmarks: (?P<name>\w+)(?:\.(?P<part>\w*table))? -->\n)(?:(?!<!-- ).)*(?P<end><!-- end -->)",
    re.DOTALL,
)
_MARKER = re.compile(r"<!-- benchmarks:.*")


class NoResult(Exception):
    """There is no result of that name yet; the message is the name."""


def documents() -> list[Path]:
    """Return every document that may have blocks."""
    return [results.ROOT / "README.md", *sorted((results.ROOT / "docs").rglob("*.md"))]


def markers(text: str) -> Iterator[str]:
    """Yield the name of the result of each block. Raises ValueError for a marker that begins no block."""
    blocks = list(_BLOCK.finditer(text))
    begun = {block.start() for block in blocks}
    for marker in _MARKER.finditer(text):
        if marker.start() not in begun:
            raise ValueError(f"no block begins with {marker[0]}")
    return (block["name"] for block in blocks)


def filled(text: str) -> str:
    """Return a document with the blocks as they are by the results; a block without a result stays as it is.

    Raises:
        ValueError: a marker that begins no block.

    """
    markers(text)
    return _BLOCK.sub(_block, text)


def table(name: str, part: str = "table") -> str:
    """Return a result's table and the line that says where it comes from. Raises NoResult."""
    result = result_of(name)
    benchmark = import_module(f"benchmarks.{name}")
    return f"{getattr(benchmark, part)(result['figures'])}\n\n{source(result)}"


def result_of(name: str) -> dict[str, Any]:
    """Return a result. Raises NoResult."""
    try:
        return results.read(name)
    except FileNotFoundError:
        raise NoResult(name) from None


def source(result: Mapping[str, Any]) -> str:
    """Return one line: when, on which machine, under which Python."""
    machine, day = result["machine"], result["date"].partition("T")[0]
    return (
        f"*`make bench BENCHMARKS={result['benchmark']}`, {day}: {machine['processor']}, {machine['cores']} cores,"
        f" {machine['memory_gib']} GiB, Python {result['versions']['python']}.*"
    )


def plot_path(name: str) -> Path:
    """Return where a plot of `plots.PLOTS` is drawn."""
    return FIGURES / f"{name.replace('.', '-')}.svg"


def plot_result(name: str) -> dict[str, Any]:
    """Return the result that a plot is drawn from. Raises NoResult."""
    return result_of(name.partition(".")[0])


def drawn_from(svg: str) -> tuple[str, str]:
    """Return the name and the date of the result that a plot was drawn from. Raises ValueError: it does not say."""
    found = [re.search(rf"<dc:{name}>\s*(.*?)\s*</dc:{name}>", svg, re.DOTALL) for name in ("source", "date")]
    if None in found:
        raise ValueError("the plot does not say what it was drawn from")
    name, date = (each[1] for each in found if each)
    return name, date


def main() -> int:
    """Write all that there are results for; say what there is none of."""
    missing: set[str] = set()
    for path in documents():
        text = path.read_text(encoding="utf-8")
        missing |= {name for name in markers(text) if not _exists(name)}
        if (new := filled(text)) != text:
            path.write_text(new, encoding="utf-8")
            print(f"written: {path.relative_to(results.ROOT)}")
    missing |= draw()
    for name in sorted(missing):
        print(f"no result: {name}, make bench BENCHMARKS={name}")
    return 0


def draw() -> set[str]:
    """Draw every plot that there is a result for; return the names of the results that are missing."""
    from benchmarks import plots  # noqa: PLC0415 - matplotlib, which only `make figures` needs

    missing = set()
    FIGURES.mkdir(parents=True, exist_ok=True)
    for name, plot in plots.PLOTS.items():
        try:
            result = plot_result(name)
        except NoResult as absent:
            missing.add(str(absent))
            continue
        if isinstance(result["figures"].get("left_out"), str):  # all of it
            continue
        plots.save(plot(result["figures"]), plot_path(name), result)
        print(f"drawn: {plot_path(name).relative_to(results.ROOT)}")
    return missing


def _block(block: re.Match[str]) -> str:
    try:
        return f"{block['begin']}{table(block['name'], block['part'] or 'table')}\n{block['end']}"
    except NoResult:
        return block[0]


def _exists(name: str) -> bool:
    return (results.FOLDER / f"{name}.json").exists()


if __name__ == "__main__":
    sys.exit(main())
