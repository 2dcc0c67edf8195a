"""The passkeys of a user as one attribute of the user's item: a map by credential id, in base64url."""

from typing import TYPE_CHECKING

from edge_auth import base64url
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.adapters.dynamodb.items import ItemReader, binary, number, text, texts
from edge_auth.errors import TemporarilyUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item


def passkey_attribute(passkey: RegisteredPasskey) -> "AttributeValueTypeDef":
    """Write one passkey, without its id."""
    return {
        "M": {
            "public_key": binary(passkey.public_key),
            "sign_count": number(passkey.sign_count),
            "backup_eligible": {"BOOL": passkey.is_backup_eligible},
            "backed_up": {"BOOL": passkey.is_backed_up},
            "name": text(passkey.name),
            "created_at": number(passkey.created_at_seconds),
            "used_at": number(passkey.used_at_seconds),
            "transports": texts(passkey.transports),
        }
    }


def passkeys_attribute(passkeys: "Iterable[RegisteredPasskey]") -> "AttributeValueTypeDef":
    """Write the passkeys of a user."""
    return {"M": {base64url.encode(passkey.credential_id): passkey_attribute(passkey) for passkey in passkeys}}


def passkeys_from(item: "Item") -> tuple[RegisteredPasskey, ...]:
    """Read the passkeys of a user, the oldest first. Raises TemporarilyUnavailable for damaged ones."""
    members = item["passkeys"].get("M")
    if not isinstance(members, dict):
        raise _damaged()
    found = [_passkey(name, member.get("M")) for name, member in members.items()]
    return tuple(sorted(found, key=lambda passkey: (passkey.created_at_seconds, passkey.credential_id)))


def _passkey(name: str, attributes: "Item | None") -> RegisteredPasskey:
    if attributes is None:
        raise _damaged()
    read = ItemReader(attributes)
    try:
        credential_id = base64url.decode(name)
    except ValueError:
        raise _damaged() from None
    return RegisteredPasskey(
        credential_id=credential_id,
        public_key=read.binary("public_key"),
        sign_count=read.number("sign_count"),
        is_backup_eligible=_flag(attributes, "backup_eligible"),
        is_backed_up=_flag(attributes, "backed_up"),
        name=read.text("name"),
        created_at_seconds=read.number("created_at"),
        used_at_seconds=read.number("used_at"),
        transports=read.texts("transports"),
    )


def _flag(attributes: "Item", name: str) -> bool:
    value = attributes.get(name, {}).get("BOOL")
    if not isinstance(value, bool):
        raise _damaged()
    return value


def _damaged() -> TemporarilyUnavailable:
    return TemporarilyUnavailable("damaged item: passkeys")
