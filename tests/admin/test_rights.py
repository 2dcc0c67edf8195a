"""Least privilege: the stack's two policies for operators grant exactly the calls that the commands make."""

import re
from typing import Any

import pytest

from tests.admin.aws import OUTPUTS, RETAINED, TABLES, Aws, Fresh, Run
from tests.admin.every_command import COMMANDS
from tests.support.template import ROOT, Intrinsic, properties

LOGICAL_IDS = {OUTPUTS[name]: name for name in TABLES} | {table: table for table in RETAINED.values()}
TRANSACTED = {"ConditionCheck": "ConditionCheckItem", "Put": "PutItem", "Delete": "DeleteItem"}
# AWS lets every caller ask who it is.
FREE = {"sts:GetCallerIdentity"}
# An update of the stack has the rights of a deployment.
OF_A_DEPLOYMENT = {"cloudformation:UpdateStack"}


def granted(policy: str) -> tuple[set[str], set[tuple[str, str]]]:
    """Return the granted actions, and those on tables with their tables."""
    statements = list[dict[str, Any]]()
    for statement in properties(policy)["PolicyDocument"]["Statement"]:
        if not isinstance(statement, Intrinsic):
            statements.append(statement)
        elif statement.argument[0] == "HasRevocations":  # it is on here
            statements.append(statement.argument[1])
        else:  # only with a bus
            assert statement.argument[0] == "HasSecurityEventBus"
            assert statement.argument[1]["Action"] == "events:PutEvents"
    actions, on_tables = set[str](), set[tuple[str, str]]()
    for statement in statements:
        listed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for action in listed:
            if action.startswith("dynamodb:"):
                on_tables.add((action, statement["Resource"].argument.split(".")[0]))
            else:
                actions.add(action)
    return actions, on_tables


def used(aws: Aws) -> tuple[set[str], set[tuple[str, str]]]:
    """Return the rights that the calls needed. DynamoDB checks each item of a transaction as a single action."""
    on_tables = set[tuple[str, str]]()
    for operation, parameters in aws.dynamodb:
        if operation == "TransactWriteItems":
            acts = [act for item in parameters["TransactItems"] for act in item.items()]
            on_tables |= {(f"dynamodb:{TRANSACTED[kind]}", LOGICAL_IDS[act["TableName"]]) for kind, act in acts}
        else:
            on_tables.add((f"dynamodb:{operation}", LOGICAL_IDS[parameters["TableName"]]))
    calls = {
        call.replace("cloudwatch-logs:", "logs:").replace("lambda:Invoke", "lambda:InvokeFunction")
        for call in aws.calls
    }
    return {call for call in calls - FREE - OF_A_DEPLOYMENT if not call.startswith("dynamodb:")}, on_tables


@pytest.mark.parametrize(("subject", "policy"), [("users", "UsersPolicy"), ("keys", "KeysPolicy")])
def test_the_policy_grants_what_the_commands_call_and_no_more(
    fresh: Fresh, run: Run, subject: str, policy: str
) -> None:
    """An operator with the policy can run every command, and nothing else."""
    actions, on_tables = set[str](), set[tuple[str, str]]()
    for arguments in COMMANDS.values():
        if arguments[0] == subject:
            aws = fresh()
            assert run(*arguments).status == 0
            more_actions, more_on_tables = used(aws)
            actions |= more_actions
            on_tables |= more_on_tables

    assert granted(policy) == (actions, on_tables)


def test_the_page_on_recovery_names_the_rights_that_a_takeover_needs(fresh: Fresh, run: Run) -> None:
    """No policy grants them: who recovers a stack has the rights of a deployment."""
    page = (
        (ROOT / "docs" / "recovery.md").read_text(encoding="utf-8").split("**It needs the rights**")[1].split("\n\n")[0]
    )
    aws = fresh()
    assert run(*COMMANDS["adopt"]).status == 0
    actions, on_tables = used(aws)

    named = set(re.findall(r"`(?:dynamodb:)?([A-Z]\w+)`", page)) - {"PutSecretValue"}
    assert named == {action.removeprefix("dynamodb:") for action, _ in on_tables}
    assert {action for action in actions if "Resources" in action} <= set(re.findall(r"`(cloudformation:\w+)`", page))
