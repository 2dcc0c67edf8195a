"""Signing in: by a form, by a reload, by a link from a mail, and over another session."""

import pytest

from tests.browsers.conftest import World
from tests.browsers.faults import Hold
from tests.browsers.visitor import Visitor, begin, call, finish, login, session_of
from tests.support.browser import REFRESH_COOKIE
from tests.support.people import PASSWORD


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


@pytest.mark.parametrize("way", ["", "/to/{stranger}/to/"], ids=["a link", "a chain of redirects"])
def test_a_page_from_a_link_of_another_site_is_signed_in(world: World, visitor: Visitor, way: str) -> None:
    """B25: the request for the page has no Strict cookie, and the page's own requests have it."""
    session = session_of(visitor.signed_in())
    mail = visitor.context.new_page()
    mail.goto(world.stranger)
    address = f"{way and world.stranger + way.format(stranger=world.stranger)}{world.app}/restoring"
    mail.evaluate(f"document.body.innerHTML = '<a href=\"{address}\">Open</a>'")
    mail.click("a")
    mail.wait_for_function("window.begun")

    assert finish(mail) == {"value": True}
    assert session_of(mail) == session
    assert world.documents[-1]["Sec-Fetch-Site"] == "cross-site"
    assert REFRESH_COOKIE not in world.documents[-1].get("Cookie", "")
    visitor.open()
    assert REFRESH_COOKIE in world.documents[-1]["Cookie"], "a visit without a link has the cookie"


@pytest.mark.parametrize("when", ["before the login", "after the login"])
def test_a_login_during_a_refresh_is_the_session_that_stays(world: World, timed: Visitor, when: str) -> None:
    """B16: the late answer to the earlier session neither replaces nor removes the new cookie."""
    tab, other = timed.signed_in(), timed.open()
    earlier = session_of(tab)
    world.pass_time(timed, seconds=3600)
    hold = Hold()
    world.api.always("/auth/refresh", hold)
    begin(tab, "auth.token()")
    hold.wait()
    begin(other, f"auth.login({{ username: 'ada', password: '{PASSWORD}' }})")
    world.pass_time(timed, seconds=4)
    if when == "before the login":
        hold.release()
    else:
        world.pass_time(timed, seconds=2)  # the login does not wait for the lock any more
    assert finish(other) == {"value": None}
    later = session_of(other)
    tab.wait_for_function("id => auth.session?.id === id", arg=later)
    hold.release()
    world.api.mend()

    world.pass_time(timed, seconds=10)
    assert later != earlier
    assert [call(page, "me()")["value"] for page in (tab, other)] == [{"status": 200, "sid": later}] * 2
    tab.reload()
    tab.wait_for_function("window.auth")
    assert call(tab, "auth.restore()") == {"value": True}
    assert session_of(tab) == later
    assert world.generations().keys() == {later}


def test_another_user_in_another_tab_is_told_and_never_mixed(world: World, visitor: Visitor) -> None:
    """B17: from the moment at which a tab knows of the new user, all its calls are the new user's."""
    tab, other = visitor.signed_in("ada"), visitor.open()
    ada = session_of(tab)
    hold = Hold()
    world.api.next("/me", hold)
    begin(tab, "me()")
    hold.wait()
    login(other, "bob")
    bob = session_of(other)
    tab.wait_for_function("id => auth.session?.id === id", arg=bob)
    hold.release()

    assert finish(tab) == {"value": {"status": 200, "sid": ada}}, "it was sent as ada"
    assert call(tab, "me()") == call(other, "me()") == {"value": {"status": 200, "sid": bob}}
    assert [id_ for id_, _ in tab.evaluate("seen")] == [None, ada, bob]
    assert world.generations().keys() == {bob}


def test_a_worker_that_passes_requests_through_disturbs_nothing(visitor: Visitor) -> None:
    """B2, B4: service workers may neither keep nor serve what the client sends."""
    tab = visitor.open("/with-worker")
    tab.wait_for_function("navigator.serviceWorker.controller")
    login(tab)
    session = session_of(tab)
    tab.reload()
    tab.wait_for_function("window.auth && navigator.serviceWorker.controller")

    assert call(tab, "auth.restore()") == {"value": True}
    assert call(tab, "me()") == {"value": {"status": 200, "sid": session}}
    assert call(tab, "auth.logout()") == {"value": None}
