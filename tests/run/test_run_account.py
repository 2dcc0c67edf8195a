"""The account on the try-it page, in Chromium and by keyboard: a second factor, mails and their pages, and passkeys."""

import time
from typing import TYPE_CHECKING

import pyotp
import pytest

from tests.run.serving import Serving

pytest.importorskip("axe_playwright_python", reason="needs the package playwright, and axe for it")

from tests.run.page_visitor import STORED, PageVisitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STEP_SECONDS = 30  # of the app: RFC 6238 §5.2
NEW_PASSWORD = "violet anchors rarely sing"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def sign_in(visitor: PageVisitor, says: str = "You are signed in") -> None:
    """Send the form, which the page has filled in by the time at which it knows who is signed in."""
    visitor.expect_count("#who:text-is('signed out')", 1)
    visitor.reach("password")
    visitor.page.keyboard.press("Enter")
    visitor.hear(says)


def expect_nothing_left_of(visitor: PageVisitor, proof: str) -> None:
    """Check that neither the address nor the page nor a store has the proof of the link any more."""
    assert len(proof) > 100
    assert proof not in visitor.page.evaluate(STORED)
    assert (visitor.page.evaluate("location.hash"), visitor.violations()) == ("", [])


def test_an_app_guards_logins_and_resets(browser: "Browser", serving: Serving) -> None:
    """A login and a forgotten password ask for the app that the page has shown as a picture, or for a recovery code."""
    origin = serving.environment()[3]
    with PageVisitor.at(browser, origin, width=1100, height=1120, scheme="light") as visitor:
        sign_in(visitor)
        visitor.press("enrol", says="Scan the picture")
        assert visitor.page.get_by_role("img", name="QR code for the app").is_visible()
        assert visitor.violations() == []
        secret, step = visitor.text("secret"), int(time.time()) // STEP_SECONDS
        visitor.type(pyotp.HOTP(secret).at(step), says="The app is set up")
        codes = visitor.text("recovery-codes").split()
        assert (len(codes), visitor.violations()) == (10, [])

        visitor.press("sign-out", says="You are signed out")
        sign_in(visitor, says="The password is right")
        visitor.type("000000x", says="invalid_otp")
        visitor.fill("second-code", pyotp.HOTP(secret).at(step + 1), says="with both factors")
        assert "2fa" in visitor.text("claims")

        before = visitor.text("claims")
        visitor.fill("step-up-code", codes[0], says="You have stepped up")
        assert visitor.text("claims") != before
        visitor.press("call", says="GET /me: 200")
        visitor.expect_count("#requests li:has-text('A new session takes the place of the old one.')", 1)

        visitor.press("sign-out", says="You are signed out")
        visitor.press("forgot", says="A mail has arrived")
        expect_nothing_left_of(visitor, visitor.follow("/reset-password"))
        visitor.fill("new-password", NEW_PASSWORD, says="Type the code of your app, too")
        visitor.type(codes[1], says="Your new password is set")
        visitor.reach("back")
        visitor.page.keyboard.press("Enter")
        visitor.page.wait_for_url(f"{origin}/")
        sign_in(visitor, says="The password is right")
        visitor.type(codes[2], says="with both factors")
        visitor.expect_count("#factors dd:text-is('7')", 1)  # codes are left
        visitor.press("remove-app", says="are removed")
        assert visitor.violations() == []
        visitor.press("sign-out", says="You are signed out")
        visitor.secrets |= {secret, *codes}
        assert visitor.leaked() == []


def test_links_in_mails_lead_to_pages_with_a_button(browser: "Browser", serving: Serving) -> None:
    """An address changes and comes back, and a code is typed where a link cannot be opened. It fits on a phone."""
    _, user, password, origin = serving.environment()
    with PageVisitor.at(browser, origin, width=390, height=1240, scheme="dark") as visitor:
        sign_in(visitor)
        visitor.reach("own-password")
        visitor.page.keyboard.press("Enter")
        visitor.hear("A mail has arrived")
        assert (visitor.overflow(), visitor.violations()) == (0, [])

        expect_nothing_left_of(visitor, visitor.follow("/confirm-address"))
        visitor.press("send", says="Your address is confirmed")
        visitor.page.goto(origin)
        visitor.hear("You are still signed in")
        expect_nothing_left_of(visitor, visitor.follow("/undo-address"))
        visitor.press("send", says="Your old address is back")
        visitor.page.goto(origin)
        visitor.follow("/reset-password")
        visitor.page.goto(f"{origin}/reset-password")
        assert (visitor.overflow(), visitor.violations()) == (0, [])
        visitor.page.go_back()
        assert visitor.page.evaluate("location.hash") == ""
        visitor.page.goto(origin)
        visitor.press("look", says="mails")
        code = visitor.page.locator("#mails li").first.inner_text().split("\n\n")
        [digits] = [line for line in code if line.isdigit()]

        visitor.page.goto(f"{origin}/reset-password")
        visitor.reach("username")
        visitor.page.keyboard.type(user)
        visitor.reach("code")
        visitor.page.keyboard.type(digits)
        visitor.fill("new-password", password, says="Your new password is set")
        visitor.page.goto(origin)
        sign_in(visitor)
        visitor.press("sign-out", says="You are signed out")
        assert visitor.leaked() == []


def test_a_passkey_signs_in_by_a_button_and_where_the_name_is_typed(browser: "Browser", serving: Serving) -> None:
    """The browser's virtual authenticator has it. It is listed, and removed after a login with it."""
    origin = serving.environment()[3]
    with PageVisitor.at(browser, origin, width=390, height=1240, scheme="dark") as visitor:
        devtools = visitor.page.context.new_cdp_session(visitor.page)
        devtools.send("WebAuthn.enable", {"enableUI": False})
        added = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        device = {"authenticatorId": added["authenticatorId"]}
        sign_in(visitor)
        visitor.press("add-passkey", says="You have the passkey")
        assert visitor.text("passkeys").count("Passkey of") == 1
        assert (visitor.overflow(), visitor.violations()) == (0, [])
        visitor.press("add-passkey", says="Step up first")
        visitor.press("step-up-passkey", says="You have stepped up with a passkey")
        assert "phr" in visitor.text("claims")

        visitor.press("sign-out", says="with a passkey, which the browser has offered")
        assert "phr" in visitor.text("claims")
        # The browser has nothing to offer, until the button is pressed.
        [passkey] = devtools.send("WebAuthn.getCredentials", device)["credentials"]
        devtools.send("WebAuthn.removeCredential", {**device, "credentialId": passkey["credentialId"]})
        visitor.press("sign-out", says="You are signed out")
        # The password alone is not enough now. The browser says so, as long as it has no passkey.
        sign_in(visitor, says="The password is right. Now your passkey")
        visitor.press("second-passkey", says="No passkey was used")
        visitor.press("step-back", says="No passkey was used")
        visitor.reach("with-passkey")
        devtools.send("WebAuthn.addCredential", {**device, "credential": passkey})
        visitor.page.keyboard.press("Enter")
        visitor.hear("You are signed in with a passkey.")

        visitor.expect_count("#passkeys button", 1)
        name = visitor.page.locator("#passkeys button").get_attribute("aria-label")
        visitor.press(str(name), says="is removed")
        # The authenticator still has it, and the browser offers it.
        visitor.press("sign-out", says="Refused: invalid_passkey")
        assert visitor.text("who") == "signed out"
        assert visitor.leaked() == []
