import json
from dataclasses import replace

import pytest

from tests.support.cloudformation import rotate_keys_on_this_machine
from tests.support.key_ring_events import ring_text
from tests.support.people import ada, key_ring, password_hash
from tests.support.sample_answers import ANSWERED, FUNCTIONS, SHOWN, TOLD_TO_CLOUDFORMATION, check, of
from tests.support.sample_events import names, sample
from tests.support.stack import LambdaContext, Stack
from tests.support.template import functions


def test_every_function_has_its_events_and_every_event_its_function() -> None:
    """Every sample file is listed here, and every function has one. The strict authorizer has those of the other."""
    assert names() == sorted(FUNCTIONS)
    assert {*FUNCTIONS.values(), "strict_authorizer"} == functions().keys()


@pytest.fixture
def samples_stack(empty_stack: Stack) -> Stack:
    """Return a stack with keys, the samples' user, every function, and the origin of the samples' page."""
    body = json.loads(sample("login")["body"])
    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(replace(ada(), password_hash=password_hash(body["password"])), body["password"])
    origin = sample("preflight")["headers"]["Origin"]
    return empty_stack.with_mail(AllowedOrigins=origin, SelfRegistration="true", RevocationFeed="true")


@pytest.mark.parametrize("name", ANSWERED)
def test_a_sample_is_answered(samples_stack: Stack, name: str) -> None:
    """The user and the password of the login are those that a reader of the documents creates; no token is valid."""
    check(name, samples_stack.module(FUNCTIONS[name]).handler(sample(name), LambdaContext()))


@pytest.mark.parametrize("name", of("logout", "refresh"))
def test_a_dead_token_costs_no_call_of_dynamodb(stack: Stack, name: str) -> None:
    """The MAC of the sample's token shows that it is not ours."""
    stack.function(FUNCTIONS[name])(sample(name))

    assert not any(call.startswith("dynamodb.") for call in stack.wire.counts)


@pytest.mark.parametrize("name", of("whoami"))
def test_the_sample_of_a_protected_route_shows_its_caller(stack: Stack, name: str) -> None:
    """The answer is what the sample's authorizer passed on, without API Gateway's own members."""
    passed_on = sample(name)["requestContext"]["authorizer"]
    told = stack.function("whoami")(sample(name)).json

    assert told.items() <= passed_on.items()
    assert passed_on.keys() - told.keys() == {"principalId", "integrationLatency"}


@pytest.mark.parametrize("name", TOLD_TO_CLOUDFORMATION)
def test_a_sample_of_cloudformation_reaches_no_other_machine(stack: Stack, name: str) -> None:
    """The sample's address is the discard port of this machine, so delivery fails after the function's work."""
    kept = ring_text(stack)
    stack.monkeypatch.setenv("no_proxy", "127.0.0.1")

    with pytest.raises(OSError, match="refused"):
        rotate_keys_on_this_machine(stack, "http://127.0.0.1:9").handler(sample(name), LambdaContext())

    assert ring_text(stack) == kept


@pytest.mark.parametrize("name", SHOWN)
def test_a_sample_of_the_schedule_changes_no_key(stack: Stack, name: str) -> None:
    """No key is due, so both answers show the ring that is there."""
    kept = ring_text(stack)

    assert stack.rotate_keys()(sample(name))["version"] == stack.key_ring_version
    assert ring_text(stack) == kept


@pytest.mark.parametrize("name", ["key-ring-replace", "key-ring-rotate"])
def test_a_sample_of_an_operator_needs_the_version_that_was_shown(stack: Stack, name: str) -> None:
    """The version in the file is not a real one, so the sample changes no key as it is."""
    kept = ring_text(stack)

    check(name, stack.rotate_keys()(sample(name)))
    assert ring_text(stack) == kept
    assert "refused" not in stack.rotate_keys()({**sample(name), "version": stack.key_ring_version})
    assert ring_text(stack) != kept
