"""Edited refresh tokens: the short form of the proof, and what it finds in a product with a fault."""

import hmac
from types import SimpleNamespace

import pytest

from edge_auth.tokens import token_form
from edge_auth.tokens.token_form import Kind, TokenForm
from proof.frame.run import SHORT, Run
from proof.hostile import mutated_refresh_tokens as proof
from tests.support.token_edits import EDITS


def test_no_edited_refresh_token_is_accepted() -> None:
    """At six ways to present one, each edit is refused without a call to AWS, and each good token is taken."""
    figures = proof.prove(Run("mutated_refresh_tokens", SHORT))

    assert proof.broken(figures) == []
    assert len(figures.counts) == 6
    for counts in figures.counts.values():
        assert counts["tried"] == counts["refused"] + counts["the same token"]
        assert counts["refused"] > 90
        assert counts["good tokens taken"] == 3


class Few(Run):
    """A run of some edits."""

    def amount(self, *, short: int, long: int) -> int:
        """Return fewer than either."""
        return min(short, long, len(EDITS))


def test_it_finds_a_product_that_checks_no_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then an edit costs a read of the session, at each of the six."""
    unchecked = SimpleNamespace(digest=hmac.digest, compare_digest=lambda _mac, _other: True)
    monkeypatch.setattr("edge_auth.tokens.refresh_token.hmac", unchecked)

    lines = proof.broken(proof.prove(Few("mutated_refresh_tokens", SHORT)))

    assert sum("AWS calls" in line for line in lines) == 6
    assert any("accepted" in line for line in lines)


def test_it_finds_a_product_that_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception is answered with 503, which is no refusal."""
    read = token_form.read

    def fragile(text: str, kind: Kind) -> TokenForm:
        if "=" in text:
            raise TypeError
        return read(text, kind)

    monkeypatch.setattr(token_form, "read", fragile)

    lines = proof.broken(proof.prove(Few("mutated_refresh_tokens", SHORT)))

    assert sum("5xx" in line for line in lines) == 6
