"""The removal of factors, as a part of the write that undoes the change of an address."""

from typing import TYPE_CHECKING, NamedTuple

from edge_auth import base64url
from edge_auth.accounts.identity import Identity
from edge_auth.adapters.dynamodb.factor_attributes import OF_APP, version_condition
from edge_auth.adapters.dynamodb.items import number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.flows.ports.challenges import RemovedFactors


class Removal(NamedTuple):
    """The parts of an update: what comes after SET and after REMOVE, its condition, its names and its values."""

    change: str
    removed: str
    condition: str
    names: dict[str, str]
    values: "dict[str, AttributeValueTypeDef]"


def removal_of(identity: Identity, removed: "RemovedFactors") -> Removal:
    """Return the parts. The condition fails if the factors or the passkeys have changed since the user was read."""
    names = {f"#p{place}": base64url.encode(each) for place, each in enumerate(removed.passkeys)}
    condition, values = version_condition(identity)
    return Removal(
        change="factors_version = if_not_exists(factors_version, :zero) + :one",
        removed=", ".join([*([OF_APP] if removed.has_app else []), *(f"passkeys.{name}" for name in names)]),
        condition=condition,
        names=names,
        values={**values, ":zero": number(0)},
    )
