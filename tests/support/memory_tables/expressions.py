"""DynamoDB's expressions, as the product writes them: conditions, filters, keys and updates.

Each expression is read once. What comes back is a function of an item, and of the names and the values of the request.
Items are in the form of the wire: `{"generation": {"N": "3"}}`. An expression of another form raises ValueError, so
nothing that the product may write one day is evaluated in a wrong way.

Amazon DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions" and "Update expressions".
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from tests.support.memory_tables.attribute_values import CHANGED, Item, at, has, is_same, number_of, put, size

Names = Mapping[str, str]
Values = Mapping[str, Any]
Condition = Callable[[Item, Names, Values], bool]
Operand = Callable[[Item, Names, Values], Any]

_WORD = re.compile(r"\s*(<=|>=|<>|[-(),=<>+.]|[:#][A-Za-z0-9_]+|[A-Za-z_][A-Za-z0-9_]*)")
_NAME = re.compile(r"#?[A-Za-z0-9_]+")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_PLACEHOLDER = re.compile(r"[:#][A-Za-z0-9_]+")
_RESERVED = frozenset(ReservedKeywords.get_reserved_keywords())  # of AWS's list, which moto has
_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")


class Change(NamedTuple):
    """One change of an update: what is done, where, and with which value."""

    kind: str
    path: tuple[str, ...]
    value: Operand | None


def condition(text: str) -> Condition:
    """Return the condition that an expression states."""
    return _condition(text)


def update(text: str) -> tuple[Change, ...]:
    """Return the changes that an expression makes. All of them read the item as it was before."""
    return _update(text)


@cache
def paths(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the attributes that a projection names."""
    words = _Words(text)
    found = [words.path()]
    while words.next:
        words.expect(",")
        found.append(words.path())
    return tuple(found)


@cache
def attributes(text: str) -> frozenset[str]:
    """Return the attributes of the item that a condition looks at, as it names them."""
    words = _Words(text)
    words.alternatives()
    return frozenset(words.attributes)


@cache
def placeholders(text: str) -> frozenset[str]:
    """Return the names and values of the request that an expression uses."""
    return frozenset(_PLACEHOLDER.findall(text))


def changed(item: Item, changes: tuple[Change, ...], names: Names, values: Values) -> Item:
    """Return the item after the changes. The one before stays as it is."""
    after = dict(item)
    for change in changes:
        path = [names.get(part, part) for part in change.path]
        value = change.value(item, names, values) if change.value else None
        put(after, path, CHANGED[change.kind](at(item, path), value))
    return after


@cache
def _condition(text: str) -> Condition:
    words = _Words(text)
    found = words.alternatives()
    words.end()
    return found


@cache
def _update(text: str) -> tuple[Change, ...]:
    words, changes, kind = _Words(text), list[Change](), ""
    while words.next:
        kind = words.take() if words.next in _CLAUSES else words.expect(",") and kind
        path = words.path()
        value: Operand | None = None
        if kind == "SET":
            words.expect("=")
            value = words.sum()
        elif kind != "REMOVE":
            value = words.operand()
        changes.append(Change(kind, path, value))
    return tuple(changes)


