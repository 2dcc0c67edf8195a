"""A visitor of the try-it page who has a keyboard and no mouse, and remembers every token that passed."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, Route, ViewportSize, expect

MOST_TABS = 90  # more than the page has places for the focus
PATIENCE_MS = 60_000  # of a busy machine
LOOK_SECONDS = 0.2  # the stream is asked once a second
OPENS_A_SESSION = ("/auth/login", "/auth/refresh", "/auth/step-up", "/auth/passkeys/sign-in")
# Of the place that has the focus: its id or its label, and whether it is framed.
FOCUS = """() => {
  const { id, ariaLabel } = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  return [id || ariaLabel, outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
}"""
STORED = """async () => [
  document.cookie, location.href, JSON.stringify(localStorage), JSON.stringify(sessionStorage),
  JSON.stringify(await indexedDB.databases()), JSON.stringify(await caches.keys()), document.documentElement.outerHTML,
].join()"""


class PageVisitor:
    """Walks through the page. Each act is a press of Enter on a button that Tab has reached."""

    def __init__(self, page: Page) -> None:
        """Listen to everything that the page sends, gets and says in the console."""
        self.page = page
        self.secrets: set[str] = set()
        self.places: list[str] = []  # addresses and console
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.places.append(f"error: {error}"))
        page.on("request", lambda request: self.places.append(request.url))
        page.on("response", self._remember)

    @classmethod
    @contextmanager
    def at(cls, browser: Browser, origin: str, *, width: int, height: int, scheme: str) -> Iterator[Self]:
        """Open the page in a browser of its own, in a colour scheme."""
        viewport: ViewportSize = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, color_scheme="dark" if scheme == "dark" else "light")
        page = context.new_page()
        visitor = cls(page)
        page.clock.install()
        page.goto(origin)
        yield visitor
        context.close()

    def reach(self, name: str) -> None:
        """Press Tab until the element with this id or label has the focus, and check that this is seen."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            focused, is_framed = self.page.evaluate(FOCUS)
            if focused == name:
                assert is_framed, f"{name} has the focus, and does not show it"
                return
        raise AssertionError(f"Tab does not reach {name}")

    def press(self, name: str, says: str) -> None:
        """Reach a button, press it, and wait until the page says this."""
        self.reach(name)
        self.page.keyboard.press("Enter")
        self.hear(says)

    def fill(self, name: str, text: str, says: str) -> None:
        """Reach a field, type a text and Enter, and wait until the page says this."""
        self.reach(name)
        self.type(text, says)

    def type(self, text: str, says: str) -> None:
        """Type a text and Enter where the focus is, and wait until the page says this."""
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        self.hear(says)

    def follow(self, path: str) -> str:
        """Wait for a mail with a link to this page, reach the link, and follow it. Return the proof of the link."""
        link = self.page.locator("#mails a").first
        give_up = time.monotonic() + PATIENCE_MS / 1000
        while not (link.count() and link.inner_text() == f"{path}#…"):
            assert time.monotonic() < give_up, f"no mail leads to {path}"
            self.press("look", says="mails")
            time.sleep(LOOK_SECONDS)
        proof = str(link.get_attribute("href")).partition("#")[2]
        self.reach(str(link.get_attribute("id")))
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"**{path}")
        return proof

    def hold(self, address: str) -> list[Route]:
        """Hold each request to this address from now on. Return the list of those that wait for an answer."""
        waiting: list[Route] = []

        def wait(route: Route) -> None:
            waiting.append(route)

        self.page.route(address, wait)
        return waiting

    def hear(self, text: str) -> None:
        """Wait until the page says this, to screen readers too."""
        expect(self.page.locator("#says")).to_contain_text(text, timeout=PATIENCE_MS)
        self.secrets.update(cookie.get("value", "") for cookie in self.page.context.cookies())

    def text(self, element_id: str) -> str:
        """Return what an element shows."""
        return self.page.locator(f"#{element_id}").inner_text()

    def expect_count(self, selector: str, count: int) -> None:
        """Wait until the page has this many elements."""
        expect(self.page.locator(selector)).to_have_count(count, timeout=PATIENCE_MS)

    def events(self) -> list[str]:
        """Return the security events in the list of requests, the newest first."""
        return [event for event in self.page.locator("#requests .event").all_inner_texts() if event]

    def violations(self) -> list[str]:
        """Return what axe finds on the page."""
        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {[node['target'] for node in each['nodes']]}" for each in found]

    def overflow(self) -> int:
        """Return how many pixels the page is wider than its window."""
        wider: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return wider

    def leaked(self) -> list[str]:
        """Return the places with a token that passed: storage, address, console, and the page itself."""
        places = [*self.places, self.page.evaluate(STORED)]
        return [place for place in places if any(secret in place for secret in self.secrets if secret)]

    def _hear(self, message: ConsoleMessage) -> None:
        self.places.append(message.text)

    def _remember(self, response: Response) -> None:
        if response.ok and response.url.endswith(OPENS_A_SESSION):
            self.secrets.add(json.loads(response.body())["access_token"])
