"""What the tables have about one person, without credentials. docs/privacy.md says which counters are left out.

The values are those of the tables: times are seconds since 1970, or milliseconds where a name ends in `_ms`.
"""

from typing import TYPE_CHECKING, Any

from admin.deployment import Deployment
from admin.times import iso
from edge_auth.accounts.identity import Identity
from edge_auth.adapters.aws import translated_failures
from edge_auth.adapters.dynamodb.challenges import items_of
from edge_auth.adapters.dynamodb.ended_items import ended_partition
from edge_auth.adapters.dynamodb.identity_items import login_key
from edge_auth.adapters.dynamodb.items import ItemReader, text
from edge_auth.errors import UserChanged
from edge_auth.throttling.limits import account_bucket, password_change_limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

# The attributes of a user that may be shown. Any other may be a credential, such as a hash or a sealed secret, also one
# that a later version adds: of these, the names are shown and no value.
SHOWN = frozenset(
    {
        *("user_id", "username", "status", "enabled_status", "epoch", "created_at", "scope", "roles", "claims"),
        *("email", "email_verified_at", "email_bounced_at", "bounced_address", "bounce_reason", "language"),
        *("totp_at", "totp_step", "factor_failures", "factors_version"),
        "passkeys",  # their names and times; a public key is no credential, and its bytes are left out
    }
)
# The attributes that a second factor has, by what it is called.
FACTORS = {"totp": "totp", "recovery": "recovery_codes", "passkeys": "passkeys"}
KEY = "pk"


class PersonalData:
    """What the tables of a stack have about persons."""

    def __init__(self, client: "DynamoDBClient", deployment: Deployment) -> None:
        """Read the tables of this stack."""
        self._client = client
        self._deployment = deployment

    def factors(self, identity: Identity) -> list[str]:
        """Return the names of the user's second factors."""
        item = self._user(identity)
        return [name for attribute, name in FACTORS.items() if attribute in item]

    def stopped_mail(self, identity: Identity) -> dict[str, str]:
        """Return why the user's address takes no mails, and since when. Empty if it takes them."""
        if not identity.email_bounced_at_seconds:
            return {}
        reason = ItemReader(self._user(identity)).optional_text("bounce_reason")
        return {"reason": reason or "unknown", "since": iso(identity.email_bounced_at_seconds)}

    def of(self, identity: Identity) -> dict[str, object]:
        """Return the data of a user. Raises UserChanged if it was deleted or renamed meanwhile."""
        item, user_id = self._user(identity), identity.user_id
        counters = (account_bucket(identity.username), password_change_limit(user_id).counter)
        return {
            "user": {name: _plain(value) for name, value in item.items() if name in SHOWN},
            "sessions": list(self._sessions(text(user_id))),
            "ended_sessions": list(self._sessions(ended_partition(user_id))),
            "attempts": [counter for name in counters if (counter := self._counter(name))],
            "challenges": list(self._challenges(user_id)),
            "not_exported": sorted(item.keys() - SHOWN - {KEY}),
        }

    def _user(self, identity: Identity) -> "Item":
        with translated_failures():
            response = self._client.get_item(
                TableName=self._deployment.identities_table, Key=login_key(identity.username), ConsistentRead=True
            )
        item = response.get("Item", {})
        if item.get("user_id") != text(identity.user_id):
            raise UserChanged("the user was deleted or renamed meanwhile; nothing was done")
        return item

    def _sessions(self, partition: "AttributeValueTypeDef") -> "Iterator[dict[str, object]]":
        """Yield the items of a partition. Bytes are hashes of credentials, and stay behind."""
        with translated_failures():
            pages = self._client.get_paginator("query").paginate(
                TableName=self._deployment.sessions_table,
                ConsistentRead=True,
                KeyConditionExpression="user_id = :partition",
                ExpressionAttributeValues={":partition": partition},
            )
            for page in pages:
                for item in page["Items"]:
                    yield {name: _plain(value) for name, value in item.items() if "B" not in value}

    def _challenges(self, user_id: str) -> "Iterator[dict[str, object]]":
        """Yield the proofs and notices that wait."""
        if not self._deployment.challenges_table:
            return
        for key in items_of(user_id):
            with translated_failures():
                response = self._client.get_item(
                    TableName=self._deployment.challenges_table, Key=key, ConsistentRead=True
                )
            if item := response.get("Item"):
                yield {name: _plain(value) for name, value in item.items() if "B" not in value}

    def _counter(self, bucket: str) -> dict[str, object]:
        with translated_failures():
            response = self._client.get_item(
                TableName=self._deployment.throttle_table, Key={"bucket": text(bucket)}, ConsistentRead=True
            )
        return {name: _plain(value) for name, value in response.get("Item", {}).items()}


def _plain(value: "Mapping[str, Any]") -> object:
    """Return an attribute value of DynamoDB as JSON has it. Bytes are left out."""
    [(kind, content)] = value.items()
    match kind:
        case "N":
            return int(content) if content.lstrip("-").isdecimal() else float(content)
        case "L":
            return [_plain(each) for each in content]
        case "M":
            return {name: _plain(each) for name, each in content.items() if "B" not in each}
        case "SS" | "NS":
            return sorted(content)
        case "B" | "BS" | "NULL":
            return None
    return content
