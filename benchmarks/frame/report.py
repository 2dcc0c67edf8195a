"""Writes the results into the documents: `python -m benchmarks.frame.report`, a part of `make figures`.

In README.md and docs/, the text between `<!-- benchmarks: NAME -->` and `<!-- end -->` is the table of that result.
`NAME.part_table` is another table of the same benchmark. The plots go to docs/figures/.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.frame import results

FIGURES = results.ROOT / "docs" / "figures"
_BLOCK = re.compile(
    r"(?P<begin><!-- benchmarks: (?P<name>\w+)(?:\.(?P<part>\w*table))? -->\n)(?:(?!<!-- ).)*(?P<end><!-- end -->)",
    re.DOTALL,
)
_MARKER = re.compile(r"<!-- benchmarks:.*")


def documents() -> list[Path]:
    """Return every document that can have blocks."""
    return [results.ROOT / "README.md", *sorted((results.ROOT / "docs").rglob("*.md"))]


def filled(text: str) -> str:
    """Return the document with its blocks filled from the results.

    Raises ValueError: a marker begins no block. Raises FileNotFoundError: a block has no result.
    """
    blocks = {block.start() for block in _BLOCK.finditer(text)}
    for marker in _MARKER.finditer(text):
        if marker.start() not in blocks:
            raise ValueError(f"no block begins with {marker[0]}")
    return _BLOCK.sub(_block, text)


def source(result: Mapping[str, Any]) -> str:
    """Return one line with the command, the date, the machine and the Python version of a result."""
    machine, day = result["machine"], result["date"].partition("T")[0]
    return (
        f"*`make bench BENCHMARKS={result['benchmark']}`, {day}: {machine['processor']}, {machine['cores']} cores,"
        f" {machine['memory_gib']} GiB, Python {result['versions']['python']}.*"
    )


def main() -> None:
    """Write every table, and draw every plot."""
    for path in documents():
        text = path.read_text(encoding="utf-8")
        if (new := filled(text)) != text:
            path.write_text(new, encoding="utf-8")
            print(f"written: {path.relative_to(results.ROOT)}")
    draw()


def draw() -> None:
    """Draw every plot."""
    from benchmarks.frame import plots  # noqa: PLC0415 - matplotlib, which only `make figures` needs

    FIGURES.mkdir(parents=True, exist_ok=True)
    for name, plot in plots.PLOTS.items():
        result, path = results.read(name), FIGURES / f"{name}.svg"
        plots.save(plot(result["figures"]), path, result)
        print(f"drawn: {path.relative_to(results.ROOT)}")


def _block(block: re.Match[str]) -> str:
    result = results.read(block["name"])
    table = getattr(results.benchmark(block["name"]), block["part"] or "table")
    return f"{block['begin']}{table(result['figures'])}\n\n{source(result)}\n{block['end']}"


if __name__ == "__main__":
    main()
