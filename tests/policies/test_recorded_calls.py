"""Least privilege: each policy allows exactly the calls that the tests have seen.

`make test` compares the record with the calls of its functions and commands. So this needs no call.
"""

from typing import Any

import pytest

from tests.support import policies
from tests.support.policies import callers, granted
from tests.support.recorded_calls import Right, differences, needed, recorded

# These need no policy of the stack: AWS tells all callers who they are, and an update needs a deployment's rights.
OF_NO_POLICY = {("sts:GetCallerIdentity", "*"), ("cloudformation:UpdateStack", "AWS::StackName")}
# Lambda reads the stream of the challenges with the mailer's role.
OF_LAMBDA = {
    Right("mailer", f"dynamodb:{action}", "ChallengesTable")
    for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
}


def called(caller: str) -> set[Right]:
    """Return the recorded calls of a caller that need a right of its policy."""
    made = {right for right in recorded() if right[1:] not in OF_NO_POLICY}
    return {right for right in made | OF_LAMBDA if right.caller == caller}


@pytest.mark.parametrize("caller", callers())
def test_what_is_allowed_is_what_is_called(caller: str) -> None:
    """Nothing is allowed that no test has seen the caller do, and nothing is called that is not allowed."""
    assert granted(caller) == called(caller)


def test_every_call_has_a_policy_that_it_is_compared_with() -> None:
    """A caller without a policy would be compared with nothing."""
    assert {right.caller for right in recorded()} <= set(callers())


A, B = Right("login", "dynamodb:GetItem", "SessionsTable"), Right("login", "dynamodb:Query", "SessionsTable")


@pytest.mark.parametrize(
    ("made", "every", "said"),
    [
        ({A, B}, True, []),
        ({A}, False, []),
        ({A}, True, ["no test calls dynamodb:Query on SessionsTable as login"]),
        (
            {A, B, A._replace(caller="logout")},
            False,
            ["logout calls dynamodb:GetItem on SessionsTable: not in recorded_calls.json"],
        ),
    ],
    ids=["the same", "one file", "a call that no test makes", "a call that is not recorded"],
)
def test_a_run_is_compared_with_the_record(made: set[Right], every: bool, said: list[str]) -> None:  # noqa: FBT001 - a row of the table
    """Only a run of all tests makes every call."""
    assert differences(made, {A, B}, every=every) == said


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "rights"),
    [
        (
            "dynamodb",
            "TransactWriteItems",
            {
                "TransactItems": [
                    {kind: {"TableName": "x-SessionsTable-1"}} for kind in ("ConditionCheck", "Put", "Delete", "Update")
                ]
            },
            [
                (f"dynamodb:{name}", "SessionsTable")
                for name in ("ConditionCheckItem", "PutItem", "DeleteItem", "UpdateItem")
            ],
        ),
        ("dynamodb", "Query", {"TableName": "x-SessionsTable-1"}, [("dynamodb:Query", "SessionsTable")]),
        (
            "dynamodb",
            "Query",
            {"TableName": "x-SessionsTable-1", "IndexName": "by-day"},
            [("dynamodb:Query", "SessionsTable/index/by-day")],
        ),
        ("dynamodb", "GetItem", {"TableName": "another"}, [("dynamodb:GetItem", "another")]),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "x-RotateKeysFunction-1"},
            [("lambda:InvokeFunction", "RotateKeysFunction")],
        ),
        (
            "events",
            "PutEvents",
            {"Entries": [{"EventBusName": "arn:aws:events:::event-bus/SecurityEventBus"}]},
            [("events:PutEvents", "SecurityEventBus")],
        ),
    ],
)
def test_a_call_needs_these_rights(
    service: str, operation: str, parameters: dict[str, Any], rights: list[tuple[str, str]]
) -> None:
    """IAM checks each member of a transaction by itself, and an index is a resource of its own."""
    assert needed(service, operation, parameters) == rights


@pytest.mark.parametrize("form", [("dynamodb", "BatchGetItem", {"RequestItems": {}}), ("sqs", "SendMessage", {})])
def test_a_call_of_a_new_form_is_not_overlooked(form: tuple[str, str, dict[str, Any]]) -> None:
    """Its test fails, until the record knows how it names its resource."""
    with pytest.raises(LookupError):
        needed(*form)


@pytest.mark.parametrize("more", [{"Condition": {"StringEquals": {}}}, {"NotResource": "x"}])
def test_a_statement_that_says_more_is_refused(more: dict[str, Any]) -> None:
    """What a condition takes away would not be compared."""
    statement = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "x"}

    assert policies.statements({"Statement": [statement]}) == [statement]
    with pytest.raises(ValueError, match="cannot be compared"):
        policies.statements({"Statement": [{**statement, **more}]})
