"""Edited and generated ceremonies of passkeys: the short form, and what it finds in a verifier with a fault."""

from typing import Any

import pytest

from edge_auth.webauthn import ceremonies as product
from edge_auth.webauthn.client_data import check_client_data
from proof.frame.run import SHORT, Run
from proof.hostile import ceremonies as proof
from proof.hostile.ceremonies import ASSERTIONS, REGISTRATIONS
from tests.support.judged_ceremonies import ASSERTION_FAULTS, REGISTRATION_FAULTS, needs_py_webauthn

pytestmark = needs_py_webauthn


class Few(Run):
    """A run with fewer ceremonies of each kind."""

    def amount(self, *, short: int, long: int) -> int:
        """Return fewer than either."""
        return min(short, long, 40)


def test_each_edit_is_refused_and_each_ceremony_is_decided_as_the_tables_say() -> None:
    """Each fault comes up, and the table has a row for it. Good ceremonies are accepted by all three."""
    figures = proof.prove(Run("ceremonies", SHORT))

    assert proof.broken(figures) == []
    assert figures.counts[ASSERTIONS]["edited"] == {"tried": 10_000, "accepted": 0, "exceptions": 0}
    assert figures.measured[ASSERTIONS]["refused"] == 10_000
    for kind, faults in ((ASSERTIONS, ASSERTION_FAULTS), (REGISTRATIONS, REGISTRATION_FAULTS)):
        counts = figures.counts[kind]
        assert counts.keys() == {"edited", "all", *faults}
        good = counts["none"]
        assert good["judged"] == good["edge-auth"] == good["fido2"] == good["py_webauthn"] > 50
        assert counts["all"]["judged"] == 100
    assert "| registrations: crossOrigin | " in proof.table(figures)


def test_it_finds_a_verifier_that_checks_no_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then edits are accepted, and so is what another key has signed."""
    monkeypatch.setattr(product, "public_key", lambda _cose_key: lambda _signature, _signed: None)

    lines = proof.broken(proof.prove(Few("ceremonies", SHORT)))

    assert {line.partition(":")[0] for line in lines} == {"edited assertions", "assertions, another key"}


def test_it_finds_a_verifier_that_raises_another_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here: of client data that is not UTF-8. It would be answered with 500."""

    def careless(client_data: bytes, **expected: Any) -> None:  # noqa: ANN401 - passed through
        client_data.decode()
        check_client_data(client_data, **expected)

    monkeypatch.setattr(product, "check_client_data", careless)

    lines = proof.broken(proof.prove(Few("ceremonies", SHORT)))

    assert {line.partition(":")[0] for line in lines} == {"edited assertions", "edited registrations"}
