"""Machines whose clocks differ, and a clock that leaps back during a request (F23).

A session is opened, rotated and refreshed on machines with clocks of their own, and its access tokens are checked on
another one. A test moves the one clock to that of the machine that acts. Times are seconds.
"""

import pytest

from edge_auth.errors import InvalidGrant, InvalidToken, TooManyAttempts
from edge_auth.events.security_event import EventName
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.limits.dead_tokens import DeadTokenLimit
from edge_auth.flows.sessions.logout import Reach
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS, ISSUED_AT_LEEWAY_SECONDS
from edge_auth.throttling.limits import DEAD_TOKEN_RATE
from tests.support.deployment import GRACE_SECONDS, POLICY, Clock, Deployment

LARGEST = 120
ACCESS_SECONDS = 300
AHEAD = pytest.mark.parametrize("ahead", [-LARGEST, -30, -5, -1, 1, 5, 30, LARGEST])
LEAPS = pytest.mark.parametrize("leap", [1, 5, 30, LARGEST])


class LeapingClock(Clock):
    """A clock that leaps back after each reading."""

    def __init__(self) -> None:
        """Begin without leaps."""
        super().__init__()
        self.leap_seconds = 0
        self.readings = 0

    def __call__(self) -> int:
        """Return the milliseconds since 1970."""
        now_ms = self.now_ms
        self.readings += 1
        self.advance(seconds=-self.leap_seconds)
        return now_ms


def refreshed_ahead(deployment: Deployment, token: str, ahead: int) -> TokenGrant:
    """Refresh on a machine whose clock is ahead by this."""
    deployment.clock.advance(seconds=ahead)
    try:
        return deployment.refreshed(token)
    finally:
        deployment.clock.advance(seconds=-ahead)


@AHEAD
def test_the_current_token_is_never_refused(deployment: Deployment, ahead: int) -> None:
    """A client alone goes from one machine to the other and back, at once and after pauses."""
    granted = deployment.log_in()
    pauses = (0, 1, GRACE_SECONDS, LARGEST, LARGEST + GRACE_SECONDS)
    for pause in pauses:
        for machine in (ahead, 0, ahead):
            granted = refreshed_ahead(deployment, granted.refresh_token, machine)
            deployment.clock.advance(seconds=pause)

    generation = deployment.token_of(granted).generation
    assert deployment.session_of(granted).generation == generation >= len(pauses)
    assert not [event for event in deployment.events if event.wants_attention]


@AHEAD
def test_in_strict_rotation_each_token_works_once(deployment: Deployment, ahead: int) -> None:
    """Without a window nothing depends on a clock: every refresh rotates, and the token before it is reuse."""
    deployment.limits = deployment.limits._replace(grace_seconds=0)
    first = deployment.log_in()
    second = refreshed_ahead(deployment, first.refresh_token, ahead)
    third = deployment.refreshed(second.refresh_token)
    fourth = refreshed_ahead(deployment, third.refresh_token, ahead)

    assert [deployment.token_of(granted).generation for granted in (second, third, fourth)] == [1, 2, 3]
    with pytest.raises(InvalidGrant):
        deployment.refreshed(third.refresh_token)
    assert deployment.end_of(first).reason == "reused"


@pytest.mark.parametrize("is_used", [True, False])
@AHEAD
def test_the_window_is_longer_or_shorter_by_the_difference_and_no_more(
    deployment: Deployment, ahead: int, *, is_used: bool
) -> None:
    """A machine is asked each second after another one rotated. After the window, a used token is a late retry.

    A window that is shorter than nothing is none. The question itself makes no window longer.
    """
    first = deployment.log_in()
    second = deployment.refreshed(first.refresh_token)
    within, after, window = {
        True: (EventName.REFRESH_CONVERGED, EventName.REFRESH_RETRIED_LATE, GRACE_SECONDS + 1 - ahead),
        False: (EventName.REFRESH_COALESCED, EventName.REFRESH_ROTATED, GRACE_SECONDS - ahead),
    }[is_used]
    deployment.names()

    told: list[EventName] = []
    while after not in told:
        third = refreshed_ahead(deployment, (first if is_used else second).refresh_token, ahead)
        told += deployment.names()
        deployment.clock.advance(seconds=1)

    assert told == [within] * max(0, window) + [after]
    assert deployment.token_of(third).generation == deployment.session_of(first).generation == 2


