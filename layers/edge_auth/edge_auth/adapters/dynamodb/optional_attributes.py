"""What only some users have: second factors and passkeys. A deployment without them does not load how they are kept."""

from typing import TYPE_CHECKING

from edge_auth.accounts.identity import Identity

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.accounts.factors import Factors
    from edge_auth.accounts.passkey import RegisteredPasskey
    from edge_auth.adapters.dynamodb.items import Item

_FACTOR_ATTRIBUTES = {"totp", "totp_step", "factor_failures", "recovery"}  # with one of these there is a factor


def optional_attributes(identity: Identity) -> "dict[str, AttributeValueTypeDef]":
    """Write the factors and the passkeys. A user who has none is stored as before there were any."""
    attributes: dict[str, AttributeValueTypeDef] = {}
    if identity.factors_version or identity.factors is not None:
        from edge_auth.adapters.dynamodb.factor_attributes import factor_attributes  # noqa: PLC0415 - see above

        attributes |= factor_attributes(identity.factors, identity.factors_version)
    if identity.passkeys:
        from edge_auth.adapters.dynamodb.passkey_attributes import passkeys_attribute  # noqa: PLC0415 - see above

        attributes["passkeys"] = passkeys_attribute(identity.passkeys)
    return attributes


def factors_in(item: "Item") -> "Factors | None":
    """Read the factors. Raises TemporarilyUnavailable for damaged ones: they must not count as none."""
    if _FACTOR_ATTRIBUTES.isdisjoint(item):
        return None
    from edge_auth.adapters.dynamodb.factor_attributes import factors_from  # noqa: PLC0415 - see above

    return factors_from(item)


def passkeys_in(item: "Item") -> "tuple[RegisteredPasskey, ...]":
    """Read the passkeys. Raises TemporarilyUnavailable for damaged ones."""
    if "passkeys" not in item:
        return ()
    from edge_auth.adapters.dynamodb.passkey_attributes import passkeys_from  # noqa: PLC0415 - see above

    return passkeys_from(item)
