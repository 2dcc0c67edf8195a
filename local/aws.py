"""AWS clients of the local stack: dummy credentials, the address of MiniStack, and none of the developer's settings."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from local.endpoint import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, client_environment
from local.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient


def environment(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child process, in which AWS clients reach MiniStack and not AWS.

    It inherits none of the developer's AWS settings: no profile, no keys, no configuration file.
    """
    kept = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    return kept | client_environment(settings.port)


class Clients:
    """The boto3 clients of one local stack. They act as its root user."""

    def __init__(self, settings: Settings) -> None:
        session = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
        # No proxies: those of the environment cannot reach 127.0.0.1.
        config = Config(proxies={}, retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=30)
        self.apigateway: APIGatewayClient = session.client("apigateway", endpoint_url=settings.endpoint, config=config)
        self.cloudformation: CloudFormationClient = session.client(
            "cloudformation", endpoint_url=settings.endpoint, config=config
        )
        self.dynamodb: DynamoDBClient = session.client("dynamodb", endpoint_url=settings.endpoint, config=config)
        self.lambda_: LambdaClient = session.client("lambda", endpoint_url=settings.endpoint, config=config)
        self.logs: CloudWatchLogsClient = session.client("logs", endpoint_url=settings.endpoint, config=config)
        self.s3: S3Client = session.client("s3", endpoint_url=settings.endpoint, config=config)
        self.secretsmanager: SecretsManagerClient = session.client(
            "secretsmanager", endpoint_url=settings.endpoint, config=config
        )
        self.ses = session.client("sesv2", endpoint_url=settings.endpoint, config=config)

    def close(self) -> None:
        """Close the connections of all clients."""
        for client in vars(self).values():
            client.close()
