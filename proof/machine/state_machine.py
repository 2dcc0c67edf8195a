"""The proof: histories of the state machine without a contradiction, and the machine finds each planted fault.

A contradiction is printed as a script, and kept in .cache/state_machine, where `proof.machine.replay` lets it happen
again. Another seed tries other histories: `python -m proof --seed 2 state_machine`.
"""

import sys
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from benchmarks.frame.results import ROOT, markdown
from proof.frame.results import Figures
from proof.frame.run import Run, added
from proof.machine.machine import Machine
from proof.machine.mutants import MUTANTS, planted
from proof.machine.product import product
from proof.machine.troubles import FAULTS

KEPT = ROOT / ".cache" / "state_machine"
BEGIN_OF_SCRIPT = "state = "
STEPS = 50  # of a history, at most
STEPS_TO_FIND = 20_000  # a planted fault is found within so many
# With a seed that finds the fault quickly.
SHORT_MUTANTS = {
    "an old login changes a factor": 2,
    "a closed authorizer decides without the feed": 6,
}
ENOUGH = {"refresh": 10, "login": 10, "logout of one": 1, "thefts": 1, "races": 5, "troubles": 50}  # in 1,000 steps
LEAST_STEPS = 100_000  # of the long form, which also has enough of what a short one may not have at all
ENOUGH_IN_LONG = {
    **ENOUGH,
    "passkey, answered 200": 1,
    "second steps that succeed": 1,
    "registration": 1,
    "login from elsewhere": 10,
    "login after an import": 1,
    "enrolment at a login, answered 200": 1,
    "recovery codes that succeed": 1,
    "keys: rotate": 1,
    "keys: replace": 1,
    "keys: replace at once": 1,
    "clock forward": 10,
    "clock back": 10,
    **{f"trouble: {kind}": 1 for kind in FAULTS},
}


def prove(run: Run) -> Figures:
    """Let histories happen, part by part, and then with each fault."""
    parts = [f"histories {number}" for number in range(run.amount(short=1, long=100))]
    histories = run.amount(short=10, long=26)
    faults = run.amount(short=0, long=len(MUTANTS))
    searches = [f"fault: {name}" for name in [*MUTANTS][:faults]]
    numbers = {name: run.chance(name).randrange(2**32) for name in (*parts, *searches)}
    counted = run.parts(
        (*parts, *searches),
        lambda name: run_histories(numbers[name], histories) if name in parts else _searched(name, numbers[name]),
    )
    lived = added({key: value for key, value in counted[name].items() if key != "found"} for name in parts)
    found = [text for name in parts for text in counted[name]["found"]]
    killed = {name.removeprefix("fault: "): counted[name]["steps"] for name in searches}
    counts = {"lived": lived, "contradictions": found, "steps until a fault is found": killed}
    return Figures({**counts, "least steps": run.amount(short=0, long=LEAST_STEPS)})


def broken(figures: Figures) -> list[str]:
    """Return a sentence for each contradiction, each fault that was not found, and each kind of step that is rare."""
    lived, killed = figures.counts["lived"], figures.counts["steps until a fault is found"]
    missed = [name for name, steps in killed.items() if steps is None]
    per_1000 = {kind: count * 1000 / max(1, lived["steps"]) for kind, count in _kinds(lived).items()}
    least_steps = figures.counts["least steps"]
    enough = ENOUGH_IN_LONG if least_steps else ENOUGH
    rare = [kind for kind, least in enough.items() if per_1000.get(kind, 0) < least]
    return [
        *([f"the histories have {lived['steps']:,} steps"] if lived["steps"] < least_steps else []),
        *(f"a history contradicts the model: {text}" for text in figures.counts["contradictions"]),
        *(f"the machine does not find a planted fault: {name}" for name in missed),
        *(f"the histories have too few of a kind: {kind}" for kind in rare),
    ]


def table(figures: Figures) -> str:
    """Return the counts of the steps, and the steps that each fault took to be found."""
    lived, killed = figures.counts["lived"], figures.counts["steps until a fault is found"]
    kinds = [[kind, f"{count:,}"] for kind, count in sorted(lived.items())]
    faults = [[name, "not found" if steps is None else f"{steps:,}"] for name, steps in killed.items()]
    steps = markdown(["step, answer or trouble", "count"], kinds)
    return "\n\n".join([steps, *([markdown(["planted fault", "found after steps"], faults)] if faults else [])])


def find(name: str, number: int, histories: int) -> int | None:
    """Return how many steps the machine needs to find a planted fault, or None if it does not find it."""
    with planted(name):
        lived = run_histories(number, histories, is_searching=True)
    return int(lived["steps"]) if lived["found"] else None


def _searched(name: str, number: int) -> dict[str, Any]:
    return {"steps": find(name.removeprefix("fault: "), number, STEPS_TO_FIND // STEPS)}


def run_histories(number: int, histories: int, *, is_searching: bool = False) -> dict[str, Any]:
    """Let histories happen, and return what was counted, with the contradictions."""
    counts, found = Counter[str](), list[str]()
    with product() as loaded:
        Machine.product, Machine.counts = loaded, counts
        try:
            run_state_machine_as_test(
                seed(number)(Machine),
                settings=settings(
                    max_examples=histories,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,  # what is found is kept as a script
                    phases=[Phase.generate] if is_searching else [Phase.generate, Phase.shrink],
                    suppress_health_check=list(HealthCheck),
                    print_blob=False,
                    report_multiple_bugs=False,  # one contradiction is told whole
                ),
            )
        except Exception as contradiction:  # noqa: BLE001 - whatever a history raises contradicts the model
            found.append(_told(contradiction, number, is_searching=is_searching))
    return {**counts, "found": found}


def _told(contradiction: Exception, number: int, *, is_searching: bool) -> str:
    """Return the contradiction in one line. Its history is printed and kept as a script."""
    first = next(iter(str(contradiction).splitlines()), "")
    told = f"{type(contradiction).__name__}: {first[:300]}"
    if not is_searching:
        notes = "\n".join(getattr(contradiction, "__notes__", []))
        script = notes[notes.find(BEGIN_OF_SCRIPT) :]  # before it there is a headline
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / f"{number}.txt").write_text(f"# {told}\n{script}\n", encoding="utf-8")
        print(f"{told}\n{script}", file=sys.stderr)
    return told


def _kinds(lived: dict[str, int]) -> dict[str, int]:
    races = sum(count for kind, count in lived.items() if "at the same time" in kind)
    troubles = sum(count for kind, count in lived.items() if kind.startswith("trouble"))
    done = [(kind.removesuffix(", answered 200"), count) for kind, count in lived.items() if kind.endswith(" 200")]
    return {
        **lived,
        "races": races,
        "troubles": troubles,
        "thefts": lived.get("theft", 0),
        "second steps that succeed": sum(count for kind, count in done if kind.startswith("second step")),
        "recovery codes that succeed": sum(count for kind, count in done if kind.endswith("a recovery code")),
    }
