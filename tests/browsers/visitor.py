"""A browser with one user before it: tabs, cookies, and a watch that no token shows up where a script can read it."""

from collections.abc import Iterable
from typing import Any, cast

from playwright.sync_api import BrowserContext, Page

from tests.support.people import PASSWORD

Outcome = dict[str, Any]
"""`value`, or `error` with the name of the error, and `code`, `status` and `retryAfter` if it has them."""

# What scripts of this tab can read. `storage_state` lists the databases too, but not these.
READABLE = """async () => {
  const cached = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      cached.push(request.url, ...request.headers.values(), await (await cache.match(request)).text());
    }
  }
  return JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie, history.state, cached]);
}"""


class Visitor:
    """One profile of a browser. Its tabs share cookies, storage, locks and channels."""

    def __init__(self, context: BrowserContext, app: str) -> None:
        """Watch everything that its pages show."""
        self.context = context
        self.app = app
        self.told: list[str] = []
        context.on("console", lambda message: self.told.append(message.text))
        context.on("request", lambda request: self.told.append(request.url))
        context.on("weberror", lambda error: self.told.append(str(error.error)))

    def open(self, path: str = "/") -> Page:
        """Open a tab with the app."""
        tab = self.context.new_page()
        tab.goto(f"{self.app}{path}")
        tab.wait_for_function("window.auth")
        return tab

    def signed_in(self, username: str = "ada") -> Page:
        """Open a tab with the app, and log in."""
        tab = self.open()
        login(tab, username)
        return tab

    def close(self, tab: Page) -> None:
        """Close a tab, after a look at what it stored."""
        self._look_into(tab)
        tab.close()

    def cookies(self) -> dict[str, Any]:
        """Return the cookies of the API, by their names."""
        return {cookie["name"]: cookie for cookie in self.context.cookies(self.app)}

    def leaked(self, secrets: Iterable[str]) -> list[str]:
        """Return the places that scripts can read and where one of the secrets is."""
        for tab in self.context.pages:
            self._look_into(tab)
        state = self.context.storage_state(indexed_db=True)
        self.told.append(repr(state["origins"]))
        return [text for text in self.told if any(secret in text for secret in secrets)]

    def _look_into(self, tab: Page) -> None:
        self.told.append(tab.url)
        if tab.url.startswith("http"):
            self.told.append(tab.evaluate(READABLE))


def call(tab: Page, expression: str) -> Outcome:
    """Evaluate an expression, wait for its promise, and return what came of it."""
    return cast("Outcome", tab.evaluate(f"() => outcome({expression})"))


def begin(tab: Page, expression: str) -> None:
    """Evaluate an expression, and do not wait for its promise. `finish` does."""
    tab.evaluate(f"() => void (window.begun = outcome({expression}))")


def finish(tab: Page) -> Outcome:
    """Return what came of the promise of `begin`, or of a restoring page."""
    return cast("Outcome", tab.evaluate("() => window.begun"))


def login(tab: Page, username: str = "ada") -> None:
    """Log in."""
    outcome = call(tab, f"auth.login({{ username: '{username}', password: '{PASSWORD}' }})")
    assert "error" not in outcome, outcome


def session_of(tab: Page) -> str | None:
    """Return the id of the session that the page knows of. None is signed out.

    Raises:
        AssertionError: the page does not know yet.

    """
    known = tab.evaluate("() => auth.session === undefined ? 'unknown' : auth.session && auth.session.id")
    assert known != "unknown"
    return cast("str | None", known)
