"""The two items of a user: `login#<username>` has the user, and `user#<user_id>` the user's name.

Also the conditions of a write to the former, with their values.
"""

from typing import TYPE_CHECKING

from edge_auth.accounts.identity import ACTIVE, UNCONFIRMED, Identity
from edge_auth.adapters.dynamodb.items import ItemReader, claims_attribute, number, text, texts
from edge_auth.adapters.dynamodb.optional_attributes import factors_in, optional_attributes, passkeys_in
from edge_auth.errors import UnknownUser

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

IS_OF_USER = "user_id = :user_id"
IS_AS_READ = f"{IS_OF_USER} AND epoch = :epoch"
IS_ACTIVE_AS_READ = f"{IS_AS_READ} AND #status = :active"
OF_MARK = "email_bounced_at, bounce_reason, bounced_address"  # of an address that mails came back from
# The attributes that the item of a login has for some users only. An act may add one and move no epoch: a rename asks
# that none has come since it read the item.
OF_SOME_USERS = frozenset(
    {
        *("enabled_status", "claims"),
        *("email", "email_verified_at", "language", "password_hash_at_change"),
        *("email_bounced_at", "bounce_reason", "bounced_address"),
        *("totp", "totp_at", "totp_step", "factor_failures", "recovery", "factors_version"),
        "passkeys",
    }
)


def login_key(username: str) -> "dict[str, AttributeValueTypeDef]":
    """Return the key of the item that a login reads."""
    return {"pk": text(f"login#{username}")}


def user_key(user_id: str) -> "dict[str, AttributeValueTypeDef]":
    """Return the key of the item that has a user's name."""
    return {"pk": text(f"user#{user_id}")}


def as_read(user_id: str, epoch: int) -> "dict[str, AttributeValueTypeDef]":
    """Write the values of `IS_AS_READ`."""
    return {":user_id": text(user_id), ":epoch": number(epoch)}


def active_as_read(user_id: str, epoch: int) -> "dict[str, AttributeValueTypeDef]":
    """Write the values of `IS_ACTIVE_AS_READ`."""
    return {**as_read(user_id, epoch), ":active": text(ACTIVE)}


def unknown_user() -> UnknownUser:
    """Return the error for an item that is not there, or is another user's."""
    return UnknownUser("there is no such user")


def user_item(identity: Identity) -> "dict[str, AttributeValueTypeDef]":
    """Write the item that has a user's name."""
    return {**user_key(identity.user_id), "username": text(identity.username)}


def login_item(identity: Identity) -> "dict[str, AttributeValueTypeDef]":
    """Write the item that a login reads."""
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
        **_waiting(identity),
        **_address(identity),
        **claims_attribute(identity.claims),
        **optional_attributes(identity),
    }


def identity_from(item: "Item") -> Identity:
    """Read a user. Raises TemporarilyUnavailable for an item that is no user."""
    read = ItemReader(item)
    return Identity(
        user_id=read.text("user_id"),
        username=read.text("username"),
        password_hash=password_hash_in(item),
        status=read.text("status"),
        epoch=read.number("epoch"),
        created_at_seconds=read.number("created_at"),
        scope=read.text("scope"),
        roles=read.texts("roles"),
        email=read.optional_text("email"),
        email_verified_at_seconds=read.optional_number("email_verified_at") or 0,
        language=read.optional_text("language"),
        email_bounced_at_seconds=_bounced_at_seconds(read),
        password_hash_at_change=read.optional_text("password_hash_at_change"),
        claims=read.claims(),
        factors=factors_in(item),
        factors_version=read.optional_number("factors_version") or 0,
        passkeys=passkeys_in(item),
    )


def password_hash_in(item: "Item") -> str:
    """Return the hash of the password."""
    # A value of another type is no usable hash: the login fails as with a wrong password, and not with an error.
    return item.get("password_hash", {}).get("S", "")


def _waiting(identity: Identity) -> "dict[str, AttributeValueTypeDef]":
    """Write which status the user gets when an operator enables it, until the address is confirmed.

    So a user who was disabled while waiting waits again.
    """
    return {"enabled_status": text(UNCONFIRMED)} if identity.status == UNCONFIRMED else {}


def _address(identity: Identity) -> "dict[str, AttributeValueTypeDef]":
    """Write what mails need. A user without an address is stored as before there were any."""
    verified_at, at_change = identity.email_verified_at_seconds, identity.password_hash_at_change
    return {
        **({"email": text(identity.email)} if identity.email else {}),
        **({"email_verified_at": number(verified_at)} if verified_at else {}),
        **({"language": text(identity.language)} if identity.language else {}),
        **({"password_hash_at_change": text(at_change)} if at_change else {}),
    }


def _bounced_at_seconds(read: ItemReader) -> int:
    """Return when a mail to the address of the user came back. A mark that is of an earlier address does not count."""
    if read.optional_text("bounced_address") != read.optional_text("email"):
        return 0
    return read.optional_number("email_bounced_at") or 0
