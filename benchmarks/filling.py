"""Fills the sessions table: many sessions, straight into the engine, by several processes."""

import multiprocessing
import secrets
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from benchmarks.deployment import Deployment
from edge_auth.tokens.refresh_token import new_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PROCESSES = 2
BATCH = 25  # DynamoDB's own limit of BatchWriteItem
PATIENCE_SECONDS = 60.0  # beyond the deadline: for the last batch, and the start


def put_items(client: "DynamoDBClient", table: str, items: Sequence[dict[str, Any]]) -> None:
    """Write items, however many. Raises RuntimeError: the engine did not take all."""
    for batch in _batches(items):
        response = client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": item}} for item in batch]})
        if response["UnprocessedItems"]:
            raise RuntimeError("the engine did not take a whole batch")


def fill(deployment: Deployment, count: int, *, seconds: float) -> int:
    """Add sessions of as many users, until there are so many or the time is up; return how many were added."""
    context = multiprocessing.get_context("spawn")
    shares = [count // PROCESSES + (number < count % PROCESSES) for number in range(PROCESSES)]
    deadline = time.monotonic() + seconds
    started = []
    for share in shares:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_fill, args=(theirs, deployment, share, deadline), daemon=True)
        process.start()
        theirs.close()
        started.append((process, ours))
    added = 0
    for process, connection in started:
        if not connection.poll(seconds + PATIENCE_SECONDS):
            process.kill()
            raise RuntimeError("a process that fills the table does not end")
        added += connection.recv()
        process.join()
    return added


def _fill(connection: Connection, deployment: Deployment, count: int, deadline: float) -> None:
    client, table = deployment.client(), deployment.tables["SessionsTable"]
    item, _ = deployment.new_session(new_id(secrets.token_bytes))
    added = 0
    while added < count and time.monotonic() < deadline:
        # Made anew are only the parts that no two sessions share: the rest takes longer than the engine does.
        batch = [{**item, **_own_parts()} for _ in range(min(BATCH, count - added))]
        put_items(client, table, batch)
        added += len(batch)
    connection.send(added)


def _own_parts() -> dict[str, Any]:
    return {
        "user_id": {"S": new_id(secrets.token_bytes)},
        "session_id": {"S": new_id(secrets.token_bytes)},
        "seed_hash": {"B": secrets.token_bytes(32)},
    }


def _batches(items: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for begin in range(0, len(items), BATCH):
        yield items[begin : begin + BATCH]
