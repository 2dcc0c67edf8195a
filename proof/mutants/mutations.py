"""The mutants of a module: each is the module with one small fault.

Not mutated are docstrings, annotations, `__all__`, what only a type checker reads, and the options of dataclasses that
forbid a change of an object (`frozen`, `slots`, `kw_only`).
"""

import ast
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType

from proof.mutants.replacements import FORM_OF_CLASS, Place, replacements

_NAMES_FOR_CHECKERS = frozenset({"__all__", "__slots__"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Mutant:
    """One fault. `lines` are those of its statement. `function` is the outermost function around it, or empty.

    `is_message` tells that the fault is in a text of an exception that is raised.
    """

    change: str
    line: int
    lines: range
    function: str
    is_message: bool
    place: Place
    node: ast.AST


class Source:
    """One module with its mutants, always in the same order."""

    def __init__(self, text: str, path: str) -> None:
        """Parse a module. `path` is where its code says that it is."""
        self.tree = ast.parse(text)
        self._path = path
        self._lines = text.splitlines()
        self.mutants = list(_mutants(self.tree))

    def text_of(self, mutant: Mutant) -> str:
        """Return the line of a mutant, without the spaces around it."""
        return self._lines[mutant.line - 1].strip()

    def compiled(self, mutant: Mutant | None = None) -> CodeType:
        """Return the code of the module, with the fault of a mutant if one is given."""
        with _planted(mutant):
            code: CodeType = compile(self.tree, self._path, "exec", dont_inherit=True)
        return code


@contextmanager
def _planted(mutant: Mutant | None) -> Iterator[None]:
    if mutant is None:
        yield
        return
    before = mutant.place.get()
    mutant.place.put(mutant.node)
    try:
        yield
    finally:
        mutant.place.put(before)


@dataclass(frozen=True)
class _Around:
    """What is around a node. `message` is the text of the exception that a statement raises."""

    lines: range = range(0)
    function: str = ""
    qualname: str = ""
    message: ast.AST | None = None


def _mutants(tree: ast.Module) -> Iterator[Mutant]:
    refusing = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and _never_returns(node)}
    for index, statement in enumerate(tree.body):
        yield from _visit(Place(tree, "body", index), statement, _Around(), refusing)


def _visit(place: Place, node: ast.AST, around: _Around, refusing: Collection[str]) -> Iterator[Mutant]:
    if _is_for_people_or_checkers(node):
        return
    inside = around
    if isinstance(node, ast.stmt):
        inside = _Around(_lines(node), around.function, around.qualname, _message(node, refusing))
    for change, replacement in replacements(place, node):
        original = place.get()
        line = getattr(original, "lineno", inside.lines.start)
        located = ast.fix_missing_locations(ast.copy_location(replacement, original))
        yield Mutant(change, line, inside.lines, inside.function, node is inside.message, place, located)
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "type_params", "decorator_list" if isinstance(node, _FUNCTIONS) else ""}:
            continue
        below = _below(node, field, inside)
        children = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if isinstance(child, ast.AST):
                yield from _visit(
                    Place(node, field, index if isinstance(value, list) else None), child, below, refusing
                )


def _below(node: ast.AST, field: str, around: _Around) -> _Around:
    """Return what is around the children in a field. The defaults of a function are not inside of it."""
    if field == "body" and isinstance(node, ast.ClassDef) and not around.function:
        return _Around(around.lines, "", f"{around.qualname}{node.name}.")
    if field == "body" and isinstance(node, _FUNCTIONS) and not around.function:
        return _Around(around.lines, f"{around.qualname}{node.name}", "")
    return around


def _never_returns(function: ast.FunctionDef) -> bool:
    return isinstance(function.returns, ast.Name) and function.returns.id == "NoReturn"


def _message(statement: ast.stmt, refusing: Collection[str]) -> ast.AST | None:
    """Return the text of the exception that a statement raises, itself or by a function that never returns."""
    call = statement.exc if isinstance(statement, ast.Raise) else getattr(statement, "value", None)
    if not isinstance(call, ast.Call) or not call.args:
        return None
    raises = isinstance(statement, ast.Raise) or (isinstance(call.func, ast.Name) and call.func.id in refusing)
    text = call.args[0]
    is_text = isinstance(text, ast.JoinedStr) or (isinstance(text, ast.Constant) and isinstance(text.value, str))
    return text if raises and is_text else None


def _lines(statement: ast.stmt) -> range:
    """Return the lines of a statement, and of a compound one those of its head."""
    body = getattr(statement, "body", None)
    if body and isinstance(body, list):
        return range(statement.lineno, max(body[0].lineno, statement.lineno + 1))
    if isinstance(statement, ast.Match):
        return range(statement.lineno, statement.lineno + 1)
    return range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)


def _is_for_people_or_checkers(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # a docstring, or `...`
    if isinstance(node, ast.Assign):
        return any(isinstance(name, ast.Name) and name.id in _NAMES_FOR_CHECKERS for name in node.targets)
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    if isinstance(node, ast.keyword):
        return node.arg in FORM_OF_CLASS and isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in {"cast", "TypeVar"}
    return isinstance(node, ast.Import | ast.ImportFrom)
