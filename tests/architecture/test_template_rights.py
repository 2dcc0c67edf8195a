"""The form of the rights in the template, and their conditions. tests/policies compares them with the calls."""

import re
from typing import Any

import pytest

from tests.support.policies import as_list
from tests.support.recorded_calls import recorded
from tests.support.template import Intrinsic, functions, properties, resources, template

FUNCTIONS = sorted(functions())
NOTHING = Intrinsic("Ref", "AWS::NoValue")


def statements(function: str, effect: str = "Allow") -> list[dict[str, Any]]:
    """Return the statements of a function's policies that allow, or those that deny, with those of a condition."""
    every = [
        statement.argument[1] if isinstance(statement, Intrinsic) else statement
        for policy in functions()[function]["Policies"]
        for statement in policy["Statement"]
    ]
    return [statement for statement in every if statement["Effect"] == effect]


def test_no_function_may_write_the_feed_of_ended_sessions_where_it_is_off() -> None:
    """The statement is conditional, as its table is, and so is the right to mark a record that the feed has."""
    conditional = {
        (function, str(statement.argument[1]["Resource"].argument), statement.argument[0])
        for function in FUNCTIONS
        for policy in functions()[function]["Policies"]
        for statement in policy["Statement"]
        if isinstance(statement, Intrinsic) and "UpdateItem" in str(statement.argument[1]["Action"])
    }

    writers = {
        right.caller
        for right in recorded()
        if right[1:] == ("dynamodb:UpdateItem", "RevocationsTable") and right.caller in FUNCTIONS
    }
    assert conditional == {
        # They may publish what an earlier call has ended: without the mark, again at each call.
        ("logout", "SessionsTable.Arn", "HasRevocations"),
        ("sessions", "SessionsTable.Arn", "HasRevocations"),
        ("passkeys", "SessionsTable.Arn", "HasRevocations"),
        ("factors", "SessionsTable.Arn", "HasRevocations"),
        ("password", "SessionsTable.Arn", "HasRevocations"),
        ("reset", "SessionsTable.Arn", "HasRevocations"),
        ("email_proofs", "SessionsTable.Arn", "HasRevocations"),
        ("login", "SessionsTable.Arn", "HasRevocationsInBrowsers"),
        ("passkey_sign_in", "SessionsTable.Arn", "HasRevocationsInBrowsers"),
        ("session_authorizer", "SessionsTable.Arn", "HasAllowedOrigins"),  # it moves the idle timeout
        ("register", "ChallengesTable.Arn", "HasMail"),  # it asks for the mail that confirms an address
        *((function, "RevocationsTable.Arn", "HasRevocations") for function in writers),
    }
    assert template()["Resources"]["RevocationsTable"]["Condition"] == "HasRevocations"


def test_operators_mark_the_ends_that_they_publish_only_where_the_feed_is_on() -> None:
    """They end all sessions too, by the same use case as functions, and on the same condition."""
    conditional = {
        str(statement.argument[1]["Resource"].argument): statement.argument[0]
        for statement in properties("UsersPolicy")["PolicyDocument"]["Statement"]
        if isinstance(statement, Intrinsic) and "UpdateItem" in str(statement.argument[1]["Action"])
    }

    assert conditional["SessionsTable.Arn"] == conditional["RevocationsTable.Arn"] == "HasRevocations"


def test_a_login_may_ask_one_function_and_make_users_only_if_the_operator_names_that_function() -> None:
    """P20: both rights are conditional, and no other function has them on that condition."""
    conditional = [
        (function, statement.argument[1]["Action"], str(statement.argument[1]["Resource"].argument))
        for function in FUNCTIONS
        for policy in functions()[function]["Policies"]
        for statement in policy["Statement"]
        if isinstance(statement, Intrinsic) and statement.argument[0] == "HasMigration"
    ]

    assert conditional == [
        ("login", "dynamodb:PutItem", "IdentitiesTable.Arn"),
        ("login", "lambda:InvokeFunction", "MigrationFunctionArn"),
    ]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_right_has_a_wildcard(function: str) -> None:
    """No action or resource has a `*`, and no policy template can hide one."""
    for policy in functions()[function]["Policies"]:
        assert set(policy) == {"Version", "Statement"}
    for statement in statements(function):
        assert set(statement) == {"Effect", "Action", "Resource"}
        for action in as_list(statement["Action"]):
            assert re.fullmatch(r"[a-z]+:[A-Za-z]+", action)
        for resource in as_list(statement["Resource"]):
            assert "*" not in str(resource)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_into_its_own_log_only(function: str) -> None:
    """SAM's managed policy lets a function write into every log group, so it could forge what an alarm counts.

    No function makes a log group either: a group that a late line made again stops the next stack of the same name.
    """
    own = functions()[function]["LoggingConfig"]["LogGroup"].argument

    assert statements(function, "Deny") == [
        {"Effect": "Deny", "Action": "logs:CreateLogGroup", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "NotResource": Intrinsic("GetAtt", f"{own}.Arn"),
        },
    ]


