"""Reads all users of a stack by a scan of their table, page by page, and counts what that costs."""

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from edge_auth.accounts.identity import Identity
from edge_auth.adapters.aws import translated_failures
from edge_auth.adapters.dynamodb.identity_items import identity_from, login_key
from edge_auth.errors import TemporarilyUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What is read of a user. The password hash is not: without it, no output and no memory of this machine has it.
ATTRIBUTES = (
    *("user_id", "username", "status", "epoch", "created_at", "scope", "roles", "claims"),
    *("email", "email_verified_at", "language"),
)
PASSWORD_HASH = "password_hash"


class UsersUnreadable(Exception):
    """Some items of the table are no users. The text says how many."""


class Wanted(NamedTuple):
    """Which users are wanted: of this status, with this role, whose names begin so. An empty text is any."""

    status: str = ""
    role: str = ""
    prefix: str = ""


EVERYBODY = Wanted()


class UserScan:
    """One scan. `items` and `read_units` say what it has read so far: DynamoDB charges for each item of the table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Scan this table."""
        self._client = client
        self._table = table
        self.items = 0
        self.read_units = 0.0

    def users(self, wanted: Wanted = EVERYBODY, *, with_hashes: bool = False, consistent: bool) -> Iterator[Identity]:
        """Yield the users in no order. `consistent` costs twice as much, and misses no write that came before.

        Raises:
            UsersUnreadable: at the end, if items are damaged. All other users came before.
            TemporarilyUnavailable: the table cannot be read.

        """
        unreadable = 0
        for item in self._items(wanted, with_hashes=with_hashes, consistent=consistent):
            try:
                identity = identity_from(item)
            except TemporarilyUnavailable:
                unreadable += 1
            else:
                yield identity
        if unreadable:
            raise UsersUnreadable(f"{unreadable} items of the table {self._table} are damaged, and are left out")

    def _items(self, wanted: Wanted, *, with_hashes: bool, consistent: bool) -> Iterator[Any]:
        attributes = (*ATTRIBUTES, PASSWORD_HASH) if with_hashes else ATTRIBUTES
        names = {f"#{number}": name for number, name in enumerate(attributes)}
        projection = ", ".join(names)
        # A name is stored in its canonical spelling. The other items of the table have other keys.
        prefix = unicodedata.normalize("NFKC", wanted.prefix).casefold().strip()
        conditions, values = ["begins_with(pk, :login)"], {":login": login_key(prefix)["pk"]}
        if wanted.status:
            conditions.append("#status = :status")
            names["#status"], values[":status"] = "status", {"S": wanted.status}
        if wanted.role:
            conditions.append("contains(#roles, :role)")
            names["#roles"], values[":role"] = "roles", {"S": wanted.role}
        with translated_failures():
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                ConsistentRead=consistent,
                FilterExpression=" AND ".join(conditions),
                ProjectionExpression=projection,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ReturnConsumedCapacity="TOTAL",
            )
            for page in pages:
                self.items += page["ScannedCount"]
                self.read_units += page.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)
                yield from page["Items"]
