"""The gateway responses of a template are read, and applied as AWS applies them."""

from pathlib import Path
from unittest.mock import Mock

import botocore.session
import pytest
from botocore.model import StringShape

from local import gateway
from local.failure import Failure
from local.settings import ROOT

TEMPLATE = """
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      Name: !Ref AWS::StackName
      Tags: !Split [",", !Sub "a,${AWS::StackName}"]
      GatewayResponses:
        UNAUTHORIZED:
          StatusCode: 401
          ResponseParameters: {Headers: {WWW-Authenticate: "'Bearer'"}}
          ResponseTemplates: {application/json: '{"error":"invalid_token"}'}
        DEFAULT_4XX:
          ResponseTemplates: {application/json: '{"error":"invalid_request"}'}
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Return a small template."""
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def test_each_response_is_read_with_status_headers_and_body(template: Path) -> None:
    """The responses have the form of PutGatewayResponse; CloudFormation's short forms elsewhere do no harm."""
    token, request = ({"application/json": f'{{"error":"{error}"}}'} for error in ("invalid_token", "invalid_request"))

    assert gateway.read(template) == [
        gateway.GatewayResponse("UNAUTHORIZED", "401", {"WWW-Authenticate": "'Bearer'"}, token),
        gateway.GatewayResponse("DEFAULT_4XX", "", {}, request),
    ]


def test_a_response_that_only_a_deployment_could_resolve_is_refused(template: Path) -> None:
    """A response with a value that only AWS can resolve is refused, so the local stack answers as AWS does."""
    template.write_text(TEMPLATE.replace("\"'Bearer'\"", "!Sub \"'${Realm}'\""))

    with pytest.raises(Failure, match="UNAUTHORIZED"):
        gateway.read(template)


def test_a_response_that_a_parameter_changes_is_that_of_the_default(template: Path) -> None:
    """MiniStack cannot write what an authorizer says into a response. By default, no response does."""
    choice = "!If [HasLoginDemand, context.authorizer.challenge, \"'Off'\"]"
    template.write_text(TEMPLATE.replace("\"'Bearer'\"", choice))

    assert gateway.read(template)[0].headers == {"WWW-Authenticate": "'Off'"}


def test_a_template_without_gateway_responses_is_refused(template: Path) -> None:
    """The gateway responses are part of the HTTP contract, so a template without them is refused."""
    template.write_text(TEMPLATE.replace("GatewayResponses", "Others"))

    with pytest.raises(Failure, match="GatewayResponses"):
        gateway.read(template)


def response(kind: str, status: str) -> gateway.GatewayResponse:
    """Return a response that names its status twice."""
    return gateway.GatewayResponse(kind, status, {"Retry-After": "'1'"}, {"application/json": f'{{"status":{status}}}'})


def test_a_type_without_a_response_has_the_default_of_its_class() -> None:
    """Each type of a default's class gets its status, headers and body, and types of the other class do not."""
    kinds = gateway.FALLBACKS["DEFAULT_5XX"]

    assert gateway.with_fallbacks([response("DEFAULT_5XX", "503")]) == [
        response("DEFAULT_5XX", "503"),
        *(response(kind, "503") for kind in kinds),
    ]


def test_a_type_with_a_response_keeps_it() -> None:
    """The default applies only to the types without a response."""
    given = [response("DEFAULT_4XX", "400"), response("UNAUTHORIZED", "401")]

    applied = {found.kind: found.status for found in gateway.with_fallbacks(given)}

    assert applied == dict.fromkeys(gateway.FALLBACKS["DEFAULT_4XX"], "400") | {
        "DEFAULT_4XX": "400",
        "UNAUTHORIZED": "401",
    }


def test_without_a_default_nothing_is_added() -> None:
    """Without a default the list of responses stays as it is; MiniStack itself knows a default without a status."""
    for given in (response("THROTTLED", "429"), response("DEFAULT_4XX", "")):
        assert gateway.with_fallbacks([given]) == [given]


def test_a_default_without_a_status_is_put_without_one() -> None:
    """Each type of its class then keeps its own status, as on AWS."""
    client = Mock()

    gateway.apply([response("DEFAULT_4XX", ""), response("THROTTLED", "429")], client, "api", "v1")

    put = [call.kwargs.get("statusCode") for call in client.put_gateway_response.call_args_list]
    assert put == [None, "429"]


def test_every_type_of_api_gateways_has_its_class() -> None:
    """Each type that the SDK lists is a default or falls back to a default."""
    shape = botocore.session.get_session().get_service_model("apigateway").shape_for("GatewayResponseType")
    kinds = [*gateway.FALLBACKS, *(kind for kinds in gateway.FALLBACKS.values() for kind in kinds)]

    assert isinstance(shape, StringShape)
    assert sorted(kinds) == sorted(shape.enum)


def test_the_projects_own_template_can_be_read() -> None:
    """The challenges for a missing and for a bad token (RFC 6750) differ, and both are 401."""
    responses = {response.kind: response for response in gateway.read(ROOT / "template.yaml")}

    missing, denied = responses["UNAUTHORIZED"], responses["ACCESS_DENIED"]
    assert (missing.status, denied.status) == ("401", "401")
    assert missing.headers["WWW-Authenticate"] != denied.headers["WWW-Authenticate"]
