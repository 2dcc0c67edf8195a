"""Each act of an operator leaves a durable record: what was done to whom, by whom, when, and how it ended."""

import argparse
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from admin.command import parser
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from tests.admin.conftest import CALLER, IDENTITIES, PASSWORD, PLACE, STACK, Command, Logs, Stacks
from tests.admin.every_command import ACTS, COMMANDS
from tests.support.dynamodb.records import ADA, BOB

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not\nyours"}}, "PutLogEvents")
# The acts on one user. An import is on many, and test_import_command.py has its record.
OF_USERS = sorted(name for name, arguments in ACTS.items() if arguments[0] == "users" and name != "import")


@pytest.fixture
def ada(identities: DynamoDBIdentities) -> str:
    """Create ada, and return her id."""
    identities.create(replace(ADA, username="ada"))
    return ADA.user_id


def act(command: Command, name: str) -> int:
    """Run one command, and return its status."""
    return command(*COMMANDS[name], stdin=f"{PASSWORD}\n").status


def test_every_command_is_known_to_change_or_to_read() -> None:
    """A new command fails here until the tests know whether it must leave a record."""
    commands = {(name, command) for name, subject in choices(parser()).items() for command in choices(subject)}

    assert commands == {arguments[:2] for arguments in COMMANDS.values()}


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("options", [("--scope", f'"{PASSWORD}"'), ("--role", PASSWORD), ("--scope", "a" * 300)])
@pytest.mark.parametrize("name", ["create", "set-rights"])
def test_rights_that_are_refused_are_not_in_the_record(
    command: Command, logs: Logs, name: str, options: tuple[str, str]
) -> None:
    """A mistyped option may hold any text, also a password. The record has only rights that a user can have."""
    outcome = command(*COMMANDS[name], *options, stdin=f"{PASSWORD}\n")

    assert outcome.status == 1
    assert outcome.err.startswith(("edge-auth: a scope is", "edge-auth: a role has", "edge-auth: scope and roles take"))
    assert logs.lines == []


