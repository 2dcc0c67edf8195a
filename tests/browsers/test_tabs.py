"""A tab that holds the lock of all tabs, and that is frozen or closed: the others go on."""

from playwright.sync_api import Page

from tests.browsers.conftest import World
from tests.browsers.faults import Hold
from tests.browsers.visitor import Visitor, begin, call, session_of

LOCK_WAIT_MS = 5_000


def holding(world: World, visitor: Visitor) -> tuple[Page, Page, str | None]:
    """Open a tab that holds the lock, because no answer to its refresh comes. Return it, another one and the session.

    Requests that are sent from now on are answered.
    """
    tab = visitor.signed_in()
    holder, other = visitor.open(), visitor.open()
    hold = Hold()
    world.api.always("/auth/refresh", hold)
    begin(holder, "auth.restore()")
    hold.wait()
    held = other.evaluate("navigator.locks.query().then(({ held }) => held.map(({ name }) => name))")
    assert held == ["edge-auth"]
    return holder, other, session_of(tab)


def test_a_frozen_tab_with_the_lock_delays_another_by_the_wait_for_it(world: World, visitor: Visitor) -> None:
    """B8: browsers freeze hidden tabs at any moment, and a frozen tab keeps its lock. Here the debugger stops it."""
    holder, other, session = holding(world, visitor)
    debugger = visitor.context.new_cdp_session(holder)
    debugger.send("Debugger.enable")
    debugger.send("Debugger.pause")
    world.api.mend()
    begun = other.evaluate("performance.now()")

    assert call(other, "me()") == {"value": {"status": 200, "sid": session}}
    took_ms = other.evaluate("performance.now()") - begun
    debugger.detach()
    assert LOCK_WAIT_MS - 100 <= took_ms <= LOCK_WAIT_MS + 2_000


def test_a_closed_tab_gives_the_lock_back(world: World, visitor: Visitor) -> None:
    """B8: another tab's call takes less than a second."""
    holder, other, session = holding(world, visitor)
    begun = other.evaluate("performance.now()")
    visitor.close(holder)
    world.api.mend()

    assert call(other, "me()") == {"value": {"status": 200, "sid": session}}
    assert other.evaluate("performance.now()") - begun <= 1_000
