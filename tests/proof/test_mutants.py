"""The mutants: what is planted, and that it is found only by tests that see it."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from proof.frame.results import Figures
from proof.mutants import mutation
from proof.mutants.explanations import FILE, Explanations
from proof.mutants.mutations import Mutant, Source
from proof.mutants.project import LAYER
from tests.support.template import ROOT

RULE = """
from dataclasses import dataclass
from sample.limits import MOST

@dataclass(frozen=True)
class Guard:
    spare: int = 0

    def check(self, count: int) -> int:
        if count > MOST + self.spare:
            raise ValueError("too many")
        return abs(count) if count < 0 else count

def never_called(count: int) -> int:
    return count + 1
"""
TESTS_OF_WORDS = """
import pytest
from sample import words

@pytest.mark.parametrize("word", [words.WORD])
def test_the_word(word):
    assert word == "word"
"""
TESTS = """
import pytest
from sample.rule import Guard

def test_the_limit():
    assert Guard().check(3) == 3
    assert Guard(1).check(4) == 4
    assert Guard().check(-2) == 2
    with pytest.raises(ValueError):
        Guard().check(4)
"""
TESTS_OF_ALONE = """
from sample import alone

def test_alone(request):
    others = [item for item in request.session.items if item.nodeid.startswith("tests/unit/test_rule.py")]
    assert others, "it fails in each process that has collected its file only"
"""
TESTS_OF_ZONE = """
import sys
from sample import zone

assert "sample.rule" in sys.modules, "its file cannot be collected without that of the rule"

def test_zone():
    pass
"""
NOTHING_LEFT: Mapping[str, Any] = {
    "open": [],
    "not_tried": [],
    "found_though_explained": [],
    "tests_that_fail_without_a_mutant": [],
    "all": {"mutants": 100, "found": 100},
}
SCRIPT = """
import json, sys
from pathlib import Path
from proof.frame.run import LONG, Run
from proof.mutants import explanations, mutation
from proof.mutants.project import Project

root = Path(sys.argv[1])
mutation.FILE = root / "explained.toml"
if __name__ == "__main__":
    project = Project(root, root / "src" / "sample", ("tests/unit",))
    modules = ["rule.py", "limits.py", "words.py", "alone.py", "zone.py"]
    print(json.dumps(mutation.tried(Run("mutants", LONG), project, modules)))
"""


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Return what becomes of the mutants of a small package."""
    root = tmp_path_factory.mktemp("project")
    files = {
        "pytest.ini": "[pytest]\npythonpath = src\naddopts = --import-mode=importlib\n",
        "src/sample/__init__.py": "",
        "src/sample/limits.py": "MOST = 3\n",
        "src/sample/rule.py": RULE,
        "src/sample/words.py": 'WORD = "word"\n',
        "src/sample/alone.py": "ALONE = 1\n",
        "src/sample/zone.py": "ZONE = 1\n",
        "tests/unit/test_alone.py": TESTS_OF_ALONE,
        "tests/unit/test_zone.py": TESTS_OF_ZONE,
        "tests/unit/test_rule.py": TESTS,
        "tests/unit/test_words.py": TESTS_OF_WORDS,
        "explained.toml": '[[mutant]]\nmodule = "limits.py"\nline = "MOST = 3"\nchanges = ["3 → 4"]\nreason = "none"\n',
        "script.py": SCRIPT,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(root / "script.py"), str(root)]
    printed = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found


def test_a_fault_that_no_input_shows_is_left(parts: Mapping[str, Any]) -> None:
    """Zero has no sign, so where the condition changes sides is the same. All other faults of the line are found."""
    line = "rule.py: return abs(count) if count < 0 else count: "

    left = [left.removeprefix(line) for left in parts["rule.py"]["open"] if left.startswith(line)]
    assert left == ["count < 0 → count <= 0", "0 → 1"]


def test_every_fault_that_a_test_can_see_is_found(parts: Mapping[str, Any]) -> None:
    """In a function, in a default of a dataclass, and in a constant of another module."""
    assert parts["rule.py"]["counts"] == {"mutants": 12, "found": 6, "explained": 1, "messages": 1, "open": 5}
    assert parts["rule.py during imports"]["counts"] == {
        "mutants": 1,
        "found": 1,
        "explained": 0,
        "messages": 0,
        "open": 0,
    }
    assert parts["limits.py during imports"]["counts"] == {
        "mutants": 1,
        "found": 1,
        "explained": 0,
        "messages": 0,
        "open": 0,
    }


def test_a_constant_is_tried_by_a_test_that_only_reads_it(parts: Mapping[str, Any]) -> None:
    """Such a test reaches no line, and its file is known by what it imports."""
    assert parts["words.py during imports"]["counts"] == {
        "mutants": 1,
        "found": 1,
        "explained": 0,
        "messages": 0,
        "open": 0,
    }


def test_a_line_that_no_test_reaches_is_open(parts: Mapping[str, Any]) -> None:
    """Nothing is taken for found because nothing ran."""
    line = "rule.py: return count + 1: count + 1 → count - 1 (unreached)"

    assert line in parts["rule.py"]["open"]


def test_the_tests_pass_without_a_fault(parts: Mapping[str, Any]) -> None:
    """A test that fails anyway would seem to find everything. One whose name has a constant is another one then."""
    assert [parts[name]["unsound"] for name in ("rule.py", "words.py during imports")] == [[], []]


