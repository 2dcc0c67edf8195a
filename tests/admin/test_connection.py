"""The operators' command finds the stack that it works on."""

import os

import pytest

from admin import connection
from admin.command import main


def test_local_leads_to_this_machine_and_to_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --local the shell's settings for AWS, such as a profile, are replaced by those of the local stack."""
    environment = {
        "AWS_PROFILE": "production",
        "AWS_REGION": "eu-central-1",
        "EDGE_AUTH_PORT": "4999",
        "HOME": "/home/ada",
    }
    monkeypatch.setattr(os, "environ", environment)

    connection.use_local_stack()

    assert environment == {
        "HOME": "/home/ada",
        "EDGE_AUTH_PORT": "4999",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4999",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def test_a_missing_region_is_one_readable_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a region the command prints one line and no traceback."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    status = main(["users", "sessions", "ada"])

    printed = capsys.readouterr()
    assert (status, printed.out) == (1, "")
    assert printed.err == (
        "edge-auth: no Region is set; give --region, or set AWS_REGION or the Region of your profile; "
        "nothing was done\n"
    )
