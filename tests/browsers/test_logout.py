"""Logout in a real browser: at once in every tab, never undone, and nothing private comes back."""

from playwright.sync_api import Page

from tests.browsers.conftest import World
from tests.browsers.faults import Hold, delayed
from tests.browsers.visitor import Visitor, begin, call, finish, login, session_of
from tests.support.browser import REFRESH_COOKIE
from tests.support.people import PASSWORD
from tests.support.stack import TABLES

TRIES = 5
# One page, with a second client in a frame as the other tab. Each round: log in, refresh and log out almost at once.
RACE = """async ([rounds, refreshFirst]) => {
  const frame = document.body.appendChild(document.createElement("iframe"));
  frame.src = "/";
  await new Promise((done) => { frame.onload = done; });
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const ends = [];
  for (let round = 0; round < rounds; round++) {
    await auth.login(CREDENTIALS);
    const other = frame.contentWindow.createAuth({ url }); // without a token, so it must ask
    const acts = [() => outcome(other.restore()), () => outcome(auth.logout())];
    if (!refreshFirst) acts.reverse();
    const first = acts[0]();
    await sleep(Math.random() * 15);
    await Promise.all([first, acts[1]()]);
    const later = frame.contentWindow.createAuth({ url });
    ends.push([auth.session, other.session ?? null, await later.restore()]);
  }
  return ends;
}"""


def test_a_logout_reaches_the_other_tabs_before_the_server(world: World, visitor: Visitor) -> None:
    """B14: they hold no token 100 ms later, their calls go out without one, and cause no refresh."""
    tab, other = visitor.signed_in(), visitor.open()
    times = []
    for _ in range(TRIES):
        login(tab)
        other.wait_for_function("auth.session")
        hold = Hold()
        world.api.next("/auth/logout", hold)
        clicked = tab.evaluate("() => { window.begun = outcome(auth.logout()); return Date.now(); }")
        other.wait_for_function("auth.session === null")
        times.append(other.evaluate("seen.at(-1)[1]") - clicked)
        hold.wait()
        hold.release()
        assert finish(tab) == {"value": None}

    assert min(times) <= 100, "the fastest, because a busy machine is not a fault"
    assert call(other, "me()") == {"value": {"status": 401, "sid": None}}
    assert "Authorization" not in world.api.sent_to("/me")[-1].headers
    assert world.api.count("/auth/refresh") == 0
    assert REFRESH_COOKIE not in visitor.cookies()
    assert world.generations() == {}


def test_a_logout_during_a_refresh_holds(world: World, visitor: Visitor) -> None:
    """B15: both orders, 15 times each. The client's own tests have 100 of each, with and without locks."""
    tab = visitor.open()
    world.api.always("/auth/refresh", delayed(0.005, 0.005))
    credentials = f"{{ username: 'ada', password: '{PASSWORD}' }}"

    for refresh_first in (True, False):
        ends = tab.evaluate(RACE.replace("CREDENTIALS", credentials), [15, refresh_first])
        assert ends == [[None, None, False]] * 15
        assert world.generations() == {}
        assert REFRESH_COOKIE not in visitor.cookies()


def test_the_back_button_brings_no_private_page_back(world: World, visitor: Visitor) -> None:
    """B18: the browser keeps pages in memory, with their variables and what they show."""
    tab, other = visitor.signed_in(), visitor.open()
    assert goes_back(world, tab) == {"persisted": True, "text": "private"}, (
        "it is kept as long as the user is signed in"
    )
    tab.wait_for_function("auth.session")

    leave(world, tab)
    assert call(other, "auth.restore()") == {"value": True}
    assert call(other, "auth.logout()") == {"value": None}
    shown = come_back(tab)

    assert shown == {"persisted": False, "text": ""}, "the message of the logout evicts it"
    assert call(tab, "auth.restore()") == {"value": False}
    assert session_of(tab) is None
    assert call(tab, "auth.token()") == {"value": None}


def leave(world: World, tab: Page) -> None:
    """Show something private, and go to another page."""
    tab.evaluate(
        """() => {
          const shown = document.body.appendChild(document.createElement("p"));
          shown.textContent = "private";
          onpageshow = ({ persisted }) => { window.persisted = persisted; };
        }"""
    )
    tab.goto(f"{world.neighbour}/")


def come_back(tab: Page) -> object:
    """Go back, and return whether the page came from memory, and its text."""
    tab.evaluate("void setTimeout(() => history.back())")
    tab.wait_for_function("window.auth")
    return tab.evaluate("({ persisted: window.persisted === true, text: document.body.innerText.trim() })")


def goes_back(world: World, tab: Page) -> object:
    """Leave and come back."""
    leave(world, tab)
    return come_back(tab)


def test_a_page_from_memory_asks_before_it_shows_anything(world: World, visitor: Visitor) -> None:
    """B18: an end that no message told, here one on another machine, is found out on the way back."""
    tab = visitor.signed_in()
    assert goes_back(world, tab) == {"persisted": True, "text": "private"}
    tab.wait_for_function("auth.session")
    leave(world, tab)
    world.stack.dynamodb.delete_item(
        TableName=TABLES["SessionsTable"],
        Key={name: world.stack.session_items()[0][name] for name in ("user_id", "session_id")},
    )

    come_back(tab)

    tab.wait_for_function("auth.session === null")
    assert [each for each, _ in tab.evaluate("seen")][-2:] == [None, None], "first undefined, then null"
    assert call(tab, "auth.token()") == {"value": None}


def test_an_offline_logout_holds_and_is_finished_online(world: World, visitor: Visitor) -> None:
    """B20: through a reload and a new start of the page; then the session ends on the server before anything else."""
    tab = visitor.signed_in()
    session = session_of(tab)
    visitor.context.set_offline(offline=True)
    begin(tab, "auth.logout()")
    assert session_of(tab) is None
    assert finish(tab)["error"] == "Unavailable"
    assert call(tab, "auth.restore()") == {"value": False}
    assert world.generations() == {session: 0}
    visitor.close(tab)

    visitor.context.set_offline(offline=False)
    reloaded = visitor.open()
    assert session_of(reloaded) is None, "known from the note, without a request"
    assert call(reloaded, "auth.restore()") == {"value": False}
    assert world.generations() == {}
    assert (world.api.count("/auth/logout"), world.api.count("/auth/refresh")) == (1, 0)
    assert reloaded.evaluate("localStorage.length") == 0
