"""The operators' command connects to AWS as AWS's own command line does."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError

from admin import connection
from admin.command import main
from tests.admin.broken_aws import Broken


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


CONFIG = """\
[default]
region = eu-west-1
[profile work]
region = ap-south-1
aws_access_key_id = WORK
aws_secret_access_key = work
[profile home]
region = sa-east-1
aws_access_key_id = HOME
aws_secret_access_key = home
"""


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Return a function that sets AWS's variables of the shell, beside a configuration file with three profiles."""
    file = tmp_path / "config"
    file.write_text(CONFIG, encoding="utf-8")

    def set_variables(**variables: str) -> None:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"AWS_CONFIG_FILE": str(file), **variables}.items():
            monkeypatch.setenv(name, value)

    return set_variables


@pytest.fixture
def _sts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let STS answer with the Region and the key that the client would use."""

    class Client:
        def __init__(self) -> None:
            assert boto3.DEFAULT_SESSION is not None
            self.meta = SimpleNamespace(region_name=boto3.DEFAULT_SESSION.region_name)

        def get_caller_identity(self) -> dict[str, str]:
            assert boto3.DEFAULT_SESSION is not None
            credentials = boto3.DEFAULT_SESSION.get_credentials()
            assert credentials is not None
            return {"Arn": credentials.access_key, "Account": "1"}

    monkeypatch.setattr("boto3.client", lambda _name, **_options: Client())


@pytest.mark.usefixtures("_sts")
@pytest.mark.parametrize(
    ("option", "variables", "expected"),
    [
        ("us-west-2", {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-north-1"}, "us-west-2"),
        ("", {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-north-1"}, "eu-central-1"),
        ("", {"AWS_REGION": "eu-central-1", "AWS_PROFILE": "work"}, "eu-central-1"),
        ("", {"AWS_DEFAULT_REGION": "eu-north-1", "AWS_PROFILE": "work"}, "eu-north-1"),
        ("", {"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-north-1"}, "eu-north-1"),
        ("", {"AWS_PROFILE": "work"}, "ap-south-1"),
        ("", {}, "eu-west-1"),
    ],
)
def test_the_region_is_the_one_of_awss_command_line(
    shell: Callable[..., None], option: str, variables: dict[str, str], expected: str
) -> None:
    """The option, AWS_REGION, AWS_DEFAULT_REGION, and then the profile's."""
    shell(**variables)

    assert connection.connect(profile="", region=option).region == expected


@pytest.mark.usefixtures("_sts")
@pytest.mark.parametrize(
    ("option", "variables", "expected"),
    [
        ("work", {"AWS_PROFILE": "home"}, ("WORK", "ap-south-1")),
        ("", {"AWS_PROFILE": "work", "AWS_DEFAULT_PROFILE": "home"}, ("tests", "ap-south-1")),
        ("", {"AWS_DEFAULT_PROFILE": "home"}, ("tests", "sa-east-1")),
    ],
)
def test_the_profile_is_the_one_of_awss_command_line(
    shell: Callable[..., None], option: str, variables: dict[str, str], expected: tuple[str, str]
) -> None:
    """Keys in the environment (here "tests") come before those of AWS_PROFILE, and after those of --profile."""
    shell(**variables)

    caller = connection.connect(profile=option, region="")

    assert (caller.arn, caller.region) == expected


@pytest.mark.parametrize(
    ("options", "variables", "said"),
    [
        ((), {"AWS_PROFILE": "wrok"}, "the AWS configuration has no profile wrok"),
        (("--profile", "wrok"), {}, "the AWS configuration has no profile wrok"),
        (("--region", "not a region"), {}, "the settings for AWS cannot be used: Provided region_name 'not a region'"),
        ((), {"AWS_ENDPOINT_URL": "nonsense"}, "the settings for AWS cannot be used: "),
        ((), {"AWS_CONFIG_FILE": __file__}, "ConfigParseError: "),
        (("--local", "--region", "eu-central-1"), {}, "--local goes without --profile and --region"),
        (("--local",), {"EDGE_AUTH_PORT": "web"}, "EDGE_AUTH_PORT='web' is not a port"),
        (
            ("--local",),
            {"EDGE_AUTH_PORT": "9"},
            "no answer from http://127.0.0.1:9/ (EndpointConnectionError); is `make",
        ),
    ],
)
def test_a_wrong_setting_is_one_readable_line(
    shell: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    variables: dict[str, str],
    said: str,
) -> None:
    """The line says what is wrong, and nothing was done."""
    shell(**variables)
    monkeypatch.setattr(os, "environ", dict(os.environ))  # --local changes it

    status = main([*options, "users", "sessions", "ada"])

    printed = capsys.readouterr()
    assert (status, printed.out) == (1, "")
    assert printed.err.startswith(f"edge-auth: {said}")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ExpiredToken", "the AWS credentials have expired (ExpiredToken); log in to AWS again; nothing was done"),
        ("InvalidClientTokenId", "AWS does not accept the credentials (InvalidClientTokenId); log in to AWS, or "),
        ("AccessDenied", "GetCallerIdentity: AccessDenied: two lines; nothing was done"),
    ],
)
def test_credentials_that_aws_refuses_are_one_readable_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: str, said: str
) -> None:
    """The line says what to do."""

    class Refusing:
        def get_caller_identity(self) -> None:
            raise ClientError({"Error": {"Code": code, "Message": "two\nlines"}}, "GetCallerIdentity")

    monkeypatch.setattr("boto3.client", lambda _name, **_options: Refusing())

    assert main(["keys", "show"]) == 1

    assert capsys.readouterr().err.startswith(f"edge-auth: {said}")


def test_the_local_stack_is_not_reached_through_a_proxy(
    broken_aws: Broken, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A company's proxy cannot reach this machine."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("EDGE_AUTH_PORT", str(broken_aws.server_port))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))

    assert main(["--local", "users", "sessions", "ada"]) == 1

    assert broken_aws.requests == 3
    assert capsys.readouterr().err.startswith("edge-auth: GetCallerIdentity: 500: ")
