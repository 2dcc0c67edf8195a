"""Finds the stack that a command works on: in AWS, or on this machine."""

import os
from dataclasses import dataclass

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from edge_auth.credentials.password_rules import DEFAULT_MIN_CHARACTERS
from local.endpoint import client_environment, port_from


class DeploymentError(Exception):
    """The stack cannot be found, read or updated. The text says why."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a command needs to know about one stack."""

    identities_table: str
    sessions_table: str
    rotate_keys_function: str  # empty: an older version is deployed, which has no such output
    password_min_characters: int
    service_addresses: tuple[str, ...]  # its issuer, which may be empty, and its audience
    security_event_bus: str  # an ARN; empty: there is no bus


def use_local_stack() -> None:
    """Point the AWS SDK of this process at the local stack, and away from the operator's own AWS account.

    Raises:
        DeploymentError: EDGE_AUTH_PORT is not a port.

    """
    try:
        port = port_from(os.environ)
    except ValueError as error:
        raise DeploymentError(str(error)) from None
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(client_environment(port))


def find_deployment(stack: str) -> Deployment:
    """Read the outputs and parameters of the stack, with the operator's AWS credentials and region.

    Raises:
        DeploymentError: there are no credentials, no region or no such stack, or it is not an edge-auth stack.

    """
    try:
        stacks = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        raise DeploymentError(f"cannot read stack {stack}: {error}") from error
    outputs = {output.get("OutputKey"): output.get("OutputValue", "") for output in stacks[0].get("Outputs", [])}
    parameters = {
        given.get("ParameterKey"): given.get("ParameterValue", "") for given in stacks[0].get("Parameters", [])
    }
    try:
        return Deployment(
            identities_table=outputs["IdentitiesTable"],
            sessions_table=outputs["SessionsTable"],
            rotate_keys_function=outputs.get("RotateKeysFunction", ""),
            password_min_characters=int(parameters.get("PasswordMinCharacters", DEFAULT_MIN_CHARACTERS)),
            service_addresses=(parameters.get("Issuer", ""), parameters.get("Audience", "")),
            security_event_bus=parameters.get("SecurityEventBus", ""),
        )
    except KeyError as error:
        raise DeploymentError(f"stack {stack} has no output {error}; choose an edge-auth stack with --stack") from None
