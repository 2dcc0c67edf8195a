"""The hourly run of `rotate_keys` on the deployed stack, with the rights of its policy only."""

import json

import pytest

from local.stack import Stack
from tests.e2e.client import Client, Session


@pytest.mark.parametrize(("output", "route"), [("Authorizer", "/me"), ("StrictAuthorizer", "/me/strict")])
def test_the_hourly_run_gives_an_authorizer_the_current_public_keys(
    stack: Stack, client: Client, session: Session, output: str, route: str
) -> None:
    """K3: an authorizer that was deployed with older keys has the current ones again, and nothing else is changed."""
    lambda_, authorizer = stack.clients.lambda_, stack.outputs[f"{output}FunctionArn"].rpartition(":")[2]
    deployed = lambda_.get_function_configuration(FunctionName=authorizer)["Environment"]["Variables"]
    older = json.dumps({"keys": json.loads(deployed["JWKS"])["keys"][:1]})
    lambda_.update_function_configuration(
        FunctionName=authorizer, Environment={"Variables": {**deployed, "JWKS": older}}
    )
    run = {"action": "advance", "authorizers": [authorizer]}

    response = lambda_.invoke(FunctionName=stack.outputs["RotateKeysFunction"], Payload=json.dumps(run).encode())

    assert json.loads(response["Payload"].read())["version"]
    published = lambda_.get_function_configuration(FunctionName=authorizer)["Environment"]["Variables"]
    kids = {key["kid"] for key in json.loads(published.pop("JWKS"))["keys"]}
    assert kids == {key["kid"] for key in client.get("/.well-known/jwks.json").json()["keys"]}
    assert published == {name: value for name, value in deployed.items() if name != "JWKS"}
    assert client.get_decided(route, session.access_token).status_code == 200
