"""The frame of the proofs: runs that can be interrupted and repeated, and results that can be compared."""

import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from proof import __main__ as command
from proof.frame import report, results
from proof.frame.results import Figures, MissingTool
from proof.frame.run import LONG, SHORT, Memory, Run, added


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write results and parts into a new folder."""
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    monkeypatch.setattr(command, "PARTS", tmp_path / "parts")


def proving(monkeypatch: pytest.MonkeyPatch, *, accepted: int = 0, more: int = 0, missing: str = "") -> None:
    """Install a proof that counts tries, and promises that none is accepted."""

    def prove(run: Run) -> Figures:
        if missing:
            raise MissingTool(missing)
        tried = run.parts(range(3), lambda _: {"tried": run.amount(short=1, long=10) + more, "accepted": accepted})
        return Figures(added(tried.values()), {"slowest_ms": 1.5})

    module = SimpleNamespace(
        prove=prove,
        broken=lambda figures: ["something was accepted"] if figures.counts["accepted"] else [],
        table=lambda figures: "| {tried} |".format_map(figures.counts),
    )
    monkeypatch.setattr(command, "proof", lambda _name: module)


def test_a_long_run_is_kept_with_its_seed_and_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts without a seed, a date and a machine cannot be repeated."""
    proving(monkeypatch)

    assert command.run("forgeries", size=LONG, seed=1) == []

    kept = results.read("forgeries")
    assert (kept["counts"], kept["measured"]) == ({"tried": 30, "accepted": 0}, {"slowest_ms": 1.5})
    assert (kept["size"], kept["seed"], kept["proof"]) == (LONG, 1, "forgeries")
    assert kept["machine"]["cores"] >= 1


