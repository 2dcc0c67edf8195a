"""The proof: the tests find nearly all mutants of the layer's rules. Each one that they do not find is explained."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.frame.results import markdown
from proof.frame.results import Figures
from proof.frame.run import SHORT, Run, added
from proof.mutants.engine import Engine
from proof.mutants.explanations import FILE, MESSAGE, Explanations, Key
from proof.mutants.killers import Killers
from proof.mutants.mutations import Source
from proof.mutants.project import LAYER, Project
from proof.mutants.reach import TestsFailed, known_reach
from proof.mutants.session import Chosen, arguments

ROOMS = ("sessions", "tokens", "authorizer", "keys", "throttling", "flows", "web")
VARIABLE = "EDGE_AUTH_ROOMS"  # rooms with spaces between them; without it, all are tried
_SMALL = replace(LAYER, levels=("tests/unit/sessions",), at_most={})
_ROOMS_OF_SHORT, _MODULES_OF_SHORT = ("sessions",), ("sessions/scope.py",)
_IMPORTS = " during imports"
_ENOUGH = 0.95

Part = Mapping[str, Any]


def prove(run: Run) -> Figures:
    """Try all mutants, module by module. A variable may name the rooms; those that it leaves out are named as such."""
    rooms: tuple[str, ...]
    if run.size == SHORT:
        rooms, parts = _ROOMS_OF_SHORT, tried(run, _SMALL, _MODULES_OF_SHORT)
    else:
        rooms = tuple(os.environ.get(VARIABLE, " ".join(ROOMS)).split())
        parts = tried(run, LAYER, [module for room in rooms for module in modules_of(room)])
    counted = {
        room: added(part["counts"] for name, part in parts.items() if name.startswith(f"{room}/")) for room in rooms
    }
    return Figures(
        {
            "rooms": counted,
            "all": added(counted.values()),
            "not_tried": [room for room in ROOMS if room not in rooms] if run.size != SHORT else [],
            "open": [line for part in parts.values() for line in part["open"]],
            "found_though_explained": [line for part in parts.values() for line in part["stale"]],
            "tests_that_fail_without_a_mutant": sorted({test for part in parts.values() for test in part["unsound"]}),
        },
        {"timeouts": sum(part["timeouts"] for part in parts.values())},
    )


def broken(figures: Figures) -> list[str]:
    """Return the promises that the figures break."""
    counts = figures.counts
    lines = [
        f"{room}: {_found(each):.1%} of the mutants that are no texts of exceptions are found"
        for room, each in counts["rooms"].items()
        if _found(each) < _ENOUGH
    ]
    if (part := counts["all"]["found"] / max(1, counts["all"]["mutants"])) < _ENOUGH:
        lines.append(f"{part:.1%} of all mutants are found")
    lines += [f"neither found nor explained: {line}" for line in counts["open"]]
    lines += [f"not tried: {room}" for room in counts["not_tried"]]
    lines += [f"explained, but found: {line}" for line in counts["found_though_explained"]]
    return lines + [f"fails without a mutant: {test}" for test in counts["tests_that_fail_without_a_mutant"]]


def table(figures: Figures) -> str:
    """Return the rooms with their mutants."""
    rows = [
        (
            room,
            *(each[name] for name in ("mutants", "found", "explained", "messages", "open")),
            f"{each['found'] / max(1, each['mutants']):.1%}",
            f"{_found(each):.1%}",
        )
        for room, each in [*figures.counts["rooms"].items(), ("all", figures.counts["all"])]
    ]
    head = ("room", "mutants", "found", "explained", "of these, texts of exceptions", "open")
    lines = [markdown((*head, "found of all", "found without these texts"), rows)]
    lines += [f"not tried: {room}" for room in figures.counts["not_tried"]]
    return "\n".join([*lines, "", *figures.counts["open"]])


def modules_of(room: str) -> list[str]:
    """Return the modules of a room, as paths below the layer."""
    names = (path.relative_to(LAYER.package).as_posix() for path in LAYER.files() if path.name != "__init__.py")
    return [name for name in names if name.startswith(f"{room}/")]


def tried(run: Run, project: Project, modules: Sequence[str]) -> Mapping[str, Part]:
    """Try the mutants of modules, which are paths below the package.

    Raises:
        TestsFailed: the tests fail without a fault.

    """
    reach = known_reach(project)
    explanations = Explanations(FILE.read_text(encoding="utf-8"))

    def act(session: pytest.Session) -> Mapping[str, Part]:
        engine = Engine(project, session, reach, Killers(project.cache / "killers.json"))
        # What runs during imports takes much longer, so it comes last.
        names = [f"{module}{kind}" for kind in ("", _IMPORTS) for module in modules]
        return run.parts(names, lambda name: _part(engine, name, explanations))

    loop = _Loop(act)
    pytest.main(arguments(project, project.levels), plugins=[Chosen(project), loop])
    if loop.raised is not None:
        raise loop.raised
    if loop.result is None:
        raise TestsFailed("the tests cannot be collected")
    return loop.result


class _Loop:
    """Puts an act in the place of the loop that runs the tests."""

    def __init__(self, act: Callable[[pytest.Session], Mapping[str, Part]]) -> None:
        self._act = act
        self.result: Mapping[str, Part] | None = None
        self.raised: BaseException | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        try:
            self.result = self._act(session)
        except BaseException as error:  # noqa: BLE001 - pytest would print it and go on
            self.raised = error
        return True


def _part(engine: Engine, name: str, explanations: Explanations) -> Part:
    """Try the mutants of a module: those in what runs during imports, or the others."""
    module = name.removesuffix(_IMPORTS)
    path = engine.project.package / module
    source = Source(path.read_text(encoding="utf-8"), str(path))
    verdicts = engine.verdicts(path, source, at_import=name.endswith(_IMPORTS))
    counts: Counter[str] = Counter(mutants=0, found=0, explained=0, messages=0, open=0)
    part: dict[str, Any] = {"open": [], "stale": []}
    for number, verdict in verdicts.items():
        mutant = source.mutants[number]
        key = Key(module, source.text_of(mutant), mutant.change)
        reason = explanations.reason(key, is_message=mutant.is_message)
        counts["mutants"] += 1
        counts["found" if verdict.is_found else "explained" if reason else "open"] += 1
        counts["messages"] += not verdict.is_found and reason == MESSAGE
        line = ": ".join(key)
        if not verdict.is_found and not reason:
            part["open"].append(f"{line} (unreached)" if verdict.outcome == "unreached" else line)
        if verdict.is_found and explanations.is_listed(key):
            part["stale"].append(line)
    part["timeouts"] = sum(verdict.outcome == "timeout" for verdict in verdicts.values())
    part["unsound"] = engine.unsound(path, verdicts.values())
    return {"counts": dict(counts), **part}


def _found(counts: Mapping[str, int]) -> float:
    return counts["found"] / max(1, counts["mutants"] - counts["messages"])
