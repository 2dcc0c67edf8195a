"""What the templates allow: to each function, and to operators with one of the stack's policies. Conditions hold."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.recorded_calls import Right
from tests.support.template import Intrinsic, functions, properties, resources, template

SITE = "examples/site"
MANAGED, BESIDE = "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"
# What else than a resource a text names: ARNs have them all.
PLACES = ("AWS::Partition", "AWS::Region", "AWS::AccountId")


@cache
def callers() -> tuple[str, ...]:
    """Return all that have rights: functions, policies for operators, and the example whose function calls AWS."""
    return (*sorted(functions()), *sorted(resources(MANAGED)), SITE)


def granted(caller: str) -> set[Right]:
    """Return the rights of a caller.

    Raises:
        ValueError: a statement has more than an action and a resource, or a resource that is none of the template's.

    """
    return {
        Right(caller, action, resource)
        for document in _documents(caller)
        for statement in statements(document)
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
        for resource in map(_resource, as_list(statement["Resource"]))
    }


def statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the statements of a policy, also those of a condition."""
    listed = [each.argument[1] if isinstance(each, Intrinsic) else each for each in document["Statement"]]
    for statement in listed:
        if statement["Effect"] == "Allow" and set(statement) != {"Effect", "Action", "Resource"}:
            raise ValueError(f"a statement that cannot be compared with calls: {statement}")
    return listed


def as_list(value: object) -> list[Any]:
    """Return a list unchanged, and any other value in a list."""
    return value if isinstance(value, list) else [value]


def _documents(caller: str) -> Iterator[dict[str, Any]]:
    if caller in resources(MANAGED):
        yield properties(caller)["PolicyDocument"]
    elif caller == SITE:
        [function] = [
            body["Properties"]
            for body in template(f"{SITE}/template.yaml")["Resources"].values()
            if body["Type"] == "AWS::Serverless::Function"
        ]
        yield from function["Policies"]
    else:
        yield from functions()[caller]["Policies"]
        for policy in resources(BESIDE).values():
            roles = [role.argument[1] if role.name == "If" else role for role in policy["Properties"]["Roles"]]
            if Intrinsic("Ref", f"{_logical_id(caller)}Role") in roles:
                yield policy["Properties"]["PolicyDocument"]


def _logical_id(function: str) -> str:
    found = resources("AWS::Serverless::Function")
    return next(name for name, body in found.items() if Path(body["Properties"]["CodeUri"]).name == function)


def _resource(resource: object) -> str:
    """Return the logical id of a resource, with the name of its index, if it is one of a table."""
    match resource:
        case "*":
            return "*"
        case Intrinsic("Ref", str() as name):
            return name
        case Intrinsic("GetAtt", str() as name):
            return name.split(".")[0]
        case Intrinsic("Sub", str() as text):
            names: list[str] = [name for name in re.findall(r"\$\{([\w:.]+)\}", text) if name not in PLACES]
            index = re.search(r"/index/[\w.-]+$", text)
            if len(names) == 1:
                return names[0].removesuffix(".Arn") + (index[0] if index else "")
    raise ValueError(f"not a resource of the template: {resource}")
