"""The templates of examples/, as SAM expands them: each attaches to the stack of edge-auth, and to nothing else."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from edge_auth.web.proxy import SECRET_HEADER
from tests.support.sam_transform import expanded
from tests.support.template import ROOT, Intrinsic, properties, template

EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/template.yaml"))
# edge has the issuer's keys in a file, and tests of its own.
BY_NAMES = [name for name in EXAMPLES if name != "edge"]
STACK = "edge-auth"
AUTHORIZER = {"Fn::ImportValue": {"Fn::Sub": f"{STACK}-AuthorizerFunctionArn"}}
STRICT = {"Fn::ImportValue": {"Fn::Sub": f"{STACK}-StrictAuthorizerFunctionArn"}}


@pytest.fixture(scope="module")
def stacks() -> dict[str, dict[str, Any]]:
    """Return every example, expanded with its defaults. SAM writes the default of a parameter in some places only."""
    documents = json.dumps(expanded({}, templates=[f"examples/{name}/template.yaml" for name in EXAMPLES]))
    return dict(zip(EXAMPLES, json.loads(documents.replace("${EdgeAuthStack}", STACK)), strict=True))


def of(stack: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the properties of all resources of a type."""
    return [body["Properties"] for body in stack["Resources"].values() if body["Type"] == kind]


def permitted(stack: dict[str, Any]) -> list[object]:
    """Return the functions that API Gateway or AppSync may call."""
    return [each["FunctionName"] for each in of(stack, "AWS::Lambda::Permission")]


def values(node: object) -> Iterator[tuple[str, object]]:
    """Yield every member of a document with its name."""
    for name, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield str(name), child
        yield from values(child)


def test_there_is_an_example_of_each_kind_of_api() -> None:
    """The guide has a section for each, and so has the page of the examples."""
    guide = (ROOT / "docs" / "guides" / "attach.md").read_text(encoding="utf-8")
    index = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")

    assert BY_NAMES == ["appsync", "function_url", "http_api", "rest_api", "site", "websocket_api"]
    for name in (*BY_NAMES, "edge"):
        assert f"(../../examples/{name}/README.md)" in guide
        assert f"({name}/README.md)" in index


def test_a_rest_api_asks_the_authorizers_on_every_route(stacks: dict[str, dict[str, Any]]) -> None:
    """Both are asked anew for each request, API Gateway may call them, and a refusal is a 401."""
    [api] = of(stacks["rest_api"], "AWS::ApiGateway::RestApi")
    schemes = api["Body"]["components"]["securitySchemes"]
    asked = {name: scheme["x-amazon-apigateway-authorizer"] for name, scheme in schemes.items()}

    assert {name: each["type"] for name, each in asked.items()} == {"EdgeAuth": "token", "LivingSession": "request"}
    assert {each["authorizerResultTtlInSeconds"] for each in asked.values()} == {0}
    security = {path: methods["get"]["security"] for path, methods in api["Body"]["paths"].items()}
    assert security == {"/notes": [{"EdgeAuth": []}], "/notes/strict": [{"LivingSession": []}]}
    assert AUTHORIZER in permitted(stacks["rest_api"])
    assert STRICT in permitted(stacks["rest_api"])
    responses = api["Body"]["x-amazon-apigateway-gateway-responses"]
    assert {name: response["statusCode"] for name, response in responses.items()} == {
        "UNAUTHORIZED": "401",
        "ACCESS_DENIED": "401",
    }


def test_a_rest_api_can_let_the_authorizers_write_the_challenge(stacks: dict[str, dict[str, Any]]) -> None:
    """RFC 9470 §3: both authorizers name one in each Deny. By default the response is a constant."""
    [api] = of(stacks["rest_api"], "AWS::ApiGateway::RestApi")
    denied = api["Body"]["x-amazon-apigateway-gateway-responses"]["ACCESS_DENIED"]["responseParameters"]

    assert denied == {
        "gatewayresponse.header.WWW-Authenticate": {
            "Fn::If": ["HasStrictLogin", "context.authorizer.challenge", "'Bearer error=\"invalid_token\"'"]
        }
    }
    assert stacks["rest_api"]["Parameters"]["StrictLogin"]["Default"] == "false"