@pytest.mark.parametrize("name", sorted({*OF_USERS} - {"create", "export-all"}))
def test_an_act_meets_no_other_user_than_the_one_in_the_record(
    command: Command,
    logs: Logs,
    identities: DynamoDBIdentities,
    ada: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The user is deleted and the name given again after the look-up: the new user stays as it is."""
    heir, write = replace(ADA, username="ada", user_id=BOB.user_id), logs.put_log_events

    def meanwhile(**line: object) -> dict[str, Any]:
        monkeypatch.setattr(logs, "put_log_events", write)
        identities.delete(identities.find("ada"))
        identities.create(heir)
        return write(**line)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(logs, "put_log_events", meanwhile)

    outcome = command(*COMMANDS[name], stdin=f"{PASSWORD}\n")

    assert (outcome.status, outcome.out) == (1, "")
    became = "deleted" if name == "reset-link" else "deleted or renamed"  # a renamed user still gets the link
    nothing = "done" if name in ("export", "reset-link") else "changed"
    assert outcome.err.endswith(f"edge-auth: the user was {became} meanwhile; nothing was {nothing}\n")
    assert identities.find("ada") == heir
    assert [(line["state"], line["user_id"]) for line in logs.lines] == [("begun", ada), ("failed", ada)]


def choices(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the next word, by that word."""
    [action] = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(action.choices)


@pytest.mark.parametrize("name", OF_USERS)
def test_an_act_is_recorded_before_and_after(command: Command, logs: Logs, ada: str, name: str) -> None:
    """L15: both lines have the caller, the act, the user's id and the time, and the same id of the act."""
    assert act(command, name) == 0

    begun, ended = logs.lines
    assert (begun["state"], ended["state"]) == ("begun", "done")
    assert {begun["caller"], ended["caller"]} == {CALLER}
    assert begun["act"] == ended["act"] == " ".join(ACTS[name][:2])
    assert begun["act_id"] == ended["act_id"]
    assert begun["stack"] == STACK
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", begun["time"])
    assert begun.get("user_id") == ended.get("user_id")
    assert (begun.get("user_id") == ada) is (name not in ("create", "export-all"))


def test_a_new_user_is_recorded_under_the_id_that_it_gets(
    command: Command, logs: Logs, identities: DynamoDBIdentities
) -> None:
    """The id is drawn before the act, so the line of the beginning has it."""
    act(command, "create")

    assert {line["user_id"] for line in logs.lines} == {identities.find("bob").user_id}
    assert {tuple(line["roles"]) for line in logs.lines} == {("reader",)}


@pytest.mark.parametrize("name", OF_USERS)
def test_no_name_and_no_password_is_recorded(command: Command, logs: Logs, ada: str, name: str) -> None:
    """L4: the record outlives the user, so it has the user's id only."""
    act(command, name)
    command("users", "create", "ada", "--password-stdin", stdin=f"{PASSWORD}\n")

    text = json.dumps(logs.lines).replace(ada, "")
    assert [word for word in (PASSWORD, '"ada"', " ada", '"bob"', " bob", "argon2") if word in text] == []


def test_a_refused_act_is_recorded_as_failed(command: Command, logs: Logs, ada: str) -> None:
    """The line has the kind of the error, and not its text, which may have the name."""
    assert ada
    outcome = command("users", "create", "ada", "--password-stdin", stdin=f"{PASSWORD}\n")

    assert outcome.err == "edge-auth: the user name is taken: ada\n"
    assert [(line["state"], line.get("reason")) for line in logs.lines] == [
        ("begun", None),
        ("failed", "UsernameTaken"),
    ]


def test_a_command_that_reads_leaves_no_line(command: Command, logs: Logs, ada: str) -> None:
    """A command that reads changes nothing."""
    assert ada
    assert act(command, "sessions") == 0

    assert logs.events == []


@pytest.mark.parametrize("name", OF_USERS)
def test_an_act_that_cannot_be_recorded_is_refused(
    command: Command, logs: Logs, dynamodb: "DynamoDBClient", ada: str, name: str
) -> None:
    """L15: nothing is changed, and the message says why."""
    assert ada
    before = dynamodb.scan(TableName=f"admin-{IDENTITIES}")["Items"]
    logs.failing = [DENIED]

    outcome = command(*COMMANDS[name], stdin=f"{PASSWORD}\n")

    assert outcome.status == 1
    assert outcome.err.endswith(
        "edge-auth: the act cannot be recorded in the log group admin-OperatorsLogGroup "
        "(PutLogEvents: AccessDeniedException: not yours); nothing was done\n"
    )
    assert dynamodb.scan(TableName=f"admin-{IDENTITIES}")["Items"] == before


def test_a_line_that_is_rejected_is_not_written(command: Command, logs: Logs, ada: str) -> None:
    """CloudWatch answers 200 to a line with a time of another day, and does not keep it."""
    assert ada
    logs.rejected = {"tooNewLogEventStartIndex": 0}

    outcome = command("users", "disable", "ada")

    assert outcome.status == 1
    assert "the time of this machine is wrong); nothing was done" in outcome.err


def test_an_end_that_cannot_be_recorded_is_a_warning(command: Command, logs: Logs, ada: str) -> None:
    """The act has happened, and its beginning is recorded."""
    assert ada
    logs.failing = [None, DENIED]

    outcome = command("users", "enable", "ada")

    assert (outcome.status, outcome.out) == (0, "enabled\n")
    assert outcome.err == (
        "edge-auth: warning: the log group admin-OperatorsLogGroup says that the act began, but not how it ended "
        "(PutLogEvents: AccessDeniedException: not yours)\n"
    )


def test_a_stack_of_an_earlier_version_has_to_be_deployed_first(command: Command, stacks: Stacks, ada: str) -> None:
    """Without a log group no act is done. Looks work."""
    assert ada
    stacks.outputs[STACK] = [one for one in stacks.outputs[STACK] if one["OutputKey"] != "OperatorsLogGroup"]

    refused, looked = command("users", "disable", "ada"), command("users", "sessions", "ada")

    assert (refused.status, looked.status) == (1, 0)
    assert refused.err == (
        "edge-auth: stack edge-auth has no output 'OperatorsLogGroup'; deploy this version of edge-auth first\n"
    )


@pytest.mark.parametrize(
    "name", ["set-password", "set-rights", "set-claims", "rename", "disable", "end-sessions", "delete"]
)
def test_an_act_that_ends_something_says_where_first(command: Command, ada: str, name: str) -> None:
    """Account, Region, stack and caller, and then what will happen; the result alone is on standard output."""
    outcome = command(*COMMANDS[name], stdin=f"{PASSWORD}\n")

    where, what = outcome.err.splitlines()
    assert where == PLACE
    assert what.startswith("This ")
    assert f"ada (user id {ada})" in what
    assert outcome.out.count("\n") == 1


def test_the_acts_of_a_day_are_in_one_stream(command: Command, logs: Logs, ada: str) -> None:
    """The first of them creates it."""
    assert ada
    act(command, "disable")
    act(command, "enable")

    [stream] = logs.streams
    assert re.fullmatch(r"\d{4}/\d\d/\d\d", stream)
    assert len(logs.lines) == 4
