"""A reader as a function of bytes, and what bytes become for readers of texts, of JSON and of items."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple


class Reader(NamedTuple):
    """A reader, and the errors that it declares."""

    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...] = ()


def text_of(data: bytes) -> str:
    """Return any text: UTF-8, in which a lone surrogate is allowed. Other bytes are question marks."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def of_json(read: Callable[[Any], object]) -> Callable[[bytes], object]:
    """Return a reader of what JSON holds."""

    def read_json(data: bytes) -> object:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return None
        return read(value)

    return read_json


def of_item(read: Callable[[Any], object]) -> Callable[[bytes], object]:
    """Return a reader of an item as the SDK makes it: attribute values of their types, and numbers of 38 digits."""

    def read_item(document: object) -> object:
        return read({name: _attribute(value) for name, value in _members(document)})

    return of_json(read_item)


def _members(document: object) -> list[tuple[str, Any]]:
    return list(document.items()) if isinstance(document, dict) else []


def _attribute(value: object) -> dict[str, Any]:
    """Return an attribute value of the type that is named. Anything else is one of another type."""
    [(kind, content)] = value.items() if isinstance(value, dict) and len(value) == 1 else [("NULL", True)]
    match kind, content:
        case ("S", str()) | ("BOOL", bool()):
            read = content
        case "N", str():
            read = content[:39]
        case "B", str():
            read = content.encode("utf-8", "replace")
        case "L", list():
            read = [_attribute(each) for each in content]
        case "SS", list():
            read = [str(each) for each in content]
        case "M", dict():
            read = {name: _attribute(each) for name, each in content.items()}
        case _:
            return {"NULL": True}
    return {kind: read}


def of_text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """Return a reader of any text."""
    return lambda data: read(text_of(data))


def escapes(reader: Reader, data: bytes) -> Exception | None:
    """Return the error of a reader that it does not declare, if there is one."""
    try:
        reader.read(data)
    except reader.refusals:
        return None
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return error
    return None
