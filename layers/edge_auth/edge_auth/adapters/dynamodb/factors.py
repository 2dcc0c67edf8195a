"""The second factors of users in DynamoDB: attributes of the user's own item, each act one conditional write."""

from typing import TYPE_CHECKING

from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import Identity
from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.factor_attributes import OF_APP, factor_attributes, version_condition
from edge_auth.adapters.dynamodb.identity_items import IS_AS_READ, IS_OF_USER, login_key, unknown_user
from edge_auth.adapters.dynamodb.items import ItemReader, number, text, text_set
from edge_auth.flows.ports.identities import EpochMoved

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

_SET_FACTORS = (
    "SET totp = :totp, totp_at = :totp_at, totp_step = :totp_step, factor_failures = :factor_failures, "
    "recovery = :recovery, factors_version = :factors_version, epoch = epoch + :one"
)
_SET_CODES = "SET recovery = :recovery, factors_version = :factors_version"
_REMOVE = f"SET factors_version = if_not_exists(factors_version, :zero) + :one, epoch = epoch + :one REMOVE {OF_APP}"
_RESET = f"{_REMOVE}, passkeys"
_COUNT = "SET factor_failures = factor_failures + :one"
_UNLOCK = "SET factor_failures = :zero"
_HAS_FACTORS = "attribute_exists(totp)"


class DynamoDBFactors:
    """The port `flows.ports.factors.FactorStore` on the identities table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Use this table."""
        self._client = client
        self._table = table

    def enrol(self, identity: Identity, factors: Factors) -> None:
        """Write the factors. After a lost response the sealed secret, which is never the same twice, shows our own."""
        written = factor_attributes(factors, identity.factors_version + 1)
        values = {f":{name}": value for name, value in written.items()}
        try:
            self._update(identity, _SET_FACTORS, {**values, ":one": number(1)})
        except ConditionFailed as refused:
            if refused.item.get("totp") != written["totp"]:
                raise EpochMoved from None

    def replace_codes(self, identity: Identity, recovery: frozenset[str]) -> None:
        """Write the codes. After a lost response they show our own write, because no two sets of codes are alike."""
        values = {":recovery": text_set(recovery), ":factors_version": number(identity.factors_version + 1)}
        try:
            self._update(identity, _SET_CODES, values, and_also=_HAS_FACTORS)
        except ConditionFailed as refused:
            if refused.item.get("recovery") != values[":recovery"]:
                raise EpochMoved from None

    def remove(self, identity: Identity) -> None:
        """Remove the factors. After a lost response the next version without factors shows that it was done."""
        try:
            self._update(identity, _REMOVE, {":one": number(1), ":zero": number(0)}, and_also=_HAS_FACTORS)
        except ConditionFailed as refused:
            is_done = refused.item.get("factors_version") == number(identity.factors_version + 1)
            if not is_done or "totp" in refused.item or refused.item.get("user_id") != text(identity.user_id):
                raise EpochMoved from None

    def count_failure(self, identity: Identity) -> int:
        """Add one. It is no write of a number that was read: of many guesses at once each one counts.

        The epoch may have moved: a thief who ends other sessions at the same moment gets no guess for nothing.
        """
        has_version, seen = version_condition(identity)
        condition = f"{IS_OF_USER} AND {has_version} AND {_HAS_FACTORS}"
        try:
            item = self._write(identity, _COUNT, {":one": number(1), **seen}, condition)
        except ConditionFailed:
            raise EpochMoved from None
        return ItemReader(item).number("factor_failures")

    def unlock(self, identity: Identity) -> None:
        """Write zero, which may be repeated. A user without factors gets none of their attributes."""
        try:
            self._write(identity, _UNLOCK, {":zero": number(0)}, f"{IS_OF_USER} AND {_HAS_FACTORS}")
        except ConditionFailed as refused:
            if refused.item.get("user_id") != text(identity.user_id):
                raise unknown_user() from None

    def reset(self, identity: Identity) -> None:
        """Remove all of it. After a lost response epoch and version move twice, which takes nothing more away."""
        try:
            self._write(identity, _RESET, {":one": number(1), ":zero": number(0)}, IS_OF_USER)
        except ConditionFailed:
            raise unknown_user() from None

    def _update(
        self, identity: Identity, update: str, values: "dict[str, AttributeValueTypeDef]", *, and_also: str = ""
    ) -> "Item":
        """Write if the user and the factors are as they were read."""
        has_version, seen = version_condition(identity)
        condition = f"{IS_AS_READ} AND {has_version}"
        seen[":epoch"] = number(identity.epoch)
        both = f"{condition} AND {and_also}" if and_also else condition
        return self._write(identity, update, {**values, **seen}, both)

    def _write(
        self, identity: Identity, update: str, values: "dict[str, AttributeValueTypeDef]", condition: str
    ) -> "Item":
        with translated_failures():
            response = self._client.update_item(
                TableName=self._table,
                Key=login_key(identity.username),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues={**values, ":user_id": text(identity.user_id)},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        return response["Attributes"]
