"""The vectors of Project Wycheproof: we say what their labels say, and the proof notices when we do not."""

from collections.abc import Callable

import pytest

from edge_auth.keys.jwk import verification_key
from proof.frame.run import SHORT, Run
from proof.hostile.wycheproof import agreement as proof
from proof.hostile.wycheproof.selection import FILES


def disagreements() -> list[str]:
    """Return what the proof complains of."""
    return proof.broken(proof.prove(Run("wycheproof", SHORT)))


def test_we_say_what_the_labels_say() -> None:
    """RFC 7515, RFC 7517, RFC 7518, RFC 8032: all vectors of our algorithms, but for the waived ones."""
    figures = proof.prove(Run("wycheproof", SHORT))

    assert proof.broken(figures) == []
    found = [figures.counts[file] for file in FILES]
    assert sum(counts["valid"] for counts in found) == 289
    assert sum(counts["invalid"] for counts in found) == 926
    assert sum(counts["signed too"] for counts in found) == 11
    assert len(proof.WAIVERS) == 1


KEYS, ES256, ED25519 = "json_web_key_test.json", "ecdsa_secp256r1_sha256_p1363_test.json", "ed25519_test.json"


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what leaves one file, and no waiver but those of the file of keys."""

    def leave(file: str) -> None:
        monkeypatch.setattr(proof, "FILES", {file: FILES[file]})
        monkeypatch.setattr(proof, "WAIVERS", proof.WAIVERS if file == KEYS else {})

    return leave


def test_a_short_rsa_key_would_be_noticed(only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7518 §3.3."""
    only(KEYS)
    assert disagreements() == []
    monkeypatch.setattr("edge_auth.keys.jwk.MIN_RSA_BITS", 1024)

    assert disagreements() == ["json_web_key 8 is invalid, and we say valid"]


def test_a_signature_that_is_not_checked_would_be_noticed(
    only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then each invalid one that is well-formed would be taken."""
    only(ED25519)
    assert disagreements() == []
    monkeypatch.setattr(proof, "verification_key", lambda jwk: verification_key(jwk)._replace(check=lambda *_: None))

    assert len(disagreements()) == 63


def test_a_signature_of_another_size_would_be_noticed(
    only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 7518 §3.4: 64 bytes."""
    only(ES256)
    assert disagreements() == []
    monkeypatch.setattr("edge_auth.keys.jwk.ES256_SIGNATURE_BYTES", 70)

    assert len(disagreements()) > 100


def test_a_waiver_that_nothing_needs_is_noticed(only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a mended fault does not stay waived."""
    only(KEYS)
    monkeypatch.setattr(proof, "WAIVERS", {**proof.WAIVERS, "ed25519 1": "none"})

    assert disagreements() == ["there is a waiver that no vector needs"]