def test_an_http_api_asks_for_the_simple_answer_and_may_call_the_authorizer(stacks: dict[str, dict[str, Any]]) -> None:
    """Without one of these, API Gateway answers every call with 500."""
    [api] = of(stacks["http_api"], "AWS::ApiGatewayV2::Api")
    scheme = api["Body"]["components"]["securitySchemes"]["EdgeAuth"]["x-amazon-apigateway-authorizer"]

    assert (scheme["authorizerPayloadFormatVersion"], scheme["enableSimpleResponses"]) == ("2.0", True)
    assert scheme["identitySource"] == ["$request.header.Authorization"]
    assert scheme["authorizerResultTtlInSeconds"] == 0
    assert AUTHORIZER in permitted(stacks["http_api"])
    assert api["Body"]["paths"]["/notes"]["get"]["security"] == [{"EdgeAuth": []}]


def test_a_websocket_api_asks_only_where_a_socket_opens(stacks: dict[str, dict[str, Any]]) -> None:
    """The authorizer has no identity source, because the token is in one of two headers."""
    stack = stacks["websocket_api"]
    [authorizer] = of(stack, "AWS::ApiGatewayV2::Authorizer")
    routes = {
        route["RouteKey"]: route.get("AuthorizationType", "NONE") for route in of(stack, "AWS::ApiGatewayV2::Route")
    }

    assert "IdentitySource" not in authorizer
    assert "${EdgeAuthAuthorizer}" in authorizer["AuthorizerUri"]["Fn::Sub"]
    assert routes == {"$connect": "CUSTOM", "$default": "NONE"}
    assert {"Ref": "EdgeAuthAuthorizer"} in permitted(stack)


def test_the_distribution_of_the_site_proves_itself_to_edge_auth(stacks: dict[str, dict[str, Any]]) -> None:
    """P14: only then the address that it names is the client's. No request of the site's own origin has the secret."""
    [distribution] = of(stacks["site"], "AWS::CloudFront::Distribution")

    headers = {
        origin["Id"]: {
            each["HeaderName"].lower(): each["HeaderValue"] for each in origin.get("OriginCustomHeaders", [])
        }
        for origin in distribution["DistributionConfig"]["Origins"]
    }
    assert headers == {"site": {}, "edge-auth": {SECRET_HEADER: {"Ref": "ProxySecret"}}}


def test_appsync_asks_the_function_of_the_example_each_time(stacks: dict[str, dict[str, Any]]) -> None:
    """AppSync would otherwise keep an answer for five minutes."""
    [api] = of(stacks["appsync"], "AWS::AppSync::GraphQLApi")

    assert api["AuthenticationType"] == "AWS_LAMBDA"
    assert api["LambdaAuthorizerConfig"]["AuthorizerResultTtlInSeconds"] == 0
    assert {"Ref": "AuthorizerFunction"} in permitted(stacks["appsync"])


@pytest.mark.parametrize("name", BY_NAMES)
def test_an_example_finds_edge_auth_by_names_that_it_publishes(stacks: dict[str, dict[str, Any]], name: str) -> None:
    """Each import is an export of template.yaml, and each default is the name of a parameter that it writes."""
    exports = {output["Export"]["Name"].argument for output in template()["Outputs"].values() if "Export" in output}
    written = {
        properties(logical_id)["Name"].argument for logical_id in template()["Resources"] if "Parameter" in logical_id
    }

    imports = {child["Fn::Sub"] for member, child in values(stacks[name]) if member == "Fn::ImportValue"}  # type: ignore[index] # each is a Sub
    defaults = {
        each["Default"]
        for each in stacks[name]["Parameters"].values()
        if each["Type"].startswith("AWS::SSM::Parameter")
    }
    assert {each.replace(STACK, "${AWS::StackName}", 1) for each in imports} <= exports
    assert defaults
    assert {each.replace(STACK, "${AWS::StackName}", 1) for each in defaults} <= written


def test_only_what_never_changes_is_exported() -> None:
    """CloudFormation refuses a deployment that changes an export in use. A layer's ARN is another after each."""
    exported = {name: output["Value"] for name, output in template()["Outputs"].items() if "Export" in output}

    assert exported == {
        name: Intrinsic("GetAtt", f"{name.removesuffix('Arn')}.Arn")
        for name in ("AuthorizerFunctionArn", "SessionAuthorizerFunctionArn", "StrictAuthorizerFunctionArn")
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_names_no_account(name: str) -> None:
    """It deploys as it is."""
    assert not re.search(r"\d{12}", (ROOT / "examples" / name / "template.yaml").read_text(encoding="utf-8"))
