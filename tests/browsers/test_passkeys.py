"""Passkeys in Chromium, with its virtual authenticator. The page is on `localhost`, because no address is an RP ID."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from tests.browsers.conftest import PATIENCE_MS
from tests.browsers.servers import Pages, serving
from tests.support.http_gateway import HttpGateway
from tests.support.people import PASSWORD
from tests.support.stack import Stack
from tests.support.template import ROOT

# As in the guide. Each function returns the status of the last answer and its body, or the name of an error.
PAGE = """<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,">
<form><input name="username" autocomplete="username webauthn"></form>
<script type="module">
const post = async (path, body, token, method = "POST") => {
  const answer = await fetch("API" + path, {
    method,
    headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text && JSON.parse(text) };
};
window.post = post;
const outcome = (act) => act().catch((error) => ({ error: error.name }));
window.register = (token) => outcome(async () => {
  const options = await post("/auth/passkeys/registration", undefined, token);
  if (options.status !== 200) return options;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.body);
  const credential = await navigator.credentials.create({ publicKey });
  return post("/auth/passkeys", { credential: credential.toJSON(), name: "virtual" }, token);
});
window.signIn = (mediation) => outcome(async () => {
  const options = await post("/auth/passkeys/options");
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.body);
  const credential = await navigator.credentials.get({ publicKey, mediation });
  window.signed = credential.toJSON();
  return post("/auth/passkeys/sign-in", { credential: window.signed });
});
window.replay = () => post("/auth/passkeys/sign-in", { credential: window.signed });
window.ready = true;
</script>"""

# With the client for browsers, and cookies.
CLIENT_PAGE = """<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,">
<script type="module">
import { createAuth } from "/edge-auth.js";
import { createPasskeys } from "/edge-auth-passkeys.js";
window.auth = createAuth({ url: "API" });
window.passkeys = createPasskeys({ url: "API", auth });
window.ready = true;
</script>"""
CLIENTS = ROOT / "clients" / "js"


@dataclass
class PasskeyPage:
    """A page, and the authenticator of its browser."""

    page: Page
    devtools: CDPSession
    authenticator: str
    stack: Stack

    def call(self, expression: str) -> dict[str, Any]:
        """Evaluate an expression, and return what came of it."""
        found: dict[str, Any] = self.page.evaluate(f"() => {expression}")
        return found

    def tell(self, command: str, **parameters: object) -> dict[str, Any]:
        """Tell the authenticator something."""
        parameters = {"authenticatorId": self.authenticator, **parameters}
        answer: dict[str, Any] = self.devtools.send(f"WebAuthn.{command}", parameters)
        return answer

    def password_token(self) -> str:
        """Log in with the password."""
        body = f"{{ username: 'ada', password: '{PASSWORD}' }}"
        token: str = self.call(f"post('/auth/login', {body})")["body"]["access_token"]
        return token

    def registered(self) -> None:
        """Register a passkey."""
        outcome = self.call(f"register('{self.password_token()}')")
        assert outcome["status"] == 201, outcome


@pytest.fixture
def visitor(browser: Browser, stack: Stack) -> Iterator[PasskeyPage]:
    """Return a page of a deployment with passkeys."""
    with ExitStack() as running:
        pages = Pages({})
        app = f"http://localhost:{running.enter_context(serving(pages))}"
        with_passkeys = stack.with_parameters(PasskeyRpId="localhost", AllowedOrigins=app, SecondFactor="optional")
        api = running.enter_context(serving(HttpGateway(with_passkeys)))
        pages.files["/"] = ("text/html", PAGE.replace('"API"', f'"http://127.0.0.1:{api}"'))
        # Cookies are for pages of the API's site, so this page knows the API by the page's own name.
        pages.files["/client"] = ("text/html", CLIENT_PAGE.replace('"API"', f'"http://localhost:{api}"'))
        for name in ("edge-auth.js", "edge-auth-calls.js", "edge-auth-passkeys.js"):
            pages.files[f"/{name}"] = ("text/javascript", (CLIENTS / name).read_text(encoding="utf-8"))
        context = browser.new_context()
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        authenticator = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
        page.goto(app)
        page.wait_for_function("window.ready")
        yield PasskeyPage(page, devtools, authenticator, with_passkeys)
        context.close()


@pytest.mark.parametrize("mediation", ["'optional'", "'conditional'"], ids=["a button", "autofill"])
def test_a_passkey_is_registered_and_signs_in(visitor: PasskeyPage, mediation: str) -> None:
    """The browser takes our options as they are, and we take what it signs."""
    visitor.registered()
    outcome = visitor.call(f"signIn({mediation})")
    assert outcome["status"] == 200, outcome
    me = visitor.call(f"post('/me', undefined, '{outcome['body']['access_token']}', 'GET')")
    assert (me["status"], me["body"]["acr"]) == (200, "phr")
    [credential] = visitor.tell("getCredentials")["credentials"]
    [stored] = visitor.stack.identities.find("ada").passkeys
    assert stored.sign_count == credential["signCount"]
    assert (
        visitor.call(f"post('/auth/passkeys', undefined, '{outcome['body']['access_token']}', 'GET')")["body"][
            "passkeys"
        ][0]["name"]
        == "virtual"
    )


def test_a_device_makes_no_second_passkey(visitor: PasskeyPage) -> None:
    """WebAuthn §5.4, excludeCredentials: the browser refuses."""
    visitor.registered()
    strong = visitor.call("signIn()")["body"]["access_token"]
    assert visitor.call(f"register('{strong}')") == {"error": "InvalidStateError"}


def test_what_was_signed_opens_one_session(visitor: PasskeyPage) -> None:
    """SB5: the page sends it once more."""
    visitor.registered()
    assert visitor.call("signIn()")["status"] == 200
    assert visitor.call("replay()")["status"] == 401


def test_without_a_verified_user_the_browser_signs_nothing(visitor: PasskeyPage) -> None:
    """The options require it."""
    visitor.registered()
    visitor.tell("setUserVerified", isUserVerified=False)
    assert visitor.call("signIn()") == {"error": "NotAllowedError"}


FAULTS: dict[str, Callable[[PasskeyPage], object]] = {
    "a bogus signature": lambda visitor: visitor.tell("setResponseOverrideBits", isBogusSignature=True),
    "no verified user": lambda visitor: visitor.tell("setResponseOverrideBits", isBadUV=True),
    "no user present": lambda visitor: visitor.tell("setResponseOverrideBits", isBadUP=True),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_an_authenticator_that_lies_signs_nobody_in(
    visitor: PasskeyPage, fault: Callable[[PasskeyPage], object]
) -> None:
    """SC7: whatever the browser lets through."""
    visitor.registered()
    fault(visitor)
    outcome = visitor.call("signIn()")
    assert (outcome["status"], outcome["body"]["error"]) == (401, "invalid_passkey")
    visitor.tell("setResponseOverrideBits")
    assert visitor.call("signIn()")["status"] == 200


def test_a_counter_that_was_set_back_signs_nobody_in(visitor: PasskeyPage) -> None:
    """SC7: as a copy of the passkey would have it."""
    visitor.registered()
    assert visitor.call("signIn()")["status"] == 200
    [credential] = visitor.tell("getCredentials")["credentials"]
    visitor.tell("removeCredential", credentialId=credential["credentialId"])
    visitor.tell("addCredential", credential={**credential, "signCount": 0})
    assert visitor.call("signIn()")["status"] == 401
    [told] = [line for line in visitor.stack.output.security_events() if line["event"] == "passkey_counter_behind"]
    assert told["reason"] == "refused"


def test_the_client_keeps_a_user_signed_in_who_came_with_a_passkey(visitor: PasskeyPage) -> None:
    """The session is that of a login with cookies: a reload keeps it, and a logout ends it."""
    page = visitor.page
    page.goto(f"{page.url}client")
    page.wait_for_function("window.ready")
    page.evaluate(f"() => auth.login({{ username: 'ada', password: '{PASSWORD}' }})")
    made = visitor.call("passkeys.register('phone')")
    page.evaluate("() => auth.logout()")
    assert page.evaluate("() => auth.session") is None

    page.evaluate("() => passkeys.signIn()")
    session = visitor.call("auth.session")
    assert [shown["id"] for shown in page.evaluate("() => passkeys.list()")] == [made["id"]]
    page.reload()
    page.wait_for_function("window.ready")
    assert page.evaluate("() => auth.restore()") is True
    assert visitor.call("auth.session") == session
    page.evaluate(f"() => passkeys.rename('{made['id']}', 'blue')")
    assert visitor.stack.identities.find("ada").passkeys[0].name == "blue"
    page.evaluate(f"() => passkeys.remove('{made['id']}')")
    assert visitor.stack.identities.find("ada").passkeys == ()
    page.evaluate("() => auth.logout()")
    page.reload()
    page.wait_for_function("window.ready")
    assert page.evaluate("() => auth.restore()") is False


def test_the_client_shows_the_passkey_after_the_password_and_at_a_step_up(visitor: PasskeyPage) -> None:
    """SA4: the refusal of the first step has what the browser needs. A step-up opens another session."""
    page = visitor.page
    page.goto(f"{page.url}client")
    page.wait_for_function("window.ready")
    login = f"auth.login({{ username: 'ada', password: '{PASSWORD}' }})"
    page.evaluate(f"() => {login}")
    visitor.call("passkeys.register('phone')")
    page.evaluate("() => auth.logout()")

    refused = visitor.call(f"{login}.catch((error) => (window.asked = error.answer))")
    assert (refused["error"], refused["methods"]) == ("mfa_required", ["passkey"])
    assert page.evaluate("() => auth.session") is None
    page.evaluate("() => passkeys.signIn({ asked: window.asked })")

    before = visitor.call("auth.session")
    [item] = [item for item in visitor.stack.session_items() if "absolute_expires_at" in item]
    assert [method["S"] for method in item["amr"]["L"]] == ["pwd", "hwk", "user", "mfa"]
    page.evaluate("() => passkeys.stepUp()")
    after = visitor.call("auth.session")
    assert after["id"] != before["id"]
    assert [each["S"] for each in living(visitor)] == [after["id"]]


def living(visitor: PasskeyPage) -> list[dict[str, Any]]:
    """Return the ids of the living sessions."""
    return [item["session_id"] for item in visitor.stack.session_items() if "absolute_expires_at" in item]


def test_over_another_session_the_new_one_counts(visitor: PasskeyPage) -> None:
    """A second sign-in in the same browser takes the place of the first, also in the page."""
    page = visitor.page
    page.goto(f"{page.url}client")
    page.wait_for_function("window.ready")
    page.evaluate(f"() => auth.login({{ username: 'ada', password: '{PASSWORD}' }})")
    visitor.call("passkeys.register('phone')")
    before = visitor.call("auth.session")
    page.evaluate("() => passkeys.signIn()")
    after = visitor.call("auth.session")
    assert after != before
    living = [item["session_id"]["S"] for item in visitor.stack.session_items() if "absolute_expires_at" in item]
    assert living == [after["id"]]
