"""The faults that one node of a syntax tree can have: each is another node in its place."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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
FORM_OF_CLASS = frozenset({"frozen", "slots", "kw_only"})


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


def replacements(place: Place, node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Return each change of a node, in words, with the node that takes its place."""
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
        if keyword.arg is not None and keyword.arg not in FORM_OF_CLASS:
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
