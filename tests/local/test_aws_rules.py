"""The local stack renames the headers of a function's answer, takes alarms and checks senders as AWS does."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge_auth.flows.grant import TokenGrant
from edge_auth.web.cacheable import cacheable_response
from edge_auth.web.response import Response, error_response
from edge_auth.web.token_response import token_response
from local import aws_rules, ministack
from tests.support.errors import ERRORS, example

# A MiniStack of a few lines, which prints what a client would get.
REST_APIS = """
class _GatewayError:
    pass

_resources = {"api": {"1": {"path": "/"}, "2": {"path": "/old"}}}
_authorizers_v1 = {"api": {"3": "old"}}

def _import_security_schemes(api_id, body):
    _authorizers_v1[api_id]["4"] = "new"
    return {"Bearer": "4"}

def _import_path_item(api_id, path, item, schemes, security):
    _resources[api_id][path] = {"path": path, "item": item, "authorizer": schemes[security]}

async def _invoke_lambda_proxy_v1(answer):
    return answer
"""
STACKS = """
def _cw_metric_alarm_put(name, properties):
    return name, properties["MetricName"]

def _update(api_id, old, new, stack_name):
    return api_id, old, new

_RESOURCE_HANDLERS = {"AWS::ApiGateway::RestApi": {"update": _update}}
"""
RIGHTS = """
def _ses_v2_resource_arn(method, path, body, region, account_id):
    return "*"
"""
APP = """
import asyncio
from ministack.core import iam_actions
from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

def main():
    for answer in [(401, {"www-authenticate": "Bearer", "Set-Cookie": ["a", "b"]}, b"{}"), apigateway_v1._GatewayError]:
        print(asyncio.run(apigateway_v1._invoke_lambda_proxy_v1(answer)))
    for properties in [{"MetricName": "Logins"}, {"Metrics": []}]:
        print(provisioners._cw_metric_alarm_put("alarm", properties))
    update = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]["update"]
    new = {"Body": {"paths": {"/new": 5}, "security": "Bearer"}, "Name": "b"}
    print(update("api", {"Body": {}, "Name": "a"}, new, "stack")[1] == {**new, "Name": "a"})
    print(apigateway_v1._resources["api"], apigateway_v1._authorizers_v1["api"])
    mail = b'{"FromEmailAddress": "Notes <login@example.com>"}'
    for path in ["/v2/email/outbound-emails", "/v2/email/account"]:
        print(iam_actions._ses_v2_resource_arn("POST", path, mail, "us-east-1", "1"))
"""


def sent() -> dict[str, Response]:
    """Return a response of each kind that our functions send."""
    grant = TokenGrant("at", 900, "rt", 1_209_600, "sid", "")
    return {
        "an empty answer": Response(204),
        "tokens": token_response(grant, "body"),
        "a document": cacheable_response({}, "", cache_control="public, max-age=60"),
        "a document that the client has": cacheable_response({}, "*", cache_control="public, max-age=60"),
        **{error.__name__: error_response(example(error)) for error in ERRORS},
    }


@pytest.mark.parametrize("kind", sent())
def test_every_header_of_ours_arrives_under_its_name_but_the_challenge(kind: str) -> None:
    """API Gateway renames or drops headers of functions: of ours only `WWW-Authenticate`."""
    headers = sent()[kind].to_event()["headers"]
    assert isinstance(headers, dict)

    renamed = headers.keys() - aws_rules.as_sent(headers).keys()

    assert renamed == headers.keys() & {"WWW-Authenticate"}


@pytest.mark.parametrize("name", ["WWW-Authenticate", "www-authenticate", "Date", "Server", "Authorization"])
def test_a_renamed_header_keeps_its_value(name: str) -> None:
    """Names are compared in any case, and the value arrives."""
    assert aws_rules.as_sent({name: "x", "ETag": '"y"'}) == {f"x-amzn-Remapped-{name}": "x", "ETag": '"y"'}


def test_a_dropped_header_does_not_arrive() -> None:
    """These are for one connection only (RFC 9110 §7.6.1), or would name the function's host."""
    assert aws_rules.as_sent(dict.fromkeys(("Host", "TE", "Upgrade", "Via", "X-Own"), "x")) == {"X-Own": "x"}


def test_ministack_starts_with_all_rules(tmp_path: Path) -> None:
    """The file runs without the project, and a changed body takes the place of the old one in the same REST API."""
    package = tmp_path / "ministack"
    (package / "services" / "cloudformation").mkdir(parents=True)
    (package / "core").mkdir()
    for path, text in {
        "__init__.py": "",
        "app.py": APP,
        "core/__init__.py": "",
        "core/iam_actions.py": RIGHTS,
        "services/__init__.py": "",
        "services/apigateway_v1.py": REST_APIS,
        "services/cloudformation/__init__.py": "",
        "services/cloudformation/provisioners.py": STACKS,
    }.items():
        (package / path).write_text(text)

    printed = subprocess.run(
        [sys.executable, *ministack.COMMAND[1:]],
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert printed.splitlines() == [
        "(401, {'x-amzn-Remapped-www-authenticate': 'Bearer', 'Set-Cookie': ['a', 'b']}, b'{}')",
        "<class 'ministack.services.apigateway_v1._GatewayError'>",
        "('alarm', 'Logins')",
        "('alarm', {'Arn': 'arn:aws:cloudwatch:::alarm:alarm'})",
        "True",
        "{'1': {'path': '/'}, '/new': {'path': '/new', 'item': 5, 'authorizer': '4'}} {'4': 'new'}",
        "arn:aws:ses:us-east-1:1:identity/example.com",
        "*",
    ]
