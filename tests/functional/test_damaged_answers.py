"""Answers that the SDK believes although they are none: with a wrong checksum, or not JSON."""

import pytest

from tests.support.answers import UNAVAILABLE
from tests.support.outages import ends
from tests.support.people import PASSWORD
from tests.support.sample_events import login_event, refresh_event
from tests.support.stack import Function, Stack
from tests.support.wire import Fault, damaged, raw_answer

Tokens = dict[str, str]


def test_an_answer_with_a_wrong_checksum_is_asked_for_again(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """F19: one damaged answer is no fault that a client sees."""
    stack.wire.next("UpdateItem", damaged)

    assert refresh(refresh_event(tokens["refresh_token"])).status == 200


@pytest.mark.parametrize("fault", [Fault, damaged, raw_answer(b"<html>", 200), raw_answer(b'{"Item":{"user_id"', 200)])
def test_no_damaged_answer_is_believed(
    stack: Stack, login: Function, refresh: Function, tokens: Tokens, fault: Fault
) -> None:
    """F19: the empty answer to a read would be "no such user", and that to a rotation an item without its parts."""
    for operation in ("GetItem", "UpdateItem"):
        stack.wire.always(operation, fault)
    event = login_event("ada", PASSWORD)

    assert login(event) == UNAVAILABLE
    assert refresh(refresh_event(tokens["refresh_token"])) == UNAVAILABLE
    stack.wire.mend()

    assert login(event).status == 200
    assert refresh(refresh_event(tokens["refresh_token"])).status == 200
    assert ends(stack) == {}
