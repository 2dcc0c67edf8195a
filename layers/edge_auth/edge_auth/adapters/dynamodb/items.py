"""DynamoDB's attribute values, written and read by type. A stored item without the expected shape is damaged."""

from typing import TYPE_CHECKING

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.tokens.own_claims import NO_CLAIMS, OwnClaims, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]


def text(value: str) -> "AttributeValueTypeDef":
    """Write a string."""
    return {"S": value}


def number(value: int) -> "AttributeValueTypeDef":
    """Write a whole number."""
    return {"N": str(value)}


def binary(value: bytes) -> "AttributeValueTypeDef":
    """Write bytes."""
    return {"B": value}


def texts(values: tuple[str, ...]) -> "AttributeValueTypeDef":
    """Write a list of strings, in order."""
    return {"L": [{"S": value} for value in values]}


def text_set(values: "Iterable[str]") -> "AttributeValueTypeDef":
    """Write a set of strings, which may not be empty."""
    return {"SS": sorted(values)}


def claims_attribute(claims: OwnClaims) -> "dict[str, AttributeValueTypeDef]":
    """Write the attribute that has own claims. A user without any has no such attribute."""
    return {"claims": text(to_json(claims))} if claims else {}


class ItemReader:
    """Reads the attributes of one item. A missing or mistyped attribute raises TemporarilyUnavailable with its name."""

    def __init__(self, item: "Item") -> None:
        """Read from this item."""
        self._item = item

    def text(self, name: str) -> str:
        """Read a string."""
        value = self._item.get(name, {}).get("S")
        if not isinstance(value, str):
            raise _damaged(name)
        return value

    def number(self, name: str) -> int:
        """Read a whole number that is not negative."""
        value = self._item.get(name, {}).get("N")
        if not isinstance(value, str) or not value.isdecimal():
            raise _damaged(name)
        return int(value)

    def binary(self, name: str) -> bytes:
        """Read bytes."""
        value = self._item.get(name, {}).get("B")
        if not isinstance(value, bytes):
            raise _damaged(name)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of strings."""
        values = self._item.get(name, {}).get("L")
        if not isinstance(values, list):
            raise _damaged(name)
        strings = [value.get("S") for value in values]
        if not all(isinstance(value, str) for value in strings):
            raise _damaged(name)
        return tuple(str(value) for value in strings)

    def text_set(self, name: str) -> frozenset[str]:
        """Read a set of strings, empty if the attribute is absent: DynamoDB has no empty sets."""
        values = self._item.get(name, {"SS": []}).get("SS")
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise _damaged(name)
        return frozenset(values)

    def optional_number(self, name: str) -> int | None:
        """Read a whole number, or None if the attribute is absent."""
        return self.number(name) if name in self._item else None

    def optional_binary(self, name: str) -> bytes:
        """Read bytes, empty if the attribute is absent."""
        return self.binary(name) if name in self._item else b""

    def optional_text(self, name: str) -> str:
        """Read a string, empty if the attribute is absent."""
        return self.text(name) if name in self._item else ""

    def claims(self) -> OwnClaims:
        """Read own claims, none if the attribute is absent."""
        if "claims" not in self._item:
            return NO_CLAIMS
        try:
            return from_json(self.text("claims"))
        except ValueError:
            raise _damaged("claims") from None


def _damaged(name: str) -> TemporarilyUnavailable:
    return TemporarilyUnavailable(f"damaged item: {name}")
