"""Trouble between the page and the API: lost answers, no network, errors. None of it is a logout."""

from itertools import pairwise

import pytest

from tests.browsers.conftest import World
from tests.browsers.faults import Hold, answering, lost_answer, of_gateway
from tests.browsers.visitor import Visitor, begin, call, finish, session_of
from tests.support.browser import REFRESH_COOKIE

DAY_SECONDS = 86_400
GRACE_SECONDS = 30


def without_token(visitor: Visitor) -> tuple[str | None, object]:
    """Open a tab that has a session and no access token yet. Return the session and the cookie."""
    tab = visitor.signed_in()
    return session_of(tab), visitor.cookies()[REFRESH_COOKIE]["value"]


@pytest.mark.parametrize("lost", [1, 3])
def test_lost_answers_cost_seconds_and_no_session(world: World, visitor: Visitor, lost: int) -> None:
    """B7: one lost answer costs less than 5 s; after three the page is told so, and the next call needs no login."""
    session, _ = without_token(visitor)
    tab = visitor.open()
    world.api.next("/auth/refresh", *[lost_answer] * lost)
    begun = tab.evaluate("performance.now()")
    outcome = call(tab, "me()")

    if lost == 1:
        assert tab.evaluate("performance.now()") - begun <= 5_000
    else:
        assert outcome["error"] == "Unavailable"
        assert tab.evaluate("auth.session") is None, "undefined: not known"
        outcome = call(tab, "me()")
    assert outcome == {"value": {"status": 200, "sid": session}}
    assert world.generations() == {session: 1}, "the server takes the same token again"


def test_offline_is_no_logout(world: World, timed: Visitor) -> None:
    """B9: calls fail as without this client; without a good token they are `Unavailable`; online all is as before."""
    tab = timed.signed_in()
    session = session_of(tab)
    timed.context.set_offline(offline=True)
    assert call(tab, "me()")["error"] == "TypeError"
    world.pass_time(timed, seconds=60)
    assert call(tab, "me()")["error"] == "TypeError"
    world.pass_time(timed, seconds=DAY_SECONDS)
    assert call(tab, "me()")["error"] == "Unavailable"
    assert session_of(tab) == session

    timed.context.set_offline(offline=False)
    world.pass_time(timed, seconds=5)
    assert call(tab, "me()") == {"value": {"status": 200, "sid": session}}
    assert world.api.count("/auth/login") == 1


def test_errors_are_waited_for_and_change_nothing(world: World, visitor: Visitor) -> None:
    """B10: 503 with `Retry-After: 3`, 429 of API Gateway, and the page of a proxy with 502, one after the other."""
    session, cookie = without_token(visitor)
    tab = visitor.open()
    readable = {"Access-Control-Allow-Origin": world.app, "Access-Control-Allow-Credentials": "true"}
    exposed = {"Access-Control-Expose-Headers": "Retry-After", "Retry-After": "3"}
    busy = answering(503, '{"error":"temporarily_unavailable"}', readable | exposed)
    page = answering(502, "<html>Bad gateway</html>", {"Content-Type": "text/html"})
    # The third request meets a hold, so that the state before its success can be seen.
    hold = Hold()
    world.api.next("/auth/refresh", busy, of_gateway("THROTTLED"), hold)
    begin(tab, "me()")
    hold.wait()
    assert visitor.cookies()[REFRESH_COOKIE]["value"] == cookie
    assert tab.evaluate("auth.session") is None
    hold.release()
    assert finish(tab) == {"value": {"status": 200, "sid": session}}
    first, second, third = (arrival.at_seconds for arrival in world.api.sent_to("/auth/refresh"))
    assert second - first >= 3
    assert third - second >= 1

    other = visitor.open()
    world.api.next("/auth/refresh", page, page, page)
    assert call(other, "me()") == {"error": "Unavailable", "code": None, "status": None, "retryAfter": 1}
    assert call(other, "me()") == {"value": {"status": 200, "sid": session}}
    assert [answer.cookies for answer in world.api.answers if answer.status >= 400] == [[]] * 5
    later = [arrival.at_seconds for arrival in world.api.sent_to("/auth/refresh")[3:]]
    assert min(after - before for before, after in pairwise(later)) >= 1


def test_a_page_that_was_closed_during_its_refresh_is_signed_in_later(world: World, visitor: Visitor) -> None:
    """B19: the next cookie is lost, and the server takes the late retry for what it is: no alarm."""
    tab = visitor.signed_in()
    session, before = session_of(tab), visitor.cookies()[REFRESH_COOKIE]["value"]
    hold = Hold(lost_answer)
    world.api.always("/auth/refresh", hold)
    other = visitor.open("/restoring")
    hold.wait()
    visitor.close(tab)
    visitor.close(other)
    hold.release()
    world.api.mend()
    world.clock.advance(seconds=GRACE_SECONDS + 15)
    assert visitor.cookies()[REFRESH_COOKIE]["value"] == before

    back = visitor.open("/restoring")

    assert finish(back) == {"value": True}
    assert session_of(back) == session
    [late] = world.events("refresh_retried_late")
    assert late["session_id"] == session
    assert world.events("refresh_token_reused") == []
    assert [line for line in world.stack.output.security_events() if line["level"] != "INFO"] == []


STEP_UP = "import('/edge-auth-account.js').then((all) => all.createAccount({ url, auth }).stepUp({ otp: '123456' }))"


def test_a_step_up_in_a_session_that_ended_elsewhere_signs_out(world: World, visitor: Visitor) -> None:
    """API Gateway's own 401 is not readable where a request has cookies, so no outcome may depend on it."""
    tab = visitor.signed_in()
    world.api.always("/auth/step-up", of_gateway("ACCESS_DENIED"))
    visitor.context.clear_cookies()

    for _ in range(2):
        outcome = call(tab, STEP_UP)
        assert outcome == {"error": "Refused", "code": "invalid_token", "status": 0, "retryAfter": None}
    assert session_of(tab) is None
    assert (world.api.count("/auth/refresh"), world.api.count("/auth/step-up")) == (1, 0)


def test_a_step_up_shows_no_access_token_of_before(world: World, visitor: Visitor) -> None:
    """The key of that one may have been replaced, and the page could not read that it is refused."""
    tab = visitor.signed_in()
    before = tab.evaluate("auth.token()")

    assert call(tab, STEP_UP)["error"] == "Refused"

    [sent] = world.api.sent_to("/auth/step-up")
    assert sent.headers["Authorization"].startswith("Bearer ")
    assert sent.headers["Authorization"] != f"Bearer {before}"
