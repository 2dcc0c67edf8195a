"""The transactions on both items of a user: the renaming, and the deletion."""

from typing import TYPE_CHECKING

from edge_auth.accounts.identity import Identity
from edge_auth.adapters.dynamodb.identity_items import IS_AS_READ, OF_SOME_USERS, as_read
from edge_auth.adapters.dynamodb.items import text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

    from edge_auth.adapters.dynamodb.items import Item

    Key = dict[str, AttributeValueTypeDef]

NEW_NAME = 1  # the position of its write: refused if another user has the name


def renaming(
    table: str, item: "Item", username: str, *, old: "Key", new: "Key", user: "Key"
) -> "list[TransactWriteItemTypeDef]":
    """Return the acts of a renaming: the user's item moves from the key of the old name to that of the new one.

    It is moved as it was read, also with attributes that a later version has added. If any of them has changed since,
    or one of `OF_SOME_USERS` has come, the acts are refused.
    """
    names = {f"#{place}": name for place, name in enumerate([*item, *sorted(OF_SOME_USERS - item.keys())])}
    values = {f":{place}": value for place, value in enumerate(item.values())}
    as_read = [f"#{place} = :{place}" for place in range(len(values))]
    still_absent = [f"attribute_not_exists(#{place})" for place in range(len(values), len(names))]
    return [
        {
            "Delete": {
                "TableName": table,
                "Key": old,
                "ConditionExpression": " AND ".join(as_read + still_absent),
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
            }
        },
        {
            "Put": {
                "TableName": table,
                "Item": {**item, **new, "username": text(username)},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        },
        {
            "Update": {
                "TableName": table,
                "Key": user,
                "UpdateExpression": "SET username = :new",
                "ConditionExpression": "username = :old",
                "ExpressionAttributeValues": {":new": text(username), ":old": item["username"]},
            }
        },
    ]


def deletion(table: str, identity: Identity, *, login: "Key", user: "Key") -> "list[TransactWriteItemTypeDef]":
    """Return the acts of a deletion, which are refused if the epoch has moved since the user was read."""
    return [
        {
            "Delete": {
                "TableName": table,
                "Key": login,
                "ConditionExpression": IS_AS_READ,
                "ExpressionAttributeValues": as_read(identity.user_id, identity.epoch),
            }
        },
        {
            "Delete": {
                "TableName": table,
                "Key": user,
                "ConditionExpression": "username = :username",
                "ExpressionAttributeValues": {":username": text(identity.username)},
            }
        },
    ]
