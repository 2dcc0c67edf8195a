"""The guide to attaching: its commands deploy an API of one's own beside edge-auth, and call it.

MiniStack knows cross-stack authorizers. What it does not know of the other kinds of API is at each test.
"""

import io
import json
import os
import re
import subprocess
import time
import zipfile
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from local import aws, gateway, sam
from local.aws import Clients
from local.settings import ROOT
from local.stack import Stack
from local.tokens import claims_of
from tests.e2e.client import Client, Session
from tests.support.guide import ATTACH, Step, steps

EXAMPLES = ROOT / "examples"
# The function drops the body and writes the status to standard error. The guide's commands stay unchanged.
CURL = 'curl() { command curl --noproxy "*" -s -o /dev/null -w "%{http_code}\\n" "$@" >&2; }\nset -e\n'
# SAM's own bucket, as the deployment of edge-auth leaves it behind. SAM would make it here too, and wait 15 seconds.
MANAGED = {
    "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "sam-artefacts"}}},
    "Outputs": {"SourceBucket": {"Value": "sam-artefacts"}},
}
# MiniStack does not know this type. On AWS it lets the answer of the function go to the client.
UNKNOWN = re.compile(r"  MessageAnswer:\n(?:    .*\n)+\n")
# Without an IdentitySource MiniStack requires an Authorization header, and AWS requires nothing.
REQUEST, WITHOUT_SOURCE = "AuthorizerType: REQUEST\n", "AuthorizerType: REQUEST\n      IdentitySource: []\n"


