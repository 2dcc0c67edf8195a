"""The operators' command, on a stack in moto."""

import io
import json
from collections.abc import Callable, Iterator
from functools import cache
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from admin.command import main, parser
from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.adapters.aws import sdk_session
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.imported_identities import DynamoDBImportedIdentities
from edge_auth.adapters.dynamodb.session_opening import DynamoDBSessionOpening
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.flows.ports.imported_identities import Imported
from edge_auth.throttling.counters import Attempt
from edge_auth.throttling.limits import PASSWORD_BACKOFF, account_bucket
from tests.admin.aws import OUTPUTS, RETAINED, TABLES, Aws, Fresh, Outcome, Run, stored
from tests.admin.broken_aws import Answer500, Broken
from tests.admin.reset_links import ResetLinkFunction
from tests.admin.rotate_keys import NOW, RotateKeysFunction
from tests.admin.secrets_of_commands import hand_over_command, hand_over_stack
from tests.support import memory_aws
from tests.support.dynamodb.records import ADA_ID, BOB_ID, a_session
from tests.support.dynamodb.tables import create_table
from tests.support.people import password_hash
from tests.support.recorded_calls import made_by

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STACK = "edge-auth"
IDENTITIES, SESSIONS, THROTTLE, REVOCATIONS, CHALLENGES = TABLES
ACCOUNT, REGION = "123456789012", "eu-central-1"
CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/Support/grace"
PLACE = f"Stack {STACK} in account {ACCOUNT}, Region {REGION}, as {CALLER}."
PASSWORD = "a phrase that grace types"
# The policy of the stack that an operator needs for each group of commands. Whoever recovers a stack has the rights of
# a deployment.
OF_NO_POLICY = ""
OPERATORS = {"users": "UsersPolicy", "keys": "KeysPolicy", "mail": "UsersPolicy", "data": OF_NO_POLICY}
OF_ALL_USERS = "AllUsersPolicy"


Command = Callable[..., Outcome]
# A parser is the same each time, and reading a command line changes nothing of it.
_parser = cache(parser)


def piped(text: str | bytes) -> io.TextIOWrapper:
    """Return standard input that is no terminal."""
    return io.TextIOWrapper(io.BytesIO(text.encode() if isinstance(text, str) else text))


class Terminal(io.StringIO):
    """Standard input that is a terminal."""

    def isatty(self) -> bool:
        """Return true."""
        return True


class Stacks:
    """CloudFormation's answers to DescribeStacks; the end-to-end tests ask a real one."""

    def __init__(self) -> None:
        """Begin with the stack of these tests."""
        names = (*TABLES, "OperatorsLogGroup", "ResetLinkFunction")
        self.outputs: dict[str, list[dict[str, str]]] = {
            STACK: [{"OutputKey": name, "OutputValue": f"admin-{name}"} for name in names]
        }
        self.parameters: dict[str, str] = {"Audience": "https://api.example.com", "Issuer": ""}
        self.tables: dict[str, str] = {}  # the stack that has a table

    def describe_stacks(self, *, StackName: str) -> dict[str, object]:  # noqa: N803 - AWS's own name
        """Answer, or fail as AWS does for an unknown stack."""
        if StackName not in self.outputs:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in self.parameters.items()]
        return {"Stacks": [{"StackName": StackName, "Outputs": self.outputs[StackName], "Parameters": parameters}]}

    def describe_stack_resources(self, *, PhysicalResourceId: str) -> dict[str, object]:  # noqa: N803 - AWS's own name
        """Answer, or fail as AWS does for a resource that is in no stack."""
        if PhysicalResourceId not in self.tables:
            message = f"Stack for {PhysicalResourceId} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStackResources")
        return {"StackResources": [{"StackName": self.tables[PhysicalResourceId]}]}


class Sts:
    """STS's answers about the caller."""

    meta = SimpleNamespace(region_name=REGION)

    def get_caller_identity(self) -> dict[str, str]:
        """Answer."""
        return {"Arn": CALLER, "Account": ACCOUNT}


class StreamExists(Exception):
    """The client's own error for a stream that exists."""


