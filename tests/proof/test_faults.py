"""The grid of faults: its short form, and that it can fail."""

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from edge_auth.adapters import aws, conflicts
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.errors import TemporarilyUnavailable
from proof.faults import gate, grid, trial
from proof.faults.functional import functional_stack
from proof.faults.gate import Gate
from proof.faults.trial import Cell, Trial, prepared
from proof.faults.world import Snapshot, populated
from proof.frame.results import Figures
from proof.frame.run import LONG, SHORT, Memory, Run
from tests.proof.mistakes import take_failures_for_refusals
from tests.support.http_gateway import routes
from tests.support.stack import Answer

Examples = Callable[..., list[str]]

ANSWERED_LIKE_ANOTHER = {("GET", "/me/strict")}  # by the function of /me, behind an authorizer that is an act itself


def run(size: str) -> Figures:
    """Run the grid."""
    return grid.prove(Run("faults", size, screen=io.StringIO()))


@pytest.fixture
def few_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave three faults at each call: it is refused, or its answer is damaged or cut off."""
    few = {"throttling", "damaged", "cut off"}
    monkeypatch.setattr(
        trial, "faults_of", lambda call: {name: fault for name, fault in gate.faults_of(call).items() if name in few}
    )


@pytest.fixture
def examples(few_faults: None, monkeypatch: pytest.MonkeyPatch) -> Examples:  # noqa: ARG001 - it comes first
    """Return a function that runs the grid with one request, and returns what is wrong."""

    def of(name: str) -> list[str]:
        monkeypatch.setattr(grid, "ACTS", {name: grid.ACTS[name]})
        found: list[str] = run(LONG).counts["examples"]
        return found

    return of


class Whole(NamedTuple):
    """What the short form has found, and the events of its requests."""

    figures: Figures
    events: list[Any]


@pytest.fixture(scope="module")
def whole() -> Whole:
    """Return the short form, which runs once."""
    events: list[Any] = []

    def kept(*given: Any) -> Trial:  # noqa: ANN401 - passed through
        made = prepared(*given)
        events.append(made.event)
        return made

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(grid, "prepared", kept)
        return Whole(run(SHORT), events)


def test_every_call_of_every_function_survives_a_fault(whole: Whole) -> None:
    """F13, F19: a success or 503, the same request succeeds later, and nobody is logged out."""
    figures = whole.figures

    assert grid.broken(figures) == []
    assert figures.counts["functions_without_request"] == []
    assert figures.counts["calls_without_request"] == []
    died, refused = (sum(row[of] for row in figures.counts["by_fault"].values()) for of in ("no answer", "refused"))
    assert died > 40
    assert refused > 60


def test_every_route_of_the_template_is_asked(whole: Whole) -> None:
    """F19: a route that is forgotten here fails."""
    asked = {(event["httpMethod"], event["resource"]) for event in whole.events if "resource" in event}

    assert {route for route in routes() if route[0] != "HEAD"} - ANSWERED_LIKE_ANOTHER - asked == set()


@pytest.mark.usefixtures("few_faults")
def test_an_interrupted_run_counts_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a request of a function has shown is not tried again at its others, also if the run was interrupted."""
    acts = {name: grid.ACTS[name] for name in ("sessions", "sessions of a site")}
    monkeypatch.setattr(grid, "ACTS", acts)
    whole = run(LONG)
    monkeypatch.setattr(grid, "ACTS", dict(list(acts.items())[:1]))
    grid.prove(Run("faults", LONG, memory=Memory(tmp_path / "parts", {}), screen=io.StringIO()))
    monkeypatch.setattr(grid, "ACTS", acts)

    rest = grid.prove(Run("faults", LONG, memory=Memory(tmp_path / "parts", {}), screen=io.StringIO()))

    assert rest.counts == whole.counts