class _Words:
    """The words of an expression, and the grammar: each method reads one form and returns what it means."""

    def __init__(self, text: str) -> None:
        self._text, self._words, place = text, list[str](), 0
        while place < len(text.rstrip()):
            found = _WORD.match(text, place)
            if found is None:
                raise ValueError(f"not an expression: {text}")
            self._words.append(found[1])
            place = found.end()
        self._words.reverse()
        self.attributes = set[str]()

    @property
    def next(self) -> str:
        """The next word, empty at the end."""
        return self._words[-1] if self._words else ""

    def take(self) -> str:
        """Take the next word."""
        if not self._words:
            raise ValueError(f"it ends early: {self._text}")
        return self._words.pop()

    def expect(self, word: str) -> str:
        """Take this word."""
        if self.take() != word:
            raise ValueError(f"no {word}: {self._text}")
        return word

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self._words:
            raise ValueError(f"more than an expression: {self._text}")

    def alternatives(self) -> Condition:
        """Read conditions with OR between them."""
        found = self._all()
        while self.next == "OR":
            self.take()
            found = _either(found, self._all())
        return found

    def _all(self) -> Condition:
        found = self._one()
        while self.next == "AND":
            self.take()
            found = _both(found, self._one())
        return found

    def _one(self) -> Condition:
        match self.next:
            case "NOT":
                self.take()
                denied = self._one()
                return lambda item, names, values: not denied(item, names, values)
            case "(":
                self.take()
                found = self.alternatives()
                self.expect(")")
                return found
            case "attribute_exists" | "attribute_not_exists" as name:
                self.take()
                path = self._argument()
                exists = name == "attribute_exists"
                return lambda item, names, _values: (_found(item, path, names) is not None) is exists
            case "contains":
                self.take()
                self.expect("(")
                path = self.path()
                self.expect(",")
                part = self.operand()
                self.expect(")")
                return lambda item, names, values: has(_found(item, path, names), part(item, names, values))
        return self._comparison()

    def _comparison(self) -> Condition:
        left, sign, right = self.operand(), self.take(), self.operand()
        if sign == "=":
            return lambda item, names, values: is_same(left(item, names, values), right(item, names, values))
        if sign == "<>":
            return lambda item, names, values: not is_same(left(item, names, values), right(item, names, values))
        if sign not in _COMPARISONS:
            raise ValueError(f"no comparison: {self._text}")
        compare = _COMPARISONS[sign]

        def compared(item: Item, names: Names, values: Values) -> bool:
            one, other = left(item, names, values), right(item, names, values)
            return one is not None and other is not None and compare(number_of(one), number_of(other))

        return compared

    def sum(self) -> Operand:
        """Read the value of a SET."""
        left = self.operand()
        if self.next not in {"+", "-"}:
            return left
        sign, right = 1 if self.take() == "+" else -1, self.operand()

        def added(item: Item, names: Names, values: Values) -> Item:
            total = number_of(left(item, names, values)) + sign * number_of(right(item, names, values))
            return {"N": str(total)}

        return added

    def operand(self) -> Operand:
        """Read a value, an attribute, or a function of one."""
        if self.next.startswith(":"):
            name = self.take()
            return lambda _item, _names, values: values[name]
        if self.next == "size":
            self.take()
            measured = self._argument()
            return lambda item, names, _values: size(_found(item, measured, names))
        if self.next == "if_not_exists":
            self.take()
            self.expect("(")
            path = self.path()
            self.expect(",")
            otherwise = self.operand()
            self.expect(")")

            def found(item: Item, names: Names, values: Values) -> Any:  # noqa: ANN401 - an attribute value
                stored = _found(item, path, names)
                return otherwise(item, names, values) if stored is None else stored

            return found
        path = self.path()
        return lambda item, names, _values: _found(item, path, names)

    def _argument(self) -> tuple[str, ...]:
        self.expect("(")
        path = self.path()
        self.expect(")")
        return path

    def path(self) -> tuple[str, ...]:
        """Read an attribute, perhaps within others."""
        parts = [self.take()]
        while self.next == ".":
            self.take()
            parts.append(self.take())
        if not all(_NAME.fullmatch(part) and part.upper() not in _RESERVED for part in parts):
            raise ValueError(f"not an attribute: {self._text}")
        self.attributes.add(parts[0])
        return tuple(parts)


def _both(one: Condition, other: Condition) -> Condition:
    return lambda item, names, values: one(item, names, values) and other(item, names, values)


def _either(one: Condition, other: Condition) -> Condition:
    return lambda item, names, values: one(item, names, values) or other(item, names, values)


def _found(item: Item, path: tuple[str, ...], names: Names) -> Any:  # noqa: ANN401 - an attribute value
    return at(item, [names.get(part, part) for part in path])