class Logs:
    """The client of CloudWatch Logs, with the lines of one log group. Each call that is in `failing` fails."""

    exceptions = SimpleNamespace(ResourceAlreadyExistsException=StreamExists)

    def __init__(self) -> None:
        """Begin without a line."""
        self.events: list[dict[str, Any]] = []
        self.streams: list[str] = []
        self.failing: list[ClientError | None] = []
        self.rejected: dict[str, int] = {}

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines, which are JSON."""
        return [json.loads(event["message"]) for event in self.events]

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:  # noqa: N803 - AWS's own names
        """Create a stream, or say that it exists."""
        assert logGroupName == "admin-OperatorsLogGroup"
        if logStreamName in self.streams:
            raise StreamExists
        self.streams.append(logStreamName)

    def put_log_events(
        self,
        *,
        logGroupName: str,  # noqa: N803 - AWS's own names
        logStreamName: str,  # noqa: N803
        logEvents: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        """Keep the lines, or fail."""
        assert (logGroupName, logStreamName in self.streams) == ("admin-OperatorsLogGroup", True)
        failure = self.failing.pop(0) if self.failing else None
        if failure:
            raise failure
        if self.rejected:
            return {"rejectedLogEventsInfo": self.rejected}
        self.events += logEvents
        return {}


@pytest.fixture(autouse=True)
def _new_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each test search for credentials anew, as each process does."""
    sdk_session.cache_clear()
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)


@pytest.fixture(autouse=True)
def _one_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the parser of the command line once, and not for each command."""
    monkeypatch.setattr("admin.command.parser", _parser)


@pytest.fixture
def stacks() -> Stacks:
    """Return the answers of CloudFormation."""
    return Stacks()


@pytest.fixture
def logs() -> Logs:
    """Return the log of the operators' acts."""
    return Logs()


@pytest.fixture(scope="module")
def _tables() -> Iterator[None]:
    """Create the stack's tables once for a file; each test finds them empty."""
    with mock_aws():
        for name in TABLES:
            create_table(memory_aws.dynamodb(), name, f"admin-{name}")
        yield


@pytest.fixture
def dynamodb(_tables: None) -> "DynamoDBClient":
    """Empty the tables, and return a client that sees them."""
    for name in TABLES:
        memory_aws.empty(f"admin-{name}")
    return memory_aws.dynamodb()


@pytest.fixture
def identities(dynamodb: "DynamoDBClient") -> DynamoDBIdentities:
    """Return the stack's users."""
    return DynamoDBIdentities(dynamodb, table=f"admin-{IDENTITIES}")


@pytest.fixture
def sessions(dynamodb: "DynamoDBClient") -> DynamoDBSessions:
    """Return the stack's sessions."""
    return DynamoDBSessions(dynamodb, table=f"admin-{SESSIONS}")


@pytest.fixture
def reset_links(dynamodb: "DynamoDBClient") -> ResetLinkFunction:  # noqa: ARG001 - its tables must be there first
    """Return the function that makes links."""
    return ResetLinkFunction()


@pytest.fixture
def command(
    dynamodb: "DynamoDBClient",
    stacks: Stacks,
    logs: Logs,
    reset_links: ResetLinkFunction,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Command]:
    """Yield a function that runs the command in this process, with the given standard input."""
    clients = {"cloudformation": stacks, "sts": Sts(), "logs": logs, "lambda": reset_links}
    monkeypatch.setattr("boto3.client", lambda name, **_options: clients[name])
    for module in ("admin.stack_users", "admin.user_import", "admin.data"):
        monkeypatch.setattr(f"{module}.dynamodb_client", lambda: dynamodb)

    def run(*arguments: str, stdin: str = "", typed: str | None = None) -> Outcome:
        monkeypatch.setattr("sys.stdin", piped(stdin) if typed is None else Terminal(typed))
        try:
            status = main(arguments)
        except SystemExit as end:  # argparse ends the process
            status = int(str(end.code))
        return read_outcome(status, capsys, arguments, stdin)

    yield run
    hand_over_stack(
        (event["message"] for event in logs.events),
        (item for name in TABLES for item in memory_aws.lines_of_items(f"admin-{name}")),
    )


def read_outcome(status: int, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], stdin: str) -> Outcome:
    """Return the result of a command, which the search for secrets gets too."""
    printed = capsys.readouterr()
    outcome = Outcome(status, printed.out, printed.err)
    hand_over_command(arguments, stdin, outcome)
    return outcome


