"""Uses of proofs in DynamoDB: one transaction spends the proof and changes the user.

The SDK makes a transaction safe to send twice: a repetition after a lost response is answered as the first one was.
"""

from typing import TYPE_CHECKING, Any

from edge_auth.accounts.challenge import Challenge
from edge_auth.accounts.identity import ACTIVE, UNCONFIRMED, Identity
from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.challenge_items import challenge_item, challenge_key
from edge_auth.adapters.dynamodb.identity_items import IS_AS_READ, OF_MARK, as_read, login_key
from edge_auth.adapters.dynamodb.items import number, text
from edge_auth.flows.ports.challenges import ProofSpent, RemovedFactors
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.tokens.proof_token import Proof

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

    from edge_auth.flows.ports.factors import FactorUse

_PROOF = 0  # its position in each transaction
# What is personal goes at once, and so does the mark for the mailer. The rest recognises a request that comes again.
_SPEND = "SET spent_at = :now REMOVE username, email, #language, deliver"
_IS_UNSPENT = "proof_id = :proof_id AND attribute_not_exists(spent_at) AND expires_at > :now"
_HAS_STATUS = "#status = :status"
_CONFIRM = "email = :email, email_verified_at = :now, #status = :active"
# A mail has arrived at the address, so the mark of one that came back goes. A younger mark goes too: its time is when
# the feedback came, and not when that mail was sent. If the address takes no more mails, the next one marks it again.
_WAITS_NO_LONGER = f" REMOVE enabled_status, {OF_MARK}"
_NONE_WAITS = "attribute_not_exists(pk) OR attribute_exists(spent_at) OR expires_at <= :now"


class DynamoDBRedemptions:
    """The port `flows.ports.challenges.Redemptions` on the challenges and identities tables."""

    def __init__(self, client: "DynamoDBClient", *, challenges_table: str, identities_table: str) -> None:
        """Use these tables."""
        self._client = client
        self._challenges_table = challenges_table
        self._identities_table = identities_table

    def set_password(
        self,
        proof: Proof,
        identity: Identity,
        password_hash: str,
        *,
        now_seconds: int,
        factor: "FactorUse | None" = None,
    ) -> None:
        """Spend the proof, use the factor, replace the password and move the epoch.

        A user who waits for the confirmation is confirmed by that.
        """
        change, clauses, condition = "SET password_hash = :hash, epoch = epoch + :one", "", ""
        values: dict[str, AttributeValueTypeDef] = {":hash": text(password_hash), ":one": number(1)}
        if identity.status == UNCONFIRMED:
            change, clauses = f"{change}, {_CONFIRM}", _WAITS_NO_LONGER
            values |= _confirmed(identity.email, now_seconds)
        if factor is not None:
            from edge_auth.adapters.dynamodb.factor_use import parts_of  # noqa: PLC0415 - only where factors are on

            parts = parts_of(factor)
            change, clauses, condition = f"{change}, {parts.changes}", clauses + parts.clause, f" AND {parts.condition}"
            values |= parts.values
        changed = self._changed_at(identity, change + clauses, values, and_also=condition)
        self._write(self._spent(proof, now_seconds), changed, uses_factor=factor is not None)

    def confirm(
        self, proof: Proof, identity: Identity, email: str, undo: Challenge | None, *, now_seconds: int
    ) -> None:
        """Spend the proof, and write the address, its time and the status. The proof that undoes it comes with it."""
        change, values = f"SET {_CONFIRM}", _confirmed(email, now_seconds)
        if undo is not None:
            change += ", password_hash_at_change = :hash"
            values[":hash"] = text(identity.password_hash)
        acts = [self._spent(proof, now_seconds), self._changed_at(identity, f"{change}{_WAITS_NO_LONGER}", values)]
        if undo is not None:
            acts.append(
                {
                    "Put": {
                        "TableName": self._challenges_table,
                        "Item": challenge_item(undo),
                        "ConditionExpression": _NONE_WAITS,
                        "ExpressionAttributeValues": {":now": number(now_seconds)},
                    }
                }
            )
        self._write(*acts)

    def undo(
        self,
        proof: Proof,
        identity: Identity,
        email: str,
        *,
        now_seconds: int,
        removed: RemovedFactors | None = None,
    ) -> None:
        """Spend the proof, and write the address. No password matches an empty hash, so only a reset sets one."""
        change = "SET email = :email, email_verified_at = :now, password_hash = :none, epoch = epoch + :one"
        gone, condition, names = f"REMOVE password_hash_at_change, {OF_MARK}", "", {}
        values = {":email": text(email), ":now": number(now_seconds), ":none": text(""), ":one": number(1)}
        if removed is not None:
            from edge_auth.adapters.dynamodb.factor_removal import removal_of  # noqa: PLC0415 - only with factors

            removal = removal_of(identity, removed)
            change, gone = f"{change}, {removal.change}", f"{gone}, {removal.removed}"
            condition, names = f" AND {removal.condition}", removal.names
            values |= removal.values
        changed = self._changed(identity, f"{change} {gone}", values, and_also=condition, names=names)
        self._write(self._spent(proof, now_seconds), changed)

    def _spent(self, proof: Proof, now_seconds: int) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self._challenges_table,
                "Key": challenge_key(proof.kind, proof.user_id),
                "UpdateExpression": _SPEND,
                "ConditionExpression": _IS_UNSPENT,
                "ExpressionAttributeNames": {"#language": "language"},
                "ExpressionAttributeValues": {":proof_id": text(proof.proof_id), ":now": number(now_seconds)},
            }
        }

    def _changed_at(
        self,
        identity: Identity,
        change: str,
        values: "dict[str, AttributeValueTypeDef]",
        *,
        and_also: str = "",
    ) -> "TransactWriteItemTypeDef":
        """Change a user who has the address as it was read. A change of it moves no epoch."""
        if not identity.email:
            return self._changed(identity, change, values, and_also=f"{and_also} AND attribute_not_exists(email)")
        values = {**values, ":seen_email": text(identity.email)}
        return self._changed(identity, change, values, and_also=f"{and_also} AND email = :seen_email")

    def _changed(
        self,
        identity: Identity,
        change: str,
        values: "dict[str, AttributeValueTypeDef]",
        *,
        and_also: str = "",
        names: "Mapping[str, str] | None" = None,
    ) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self._identities_table,
                "Key": login_key(identity.username),
                "UpdateExpression": change,
                "ConditionExpression": f"{IS_AS_READ} AND {_HAS_STATUS}{and_also}",
                "ExpressionAttributeNames": {"#status": "status", **(names or {})},
                "ExpressionAttributeValues": {
                    **as_read(identity.user_id, identity.epoch),
                    ":status": text(identity.status),
                    **values,
                },
            }
        }

    def _write(self, *acts: Any, uses_factor: bool = False) -> None:  # noqa: ANN401 - the items of a transaction
        try:
            with translated_failures():
                self._client.transact_write_items(TransactItems=list(acts))
        except ConditionFailed as refused:
            if uses_factor and _PROOF not in refused.positions:
                raise EpochMoved from None
            raise ProofSpent from None


def _confirmed(email: str, now_seconds: int) -> "dict[str, AttributeValueTypeDef]":
    return {":email": text(email), ":now": number(now_seconds), ":active": text(ACTIVE)}
