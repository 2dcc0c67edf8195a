"""The template: least privilege, constrained parameters, and nothing that the functions do not read."""

import re
from typing import Any

import pytest

from edge_auth import settings
from edge_auth.flows.events import EventName
from tests.architecture.template_file import (
    Intrinsic,
    functions,
    parameters,
    properties,
    resources,
    template,
    variables,
)

PUBLIC_ROUTES = {
    ("POST", "/auth/login"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/logout"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/.well-known/oauth-authorization-server"),
}
PROTECTED_ROUTES = {("GET", "/me")}

# What each function calls, and on what: no more, no less. The local stack enforces it at run time.
RIGHTS = {
    "login": {
        ("dynamodb:GetItem", "IdentitiesTable"),
        ("dynamodb:ConditionCheckItem", "IdentitiesTable"),
        ("dynamodb:UpdateItem", "IdentitiesTable"),
        ("dynamodb:PutItem", "SessionsTable"),
        ("secretsmanager:GetSecretValue", "KeyRingSecret"),
    },
    "refresh": {
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
    "jwks": {("secretsmanager:GetSecretValue", "KeyRingSecret")},
    "rotate_keys": {
        ("secretsmanager:GetSecretValue", "KeyRingSecret"),
        ("secretsmanager:PutSecretValue", "KeyRingSecret"),
    },
    "authorizer": set(),
    "whoami": set(),
}
SETTINGS: dict[str, type[settings.Settings]] = {
    "login": settings.LoginSettings,
    "refresh": settings.RefreshSettings,
    "logout": settings.LogoutSettings,
    "authorizer": settings.AuthorizerSettings,
    "jwks": settings.JwksSettings,
    "rotate_keys": settings.RotateKeysSettings,
}
FUNCTIONS = sorted(RIGHTS)


def as_list(value: object) -> list[Any]:
    """Return a list as it is, and anything else as a list of one."""
    return value if isinstance(value, list) else [value]


def statements(function: str) -> list[dict[str, Any]]:
    """Return the statements of a function's policies."""
    return [statement for policy in functions()[function].get("Policies", []) for statement in policy["Statement"]]


def values(node: object) -> list[object]:
    """Return every scalar and intrinsic below a node."""
    if isinstance(node, dict):
        return [value for child in node.values() for value in values(child)]
    if isinstance(node, list):
        return [value for child in node for value in values(child)]
    return [node, *values(node.argument)] if isinstance(node, Intrinsic) else [node]


def test_every_function_is_known() -> None:
    """The table of rights, and the settings, name every function of the template."""
    assert set(functions()) == set(RIGHTS) == {*SETTINGS, "whoami"}


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


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_environment_is_what_its_settings_read(function: str) -> None:
    """No variable too few, which would fail a cold start, and none too many."""
    read = SETTINGS[function].names() if function in SETTINGS else []

    assert sorted(variables(function)) == sorted(read)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_runs_on_python_313_and_logs_json_into_its_own_group(function: str) -> None:
    """One runtime for all; a log group with retention for each."""
    logging = functions()[function]["LoggingConfig"]

    assert logging["LogFormat"] == "JSON"
    group = properties(logging["LogGroup"].argument)
    assert group["RetentionInDays"] == Intrinsic("Ref", "LogRetentionDays")
    assert template()["Globals"]["Function"]["Runtime"] == "python3.13"
    assert template()["Globals"]["Function"]["Architectures"] == [Intrinsic("Ref", "Architecture")]
    assert "Runtime" not in functions()[function]


def test_log_groups_are_not_shared() -> None:
    """As many groups as functions."""
    groups = [function["LoggingConfig"]["LogGroup"].argument for function in functions().values()]

    assert sorted(groups) == sorted(resources("AWS::Logs::LogGroup"))


@pytest.mark.parametrize("name", sorted(parameters()))
def test_a_parameter_is_described_and_constrained(name: str) -> None:
    """A wrong value is refused before anything is deployed, and the refusal says what would be right."""
    parameter = parameters()[name]

    assert parameter["Description"]
    assert parameter["ConstraintDescription"]
    assert (
        {"AllowedPattern"} <= set(parameter)
        or {"AllowedValues"} <= set(parameter)
        or {
            "MinValue",
            "MaxValue",
        }
        <= set(parameter)
    )


@pytest.mark.parametrize("name", sorted(parameters()))
def test_a_parameter_is_used_and_grouped(name: str) -> None:
    """No parameter without an effect, and none that the console shows under "other"."""
    body = {key: value for key, value in template().items() if key not in ("Parameters", "Metadata")}
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    assert Intrinsic("Ref", name) in values(body)
    assert [name for group in groups for other in group["Parameters"] if other == name] == [name]


def test_audience_has_no_default() -> None:
    """Whom the tokens are for is said, never assumed."""
    assert "Default" not in parameters()["Audience"]


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("Issuer", "", True),
        ("Issuer", "https://auth.example.com", True),
        ("Issuer", "https://auth.example.com/v1", True),
        ("Issuer", "https://auth.example.com:8443/a/b", True),
        ("Issuer", "http://localhost:4566/x", True),
        ("Issuer", "http://127.0.0.1:4566/_aws/execute-api/edgeauth/v1", True),
        ("Issuer", "http://auth.example.com", False),
        ("Issuer", "http://localhost.example.com", False),
        ("Issuer", "https://auth.example.com/", False),
        ("Issuer", "https://auth.example.com?x=1", False),
        ("Issuer", "https://auth.example.com#x", False),
        ("Issuer", "https://", False),
        ("Issuer", "auth.example.com", False),
        ("Issuer", "https://user@auth.example.com", False),
        ("Issuer", "https://auth.example.com\n", False),
        ("Audience", "https://api.example.com", True),
        ("Audience", "notes-api", True),
        ("Audience", "", False),
        ("Audience", "a b", False),
        ("Audience", 'a"b', False),
        ("AlarmTopicArn", "", True),
        ("AlarmTopicArn", "arn:aws:sns:eu-central-1:123456789012:alarms", True),
        ("AlarmTopicArn", "arn:aws-us-gov:sns:us-gov-west-1:123456789012:alarms", True),
        ("AlarmTopicArn", "arn:aws:sqs:eu-central-1:123456789012:alarms", False),
        ("AlarmTopicArn", "alarms", False),
    ],
)
def test_a_pattern_takes_what_it_should(name: str, value: str, taken: bool) -> None:  # noqa: FBT001 - the expectation
    """The linter takes broken patterns too, so each is tried; CloudFormation wants the whole value to match."""
    assert (re.fullmatch(parameters()[name]["AllowedPattern"], value) is not None) is taken


