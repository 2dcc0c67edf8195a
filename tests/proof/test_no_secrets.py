"""The search for secrets as a proof, with one file of tests."""

from pathlib import Path
from typing import Any

import pytest

from proof.frame.results import Figures
from proof.frame.run import LONG, SHORT, Run
from proof.secrets import no_secrets
from tests.support.template import ROOT


def test_the_tests_of_a_login_issue_secrets_and_leave_none() -> None:
    """All kinds that a login has to do with, in all places of a function."""
    figures = no_secrets.prove(Run("no_secrets", SHORT))

    assert no_secrets.broken(figures) == []
    assert figures.counts["found"] == 0
    assert {"access token", "refresh token", "password", "signing key", "MAC key"} <= figures.counts["issued"].keys()
    assert {"tables", "refusals", "the output of functions"} <= figures.counts["texts searched"].keys()
    assert min(figures.counts["texts searched"].values()) > 0
    assert "found: 0" in no_secrets.table(figures)


LEAKS = '''
"""A function that prints the password that it gets."""

from tests.support.secret_search import Secret
from tests.support.secrets_of_run import issued, wrote

def test_it():
    """Hand over as the tests of functions do."""
    issued([Secret("password", "a password of this run")])
    wrote("the output of functions", ["password={printed}"])
'''


@pytest.mark.parametrize("printed", ["a password of this run", "***"])
def test_a_leak_breaks_the_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    """The same test without the leak breaks none."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'layers' / 'edge_auth'}:{ROOT}")
    monkeypatch.setattr(no_secrets, "ROOT", tmp_path)
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["tests.support.secrets_of_run"]\n')
    (tmp_path / "test_it.py").write_text(LEAKS.format(printed=printed))

    result = no_secrets._search_after("test_it.py")
    found = {"places of what was found": [f"{kind} in {place}" for kind, place in result["found"]]}
    counts = {**found, "never issued": [], "never searched": []}

    expected = ["a secret was found: password in the output of functions"] if printed != "***" else []
    assert no_secrets.broken(Figures(counts)) == expected


def searched(tests: str) -> dict[str, Any]:
    """Return what a run finds that issues all kinds and writes into all places but one of each."""
    without = "key of the ring", "streams of the local stack"
    issued, places = (
        {name: 0 if name in without else 1 for name in names} for names in (no_secrets.KINDS, no_secrets.PLACES)
    )
    is_deployed = tests == no_secrets.DEPLOYED
    return {"issued": issued, "searched": places, "found": [], "files": 0} if is_deployed else NOTHING


NOTHING: dict[str, Any] = {"issued": {}, "searched": {}, "found": [], "files": 0}


def test_the_long_form_issues_each_kind_and_searches_each_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that issues nothing finds nothing, and shows nothing."""
    monkeypatch.setattr(no_secrets, "_search_after", searched)
    some = no_secrets.broken(no_secrets.prove(Run("no_secrets", LONG)))
    monkeypatch.setattr(no_secrets, "_search_after", lambda _tests: NOTHING)
    none = no_secrets.broken(no_secrets.prove(Run("no_secrets", LONG)))

    assert some == [
        "no secret of this kind was issued: key of the ring",
        "nothing was searched: streams of the local stack",
    ]
    assert len(none) == len(no_secrets.KINDS) + len(no_secrets.PLACES)


def test_the_table_adds_what_functions_and_the_deployed_stack_have_in_one_place() -> None:
    """Tests of both print something."""
    counts = {"issued": {}, "texts searched": {"tables": 7, "the output of the tests": 1000}, "found": 0}
    measured = {"issued on the deployed stack": {}, "texts of the deployed stack": {"the output of the tests": 3}}

    lines = no_secrets.table(Figures(counts, measured)).splitlines()

    assert "| tables | 7 |" in lines
    assert "| the output of the tests | 1,003 |" in lines


def test_a_test_that_fails_is_no_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not tried leaves no secret either."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'layers' / 'edge_auth'}:{ROOT}")
    monkeypatch.setattr(no_secrets, "ROOT", tmp_path)
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["tests.support.secrets_of_run"]\n')
    (tmp_path / "test_it.py").write_text("def test_it():\n    raise ValueError\n")

    with pytest.raises(RuntimeError, match=r"test_it\.py: a test has failed"):
        no_secrets._search_after("test_it.py")
