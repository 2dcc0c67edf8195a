"""Applies the template's gateway responses to MiniStack.

SAM writes them into the body of the API. AWS reads them there; MiniStack does not.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from local.failure import Failure

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient


class _TemplateLoader(yaml.SafeLoader):
    """Loads YAML with CloudFormation's short forms (`!Ref`, `!Sub`, …), and does not resolve them."""


def _unresolved(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return {node.tag: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {node.tag: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {node.tag: loader.construct_mapping(node, deep=True)}
    raise Failure(f"cannot read {node.tag} in the template: it is not a scalar, a list or a mapping")


_TemplateLoader.add_multi_constructor("!", _unresolved)

# For a type without its own response, AWS answers with the default of its class. If the default has a status, that is
# the status of the answer. MiniStack keeps the status of the type. https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
FALLBACKS = {
    "DEFAULT_4XX": (
        "ACCESS_DENIED",
        "BAD_REQUEST_BODY",
        "BAD_REQUEST_PARAMETERS",
        "EXPIRED_TOKEN",
        "INVALID_API_KEY",
        "INVALID_SIGNATURE",
        "MISSING_AUTHENTICATION_TOKEN",
        "QUOTA_EXCEEDED",
        "REQUEST_TOO_LARGE",
        "RESOURCE_NOT_FOUND",
        "THROTTLED",
        "UNAUTHORIZED",
        "UNSUPPORTED_MEDIA_TYPE",
        "WAF_FILTERED",
    ),
    "DEFAULT_5XX": (
        "API_CONFIGURATION_ERROR",
        "AUTHORIZER_CONFIGURATION_ERROR",
        "AUTHORIZER_FAILURE",
        "INTEGRATION_FAILURE",
        "INTEGRATION_TIMEOUT",
    ),
}


@dataclass(frozen=True)
class GatewayResponse:
    """An answer of API Gateway itself, with the values that PutGatewayResponse takes."""

    kind: str  # as in UNAUTHORIZED
    status: str  # empty if each type keeps its own
    headers: dict[str, str]  # each value is in single quotes, as API Gateway wants it
    templates: dict[str, str]  # body by media type


def _with_defaults(node: Any) -> Any:  # noqa: ANN401 - any YAML
    """Return a part of the template with the values that `!If` has while the parameters have their defaults."""
    match node:
        case {"!If": [_, _, otherwise]}:
            return _with_defaults(otherwise)
        case dict():
            return {name: _with_defaults(value) for name, value in node.items()}
    return node


def read(template: Path) -> list[GatewayResponse]:
    """Read the gateway responses of the template's `Api` resource.

    Each is the one of a deployment with default parameters. The others write into a response what an authorizer says,
    which MiniStack cannot.

    Raises:
        Failure: there are none, or one of them has another intrinsic function, which only a deployment can resolve.

    """
    # The loader is a SafeLoader: it creates no Python objects.
    document: dict[str, Any] = yaml.load(template.read_text(), Loader=_TemplateLoader)  # noqa: S506
    try:
        responses = document["Resources"]["Api"]["Properties"]["GatewayResponses"]
    except KeyError:
        raise Failure(f"{template.name} has no Resources.Api.Properties.GatewayResponses") from None
    return [_response(kind, properties) for kind, properties in _with_defaults(responses).items()]


def _response(kind: str, properties: dict[str, Any]) -> GatewayResponse:
    headers = properties.get("ResponseParameters", {}).get("Headers", {})
    templates = properties.get("ResponseTemplates", {})
    for value in (*headers.values(), *templates.values()):
        if not isinstance(value, str):
            raise Failure(f"gateway response {kind} has the value {value!r}; the local stack can read plain text only")
    return GatewayResponse(kind, str(properties.get("StatusCode", "")), headers, templates)


def with_fallbacks(responses: list[GatewayResponse]) -> list[GatewayResponse]:
    """Add a response for each type without its own, if the default of its class has a status."""
    own = {response.kind: response for response in responses}
    inherited = [
        replace(own[default], kind=kind)
        for default, kinds in FALLBACKS.items()
        if default in own and own[default].status
        for kind in kinds
        if kind not in own
    ]
    return [*responses, *inherited]


def apply(responses: list[GatewayResponse], client: "APIGatewayClient", api_id: str, stage: str) -> None:
    """Put the responses and the fallbacks, and deploy the API again, so that the stage has them."""
    for response in with_fallbacks(responses):
        client.put_gateway_response(
            restApiId=api_id,
            responseType=response.kind,  # type: ignore[arg-type] # CloudFormation has checked the name
            **({"statusCode": response.status} if response.status else {}),
            responseParameters={f"gatewayresponse.header.{name}": value for name, value in response.headers.items()},
            responseTemplates=response.templates,
        )
    client.create_deployment(restApiId=api_id, stageName=stage)