@pytest.fixture(scope="module")
def begun() -> Iterator[dict[str, Any]]:
    """Let moto answer; yield the tables with one user, ada, two sessions, and attempts on the account."""
    with mock_aws():
        for name in TABLES:
            create_table(memory_aws.dynamodb(), name, OUTPUTS[name])
        for name, retained in RETAINED.items():
            create_table(memory_aws.dynamodb(), name, retained)
        memory_aws.logs().create_log_group(logGroupName=OUTPUTS["OperatorsLogGroup"])
        retained_users = DynamoDBImportedIdentities(memory_aws.dynamodb(), table=RETAINED["IdentitiesTable"])
        retained_users.add([Imported(Identity(BOB_ID, "carol", password_hash(), ACTIVE, 0, 1), "other#carol")])
        DynamoDBSessionOpening(
            memory_aws.dynamodb(),
            identities_table=RETAINED["IdentitiesTable"],
            sessions_table=RETAINED["SessionsTable"],
        ).open(a_session(3, user_id=BOB_ID), username="carol", epoch=0)
        identities = DynamoDBIdentities(memory_aws.dynamodb(), table=OUTPUTS["IdentitiesTable"])
        factors = Factors(totp=b"sealed", totp_step=0, failures=100, recovery=frozenset({"code"}))
        ada = Identity(
            ADA_ID,
            "ada",
            password_hash(),
            ACTIVE,
            0,
            1,
            email="ada@example.com",
            email_verified_at_seconds=1,
            factors=factors,
            factors_version=1,
        )
        identities.create(ada)
        memory_aws.dynamodb().update_item(  # a mark of an address from before, so that mails go to this one
            TableName=OUTPUTS["IdentitiesTable"],
            Key={"pk": {"S": "login#ada"}},
            UpdateExpression="SET bounced_address = :old",
            ExpressionAttributeValues={":old": {"S": "old@example.com"}},
        )
        opening = DynamoDBSessionOpening(
            memory_aws.dynamodb(), identities_table=OUTPUTS["IdentitiesTable"], sessions_table=OUTPUTS["SessionsTable"]
        )
        for number in (1, 2):
            opening.open(a_session(number), username="ada", epoch=0)
        attempts = DynamoDBAttempts(memory_aws.dynamodb(), table=OUTPUTS["ThrottleTable"])
        attempts.count(account_bucket("ada"), Attempt("1", 1), PASSWORD_BACKOFF)
        yield stored()


@pytest.fixture
def fresh(begun: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Fresh:
    """Return a function that makes AWS as it was before the command. The SDK waits for nothing."""
    for module in ("botocore.endpoint", "botocore.waiter"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(sleep=lambda _seconds: None))
    monkeypatch.setattr("admin.user_import._wait", lambda _stop, _seconds: None)

    def make() -> Aws:
        for table, items in begun.items():
            memory_aws.restore(table, items)
        memory_aws.empty_log(OUTPUTS["OperatorsLogGroup"])
        sdk_session.cache_clear()
        aws = Aws()
        aws.attach(sdk_session())
        return aws

    return make


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command in this process. The issuer publishes the keys of a new deployment."""
    monkeypatch.setattr("admin.keys.download", lambda _address: json.dumps(published_keys()))

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr("sys.stdin", piped(f"{PASSWORD}\n"))
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
        with made_by(policy_of(arguments)):
            status = main(arguments)
        return read_outcome(status, capsys, arguments, PASSWORD)

    return run


def policy_of(arguments: tuple[str, ...]) -> str:
    """Return the policy that a command needs: to read all users at once is a right of its own."""
    reads_all = arguments[:2] == ("users", "list") or "--all" in arguments
    return OF_ALL_USERS if reads_all else OPERATORS[arguments[0]]


def published_keys() -> dict[str, Any]:
    """Return the key set of a new deployment."""
    return RotateKeysFunction().stored.ring.at(NOW).jwks()


@pytest.fixture
def broken_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broken]:
    """Yield a broken AWS on this machine, which no proxy hides."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with Broken(("127.0.0.1", 0), Answer500) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
