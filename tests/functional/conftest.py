"""The functions of the template, loaded as Lambda loads them, over AWS in memory; output is searched for secrets."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from tests.support import stack as stacks
from tests.support.argon2 import RememberedArgon2id
from tests.support.clock import TestClock
from tests.support.cloudformation import CloudFormation, Resource, cloudformation_server
from tests.support.one_login import one_login
from tests.support.people import PASSWORD, ada, key_ring
from tests.support.sample_events import Event
from tests.support.stack import Function, Output, Stack
from tests.support.wire import Wire, wired_session


@pytest.fixture(autouse=True)
def _remembered_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute each check of a password once in this process. The unit tests count every check."""
    monkeypatch.setattr("edge_auth.credentials.passwords.Argon2id", RememberedArgon2id)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> TestClock:
    """Return the product's clock."""
    clock = TestClock()
    monkeypatch.setattr("edge_auth.clock.time", clock)
    return clock


@pytest.fixture(scope="module")
def _secret_arn() -> Iterator[str]:
    """Create the secret once for a file. Each test starts with an empty one, and with empty tables."""
    with stacks.stack_resources() as secret_arn:
        yield secret_arn


@pytest.fixture
def wire(_secret_arn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """Return the wire between the functions' clients and AWS in memory. The SDK does not wait between its attempts."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))
    session, wire = wired_session()
    monkeypatch.setattr("edge_auth.adapters.aws.sdk_session", lambda: session)
    yield wire
    wire.mend()
    wire.forget()


def offline(_address: str) -> str:
    """Fail like an issuer that cannot be reached. A test that fetches keys replaces this function."""
    raise OSError("offline")


@pytest.fixture
def empty_stack(
    wire: Wire,
    clock: TestClock,
    _secret_arn: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Stack]:
    """Return a stack without keys and users. After the test, the output is searched for secrets (L4, K5, A13)."""
    monkeypatch.setattr("edge_auth.authorizer.issuer_keys.download", offline)
    output = Output(capfd, caplog)
    stack = stacks.empty_stack(wire, clock, monkeypatch, output, _secret_arn)
    yield stack
    for ring in stack.key_rings():
        stack.secrets.keep_ring(ring)
    stack.hand_over()
    printed = output.read()
    leaked = [secret for secret in stack.secrets.values if secret in printed]
    assert not leaked, f"{len(leaked)} secrets were printed"


@pytest.fixture
def stack(empty_stack: Stack) -> Stack:
    """Return a stack with keys and one user, ada."""
    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(ada(), PASSWORD)
    return empty_stack


@pytest.fixture
def login(stack: Stack) -> Function:
    """Return the login function, cold."""
    return stack.function("login")


@pytest.fixture
def refresh(stack: Stack) -> Function:
    """Return the refresh function, cold."""
    return stack.function("refresh")


@pytest.fixture
def logout(stack: Stack) -> Function:
    """Return the logout function, cold."""
    return stack.function("logout")


@pytest.fixture
def authorize(stack: Stack) -> Callable[[Event], dict[str, object]]:
    """Return the authorizer, cold."""
    handler = stack.module("authorizer").handler

    def invoke(event: Event) -> dict[str, object]:
        answer: dict[str, object] = handler(event, None)
        return answer

    return invoke


@pytest.fixture
def tokens(stack: Stack) -> dict[str, str]:
    """Return the token response of one login of ada."""
    return one_login(stack)


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudFormation]:
    """Return a server in the place of CloudFormation's presigned address."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with cloudformation_server() as server:
        yield server


@pytest.fixture
def resource(empty_stack: Stack, cloudformation: CloudFormation) -> Resource:
    """Return the function, cold, in a stack without keys."""
    return cloudformation.custom_resource(empty_stack)
