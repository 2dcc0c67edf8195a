"""Identities in DynamoDB: `login#<username>` has the user, and `user#<user_id>` the user's name."""

from typing import TYPE_CHECKING

from edge_auth.accounts.identity import Identity
from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.items import ItemReader, number, text, texts
from edge_auth.errors import UnknownUser, UsernameTaken
from edge_auth.flows.ports.identities import EpochMoved

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

_IS_NEW = "attribute_not_exists(pk)"
_IS_OF_USER = "user_id = :user_id"
_IS_AS_READ = f"{_IS_OF_USER} AND epoch = :epoch"


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
        identity = self.find(self._name_of(user_id))
        if identity.user_id != user_id:
            raise _unknown_user()  # deleted between the two reads, and another user has the name now
        return identity

    def create(self, identity: Identity) -> None:
        """Add a user: both items in one transaction, which the SDK makes safe to send twice."""
        try:
            with translated_failures():
                self._client.transact_write_items(
                    TransactItems=[
                        {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": _IS_NEW}}
                        for item in (_login_item(identity), user_item(identity))
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
                    ConditionExpression=f"{_IS_OF_USER} AND password_hash = :old",
                    ExpressionAttributeValues={
                        ":new": text(password_hash),
                        ":old": text(identity.password_hash),
                        ":user_id": text(identity.user_id),
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailed as refused:
            # Another login has renewed it, or the password has changed. Then there is nothing to renew.
            return _password_hash(refused.item)
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
                    ConditionExpression=_IS_AS_READ,
                    ExpressionAttributeValues={":new": text(password_hash), ":one": number(1), **_as_read(identity)},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailed as refused:
            # Perhaps our own write succeeded, its response was lost, and the SDK wrote again.
            if refused.item.get("password_hash") != text(password_hash):
                raise EpochMoved from None

    def change_status(self, identity: Identity, status: str) -> Identity:
        """Change the status and move the epoch, in one write."""
        return self._change(
            identity.username,
            identity.user_id,
            "SET #status = :value, epoch = epoch + :one",
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
                    ConditionExpression=_IS_OF_USER,
                    ExpressionAttributeValues={":user_id": text(identity.user_id), **values},
                    ReturnValues="ALL_NEW",
                )
        except ConditionFailed:
            raise _unknown_user() from None
        return identity_from(response["Attributes"])

    def move_epoch(self, user_id: str) -> None:
        """Move the epoch of the user with this id."""
        self._change(self._name_of(user_id), user_id, "SET epoch = epoch + :one", {})

    def delete(self, identity: Identity) -> None:
        """Remove both items in one transaction, which the SDK makes safe to send twice."""
        try:
            with translated_failures():
                self._client.transact_write_items(
                    TransactItems=[
                        {
                            "Delete": {
                                "TableName": self._table,
                                "Key": login_key(identity.username),
                                "ConditionExpression": _IS_AS_READ,
                                "ExpressionAttributeValues": _as_read(identity),
                            }
                        },
                        {
                            "Delete": {
                                "TableName": self._table,
                                "Key": user_key(identity.user_id),
                                "ConditionExpression": "username = :username",
                                "ExpressionAttributeValues": {":username": text(identity.username)},
                            }
                        },
                    ]
                )
        except ConditionFailed:
            raise EpochMoved from None

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
                    ConditionExpression=_IS_OF_USER,  # a deleted user's name may belong to another user now
                    ExpressionAttributeValues={":user_id": text(user_id), ":one": number(1), **values},
                    ReturnValues="ALL_NEW",
                    **request_names,  # type: ignore[arg-type]  # DynamoDB refuses an empty mapping of names
                )
        except ConditionFailed:
            raise _unknown_user() from None
        return identity_from(response["Attributes"])

    def _read(self, key: "dict[str, AttributeValueTypeDef]") -> "Item":
        with translated_failures():
            response = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        item = response.get("Item")
        if item is None:
            raise _unknown_user()
        return item


def login_key(username: str) -> "dict[str, AttributeValueTypeDef]":
    """Return the key of the item that a login reads."""
    return {"pk": text(f"login#{username}")}


def user_key(user_id: str) -> "dict[str, AttributeValueTypeDef]":
    """Return the key of the item that has a user's name."""
    return {"pk": text(f"user#{user_id}")}


def _as_read(identity: Identity) -> "dict[str, AttributeValueTypeDef]":
    return {":user_id": text(identity.user_id), ":epoch": number(identity.epoch)}


def user_item(identity: Identity) -> "dict[str, AttributeValueTypeDef]":
    """Write the item that has a user's name."""
    return {**user_key(identity.user_id), "username": text(identity.username)}


def _login_item(identity: Identity) -> "dict[str, AttributeValueTypeDef]":
    return {
        **login_key(identity.username),
        "user_id": text(identity.user_id),
        "username": text(identity.username),
        "password_hash": text(identity.password_hash),
        "status": text(identity.status),
        "epoch": number(identity.epoch),
        "created_at": number(identity.created_at_seconds),
        "scope": text(identity.scope),
        "roles": texts(identity.roles),
        **_address(identity),
    }


def _address(identity: Identity) -> "dict[str, AttributeValueTypeDef]":
    """Write what mails need. A user without an address is stored as before there were any."""
    verified_at = identity.email_verified_at_seconds
    return {
        **({"email": text(identity.email)} if identity.email else {}),
        **({"email_verified_at": number(verified_at)} if verified_at else {}),
        **({"language": text(identity.language)} if identity.language else {}),
    }


def identity_from(item: "Item") -> Identity:
    """Read a user. Raises TemporarilyUnavailable for an item that is no user."""
    read = ItemReader(item)
    return Identity(
        user_id=read.text("user_id"),
        username=read.text("username"),
        password_hash=_password_hash(item),
        status=read.text("status"),
        epoch=read.number("epoch"),
        created_at_seconds=read.number("created_at"),
        scope=read.text("scope"),
        roles=read.texts("roles"),
        email=read.optional_text("email"),
        email_verified_at_seconds=read.optional_number("email_verified_at") or 0,
        language=read.optional_text("language"),
        email_bounced_at_seconds=_bounced_at_seconds(read),
    )


def _bounced_at_seconds(read: ItemReader) -> int:
    """Return when a mail to the address of the user came back. A mark that is of an earlier address does not count."""
    if read.optional_text("bounced_address") != read.optional_text("email"):
        return 0
    return read.optional_number("email_bounced_at") or 0


def _password_hash(item: "Item") -> str:
    # A value of another type is no usable hash: the login fails as with a wrong password, and not with an error.
    return item.get("password_hash", {}).get("S", "")


def _unknown_user() -> UnknownUser:
    return UnknownUser("there is no such user")
