"""The write that accepts a second factor, alone or in the transaction that opens a session."""

from typing import TYPE_CHECKING

from edge_auth.accounts.factors import MAX_FAILURES
from edge_auth.accounts.identity import ACTIVE
from edge_auth.adapters.dynamodb.identity_items import login_key
from edge_auth.adapters.dynamodb.items import binary, number, text, text_set

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, UpdateTypeDef

    from edge_auth.flows.ports.factors import FactorUse

_IS_AS_READ = "user_id = :user_id AND epoch = :epoch AND #status = :active AND factors_version = :version"
_OF_APP = "totp_step < :step AND factor_failures < :limit"  # RFC 6238 §5.2: no step is accepted twice
_OF_PAPER = "contains(recovery, :code)"
_FORGIVE = "factor_failures = factor_failures - :forgiven"  # wrong codes that come at the same moment still count
_FORGIVE_ALL = "factor_failures = :none"


def update_of(table: str, user_id: str, username: str, epoch: int, use: "FactorUse") -> "UpdateTypeDef":
    """Return the update of the user's item. Its condition fails if the code was used, or the user has changed."""
    changes, condition = [_FORGIVE_ALL], _OF_PAPER
    values: dict[str, AttributeValueTypeDef] = {
        ":user_id": text(user_id),
        ":epoch": number(epoch),
        ":active": text(ACTIVE),
        ":version": number(use.factors_version),
    }
    if use.recovery_code:
        values |= {":code": text(use.recovery_code), ":codes": text_set({use.recovery_code}), ":none": number(0)}
    else:
        changes, condition = [_FORGIVE, "totp_step = :step"], _OF_APP
        values |= {":step": number(use.totp_step), ":limit": number(MAX_FAILURES), ":forgiven": number(use.forgiven)}
    if use.totp:
        changes.append("totp = :totp")
        values[":totp"] = binary(use.totp)
    taken = " DELETE recovery :codes" if use.recovery_code else ""
    return {
        "TableName": table,
        "Key": login_key(username),
        "UpdateExpression": f"SET {', '.join(changes)}{taken}",
        "ConditionExpression": f"{_IS_AS_READ} AND {condition}",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": values,
    }
