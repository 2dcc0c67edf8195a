"""Imports of users into the identities table: `imported#<hash of the source>` says which user came from there."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from edge_auth import base64url
from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.identity_items import login_item, user_item
from edge_auth.adapters.dynamodb.items import ItemReader, text
from edge_auth.flows.ports.imported_identities import Imported

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

MAX_USERS = 33  # of one transaction: DynamoDB takes 100 items
_IS_NEW = "attribute_not_exists(pk)"
_RECORD = "imported#"
_ITEMS_OF_A_USER = 3  # the record of the import, the login, the name


class DynamoDBImportedIdentities:
    """The port `flows.ports.imported_identities.ImportedIdentities` on the identities table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Use this table."""
        self._client = client
        self._table = table

    def add(self, users: Sequence[Imported]) -> tuple[str, ...]:
        """Add up to `MAX_USERS` users in one transaction, without those that it refuses.

        The SDK makes a transaction safe to send twice. A call that is made again finds what an earlier one has written
        by the record of the import.
        """
        ids = [user.identity.user_id for user in users]
        pending = [*range(len(users))]
        while pending:
            refused = self._write([users[place] for place in pending])
            if not refused:
                break
            for place, item in refused.items():
                user = users[pending[place]]
                ids[pending[place]] = self._known(user) if item == 0 else ""
            pending = [each for place, each in enumerate(pending) if place not in refused]
        return tuple(ids)

    def _write(self, users: Sequence[Imported]) -> dict[int, int]:
        """Write all items, or none. Return the refused users, each with the first item whose condition failed."""
        try:
            with translated_failures():
                self._client.transact_write_items(
                    TransactItems=[
                        {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": _IS_NEW}}
                        for user in users
                        for item in (_record(user), login_item(user.identity), user_item(user.identity))
                    ]
                )
        except ConditionFailed as refused:
            by_user = (divmod(position, _ITEMS_OF_A_USER) for position in reversed(refused.positions))
            return dict(by_user)  # the first item of a user is the last one here
        return {}

    def _known(self, user: Imported) -> str:
        """Return the id of a user that an earlier import has added."""
        with translated_failures():
            answer = self._client.get_item(TableName=self._table, Key=_record_key(user.source), ConsistentRead=True)
        return ItemReader(answer.get("Item", {})).text("user_id")


def is_record_of_import(item: "Item") -> bool:
    """Whether the item of the table says who was imported."""
    return item["pk"].get("S", "").startswith(_RECORD)


def _record(user: Imported) -> "dict[str, AttributeValueTypeDef]":
    return {**_record_key(user.source), "user_id": text(user.identity.user_id)}


def _record_key(source: str) -> "dict[str, AttributeValueTypeDef]":
    # A hash, because the record outlives the user, and an id of another system may be an address.
    return {"pk": text(f"{_RECORD}{base64url.encode(sha256(source.encode('utf-8')).digest())}")}
