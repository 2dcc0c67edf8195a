"""Names at which so many wrong passwords were tried that the next attempt has to wait."""

import secrets
import time
from collections.abc import Iterable
from typing import Any

from benchmarks.requests.deployment import Deployment
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.items import text
from edge_auth.throttling.counters import Attempt
from edge_auth.throttling.limits import PASSWORD_BACKOFF, account_bucket

NOBODY = ""  # a name that no user can have
WAITED = 10  # after so many attempts that had to wait, the wait is the longest one: 16 minutes


def let_wait(deployment: Deployment, usernames: Iterable[str]) -> None:
    """Let attempts at these names wait for 16 minutes from now, whether there are users with these names or not.

    Attempts that have to wait do not count, so they change none of the counters. Raises RuntimeError: the engine did
    not write all of them.
    """
    counter = _counter_that_waits(deployment)
    deployment.put_items(
        "ThrottleTable", ({**counter, "bucket": text(account_bucket(username))} for username in usernames)
    )


def _counter_that_waits(deployment: Deployment) -> dict[str, Any]:
    """Return the item of a counter after five failures, and one attempt at the end of each wait, the last one now."""
    table, counter = deployment.tables["ThrottleTable"], account_bucket(NOBODY)
    attempts = DynamoDBAttempts(deployment.client, table=table)
    waits_ms = [PASSWORD_BACKOFF.wait_ms(waited) for waited in range(WAITED)]
    at_ms = int(time.time() * 1000) - sum(waits_ms)
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        attempts.fail(attempts.count(counter, _attempt(at_ms), PASSWORD_BACKOFF))
    for wait_ms in waits_ms:
        at_ms += wait_ms
        attempts.count(counter, _attempt(at_ms), PASSWORD_BACKOFF)
    return deployment.client.get_item(TableName=table, Key={"bucket": text(counter)}, ConsistentRead=True)["Item"]


def _attempt(at_ms: int) -> Attempt:
    return Attempt(secrets.token_hex(8), at_ms)
