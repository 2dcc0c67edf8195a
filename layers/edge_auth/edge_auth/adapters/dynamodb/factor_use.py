"""The use of a second factor: a part of the write that opens a session with it, or sets a password."""

from typing import TYPE_CHECKING, NamedTuple

from edge_auth.accounts.factors import MAX_FAILURES
from edge_auth.adapters.dynamodb.identity_items import IS_ACTIVE_AS_READ, active_as_read, login_key
from edge_auth.adapters.dynamodb.items import binary, number, text, text_set

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, UpdateTypeDef

    from edge_auth.flows.ports.factors import FactorUse

_HAS_FACTORS_AS_READ = "factors_version = :version"
# RFC 6238 §5.2: no step is accepted twice. An unlocking at the same moment leaves no wrong code to take back, and a
# number below zero would be damage.
_OF_APP = "totp_step < :step AND factor_failures < :limit AND factor_failures >= :forgiven"
_OF_PAPER = "contains(recovery, :code)"
_FORGIVE = "factor_failures = factor_failures - :forgiven"  # wrong codes that come at the same moment still count
_FORGIVE_ALL = "factor_failures = :none"


class UseOfFactor(NamedTuple):
    """The parts of an update: what comes after SET, its further clause, its condition, and its values."""

    changes: str
    clause: str
    condition: str
    values: "dict[str, AttributeValueTypeDef]"


def parts_of(use: "FactorUse") -> UseOfFactor:
    """Return the parts of an update of the user's item. The condition fails if the code was used, or others are there.

    The status of the user is not among the conditions.
    """
    changes, condition, clause = [_FORGIVE_ALL], _OF_PAPER, ""
    values: dict[str, AttributeValueTypeDef] = {":version": number(use.factors_version)}
    if use.recovery_code:
        clause = " DELETE recovery :codes"
        values |= {":code": text(use.recovery_code), ":codes": text_set({use.recovery_code}), ":none": number(0)}
    else:
        changes, condition = [_FORGIVE, "totp_step = :step"], _OF_APP
        values |= {":step": number(use.totp_step), ":limit": number(MAX_FAILURES), ":forgiven": number(use.forgiven)}
    if use.totp:
        changes.append("totp = :totp")
        values[":totp"] = binary(use.totp)
    return UseOfFactor(", ".join(changes), clause, f"{_HAS_FACTORS_AS_READ} AND {condition}", values)


def update_of(table: str, user_id: str, username: str, epoch: int, use: "FactorUse") -> "UpdateTypeDef":
    """Return the update of an active user's item. Its condition fails if the code was used, or the user has changed."""
    parts = parts_of(use)
    return {
        "TableName": table,
        "Key": login_key(username),
        "UpdateExpression": f"SET {parts.changes}{parts.clause}",
        "ConditionExpression": f"{IS_ACTIVE_AS_READ} AND {parts.condition}",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {**active_as_read(user_id, epoch), **parts.values},
    }
