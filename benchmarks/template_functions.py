"""The functions as template.yaml deploys them: environment and memory, with parameters at their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support import template as template_file
from tests.support.template import Intrinsic

KEY_RING_SECRET = "KeyRingSecret"
JWKS = "KeyRing.Jwks"


@dataclass(frozen=True)
class Deployed:
    """What the template gives a function, but for what is known only once there is a stack."""

    name: str
    memory_mb: int
    variables: Mapping[str, Any]

    def environment(self, parameters: Mapping[str, str], jwks: str) -> dict[str, str]:
        """Return the variables, with these parameters in place of their defaults, and the authorizer's public keys.

        Raises:
            LookupError: a variable refers to what is not known here.

        """
        return {name: _resolved(value, parameters, jwks) for name, value in self.variables.items()}


def deployed_functions() -> dict[str, Deployed]:
    """Return every function by the name of its folder."""
    otherwise = template_file.template()["Globals"]["Function"]["MemorySize"]
    return {
        name: Deployed(name, body.get("MemorySize", otherwise), template_file.variables(name))
        for name, body in template_file.functions().items()
    }


def table_definitions() -> list[dict[str, Any]]:
    """Return what creates the tables, each named by its logical id."""
    tables = template_file.resources("AWS::DynamoDB::Table")
    wanted = ("AttributeDefinitions", "KeySchema", "BillingMode")
    return [{"TableName": name, **{key: body["Properties"][key] for key in wanted}} for name, body in tables.items()]


def _resolved(value: object, parameters: Mapping[str, str], jwks: str) -> str:
    match value:
        case Intrinsic("Ref", name) if name in template_file.parameters():
            return str(parameters.get(name, template_file.parameters()[name].get("Default")))
        case Intrinsic("Ref", name):
            return str(name)
        case Intrinsic("GetAtt", argument) if argument == JWKS:
            return jwks
        case str() | int():
            return str(value)
    raise LookupError(f"the benchmark does not know the template's {value}")
