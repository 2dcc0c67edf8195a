"""Signing in: what the browser keeps, and what a page sees of it."""

from tests.browsers.conftest import World
from tests.browsers.visitor import Visitor, call, session_of
from tests.support.browser import REFRESH_COOKIE


def test_a_reload_needs_one_refresh_and_keeps_the_session(world: World, visitor: Visitor) -> None:
    """B4: the access token is in memory only, so a loaded page asks for a new one."""
    tab = visitor.signed_in()
    session = session_of(tab)
    tab.reload()
    tab.wait_for_function("window.auth")

    assert call(tab, "auth.restore()") == {"value": True}
    assert session_of(tab) == session
    assert call(tab, "me()") == {"value": {"status": 200, "sid": session}}
    assert world.api.count("/auth/refresh") == 1
    assert REFRESH_COOKIE in visitor.cookies()
