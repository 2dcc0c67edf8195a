"""examples/cognito_migration, on a user pool: who comes at the first login, and who stays there."""

import importlib.util
import json
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.support.answers import INVALID_CREDENTIALS
from tests.support.people import WRONG_PASSWORD
from tests.support.sample_events import login_event
from tests.support.stack import Stack
from tests.support.template import ROOT
from tests.support.wire import Fault, raw_answer

ARN = "arn:aws:lambda:us-east-1:123456789012:function:MigrationFunctionArn"
PASSWORD = "Short-one-7"


@pytest.fixture
def cognito() -> Iterator[Any]:
    """Return a client of Cognito."""
    with mock_aws():
        yield boto3.session.Session(
            aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-central-1"
        ).client("cognito-idp")


@pytest.fixture
def example(cognito: Any, monkeypatch: pytest.MonkeyPatch) -> ModuleType:  # noqa: ANN401 - see above
    """Return the function, with a user pool that has grace and heidi. Heidi has a temporary password."""
    pool = cognito.create_user_pool(PoolName="users")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="migration", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    for name in ("grace", "heidi"):
        attributes = [
            {"Name": "email", "Value": f"{name}@example.com"},
            {"Name": "email_verified", "Value": "true" if name == "grace" else "false"},
        ]
        cognito.admin_create_user(UserPoolId=pool, Username=name, UserAttributes=attributes, TemporaryPassword=PASSWORD)
    cognito.admin_set_user_password(UserPoolId=pool, Username="grace", Password=PASSWORD, Permanent=True)
    monkeypatch.setenv("USER_POOL_ID", pool)
    monkeypatch.setenv("CLIENT_ID", client)
    monkeypatch.setattr("boto3.client", lambda _service, **_options: cognito)
    spec = importlib.util.spec_from_file_location("cognito_migration", ROOT / "examples/cognito_migration/app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("username", "password", "expected"),
    [
        ("grace", PASSWORD, {"valid": True, "email": "grace@example.com", "email_verified": True}),
        ("grace", WRONG_PASSWORD, {"valid": False}),
        ("nobody", PASSWORD, {"valid": False}),
        ("heidi", PASSWORD, {"valid": False}),
    ],
)
def test_only_who_needs_no_more_than_the_password_comes(
    example: ModuleType, username: str, password: str, expected: dict[str, object]
) -> None:
    """A user with a challenge in Cognito, such as a second factor, would come without it. So they stay."""
    assert example.handler({"username": username, "password": password}, None) == expected


def refuse_with(code: str, example: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Cognito answer each attempt with this error."""

    def refused(**_parameters: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "AdminInitiateAuth")

    monkeypatch.setattr(example.cognito, "admin_initiate_auth", refused)


@pytest.mark.parametrize("code", ["UserNotConfirmedException", "PasswordResetRequiredException"])
def test_whom_cognito_lets_in_only_later_stays(example: ModuleType, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Registered and not confirmed, or told to set another password. Moto does not know these answers."""
    refuse_with(code, example, monkeypatch)

    assert example.handler({"username": "grace", "password": PASSWORD}, None) == {"valid": False}


def test_an_error_of_cognito_is_no_wrong_password(example: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function fails, and the login answers 503."""
    refuse_with("TooManyRequestsException", example, monkeypatch)

    with pytest.raises(ClientError, match="TooManyRequests"):
        example.handler({"username": "grace", "password": PASSWORD}, None)


def through(example: ModuleType, stack: Stack) -> Callable[..., Any]:
    """Let the login's calls reach the function."""

    def fault(forward: Callable[[], Any]) -> Any:  # noqa: ANN401 - a response of the SDK
        asked = stack.wire.calls[-1].parameters
        answer: Fault = raw_answer(json.dumps(example.handler(asked, None)).encode(), 200)
        return answer(forward)

    return fault


def test_a_login_lets_a_user_of_cognito_come(stack: Stack, example: ModuleType) -> None:
    """Both parts together: the event and the answer have the form that the other side expects."""
    stack.secrets.keep(PASSWORD, "", kind="password")
    stack.wire.always("Invoke", through(example, stack))
    login = stack.with_parameters(MigrationFunctionArn=ARN).function("login")

    assert login(login_event("grace", WRONG_PASSWORD)) == INVALID_CREDENTIALS
    assert login(login_event("grace", PASSWORD)).status == 200
    assert stack.identities.find("grace").email == "grace@example.com"
