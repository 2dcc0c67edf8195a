"""The example of a server-rendered site, in Chromium: its own pages, its one script, and links from elsewhere."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browsers.conftest import PATIENCE_MS
from tests.browsers.servers import Pages, serving
from tests.support.browser import SESSION_COOKIE
from tests.support.example_site import serving_site
from tests.support.people import PASSWORD
from tests.support.stack import Stack


@pytest.fixture
def origin(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the origin of the site."""
    with serving_site(stack, monkeypatch) as origin:
        yield origin


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Yield a page of a new visitor."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def sign_in(page: Page, origin: str, password: str = PASSWORD) -> None:
    """Fill the form of the sign-in page, and send it."""
    page.goto(f"{origin}/")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_user_signs_in_and_out(page: Page, origin: str) -> None:
    """A wrong password is told. No script reads the cookie, and it is gone after the sign-out."""
    sign_in(page, origin, password="not-the-password")
    page.get_by_role("alert").get_by_text("password").wait_for()
    sign_in(page, origin)
    page.wait_for_url(f"{origin}/account")

    [cookie] = [each for each in page.context.cookies() if each["name"] == SESSION_COOKIE]
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("link", name="Sessions").click()
    page.get_by_text("This session").wait_for()
    page.get_by_role("button", name="Sign out").click()

    page.wait_for_url(f"{origin}/sign-in")
    assert SESSION_COOKIE not in {each["name"] for each in page.context.cookies()}
    page.go_back()
    page.wait_for_url(f"{origin}/sign-in")


def test_another_site_leads_to_a_page_and_changes_nothing(page: Page, origin: str, stack: Stack) -> None:
    """B30, B33: its link opens the page of a user who is signed in. Its form comes without the cookie.

    The form of another page of the same site comes with the cookie, and is refused.
    """
    sign_in(page, origin)
    page.wait_for_url(f"{origin}/account")
    strange = f"""<a href="{origin}/account">Look</a>
        <form method="post" action="{origin}/sessions/end-others"><button>Win</button></form>"""
    before = stack.session_items()
    with serving(Pages({"/": ("text/html", strange)})) as port:
        page.goto(f"http://localhost:{port}/")
        page.get_by_role("link").click()
        page.get_by_role("heading", name="Account").wait_for()
        page.goto(f"http://localhost:{port}/")
        page.get_by_role("button").click()
        page.wait_for_url(f"{origin}/account")  # as a stranger it is led to the sign-in, which leads the user on
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_role("button").click()
        page.get_by_text("does not come from a page of this site").wait_for()

    assert stack.session_items() == before
