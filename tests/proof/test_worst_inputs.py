"""The most expensive inputs: the short form, and what the proof finds in a reader with a fault."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from proof.frame.results import Figures
from proof.frame.run import SHORT, Run
from proof.hostile import costs, worst_requests
from proof.hostile import worst_inputs as proof
from proof.hostile.functions import deployed
from proof.hostile.good_requests import Good, good_requests
from proof.hostile.good_tokens import WITH_ALL
from proof.hostile.nasty import NASTY
from proof.hostile.parsers.inputs import Reader
from proof.hostile.parsers.readers import READERS
from tests.support.documented import read_document
from tests.support.http_gateway import Route
from tests.support.stack import Stack

ROUTE = "PATCH /auth/passkeys/{passkey_id}"


def test_each_input_is_read_or_refused_at_both_sizes() -> None:
    """Of four readers and two routes. The long form asks how long it takes: a busy machine would fail that here."""
    figures = proof.prove(Run("worst_inputs", SHORT))

    assert figures.measured["slowest"].keys() == figures.counts["inputs"].keys()
    assert figures.counts["inputs"] == {
        "body, JSON": 17,
        "cookies": 6,
        "CBOR": 8,
        "HTTP answer of the store": 5,
        "POST /auth/login": 67,
        ROUTE: 60,
    }
    assert figures.counts["good requests refused"] == []
    assert {name: {*answers} for name, answers in figures.counts["answers to bodies"].items()} == {
        "POST /auth/login": {"200", "400", "401"},
        ROUTE: {"400"},
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

    def cost(act: Callable[[], object], _before: object = None) -> float:
        copied[0] = 0
        act()
        return copied[0] / 100_000

    monkeypatch.setattr(costs, "cpu_ms", cost)
    assert proof.broken(proof.prove(Run("worst_inputs", SHORT))) == []
    monkeypatch.setitem(READERS, "CBOR", Reader(slow))

    lines = proof.broken(proof.prove(Run("worst_inputs", SHORT)))

    assert lines
    assert all(line.startswith("CBOR, ") for line in lines)


@pytest.mark.parametrize(("caller", "reads"), [({}, False), ({"sid": "c2Vzc2lvbiBvZiBvd25lcg"}, True)])
def test_it_finds_a_route_that_lets_nobody_in(
    monkeypatch: pytest.MonkeyPatch, caller: dict[str, str], *, reads: bool
) -> None:
    """Without a caller no body is read. With an unknown session, what a good one costs says nothing."""

    def of_nobody(stack: Stack) -> dict[Route, list[Good]]:
        return {
            route: [each._replace(caller={**each.caller, **caller} if caller else {}) for each in requests]
            for route, requests in good_requests(stack).items()
        }

    monkeypatch.setattr(costs, "cpu_ms", lambda _act, _before=None: 0.0)
    monkeypatch.setattr(worst_requests, "good_requests", of_nobody)

    lines = proof.broken(proof.prove(Run("worst_inputs", SHORT)))

    assert lines[0] == f"a good request is refused: {ROUTE}: 401"
    assert lines[1:] == ([] if reads else [f"{ROUTE} answers each body with 401, so none was read"])


def test_each_text_that_a_route_reads_is_made_long() -> None:
    """A parameter that is new in the document needs a good request that has it."""
    document = read_document()
    with deployed(Run("worst_inputs", SHORT).chance("draws"), **WITH_ALL) as stack:
        good = good_requests(stack.with_mail())

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                sent = {name for each in good[method.upper(), path] for name in texts(each.body)}
                unread = {".refresh_token"} if path == "/auth/site/step-up" else set()  # a cookie is there in its place
                assert {*documented_texts(document, schema)} - unread <= sent, path


def texts(value: object, name: str = "") -> Iterator[str]:
    """Yield the names of the texts in a body. A list has one name for all that it holds."""
    parts = (
        value.items()
        if isinstance(value, Mapping)
        else [("[]", each) for each in value]
        if isinstance(value, list)
        else ()
    )
    if isinstance(value, str):
        yield name
    for key, part in parts:
        yield from texts(part, f"{name}.{key}")


def documented_texts(document: Mapping[str, Any], schema: Mapping[str, Any], name: str = "") -> Iterator[str]:
    """Yield the names of the texts that a schema has."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("type") == "string":
        yield name
    for key, part in schema.get("properties", {}).items():
        yield from documented_texts(document, part, f"{name}.{key}")
    if "items" in schema:
        yield from documented_texts(document, schema["items"], f"{name}.[]")


def test_what_another_program_slows_is_measured_again() -> None:
    """A pair that grows too fast once is none, and one that does so each time is named with what it costs then."""
    slowed, steep = iter((1.0, 9.0, 1.0, 2.0)), iter((1.0, 9.0) * 6)

    assert costs.of_pair(lambda _input: next(slowed), "half", "whole") == (1.0, 2.0)
    assert costs.of_pair(lambda _input: next(steep), "half", "whole") == (1.0, 9.0)
    assert next(steep, None) is None


def test_a_slow_input_breaks_the_promise() -> None:
    """The bound of a reader and of a route is one; an import may take longer, because it has a whole file."""
    slow = {"CBOR": 25.1, "POST /auth/login": 25.1, "import, csv": 25.1, "import, jsonl": 2000.1}
    slowest = {name: {"input": "x", "ms": ms, "growth": 2.0} for name, ms in slow.items()}

    counts: dict[str, object] = {"inputs": {}, "answers to bodies": {}, "good requests refused": []}
    lines = proof.broken(Figures(counts, {"slowest": slowest, "too steep": []}))

    assert [line.partition(", x")[0] for line in lines] == ["CBOR", "POST /auth/login", "import, jsonl"]
