"""Writes the results into docs/proof.md: `python -m proof.frame.report`, a part of `make figures`.

The text between `<!-- proof: NAME -->` and `<!-- end -->` is the table of that proof, all claims for `claims`, or the
faults that were found for `findings`. A proof whose long form nobody has run to its end says so.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.frame.results import ROOT
from proof.frame import claims, findings, results
from proof.frame.results import Figures

NO_RESULT = "*Its long form has not been run to its end yet. The short form is in `make test`.*"
PAGE = ROOT / "docs" / "proof.md"
WRITTEN: Mapping[str, Callable[[], str]] = {"claims": claims.tables, "findings": findings.table}
_BLOCK = re.compile(r"(?P<begin><!-- proof: (?P<name>\w+) -->\n)(?:(?!<!-- ).)*(?P<end><!-- end -->)", re.DOTALL)


def filled(text: str) -> str:
    """Return the page with its blocks filled. Raises KeyError: there is no such proof."""
    return _BLOCK.sub(_block, text)


def source(result: Mapping[str, Any]) -> str:
    """Return one line with the command, the date, the commit, the machine, the seed and the time of a result."""
    machine, day = result["machine"], result["date"].partition("T")[0]
    twice = f" (the same counts as at {result['same_as']})" if result.get("same_as") else ""
    return (
        f"*`make prove PROOFS={result['proof']}`, {day}, commit {result['commit']}, seed {result['seed']}{twice},"
        f" {result['seconds']:,} s: {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB,"
        f" Python {result['python']}.*"
    )


def main() -> None:
    """Write the page."""
    text = PAGE.read_text(encoding="utf-8")
    if (new := filled(text)) != text:
        PAGE.write_text(new, encoding="utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}")


def _block(block: re.Match[str]) -> str:
    if written := WRITTEN.get(block["name"]):
        return f"{block['begin']}{written()}\n{block['end']}"
    module = results.proof(block["name"])
    try:
        result = results.read(block["name"])
    except FileNotFoundError:
        return f"{block['begin']}{NO_RESULT}\n{block['end']}"
    table = module.table(Figures(result["counts"], result["measured"]))
    return f"{block['begin']}{table}\n\n{source(result)}\n{block['end']}"


if __name__ == "__main__":
    main()
