"""template.yaml, parsed: CloudFormation's short forms (!Ref, !GetAtt, …) become `Intrinsic` values."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Intrinsic:
    """One short form: `Intrinsic("Ref", "Api")` is `!Ref Api`."""

    name: str
    argument: Any


class _Loader(yaml.SafeLoader):
    """A YAML loader that knows CloudFormation's tags."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> Intrinsic:
    match node:
        case yaml.ScalarNode():
            return Intrinsic(suffix, loader.construct_scalar(node))
        case yaml.SequenceNode():
            return Intrinsic(suffix, loader.construct_sequence(node, deep=True))
        case _:
            raise ValueError(f"unexpected node under !{suffix}")


_Loader.add_multi_constructor("!", _intrinsic)


@cache
def template(path: str = "template.yaml") -> dict[str, Any]:
    """Return a whole template: edge-auth's, or that of an example."""
    text = (ROOT / path).read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader with CloudFormation's tags
    return document


def parameters() -> dict[str, dict[str, Any]]:
    """Return the parameters by name."""
    found: dict[str, dict[str, Any]] = template()["Parameters"]
    return found


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Return the resources of one type, by logical id."""
    return {name: body for name, body in template()["Resources"].items() if body["Type"] == kind}


def properties(logical_id: str) -> dict[str, Any]:
    """Return the properties of one resource."""
    found: dict[str, Any] = template()["Resources"][logical_id].get("Properties", {})
    return found


def functions() -> dict[str, dict[str, Any]]:
    """Return the properties of every function, by the name of its folder."""
    found = resources("AWS::Serverless::Function")
    return {Path(body["Properties"]["CodeUri"]).name: body["Properties"] for body in found.values()}


def variables(function: str) -> dict[str, Any]:
    """Return a function's environment variables, unresolved."""
    found: dict[str, Any] = functions()[function].get("Environment", {}).get("Variables", {})
    return found


def values(node: object) -> list[object]:
    """Return every scalar and intrinsic below a node."""
    if isinstance(node, dict):
        return [value for child in node.values() for value in values(child)]
    if isinstance(node, list):
        return [value for child in node for value in values(child)]
    return [node, *values(node.argument)] if isinstance(node, Intrinsic) else [node]


def by_default(value: Any) -> Any:  # noqa: ANN401 - any value of the template
    """Return a value as a deployment without further features has it: the last one of an `!If`."""
    match value:
        case Intrinsic("If", [_, _, otherwise]):
            return by_default(otherwise)
    return value


def environment(function: str, parameters: Mapping[str, str], resources: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a function, as CloudFormation resolves them.

    `parameters` replace the template's defaults. `resources` gives the value of each reference: "SessionsTable" of
    `!Ref SessionsTable`, "KeyRing.Jwks" of `!GetAtt KeyRing.Jwks`.

    Raises:
        LookupError: a variable names a resource that is not in `resources`, or a parameter without a value.

    """
    return {name: _resolved(value, parameters, resources) for name, value in variables(function).items()}


def _holds(condition: str, given: Mapping[str, str]) -> bool:
    """Return whether a condition of the form `!Not [!Equals [!Ref Parameter, value]]` holds."""
    match template()["Conditions"][condition]:
        case Intrinsic("Not", [Intrinsic("Equals", [Intrinsic("Ref", str() as name), value])]):
            return given.get(name, str(parameters()[name]["Default"])) != str(value)
    raise LookupError(f"a condition that cannot be resolved here: {condition}")


def _resolved(  # noqa: PLR0911 - one for each form
    value: object, given: Mapping[str, str], resources: Mapping[str, str]
) -> str:
    match value:
        case str() | int():
            return str(value)
        case Intrinsic("If", [str() as condition, yes, no]):
            return _resolved(yes if _holds(condition, given) else no, given, resources)
        case Intrinsic("Sub", "https://${DomainName}"):
            return f"https://{given['DomainName']}"
        case Intrinsic("Ref", "AWS::URLSuffix"):
            return "amazonaws.com"
        case Intrinsic("Ref" | "GetAtt", str() as name) if name in resources:
            return resources[name]
        case Intrinsic("Ref", str() as name) if name in given:
            return given[name]
        case Intrinsic("Ref", str() as name) if "Default" in parameters().get(name, {}):
            return str(parameters()[name]["Default"])
    raise LookupError(f"the template gives a variable that cannot be resolved here: {value}")
