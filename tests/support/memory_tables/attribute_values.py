"""Values of attributes in the form of the wire, `{"N": "3"}`: where they are in an item, and how they compare."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

Item = dict[str, Any]


def decoded(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a copy of attribute values as the SDK has them: bytes are not in base64."""
    if isinstance(value, Mapping):
        if set(value) == {"B"}:
            return {"B": b64decode(value["B"])}
        return {name: decoded(each) for name, each in value.items()}
    return [decoded(each) for each in value] if isinstance(value, list) else value


def number_of(value: Any) -> int:  # noqa: ANN401 - an attribute value
    """Return the number in an attribute value. Raises ValueError for another type."""
    if not isinstance(value, dict) or set(value) != {"N"}:
        raise ValueError("not a number")
    return int(value["N"])


def at(item: Item, path: list[str]) -> Any:  # noqa: ANN401 - an attribute value
    """Return what is at a path, or None."""
    value: Any = {"M": item}
    for part in path:
        value = value.get("M", {}).get(part) if value else None
    return value


def put(item: Item, path: list[str], value: Any) -> None:  # noqa: ANN401 - an attribute value
    """Put a value into an item whose own members may be changed, and no others. None takes it out."""
    *within, name = path
    members = item
    for part in within:
        if part not in members:
            raise ValueError(f"no attribute {part}")
        members[part] = {"M": dict(members[part]["M"])}
        members = members[part]["M"]
    if value is None:
        members.pop(name, None)
    else:
        members[name] = value


def is_same(one: Any, other: Any) -> bool:  # noqa: ANN401 - attribute values
    """Whether two values are equal. Nothing equals what is not there."""
    if one is None or other is None:
        return False
    if set(one) == set(other) == {"SS"}:
        return bool(set(one["SS"]) == set(other["SS"]))
    return bool(one == other)


def has(value: Any, part: Any) -> bool:  # noqa: ANN401 - attribute values
    """Whether a set or a list has a part. Raises ValueError for another type."""
    if value is None:
        return False
    if "SS" in value:
        return part.get("S") in value["SS"]
    if "L" in value:
        return part in value["L"]
    raise ValueError("neither a set nor a list")


def size(value: Any) -> Any:  # noqa: ANN401 - attribute values
    """Return how many members a value has, or characters."""
    return None if value is None else {"N": str(len(next(iter(value.values()))))}


def has_empty_set(values: list[Any]) -> bool:
    """Whether one of these values is a set without members, which DynamoDB does not take."""
    return {"SS": []} in values


def _joined(before: Any, value: Any) -> Any:  # noqa: ANN401 - attribute values
    texts = [] if before is None else before["SS"]
    return {"SS": sorted({*texts, *value["SS"]})}


def _taken(before: Any, value: Any) -> Any:  # noqa: ANN401 - attribute values
    left = set() if before is None else set(before["SS"]) - set(value["SS"])
    return {"SS": sorted(left)} if left else None  # DynamoDB keeps no empty set


CHANGED: dict[str, Callable[[Any, Any], Any]] = {
    "SET": lambda _before, value: value,
    "REMOVE": lambda _before, _value: None,
    "ADD": _joined,
    "DELETE": _taken,
}
"""What each kind of change makes of the value that was there, and of the one that the request has."""
