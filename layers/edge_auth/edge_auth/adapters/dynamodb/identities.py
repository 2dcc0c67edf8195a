"""The port of users on DynamoDB. `identity_items` has the form of what it reads and writes."""

from typing import TYPE_CHECKING, TypeVar

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.identity_items import (
    IS_AS_READ,
    IS_OF_USER,
    as_read,
    identity_from,
    login_item,
    login_key,
    password_hash_in,
    unknown_user,
    user_item,
    user_key,
)
from edge_auth.adapters.dynamodb.identity_transactions import NEW_NAME, deletion, renaming
from edge_auth.adapters.dynamodb.items import ItemReader, claims_attribute, number, text, texts
from edge_auth.errors import UnknownUser, UsernameTaken
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.tokens.own_claims import OwnClaims

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

_IS_NEW = "attribute_not_exists(pk)"

T = TypeVar("T")


class DynamoDBIdentities:
    """The port `flows.ports.identities.Identities` on the identities table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Use this table."""
        self._client = client
        self._table = table

    def find(self, username: str) -> Identity:
        """Read a user, strongly consistent."""
        return identity_from(self._read(login_key(username)))

    def find_by_id(self, user_id: str) -> Identity:
        """Read the user with this id: first the name, then the user, both strongly consistent."""

        def find(username: str) -> Identity:
            identity = self.find(username)
            if identity.user_id != user_id:
                raise unknown_user()  # another user has the name now
            return identity

        return self._by_name(user_id, find)

    def create(self, identity: Identity) -> None:
        """Add a user: both items in one transaction, which the SDK makes safe to send twice."""
        try:
            with translated_failures():
                self._client.transact_write_items(
                    TransactItems=[
                        {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": _IS_NEW}}
                        for item in (login_item(identity), user_item(identity))
                    ]
                )
        except ConditionFailed:
            raise UsernameTaken(f"the user name is taken: {identity.username}") from None

    def renew_hash(self, identity: Identity, password_hash: str) -> str:
        """Replace the hash, if it is still the one that was checked. Return the hash that stands."""
        try:
            with translated_failures():
                self._client.update_item(
                    TableName=self._table,
                    Key=login_key(identity.username),
                    UpdateExpression="SET password_hash = :new",
                    ConditionExpression=f"{IS_OF_USER} AND password_hash = :old",
                    ExpressionAttributeValues={
                        ":new": text(password_hash),
                        ":old": text(identity.password_hash),
                        ":user_id": text(identity.user_id),
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailed as refused:
            # Another login has renewed it, or the password has changed. Then there is nothing to renew.
            return password_hash_in(refused.item)
        return password_hash

    def change_password(self, identity: Identity, password_hash: str) -> Identity:
        """Replace the password and move the epoch, in one write."""
        return self._change(
            identity.username,
            identity.user_id,
            "SET password_hash = :value, epoch = epoch + :one",
            {":value": text(password_hash)},
        )

    def replace_password(self, identity: Identity, password_hash: str) -> None:
        """Replace the password of the user as it was read, and move the epoch, in one write."""
        try:
            with translated_failures():
                self._client.update_item(
                    TableName=self._table,
                    Key=login_key(identity.username),
                    UpdateExpression="SET password_hash = :new, epoch = epoch + :one",
                    ConditionExpression=IS_AS_READ,
                    ExpressionAttributeValues={
                        ":new": text(password_hash),
                        ":one": number(1),
                        **as_read(identity.user_id, identity.epoch),
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailed as refused:
            # Perhaps our own write succeeded, its response was lost, and the SDK wrote again.
            if refused.item.get("password_hash") != text(password_hash):
                raise EpochMoved from None

    def change_status(self, identity: Identity, status: str) -> Identity:
        """Change the status and move the epoch, in one write."""
        value = "if_not_exists(enabled_status, :value)" if status == ACTIVE else ":value"
        return self._change(
            identity.username,
            identity.user_id,
            f"SET #status = {value}, epoch = epoch + :one",
            {":value": text(status)},
            {"#status": "status"},
        )

    def change_rights(self, identity: Identity, *, scope: str, roles: tuple[str, ...]) -> Identity:
        """Replace scope and roles and move the epoch, in one write."""
        return self._change(
            identity.username,
            identity.user_id,
            "SET #scope = :scope, #roles = :roles, epoch = epoch + :one",
            {":scope": text(scope), ":roles": texts(roles)},
            {"#scope": "scope", "#roles": "roles"},
        )

    def change_email(self, identity: Identity, email: str, *, verified_at_seconds: int) -> Identity:
        """Replace the address, in one write. A write that is repeated after a lost response changes nothing more."""
        update, values = "SET email = :email REMOVE email_verified_at", {":email": text(email)}
        if verified_at_seconds:
            update = "SET email = :email, email_verified_at = :at"
            values[":at"] = number(verified_at_seconds)
        try:
            with translated_failures():
                response = self._client.update_item(
                    TableName=self._table,
                    Key=login_key(identity.username),
                    UpdateExpression=update,
                    ConditionExpression=IS_OF_USER,
                    ExpressionAttributeValues={":user_id": text(identity.user_id), **values},
                    ReturnValues="ALL_NEW",
                )
        except ConditionFailed:
            raise unknown_user() from None
        return identity_from(response["Attributes"])

    def move_epoch(self, user_id: str) -> None:
        """Move the epoch of the user with this id."""
        self._by_name(user_id, lambda username: self._change(username, user_id, "SET epoch = epoch + :one", {}))

    def change_claims(self, identity: Identity, claims: OwnClaims) -> Identity:
        """Replace the own claims and move the epoch, in one write. Without any, the item has no such attribute."""
        values = {f":{name}": value for name, value in claims_attribute(claims).items()}
        update = f"SET epoch = epoch + :one{', claims = :claims' if values else ' REMOVE claims'}"
        return self._change(identity.username, identity.user_id, update, values)

    def rename(self, identity: Identity, username: str) -> Identity:
        """Move both items in one transaction, which the SDK makes safe to send twice."""
        if self._name_of(identity.user_id) == username:  # an earlier call has done it, and its answer was lost
            return self.find_by_id(identity.user_id)
        item = self._read(login_key(identity.username))
        if ItemReader(item).text("user_id") != identity.user_id:
            raise unknown_user()
        keys = {"old": login_key(identity.username), "new": login_key(username), "user": user_key(identity.user_id)}
        acts = renaming(self._table, item, username, **keys)
        try:
            with translated_failures():
                self._client.transact_write_items(TransactItems=acts)
        except ConditionFailed as refused:
            # Perhaps our own transaction succeeded, its response was lost, and it was sent again.
            if self._name_of(identity.user_id) != username:
                if NEW_NAME in refused.positions:
                    raise UsernameTaken(f"the user name is taken: {username}") from None
                raise EpochMoved from None
        return self.find_by_id(identity.user_id)

    def delete(self, identity: Identity) -> None:
        """Remove both items in one transaction, which the SDK makes safe to send twice."""
        try:
            with translated_failures():
                self._client.transact_write_items(
                    TransactItems=deletion(
                        self._table, identity, login=login_key(identity.username), user=user_key(identity.user_id)
                    )
                )
        except ConditionFailed:
            raise EpochMoved from None

    def _by_name(self, user_id: str, act: "Callable[[str], T]") -> "T":
        """Act on the name of the user. If it finds no such user, perhaps the user was renamed: try the new name."""
        username = self._name_of(user_id)
        try:
            return act(username)
        except UnknownUser:
            renamed = self._name_of(user_id)
            if renamed == username:
                raise
            return act(renamed)

    def _name_of(self, user_id: str) -> str:
        return ItemReader(self._read(user_key(user_id))).text("username")

    def _change(
        self,
        username: str,
        user_id: str,
        update: str,
        values: "dict[str, AttributeValueTypeDef]",
        names: dict[str, str] | None = None,
    ) -> Identity:
        # After a lost response the SDK writes again, and the epoch moves twice. That ends no more sessions.
        request_names = {"ExpressionAttributeNames": names} if names else {}
        try:
            with translated_failures():
                response = self._client.update_item(
                    TableName=self._table,
                    Key=login_key(username),
                    UpdateExpression=update,
                    ConditionExpression=IS_OF_USER,  # a deleted user's name may belong to another user now
                    ExpressionAttributeValues={":user_id": text(user_id), ":one": number(1), **values},
                    ReturnValues="ALL_NEW",
                    **request_names,  # type: ignore[arg-type]  # DynamoDB refuses an empty mapping of names
                )
        except ConditionFailed:
            raise unknown_user() from None
        return identity_from(response["Attributes"])

    def _read(self, key: "dict[str, AttributeValueTypeDef]") -> "Item":
        with translated_failures():
            response = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        item = response.get("Item")
        if item is None:
            raise unknown_user()
        return item
