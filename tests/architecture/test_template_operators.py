"""The template keeps a record of what operators do, and has policies with their rights."""

import re

import pytest

from tests.support.template import Intrinsic, properties, template

GROUP = "OperatorsLogGroup"
POLICIES = ["UsersPolicy", "AllUsersPolicy", "KeysPolicy"]


def test_the_record_outlives_the_stack() -> None:
    """L15: the users that it tells about stay too. A creation that fails leaves nothing."""
    group = template()["Resources"][GROUP]

    assert (group["DeletionPolicy"], group["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert group["Properties"] == {"RetentionInDays": Intrinsic("Ref", "AuditRetentionDays")}


def test_the_command_finds_the_record() -> None:
    """The name is CloudFormation's, so that a new stack of the same name has a group of its own."""
    assert template()["Outputs"][GROUP]["Value"] == Intrinsic("Ref", GROUP)


@pytest.mark.parametrize("policy", POLICIES)
def test_operators_find_their_policy(policy: str) -> None:
    """An output has the ARN."""
    assert template()["Outputs"][f"{policy}Arn"]["Value"] == Intrinsic("Ref", policy)


@pytest.mark.parametrize("policy", POLICIES)
def test_no_right_of_an_operator_is_wider_than_the_stack(policy: str) -> None:
    """Each action is named, and each resource is of this stack; tests/admin compares the actions with the calls."""
    statements = [
        statement.argument[1] if isinstance(statement, Intrinsic) else statement
        for statement in properties(policy)["PolicyDocument"]["Statement"]
    ]

    for statement in statements:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert all(re.fullmatch(r"[a-z]+:[A-Za-z]+", action) for action in actions)
        if statement["Resource"] == "*":
            assert actions == ["ses:GetAccount"], "the sandbox is of the whole account"
            continue
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        assert all(isinstance(resource, Intrinsic) for resource in resources)
        wide = [resource.argument for resource in resources if "*" in resource.argument]
        assert all(text.endswith(":stack/${AWS::StackName}/*") for text in wide)


@pytest.mark.parametrize("policy", POLICIES)
def test_no_operator_may_delete_a_line_of_the_record(policy: str) -> None:
    """L15: with the stack's policies an operator adds lines, and no more."""
    text = str(properties(policy))

    assert set(re.findall(r"logs:\w+", text)) == {"logs:CreateLogStream", "logs:PutLogEvents"}
