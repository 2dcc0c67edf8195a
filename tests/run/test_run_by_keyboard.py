"""The try-it page of `make run`, in Chromium: by keyboard alone, on a phone, and without a token in a wrong place."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.run.serving import Serving

pytest.importorskip("axe_playwright_python", reason="needs the package playwright, and axe for it")

from tests.run.page_visitor import PageVisitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_every_act_can_be_reached_and_done_by_keyboard(browser: "Browser", serving: Serving, figures: Path) -> None:
    """B35: each act has its effect, axe finds nothing, and no token is where a script could find it."""
    origin = serving.environment()[3]
    with PageVisitor.at(browser, origin, width=1100, height=1120, scheme="light") as visitor:
        visitor.reach("username")
        assert visitor.violations() == []
        visitor.reach("password")
        visitor.page.keyboard.press("Enter")
        visitor.hear("You are signed in")
        assert [visitor.text("who"), visitor.page.evaluate("document.activeElement.id")] == [
            "signed in as ada",
            "who-am-i",
        ]

        visitor.press("end-others", says="All other sessions have ended")
        visitor.press("phone", says="A phone has signed in")
        assert visitor.text("sessions").count("Phone") == 1
        visitor.press("End the session Phone", says="has ended")
        assert visitor.text("sessions").count("Phone") == 0
        visitor.press("phone", says="A phone has signed in")

        visitor.press("who-am-i", says="as the API sees you")
        visitor.press("call", says="GET /me: 200")
        first = visitor.text("claims")
        visitor.press("refresh", says="a new access token")
        assert visitor.text("claims") != first

        visitor.press("expire", says="Nothing is sent until")
        visitor.page.clock.fast_forward(61_000)
        visitor.hear("the call of /me refreshed first")

        visitor.press("lose", says="The answer was lost")
        assert "answer lost" in visitor.text("requests")
        visitor.press("tabs", says="8 of 8 tabs are signed in")
        for experiment in ("lose-late", "offline"):
            visitor.reach(experiment)
        assert visitor.violations() == []
        visitor.page.evaluate("scrollTo(0, 0)")
        visitor.page.screenshot(path=figures / "page-light.png")

        visitor.press("steal", says="both have lost the session")
        assert visitor.events()[:2] == ["refresh_refused", "refresh_token_reused"]
        assert visitor.text("who") == "signed out"
        assert "Both have lost the session" in visitor.text("verdict")
        assert visitor.violations() == []

        visitor.reach("password")
        visitor.page.keyboard.press("Enter")
        visitor.hear("You are signed in")
        visitor.press("sign-out", says="You are signed out")

        assert len(visitor.secrets) > 5
        assert visitor.leaked() == []
        visitor.expect_count("#absent .good", 6)


def test_it_fits_on_a_phone_and_in_the_dark(browser: "Browser", serving: Serving, figures: Path) -> None:
    """390 pixels need no horizontal scrolling, axe finds nothing, and an early thief is found out too."""
    origin = serving.environment()[3]
    with PageVisitor.at(browser, origin, width=390, height=1240, scheme="dark") as visitor:
        assert (visitor.overflow(), visitor.violations()) == (0, [])
        visitor.reach("password")
        visitor.page.keyboard.press("Enter")
        visitor.hear("You are signed in")
        assert (visitor.overflow(), visitor.violations()) == (0, [])

        visitor.page.check("input[value=early]")
        visitor.press("steal", says="both have lost the session")

        assert visitor.events()[:3] == ["refresh_refused", "refresh_token_reused", "refresh_retried_late"]
        assert (visitor.overflow(), visitor.violations()) == (0, [])
        visitor.page.locator("#thief-title").evaluate("title => title.scrollIntoView()")
        visitor.page.screenshot(path=figures / "page-dark-phone.png")
        assert visitor.leaked() == []


def test_what_an_act_has_said_stays_when_the_start_of_the_page_ends_later(browser: "Browser", serving: Serving) -> None:
    """The page asks at its start who is signed in. Its late answer takes nothing away."""
    origin = serving.environment()[3]
    with PageVisitor.at(browser, origin, width=1100, height=1120, scheme="light") as visitor:
        held = visitor.hold("**/auth/refresh")
        visitor.page.reload(wait_until="load")
        visitor.page.locator("#look").press("Enter")
        visitor.hear("mails")
        held[-1].fulfill(status=401, json={"error": "invalid_grant"})
        visitor.expect_count("#who:text-is('signed out')", 1)
        visitor.page.wait_for_load_state("networkidle")
        assert "mails" in visitor.text("says")
