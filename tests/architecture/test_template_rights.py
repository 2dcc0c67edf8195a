"""What the template lets each function do: no more than it does."""

import re
from typing import Any

import pytest

from tests.support.template import Intrinsic, functions, template

# What each function calls, and on what: no more, no less. The local stack enforces it at run time.
RIGHTS = {
    "login": {
        ("dynamodb:UpdateItem", "ThrottleTable"),
        ("dynamodb:GetItem", "IdentitiesTable"),
        ("dynamodb:ConditionCheckItem", "IdentitiesTable"),
        ("dynamodb:UpdateItem", "IdentitiesTable"),
        ("dynamodb:PutItem", "SessionsTable"),
        ("dynamodb:Query", "SessionsTable"),
        ("dynamodb:UpdateItem", "SessionsTable"),
        ("secretsmanager:GetSecretValue", "KeyRingSecret"),
    },
    "refresh": {
        ("dynamodb:UpdateItem", "ThrottleTable"),
        ("dynamodb:UpdateItem", "SessionsTable"),
        ("secretsmanager:GetSecretValue", "KeyRingSecret"),
    },
    "logout": {
        ("dynamodb:UpdateItem", "SessionsTable"),
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
        ("dynamodb:UpdateItem", "SessionsTable"),
    },
    "sessions": {
        ("dynamodb:GetItem", "SessionsTable"),
        ("dynamodb:Query", "SessionsTable"),
        ("dynamodb:UpdateItem", "SessionsTable"),
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
    """Return a list as it is, and anything else as a list of one."""
    return value if isinstance(value, list) else [value]


def statements(function: str) -> list[dict[str, Any]]:
    """Return the statements of a function's policies."""
    return [statement for policy in functions()[function].get("Policies", []) for statement in policy["Statement"]]


def test_every_function_is_known() -> None:
    """The table of rights names every function of the template."""
    assert set(functions()) == set(RIGHTS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_its_rights_and_no_others(function: str) -> None:
    """Least privilege, by action and resource."""
    granted = set()
    for statement in statements(function):
        assert statement["Effect"] == "Allow"
        for resource in as_list(statement["Resource"]):
            assert isinstance(resource, Intrinsic)
            granted |= {(action, resource.argument.split(".")[0]) for action in as_list(statement["Action"])}

    assert granted == RIGHTS[function]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_right_has_a_wildcard(function: str) -> None:
    """No `*` in an action or a resource, and no managed policy or policy template that would hide one."""
    for policy in functions()[function].get("Policies", []):
        assert set(policy) == {"Version", "Statement"}
    for statement in statements(function):
        assert set(statement) == {"Effect", "Action", "Resource"}
        for action in as_list(statement["Action"]):
            assert re.fullmatch(r"[a-z]+:[A-Za-z]+", action)
        for resource in as_list(statement["Resource"]):
            assert "*" not in str(resource)


def test_only_rotate_keys_writes_the_key_ring() -> None:
    """K5: one writer."""
    writers = {function for function in FUNCTIONS if "PutSecretValue" in str(statements(function))}

    assert writers == {"rotate_keys"}


def test_only_what_may_alarm_may_announce_it() -> None:
    """Where there is a bus, these two may put events on it, and on no other; where there is none, nobody may."""
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
        Intrinsic("Ref", "RotateKeysFunctionRole"),
    ]
