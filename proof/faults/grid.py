"""Faults at the calls to AWS of every function, once and lasting: each fault at each call that a function makes.

The calls of a request are those that it makes when nothing fails, so a new call is tried without any change here. The
rights that these requests need are compared with the record of all calls. A test compares their routes with the
template.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.frame.results import markdown
from proof.faults.account_acts import ACCOUNT_ACTS
from proof.faults.act import Act
from proof.faults.functional import functional_stack
from proof.faults.gate import KILLED, SINGLE_WRITES, SLOW
from proof.faults.session_acts import SESSION_ACTS
from proof.faults.trial import UNAVAILABLE, Cell, Trial, prepared
from proof.faults.world import Snapshot, populated
from proof.frame.results import Figures
from proof.frame.run import SHORT, Run
from tests.support.outages import CONFLICT
from tests.support.recorded_calls import recorded
from tests.support.template import functions

ACTS: Mapping[str, Act] = {**ACCOUNT_ACTS, **SESSION_ACTS}
GOAL_SECONDS = 3
EXAMPLES = 20  # of what is wrong, in the result
# A fault that the SDK sends again after, one that it does not, and one that leaves a write without an answer.
LASTING, FINAL, APPLIED = "throttling", "access denied", "read timeout, applied"
LONGEST = ("read timeout", "read timeout, not applied", SLOW, CONFLICT)  # of all, if they last


def prove(run: Run) -> Figures:
    """Ask every request with every fault at every call. A short run takes one fault at each call."""
    with functional_stack() as (stack, printed):
        world = populated(stack)
        base = Snapshot.of(world.stack)
        choice = Choice(short=run.size == SHORT)
        for name in ACTS:  # an interrupted run goes on with the same choice
            if run.memory is not None and name in run.memory:
                choice.learn(ACTS[name].function, run.memory[name]["calls"])
        counted = run.parts(ACTS, lambda name: tried(prepared(ACTS[name], world, printed, base), choice))
    return Figures(summed(counted))


def tried(trial: Trial, choice: "Choice") -> dict[str, Any]:
    """Ask a request with each fault of a choice, and return what was counted."""
    faults: dict[str, Counter[str]] = {}
    worst: dict[str, float] = {}
    late: dict[str, float] = {}
    wrong: list[str] = []
    leaked = trial.leaked()
    for cell in choice.of(trial):
        status, seconds, found, printed = trial.ask(cell)
        name = f"{cell.fault}, {'always' if cell.lasts else 'once'}"
        outcome = "refused" if status == UNAVAILABLE else "no answer" if status == 0 else "succeeded"
        faults.setdefault(name, Counter()).update(["cells", outcome])
        worst[name] = max(worst.get(name, 0), seconds)
        if seconds > GOAL_SECONDS:
            late[cell.call] = max(late.get(cell.call, 0), round(seconds, 2))
        wrong += [f"{cell}: {each}" for each in found]
        leaked += printed
    return {
        "calls": trial.calls,
        "rights": trial.rights,
        "route": f"{trial.event['httpMethod']} {trial.event['resource']}" if "resource" in trial.event else "",
        "faults": faults,
        "worst": worst,
        "late": late,
        "wrong": wrong,
        "leaked": leaked,
    }


class Choice:
    """Which faults are tried at which calls.

    A long run tries every fault at the first request of a function that makes a call. At the same call of its other
    requests it tries one of each kind, and those after which an answer takes longest. A short run tries one at the
    first only: a lasting fault, or by turns at a write the end of the process; and at a read that is repeated only the
    first time.
    """

    def __init__(self, *, short: bool) -> None:
        """Begin without a call."""
        self._short = short
        self._known: set[tuple[str, str, int]] = set()

    def learn(self, function: str, calls: Iterable[Sequence[Any]]) -> set[tuple[str, str, int]]:
        """Take the calls of a request of this function. Return those that were not known."""
        new = {(function, str(name), int(number)) for name, number in calls} - self._known
        self._known |= new
        return new

    def of(self, trial: Trial) -> Iterator[Cell]:
        """Yield the faults of one request."""
        new = self.learn(trial.act.function, trial.calls)
        for cell in trial.cells():
            is_new = (trial.act.function, cell.call, cell.at) in new
            is_of_its_kind = cell in self._kinds(cell)
            is_first = cell.at == 1 or _is_write(cell)
            if (is_new and is_of_its_kind and is_first) if self._short else (is_new or is_of_its_kind):
                yield cell

    def _kinds(self, cell: Cell) -> list[Cell]:
        """Return the faults that every request meets at the call of a cell.

        One of them lasts, and at a write two leave it without an answer. In a long run there are also the longest ones.
        """
        turn = (len(cell.call) + cell.at) % 2  # both kinds come at some call of each request
        lasting = [cell._replace(fault=(LASTING, FINAL)[turn], lasts=True)]
        if not self._short:
            lasting += [cell._replace(fault=fault, lasts=True) for fault in LONGEST]
        if not _is_write(cell):
            return lasting
        unanswered = [cell._replace(fault=fault, lasts=False) for fault in (KILLED, APPLIED)]
        return (unanswered[:1] if turn else lasting) if self._short else [*lasting, *unanswered]


def _is_write(cell: Cell) -> bool:
    return cell.call.startswith((*SINGLE_WRITES, "TransactWriteItems", "PutSecretValue"))


def summed(counted: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the counts of all requests together."""
    by_fault: dict[str, dict[str, Any]] = {}
    for part in counted.values():
        for name, counts in part["faults"].items():
            row = by_fault.setdefault(name, {"cells": 0, "succeeded": 0, "refused": 0, "no answer": 0, "worst_s": 0.0})
            for outcome, count in counts.items():
                row[outcome] += count
            row["worst_s"] = round(max(row["worst_s"], part["worst"][name]), 2)
    rights = {tuple(right) for part in counted.values() for right in part["rights"]}
    known = {tuple(right) for right in recorded() if right.caller in functions()}
    wrong = [f"{name}, {each}" for name, part in counted.items() for each in part["wrong"]]
    late = [
        {"request": name, "call": call, "s": seconds, "reason": ACTS[name].longer.get(call, "")}
        for name, part in counted.items()
        for call, seconds in part["late"].items()
    ]
    return {
        "requests": len(counted),
        "functions": len({ACTS[name].function for name in counted}),
        "functions_without_request": sorted(functions().keys() - {ACTS[name].function for name in counted}),
        "routes": len({part["route"] for part in counted.values()} - {""}),
        "calls": sum(len(part["calls"]) for part in counted.values()),
        "first_calls": len({(ACTS[name].function, *call) for name, part in counted.items() for call in part["calls"]}),
        "calls_without_request": sorted(" ".join(right) for right in known - rights),
        "faults": len({name.rpartition(",")[0] for name in by_fault}),
        "cells": sum(row["cells"] for row in by_fault.values()),
        "by_fault": dict(sorted(by_fault.items())),
        "late": [each for each in late if not each["reason"]],
        "longer": [each for each in late if each["reason"]],
        "secrets_printed": sum(part["leaked"] for part in counted.values()),
        "wrong": len(wrong),
        "examples": wrong[:EXAMPLES],
    }


