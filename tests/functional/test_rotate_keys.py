import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from edge_auth import base64url
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.accounts.new_challenge import UNDO_SECONDS
from edge_auth.settings.reading import SettingsError
from tests.support.key_ring_events import ADVANCE, GET, PUT, REFUSED, SHOW, asked, make_due, ring_text
from tests.support.outages import events_named
from tests.support.people import DAY
from tests.support.sample_events import sample
from tests.support.stack import LambdaContext, Stack

RotateKeys = Callable[[object], dict[str, Any]]


@pytest.fixture
def rotate_keys(stack: Stack) -> RotateKeys:
    """Return the function, cold, in a stack with keys."""
    return stack.rotate_keys()


def test_show_answers_only_ids_and_times(stack: Stack, rotate_keys: RotateKeys) -> None:
    """K5: the answer has exactly these ids and times, and nothing is written."""
    signing, following = stack.key_ring.signing
    mac, following_mac = stack.key_ring.mac
    stack.wire.forget()

    answer = rotate_keys(SHOW)

    def life(key: Any, state: str) -> dict[str, Any]:  # noqa: ANN401 - a signing key or a MAC key
        times = (key.published_at_seconds, key.signs_from_seconds, key.ends_at_seconds)
        return {"state": state, **dict(zip(("published_at", "signs_from", "ends_at"), times, strict=True))}

    assert answer == {
        "version": stack.key_ring_version,
        "now": stack.clock.now_seconds,
        "signing": [
            {"kid": signing.key.kid, "alg": "ES256", **life(signing, "signing")},
            {"kid": following.key.kid, "alg": "ES256", **life(following, "next")},
        ],
        "mac": [
            {"id": base64url.encode(mac.key.key_id), **life(mac, "signing")},
            {"id": base64url.encode(following_mac.key.key_id), **life(following_mac, "next")},
        ],
    }
    assert json.loads(json.dumps(answer)) == answer
    assert stack.wire.counts == {GET: 1}


def test_an_advance_with_nothing_to_do_writes_nothing(stack: Stack, rotate_keys: RotateKeys) -> None:
    """K3: in weeks without a due key, each call makes one read and records no event."""
    shown = rotate_keys(SHOW)
    for _ in range(3):
        stack.clock.advance(seconds=7 * DAY)
        stack.wire.forget()
        assert rotate_keys(ADVANCE)["version"] == shown["version"]
        assert stack.wire.counts == {GET: 1}
    assert stack.output.security_events() == []


def test_each_advance_tells_the_age_of_the_key_that_signs(stack: Stack, rotate_keys: RotateKeys) -> None:
    """K3: a metric filter reads it. What operators do tells none, so the lines are those of the schedule."""
    begun = stack.key_ring.signing[0].signs_from_seconds
    rotate_keys(SHOW)
    rotate_keys(ADVANCE)
    stack.clock.advance(seconds=DAY)
    rotate_keys(ADVANCE)

    ages = [line["signing_key_age_seconds"] for line in stack.output.log_lines() if line["message"] == "keys checked"]
    assert ages == [stack.clock.now_seconds - begun - DAY, stack.clock.now_seconds - begun]


def test_an_advance_plans_the_next_key_when_one_has_begun(stack: Stack) -> None:
    """K3: the key is published now and signs `KeyRotationDays` after the current one; the plan is recorded."""
    rotate_keys = stack.with_parameters(KeyRotationDays="7").rotate_keys()
    make_due(stack)
    old, begun = stack.key_ring.signing

    answer = rotate_keys(ADVANCE)

    planned = stack.key_ring.signing[-1]
    assert [key["kid"] for key in answer["signing"]] == [old.key.kid, begun.key.kid, planned.key.kid]
    assert [key["state"] for key in answer["signing"]] == ["verifying", "signing", "next"]
    assert planned.published_at_seconds == stack.clock.now_seconds
    assert planned.signs_from_seconds == begun.signs_from_seconds + 7 * DAY
    assert [line["reason"] for line in events_named(stack, "keys_planned")] == ["advance"]


def test_an_advance_makes_the_ring_where_there_is_none(empty_stack: Stack) -> None:
    """The hourly call makes a missing ring; before it, no ring can be shown or changed."""
    rotate_keys = empty_stack.rotate_keys()
    for event in (SHOW, sample("key-ring-rotate"), sample("key-ring-replace")):
        with pytest.raises(TemporarilyUnavailable, match=r"^no key ring was made yet$"):
            rotate_keys(event)
    assert PUT not in empty_stack.wire.counts

    assert rotate_keys(ADVANCE)["version"] == empty_stack.key_ring_version
    assert [key["state"] for key in rotate_keys(SHOW)["signing"]] == ["signing", "next"]


@pytest.mark.parametrize(
    ("idle_days", "absolute_days", "session_hours"),
    [(60, 30, 12), (30, 60, 12), (7, 14, 720), (14, 30, 12), (1, 1, 1), (3, 3, 72)],
)
def test_mac_keys_begin_as_far_apart_as_the_longest_of_the_timeouts(
    empty_stack: Stack, idle_days: int, absolute_days: int, session_hours: int
) -> None:
    """F16: the idle or the absolute one of refresh tokens, or that of a site. A key ends when its last token has.

    SC5: none ends before a link that undoes the change of an address, which is good for 72 hours.
    """
    stack = empty_stack.with_parameters(
        KeyRotationDays="1",
        RefreshIdleDays=str(idle_days),
        RefreshAbsoluteDays=str(absolute_days),
        SessionAbsoluteHours=str(session_hours),
    )

    stack.rotate_keys()(ADVANCE)

    first, following = stack.key_ring.mac
    longest = max(idle_days * DAY, absolute_days * DAY, session_hours * 3600, UNDO_SECONDS)
    assert longest <= following.signs_from_seconds - first.signs_from_seconds < longest + 2 * 3600
    assert first.ends_at_seconds is not None
    assert first.ends_at_seconds >= following.signs_from_seconds + longest


