"""Tokens judged by three libraries: the short form, and what the proof finds in a verifier with a fault."""

import pytest

from proof.frame.run import SHORT, Run
from proof.hostile import other_libraries as proof
from proof.hostile.other_libraries import JOSERFC, OURS, PYJWT


class Few(Run):
    """A run of three tokens of each class."""

    def amount(self, *, short: int, long: int) -> int:
        """Return fewer than either."""
        return min(short, long, 190)


def test_what_we_accept_they_accept() -> None:
    """The good tokens are accepted by all three, and none of the others by us alone."""
    figures = proof.prove(Run("other_libraries", SHORT))

    assert proof.broken(figures) == []
    good = [counts for name, counts in figures.counts.items() if name.startswith("good")]
    assert all(counts[judge] == counts["judged"] >= 5 for counts in good for judge in (OURS, PYJWT, JOSERFC))
    assert len(figures.counts) > 90
    assert "time: good for more than an hour" in proof.table(figures)  # a class in which they accept and we refuse


def test_it_finds_a_verifier_that_accepts_what_they_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here: a token that has expired."""
    monkeypatch.setattr("edge_auth.tokens.verifier.EXPIRY_LEEWAY_SECONDS", 10**6)

    lines = proof.broken(proof.prove(Few("other_libraries", SHORT)))

    assert [line for line in lines if line.startswith("time: expired: ")] == [
        "time: expired: we accept 3 that PyJWT refuses",
        "time: expired: we accept 3 that joserfc refuses",
    ]


def test_it_finds_a_verifier_that_refuses_good_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verifier that accepts nothing would keep the first promise."""
    monkeypatch.setattr("edge_auth.tokens.verifier.MAX_TOKEN_CHARACTERS", 9)

    lines = proof.broken(proof.prove(Few("other_libraries", SHORT)))

    assert len(lines) == 5
    assert lines[0].startswith("good: we refuse")
