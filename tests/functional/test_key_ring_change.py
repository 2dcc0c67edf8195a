from dataclasses import replace
from typing import Any

import pytest

from tests.support.answers import INVALID_GRANT, NO_CONTENT
from tests.support.key_ring_events import GET, asked, make_due
from tests.support.outages import ends, generation
from tests.support.people import PASSWORD, WRONG_PASSWORD
from tests.support.readers import Readers, kid, mac_key, readers_of
from tests.support.sample_events import login_event, token_event, with_json
from tests.support.stack import Stack

REPLACE_SECONDS = 480

Tokens = dict[str, str]


@pytest.fixture
def readers(stack: Stack) -> Readers:
    """Return the readers, one second before the planned change of the signing key and, brought forward, the MAC key."""
    make_due(stack)
    ring = stack.key_ring
    current, following = ring.mac
    following = replace(following, signs_from_seconds=stack.clock.now_seconds)
    stack.make_key_ring(replace(ring, mac=(current, following)))
    stack.clock.advance(seconds=-1)
    return readers_of(stack)


@pytest.fixture
def tokens(stack: Stack, readers: Readers) -> Tokens:
    """Return the tokens of a login under the old keys."""
    tokens: Tokens = readers.warm().json
    assert kid(tokens["access_token"]) == stack.key_ring.signing[0].key.kid
    assert mac_key(stack, tokens["refresh_token"]) == stack.key_ring.mac[0].key
    return tokens


def change(stack: Stack) -> None:
    """Move the clock to the second of the change."""
    stack.clock.advance(seconds=1)


def allows(stack: Stack, access_token: str) -> bool:
    """Return whether an authorizer that was deployed with the stack's public keys allows the token."""
    answer: dict[str, Any] = stack.module("authorizer").handler(token_event(access_token), None)
    effect: str = answer["policyDocument"]["Statement"][0]["Effect"]
    return effect == "Allow"


def redeploy(stack: Stack) -> None:
    """Give the authorizer the current public keys, as an update of the stack does."""
    stack.make_key_ring(stack.key_ring)


def test_access_tokens_of_both_keys_are_good_around_the_change(stack: Stack, readers: Readers, tokens: Tokens) -> None:
    """F15: an authorizer deployed before the change knows the new key, and one deployed after it knows the old key."""
    change(stack)
    new = readers.renew(tokens["refresh_token"]).json["access_token"]
    assert kid(new) == stack.key_ring.signing[1].key.kid

    assert allows(stack, tokens["access_token"])
    assert allows(stack, new)
    redeploy(stack)
    assert allows(stack, tokens["access_token"])
    assert allows(stack, new)


def test_a_refresh_token_is_renewed_under_the_new_key(stack: Stack, readers: Readers, tokens: Tokens) -> None:
    """F16: a token under the old MAC key is good, and its successor is under the new MAC key."""
    change(stack)

    answer = readers.renew(tokens["refresh_token"])

    assert mac_key(stack, answer.json["refresh_token"]) == stack.key_ring.mac[1].key
    assert (generation(stack), ends(stack)) == (1, {})
    stack.clock.advance(seconds=60)
    assert readers.renew(answer.json["refresh_token"]).status == 200


def test_a_retry_across_the_change_is_no_reuse(stack: Stack, readers: Readers, tokens: Tokens) -> None:
    """F16: the retry gets the same generation under another MAC key; both tokens are good and no session ends."""
    first = readers.renew(tokens["refresh_token"]).json["refresh_token"]
    change(stack)

    second = readers.renew(tokens["refresh_token"]).json["refresh_token"]

    assert [mac_key(stack, token) for token in (first, second)] == [timed.key for timed in stack.key_ring.mac]
    assert (generation(stack), ends(stack)) == (1, {})
    stack.clock.advance(seconds=60)
    successors = [readers.renew(token).json["refresh_token"] for token in (first, second)]
    assert successors[0] == successors[1]
    assert (generation(stack), ends(stack)) == (2, {})


def test_reuse_is_seen_across_the_change(stack: Stack, readers: Readers, tokens: Tokens) -> None:
    """F16: a change of the key does not hide reuse."""
    successor = readers.renew(tokens["refresh_token"]).json["refresh_token"]
    change(stack)
    stack.clock.advance(seconds=60)
    assert readers.renew(successor).status == 200

    assert readers.renew(tokens["refresh_token"]) == INVALID_GRANT
    assert ends(stack) == {tokens["session_id"]: "reused"}


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_logout_takes_a_token_under_the_previous_key(
    stack: Stack,
    readers: Readers,
    tokens: Tokens,
    everywhere: bool,  # noqa: FBT001 - a parameter of the request
) -> None:
    """F16, A6: the answer is 204, and the session has ended, or all sessions of the user."""
    other = readers.log_in().json["session_id"]
    change(stack)

    assert readers.end(tokens["refresh_token"], everywhere=everywhere) == NO_CONTENT

    assert ends(stack).keys() == ({tokens["session_id"], other} if everywhere else {tokens["session_id"]})
    assert readers.renew(tokens["refresh_token"]) == INVALID_GRANT


