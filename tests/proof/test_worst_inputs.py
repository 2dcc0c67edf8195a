"""The most expensive inputs: the short form, and what the proof finds in a reader with a fault."""

from collections.abc import Callable

import pytest

from proof.frame.results import Figures
from proof.frame.run import SHORT, Run
from proof.hostile import worst_inputs as proof
from proof.hostile.nasty import NASTY
from proof.hostile.parsers.inputs import Reader
from proof.hostile.parsers.readers import READERS


def test_each_input_is_read_or_refused_at_both_sizes() -> None:
    """Of four readers and one route. The long form asks how long it takes: a busy machine would fail that here."""
    figures = proof.prove(Run("worst_inputs", SHORT))

    assert figures.measured["slowest"].keys() == figures.counts["inputs"].keys()
    assert figures.counts["inputs"] == {
        "body, JSON": 17,
        "cookies": 6,
        "CBOR": 8,
        "HTTP answer of the store": 5,
        "POST /auth/login": 60,
    }


def test_each_reader_has_nasty_inputs() -> None:
    """A new reader needs some, too."""
    assert NASTY.keys() == READERS.keys()


def test_it_finds_a_reader_that_grows_with_the_square(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here: one that takes off a byte at a time. Copied bytes stand for time, so that no load decides."""
    copied = [0]

    def slow(data: bytes) -> None:
        while data:
            data = data[1:]
            copied[0] += len(data)

    def cost(act: Callable[[], object]) -> float:
        copied[0] = 0
        act()
        return copied[0] / 100_000

    monkeypatch.setattr(proof, "_cpu_ms", cost)
    assert proof.broken(proof.prove(Run("worst_inputs", SHORT))) == []
    monkeypatch.setitem(READERS, "CBOR", Reader(slow))

    lines = proof.broken(proof.prove(Run("worst_inputs", SHORT)))

    assert lines
    assert all(line.startswith("CBOR, ") for line in lines)


def test_what_another_program_slows_is_measured_again() -> None:
    """A pair that grows too fast once is none, and one that does so each time is named with what it costs then."""
    slowed, steep = iter((1.0, 9.0, 1.0, 2.0)), iter((1.0, 9.0) * 6)

    assert proof._pair(lambda _input: next(slowed), "half", "whole") == (1.0, 2.0)
    assert proof._pair(lambda _input: next(steep), "half", "whole") == (1.0, 9.0)
    assert next(steep, None) is None


def test_a_slow_input_breaks_the_promise() -> None:
    """The bound of a reader and of a route is one; an import may take longer, because it has a whole file."""
    slow = {"CBOR": 25.1, "POST /auth/login": 25.1, "import, csv": 25.1, "import, jsonl": 2000.1}
    slowest = {name: {"input": "x", "ms": ms, "growth": 2.0} for name, ms in slow.items()}

    lines = proof.broken(Figures({"inputs": {}}, {"slowest": slowest, "too steep": []}))

    assert [line.partition(", x")[0] for line in lines] == ["CBOR", "POST /auth/login", "import, jsonl"]