def test_only_rotate_keys_writes_the_key_ring() -> None:
    """K5: rotate_keys is the only function that may write the secret."""
    writers = {function for function in FUNCTIONS if "PutSecretValue" in str(statements(function))}

    assert writers == {"rotate_keys"}


def test_without_the_feed_the_authorizer_has_no_right_at_all() -> None:
    """With RevocationSeconds=0 it reads no table."""
    [conditional] = [
        statement
        for policy in functions()["authorizer"]["Policies"]
        for statement in policy["Statement"]
        if isinstance(statement, Intrinsic)
    ]

    assert (conditional.name, conditional.argument[0]) == ("If", "HasRevocations")
    assert statements("authorizer") == [conditional.argument[1]]
    assert conditional.argument[2] == Intrinsic("Ref", "AWS::NoValue")


def test_without_browsers_the_authorizer_of_session_cookies_has_no_right_at_all() -> None:
    """Without AllowedOrigins it reads no table and writes none."""
    [conditional] = [
        statement
        for policy in functions()["session_authorizer"]["Policies"]
        for statement in policy["Statement"]
        if isinstance(statement, Intrinsic)
    ]

    assert (conditional.name, conditional.argument[0]) == ("If", "HasAllowedOrigins")
    assert statements("session_authorizer") == [conditional.argument[1]]


def test_only_rotate_keys_may_change_a_function_and_only_the_authorizers() -> None:
    """K5: the right is for two functions. Its holder can make every token that the authorizers accept anyway."""
    policy = template()["Resources"]["PublishKeysPolicy"]
    [statement] = policy["Properties"]["PolicyDocument"]["Statement"]

    assert statement == {
        "Effect": "Allow",
        "Action": ["lambda:GetFunctionConfiguration", "lambda:UpdateFunctionConfiguration"],
        "Resource": [
            Intrinsic("GetAtt", "AuthorizerFunction.Arn"),
            Intrinsic("GetAtt", "StrictAuthorizerFunction.Arn"),
        ],
    }
    assert policy["Properties"]["Roles"] == [Intrinsic("Ref", "RotateKeysFunctionRole")]


def test_every_policy_is_looked_at() -> None:
    """Each policy beside the functions' own has its test here."""
    assert resources("AWS::IAM::Policy").keys() == {"AnnouncePolicy", "PublishKeysPolicy"}


def test_only_what_may_alarm_may_announce_it() -> None:
    """With a bus, these may put events on this bus only; without a bus, no function may. Three tell of a locked app."""
    policy = template()["Resources"]["AnnouncePolicy"]
    [statement] = policy["Properties"]["PolicyDocument"]["Statement"]

    assert policy["Condition"] == "HasSecurityEventBus"
    assert statement == {
        "Effect": "Allow",
        "Action": "events:PutEvents",
        "Resource": Intrinsic("Ref", "SecurityEventBus"),
    }
    assert policy["Properties"]["Roles"] == [
        Intrinsic("Ref", "RefreshFunctionRole"),
        Intrinsic("Ref", "LogoutFunctionRole"),
        Intrinsic("Ref", "RotateKeysFunctionRole"),
        Intrinsic("If", ["HasSecondFactor", Intrinsic("Ref", "LoginFunctionRole"), NOTHING]),
        Intrinsic("If", ["HasSecondFactor", Intrinsic("Ref", "StepUpFunctionRole"), NOTHING]),
        Intrinsic("If", ["HasMailAndSecondFactor", Intrinsic("Ref", "ResetFunctionRole"), NOTHING]),
    ]
