"""A stolen cookie: the thief's program replays it, and the page learns that the session is over."""

import requests

from tests.browsers.conftest import World
from tests.browsers.visitor import Visitor, call, session_of
from tests.support.browser import REFRESH_COOKIE

GRACE_SECONDS = 30


def test_a_stolen_cookie_ends_the_session_for_the_thief_and_for_the_page(world: World, visitor: Visitor) -> None:
    """B29: replayed after the grace window from another client, when the owner has refreshed twice since."""
    tab = visitor.signed_in()
    session = session_of(tab)
    stolen = visitor.cookies()[REFRESH_COOKIE]["value"]
    for _ in range(2):
        world.clock.advance(seconds=GRACE_SECONDS + 1)
        assert call(visitor.open(), "auth.restore()") == {"value": True}
    world.clock.advance(seconds=GRACE_SECONDS + 1)

    thief = requests.post(
        f"{world.address}/auth/refresh",
        json={},
        headers={"Cookie": f"{REFRESH_COOKIE}={stolen}", "Origin": world.app, "X-Edge-Auth": "1"},
        timeout=10,
    )

    assert (thief.status_code, thief.json()["error"]) == (400, "invalid_grant")
    assert call(visitor.open(), "auth.restore()") == {"value": False}
    page = visitor.open("/restoring")
    page.wait_for_function("auth.session === null")
    [reused] = world.events("refresh_token_reused")
    assert reused["session_id"] == session
    assert world.generations() == {}