def test_a_short_run_is_not_kept(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The short form only shows that nothing is broken."""
    proving(monkeypatch)

    assert command.run("forgeries", size=SHORT, seed=1) == []

    assert "| 3 |" in capsys.readouterr().out
    with pytest.raises(FileNotFoundError):
        results.read("forgeries")


def test_a_broken_promise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command ends with it, after all proofs."""
    proving(monkeypatch, accepted=1)

    assert command.run("forgeries", size=LONG, seed=1) == ["forgeries: something was accepted"]


def test_a_missing_tool_leaves_out_one_proof(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says which tool, so that nobody takes silence for success."""
    proving(monkeypatch, missing="no Java")

    assert command.run("forgeries", size=LONG, seed=1) == []

    assert "left out: no Java" in capsys.readouterr().out


def test_a_second_run_says_whether_the_counts_are_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Times may differ; counts may not."""
    proving(monkeypatch)
    command.run("forgeries", size=LONG, seed=1)
    capsys.readouterr()

    first = results.read("forgeries")
    assert command.run("forgeries", size=LONG, seed=1) == []
    assert "the same" in capsys.readouterr().out
    second = results.read("forgeries")
    assert second["same_as"] == f"{first['date']}, commit {first['commit']}"
    assert f"seed 1 (the same counts as at {second['same_as']})" in report.source(second)
    proving(monkeypatch, accepted=2)
    command.run("forgeries", size=LONG, seed=1)
    assert "accepted: 0 before, 6 now" in capsys.readouterr().out


@pytest.mark.parametrize(("commit", "seed", "is_told"), [("a", 1, True), ("b", 1, False), ("a", 2, False)])
def test_other_counts_of_the_same_commit_and_seed_end_the_command_with_1(
    monkeypatch: pytest.MonkeyPatch, commit: str, seed: int, *, is_told: bool
) -> None:
    """Another commit or seed may count otherwise."""
    monkeypatch.setattr(sys, "argv", ["proof", "races", "--seed", str(seed)])
    monkeypatch.setattr(command, "exit_on_signals", lambda: None)
    monkeypatch.setattr(results, "commit", lambda: "a")
    proving(monkeypatch)
    command.run("races", size=LONG, seed=1)
    proving(monkeypatch, more=1)
    monkeypatch.setattr(results, "commit", lambda: commit)

    with pytest.raises(SystemExit) as ended:
        command.main()

    line = "races: another count of the same commit and seed: tried: 30 before, 33 now"
    assert ended.value.code == (f"these promises are broken:\n{line}" if is_told else 0)


@pytest.mark.parametrize(("seed", "amount"), [(2, ""), (1, "20000")])
def test_another_seed_or_amount_takes_the_place_of_no_result(
    monkeypatch: pytest.MonkeyPatch, seed: int, amount: str
) -> None:
    """The page shows what the command finds as it stands there."""
    proving(monkeypatch)
    command.run("forgeries", size=LONG, seed=1)
    before = results.read("forgeries")
    proving(monkeypatch, more=1)
    if amount:
        monkeypatch.setenv("EDGE_AUTH_FUZZ_RUNS", amount)

    assert command.run("forgeries", size=LONG, seed=seed) == []

    assert results.read("forgeries") == before


def test_two_trees_with_other_changes_are_not_the_same_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise one would take the parts of the other. What a proof writes changes nothing."""
    source, result = tmp_path / "source.py", tmp_path / "proof" / "results" / "races.json"
    result.parent.mkdir(parents=True)
    monkeypatch.setattr(results, "ROOT", tmp_path)

    def commit(code: str, counted: str) -> str:
        source.write_text(code, encoding="utf-8")
        result.write_text(counted, encoding="utf-8")
        return results.commit()

    commit("a = 1\n", "{}\n")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "Begin")):
        subprocess.run(("git", *arguments), cwd=tmp_path, check=True)

    clean, first, second = commit("a = 1\n", "{}\n"), commit("a = 2\n", "{}\n"), commit("a = 3\n", "{}\n")

    assert "dirty" not in clean
    assert first.startswith(f"{clean}-dirty-")
    assert len({clean, first, second}) == 3
    assert (commit("a = 1\n", "{ }\n"), commit("a = 2\n", "{ }\n")) == (clean, first)
    (tmp_path / "new.py").write_text("b = 1\n", encoding="utf-8")
    assert commit("a = 1\n", "{}\n").startswith(f"{clean}-dirty-")


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """Each part is kept when it is done, with what it counted."""
    path, belongs_to, acts = tmp_path / "parts.json", {"seed": 1}, []

    def act(part: str) -> dict[str, int]:
        acts.append(part)
        if acts == ["a", "b"]:
            raise KeyboardInterrupt
        return {"tried": 1}

    with pytest.raises(KeyboardInterrupt):
        Run("forgeries", LONG, memory=Memory(path, belongs_to)).parts("abc", act)
    counted = Run("forgeries", LONG, memory=Memory(path, belongs_to)).parts("abc", act)

    assert acts == ["a", "b", "b", "c"]
    assert added(counted.values()) == {"tried": 3}


def test_parts_of_another_commit_or_seed_are_done_again(tmp_path: Path) -> None:
    """What another version counted says nothing about this one."""
    Memory(tmp_path / "parts.json", {"commit": "before"}).keep("a", 1)

    assert "a" not in Memory(tmp_path / "parts.json", {"commit": "now"})


def test_chance_is_the_same_for_a_seed_and_another_for_a_purpose() -> None:
    """So a run is repeated by its seed, and no part of a proof moves another part."""
    run = Run("forgeries", LONG, seed=3)

    assert run.chance("a").random() == Run("forgeries", SHORT, seed=3).chance("a").random()
    assert len({run.chance("a").random(), run.chance("b").random(), Run("f", LONG, seed=4).chance("a").random()}) == 3


def test_a_person_sees_a_bar_and_a_file_does_not() -> None:
    """A log of an hour of redrawn bars helps nobody."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screens: list[Any] = [Terminal(), io.StringIO()]
    for screen in screens:
        Run("forgeries", SHORT, screen=screen).parts("ab", lambda _: {})

    assert "2/2" in screens[0].getvalue()
    assert screens[1].getvalue() == ""


def test_no_setting_of_an_aws_account_reaches_a_proof() -> None:
    """A proof that took a developer's credentials could write into a real account."""
    kept = command.without_aws({"AWS_PROFILE": "prod", "AWS_SESSION_TOKEN": "x", "PATH": "/bin"})

    assert "AWS_PROFILE" not in kept
    assert "AWS_SESSION_TOKEN" not in kept
    assert kept["PATH"] == "/bin"
    assert kept["AWS_ACCESS_KEY_ID"] == "proof"
