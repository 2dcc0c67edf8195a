"""Edited access tokens: the short form of the proof, and what it finds in a verifier with a fault."""

import pytest

from edge_auth import base64url
from edge_auth.keys.jwk import VerificationKey, verification_key
from proof.frame.results import Figures
from proof.frame.run import SHORT, Run
from proof.hostile import mutated_access_tokens as proof
from tests.support.access_tokens import ALGORITHMS


def test_no_edited_access_token_is_accepted() -> None:
    """Some edits give the same token again; all others are denied, in less than 5 ms of CPU time."""
    figures = proof.prove(Run("mutated_access_tokens", SHORT))

    assert proof.broken(figures) == []
    assert figures.counts.keys() == set(ALGORITHMS)
    for counts in figures.counts.values():
        assert counts["tried"] == counts["denied"] + counts["the same token"] >= 1000
        assert counts["denied"] > counts["the same token"] > 0
    assert all(algorithm in proof.table(figures) for algorithm in ALGORITHMS)


def test_it_finds_a_verifier_that_checks_no_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then an edit of the claims or of the signature is accepted."""

    def unchecked(jwk: object) -> VerificationKey:
        return verification_key(jwk)._replace(check=lambda _signature, _signed: None)

    monkeypatch.setattr("edge_auth.tokens.verifier.verification_key", unchecked)

    lines = proof.broken(proof.prove(Run("mutated_access_tokens", SHORT)))

    assert [line.split(":")[0] for line in lines if "accepted" in line] == list(ALGORITHMS)


def test_it_finds_a_verifier_that_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is not a refusal leaves the function, so API Gateway would answer 500."""
    decode = base64url.decode

    def fragile(text: str) -> bytes:
        if text.endswith("="):
            raise TypeError
        return decode(text)

    monkeypatch.setattr(base64url, "decode", fragile)

    lines = proof.broken(proof.prove(Run("mutated_access_tokens", SHORT)))

    assert any("exceptions" in line for line in lines)


def test_a_slow_check_breaks_the_promise() -> None:
    """The times are of CPU, so a machine with other work does not break it."""
    faults = dict.fromkeys(("accepted", "exceptions", "other answers", "wanted", "denied"), 0)
    times = {"p50_ms": 0.1, "p99_ms": 1.0, "max_ms": 5.0}
    assert proof.broken(Figures({"ES256": faults}, {"ES256": times})) == []

    for slow in ({"max_ms": 5.01}, {"p99_ms": 1.01}):
        [line] = proof.broken(Figures({"ES256": faults}, {"ES256": times | slow}))
        assert line.startswith("ES256: a check takes")


def test_too_few_edited_tokens_break_the_promise() -> None:
    """An edit that gives the same token again is none: the long form wants 1,000,000 others."""
    none = dict.fromkeys(("accepted", "exceptions", "other answers"), 0)
    times = {"p50_ms": 0.1, "p99_ms": 0.2, "max_ms": 0.3}

    def lines(denied: int) -> list[str]:
        counts = {**none, "wanted": proof.WANTED, "tried": 10**9, "denied": denied}
        return proof.broken(Figures({"ES256": counts}, {"ES256": times}))

    assert proof.WANTED * len(ALGORITHMS) >= 1_000_000
    assert lines(proof.WANTED) == []
    assert lines(proof.WANTED - 1) == ["ES256: 333333 edited tokens were denied, which is less than 333334"]