@pytest.mark.parametrize(
    ("module", "unsound"),
    [
        ("alone.py", "tests/unit/test_alone.py::test_alone"),
        ("zone.py", "the collection of tests/unit/test_zone.py"),
    ],
)
def test_a_test_that_fails_in_a_process_of_its_own_is_told(parts: Mapping[str, Any], module: str, unsound: str) -> None:
    """It seems to find what runs during imports, because such a fault needs a process that has imported nothing."""
    part = parts[f"{module} during imports"]

    assert part["counts"]["found"] == 1
    assert part["unsound"] == [unsound]


def test_no_other_test_fails_without_a_fault(parts: Mapping[str, Any]) -> None:
    """Here each kind of process has one that proves nothing, or none."""
    assert sum(bool(part["unsound"]) for part in parts.values()) == 2


def test_an_explained_mutant_that_is_found_is_told(parts: Mapping[str, Any]) -> None:
    """Its explanation says something that is not true."""
    assert parts["limits.py during imports"]["stale"] == ["limits.py: MOST = 3: 3 → 4"]


def test_a_room_with_many_mutants_left_breaks_the_promise() -> None:
    """Texts of exceptions do not count. Another one counts as left, also if it is explained."""

    def figures(found: int) -> Figures:
        room = {"mutants": 100, "found": found, "explained": 100 - found, "messages": 20, "open": 0}
        return Figures({**NOTHING_LEFT, "rooms": {"tokens": room}})

    assert mutation.broken(figures(76)) == []
    line = "tokens: 93.8% of the mutants that are no texts of exceptions are found"
    assert mutation.broken(figures(75)) == [line]


def test_of_all_mutants_most_have_to_be_found() -> None:
    """No explanation counts here."""

    def figures(found: int) -> Figures:
        room = {"mutants": 100, "found": found, "explained": 100 - found, "messages": 100 - found, "open": 0}
        return Figures({**NOTHING_LEFT, "rooms": {"tokens": room}, "all": room})

    assert mutation.broken(figures(95)) == []
    assert mutation.broken(figures(94)) == ["94.0% of all mutants are found"]


@pytest.mark.parametrize(
    ("left", "line"),
    [
        ({"open": ["rule.py: return 1: 1 → 2"]}, "neither found nor explained: rule.py: return 1: 1 → 2"),
        ({"not_tried": ["web"]}, "not tried: web"),
        ({"found_though_explained": ["rule.py: return 1: 1 → 2"]}, "explained, but found: rule.py: return 1: 1 → 2"),
        ({"tests_that_fail_without_a_mutant": ["test_it"]}, "fails without a mutant: test_it"),
    ],
)
def test_each_mutant_and_each_room_that_is_left_breaks_the_promise(left: Mapping[str, Any], line: str) -> None:
    """However many others are found."""
    counts = {**NOTHING_LEFT, "rooms": {"tokens": {"mutants": 1000, "found": 999, "messages": 0, "open": 1}}}

    assert mutation.broken(Figures(counts)) == []
    assert mutation.broken(Figures({**counts, **left})) == [line]


def test_a_result_tells_how_many_mutants_the_rule_for_texts_covers() -> None:
    """Beside it: which part of all is found, and which part of the others."""
    room = {"mutants": 10, "found": 6, "explained": 4, "messages": 2, "open": 0}
    counts = {**NOTHING_LEFT, "rooms": {"tokens": room}, "all": room}

    assert mutation.table(Figures(counts)).splitlines()[2] == "| tokens | 10 | 6 | 4 | 2 | 0 | 60.0% | 75.0% |"


def test_every_explained_mutant_exists_and_has_a_reason() -> None:
    """A line that has changed may need another explanation, or none."""
    explained = Explanations(FILE.read_text(encoding="utf-8"))

    for key, reason in explained.reasons.items():
        source = Source((LAYER.package / key.module).read_text(encoding="utf-8"), key.module)
        assert (key.line, key.change) in {(source.text_of(mutant), mutant.change) for mutant in source.mutants}, key
        assert reason.endswith("."), key


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("x = a < b", {"a < b → a <= b", "a < b → a >= b"}),
        ("x = a and not b", {"a and (not b): and → or", "and a → (left out)", "and not b → (left out)", "not b → b"}),
        ("x = f(1, k=True)", {"1 → 2", "True → False", "f(k=True) → (left out)"}),
        ("x: 'int' = 1", {"1 → 2"}),
        ('def f():\n    """Text."""\n    return g()', {"return g() → return None"}),
        ("def f():\n    return True", {"True → False"}),
        ("__all__ = ['a']\nimport b", set()),
        ("@dataclass(frozen=True, repr=False)\nclass A: ...", {"False → True", "dataclass(repr=False) → (left out)"}),
    ],
)
def test_each_kind_of_fault_is_planted(code: str, changes: set[str]) -> None:
    """And nothing that only people or type checkers read."""
    source = Source(code, "module.py")

    assert {mutant.change for mutant in source.mutants} == changes
    planted = {ast.unparse(ast.parse(code))} | {_planted(source, mutant) for mutant in source.mutants}
    assert len(planted) == len(changes) + 1


def _planted(source: Source, mutant: Mutant) -> str:
    before = mutant.place.get()
    mutant.place.put(mutant.node)
    text = ast.unparse(source.tree)
    mutant.place.put(before)
    return text
