"""Bounces and complaints: which addresses take no more mails."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from edge_auth.accounts.identity import Identity
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.mail.feedback import UnreadableFeedback
from tests.support.people import PASSWORD, ada, key_ring
from tests.support.sample_events import Event, sample
from tests.support.stack import LambdaContext, Stack
from tests.support.wire import lost_response, no_connection

Handler = Callable[[Event], None]
ADDRESS = "ada@example.com"


@pytest.fixture
def feedback_stack(empty_stack: Stack) -> Stack:
    """Return a stack where ada has a confirmed address."""
    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(replace(ada(), email=ADDRESS, email_verified_at_seconds=1), PASSWORD)
    return empty_stack


@pytest.fixture
def tell(feedback_stack: Stack) -> Handler:
    """Return the function, cold."""
    handler = feedback_stack.module("mail_feedback").handler
    return lambda event: handler(event, LambdaContext())


def bounce(**changes: object) -> Event:
    """Return the sample with changes to the bounce."""
    event = sample("mail-feedback")
    event["detail"]["bounce"] |= changes
    return event


def complaint() -> Event:
    """Return the event of a complaint."""
    event = sample("mail-feedback")
    recipients = event["detail"].pop("bounce")["bouncedRecipients"]
    event["detail-type"] = "Email Complaint Received"
    event["detail"] |= {"eventType": "Complaint", "complaint": {"complainedRecipients": recipients}}
    return event


def user(stack: Stack) -> Identity:
    """Return ada as stored."""
    return stack.identities.find("ada")


@pytest.mark.parametrize(("event", "reason"), [(bounce(), "bounce: Permanent"), (complaint(), "complaint")])
def test_an_address_that_mails_come_back_from_is_marked(
    feedback_stack: Stack, tell: Handler, event: Event, reason: str
) -> None:
    """One read and one write, and one line in the log without the address."""
    tell(event)

    assert feedback_stack.wire.counts == {"dynamodb.GetItem": 1, "dynamodb.UpdateItem": 1}
    assert user(feedback_stack).email_bounced_at_seconds == feedback_stack.clock.now_seconds
    assert not user(feedback_stack).is_reachable
    [line] = feedback_stack.output.security_events()
    assert (line["event"], line["user_id"], line["reason"]) == ("mail_bounced", ada().user_id, reason)
    assert ADDRESS not in feedback_stack.output.read()


@pytest.mark.parametrize("kind", ["Transient", "Undetermined"])
def test_a_mail_that_may_arrive_the_next_time_marks_nothing(feedback_stack: Stack, tell: Handler, kind: str) -> None:
    """A mailbox is full. It is recorded."""
    tell(bounce(bounceType=kind))

    assert feedback_stack.wire.counts == {}
    assert user(feedback_stack).is_reachable
    [line] = feedback_stack.output.security_events()
    assert line["reason"] == f"bounce: {kind}"


def test_an_address_in_another_spelling_is_the_same(feedback_stack: Stack, tell: Handler) -> None:
    """A mail server may answer in capital letters."""
    tell(bounce(bouncedRecipients=[{"emailAddress": "Ada@EXAMPLE.com"}]))

    assert not user(feedback_stack).is_reachable


def test_an_event_of_an_earlier_address_marks_nothing(feedback_stack: Stack, tell: Handler) -> None:
    """The user has changed it meanwhile."""
    tell(bounce(bouncedRecipients=[{"emailAddress": "old@example.com"}]))

    assert user(feedback_stack).is_reachable


def test_a_lost_response_marks_once(feedback_stack: Stack, tell: Handler) -> None:
    """F2: the SDK writes again, and finds its mark."""
    feedback_stack.wire.next("UpdateItem", lost_response)

    tell(bounce())

    assert not user(feedback_stack).is_reachable


def test_trouble_fails_the_call_so_that_lambda_repeats_it(feedback_stack: Stack, tell: Handler) -> None:
    """F1: EventBridge calls a function asynchronously, and Lambda makes such a call again."""
    feedback_stack.wire.always("UpdateItem", no_connection)
    with pytest.raises(TemporarilyUnavailable):
        tell(bounce())
    feedback_stack.wire.mend()

    tell(bounce())
    assert not user(feedback_stack).is_reachable


def without(*path: str) -> Event:
    """Return the sample without the member at this path."""
    event = deepcopy(sample("mail-feedback"))
    inner: Any = event
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return event


@pytest.mark.parametrize(
    "event",
    [
        {},
        without("detail-type"),
        without("detail", "mail", "tags", "user_id"),
        without("detail", "bounce", "bounceType"),
        without("detail", "bounce", "bouncedRecipients"),
        bounce(bouncedRecipients=[{}]),
        {**sample("mail-feedback"), "detail-type": "Email Delivered"},
    ],
)
def test_an_event_of_another_form_is_an_error(tell: Handler, event: Event) -> None:
    """Nothing is marked, and the alarms of Lambda count it."""
    with pytest.raises(UnreadableFeedback):
        tell(event)
