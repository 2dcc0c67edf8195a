"""docs/performance.md: what it says in words of the measurements is so."""

from benchmarks.frame import results
from tests.support.template import ROOT

TEXT = " ".join((ROOT / "docs" / "performance.md").read_text(encoding="utf-8").split())
WITHOUT = ", no bytecode"


def test_what_a_start_takes_without_bytecode_is_what_was_measured() -> None:
    """Two fifths more, and almost three times as long: both are said of the medians in the table."""
    rows = {row["label"]: row for row in results.read("starts")["figures"]["rows"] if row["group"] == "ours"}
    times = {
        label: rows[label + WITHOUT]["init_ms"]["median"] / row["init_ms"]["median"]
        for label, row in rows.items()
        if label + WITHOUT in rows
    }

    assert 1.3 < times.pop("authorizer") < 1.5
    assert times.keys() == {"refresh"}
    assert 2.6 < times["refresh"] < 3
    assert (
        "the authorizer starts two fifths later, and a function that calls AWS takes almost three times as long" in TEXT
    )
