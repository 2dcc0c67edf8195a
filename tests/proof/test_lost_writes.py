"""The grid of faults sees each success of a request that has done nothing: a write that was lost."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from proof.faults import grid
from proof.faults.functional import functional_stack
from proof.faults.gate import Gate, faults_of
from proof.faults.session_acts import FORGET, MARK
from proof.faults.trial import Cell, Trial, prepared
from proof.faults.world import Snapshot, populated
from tests.support.stack import Answer

LOST = ("read timeout, not applied", "read timeout")  # of a write, and of a read

CHANGES_NOTHING: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("factors", "factors at a site", "passkeys", "passkeys at a site", "address", "address at a site"),
            *("sessions", "sessions of a site", "ended sessions"),
            *("keys shown", "public keys", "configuration", "server metadata", "whoami", "preflight"),
        ),
        "it shows what there is",
    ),
    **dict.fromkeys(
        (
            *("new secret", "new secret at a site"),
            *("passkey registration", "passkey registration at a site", "passkey challenge"),
        ),
        "the client keeps what it gets, sealed or signed",
    ),
    **dict.fromkeys(("authorizer", "authorizer, closed", "strict authorizer"), "it decides"),
    "refresh, retried": "the first try has rotated the session",
}
PART_ONLY: Mapping[tuple[str, str], str] = {
    ("session authorizer", MARK): "the request is let in, and the session is kept for less long",
    ("end of the own session, repeated", MARK): "the end is in the feed, and is put there once more later",
    ("refresh, ended", FORGET): "a dead token is refused also if it cannot be counted",
}
"""The calls without which a request changes nothing, and may succeed."""


class Found(NamedTuple):
    """The requests that leave everything as it was, and the requests and calls where nothing is found to be wrong."""

    idle: set[str]
    unseen: set[tuple[str, str]]


def lazy(trial: Trial, _handler: object, gate: Gate, *_event: Any) -> Answer:  # noqa: ANN401 - passed through
    """Answer with success, and do nothing."""
    gate.met = 1
    return Answer(trial.act.status, {}, "")


@pytest.fixture(scope="module")
def found() -> Found:
    """Let each request do nothing, with a fault at each of its calls."""
    idle, unseen = set(), set()
    with functional_stack() as (stack, printed):
        world = populated(stack)
        base = Snapshot.of(world.stack)
        for name, act in grid.ACTS.items():
            trial = prepared(act, world, printed, base)
            if trial.goal == trial.initially:
                idle.add(name)
            with pytest.MonkeyPatch.context() as monkeypatch:
                monkeypatch.setattr(Trial, "_ask", lazy)
                for call, at in trial.calls:
                    fault = next(each for each in LOST if each in faults_of(call))
                    if not trial.ask(Cell(call, at, fault, lasts=False)).wrong:
                        unseen.add((name, call))
    return Found(idle, unseen)


def test_each_request_that_changes_nothing_is_named(found: Found) -> None:
    """A request that is forgotten here would pass without its write."""
    assert found.idle == CHANGES_NOTHING.keys()


def test_each_success_of_a_request_that_has_done_nothing_is_seen(found: Found) -> None:
    """F19: a product that answers with success after a lost write is found, whatever the write is of."""
    assert {(name, call) for name, call in found.unseen if name not in CHANGES_NOTHING} == PART_ONLY.keys()
