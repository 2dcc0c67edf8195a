"""Reading the gateway responses of a template."""

from pathlib import Path

import pytest

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
          StatusCode: 400
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Return a small template."""
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def test_each_response_is_read_with_status_headers_and_body(template: Path) -> None:
    """As PutGatewayResponse takes them; CloudFormation's short forms elsewhere are no obstacle."""
    body = {"application/json": '{"error":"invalid_token"}'}

    assert gateway.read(template) == [
        gateway.GatewayResponse("UNAUTHORIZED", "401", {"WWW-Authenticate": "'Bearer'"}, body),
        gateway.GatewayResponse("DEFAULT_4XX", "400", {}, {}),
    ]


def test_a_response_that_only_a_deployment_could_resolve_is_refused(template: Path) -> None:
    """The local stack must not answer with something else than AWS."""
    template.write_text(TEMPLATE.replace("\"'Bearer'\"", "!Sub \"'${Realm}'\""))

    with pytest.raises(Failure, match="UNAUTHORIZED"):
        gateway.read(template)


def test_a_template_without_gateway_responses_is_refused(template: Path) -> None:
    """They are half of the HTTP contract: their absence is no detail."""
    template.write_text(TEMPLATE.replace("GatewayResponses", "Others"))

    with pytest.raises(Failure, match="GatewayResponses"):
        gateway.read(template)


def test_the_projects_own_template_can_be_read() -> None:
    """The two challenges of RFC 6750 differ, and both are 401."""
    responses = {response.kind: response for response in gateway.read(ROOT / "template.yaml")}

    missing, denied = responses["UNAUTHORIZED"], responses["ACCESS_DENIED"]
    assert (missing.status, denied.status) == ("401", "401")
    assert missing.headers["WWW-Authenticate"] != denied.headers["WWW-Authenticate"]
