"""The state machine of the whole product: no history contradicts the model, and the machine finds planted faults."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from proof.frame.results import Figures
from proof.frame.run import SHORT, Run
from proof.machine import state_machine
from proof.machine.model import Contradiction
from proof.machine.mutants import MUTANTS, planted
from proof.machine.replay import replay
from proof.machine.state_machine import (
    ENOUGH_IN_LONG,
    LEAST_STEPS,
    SHORT_MUTANTS,
    broken,
    find,
    prove,
    run_histories,
    table,
)


def test_no_history_contradicts_the_model() -> None:
    """Each answer is one that the model predicts, and what has to hold holds after each step."""
    figures = prove(Run("state_machine", SHORT))

    assert broken(figures) == []
    lived = figures.counts["lived"]
    assert lived["steps"] > 300
    assert lived["decisions"] > 1000
    assert "steps" in table(figures)


def test_no_history_of_another_seed_contradicts_the_model() -> None:
    """Each run of the tests has a seed of its own here. It is named if a history contradicts the model."""
    number = secrets.randbelow(2**32)

    counted = run_histories(number, 4)

    assert counted["found"] == [], f"seed {number}: .cache/state_machine/{number}.txt has the history"
    assert counted["steps"] > 100


@pytest.mark.parametrize("name", SHORT_MUTANTS)
def test_the_machine_finds_a_planted_fault(name: str) -> None:
    """A machine that finds nothing proves nothing. The long form plants every fault."""
    steps = find(name, SHORT_MUTANTS[name], 20)

    assert steps is not None


def test_a_planted_fault_is_gone_afterwards() -> None:
    """The next test has the product as it is."""
    from edge_auth.sessions import rotation_rule  # noqa: PLC0415 - to see it change

    before = rotation_rule._before_the_end.__code__
    with planted("the grace window ends a moment early"):
        assert rotation_rule._before_the_end.__code__ is not before
    assert rotation_rule._before_the_end.__code__ is before


def test_a_fault_that_cannot_be_planted_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a changed line of the product would leave a fault out, and nobody would notice."""
    moved = {"moved": (MUTANTS["a reuse ends nothing"][0]._replace(before="no such line"),)}
    monkeypatch.setattr("proof.machine.mutants.MUTANTS", moved)

    with pytest.raises(LookupError, match="no such line"), planted("moved"):
        pass


def test_a_trouble_is_counted_where_it_comes_to_pass() -> None:
    """A trouble at a request that the act does not make is none, and would make the search look wider than it is."""
    script = """
state = Machine()
state.holds()
state.log_in(earlier=0, is_right=True, transport='body', trouble=Trouble('throttled', AT, False), user=0)
state.add_user(trouble=Trouble('throttled', AT, False), way='registration')
state.change_keys(act='rotate', number=0, trouble=Trouble('throttled', AT, False))
state.teardown()
"""

    assert replay(script.replace("AT", "1"))["trouble: throttled"] == 3
    assert replay(script.replace("AT", "99"))["trouble: throttled"] == 0


def counts(**changes: Any) -> Figures:  # noqa: ANN401 - any count
    """Return the figures of a run, with some of them changed."""
    lived = {"steps": 1000, "refresh": 90, "login": 90, "logout of one": 9, "theft": 9, "trouble: conflict": 90}
    lived |= {"login at the same time as another act": 90, **changes.pop("lived", {})}
    found = {"contradictions": [], "steps until a fault is found": {}, "least steps": 0}
    return Figures({"lived": lived, **found, **changes})


