"""The connection to AWS: profile and Region, and who the caller is."""

import os
from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.exceptions import NoRegionError

from edge_auth.adapters.aws import sdk_session
from local.endpoint import client_environment, port_from

# A function that an operator calls may start cold, and may take its whole timeout.
CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3, "mode": "standard"})


class ConnectionSettingError(Exception):
    """A setting for the connection is wrong. The text says which."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who runs the command, and where it works."""

    arn: str
    account: str
    region: str


def use_local_stack() -> None:
    """Point the AWS SDK of this process at the local stack, and away from the operator's own AWS account.

    Raises:
        ConnectionSettingError: EDGE_AUTH_PORT is not a port.

    """
    try:
        port = port_from(os.environ)
    except ValueError as error:
        raise ConnectionSettingError(str(error)) from None
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(client_environment(port))


def connect(*, profile: str, region: str) -> Caller:
    """Choose profile and Region as AWS's command line does, and ask AWS who the caller is.

    The Region is the first of these that is set: the option, AWS_REGION, AWS_DEFAULT_REGION, the profile's. The profile
    is the option, AWS_PROFILE or AWS_DEFAULT_PROFILE. The SDK itself ignores AWS_REGION, and ranks the profiles the
    other way round. https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html

    Raises:
        BotoCoreError, ClientError: there is no such profile, no Region or no credentials, or AWS does not accept them.
        ConnectionSettingError: another setting for the SDK is wrong.

    """
    session = sdk_session()
    if profile:
        session.set_config_variable("profile", profile)
    elif os.environ.get("AWS_PROFILE"):
        os.environ.pop("AWS_DEFAULT_PROFILE", None)
    chosen = region or os.environ.get("AWS_REGION", "")
    if chosen:
        session.set_config_variable("region", chosen)
    # All clients share one SDK session. With two, a profile with MFA would ask for its code twice.
    boto3.setup_default_session(botocore_session=session)
    if not session.get_config_variable("region"):
        raise NoRegionError  # STS would answer without one
    try:
        client = boto3.client("sts", config=CONFIG)
    except ValueError as error:  # for example an AWS_ENDPOINT_URL that is no address
        raise ConnectionSettingError(f"the settings for AWS cannot be used: {error}") from None
    identity = client.get_caller_identity()
    return Caller(arn=identity["Arn"], account=identity["Account"], region=str(client.meta.region_name))
