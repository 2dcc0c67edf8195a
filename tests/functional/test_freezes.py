"""A function that stands still for minutes between its reads and its write, while others go on (F34)."""

from collections.abc import Callable

import pytest

from tests.support.answers import INVALID_GRANT, UNAVAILABLE
from tests.support.operators import operators
from tests.support.outages import before, ends, generation
from tests.support.people import PASSWORD
from tests.support.sample_events import login_event, logout_event, refresh_event
from tests.support.stack import Function, Stack
from tests.support.wire import Fault

Tokens = dict[str, str]
FROZEN_SECONDS = 1200


def frozen(stack: Stack, meanwhile: Callable[[], object] = lambda: None) -> Fault:
    """Return a fault: the function stands still before its request leaves, and meanwhile something happens."""

    def stand_still() -> None:
        stack.clock.advance(seconds=FROZEN_SECONDS / 2)
        meanwhile()
        stack.clock.advance(seconds=FROZEN_SECONDS / 2)

    return before(stand_still)


def test_a_refresh_after_a_freeze_finds_the_logout(
    stack: Stack, refresh: Function, logout: Function, tokens: Tokens
) -> None:
    """F34: the condition of its write is checked when the write arrives, and not when the request began."""
    stack.wire.next("UpdateItem", frozen(stack, lambda: logout(logout_event(tokens["refresh_token"]))))

    assert refresh(refresh_event(tokens["refresh_token"])) == INVALID_GRANT
    assert (generation(stack), ends(stack)) == (0, {tokens["session_id"]: "logout"})


def test_a_refresh_after_a_freeze_gets_the_successor_that_another_one_got(
    stack: Stack, refresh: Function, tokens: Tokens
) -> None:
    """F34, I5: there is one rotation, and both have its token."""
    others: list[str] = []
    event = refresh_event(tokens["refresh_token"])
    stack.wire.next("UpdateItem", frozen(stack, lambda: others.append(refresh(event).json["refresh_token"])))

    assert [refresh(event).json["refresh_token"]] == others
    assert (generation(stack), ends(stack)) == (1, {})


def test_a_refresh_after_a_freeze_is_reuse_if_its_token_is_dead_by_then(
    stack: Stack, refresh: Function, tokens: Tokens
) -> None:
    """F34, I2: the freeze makes a token no younger. Without others the same freeze does no harm, as shown below."""

    def use_twice() -> None:
        token = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]
        stack.clock.advance(seconds=60)
        refresh(refresh_event(token))

    stack.wire.next("UpdateItem", frozen(stack, use_twice))

    assert refresh(refresh_event(tokens["refresh_token"])) == INVALID_GRANT
    assert ends(stack) == {tokens["session_id"]: "reused"}


def test_a_refresh_after_a_freeze_counts_from_its_beginning(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """F34, A5: no timeout gets longer by it, and the next refresh goes on."""
    began = stack.clock.now_seconds
    [untouched] = stack.session_items()
    idle_seconds = int(untouched["idle_expires_at"]["N"]) - began
    stack.wire.next("UpdateItem", frozen(stack))

    answer = refresh(refresh_event(tokens["refresh_token"]))

    [item] = stack.session_items()
    assert int(item["idle_expires_at"]["N"]) == began + idle_seconds
    assert item["absolute_expires_at"] == untouched["absolute_expires_at"]
    assert refresh(refresh_event(answer.json["refresh_token"])).status == 200
    assert (generation(stack), ends(stack)) == (2, {})


def test_a_late_retry_after_a_freeze_between_its_writes_finds_the_logout(
    stack: Stack, refresh: Function, logout: Function, tokens: Tokens
) -> None:
    """F34, F3: the second write has a condition of its own."""
    newest = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]
    stack.clock.advance(seconds=60)

    def late_retry() -> object:
        return refresh(refresh_event(tokens["refresh_token"]))

    stack.wire.next("UpdateItem", before(lambda: None), frozen(stack, lambda: logout(logout_event(newest))))

    assert late_retry() == INVALID_GRANT
    assert (generation(stack), ends(stack)) == (1, {tokens["session_id"]: "logout"})


@pytest.mark.parametrize("act", ["disable", "end_sessions"])
def test_a_login_after_a_freeze_opens_no_session_past_an_end_of_all(stack: Stack, login: Function, act: str) -> None:
    """F34, DC-12: the user was read before the freeze, and the transaction names the epoch that was read."""
    operator = operators(stack)
    stack.wire.next("TransactWriteItems", frozen(stack, lambda: getattr(operator, act)(operator.find("ada"))))

    assert login(login_event("ada", PASSWORD)) == UNAVAILABLE
    assert stack.session_items() == []


def test_a_login_after_a_freeze_alone_is_a_login(stack: Stack, login: Function, refresh: Function) -> None:
    """The control of the test above."""
    stack.wire.next("TransactWriteItems", frozen(stack))

    answer = login(login_event("ada", PASSWORD))

    assert refresh(refresh_event(answer.json["refresh_token"])).status == 200