def test_a_token_under_the_previous_key_is_good_until_it_would_have_expired(
    stack: Stack, readers: Readers, tokens: Tokens
) -> None:
    """F16: a token is good for RefreshIdleDays after the login."""
    change(stack)
    stack.rotate_keys()(asked(stack, "advance"))
    stack.clock.advance(seconds=14 * 86_400 - 2)
    stack.rotate_keys()(asked(stack, "advance"))
    assert readers.renew(tokens["refresh_token"]).status == 200


def test_a_device_token_outlives_the_absolute_timeout(stack: Stack, readers: Readers, tokens: Tokens) -> None:
    """P11: the last device token of a MAC key is good for RefreshAbsoluteDays; then a rotation removes the key."""
    change(stack)
    stack.rotate_keys()(asked(stack, "advance"))
    old = stack.key_ring.mac[0].key
    stack.clock.advance(seconds=30 * 86_400)
    stack.rotate_keys()(asked(stack, "advance"))
    assert old in [timed.key for timed in stack.key_ring.mac]
    while readers.login(login_event("ada", WRONG_PASSWORD)).status == 401:
        pass
    members = {"username": "ada", "password": PASSWORD, "device_token": tokens["device_token"]}
    assert readers.login(with_json("login", members)).status == 200

    stack.clock.advance(seconds=4 * 3600)
    stack.rotate_keys()(asked(stack, "advance"))
    assert old not in [timed.key for timed in stack.key_ring.mac]


@pytest.mark.parametrize(("at_once", "after_seconds"), [(False, REPLACE_SECONDS), (True, 300)])
def test_replaced_keys_end_every_access_token_and_no_session(
    stack: Stack,
    readers: Readers,
    tokens: Tokens,
    at_once: bool,  # noqa: FBT001 - a parameter of the event
    after_seconds: int,
) -> None:
    """K3: when every cache has the new keys, tokens of the old keys are denied and sessions continue."""
    old = {timed.key.kid for timed in stack.key_ring.signing}
    stack.rotate_keys()(asked(stack, "replace", at_once=at_once))
    stack.clock.advance(seconds=after_seconds)

    new = readers.renew(tokens["refresh_token"]).json["access_token"]

    assert kid(new) == stack.keys.signing.kid
    assert not {key["kid"] for key in readers.publish().json["keys"]} & old
    redeploy(stack)
    assert allows(stack, new)
    assert not allows(stack, tokens["access_token"])
    assert ends(stack) == {}


def test_until_replaced_keys_end_nothing_is_refused(stack: Stack, readers: Readers, tokens: Tokens) -> None:
    """K3: tokens signed in the eight minutes before the change are valid until it, for old and new authorizers."""
    old = {timed.key.kid for timed in stack.key_ring.signing}
    stack.rotate_keys()(asked(stack, "replace"))
    for seconds in (0, 299, 1, 179.999):
        stack.clock.advance(seconds=seconds)
        signed = readers.log_in().json["access_token"]
        assert kid(signed) in old
        assert allows(stack, signed)
        assert allows(stack, tokens["access_token"])
        redeploy(stack)

    stack.clock.advance(seconds=0.001)
    assert not allows(stack, signed)
    assert kid(readers.log_in().json["access_token"]) == stack.keys.signing.kid != kid(signed)


def test_replaced_mac_keys_end_every_session(stack: Stack, readers: Readers, tokens: Tokens) -> None:
    """F24: after a replacement that ends sessions, old refresh tokens are refused without a DynamoDB call."""
    stack.rotate_keys()(asked(stack, "replace", end_sessions=True))
    stack.clock.advance(seconds=REPLACE_SECONDS)
    items = stack.session_items()
    stack.wire.forget()

    assert readers.renew(tokens["refresh_token"]) == INVALID_GRANT
    assert readers.end(tokens["refresh_token"], everywhere=True) == NO_CONTENT
    assert stack.wire.counts == {GET: 2}
    assert stack.session_items() == items
    again = readers.log_in()
    assert readers.renew(again.json["refresh_token"]).status == 200