def broken(figures: Figures) -> list[str]:
    """Return what does not hold."""
    counts = figures.counts
    return [
        *counts["examples"],
        *(["requests were answered wrongly"] if counts["wrong"] else []),
        *(f"no request makes this call: {call}" for call in counts["calls_without_request"]),
        *(f"no request goes to {function}" for function in counts["functions_without_request"]),
        *(["a secret was printed"] if counts["secrets_printed"] else []),
        *(f"an answer may take {each['s']} s: {each['request']}, {each['call']}" for each in counts["late"]),
    ]


def table(figures: Figures) -> str:
    """Return a row for each fault, and what was tried."""
    counts = figures.counts
    head = ("fault", "tried", "succeeded", "503", "died", "longest, s")
    rows = [
        (name, row["cells"], row["succeeded"], row["refused"], row["no answer"], f"{row['worst_s']:g}")
        for name, row in counts["by_fault"].items()
    ]
    longer = [(each["request"], each["call"], f"{each['s']:g}", each["reason"]) for each in counts["longer"]]
    return f"""\
{markdown(head, rows)}

{counts["requests"]} requests to {counts["functions"]} functions and {counts["routes"]} routes make {counts["calls"]} \
calls.
{counts["first_calls"]} of these are made by no earlier request to the same function. They meet each fault that such a \
call can have, of {counts["faults"]}, once and always (where that differs).
The other {counts["calls"] - counts["first_calls"]} meet some of them: one refusal that lasts, the lasting faults that \
take longest, and a write also the end of the process and an answer that is lost.
{counts["cells"]:,} tries, {counts["wrong"]} wrong, {counts["secrets_printed"]} secrets in the output.

`longest` is the time until the answer, where each wait of the SDK is as long as it can be. Above {GOAL_SECONDS} s are:

{markdown(("request", "call", "longest, s", "why"), longer)}"""
