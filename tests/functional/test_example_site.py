"""The example of a server-rendered site: its own function, and edge-auth under the same host name."""

import base64
import importlib
import re
from collections.abc import Iterator

import pytest
import requests

from edge_auth.web.session import SignedIn
from tests.support.browser import DEVICE_COOKIE, SESSION_COOKIE
from tests.support.example_site import serving_site
from tests.support.people import PASSWORD
from tests.support.sample_events import Event, login_event
from tests.support.stack import Function, Stack
from tests.support.wire import no_connection

NEW_PASSWORD = "seven-green-lamps-above-the-bay"


class Visitor:
    """A browser: it keeps cookies, and says from which site a request comes. It follows no redirect."""

    def __init__(self, origin: str) -> None:
        """Open the browser at a site."""
        self.origin = origin
        self.cookies: dict[str, str] = {}

    def get(self, path: str, site: str = "same-origin") -> requests.Response:
        """Open a page."""
        return self._send("GET", path, {"Sec-Fetch-Site": site})

    def post(self, path: str, site: str = "same-origin", **form: str) -> requests.Response:
        """Send a form. Pages without a referrer send `Origin: null`."""
        return self._send("POST", path, {"Sec-Fetch-Site": site, "Origin": "null"}, data=form)

    def sign_in(self, password: str = PASSWORD) -> requests.Response:
        """Do what the script of the sign-in page does."""
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": self.origin, "X-Edge-Auth": "1"}
        body = {"username": "ada", "password": password, "transport": "session"}
        return self._send("POST", "/auth/login", headers, json=body)

    def _send(self, method: str, path: str, headers: dict[str, str], **body: object) -> requests.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = requests.request(
            method,
            self.origin + path,
            headers={**headers, **({"Cookie": cookie} if cookie else {})},
            allow_redirects=False,
            timeout=30,
            **body,  # type: ignore[arg-type]  # data or json
        )
        for line in answer.raw.headers.getlist("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if value:
                self.cookies[name] = value
            else:
                del self.cookies[name]
        return answer


@pytest.fixture
def origin(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the origin of the site."""
    with serving_site(stack, monkeypatch) as origin:
        yield origin


@pytest.fixture
def visitor(origin: str) -> Visitor:
    """Return a browser that is signed in."""
    visitor = Visitor(origin)
    assert visitor.sign_in().status_code == 200
    return visitor


def test_a_stranger_is_led_to_the_sign_in(origin: str) -> None:
    """No page is cached, and none but the sign-in is shown."""
    stranger = Visitor(origin)
    for path in ("/", "/account", "/sessions"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    page = stranger.get("/sign-in")
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert stranger.get("/static/sign-in.js").headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert stranger.get("/static/../app.py").status_code == 404


def test_a_user_signs_in_and_out(visitor: Visitor) -> None:
    """B31: after the sign-out the cookie is gone, and a copy of it opens no page."""
    account = visitor.get("/account")
    assert (account.status_code, "<h1>Account</h1>" in account.text) == (200, True)
    copy = dict(visitor.cookies)

    answer = visitor.post("/sign-out")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert set(visitor.cookies) == {DEVICE_COOKIE}
    visitor.cookies = copy
    assert visitor.get("/account").headers["Location"] == "/sign-in"


def test_a_link_in_a_mail_opens_a_page(visitor: Visitor) -> None:
    """B30: a page that only shows something may be opened from every site."""
    assert visitor.get("/account", site="cross-site").status_code == 200


def test_a_visit_keeps_the_session_from_its_idle_timeout(visitor: Visitor, stack: Stack) -> None:
    """C19: two visits are each within the 30 minutes of the idle timeout, and together beyond it."""
    for _ in range(2):
        stack.clock.advance(seconds=20 * 60)
        assert visitor.get("/account").status_code == 200


def test_another_site_changes_nothing(stack: Stack, visitor: Visitor) -> None:
    """B33: the form of another page is refused, a neighbour's too."""
    before = stack.session_items()

    for path in ("/account/password", "/sessions/end", "/sessions/end-others", "/sign-out"):
        for site in ("cross-site", "same-site", "none"):
            assert visitor.post(path, site, current=PASSWORD, new=NEW_PASSWORD).status_code == 403

    assert stack.session_items() == before


def test_a_user_ends_other_sessions(visitor: Visitor, login: Function, origin: str) -> None:
    """One by its form, and all others at once."""
    phone, other = login(login_event("ada", PASSWORD)).json["session_id"], Visitor(origin)
    other.sign_in()
    shown = visitor.get("/sessions").text
    assert (shown.count("<li>"), shown.count("This session")) == (3, 1)
    assert f'value="{phone}"' in shown

    visitor.post("/sessions/end", session_id=phone)
    assert visitor.get("/sessions").text.count("<li>") == 2
    visitor.post("/sessions/end-others")

    assert visitor.get("/sessions").text.count("<li>") == 1
    assert other.get("/account").status_code == 303


def test_a_session_of_nobody_cannot_be_ended(visitor: Visitor) -> None:
    """The page says so."""
    answer = visitor.post("/sessions/end", session_id="../../logout")

    assert 'role="alert"' in answer.text


def test_a_new_password_renews_the_cookie(visitor: Visitor, stack: Stack) -> None:
    """The old cookie is good for the requests that are on their way, and for no more."""
    old = dict(visitor.cookies)

    answer = visitor.post("/account/password", current=PASSWORD, new=NEW_PASSWORD)

    assert "The password is changed." in answer.text
    assert visitor.cookies[SESSION_COOKIE] != old[SESSION_COOKIE]
    late = Visitor(visitor.origin)
    late.cookies = old
    assert late.get("/account").status_code == 200
    stack.clock.advance(seconds=11)
    assert late.get("/account").status_code == 303
    assert visitor.get("/account").status_code == 200


def test_a_new_password_leaves_the_browser_its_name(visitor: Visitor) -> None:
    """The site asks for it, and the session is still the browser's."""
    named = "python-requests/"
    assert named in visitor.get("/sessions").text

    visitor.post("/account/password", current=PASSWORD, new=NEW_PASSWORD)

    assert named in visitor.get("/sessions").text


def test_what_edge_auth_refuses_is_a_page(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session may end after the site has read it, and before edge-auth does."""
    app = importlib.import_module("example_site.app")
    read = app.session.current

    def ended_after_the_read(event: Event) -> SignedIn | None:
        user: SignedIn | None = read(event)
        app.api.log_out(app._cookie(event))
        return user

    monkeypatch.setattr(app.session, "current", ended_after_the_read)

    answer = visitor.get("/sessions")

    assert (answer.status_code, "<h1>Example site</h1>" in answer.text) == (400, True)


def test_a_wrong_password_is_told(visitor: Visitor) -> None:
    """The user stays signed in."""
    answer = visitor.post("/account/password", current="not-the-password", new=NEW_PASSWORD)

    assert (answer.status_code, bool(re.search(r'role="alert">[^<]+<', answer.text))) == (400, True)
    assert visitor.get("/account").status_code == 200


@pytest.mark.parametrize(("form", "said"), [(b"\xff", "cannot be read"), (b"current=x&new=y", "password")])
def test_a_form_that_is_no_text_is_the_clients_fault(visitor: Visitor, form: bytes, said: str) -> None:
    """An HTTP API brings a form in base64. One that is no UTF-8 gets a page, as one with a wrong password does."""
    app = importlib.import_module("example_site.app")
    event = {
        "version": "2.0",
        "rawPath": "/account/password",
        "headers": {"sec-fetch-site": "same-origin"},
        "cookies": [f"{name}={value}" for name, value in visitor.cookies.items()],
        "requestContext": {"http": {"method": "POST"}},
        "body": base64.b64encode(form).decode(),
        "isBase64Encoded": True,
    }

    answer = app.handler(event, None)

    assert (answer["statusCode"], said in answer["body"]) == (400, True)


def test_an_outage_signs_nobody_out(visitor: Visitor, stack: Stack) -> None:
    """B34: what edge-auth cannot answer is 503, and the cookie stays."""
    stack.wire.always("Query", no_connection)
    before = dict(visitor.cookies)

    answer = visitor.get("/sessions")

    assert (answer.status_code, visitor.cookies) == (503, before)