def test_the_authorizers_cache_is_explicit() -> None:
    """DC-6: where nothing is said, REST APIs cache for 300 seconds."""
    auth = properties("Api")["Auth"]

    assert auth["DefaultAuthorizer"] == "AccessToken"
    assert auth["Authorizers"]["AccessToken"]["Identity"]["ReauthorizeEvery"] == Intrinsic(
        "Ref", "AuthorizerCacheSeconds"
    )
    assert parameters()["AuthorizerCacheSeconds"]["Default"] == 0
    assert auth["AddDefaultAuthorizerToCorsPreflight"] is False


def test_only_the_public_routes_opt_out_of_the_authorizer() -> None:
    """A route is protected unless it says otherwise, and these are all that do."""
    public, protected = set(), set()
    for function in functions().values():
        for event in function.get("Events", {}).values():
            assert event["Type"] == "Api"
            route = (event["Properties"]["Method"], event["Properties"]["Path"])
            if event["Properties"].get("Auth") == {"Authorizer": "NONE"}:
                public.add(route)
            else:
                assert "Auth" not in event["Properties"]
                protected.add(route)

    assert (public, protected) == (PUBLIC_ROUTES, PROTECTED_ROUTES)


def test_gateway_responses_have_the_shape_of_errors_and_are_not_stored() -> None:
    """The gateway's own answers look like ours, and none is cached."""
    for name, response in properties("Api")["GatewayResponses"].items():
        headers = response["ResponseParameters"]["Headers"]
        assert headers["Cache-Control"] == "'no-store'", name
        assert headers["X-Content-Type-Options"] == "'nosniff'", name
        assert re.fullmatch(
            r'\{"error":"[a-z_]+","error_description":"[^"]+"\}', response["ResponseTemplates"]["application/json"]
        ), name


