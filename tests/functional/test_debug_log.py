"""LogLevel DEBUG: Lambda's runtime sets the root logger to this level, and so the log of every library."""

import logging
from collections.abc import Callable

import pytest

from tests.support.key_ring_events import asked
from tests.support.people import PASSWORD
from tests.support.sample_events import Event, login_event, logout_event, refresh_event, sample, token_event
from tests.support.stack import Function, Stack


def test_the_debug_log_holds_no_secret(
    stack: Stack, authorize: Callable[[Event], object], caplog: pytest.LogCaptureFixture
) -> None:
    """L4, K5, A13: with LogLevel DEBUG, no private key, MAC key, password or token is logged."""
    caplog.set_level(logging.DEBUG)
    login, refresh, logout, jwks = (stack.function(name) for name in ("login", "refresh", "logout", "jwks"))

    tokens = login(login_event("ada", PASSWORD)).json
    assert authorize(token_event(tokens["access_token"]))
    assert refresh(refresh_event(tokens["refresh_token"])).status == 200
    assert logout(logout_event(tokens["refresh_token"], everywhere=True)).status == 204
    assert jwks(sample("jwks")).status == 200
    assert "refused" not in stack.rotate_keys()(asked(stack, "replace", end_sessions=True))
    stack.secrets.keep_ring(stack.key_ring)

    told = stack.output.read()
    assert "login_succeeded" in told
    assert [secret for secret in stack.secrets.values if secret in told] == []


def test_no_library_logs_what_it_sends_and_receives(login: Function, caplog: pytest.LogCaptureFixture) -> None:
    """L4: botocore's debug log of whole requests and responses stays off, because these hold the key ring's secret."""
    caplog.set_level(logging.DEBUG)

    assert login(login_event("ada", PASSWORD)).status == 200

    libraries = {"botocore", "boto3", "urllib3"}
    assert [record.name for record in caplog.records if record.name.split(".")[0] in libraries] == []
