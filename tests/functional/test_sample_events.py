import json
from dataclasses import replace

import pytest

from tests.support.answers import INVALID_GRANT, INVALID_TOKEN, NO_CONTENT, REVOKED
from tests.support.browser import for_browsers
from tests.support.cloudformation import rotate_keys_on_this_machine
from tests.support.key_ring_events import REFUSED, ring_text
from tests.support.people import ada, key_ring, password_hash
from tests.support.sample_events import names, sample
from tests.support.stack import LambdaContext, Stack
from tests.support.template import functions

FUNCTIONS = {
    "authorizer-request-1.0": "authorizer",
    "authorizer-request-2.0": "authorizer",
    "authorizer-token": "authorizer",
    "authorizer-websocket": "authorizer",
    "ended-sessions": "ended_sessions",
    "jwks": "jwks",
    "key-ring-advance": "rotate_keys",
    "key-ring-create": "rotate_keys",
    "key-ring-delete": "rotate_keys",
    "key-ring-replace": "rotate_keys",
    "key-ring-rotate": "rotate_keys",
    "key-ring-show": "rotate_keys",
    "key-ring-update": "rotate_keys",
    "login": "login",
    "logout-all": "logout",
    "logout-form": "logout",
    "logout-json": "logout",
    "me": "whoami",
    "me-session": "whoami",
    "oauth-authorization-server": "jwks",
    "openid-configuration": "jwks",
    "password": "password",
    "preflight": "preflight",
    "refresh-form": "refresh",
    "refresh-json": "refresh",
    "register": "register",
    "session-authorizer-request-1.0": "session_authorizer",
    "session-authorizer-request-2.0": "session_authorizer",
    "session-authorizer-websocket": "session_authorizer",
    "sessions": "sessions",
    "sessions-end": "sessions",
    "site-password": "site_password",
    "site-sessions": "sessions",
    "site-sessions-end": "sessions",
}


def of(*some: str) -> list[str]:
    """Return the names of the sample events of these functions."""
    return [name for name, function in FUNCTIONS.items() if function in some]


def test_every_function_has_its_events_and_every_event_its_function() -> None:
    """Every sample file is listed here, and every function has one. The strict authorizer has those of the other."""
    assert names() == sorted(FUNCTIONS)
    assert {*FUNCTIONS.values(), "strict_authorizer"} == functions().keys()


def test_the_sample_login_is_answered_with_tokens(empty_stack: Stack) -> None:
    """The sample has the user and the password that a reader of the documents creates."""
    body = json.loads(sample("login")["body"])
    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(replace(ada(), password_hash=password_hash(body["password"])), body["password"])

    answer = empty_stack.function("login")(sample("login"))

    assert body["username"] == "ada"
    assert answer.status == 200
    assert answer.json["scope"] == "read write"


@pytest.mark.parametrize("name", of("refresh"))
def test_a_sample_refresh_is_a_dead_token(stack: Stack, name: str) -> None:
    """The sample's token is not valid, and DynamoDB is not called."""
    assert stack.function("refresh")(sample(name)) == INVALID_GRANT
    assert not any(call.startswith("dynamodb.") for call in stack.wire.counts)


@pytest.mark.parametrize("name", of("logout"))
def test_a_sample_logout_succeeds(stack: Stack, name: str) -> None:
    """A6: the sample's token is not valid, which is no error either, and DynamoDB is not called."""
    expected = REVOKED if name == "logout-form" else NO_CONTENT
    assert stack.function("logout")(sample(name)) == expected
    assert not any(call.startswith("dynamodb.") for call in stack.wire.counts)


@pytest.mark.parametrize("name", of("ended_sessions", "jwks", "whoami"))
def test_a_sample_get_is_answered(stack: Stack, name: str) -> None:
    """The answers are the public documents, and the caller that the sample's authorizer passed on."""
    answer = stack.function(FUNCTIONS[name])(sample(name))

    assert answer.status == 200
    if name.startswith("me"):
        passed_on = sample(name)["requestContext"]["authorizer"]
        assert answer.json.items() <= passed_on.items()
        assert passed_on.keys() - answer.json.keys() == {"principalId", "integrationLatency"}


@pytest.mark.parametrize("name", of("sessions"))
def test_a_sample_of_the_sessions_has_no_live_session(stack: Stack, name: str) -> None:
    """The session in the sample does not exist."""
    assert stack.function("sessions")(sample(name)) == INVALID_TOKEN


def test_a_sample_of_the_password_at_a_site_has_no_valid_cookie(stack: Stack) -> None:
    """The cookie in the sample is forged, so nothing is changed."""
    answer = for_browsers(stack).function("site_password")(sample("site-password"))

    assert (answer.status, answer.body, answer.cookies) == (401, INVALID_TOKEN.body, ())


@pytest.mark.parametrize("name", of("authorizer", "session_authorizer"))
def test_a_sample_of_the_authorizers_is_denied(stack: Stack, name: str) -> None:
    """Z10: the sample's token or cookie is not valid, which is answered and raises no exception."""
    answer = for_browsers(stack).module(FUNCTIONS[name]).handler(sample(name), None)

    denied = answer.get("isAuthorized") is False or answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert denied
    assert answer["context"] == {}


@pytest.mark.parametrize("name", ["key-ring-create", "key-ring-delete", "key-ring-update"])
def test_a_sample_of_cloudformation_reaches_no_other_machine(stack: Stack, name: str) -> None:
    """The sample's address is the discard port of this machine, so delivery fails after the function's work."""
    kept = ring_text(stack)
    stack.monkeypatch.setenv("no_proxy", "127.0.0.1")

    with pytest.raises(OSError, match="refused"):
        rotate_keys_on_this_machine(stack, "http://127.0.0.1:9").handler(sample(name), LambdaContext())

    assert ring_text(stack) == kept


@pytest.mark.parametrize("name", ["key-ring-advance", "key-ring-show"])
def test_a_sample_of_the_schedule_shows_the_ring(stack: Stack, name: str) -> None:
    """No key is due, so both answers show the same ring."""
    kept = ring_text(stack)

    assert stack.rotate_keys()(sample(name))["version"] == stack.key_ring_version
    assert ring_text(stack) == kept


@pytest.mark.parametrize("name", ["key-ring-replace", "key-ring-rotate"])
def test_a_sample_of_an_operator_needs_the_version_that_was_shown(stack: Stack, name: str) -> None:
    """The version in the file is not a real one, so the sample changes no key as it is."""
    kept = ring_text(stack)

    assert stack.rotate_keys()(sample(name)) == REFUSED
    assert ring_text(stack) == kept
    assert "refused" not in stack.rotate_keys()({**sample(name), "version": stack.key_ring_version})
    assert ring_text(stack) != kept
