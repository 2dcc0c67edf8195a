import json
from collections.abc import Callable
from itertools import product

import pytest
from botocore.awsrequest import AWSResponse

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.keys.ring_document import to_secret_json
from tests.support.key_ring_events import ADVANCE, PUT, REFUSED, SHOW, asked, make_due, ring_text
from tests.support.outages import ATTEMPTS, Killed, after, before, kill
from tests.support.people import key_ring
from tests.support.stack import Stack
from tests.support.wire import (
    Fault,
    Forward,
    lost_request,
    lost_response,
    no_connection,
    passes,
    raw_answer,
    refusal,
)

ACTIONS = ["advance", "rotate", "replace"]
OUTAGES = {
    "ConnectTimeoutError": no_connection,
    "ReadTimeoutError": lost_request,
    "{}: ThrottlingException": refusal("ThrottlingException"),
    "{}: AccessDeniedException": refusal("AccessDeniedException"),
    "{}: DecryptionFailure": refusal("DecryptionFailure"),
    "{}: InternalServiceError": refusal("InternalServiceError", 500),
    "{}: LimitExceededException": refusal("LimitExceededException"),
}


def overtaken_by(act: Callable[[], object], late: Fault = passes) -> Fault:
    """Return a fault that runs another act between the read of a request and its write."""

    def fault(forward: Forward) -> AWSResponse:
        act()
        return late(forward)

    return fault


@pytest.mark.parametrize("action", ACTIONS)
def test_an_event_that_is_delivered_twice_acts_once(stack: Stack, action: str) -> None:
    """K3: EventBridge and Lambda deliver at least once, and the second delivery may reach another worker."""
    make_due(stack)
    event = asked(stack, action)
    first = stack.rotate_keys()(event)
    kept = ring_text(stack)

    second = stack.rotate_keys()(event)

    assert second == (first if action == "advance" else REFUSED)
    assert stack.wire.counts[PUT] == 1
    assert ring_text(stack) == kept
    assert len(stack.output.security_events()) == 1


@pytest.mark.parametrize("late", [passes, lost_response])
@pytest.mark.parametrize(("outer", "inner"), list(product(ACTIONS, repeat=2)))
def test_of_two_acts_at_once_the_second_acts_on_the_first_ones_ring_or_is_refused(
    stack: Stack, outer: str, inner: str, late: Fault
) -> None:
    """K3: another worker acts between a read and its write: no write is lost, and no key comes back."""
    make_due(stack)
    events = asked(stack, outer), asked(stack, inner)
    kept = list[str]()

    def act() -> None:
        assert "refused" not in stack.rotate_keys()(events[1])
        kept.append(ring_text(stack))

    stack.wire.next("PutSecretValue", overtaken_by(act, late))
    rings = len(stack.key_rings())

    answer = stack.rotate_keys()(events[0])

    if outer != "advance":
        assert answer == REFUSED
        assert (ring_text(stack), len(stack.key_rings())) == (kept[0], rings + 1)
    else:
        assert answer == stack.rotate_keys()(SHOW)
        assert stack.rotate_keys()(ADVANCE) == answer, "nothing is left to do"
        signing = json.loads(kept[0])["signing"]
        assert json.loads(ring_text(stack))["signing"][: len(signing)] == signing


@pytest.mark.parametrize("action", ACTIONS)
def test_a_write_whose_answer_is_lost_acts_once(stack: Stack, action: str) -> None:
    """K3: the SDK repeats the write under the same token, and the answer has the ring that was kept."""
    make_due(stack)
    event, rings = asked(stack, action), len(stack.key_rings())
    stack.wire.next("PutSecretValue", lost_response)

    answer = stack.rotate_keys()(event)

    assert answer == stack.rotate_keys()(SHOW)
    assert len(stack.key_rings()) == rings + 1
    assert stack.wire.counts[PUT] == 2


@pytest.mark.parametrize(
    ("end", "written"),
    [([before(kill)], 0), ([after(kill)], 1), ([lost_request] * ATTEMPTS, 0), ([lost_response] * ATTEMPTS, 1)],
    ids=["killed before", "killed after", "never written", "never answered"],
)
@pytest.mark.parametrize("action", ACTIONS)
def test_an_act_that_ends_at_the_write_has_acted_once_or_not_at_all(
    stack: Stack, action: str, end: list[Fault], written: int
) -> None:
    """K3: the same event acts if the first one did not, and changes nothing if the first one did."""
    make_due(stack)
    event, rings = asked(stack, action), len(stack.key_rings())
    stack.wire.next("PutSecretValue", *end)
    with pytest.raises((Killed, TemporarilyUnavailable)):
        stack.rotate_keys()(event)
    assert len(stack.key_rings()) == rings + written
    kept = ring_text(stack)

    again = stack.rotate_keys()(event)

    assert again == (REFUSED if written and action != "advance" else stack.rotate_keys()(SHOW))
    assert len(stack.key_rings()) == rings + 1
    assert not written or ring_text(stack) == kept


@pytest.mark.parametrize("operation", ["GetSecretValue", "PutSecretValue"])
@pytest.mark.parametrize("action", ACTIONS)
def test_an_outage_is_an_error_that_says_what_failed(stack: Stack, action: str, operation: str) -> None:
    """F40: the error counts for the alarm and names the fault; the ring stays, and later the same event works."""
    make_due(stack)
    event, kept, rotate_keys = asked(stack, action), ring_text(stack), stack.rotate_keys()
    for detail, outage in OUTAGES.items():
        stack.wire.always(operation, outage)
        with pytest.raises(TemporarilyUnavailable) as caught:
            rotate_keys(event)
        assert str(caught.value) == detail.format(operation)
    assert ring_text(stack) == kept
    # Each replacement that may have happened is recorded.
    told = len(OUTAGES) if (action, operation) == ("replace", "PutSecretValue") else 0
    assert [event["event"] for event in stack.output.security_events()] == ["keys_replaced"] * told

    stack.wire.mend()
    assert "refused" not in rotate_keys(event)
    assert ring_text(stack) != kept


def test_a_secret_that_is_no_ring_is_not_written_over(stack: Stack) -> None:
    """K5: an unreadable secret may be the only copy of the keys, so it is kept and no part of it is shown."""
    event = asked(stack, "replace")
    damaged = to_secret_json(key_ring()).replace('"signing"', '"singing"')
    body = {"SecretString": damaged, "VersionId": event["version"]}
    stack.wire.always("GetSecretValue", raw_answer(json.dumps(body).encode(), 200))

    for asked_for in (ADVANCE, SHOW, event, asked(stack, "rotate")):
        with pytest.raises(TemporarilyUnavailable, match=r"^the secret holds no key ring$"):
            stack.rotate_keys()(asked_for)
    assert PUT not in stack.wire.counts


def test_a_version_that_was_followed_once_is_not_followed_again(stack: Stack) -> None:
    """K3: an old answer of Secrets Manager, or an old version that is put back by hand, undoes no replacement."""
    make_due(stack)
    event = asked(stack, "replace")
    old = {"SecretString": ring_text(stack), "VersionId": stack.key_ring_version}
    stack.rotate_keys()(event)
    kept = ring_text(stack)
    stack.wire.always("GetSecretValue", raw_answer(json.dumps(old).encode(), 200))

    with pytest.raises(TemporarilyUnavailable, match=r"^the key ring moved under every attempt$"):
        stack.rotate_keys()(ADVANCE)
    for action in ("rotate", "replace"):
        assert stack.rotate_keys()({**asked(stack, action), "version": old["VersionId"]}) == REFUSED
    assert ring_text(stack) == kept
