"""The use of a passkey, as parts of the transaction that opens a session: the user's item, and a spent challenge.

The challenge is in the throttle table. It is there in every deployment, its items are deleted by time, and no query of
another kind reads it.
"""

from typing import TYPE_CHECKING

from edge_auth import base64url
from edge_auth.adapters.dynamodb.identity_items import IS_ACTIVE_AS_READ, active_as_read, login_key
from edge_auth.adapters.dynamodb.items import binary, number, text
from edge_auth.throttling.counters import bucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, UpdateTypeDef

    from edge_auth.flows.ports.passkeys import PasskeyUse

# DynamoDB deletes nothing early by its own clock. This is for clocks of functions that differ from it.
SPENT_KEPT_SECONDS = 3600


def update_of(table: str, user_id: str, username: str, epoch: int, use: "PasskeyUse") -> "UpdateTypeDef":
    """Return the update of an active user's item. Its condition fails if the user or the passkey has changed."""
    return {
        "TableName": table,
        "Key": login_key(username),
        "UpdateExpression": "SET passkeys.#id.sign_count = :count,"
        " passkeys.#id.backed_up = :backed_up, passkeys.#id.used_at = :used_at",
        "ConditionExpression": f"{IS_ACTIVE_AS_READ} AND passkeys.#id.public_key = :key"
        " AND passkeys.#id.sign_count = :read_count",
        "ExpressionAttributeNames": {"#id": base64url.encode(use.before.credential_id), "#status": "status"},
        "ExpressionAttributeValues": {
            **active_as_read(user_id, epoch),
            ":key": binary(use.before.public_key),
            ":read_count": number(use.before.sign_count),
            ":count": number(use.after.sign_count),
            ":backed_up": {"BOOL": use.after.is_backed_up},
            ":used_at": number(use.after.used_at_seconds),
        },
    }


def spent_marker(table: str, use: "PasskeyUse") -> "PutTypeDef":
    """Return the write that marks the challenge as spent. Its condition fails if it was spent before."""
    return {
        "TableName": table,
        "Item": {
            "bucket": text(bucket("spent challenge", use.challenge.challenge_id)),
            "delete_at": number(use.challenge.expires_at_seconds + SPENT_KEPT_SECONDS),
        },
        "ConditionExpression": "attribute_not_exists(#bucket)",
        "ExpressionAttributeNames": {"#bucket": "bucket"},
    }
