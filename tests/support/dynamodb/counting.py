"""Counters of attempts on each engine of the contract suite, with a clock of the test."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.errors import TooManyAttempts
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.throttling.counters import Attempt, Backoff, Counted, Rate
from tests.support import memory_aws
from tests.support.dynamodb.engine_of_run import endpoint
from tests.support.dynamodb.tables import create_table, items
from tests.support.fakes.attempts import MemoryAttempts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BACKOFF = Backoff(free_attempts=3, longest_seconds=960, memory_seconds=86_400, undecided_seconds=300)
RATE = Rate(attempts=6, seconds=60, burst=3)
NOW_MS = 2_000_000_000_000

_ids = count()


@dataclass
class Counting:
    """The port, with the test's own clock. `client` and `table` are those of a DynamoDB engine."""

    attempts: Attempts
    client: "DynamoDBClient | None" = None
    table: str = ""
    now_ms: int = NOW_MS

    def attempt(self) -> Attempt:
        """Return a new attempt of this moment."""
        return Attempt(f"{next(_ids):016x}", self.now_ms)

    def tries(self, account: str = "ada") -> Counted:
        """Try once."""
        return self.attempts.count(account, self.attempt(), BACKOFF)

    def fails(self, account: str = "ada") -> bool:
        """Try once, with a wrong password. Return whether it was free."""
        counted = self.tries(account)
        if counted.is_free:
            self.attempts.fail(counted)
        return counted.is_free

    def waits(self, account: str = "ada") -> int:
        """Try once, be refused, and return the seconds to wait."""
        with pytest.raises(TooManyAttempts) as refused:
            self.tries(account)
        return refused.value.retry_after_seconds

    def succeeds(self, account: str = "ada") -> None:
        """Try once, with success."""
        counted = self.tries(account)
        if counted.is_free:
            self.attempts.forget(counted)

    def books(self, source: str = "home") -> None:
        """Book once."""
        self.attempts.book(source, RATE, now_ms=self.now_ms)

    def books_out(self, source: str = "home") -> int:
        """Book once, be refused, and return the seconds to wait."""
        with pytest.raises(TooManyAttempts) as refused:
            self.books(source)
        return refused.value.retry_after_seconds

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ms += round(seconds * 1000)

    def items(self) -> list[dict[str, Any]]:
        """Return every item of the table."""
        assert self.client is not None
        return items(self.client, self.table)


def counting_on(engine: str) -> Iterator[Counting]:
    """Yield counters without any attempt: in memory, in moto, or in a real DynamoDB engine."""
    if engine == "memory":
        yield Counting(MemoryAttempts())
        return
    name = f"throttle-{uuid.uuid4().hex}"
    if engine == "moto":
        create_table(memory_aws.dynamodb(), "ThrottleTable", name)
        client = memory_aws.dynamodb()
        yield Counting(DynamoDBAttempts(client, table=name), client=client, table=name)
        return
    client = boto3.session.Session().client("dynamodb", endpoint_url=endpoint())
    create_table(client, "ThrottleTable", name)
    yield Counting(DynamoDBAttempts(client, table=name), client=client, table=name)
    client.delete_table(TableName=name)
    client.close()


@dataclass
class Interrupted:
    """A DynamoDB client in which something else happens before the writes that are numbered here, from 1."""

    client: "DynamoDBClient"
    before: dict[int, Callable[[], object]]
    writes: int = field(default=0)

    def update_item(self, **parameters: Any) -> object:  # noqa: ANN401 - passed through
        """Let the other thing happen, and write."""
        self.writes += 1
        self.before.get(self.writes, lambda: None)()
        return self.client.update_item(**parameters)


def interrupted(stored: Counting, **before: Callable[[], object]) -> Counting:
    """Return the same counters for a caller between whose writes other things happen, as `second=act`."""
    assert stored.client is not None
    numbers = {"first": 1, "second": 2, "third": 3}
    client: Any = Interrupted(stored.client, {numbers[name]: act for name, act in before.items()})
    return Counting(DynamoDBAttempts(client, table=stored.table), now_ms=stored.now_ms)
