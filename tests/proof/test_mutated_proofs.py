"""Edited proofs, device tokens, challenges and session cookies: the short form, and what it finds in a product."""

import hmac
from types import SimpleNamespace

import pytest

from edge_auth.tokens import session_token
from proof.frame.run import SHORT, Run
from proof.hostile import mutated_proofs as proof

UNCHECKED = SimpleNamespace(digest=hmac.digest, compare_digest=lambda _mac, _other: True)


def test_no_edited_token_is_accepted() -> None:
    """At twelve places each edit is refused, and each good token is taken."""
    figures = proof.prove(Run("mutated_proofs", SHORT))

    assert proof.broken(figures) == []
    assert len(figures.counts) == 12
    for counts in figures.counts.values():
        assert counts["tried"] == counts["refused"] + counts["the same token"]
        assert counts["refused"] > 20
        assert counts["good tokens taken"] > 0


def test_it_finds_each_reader_that_checks_no_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then an edit is accepted, or costs a call, at each of the places."""
    for module in ("proof_token", "device_token", "passkey_challenge", "refresh_token"):
        monkeypatch.setattr(f"edge_auth.tokens.{module}.hmac", UNCHECKED)
    monkeypatch.setattr(session_token, "check_presented", lambda _token, _session, *, now_ms: now_ms)

    figures = proof.prove(Run("mutated_proofs", SHORT))

    assert {line.partition(":")[0] for line in proof.broken(figures)} == figures.counts.keys()
