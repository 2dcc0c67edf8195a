"""Each parameter is described, constrained, grouped and used."""

import re

import pytest

from tests.support.template import Intrinsic, parameters, template, values


@pytest.mark.parametrize("name", sorted(parameters()))
def test_a_parameter_is_described_and_constrained(name: str) -> None:
    """CloudFormation refuses a wrong value before the deployment, and says which values are allowed."""
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
    """Each parameter has an effect, and belongs to one group in the console."""
    body = {key: value for key, value in template().items() if key not in ("Parameters", "Metadata")}
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    assert Intrinsic("Ref", name) in values(body)
    assert [name for group in groups for other in group["Parameters"] if other == name] == [name]


def test_audience_has_no_default() -> None:
    """The deployment must name the audience of the tokens."""
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
    """Each pattern is tried on whole values, as CloudFormation does, because the linter accepts broken patterns."""
    assert (re.fullmatch(parameters()[name]["AllowedPattern"], value) is not None) is taken
