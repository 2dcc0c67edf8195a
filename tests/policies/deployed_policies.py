"""The policies as they are deployed: SAM expands the templates, and each reference to a resource is its ARN."""

import re
from collections.abc import Mapping
from typing import Any

from tests.support.sam_transform import expanded
from tests.support.template import ROOT

TEMPLATES = ("template.yaml", *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("examples/*/template.yaml")))
PLACES = {"AWS::Partition": "aws", "AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012"}
PLACE = f"{PLACES['AWS::Region']}:{PLACES['AWS::AccountId']}"
# What a reference in a policy stands for, by the type of the resource or the name of the parameter.
ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{place}:table/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{place}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{place}:log-group:{name}:*",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:{place}:secret:{name}",
    "MigrationFunctionArn": "arn:aws:lambda:{place}:function:{name}",
    "SecurityEventBus": "arn:aws:events:{place}:event-bus/{name}",
}
Document = dict[str, Any]


def deployed_policies() -> dict[str, Document]:
    """Return, for each template, one with its roles and policies alone."""
    documents = zip(TEMPLATES, expanded({"Audience": "https://api.example.com"}, templates=TEMPLATES), strict=True)
    return {path: {"Resources": _policies(document["Resources"])} for path, document in documents}


def _policies(resources: Mapping[str, Document]) -> Document:
    return {
        name: {"Type": body["Type"], "Properties": _resolved(body["Properties"], resources)}
        for name, body in resources.items()
        if body["Type"].startswith("AWS::IAM::")
    }


def _resolved(value: Any, resources: Mapping[str, Document]) -> Any:  # noqa: ANN401, PLR0911 - any JSON, a case each
    """Return the value as it is where all conditions hold."""
    match value:
        case {"Fn::If": [_, yes, _]}:
            return _resolved(yes, resources)
        case {"Fn::Sub": str() as text}:
            return re.sub(r"\$\{([\w:]+)\}", lambda name: PLACES.get(name[1], name[1].replace("::", "-")), text)
        case {"Fn::GetAtt": [str() as name, "StreamArn"]}:
            return f"{ARNS['AWS::DynamoDB::Table'].format(place=PLACE, name=name)}/stream/2026-11-26T00:00:00.000"
        case {"Fn::GetAtt": [str() as name, _]} | {"Ref": str() as name}:
            kind = resources[name]["Type"] if name in resources else name
            return ARNS.get(kind, "{name}").format(place=PLACE, name=name)
        case dict():
            return {name: _resolved(each, resources) for name, each in value.items()}
        case list():
            return [_resolved(each, resources) for each in value]
    return value