@AHEAD
def test_an_access_token_is_accepted_within_its_leeways_by_the_clock_of_the_authorizer(
    deployment: Deployment, ahead: int
) -> None:
    """From 30 seconds before `iat` to 5 after `exp`. Within these a difference denies nothing while the token lives."""
    granted = deployment.refresh(deployment.log_in().refresh_token, POLICY._replace(ttl_seconds=ACCESS_SECONDS))
    issued_ms = deployment.clock()

    accepted = []
    for age in range(ACCESS_SECONDS + LARGEST + EXPIRY_LEEWAY_SECONDS + 1):
        deployment.clock.now_ms = issued_ms + (age + ahead) * 1000
        try:
            deployment.claims_of(granted)
        except InvalidToken:
            continue
        accepted.append(age)

    first = max(0, -ISSUED_AT_LEEWAY_SECONDS - ahead)
    assert accepted == list(range(first, ACCESS_SECONDS + EXPIRY_LEEWAY_SECONDS - ahead))
    if -ISSUED_AT_LEEWAY_SECONDS <= ahead <= EXPIRY_LEEWAY_SECONDS:
        assert set(range(ACCESS_SECONDS)) <= set(accepted)


@AHEAD
def test_the_clock_of_the_login_denies_no_token_of_a_later_refresh(deployment: Deployment, ahead: int) -> None:
    """Its `auth_time` may be later than its `iat`."""
    deployment.clock.advance(seconds=ahead)
    granted = deployment.log_in()
    deployment.clock.advance(seconds=-ahead)

    claims = deployment.claims_of(deployment.refreshed(granted.refresh_token))

    assert claims.auth_time - claims.iat == ahead


@pytest.fixture
def leaping(deployment: Deployment) -> LeapingClock:
    """Return the deployment's clock. A dead token waits, so that each refresh reads the clock more than once."""
    clock = LeapingClock()
    deployment.clock, deployment.revocations = clock, deployment.feed
    deployment.dead_tokens = DeadTokenLimit(deployment.attempts, clock, deployment.events.append)
    dead = deployment.log_in().refresh_token
    deployment.logout(dead, Reach.ONE)
    for _ in range(DEAD_TOKEN_RATE.burst):
        with pytest.raises(InvalidGrant):
            deployment.refreshed(dead)
    with pytest.raises(TooManyAttempts):
        deployment.refreshed(dead)
    return clock


@pytest.mark.parametrize(
    ("is_used", "pause", "told"),
    [
        (False, LARGEST + GRACE_SECONDS, EventName.REFRESH_ROTATED),
        (False, 0, EventName.REFRESH_COALESCED),
        (True, 0, EventName.REFRESH_CONVERGED),
        (True, LARGEST + GRACE_SECONDS + 1, EventName.REFRESH_RETRIED_LATE),
    ],
)
@LEAPS
def test_a_leap_during_a_refresh_ends_and_loses_nothing(
    deployment: Deployment,
    leaping: LeapingClock,
    leap: int,
    is_used: bool,  # noqa: FBT001 - a table
    pause: int,
    told: EventName,
) -> None:
    """The token means what it means without a leap, and its successor is good by the clock before it and after it."""
    first = deployment.log_in()
    second = deployment.refreshed(first.refresh_token)
    leaping.advance(seconds=pause)
    deployment.names()
    before_ms, leaping.readings, leaping.leap_seconds = leaping.now_ms, 0, leap

    third = deployment.refreshed((first if is_used else second).refresh_token)

    assert leaping.readings > 1
    leaping.leap_seconds = 0
    assert deployment.names() == [told]
    for now_ms in (leaping.now_ms, before_ms):
        leaping.now_ms = now_ms
        third = deployment.refreshed(third.refresh_token)
    assert not [event for event in deployment.events if event.wants_attention]


@LEAPS
def test_a_leap_during_a_reuse_changes_nothing_about_it(
    deployment: Deployment, leaping: LeapingClock, leap: int
) -> None:
    """The session ends, a person and the authorizers are told once, and its tokens stay dead."""
    first = deployment.log_in()
    second = deployment.refreshed(first.refresh_token)
    for _ in range(2):
        leaping.advance(seconds=LARGEST * 10)
        second = deployment.refreshed(second.refresh_token)
    deployment.names()
    leaping.leap_seconds = leap

    with pytest.raises(InvalidGrant):
        deployment.refreshed(first.refresh_token)

    leaping.leap_seconds = 0
    assert deployment.end_of(first).reason == "reused"
    assert first.session_id in deployment.feed.session_ids
    for token in (first, second):
        with pytest.raises(InvalidGrant):
            deployment.refreshed(token.refresh_token)
    assert deployment.names().count(EventName.REFRESH_TOKEN_REUSED) == 1