def test_an_outage_that_ends_a_session_is_seen(examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    """DC-3: the mistake that logs users out is to take a failure for a refusal."""
    assert examples("refresh") == []
    take_failures_for_refusals(monkeypatch)

    assert any("answered with 400" in each for each in examples("refresh"))


def test_an_end_that_is_not_written_is_seen(examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    """A7: the mistake that keeps a thief in is to answer a logout whose write has failed."""
    assert examples("logout") == []
    end = DynamoDBSessions.end

    def mistaken(*given: Any, **named: Any) -> None:  # noqa: ANN401 - passed through
        try:
            end(*given, **named)
        except TemporarilyUnavailable:
            return

    monkeypatch.setattr(DynamoDBSessions, "end", mistaken)

    assert any("a session has not ended" in each for each in examples("logout"))


def test_a_damaged_answer_that_is_believed_is_seen(examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    """F19: an empty answer would be a user who is gone."""
    assert examples("passkeys") == []
    monkeypatch.setattr(aws, "_refuse_damaged", lambda **_: None)

    found = examples("passkeys")

    assert any(each.startswith("passkeys, damaged from GetItem") for each in found)
    assert any(each.startswith("passkeys, cut off at GetItem") for each in found)


@pytest.mark.parametrize("printed", ["of the request", "of the answer"])
@pytest.mark.usefixtures("few_faults")
def test_a_token_that_is_printed_in_a_middle_cell_is_seen(monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    """S1: each cell forgets the output of the one before it, and its answer has a token that no other one has."""
    monkeypatch.setattr(grid, "ACTS", {"refresh": grid.ACTS["refresh"]})
    assert run(LONG).counts["secrets_printed"] == 0
    asked, statuses = Trial._ask, []

    def leaking(trial: Trial, handler: object, gate: Gate, *event: Any) -> Answer:  # noqa: ANN401 - passed through
        answer = asked(trial, handler, gate, *event)
        if gate.fault is not None:
            statuses.append(answer.status)
            if answer.status == 200 and statuses.count(200) == 2:
                sys.stdout.write({"of the request": trial.event["body"], "of the answer": answer.body}[printed])
        return answer

    monkeypatch.setattr(Trial, "_ask", leaking)

    figures = run(LONG)

    assert figures.counts["secrets_printed"] > 0
    assert "a secret was printed" in grid.broken(figures)
    assert statuses[-1] != 200 or statuses.count(200) > 2, "the last cell has leaked, and not a middle one"


def test_an_answer_that_takes_more_than_three_seconds_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake that makes users wait is one more attempt, or a longer one; `logout` has no call that may be late."""
    monkeypatch.setattr(grid, "ACTS", {"logout": grid.ACTS["logout"]})
    monkeypatch.setattr(
        trial,
        "faults_of",
        lambda call: {name: fault for name, fault in gate.faults_of(call).items() if name in grid.LONGEST},
    )
    assert run(LONG).counts["late"] == []
    monkeypatch.setattr(conflicts, "FIRST_WAIT_SECONDS", 0.1)

    assert "an answer may take 3.1 s: logout, TransactWriteItems SessionsTable" in grid.broken(run(LONG))


def test_each_call_that_may_take_longer_than_three_seconds_does() -> None:
    """An exception that nothing needs would hide the next late answer."""
    with functional_stack() as (stack, printed):
        world = populated(stack)
        base = Snapshot.of(world.stack)
        acts = {name: act for name, act in grid.ACTS.items() if act.longer}
        longest = {
            (name, call): max(longest_seconds(trial, call))
            for name, trial in ((name, prepared(act, world, printed, base)) for name, act in acts.items())
            for call in trial.act.longer
        }

    assert {named: seconds for named, seconds in longest.items() if seconds <= grid.GOAL_SECONDS} == {}


def longest_seconds(asked: Trial, call: str) -> Iterator[float]:
    """Yield the seconds until the answer, with each lasting fault at a call of a request."""
    for name, at in asked.calls:
        for fault in gate.faults_of(name).keys() & set(grid.LONGEST) if name == call else ():
            yield asked.ask(Cell(name, at, fault, lasts=True)).seconds


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("wrong", 1, "requests were answered wrongly"),
        ("calls_without_request", ["login dynamodb:Scan"], "no request makes this call: login dynamodb:Scan"),
        ("functions_without_request", ["login"], "no request goes to login"),
        ("secrets_printed", 1, "a secret was printed"),
        (
            "late",
            [{"request": "login", "call": "PutEvents", "s": 3.1, "reason": ""}],
            "an answer may take 3.1 s: login, PutEvents",
        ),
    ],
)
def test_each_promise_can_be_broken(name: str, value: object, sentence: str) -> None:
    """A promise that no figure can break is none."""
    kept = {
        "examples": [],
        "wrong": 0,
        "calls_without_request": [],
        "functions_without_request": [],
        "secrets_printed": 0,
        "late": [],
    }

    assert grid.broken(Figures(kept)) == []
    assert grid.broken(Figures({**kept, name: value})) == [sentence]
