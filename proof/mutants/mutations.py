"""The mutants of a module: each is the module with one small fault.

Not mutated are docstrings, annotations, `__all__`, what only a type checker reads, and the options of dataclasses that
forbid a change of an object (`frozen`, `slots`, `kw_only`).
"""

import ast
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType

_SHOWN = 70  # characters of a fragment

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitOr,
}
_FORM_OF_CLASS = frozenset({"frozen", "slots", "kw_only"})
_NAMES_FOR_CHECKERS = frozenset({"__all__", "__slots__"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Place:
    """A field of a node, or one element of a field that is a list."""

    owner: ast.AST
    field: str
    index: int | None = None

    def get(self) -> ast.AST:
        """Return what is there."""
        value = getattr(self.owner, self.field)
        node: ast.AST = value if self.index is None else value[self.index]
        return node

    def put(self, node: ast.AST) -> None:
        """Put another node there."""
        if self.index is None:
            setattr(self.owner, self.field, node)
        else:
            getattr(self.owner, self.field)[self.index] = node


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
    for change, replacement in _replacements(place, node):
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
        return node.arg in _FORM_OF_CLASS and isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in {"cast", "TypeVar"}
    return isinstance(node, ast.Import | ast.ImportFrom)


def _replacements(place: Place, node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for kind, make in _MAKERS:
        if isinstance(node, kind):
            yield from make(place, node)


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _changed(node: ast.AST, replacement: ast.AST) -> tuple[str, ast.AST]:
    return f"{_shown(node)} → {_shown(replacement)}", replacement


def _comparison(_: Place, node: ast.Compare) -> Iterator[tuple[str, ast.AST]]:
    for index, operator in enumerate(node.ops):
        for other in _COMPARISONS[type(operator)]:
            operators = [*node.ops]
            operators[index] = other()
            yield _changed(node, ast.Compare(node.left, operators, node.comparators))


def _condition(_: Place, node: ast.BoolOp) -> Iterator[tuple[str, ast.AST]]:
    is_and = isinstance(node.op, ast.And)
    yield (
        f"{_shown(node)}: {'and → or' if is_and else 'or → and'}",
        ast.BoolOp(ast.Or() if is_and else ast.And(), node.values),
    )
    for index, value in enumerate(node.values):
        others = [*node.values[:index], *node.values[index + 1 :]]
        left = others[0] if len(others) == 1 else ast.BoolOp(node.op, others)
        yield f"{'and' if is_and else 'or'} {_shown(value)} → (left out)", left


def _operation(_: Place, node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    other = _OPERATORS.get(type(node.op))
    if other is not None:
        yield _changed(node, ast.BinOp(node.left, other(), node.right))


def _addition_in_place(_: Place, node: ast.AugAssign) -> Iterator[tuple[str, ast.AST]]:
    other = _OPERATORS.get(type(node.op))
    if other is not None:
        yield f"{_shown(node)} → (the opposite)", ast.AugAssign(node.target, other(), node.value)
    yield f"{_shown(node)} → =", ast.Assign([node.target], node.value)


def _negation(_: Place, node: ast.UnaryOp) -> Iterator[tuple[str, ast.AST]]:
    yield _changed(node, node.operand)


def _branch(_: Place, node: ast.If | ast.IfExp | ast.While) -> Iterator[tuple[str, ast.AST]]:
    """Only conditions that have no mutant of their own: a name, an attribute, a call."""
    if isinstance(node.test, ast.Name | ast.Attribute | ast.Call | ast.NamedExpr | ast.Subscript):
        negated = ast.UnaryOp(ast.Not(), node.test)
        change = f"if {_shown(node.test)} → if {_shown(negated)}"
        copy = type(node)(**{**dict(ast.iter_fields(node)), "test": negated})
        yield change, copy


def _filter(_: Place, node: ast.comprehension) -> Iterator[tuple[str, ast.AST]]:
    for index, test in enumerate(node.ifs):
        others = [*node.ifs[:index], *node.ifs[index + 1 :]]
        replacement = ast.comprehension(node.target, node.iter, others, node.is_async)
        yield f"if {_shown(test)} → (left out)", replacement


def _constant(place: Place, node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(place.owner, ast.JoinedStr | ast.FormattedValue):
        return  # the whole text has a mutant
    value = node.value
    others: list[bool | int | str | bytes] = []
    if isinstance(value, bool):
        others = [not value]
    elif isinstance(value, int):
        others = [value + 1]
    elif isinstance(value, str):
        others = [f"XX{value}XX" if value else "XX"]
    elif isinstance(value, bytes):
        others = [b"XX" + value + b"XX" if value else b"XX"]
    yield from (_changed(node, ast.Constant(other)) for other in others)


def _text(_: Place, node: ast.JoinedStr) -> Iterator[tuple[str, ast.AST]]:
    yield _changed(node, ast.JoinedStr([ast.Constant("XX"), *node.values, ast.Constant("XX")]))


def _removed(_: Place, node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    yield f"{_shown(node)} → pass", ast.Pass()


def _return(_: Place, node: ast.Return) -> Iterator[tuple[str, ast.AST]]:
    # A returned bool has a mutant of its own, which differs in more places than None does.
    if node.value is not None and not (
        isinstance(node.value, ast.Constant) and node.value.value in {None, True, False}
    ):
        yield f"{_shown(node)} → return None", ast.Return(ast.Constant(None))


def _argument(_: Place, node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    """Leave out one argument that is passed by its name: it may have a default."""
    for index, keyword in enumerate(node.keywords):
        if keyword.arg is not None and keyword.arg not in _FORM_OF_CLASS:
            others = [*node.keywords[:index], *node.keywords[index + 1 :]]
            change = f"{_shown(node.func)}({keyword.arg}={_shown(keyword.value)}) → (left out)"
            yield change, ast.Call(node.func, node.args, others)


def _jump(_: Place, node: ast.Break | ast.Continue) -> Iterator[tuple[str, ast.AST]]:
    yield _changed(node, ast.Continue() if isinstance(node, ast.Break) else ast.Break())


# Each kind of node with what makes its mutants.
_MAKERS: tuple[tuple[type | tuple[type, ...], Callable[..., Iterator[tuple[str, ast.AST]]]], ...] = (
    (ast.Compare, _comparison),
    (ast.BoolOp, _condition),
    (ast.BinOp, _operation),
    (ast.AugAssign, _addition_in_place),
    (ast.UnaryOp, _negation),
    ((ast.If, ast.IfExp, ast.While), _branch),
    (ast.comprehension, _filter),
    (ast.Constant, _constant),
    (ast.JoinedStr, _text),
    ((ast.Expr, ast.Raise), _removed),
    (ast.Return, _return),
    (ast.Call, _argument),
    ((ast.Break, ast.Continue), _jump),
)
