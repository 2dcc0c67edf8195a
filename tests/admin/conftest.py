"""The operators' command, on a stack in moto."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from admin.command import main
from edge_auth.adapters.aws import sdk_session
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from tests.support import memory_aws
from tests.support.dynamodb.tables import create_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STACK = "edge-auth"
IDENTITIES, SESSIONS = "IdentitiesTable", "SessionsTable"
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Outcome:
    """The result of a command: its exit status and its output."""

    status: int
    out: str
    err: str


Command = Callable[..., Outcome]


class Terminal(io.StringIO):
    """Standard input that is a terminal."""

    def isatty(self) -> bool:
        """Return true."""
        return True


class Stacks:
    """CloudFormation's answers to DescribeStacks; the end-to-end tests ask a real one."""

    def __init__(self) -> None:
        """Begin with the stack of these tests."""
        tables = [{"OutputKey": name, "OutputValue": f"admin-{name}"} for name in (IDENTITIES, SESSIONS)]
        self.outputs: dict[str, list[dict[str, str]]] = {STACK: tables}
        self.parameters: dict[str, str] = {"Audience": "https://api.example.com", "Issuer": ""}

    def describe_stacks(self, *, StackName: str) -> dict[str, object]:  # noqa: N803 - AWS's own name
        """Answer, or fail as AWS does for an unknown stack."""
        if StackName not in self.outputs:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in self.parameters.items()]
        return {"Stacks": [{"StackName": StackName, "Outputs": self.outputs[StackName], "Parameters": parameters}]}


@pytest.fixture(autouse=True)
def _new_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each test search for credentials anew, as each process does."""
    sdk_session.cache_clear()
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)


@pytest.fixture
def stacks() -> Stacks:
    """Return the answers of CloudFormation."""
    return Stacks()


@pytest.fixture(scope="module")
def _tables() -> Iterator[None]:
    """Create the stack's tables once for a file; each test finds them empty."""
    with mock_aws():
        for name in (IDENTITIES, SESSIONS):
            create_table(memory_aws.dynamodb(), name, f"admin-{name}")
        yield


@pytest.fixture
def dynamodb(_tables: None) -> "DynamoDBClient":
    """Empty the tables, and return a client that sees them."""
    for name in (IDENTITIES, SESSIONS):
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
def command(
    dynamodb: "DynamoDBClient",
    stacks: Stacks,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """Return a function that runs the command in this process, with the given standard input."""
    clients = {"cloudformation": stacks}
    monkeypatch.setattr("boto3.client", lambda name, **_options: clients[name])
    monkeypatch.setattr("admin.users.dynamodb_client", lambda: dynamodb)

    def run(*arguments: str, stdin: str = "", typed: str | None = None) -> Outcome:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin) if typed is None else Terminal(typed))
        try:
            status = main(arguments)
        except SystemExit as end:  # argparse ends the process
            status = int(str(end.code))
        printed = capsys.readouterr()
        return Outcome(status, printed.out, printed.err)

    return run
