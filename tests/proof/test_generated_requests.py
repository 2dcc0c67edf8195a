"""Generated requests to all operations: the short form, and what the proof finds in functions with faults."""

import pytest

from edge_auth.strict_json import json_object
from edge_auth.web.response import Response
from proof.frame import results
from proof.frame.run import SHORT, Run
from proof.hostile import generated_requests as proof
from tests.support.documented import read_document


class Every(Run):
    """A short run with each hostile body."""

    def amount(self, *, short: int, long: int) -> int:
        """Return the smaller amount: of bodies, a step of one."""
        return min(short, long)


def test_each_answer_is_in_the_document_and_none_is_stored() -> None:
    """A12: no 5xx, at any operation, for valid, invalid and hostile requests."""
    figures = proof.prove(Run("generated_requests", SHORT))

    assert proof.broken(figures) == []
    operations = sum(map(len, read_document()["paths"].values()))
    assert figures.counts["operations"] == operations > 50
    assert figures.counts["generated"]["requests"] >= operations
    assert figures.counts["bodies"]["requests"] == figures.counts["bodies"]["4xx"] >= 30
    assert "generated" in proof.table(figures)


def test_the_kept_result_has_each_operation_of_the_document() -> None:
    """An operation that is new needs a new run of the long form."""
    operations = sum(map(len, read_document()["paths"].values()))

    assert results.read("generated_requests")["counts"]["operations"] == operations


def test_it_finds_functions_with_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here: an answer that may be stored, and an exception for a body that is a JSON text. Two routes are enough."""
    document, to_event = read_document(), Response.to_event
    few = {path: document["paths"][path] for path in ("/auth/login", "/auth/sessions")}
    monkeypatch.setattr(proof, "read_document", lambda: {**document, "paths": few})

    def fragile(data: bytes) -> dict[str, object]:
        if data.startswith(b'"'):
            raise TypeError
        return json_object(data)

    def without_cache_control(response: Response) -> dict[str, object]:
        headers = {name: value for name, value in response.headers.items() if name != "Cache-Control"}
        return to_event(response._replace(headers=headers))

    monkeypatch.setattr("edge_auth.web.body.json_object", fragile)
    monkeypatch.setattr(Response, "to_event", without_cache_control)

    lines = proof.broken(proof.prove(Every("generated_requests", SHORT)))

    assert {line.split(maxsplit=2)[2] for line in lines} >= {"5xx", "not in the document", "without no-store"}
