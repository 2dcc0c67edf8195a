"""The second factor of a user as attributes of the user's item."""

from typing import TYPE_CHECKING

from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import Identity
from edge_auth.adapters.dynamodb.items import ItemReader, binary, number, text_set

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

OF_APP = "totp, totp_at, totp_step, factor_failures, recovery"


def factor_attributes(factors: Factors | None, version: int) -> "dict[str, AttributeValueTypeDef]":
    """Write the factors. A user who never had any is stored as before there were factors."""
    written = {"factors_version": number(version)} if version else {}
    if factors is None:
        return written
    return {
        **written,
        "totp": binary(factors.totp),
        "totp_step": number(factors.totp_step),
        "factor_failures": number(factors.failures),
        "totp_at": number(factors.enrolled_at_seconds),
        **({"recovery": text_set(factors.recovery)} if factors.recovery else {}),
    }


def factors_from(item: "Item") -> Factors:
    """Read the factors. Raises TemporarilyUnavailable for damaged ones."""
    read = ItemReader(item)
    return Factors(
        totp=read.binary("totp"),
        totp_step=read.number("totp_step"),
        failures=read.number("factor_failures"),
        recovery=read.text_set("recovery"),
        enrolled_at_seconds=read.optional_number("totp_at") or 0,
    )


def version_condition(identity: Identity) -> "tuple[str, dict[str, AttributeValueTypeDef]]":
    """Return the condition that the factors are as they were read, and its value."""
    if not identity.factors_version:
        return "attribute_not_exists(factors_version)", {}
    return "factors_version = :seen_version", {":seen_version": number(identity.factors_version)}
