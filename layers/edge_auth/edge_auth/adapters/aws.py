"""AWS clients with limits that fit a Lambda behind API Gateway, and one translation of their failures."""

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

# The SDK is 200 modules that stay. Searching them for garbage while they load, and ever after, takes 10 ms of a start.
gc.disable()
from botocore.config import Config  # noqa: E402 - see above; so are the next three
from botocore.exceptions import BotoCoreError, ClientError  # noqa: E402
from botocore.parsers import ResponseParserError  # noqa: E402
from botocore.session import Session  # noqa: E402

gc.freeze()
gc.enable()

from edge_auth.errors import TemporarilyUnavailable  # noqa: E402

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from edge_auth.adapters.dynamodb.items import Item

# Botocore's own 60 seconds are longer than API Gateway waits (29). Three attempts of at most three seconds each, and
# the waits between them, stay within the functions' 20.
CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = 2
TOTAL_ATTEMPTS = 3

# At DEBUG these log whole requests and responses, the key ring's private keys among them, and Lambda's
# ApplicationLogLevel is the level of every logger that has none of its own.
for _library in ("botocore", "urllib3"):
    logging.getLogger(_library).setLevel(logging.INFO)

_CONFIG = Config(
    connect_timeout=CONNECT_TIMEOUT_SECONDS,
    read_timeout=READ_TIMEOUT_SECONDS,
    retries={"total_max_attempts": TOTAL_ATTEMPTS, "mode": "standard"},
    tcp_keepalive=True,
)


@cache
def sdk_session() -> Session:
    """Return the one session of this process: its clients share what it has read of the environment and of the SDK."""
    return Session()


def dynamodb_client() -> "DynamoDBClient":
    """Return a DynamoDB client. Region and credentials are the environment's, as the SDK finds them."""
    return sdk_session().create_client("dynamodb", config=_CONFIG)  # type: ignore[return-value]  # its stubs know no services


def secrets_client() -> "SecretsManagerClient":
    """Return a Secrets Manager client. Region and credentials are the environment's, as the SDK finds them."""
    return sdk_session().create_client("secretsmanager", config=_CONFIG)  # type: ignore[return-value]  # as above


def events_client() -> "EventBridgeClient":
    """Return an EventBridge client. Region and credentials are the environment's, as the SDK finds them."""
    return sdk_session().create_client("events", config=_CONFIG)  # type: ignore[return-value]  # as above


class AwsError(TemporarilyUnavailable):
    """AWS refused a call. `aws_code` is its error code, such as `ResourceNotFoundException`."""

    def __init__(self, operation: str, aws_code: str) -> None:
        """Keep what was refused, and why."""
        super().__init__(f"{operation}: {aws_code}")
        self.aws_code = aws_code


class ConditionFailed(Exception):
    """A write was refused by its condition.

    `item` is the item that refused a single write, empty where there is none (and where it was not asked for).
    `positions` are the items of a transaction whose conditions failed.
    """

    def __init__(self, item: "Item", positions: tuple[int, ...]) -> None:
        """Keep what refused."""
        super().__init__()
        self.item = item
        self.positions = positions


@contextmanager
def translated_failures() -> Iterator[None]:
    """Turn every failure of an AWS call into TemporarilyUnavailable, an AwsError where AWS named a code.

    The one exception is a condition that did not hold, ConditionFailed: that is a fact about the data.
    """
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "ConditionalCheckFailedException":
            raise ConditionFailed(error.response.get("Item", {}), ()) from None  # type: ignore[arg-type]
        positions = _failed_positions(error) if code == "TransactionCanceledException" else ()
        if positions:
            raise ConditionFailed({}, positions) from None
        raise AwsError(error.operation_name, code) from error
    except (BotoCoreError, ResponseParserError, ValueError) as error:  # ValueError: an answer that is no UTF-8
        raise TemporarilyUnavailable(type(error).__name__) from error


def _failed_positions(error: ClientError) -> tuple[int, ...]:
    """Read the reasons of a canceled transaction, which stand in the order of its items."""
    reasons = error.response.get("CancellationReasons", [])
    return tuple(position for position, reason in enumerate(reasons) if reason.get("Code") == "ConditionalCheckFailed")
