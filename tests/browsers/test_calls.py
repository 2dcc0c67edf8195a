"""Calls of an API with the client: when it renews the access token, and when it does not."""

import pytest

from tests.browsers.conftest import World
from tests.browsers.faults import answering
from tests.browsers.visitor import Visitor, call, session_of

HOURS = 3600
START = 1_800_000_000  # what the clock of the visitor's machine shows
REFUSED = answering(401, "{}", {"Access-Control-Allow-Origin": "*"})
TAKEN = answering(200, '{"sid":"taken"}', {"Access-Control-Allow-Origin": "*"})
CALLS = "Promise.all(Array.from({ length: %d }, () => me()))"


def test_a_token_that_ends_in_a_burst_of_calls_is_renewed_once(world: World, timed: Visitor) -> None:
    """B11: thirty calls, fifteen before the end and fifteen after it, are all answered."""
    tab = timed.signed_in()
    expected = {"status": 200, "sid": session_of(tab)}

    before = call(tab, CALLS % 15)
    world.pass_time(timed, seconds=901)
    after = call(tab, CALLS % 15)

    assert before["value"] + after["value"] == [expected] * 30
    assert world.api.count("/auth/refresh") == 1


def test_a_401_that_stays_causes_one_refresh_in_half_a_minute(world: World, timed: Visitor) -> None:
    """B12: the caller sees it, because a new token does not help."""
    tab = timed.signed_in()
    world.pass_time(timed, seconds=31)
    world.api.always("/me", REFUSED)
    for _ in range(10):
        assert call(tab, "me()")["value"]["status"] == 401
        world.pass_time(timed, seconds=2.9)

    assert world.api.count("/auth/refresh") == 1
    assert world.api.count("/me") == 11, "one call was sent again"


@pytest.mark.parametrize(
    "body", ["'x'.repeat(100_000)", "new Blob(['x'.repeat(100_000)])", "new URLSearchParams({ x: 'x'.repeat(99_998) })"]
)
def test_a_call_that_is_sent_again_has_its_whole_body(world: World, timed: Visitor, body: str) -> None:
    """B12: a 401, then 200: the request is sent twice, the second time with the new token."""
    tab = timed.signed_in()
    world.pass_time(timed, seconds=31)
    world.api.next("/orders", REFUSED, TAKEN)

    taken = call(tab, f"auth.fetch(`${{url}}/orders`, {{ method: 'POST', body: {body} }}).then((r) => r.status)")

    assert taken == {"value": 200}
    first, second = world.api.sent_to("/orders")
    assert len(first.body) == 100_000
    assert first.body == second.body
    assert first.headers["Authorization"] != second.headers["Authorization"]
    assert "Cookie" not in second.headers
    assert world.api.count("/auth/refresh") == 1


@pytest.mark.parametrize("wrong_hours", [-2, 2])
def test_a_wrong_clock_costs_nothing_and_a_jump_one_refresh_at_most(
    world: World, visitor: Visitor, wrong_hours: int
) -> None:
    """B13: ten calls of a restored page need one refresh; a jump forward one more, a jump back none."""
    visitor.signed_in()
    visitor.context.clock.install(time=START + wrong_hours * HOURS)
    tab = visitor.open()
    for jump_hours, refreshes in ((0, 1), (2, 2), (0, 2)):
        visitor.context.clock.set_system_time(START + (wrong_hours + jump_hours) * HOURS)
        shown = tab.evaluate("[Date.now(), performance.now()]")
        assert shown[0] == pytest.approx((START + (wrong_hours + jump_hours) * HOURS) * 1000, abs=5_000)
        assert shown[1] < 60_000, "the monotonic clock does not jump"
        assert {each["status"] for each in call(tab, CALLS % 10)["value"]} == {200}
        assert world.api.count("/auth/refresh") == refreshes


def test_a_wrong_password_is_one_guess(world: World, timed: Visitor) -> None:
    """B12: with an old token too, the caller sees `invalid_credentials`, and nothing is sent again."""
    tab = timed.signed_in()
    world.pass_time(timed, seconds=31)
    shown = "{ current_password: 'typo', new_password: 'a long new password' }"
    sent = f"{{ method: 'POST', headers: {{ 'Content-Type': 'application/json' }}, body: JSON.stringify({shown}) }}"

    refused = call(tab, f"auth.fetch(`${{url}}/auth/password`, {sent}).then((r) => r.json())")

    assert refused["value"]["error"] == "invalid_credentials"
    assert (world.api.count("/auth/password"), world.api.count("/auth/refresh")) == (1, 0)