def outputs_of(clients: Clients, name: str) -> dict[str, str]:
    """Return the outputs of a stack, as soon as it is complete."""
    deadline = time.monotonic() + 60
    while True:
        [found] = clients.cloudformation.describe_stacks(StackName=name)["Stacks"]
        if found["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
        assert found["StackStatus"].endswith("_IN_PROGRESS"), found
        assert time.monotonic() < deadline, found["StackStatus"]
        time.sleep(0.1)


def create(clients: Clients, name: str, template: str, **tags: str) -> None:
    """Begin to create a stack."""
    clients.cloudformation.create_stack(
        StackName=name,
        TemplateBody=template,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )


@pytest.fixture(scope="module")
def bucket(stack: Stack) -> str:
    """Return SAM's own bucket."""
    create(stack.clients, "aws-sam-cli-managed-default", json.dumps(MANAGED), ManagedStackSource="AwsSamCli")
    return outputs_of(stack.clients, "aws-sam-cli-managed-default")["SourceBucket"]


@pytest.fixture(scope="module")
def others(stack: Stack, client: Client, bucket: str) -> Mapping[str, Mapping[str, str]]:
    """Deploy the other examples, all at once, without the seconds that SAM's command takes. Return their outputs."""
    names = ("websocket_api", "appsync", "function_url")
    for name in names:
        template = (EXAMPLES / name / "template.yaml").read_text(encoding="utf-8")
        for source in (EXAMPLES / name).iterdir():
            key = f"{name}/{source.name}"
            if source.is_dir():
                stack.clients.s3.put_object(Bucket=bucket, Key=key, Body=zipped(source))
            else:
                stack.clients.s3.put_object(Bucket=bucket, Key=key, Body=source.read_bytes())
            template = re.sub(
                rf"(CodeUri|DefinitionS3Location): {source.name}\b", rf"\1: s3://{bucket}/{key}", template
            )
        known = UNKNOWN.sub("", template).replace(", MessageAnswer]", "]").replace(REQUEST, WITHOUT_SOURCE)
        create(stack.clients, name.replace("_", "-"), known)
    # The functions fetch the keys, and on a slow machine a cold function would answer too late.
    assert client.get("/.well-known/jwks.json").status_code == 200
    return {name: outputs_of(stack.clients, name.replace("_", "-")) for name in names}


def zipped(folder: Path) -> bytes:
    """Return a function as SAM packages it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.write(folder / "app.py", "app.py")
    return archive.getvalue()


@pytest.fixture(scope="module")
def notes_url(stack: Stack, bucket: str) -> str:
    """Deploy the example as the guide says, and return its address here. MiniStack takes no gateway responses."""
    del bucket
    run(stack, step("Deploy the example"))
    api_id = outputs_of(stack.clients, "notes")["ApiId"]
    gateway.apply(gateway.read(EXAMPLES / "rest_api" / "template.yaml"), stack.clients.apigateway, api_id, "v1")
    return f"{stack.settings.endpoint}/_aws/execute-api/{api_id}/v1"


def step(title: str) -> Step:
    """Return the step of the guide with this title."""
    [found] = [each for each in steps(ATTACH) if each.title == title]
    return found


def run(stack: Stack, followed: Step, **variables: str) -> str:
    """Run the commands of a step, and return what they write to standard error."""
    environ = aws.environment(stack.settings, os.environ) | variables
    environ |= {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.3",
        "__SAM_CLI_APP_DIR": str(stack.settings.home / "sam"),
    }
    environ["PATH"] = f"{sam.SAM.parent}:{environ['PATH']}"
    outcome = subprocess.run(
        ["bash", "-c", CURL + followed.script], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stderr


def test_every_step_of_the_guide_with_commands_is_followed_here() -> None:
    """The first step needs AWS. The local stack is deployed in its place."""
    assert [each.title for each in steps(ATTACH)] == ["Deploy the example", "Call it"]


def test_the_guide_leads_to_a_protected_route_of_ones_own(
    client: Client, stack: Stack, session: Session, notes_url: str
) -> None:
    """The authorizers of one stack guard the API of another, and each call gets the status that the guide promises."""
    followed = step("Call it")

    printed = run(
        stack,
        followed,
        EDGE_AUTH_URL=client.base_url,
        EDGE_AUTH_USER=stack.user.name,
        EDGE_AUTH_PASSWORD=stack.user.password,
        NOTES_URL=notes_url,
        ACCESS_TOKEN=session.access_token,
    )

    assert printed.split() == followed.statuses
    assert {"200", "401"} == {*followed.statuses}


def test_the_route_knows_who_calls(session: Session, notes_url: str) -> None:
    """The function is in a stack of its own, and has the layer of edge-auth by its parameter."""
    answer = requests.get(f"{notes_url}/notes", headers={"Authorization": f"Bearer {session.access_token}"}, timeout=30)

    assert answer.json()["owner"] == claims_of(session.access_token).sub


def connect(stack: Stack, api_id: str, headers: Mapping[str, str]) -> int:
    """Open a WebSocket (RFC 6455 §4.1), and return the status. 101 is an open one."""
    connection = HTTPConnection("127.0.0.1", stack.settings.port, timeout=30)
    try:
        connection.request(
            "GET",
            f"/_aws/execute-api/{api_id}/v1",
            headers={
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                **headers,
            },
        )
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_websocket_opens_with_one_token_only(
    stack: Stack, session: Session, others: Mapping[str, Mapping[str, str]]
) -> None:
    """In one of the two headers. MiniStack passes on no subprotocol that the function chooses."""
    api_id = others["websocket_api"]["ApiId"]
    bearer, protocol = f"Bearer {session.access_token}", f"bearer, {session.access_token}"

    assert connect(stack, api_id, {"Sec-WebSocket-Protocol": protocol}) == 101
    assert connect(stack, api_id, {"Authorization": bearer}) == 101
    assert connect(stack, api_id, {"Authorization": bearer, "Sec-WebSocket-Protocol": protocol}) == 403
    assert connect(stack, api_id, {"Sec-WebSocket-Protocol": f"{protocol}.x"}) == 403
    assert connect(stack, api_id, {}) in {401, 403}


def call_elsewhere(stack: Stack, host: str, path: str, authorization: str, body: str = "") -> requests.Response:
    """Call a host of AWS that MiniStack serves."""
    headers = {"Host": host, "Content-Type": "application/json"} | (
        {"Authorization": authorization} if authorization else {}
    )
    with requests.Session() as web:
        web.trust_env = False
        return web.post(stack.settings.endpoint + path, headers=headers, data=body, timeout=30)


def test_appsync_asks_the_authorizer_of_the_example(
    stack: Stack, session: Session, others: Mapping[str, Mapping[str, str]]
) -> None:
    """It verifies with the published keys, and the resolver knows who calls."""
    api_id, query = others["appsync"]["ApiId"], '{"query": "{ note { owner } }"}'
    host = f"{api_id}.appsync-api.us-east-1.amazonaws.com"

    answer = call_elsewhere(stack, host, "/graphql", session.access_token, query)

    assert answer.json()["data"]["note"]["owner"] == claims_of(session.access_token).sub
    assert call_elsewhere(stack, host, "/graphql", f"{session.access_token}x", query).status_code == 401
    assert call_elsewhere(stack, host, "/graphql", "", query).status_code == 401


def test_a_function_url_verifies_the_token_itself(
    stack: Stack, session: Session, others: Mapping[str, Mapping[str, str]]
) -> None:
    """Issuer, audience and layer come from the Parameter Store."""
    host = others["function_url"]["Url"].removeprefix("https://").rstrip("/")

    answer = call_elsewhere(stack, host, "/", f"Bearer {session.access_token}")

    assert answer.json()["owner"] == claims_of(session.access_token).sub
    refused = call_elsewhere(stack, host, "/", f"Bearer {session.access_token}x")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
