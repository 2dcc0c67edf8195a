"""The functions as Lambda loads them, on AWS in memory, outside of pytest. All waits pass on the stack's clock."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError
from botocore.retries.standard import ExponentialBackoff
from moto.ses.models import ses_backends

from edge_auth.adapters import aws
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import CallTable, Reply
from proof.faults.world import ACCOUNT, REGION
from tests.support.argon2 import RememberedArgon2id
from tests.support.authorizer_store import table_calls
from tests.support.clock import TestClock
from tests.support.stack import Output, Stack, empty_stack, stack_resources
from tests.support.wire import wired_session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAIL_DOMAIN = "example.com"


class Printed(Output):
    """What the functions have printed since the last `forget`."""

    def __init__(self, stream: io.StringIO) -> None:
        """Read this stream, which is the standard output."""
        self._stream, self.printed = stream, ""

    def read(self) -> str:
        """Return all output so far."""
        return self._stream.getvalue() + self.printed

    def forget(self) -> None:
        """Forget the output so far."""
        self._stream.seek(0)
        self._stream.truncate()
        self.printed = ""


def offline(_address: str) -> str:
    """Fail like an issuer that cannot be reached."""
    raise OSError("offline")


def _longest(wait: Callable[..., float]) -> Callable[..., float]:
    """Return the SDK's rule for its waits, with the longest wait in the place of a random part of it."""

    def delay_amount(rule: ExponentialBackoff, context: object) -> float:
        rule._random = lambda: 1.0  # type: ignore[attr-defined]  # its own default is bound when it is defined
        return wait(rule, context)

    return delay_amount


@contextmanager
def functional_stack() -> Iterator[tuple[Stack, Printed]]:
    """Yield an empty stack, and what its functions print. Each wait of the SDK lasts as long as it ever can."""
    clock, stream = TestClock(), io.StringIO()
    printed = Printed(stream)
    with pytest.MonkeyPatch.context() as monkeypatch, stack_resources() as secret_arn, redirect_stdout(stream):
        session, wire = wired_session()
        once: Any = session.create_client(
            "dynamodb", config=Config(retries={"total_max_attempts": 1, "mode": "standard"})
        )
        once.meta.events.register("after-call", aws._refuse_damaged)  # as the authorizers' own client does
        for target, replacement in {
            "edge_auth.clock.time": clock,
            "edge_auth.credentials.passwords.Argon2id": RememberedArgon2id,
            "edge_auth.authorizer.issuer_keys.download": offline,
            "edge_auth.adapters.aws.sdk_session": lambda: session,
            "tests.support.authorizer_store.table_calls": partial(_over_the_wire, once),
            "botocore.endpoint.time": SimpleNamespace(sleep=clock.sleep),
            "botocore.retries.standard.ExponentialBackoff.delay_amount": _longest(ExponentialBackoff.delay_amount),
            "edge_auth.adapters.aws.SystemRandom": lambda: SimpleNamespace(random=lambda: 1.0),
        }.items():
            monkeypatch.setattr(target, replacement)
        ses_backends[ACCOUNT][REGION].reset()
        ses_backends[ACCOUNT][REGION].verify_domain(MAIL_DOMAIN)
        try:
            yield empty_stack(wire, clock, monkeypatch, printed, secret_arn), printed
        finally:
            wire.mend()
            wire.forget()


def _over_the_wire(client: "DynamoDBClient", _client: object, table: str, *, now_seconds: int) -> CallTable:
    """Return the calls of an authorizer over the stack's wire, so that they meet the same faults as the SDK's."""
    stored = table_calls(client, table, now_seconds=now_seconds)

    def call(operation: str, parameters: Mapping[str, Any]) -> Reply:
        try:
            return stored(operation, parameters)
        except (BotoCoreError, ResponseParserError, ValueError) as error:
            raise RequestFailed(type(error).__name__) from None

    return call