def test_rotate_lets_the_next_keys_sign(stack: Stack, rotate_keys: RotateKeys) -> None:
    """K3: keys that were published long enough sign at once, and the old keys still verify."""
    (old, following), (old_mac, following_mac) = stack.key_ring.signing, stack.key_ring.mac

    answer = rotate_keys(asked(stack, "rotate"))

    assert (stack.keys.signing, stack.keys.mac) == (following.key, following_mac.key)
    assert old.key in [timed.key for timed in stack.keys.verifying]
    assert old_mac.key.key_id in stack.keys.mac_keys
    assert [key["state"] for key in answer["signing"]][:2] == ["verifying", "signing"]
    assert [line["reason"] for line in events_named(stack, "keys_planned")] == ["rotate"]


def test_rotate_waits_until_the_next_key_was_public_for_long_enough(empty_stack: Stack) -> None:
    """K3: a rotation does not let a key sign before it was published for the set time."""
    rotate_keys = empty_stack.with_parameters(KeyPublishHours="2").rotate_keys()
    rotate_keys(ADVANCE)
    signing, following = empty_stack.key_ring.signing

    rotate_keys(asked(empty_stack, "rotate"))

    assert empty_stack.keys.signing == signing.key
    empty_stack.clock.advance(seconds=7199)
    assert empty_stack.keys.signing == signing.key
    empty_stack.clock.advance(seconds=1)
    assert empty_stack.keys.signing == following.key


@pytest.mark.parametrize(("at_once", "end_sessions"), list(product([False, True], repeat=2)))
def test_replace_ends_every_old_key(
    stack: Stack,
    rotate_keys: RotateKeys,
    at_once: bool,  # noqa: FBT001 - a parameter of the event
    end_sessions: bool,  # noqa: FBT001
) -> None:
    """K3: at once or after eight minutes no old key signs or verifies; MAC keys end only with the sessions."""
    old, macs = stack.key_ring.signing, stack.keys.mac_keys
    at_seconds = stack.clock.now_seconds + (0 if at_once else 480)

    answer = rotate_keys(asked(stack, "replace", at_once=at_once, end_sessions=end_sessions))

    assert answer["signing"][-1]["signs_from"] == at_seconds
    assert at_once or stack.keys.signing == old[0].key
    stack.clock.now_ms = at_seconds * 1000
    [only] = stack.keys.verifying
    assert only.key not in [timed.key for timed in old]
    assert (len(stack.keys.mac_keys), stack.keys.mac_keys.keys() & macs.keys()) == (
        (1, set()) if end_sessions else (2, macs.keys())
    )
    [line] = events_named(stack, "keys_replaced")
    assert (line["level"], line["reason"]) == ("ERROR", "sessions_ended" if end_sessions else "sessions_kept")


@pytest.mark.parametrize("action", ["rotate", "replace"])
def test_an_act_on_a_ring_that_moved_is_refused(stack: Stack, rotate_keys: RotateKeys, action: str) -> None:
    """K3: an act needs the current version of the ring; with any other version nothing is written."""
    old = asked(stack, action)
    rotate_keys(asked(stack, "rotate"))
    kept = ring_text(stack)
    stack.wire.forget()

    for event in (old, sample(f"key-ring-{action}"), {**old, "version": ""}, {**old, "version": "AWSCURRENT"}):
        assert rotate_keys(event) == REFUSED
    assert stack.wire.counts == {GET: 4}
    assert ring_text(stack) == kept


@pytest.mark.parametrize(
    "event",
    [
        *(None, [], "advance", 1, {}, ["action", "advance"]),
        *({"action": action} for action in ("", "Advance", "delete", "rotate", "replace", None, 1, ["advance"])),
        *({"action": "rotate", "version": version} for version in (None, 1, ["x"])),
        *(
            {**sample("key-ring-replace"), name: value}
            for name in ("at_once", "end_sessions")
            for value in (None, 0, 1, "false", "", ["x"])
        ),
        {"action": "replace", "version": "x"},
        {"action": "replace", "version": "x", "at_once": True},
        {"action": "replace", "version": None, "at_once": True, "end_sessions": True},
        {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}},
    ],
)
def test_an_unknown_event_is_an_error(stack: Stack, event: object) -> None:
    """An unknown event raises an error without any call; the function does not guess what was meant."""
    with pytest.raises(ValueError, match=r"^not an event of this function$"):
        stack.module("rotate_keys").handler(event, LambdaContext())
    assert stack.wire.calls == []


@pytest.mark.parametrize(
    ("parameter", "value", "text"),
    [
        ("KeyRotationDays", "1.5", "not a whole number: KEY_ROTATION_DAYS"),  # CloudFormation's type Number allows this
        ("KeyPublishHours", "1", "a key is published at least 7200 seconds before it signs"),
    ],
)
def test_wrong_settings_fail_every_call(stack: Stack, parameter: str, value: str, text: str) -> None:
    """K3: with wrong settings no ring is planned; each call fails, which the alarm shows."""
    rotate_keys = stack.with_parameters(**{parameter: value}).rotate_keys()
    for _ in range(2):
        with pytest.raises(SettingsError) as caught:
            rotate_keys(ADVANCE)
        assert str(caught.value) == text
    assert stack.wire.calls == []
