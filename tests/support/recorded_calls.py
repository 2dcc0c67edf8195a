"""The calls to AWS that the tests see, as the rights that they need, by who makes them.

A caller is a function, by the name of its folder, or one of the stack's policies for operators. The record of all calls
is a file; tests/policies compares it with the policies.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.template import ROOT, template

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from botocore.session import Session

RECORD = ROOT / "tests" / "policies" / "recorded_calls.json"
# DynamoDB checks each item of a transaction as an action (Developer Guide, "Using IAM with DynamoDB transactions").
TRANSACTED = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
# Service Authorization Reference: one action of ours has another name than its operation.
ACTIONS = {"lambda:Invoke": "lambda:InvokeFunction"}
# The parameter that names the resource, by service; and the resource, if all calls of a service have the same one.
NAMED_BY = {
    "dynamodb": "TableName",
    "lambda": "FunctionName",
    "logs": "logGroupName",
    "secretsmanager": "SecretId",
}
FIXED = {"cloudformation": "AWS::StackName", "sts": "*"}


class Right(NamedTuple):
    """What one call needs: an action on a resource of the template, by its logical id."""

    caller: str
    action: str
    resource: str


CALLS: set[Right] = set()
"""The calls of this process."""

_maker = ContextVar("_maker", default="")


@contextmanager
def made_by(caller: str) -> Iterator[None]:
    """Let the clients that are made in this block belong to this caller. Clients outside of all blocks are the tests'.

    Not the calls, because a function makes some of them in other threads.
    """
    token = _maker.set(caller)
    try:
        yield
    finally:
        _maker.reset(token)


def watch(session: "Session") -> None:
    """Record the calls of the clients that this SDK session makes."""
    create = session.create_client

    def recorded(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - the SDK's own types
        client = create(*arguments, **options)
        if _maker.get():
            client.meta.events.register("before-parameter-build", partial(_record, _maker.get()))
        return client

    session.create_client = recorded  # type: ignore[method-assign]  # for this session only


def record(caller: str, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Record one call. `service` is the prefix of its actions, and `parameters` are the SDK's."""
    CALLS.update(Right(caller, action, resource) for action, resource in needed(service, operation, parameters))


def needed(service: str, operation: str, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the actions of a call, with their resources. Raises LookupError if its form is not known here."""
    if "TransactItems" in parameters:
        acts = [act for item in parameters["TransactItems"] for act in item.items()]
        return [(f"{service}:{TRANSACTED[kind]}", _logical_id(act["TableName"])) for kind, act in acts]
    action = ACTIONS.get(f"{service}:{operation}", f"{service}:{operation}")
    return [(action, resource) for resource in _resources(service, parameters)]


def recorded() -> set[Right]:
    """Return the calls of the file."""
    document = json.loads(RECORD.read_text(encoding="utf-8"))
    return {
        Right(caller, action, resource)
        for caller, actions in document.items()
        for action, names in actions.items()
        for resource in names
    }


def differences(made: AbstractSet[Right], known: AbstractSet[Right], *, every: bool) -> list[str]:
    """Return a line for each call that is not recorded; with `every`, also for each recorded one that was not made."""
    return [
        *(
            f"{call.caller} calls {call.action} on {call.resource}: not in {RECORD.name}"
            for call in sorted(made - known)
        ),
        *(f"no test calls {call.action} on {call.resource} as {call.caller}" for call in sorted(known - made) if every),
    ]


def write(calls: Iterable[Right]) -> None:
    """Write the calls into the file."""
    document: dict[str, dict[str, list[str]]] = {}
    for caller, action, resource in sorted(calls):
        document.setdefault(caller, {}).setdefault(action, []).append(resource)
    RECORD.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _record(caller: str, params: Mapping[str, Any], model: "OperationModel", **_: object) -> None:
    record(caller, model.service_model.signing_name, model.name, params)


def _resources(service: str, parameters: Mapping[str, Any]) -> Iterable[str]:
    if service in FIXED:
        return [FIXED[service]]
    if service == "events":
        return [_logical_id(entry["EventBusName"]) for entry in parameters["Entries"]]
    if service == "ses":  # IAM checks both; the identity is a parameter
        named = {
            "FromEmailAddress": "MailIdentity",
            "EmailIdentity": "MailIdentity",
            "ConfigurationSetName": "MailConfigurationSet",
        }
        return [resource for name, resource in named.items() if name in parameters] or ["*"]
    index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
    return [_logical_id(parameters[NAMED_BY[service]]) + index]


@cache
def _logical_id(name: str) -> str:
    """Return the logical id in a name. The tests' names have it as CloudFormation's have: stack-SessionsTable-1AB2C."""
    ids = template()["Resources"].keys() | template()["Parameters"].keys()
    return next((part for part in re.split(r"[^A-Za-z0-9]", name) if part in ids), name)