def test_gateway_challenges_follow_rfc_6750() -> None:
    """RFC 6750 §3.1: no error attribute where no credentials were sent."""
    responses = properties("Api")["GatewayResponses"]
    challenges = {
        name: (response["StatusCode"], response["ResponseParameters"]["Headers"].get("WWW-Authenticate"))
        for name, response in responses.items()
    }

    assert challenges["UNAUTHORIZED"] == (401, "'Bearer'")
    assert challenges["ACCESS_DENIED"] == (401, "'Bearer error=\"invalid_token\"'")
    assert challenges["MISSING_AUTHENTICATION_TOKEN"] == (404, None)


def test_trouble_at_the_gateway_is_503_with_retry_after() -> None:
    """DC-3: infrastructure trouble is never a verdict on a token."""
    responses = properties("Api")["GatewayResponses"]
    trouble = {name: response for name, response in responses.items() if response["StatusCode"] >= 500}

    assert set(trouble) == {
        "AUTHORIZER_FAILURE",
        "AUTHORIZER_CONFIGURATION_ERROR",
        "API_CONFIGURATION_ERROR",
        "INTEGRATION_FAILURE",
        "INTEGRATION_TIMEOUT",
        "DEFAULT_5XX",
    }
    for name in (*trouble, "THROTTLED", "QUOTA_EXCEEDED"):
        assert responses[name]["ResponseParameters"]["Headers"]["Retry-After"] == "'1'", name
    assert all("temporarily_unavailable" in str(response) for response in trouble.values())


@pytest.mark.parametrize("name", sorted(resources("AWS::DynamoDB::Table")))
def test_a_table_is_encrypted_recoverable_and_on_demand(name: str) -> None:
    """Design §8."""
    table = properties(name)

    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize("name", ["IdentitiesTable", "SessionsTable", "KeyRingSecret"])
def test_what_cannot_be_made_again_outlives_the_stack(name: str) -> None:
    """Users, sessions and keys are kept when the stack is deleted or the resource replaced."""
    resource = template()["Resources"][name]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


@pytest.mark.parametrize("name", ["SessionsTable", "ThrottleTable"])
def test_what_expires_is_deleted_by_one_attribute(name: str) -> None:
    """F27: the adapters write `delete_at`, in seconds."""
    assert properties(name)["TimeToLiveSpecification"] == {"AttributeName": "delete_at", "Enabled": True}


def test_metric_filters_name_events_that_exist() -> None:
    """A16: a filter on a misspelt event would never count."""
    counted = set()
    for resource in resources("AWS::Logs::MetricFilter").values():
        assert resource["Properties"]["LogGroupName"] == Intrinsic("Ref", "RefreshLogGroup")
        counted |= set(re.findall(r'\$\.event = "([a-z_]+)"', resource["Properties"]["FilterPattern"]))

    assert counted == {
        EventName.REFRESH_TOKEN_REUSED,
        EventName.REFRESH_TOKEN_AHEAD,
        EventName.REFRESH_TOKEN_SEED_MISMATCH,
    }


def test_every_alarm_tells_the_topic() -> None:
    """An alarm nobody hears is a note."""
    alarms = resources("AWS::CloudWatch::Alarm")

    assert len(alarms) == 3
    for alarm in alarms.values():
        assert "AlarmTopicArn" in str(alarm["Properties"]["AlarmActions"])
        assert alarm["Properties"]["AlarmDescription"]


def test_no_secret_stands_in_the_template() -> None:
    """K5: the key ring begins empty; its values never pass through CloudFormation."""
    assert set(properties("KeyRingSecret")) == {"Description"}


def test_every_output_is_described() -> None:
    """Whoever deploys reads these first."""
    assert all(output["Description"] for output in template()["Outputs"].values())
