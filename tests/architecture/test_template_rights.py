"""The template gives each function the rights that it needs, and no others."""

import re
from typing import Any

import pytest

from tests.support.template import Intrinsic, functions, template

# The calls of each function, with their resources. The local stack enforces these rights at run time.
RIGHTS = {
    "login": {
        ("dynamodb:UpdateItem", "ThrottleTable"),
        ("dynamodb:GetItem", "IdentitiesTable"),
        ("dynamodb:ConditionCheckItem", "IdentitiesTable"),
        ("dynamodb:UpdateItem", "IdentitiesTable"),
        ("dynamodb:PutItem", "SessionsTable"),
        ("dynamodb:Query", "SessionsTable"),
        ("dynamodb:DeleteItem", "SessionsTable"),
        ("secretsmanager:GetSecretValue", "KeyRingSecret"),
    },
    "refresh": {
        ("dynamodb:UpdateItem", "ThrottleTable"),
        ("dynamodb:UpdateItem", "SessionsTable"),
        ("dynamodb:GetItem", "SessionsTable"),
        ("dynamodb:DeleteItem", "SessionsTable"),
        ("dynamodb:PutItem", "SessionsTable"),
        ("secretsmanager:GetSecretValue", "KeyRingSecret"),
    },
    "logout": {
        ("dynamodb:DeleteItem", "SessionsTable"),
        ("dynamodb:PutItem", "SessionsTable"),
        ("dynamodb:GetItem", "SessionsTable"),
        ("dynamodb:Query", "SessionsTable"),
        ("dynamodb:GetItem", "IdentitiesTable"),
        ("dynamodb:UpdateItem", "IdentitiesTable"),
        ("secretsmanager:GetSecretValue", "KeyRingSecret"),
    },
    "register": {
        ("dynamodb:UpdateItem", "ThrottleTable"),
        ("dynamodb:PutItem", "IdentitiesTable"),
    },
    "password": {
        ("dynamodb:UpdateItem", "ThrottleTable"),
        ("dynamodb:GetItem", "IdentitiesTable"),
        ("dynamodb:UpdateItem", "IdentitiesTable"),
        ("dynamodb:GetItem", "SessionsTable"),
        ("dynamodb:Query", "SessionsTable"),
        ("dynamodb:DeleteItem", "SessionsTable"),
        ("dynamodb:PutItem", "SessionsTable"),
    },
    "sessions": {
        ("dynamodb:GetItem", "SessionsTable"),
        ("dynamodb:Query", "SessionsTable"),
        ("dynamodb:DeleteItem", "SessionsTable"),
        ("dynamodb:PutItem", "SessionsTable"),
    },
    "jwks": {("secretsmanager:GetSecretValue", "KeyRingSecret")},
    "rotate_keys": {
        ("secretsmanager:GetSecretValue", "KeyRingSecret"),
        ("secretsmanager:PutSecretValue", "KeyRingSecret"),
    },
    "authorizer": set(),
    "whoami": set(),
}
FUNCTIONS = sorted(RIGHTS)


def as_list(value: object) -> list[Any]:
    """Return a list unchanged, and any other value in a list."""
    return value if isinstance(value, list) else [value]


def statements(function: str) -> list[dict[str, Any]]:
    """Return the statements of a function's policies."""
    return [statement for policy in functions()[function].get("Policies", []) for statement in policy["Statement"]]


def test_every_function_is_known() -> None:
    """The table of rights names every function of the template."""
    assert set(functions()) == set(RIGHTS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_its_rights_and_no_others(function: str) -> None:
    """Each function has exactly the actions and resources of the table (least privilege)."""
    granted = set()
    for statement in statements(function):
        assert statement["Effect"] == "Allow"
        for resource in as_list(statement["Resource"]):
            assert isinstance(resource, Intrinsic)
            granted |= {(action, resource.argument.split(".")[0]) for action in as_list(statement["Action"])}

    assert granted == RIGHTS[function]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_right_has_a_wildcard(function: str) -> None:
    """No action or resource has a `*`, and no managed policy or policy template can hide one."""
    for policy in functions()[function].get("Policies", []):
        assert set(policy) == {"Version", "Statement"}
    for statement in statements(function):
        assert set(statement) == {"Effect", "Action", "Resource"}
        for action in as_list(statement["Action"]):
            assert re.fullmatch(r"[a-z]+:[A-Za-z]+", action)
        for resource in as_list(statement["Resource"]):
            assert "*" not in str(resource)


def test_only_rotate_keys_writes_the_key_ring() -> None:
    """K5: rotate_keys is the only function that may write the secret."""
    writers = {function for function in FUNCTIONS if "PutSecretValue" in str(statements(function))}

    assert writers == {"rotate_keys"}


def test_only_what_may_alarm_may_announce_it() -> None:
    """With a bus, refresh, logout and rotate_keys may put events on this bus only; without a bus, no function may."""
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
    ]
