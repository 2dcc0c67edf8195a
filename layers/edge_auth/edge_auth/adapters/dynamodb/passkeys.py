"""Passkeys in DynamoDB: those of a user are in the user's item."""

from typing import TYPE_CHECKING

from edge_auth import base64url
from edge_auth.accounts.identity import Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.identity_items import IS_AS_READ, as_read, identity_from, login_key
from edge_auth.adapters.dynamodb.items import number, text
from edge_auth.adapters.dynamodb.passkey_attributes import passkey_attribute, passkeys_attribute
from edge_auth.adapters.dynamodb.passkey_use import spent_marker, update_of
from edge_auth.adapters.dynamodb.session_items import session_item
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.passkeys import ChallengeSpent, PasskeyUse
from edge_auth.sessions.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_USE, _SPEND = 0, 2  # their positions in the transaction
_MOVE_VERSION = "factors_version = if_not_exists(factors_version, :zero) + :one"


class DynamoDBPasskeyOpening:
    """The port `flows.ports.passkeys.PasskeyOpening` on the tables of identities, sessions and attempts."""

    def __init__(
        self, client: "DynamoDBClient", *, identities_table: str, sessions_table: str, throttle_table: str
    ) -> None:
        """Use these tables."""
        self._client = client
        self._identities_table = identities_table
        self._sessions_table = sessions_table
        self._throttle_table = throttle_table

    def open(self, session: Session, identity: Identity, use: PasskeyUse) -> None:
        """Write all three in one transaction, which the SDK makes safe to send twice."""
        try:
            with translated_failures():
                self._client.transact_write_items(
                    TransactItems=[
                        {
                            "Update": update_of(
                                self._identities_table, identity.user_id, identity.username, identity.epoch, use
                            )
                        },
                        {
                            "Put": {
                                "TableName": self._sessions_table,
                                "Item": session_item(session),
                                "ConditionExpression": "attribute_not_exists(session_id)",
                            }
                        },
                        {"Put": spent_marker(self._throttle_table, use)},
                    ]
                )
        except ConditionFailed as refused:
            if _SPEND in refused.positions:
                raise ChallengeSpent from None
            if _USE in refused.positions:
                raise EpochMoved from None
            raise TemporarilyUnavailable("the session id exists") from None


class DynamoDBPasskeys:
    """The port `flows.ports.passkeys.PasskeyStore` on the identities table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Use this table."""
        self._client = client
        self._table = table

    def add(self, identity: Identity, passkey: RegisteredPasskey) -> None:
        """Add a passkey, in one write. The first one makes the map. A repetition finds its own key."""
        if identity.passkeys:
            act, value = "passkeys.#id = :value", passkey_attribute(passkey)
            condition = "size(passkeys) = :number AND attribute_not_exists(passkeys.#id)"
            names = _named(passkey.credential_id)
        else:
            act, value = "passkeys = :value", passkeys_attribute([passkey])
            condition, names = "(attribute_not_exists(passkeys) OR size(passkeys) = :number)", {}
        self._write(
            identity,
            f"SET {act}, {_MOVE_VERSION}",
            condition,
            names,
            {**_MOVED, ":value": value, ":number": number(len(identity.passkeys))},
            is_done=lambda found: passkey in found.passkeys,
        )

    def rename(self, identity: Identity, credential_id: bytes, name: str) -> None:
        """Give a passkey another name, in one write. A repetition changes nothing."""
        self._write(
            identity,
            "SET passkeys.#id.#name = :name",
            "attribute_exists(passkeys.#id)",
            {**_named(credential_id), "#name": "name"},
            {":name": text(name)},
            is_done=lambda _found: False,  # the epoch stays, so a repetition is not refused
        )

    def remove(self, identity: Identity, credential_id: bytes) -> None:
        """Remove a passkey, in one write, and move the epoch. A repetition finds it gone."""
        self._write(
            identity,
            f"REMOVE passkeys.#id SET {_MOVE_VERSION}, epoch = epoch + :one",
            "attribute_exists(passkeys.#id)",
            _named(credential_id),
            _MOVED,
            is_done=lambda found: all(passkey.credential_id != credential_id for passkey in found.passkeys),
        )

    def _write(
        self,
        identity: Identity,
        update: str,
        condition: str,
        names: "Mapping[str, str]",
        values: "Mapping[str, AttributeValueTypeDef]",
        *,
        is_done: "Callable[[Identity], bool]",
    ) -> None:
        try:
            with translated_failures():
                self._client.update_item(
                    TableName=self._table,
                    Key=login_key(identity.username),
                    UpdateExpression=update,
                    ConditionExpression=f"{IS_AS_READ} AND {condition}",
                    ExpressionAttributeValues={**as_read(identity.user_id, identity.epoch), **values},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **({"ExpressionAttributeNames": dict(names)} if names else {}),  # type: ignore[arg-type]  # it may not be empty
                )
        except ConditionFailed as refused:
            # Perhaps our own write succeeded, its response was lost, and the SDK wrote again.
            found = identity_from(refused.item) if refused.item else None
            if found is None or found.user_id != identity.user_id or not is_done(found):
                raise EpochMoved from None


_MOVED: "Mapping[str, AttributeValueTypeDef]" = {":zero": number(0), ":one": number(1)}


def _named(credential_id: bytes) -> dict[str, str]:
    return {"#id": base64url.encode(credential_id)}
