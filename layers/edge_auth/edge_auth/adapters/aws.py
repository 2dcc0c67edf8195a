"""AWS clients with timeouts that fit a Lambda function behind API Gateway, and one translation of their failures."""

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from random import SystemRandom
from typing import TYPE_CHECKING, Any
from zlib import crc32

# The SDK is 200 modules that are never freed. To search them for garbage, now and later, takes 10 ms of a cold start.
gc.disable()
from botocore.config import Config  # noqa: E402 - see above; so are the next three
from botocore.exceptions import BotoCoreError, ClientError  # noqa: E402
from botocore.parsers import ResponseParserError  # noqa: E402
from botocore.session import Session  # noqa: E402

gc.freeze()
gc.enable()

from edge_auth.adapters.conflicts import ConflictRetry  # noqa: E402
from edge_auth.errors import TemporarilyUnavailable  # noqa: E402
from edge_auth.trusted_roots import roots_file  # noqa: E402

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from edge_auth.adapters.dynamodb.items import Item

__all__ = ["secrets_client"]

# Botocore's default of 60 seconds is longer than API Gateway waits (29 seconds). Two attempts of a second each, and a
# wait of a second at most between them: if one host or one connection fails, the answer comes within three seconds.
CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = 1
TOTAL_ATTEMPTS = 2
MAIL_TIMEOUT_SECONDS = 10
OK = 200  # the only status of a success of DynamoDB and Secrets Manager

# At DEBUG these libraries log whole requests and responses, with the private keys of the key ring. Lambda's
# ApplicationLogLevel is the level of every logger that has no level of its own.
for _library in ("botocore", "urllib3"):
    logging.getLogger(_library).setLevel(logging.INFO)

_CONFIG = Config(
    connect_timeout=CONNECT_TIMEOUT_SECONDS,
    read_timeout=READ_TIMEOUT_SECONDS,
    retries={"total_max_attempts": TOTAL_ATTEMPTS, "mode": "standard"},
    tcp_keepalive=True,
)

# SES does not recognise a repeated mail. So the SDK waits longer for the answer, and repeats nothing: a mail that was
# not sent comes again with the stream.
_SEND_ONCE = Config(
    connect_timeout=CONNECT_TIMEOUT_SECONDS,
    read_timeout=MAIL_TIMEOUT_SECONDS,
    retries={"total_max_attempts": 1, "mode": "standard"},
    tcp_keepalive=True,
)

# What an operator's function that asks another system may take.
INVOKED_READ_TIMEOUT_SECONDS = 8

# What Lambda may take to read or change the settings of a function: more than a table needs for an item. All calls of
# an hourly run end before its function's timeout.
FUNCTION_READ_TIMEOUT_SECONDS = 5

# The SDK also reads REQUESTS_CA_BUNDLE, but under no name of its own, and only where a client is given no list.
_OTHER_LIST = "requests_ca_bundle"


@cache
def sdk_session() -> Session:
    """Return the one SDK session of this process. Its clients share the settings and the SDK data that it has read."""
    return Session({_OTHER_LIST: (None, "REQUESTS_CA_BUNDLE", None, None)})


def dynamodb_client() -> "DynamoDBClient":
    """Return a DynamoDB client. The SDK finds the Region and the credentials in the environment."""
    client: DynamoDBClient = _client("dynamodb")
    client.meta.events.register("after-call", _refuse_damaged)
    ConflictRetry(SystemRandom().random).watch(client)
    return client


def secrets_client() -> "SecretsManagerClient":
    """Return a Secrets Manager client. The SDK finds the Region and the credentials in the environment."""
    client: SecretsManagerClient = _client("secretsmanager")
    client.meta.events.register("after-call", _refuse_damaged)
    return client


def events_client() -> "EventBridgeClient":
    """Return an EventBridge client. The SDK finds the Region and the credentials in the environment."""
    client: EventBridgeClient = _client("events")
    return client


def invoking_client() -> "LambdaClient":
    """Return a Lambda client that waits longer, and calls once: the called function's own system counts attempts."""
    once = Config(read_timeout=INVOKED_READ_TIMEOUT_SECONDS, retries={"total_max_attempts": 1, "mode": "standard"})
    client: LambdaClient = _client("lambda", _CONFIG.merge(once))
    return client


def lambda_client() -> "LambdaClient":
    """Return a Lambda client that reads and changes the settings of a function, and waits longer."""
    client: LambdaClient = _client("lambda", _CONFIG.merge(Config(read_timeout=FUNCTION_READ_TIMEOUT_SECONDS)))
    return client


def ses_client() -> Any:  # noqa: ANN401 - there are no types of this client; `adapters.ses` has the part that it uses
    """Return a client of Amazon SES that sends each request once. The SDK finds the Region and the credentials."""
    return _client("sesv2", _SEND_ONCE)


def _refuse_damaged(http_response: Any, **_: object) -> None:  # noqa: ANN401 - the SDK's own type
    """Refuse what the SDK believes: an answer that is no JSON object, which it takes for an empty one, or damaged.

    Of an answer with a wrong checksum it asks for another one, and takes the last one as it is. An empty answer would
    be a fact: no such user, no such session.
    """
    content = http_response.content
    if http_response.status_code == OK and not (content.startswith(b"{") and content.endswith(b"}")):
        raise ResponseParserError("no JSON object")
    checksum = http_response.headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(crc32(content)):
        raise ResponseParserError("the checksum is wrong")


def _client(service: str, config: Config = _CONFIG) -> Any:  # noqa: ANN401 - the SDK's session returns any client
    session = sdk_session()
    return session.create_client(service, config=config, verify=_trusted(session))


def _trusted(session: Session) -> str | None:
    """Return the file with Amazon's root certificates, or None if the SDK has to choose what a client trusts.

    A list that the environment or the SDK's configuration names is used as it is. A function behind a proxy that opens
    TLS needs one.
    """
    if session.get_config_variable("ca_bundle") or session.get_config_variable(_OTHER_LIST):
        return None
    return roots_file(session.get_config_variable("region") or "")


class AwsError(TemporarilyUnavailable):
    """AWS refused a call. `aws_code` is its error code, such as `ResourceNotFoundException`."""

    def __init__(self, operation: str, aws_code: str) -> None:
        """Keep the refused operation and the code."""
        super().__init__(f"{operation}: {aws_code}")
        self.aws_code = aws_code


class ConditionFailed(Exception):
    """A write was refused by its condition.

    `item` is the stored item that refused a single write. It is empty if there is no such item, or if the write did not
    ask for it. `positions` are the items of a transaction whose conditions failed.
    """

    def __init__(self, item: "Item", positions: tuple[int, ...]) -> None:
        """Keep the item, or the positions in the transaction."""
        super().__init__()
        self.item = item
        self.positions = positions


@contextmanager
def translated_failures() -> Iterator[None]:
    """Turn every failure of an AWS call into TemporarilyUnavailable, or into an AwsError if AWS named a code.

    A condition that did not hold is ConditionFailed instead, because it is a fact about the data.
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
    except (BotoCoreError, ResponseParserError, ValueError) as error:  # ValueError: not UTF-8
        raise TemporarilyUnavailable(type(error).__name__) from error


def _failed_positions(error: ClientError) -> tuple[int, ...]:
    """Return which conditions failed. AWS gives the reasons in the order of the transaction's items."""
    reasons = error.response.get("CancellationReasons", [])
    return tuple(position for position, reason in enumerate(reasons) if reason.get("Code") == "ConditionalCheckFailed")
