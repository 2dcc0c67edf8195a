"""Ceremonies of passkeys: edits of what passkeys signed, and generated ones that two other libraries judge too.

No edited assertion is accepted. An edited registration may give another passkey, as nothing signs it: no edit of either
raises another error than a refusal. Of the generated ones each has at most one fault. Each verifier decides it as the
table of its fault says, and where ours differs, it is stricter.
"""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.frame.results import markdown
from edge_auth.webauthn.refusal import NotVerified
from proof.frame.results import Figures, MissingTool
from proof.frame.run import Run, added
from tests.support.edited_ceremonies import EditedAssertions, EditedRegistrations
from tests.support.judged_ceremonies import (
    ASSERTION_FAULTS,
    MISSING,
    PYTHON,
    REGISTRATION_FAULTS,
    Ask,
    Decisions,
    generated,
    named,
    of_assertion,
    of_registration,
    py_webauthn,
)

ASSERTIONS, REGISTRATIONS = "assertions", "registrations"
EDITED, ALL = "edited", "all"  # the rows that are no fault
JUDGES = {"ours": "edge-auth", "fido2": "fido2", "webauthn": "py_webauthn"}
_EDITS, _CEREMONIES = 50_000, 1_000  # of a part, which is tried before it is remembered


class _Kind(NamedTuple):
    """Assertions or registrations: how many are edited and judged, and how."""

    edits: int
    ceremonies: int
    verify: Callable[[random.Random], None]
    judge: Callable[[random.Random, int, Ask], tuple[str, Decisions, Decisions]]


def prove(run: Run) -> Figures:
    """Edit and judge ceremonies of both kinds. Raises MissingTool: py_webauthn is not there."""
    if not PYTHON.exists():
        raise MissingTool(MISSING)
    ceremonies = run.amount(short=100, long=10_000)
    kinds = {
        ASSERTIONS: _Kind(100 * ceremonies, ceremonies, EditedAssertions().verify, _assertion),
        REGISTRATIONS: _Kind(25 * ceremonies, ceremonies, EditedRegistrations().verify, _registration),
    }
    with py_webauthn() as ask:

        def act(part: str) -> dict[str, dict[str, int]]:
            act_name, name, first, count = part.split()
            chance, kind = run.chance(part), kinds[name]
            if act_name == "edit":
                return {EDITED: _edited(chance, int(count), kind)}
            return _judged(chance, int(first), int(count), kind, ask)

        counted = run.parts(_parts(kinds), act)
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for part, found in counted.items():
        of_kind = counts.setdefault(part.split()[1], {})
        for row, each in found.items():
            of_kind[row] = added([of_kind.get(row, {}), each])
    # Which edit of a registration is refused depends on the keys, which are new ones.
    measured = {name: {"refused": of_kind[EDITED].pop("refused")} for name, of_kind in counts.items()}
    measured[REGISTRATIONS]["accepted"] = counts[REGISTRATIONS][EDITED].pop("accepted")
    return Figures(counts, measured)


def broken(figures: Figures) -> list[str]:
    """Return a line for each promise that does not hold."""
    lines = []
    for name, counts in figures.counts.items():
        edited = counts[EDITED]
        if edited["exceptions"]:
            lines.append(f"edited {name}: {edited['exceptions']:,} raise another error than a refusal")
        if name == ASSERTIONS and edited["accepted"]:
            lines.append(f"edited {name}: {edited['accepted']:,} are accepted")
        lines += [
            f"{name}, {fault}: {found['decided otherwise']:,} are decided otherwise than the table says"
            for fault, found in counts.items()
            if fault not in (EDITED, ALL) and found["decided otherwise"]
        ]
    return lines


def table(figures: Figures) -> str:
    """Return a row for the edits of each kind, and one for each fault of the ceremonies that were judged."""
    edits = [
        (
            name,
            f"{counts[EDITED]['tried']:,}",
            f"{figures.measured[name]['refused']:,}",
            counts[EDITED]["exceptions"],
        )
        for name, counts in figures.counts.items()
    ]
    names = ("judged", *JUDGES.values(), "decided otherwise")
    rows = [
        (f"{name}: {fault}", *(f"{found[column]:,}" for column in names))
        for name, counts in figures.counts.items()
        for fault, found in counts.items()
        if fault != EDITED
    ]
    head = ("fault", "judged", *(f"{name} accepts" for name in JUDGES.values()), "decided otherwise")
    return "\n\n".join([markdown(("edited", "tried", "refused", "other errors"), edits), markdown(head, rows)])


def _parts(kinds: dict[str, _Kind]) -> Iterator[str]:
    for name, kind in kinds.items():
        for act, amount, size in (("edit", kind.edits, _EDITS), ("judge", kind.ceremonies, _CEREMONIES)):
            for first in range(0, amount, size):
                yield f"{act} {name} {first} {min(size, amount - first)}"


def _edited(chance: random.Random, count: int, kind: _Kind) -> dict[str, int]:
    counts = {"tried": count, "refused": 0, "accepted": 0, "exceptions": 0}
    for _ in range(count):
        try:
            kind.verify(chance)
            counts["accepted"] += 1
        except NotVerified:
            counts["refused"] += 1
        except Exception:  # noqa: BLE001 - each exception is counted
            counts["exceptions"] += 1
    return counts


def _judged(chance: random.Random, first: int, count: int, kind: _Kind, ask: Ask) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for number in range(first, first + count):
        fault, expected, decisions = kind.judge(chance, number, ask)
        accepted = {JUDGES[judge]: int(accepts) for judge, accepts in decisions._asdict().items()}
        found = {"judged": 1, **accepted, "decided otherwise": int(decisions != expected)}
        for row in (ALL, fault):
            counts[row] = added([counts.get(row, {}), found])
    return counts


def _assertion(chance: random.Random, number: int, ask: Ask) -> tuple[str, Decisions, Decisions]:
    fault = named(number, ASSERTION_FAULTS)
    edit, expected = ASSERTION_FAULTS[fault]
    good = generated(chance)
    return fault, expected, of_assertion(edit(good), good.passkey(max(good.sign_count - 1, 0)), ask)


def _registration(chance: random.Random, number: int, ask: Ask) -> tuple[str, Decisions, Decisions]:
    fault = named(number, REGISTRATION_FAULTS)
    edit, expected = REGISTRATION_FAULTS[fault]
    return fault, expected, of_registration(edit(generated(chance)), ask)
