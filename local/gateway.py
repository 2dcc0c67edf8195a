"""The template's gateway responses, applied to MiniStack.

SAM writes them into the API's body, from which AWS takes them; MiniStack does not.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from local.failure import Failure

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient


class _TemplateLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (`!Ref`, `!Sub`, …), which are kept as they are: unresolved."""


def _unresolved(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return {node.tag: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {node.tag: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {node.tag: loader.construct_mapping(node, deep=True)}
    raise Failure(f"cannot read {node.tag} in the template")


_TemplateLoader.add_multi_constructor("!", _unresolved)


@dataclass(frozen=True)
class GatewayResponse:
    """How the gateway itself answers in one case, as PutGatewayResponse takes it."""

    kind: str  # as in UNAUTHORIZED
    status: str
    headers: dict[str, str]  # values in the gateway's own quotes
    templates: dict[str, str]  # body by media type


def read(template: Path) -> list[GatewayResponse]:
    """Read the gateway responses of the template's `Api` resource.

    Raises:
        Failure: there are none, or one holds an intrinsic function, which only a deployment could resolve.

    """
    # The loader is a SafeLoader: it makes no objects.
    document: dict[str, Any] = yaml.load(template.read_text(), Loader=_TemplateLoader)  # noqa: S506
    try:
        responses = document["Resources"]["Api"]["Properties"]["GatewayResponses"]
    except KeyError:
        raise Failure(f"{template.name} has no Resources.Api.Properties.GatewayResponses") from None
    return [_response(kind, properties) for kind, properties in responses.items()]


def _response(kind: str, properties: dict[str, Any]) -> GatewayResponse:
    headers = properties.get("ResponseParameters", {}).get("Headers", {})
    templates = properties.get("ResponseTemplates", {})
    for value in (*headers.values(), *templates.values()):
        if not isinstance(value, str):
            raise Failure(f"gateway response {kind} holds {value!r}, which is no plain text")
    return GatewayResponse(kind, str(properties["StatusCode"]), headers, templates)


def apply(responses: list[GatewayResponse], client: "APIGatewayClient", api_id: str, stage: str) -> None:
    """Put the responses and deploy the API again, so that the stage answers with them."""
    for response in responses:
        client.put_gateway_response(
            restApiId=api_id,
            responseType=response.kind,  # type: ignore[arg-type] # CloudFormation has checked the name
            statusCode=response.status,
            responseParameters={f"gatewayresponse.header.{name}": value for name, value in response.headers.items()},
            responseTemplates=response.templates,
        )
    client.create_deployment(restApiId=api_id, stageName=stage)
