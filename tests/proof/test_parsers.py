"""The readers of what others wrote: the short search, and what it finds in a reader with a fault."""

from pathlib import Path

import pytest

from proof.frame.results import Figures, MissingTool
from proof.frame.run import LONG, SHORT, Run
from proof.hostile.parsers import search as proof
from proof.hostile.parsers.readers import READERS
from proof.hostile.parsers.seeds import seeds


def test_no_reader_raises_what_it_does_not_declare() -> None:
    """L1, L2: each of 50 readers refuses what it does not read, with its own error, and soon."""
    figures = proof.prove(Run("parsers", SHORT))

    assert proof.broken(figures) == []
    assert len(figures.counts) == 50
    assert "| all | 2,500 | 0 |" in proof.table(figures)


def test_each_reader_has_seeds() -> None:
    """Without them an edit would hardly pass the first check."""
    assert seeds().keys() == READERS.keys()
    assert all(seeds().values())


@pytest.mark.parametrize("name", [name for name in READERS if name.startswith("import, ")])
def test_each_import_begins_with_users_that_are_taken(name: str) -> None:
    """A record that is refused as a whole would lead to no other check."""
    assert all(READERS[name].read(data) for data in seeds()[name])


def test_it_finds_what_escapes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The input is kept, so that it can be tried again."""
    monkeypatch.setattr(proof, "ROOT", tmp_path)
    monkeypatch.setattr(proof, "FINDINGS", tmp_path / "findings")
    monkeypatch.setattr(proof, "READERS", {"CBOR": READERS["CBOR"]._replace(refusals=())})

    [line] = proof.broken(proof.prove(Run("parsers", SHORT)))

    assert line.startswith("CBOR: NotVerified, ")
    kept = tmp_path / line.rpartition(" ")[2]
    with pytest.raises(Exception, match=r"CBOR"):
        READERS["CBOR"].read(kept.read_bytes())


def test_a_slow_reader_breaks_the_promise() -> None:
    """The bound is for any input of up to 16 KiB."""
    counts = {"CBOR": {"inputs": 1, "findings": []}}

    [line] = proof.broken(Figures(counts, {"CBOR": {"slowest_ms": 251.0, "covered": 0}}))

    assert line == "CBOR: an input takes 251 ms, and at most 250 are allowed"


def test_the_long_search_needs_the_fuzzer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without it the proof is left out, and says so."""
    monkeypatch.setattr(proof, "PYTHON", tmp_path / "python")

    with pytest.raises(MissingTool, match="atheris"):
        proof.prove(Run("parsers", LONG))