def long_counts(**changes: int) -> Figures:
    """Return the figures of a run of the long form, with some of the counts changed."""
    lived = {kind: 2000 for kind in ENOUGH_IN_LONG if "that succeed" not in kind}
    lived |= {"steps": LEAST_STEPS, "refresh": 9000, "login": 9000, "theft": 900, "trouble: conflict": 9000}
    lived |= {"login at the same time as another act": 9000, "login with a recovery code, answered 200": 900}
    lived |= {"second step of a login: a code, answered 200": 900}
    return Figures({**counts(lived={**lived, **changes}).counts, "least steps": LEAST_STEPS})


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        (counts(contradictions=["refresh: 503"]), "a history contradicts the model: refresh: 503"),
        (
            counts(**{"steps until a fault is found": {"no epoch": None}}),
            "the machine does not find a planted fault: no epoch",
        ),
        (counts(lived={"theft": 0}), "the histories have too few of a kind: thefts"),
    ],
    ids=["contradiction", "fault not found", "too few"],
)
def test_each_broken_promise_is_named(figures: Figures, sentence: str) -> None:
    """The control breaks none."""
    assert broken(counts()) == []
    assert broken(figures) == [sentence]


@pytest.mark.parametrize(
    ("kind", "count", "sentence"),
    [
        ("steps", LEAST_STEPS - 1, "the histories have 99,999 steps"),
        ("passkey, answered 200", 99, "the histories have too few of a kind: passkey, answered 200"),
        ("keys: rotate", 0, "the histories have too few of a kind: keys: rotate"),
        ("keys: replace at once", 0, "the histories have too few of a kind: keys: replace at once"),
        ("clock forward", 0, "the histories have too few of a kind: clock forward"),
        ("clock back", 0, "the histories have too few of a kind: clock back"),
        ("trouble: denied", 0, "the histories have too few of a kind: trouble: denied"),
        (
            "login with a recovery code, answered 200",
            0,
            "the histories have too few of a kind: recovery codes that succeed",
        ),
        (
            "second step of a login: a code, answered 200",
            0,
            "the histories have too few of a kind: second steps that succeed",
        ),
    ],
)
def test_the_long_form_promises_more(kind: str, count: int, sentence: str) -> None:
    """A few histories may lack what is rare, and a hundred thousand steps may not."""
    assert broken(long_counts()) == []
    assert broken(long_counts(**{kind: count})) == [sentence]


def test_a_contradiction_is_printed_and_kept_as_a_script(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It can be replayed."""
    contradiction = Contradiction("refresh: 400")
    contradiction.add_note("Failing test case: <state machine>\nstate = Machine()\nstate.teardown()")
    monkeypatch.setattr(state_machine, "KEPT", tmp_path)

    told = state_machine._told(contradiction, 7, is_searching=False)

    assert told == "Contradiction: refresh: 400"
    assert "state = Machine()" in capsys.readouterr().err
    assert replay((tmp_path / "7.txt").read_text(encoding="utf-8"))["steps"] == 0


def test_a_kept_history_happens_again() -> None:
    """So whoever mends what it has found sees the contradiction, and sees it go."""
    script = """
# Contradiction: the authorizer closed lets in a token
state = Machine()
state.holds()
state.log_in(earlier=0, is_right=True, transport='body', trouble=None, user=1)
state.holds()
state.break_or_mend_feed(seconds=6)
state.holds()
state.teardown()
"""

    assert replay(script)["steps"] == 3
    with planted("a closed authorizer decides without the feed"), pytest.raises(Contradiction, match="closed"):
        replay(script)


def test_an_end_of_which_nobody_was_told_is_known_from_the_next_one_on() -> None:
    """The feed failed at the step-up, so authorizers let the old session in until the user is disabled."""
    script = """
state = Machine()
state.holds()
state.log_in_with_code(is_again=False, kind='app', number=0, transport='body', trouble=None, user=0)
state.holds()
state.step_up(is_newest=False, is_with_code=False, kind='app', session=0, trouble=Trouble('conflict', 8, True))
state.holds()
state.enrol_and_log_in(is_replacing=False, kind='app', number=0, session=0)
state.holds()
state.operate(act='disable', new=0, trouble=None, user=0)
state.holds()
state.teardown()
"""

    assert replay(script)["steps"] == 5
