"""The environment variables that the template gives a function."""

from collections.abc import Mapping

from tests.support import template
from tests.support.template import Intrinsic


def environment(function: str, parameters: Mapping[str, str], resources: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a function, as CloudFormation resolves them.

    `parameters` replace the template's defaults. `resources` gives the value of a `!Ref` or `!GetAtt` by its argument.

    Raises:
        LookupError: a variable refers to an unknown parameter or resource.

    """

    def resolved(value: object) -> str:
        match value:
            case str() | int():
                return str(value)
            case Intrinsic("Ref" | "GetAtt", str() as name) if name in resources:
                return resources[name]
            case Intrinsic("Ref", str() as name) if name in parameters:
                return parameters[name]
            case Intrinsic("Ref", str() as name) if "Default" in template.parameters().get(name, {}):
                return str(template.parameters()[name]["Default"])
        raise LookupError(f"the template gives {function} a variable that cannot be resolved here: {value}")

    return {name: resolved(value) for name, value in template.variables(function).items()}
