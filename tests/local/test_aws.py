"""The environment of the local stack's AWS clients."""

import os
import subprocess
import sys

from local import aws
from local.settings import Settings

DEVELOPERS = {
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb.example.com",
    "AWS_CONFIG_FILE": "/home/dev/.aws/config",
    "HTTPS_PROXY": "http://proxy.example.com",
    "PATH": os.defpath,
}


def test_nothing_of_the_developers_account_is_inherited() -> None:
    """No key, profile, file or endpoint of the shell reaches a child process."""
    environment = aws.environment(Settings(port=5001), DEVELOPERS)

    inherited = {
        name for name, value in environment.items() if name.startswith("AWS_") and value in DEVELOPERS.values()
    }
    assert inherited == set()
    assert "AWS_PROFILE" not in environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5001"
    assert environment["PATH"] == os.defpath


def test_an_aws_client_in_that_environment_finds_the_local_endpoint_and_the_dummy_keys() -> None:
    """The SDK in a fresh process uses MiniStack's address and the dummy keys."""
    script = (
        "import boto3; client = boto3.client('dynamodb');"
        "print(client.meta.endpoint_url, boto3.Session().get_credentials().access_key)"
    )

    outcome = subprocess.run(
        [sys.executable, "-c", script],
        env=aws.environment(Settings(port=5001), DEVELOPERS),
        capture_output=True,
        text=True,
        check=True,
    )

    assert outcome.stdout.split() == ["http://127.0.0.1:5001", "test"]
