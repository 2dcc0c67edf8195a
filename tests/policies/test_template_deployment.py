"""What SAM and CloudFormation make of the template when a parameter changes on a live stack."""

from typing import Any

from tests.support.sam_transform import expanded
from tests.support.template import parameters

GIVEN = {"Audience": "https://api.example.com"}


def deployment(template: dict[str, Any]) -> str:
    """Return the logical id of the API's deployment. CloudFormation deploys the API again only if it is another one."""
    [name] = [name for name, body in template["Resources"].items() if body["Type"] == "AWS::ApiGateway::Deployment"]
    return str(name)


def other_value(name: str) -> str:
    """Return an allowed value of a parameter that is not its default."""
    parameter = parameters()[name]
    if "AllowedValues" in parameter:
        return str(next(value for value in parameter["AllowedValues"] if value != parameter.get("Default")))
    return str(parameter["MaxValue"]) if "MaxValue" in parameter else "arn:aws:sns:eu-central-1:123456789012:other"


def test_a_change_of_any_parameter_deploys_the_api_again() -> None:
    """SAM hashes the API before CloudFormation knows its conditions, so a route that comes or goes has the old hash."""
    changed = sorted(parameters())

    before, *after = expanded(GIVEN, *({**GIVEN, name: other_value(name)} for name in changed))

    kept = [name for name, template in zip(changed, after, strict=True) if deployment(template) == deployment(before)]
    assert kept == []
