"""One table in memory: its keys are those of the template's table."""

import json
from typing import Any

from tests.support.memory_tables.attribute_values import Item
from tests.support.template import properties

MAX_ITEM_BYTES = 400 * 1024


class Table:
    """The items of one table, by partition and sort key."""

    def __init__(self, logical_id: str) -> None:
        """Take the keys of the template's table."""
        shape = properties(logical_id)
        kinds = {each["AttributeName"]: each["AttributeType"] for each in shape["AttributeDefinitions"]}
        self.keys: dict[str, str] = {each["AttributeName"]: kinds[each["AttributeName"]] for each in shape["KeySchema"]}
        self.items: dict[str, dict[Any, Item]] = {}

    def place(self, key: Item) -> tuple[str, Any]:
        """Return where an item stands. A sort key that is a number is ordered as one. Raises ValueError: no key."""
        values: list[Any] = []
        for name, kind in self.keys.items():
            [(own, value)] = key[name].items()
            if own != kind or not value:
                raise ValueError(f"not a {name}")
            values.append(int(value) if kind == "N" else value)
        return values[0], values[1] if len(values) > 1 else ""

    def find(self, key: Item) -> Item:
        """Return an item, empty if there is none."""
        partition, sort = self.place(key)
        return self.items.get(partition, {}).get(sort, {})

    def put(self, item: Item) -> None:
        """Write a whole item. Raises ValueError: it is larger than DynamoDB takes."""
        partition, sort = self.place(item)
        if len(json.dumps(item)) > MAX_ITEM_BYTES:
            raise ValueError("too large")
        self.items.setdefault(partition, {})[sort] = item

    def delete(self, key: Item) -> None:
        """Remove an item, if there is one."""
        partition, sort = self.place(key)
        self.items.get(partition, {}).pop(sort, None)

    def all(self) -> list[Item]:
        """Return every item."""
        return [item for partition in self.items.values() for item in partition.values()]
