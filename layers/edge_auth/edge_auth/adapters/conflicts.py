"""Sends a write again if it was refused because of a transaction on its item.

DynamoDB refuses such a write at once, and it has no effect. The SDK does not send it again, although the transaction is
over in milliseconds: two logins of one user at the same moment are enough for that.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# With these, 20 logins of one user that begin within 5 ms all succeed, except in one case of 190, if each transaction
# holds the user's item for 10 ms (docs/decisions/0021). All waits together are 2.79 seconds at most.
ATTEMPTS = 6  # the SDK's own attempts among them
FIRST_WAIT_SECONDS = 0.09  # at most; it doubles with each attempt

WRITE_CONFLICT, CANCELED, CONFLICT = (
    "TransactionConflictException",
    "TransactionCanceledException",
    "TransactionConflict",
)


class ConflictRetry:
    """Tells the SDK how long to wait before it sends a refused write again. The SDK itself waits."""

    def __init__(self, random: Callable[[], float]) -> None:
        """Wait for a random part, from 0 to 1, of the longest wait, so that callers that met once do not meet again."""
        self._random = random

    def watch(self, client: "DynamoDBClient") -> None:
        """Decide about every request of this client, beside the SDK's own rules."""
        client.meta.events.register("needs-retry.dynamodb", self.wait_seconds)  # type: ignore[arg-type]  # it may answer

    def wait_seconds(
        self,
        *,
        attempts: int,
        response: tuple[object, dict[str, Any]] | None,
        **_: object,
    ) -> float | None:
        """Return how many seconds to wait before the next attempt, or None if this rule asks for none.

        `attempts` were made so far. `response` is what botocore read: the HTTP response and its members.
        """
        if response is None or attempts >= ATTEMPTS or not _is_conflict(response[1]):
            return None
        return self._random() * FIRST_WAIT_SECONDS * 2.0 ** (attempts - 1)


def _is_conflict(members: dict[str, Any]) -> bool:
    """Whether a conflict alone refused the request. A condition that failed too is a fact, and no reason to wait."""
    code = members.get("Error", {}).get("Code")
    if code == WRITE_CONFLICT:
        return True
    reasons = {reason.get("Code", "None") for reason in members.get("CancellationReasons", [])} - {"None"}
    return code == CANCELED and reasons == {CONFLICT}
