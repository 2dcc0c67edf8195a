"""CORS on every route: with AllowedOrigins the functions name the page's origin, and without it none does."""

import pytest

from edge_auth.web import cors
from tests.support.http_gateway import routes
from tests.support.people import PASSWORD
from tests.support.sample_events import Event, login_event, refresh_event, sample
from tests.support.stack import Answer, Stack
from tests.support.template import ROOT
from tests.support.wire import no_connection

APP = "https://app.example.com"
STRANGER = "https://evil.example.com"
ROUTES = {
    "login": "login",
    "refresh": "refresh-json",
    "logout": "logout-json",
    "register": "register",
    "password": "password",
    "passkey_sign_in": "passkeys-options",
    "passkeys": "passkeys",
    "sessions": "sessions",
    "reset": "password-reset",
    "email": "email-change",
    "email_proofs": "email-confirm",
    "factors": "factors",
    "step_up": "step-up",
    "whoami": "me",
}
WITH_COOKIES = {"login", "refresh", "logout", "passkey_sign_in", "reset", "step_up"}
PUBLIC_DOCUMENTS = {"jwks": "jwks", "ended_sessions": "ended-sessions"}
CORS = "Access-Control-"
# `whoami`, the example of a route of yours, has none of them.
EXPOSED = "WWW-Authenticate, x-amzn-Remapped-WWW-Authenticate, Retry-After"


def from_page(event: Event, *origins: str, header: str = "Origin") -> Event:
    """Return the event as a browser sends it from pages of these origins."""
    event["headers"] |= {header: origins[-1]}
    event["multiValueHeaders"] |= {header: list(origins)}
    return event


def cors_of(answer: Answer) -> dict[str, str]:
    """Return the headers of an answer that are about pages of other origins."""
    return {name: value for name, value in answer.headers.items() if name.startswith(CORS) or name == "Vary"}


@pytest.fixture
def for_browsers(stack: Stack) -> Stack:
    """Return a stack with one allowed origin."""
    return stack.with_parameters(AllowedOrigins=f"https://admin.example.com,{APP}")


def test_the_table_has_every_function_with_a_route() -> None:
    """A new function needs a sample here. `preflight` has its own tests. The site itself calls `site_password`."""
    elsewhere = {"preflight", "site_password"}
    assert ROUTES.keys() | PUBLIC_DOCUMENTS.keys() == {function for function, _ in routes().values()} - elsewhere


@pytest.mark.parametrize("name", ROUTES)
def test_a_page_of_the_list_reads_every_answer(for_browsers: Stack, name: str) -> None:
    """C12: also an answer with an error. The name of the header may be in any case."""
    function = for_browsers.function(name)

    for header in ("Origin", "origin"):
        shared = cors_of(function(from_page(sample(ROUTES[name]), APP, header=header)))
        assert (shared["Access-Control-Allow-Origin"], shared["Vary"]) == (APP, "Origin")
        assert shared.get("Access-Control-Expose-Headers") == (EXPOSED if name != "whoami" else None)
        assert ("Access-Control-Allow-Credentials" in shared) is (name in WITH_COOKIES)


@pytest.mark.parametrize("name", ROUTES)
def test_another_page_reads_none(for_browsers: Stack, name: str) -> None:
    """C12: a stranger, a page without an origin of its own, and a request with two origins."""
    function = for_browsers.function(name)

    for origins in ([STRANGER], ["null"], [APP, STRANGER], [f"{APP}.evil.test"]):
        assert cors_of(function(from_page(sample(ROUTES[name]), *origins))) == {"Vary": "Origin"}
    assert cors_of(function(sample(ROUTES[name]))) == {"Vary": "Origin"}


@pytest.mark.parametrize("name", ROUTES)
def test_without_the_list_no_answer_is_about_pages(stack: Stack, name: str) -> None:
    """A deployment without browsers answers as if there were no CORS."""
    assert cors_of(stack.function(name)(from_page(sample(ROUTES[name]), APP))) == {}


@pytest.mark.parametrize("name", PUBLIC_DOCUMENTS)
def test_every_page_reads_the_public_documents(stack: Stack, name: str) -> None:
    """They are the same for everyone, so a verifier in any page may fetch them, with or without the list."""
    for given in (stack, stack.with_parameters(AllowedOrigins=APP)):
        answer = given.function(name)(from_page(sample(PUBLIC_DOCUMENTS[name]), STRANGER))
        assert cors_of(answer)["Access-Control-Allow-Origin"] == "*"
        assert "Vary" not in answer.headers


@pytest.mark.parametrize("event", [{}, None, {"headers": 1, "multiValueHeaders": {"Origin": APP}}])
def test_an_event_that_is_no_request_is_still_answered(for_browsers: Stack, event: object) -> None:
    """L1: what is no header is left out."""
    answer = for_browsers.function("refresh")(event)

    assert (answer.status, cors_of(answer)) == (400, {"Vary": "Origin"})


def test_an_outage_is_readable(for_browsers: Stack) -> None:
    """A page can read that the session goes on, and when to try again."""
    tokens = for_browsers.function("login")(login_event("ada", PASSWORD)).json
    refresh = for_browsers.function("refresh")
    for_browsers.wire.always("UpdateItem", no_connection)

    answer = refresh(from_page(refresh_event(tokens["refresh_token"]), APP))

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert cors_of(answer)["Access-Control-Allow-Origin"] == APP
    assert "Retry-After" in cors_of(answer)["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("path", ["/auth/login", "/auth/refresh", "/auth/password/reset", "/me", "/nothing", "/a/b/c"])
def test_a_preflight_request_is_answered_on_every_path(for_browsers: Stack, path: str) -> None:
    """C16: the function is not behind the authorizer, and makes no call."""
    event = {**sample("preflight"), "path": path, "pathParameters": {"proxy": path[1:]}}
    preflight = for_browsers.function("preflight")

    answer, refused = preflight(from_page(event, APP)), preflight(from_page(event, STRANGER))

    assert (answer.status, answer.body) == (204, "")
    assert cors_of(answer)["Access-Control-Allow-Origin"] == APP
    assert cors_of(answer)["Access-Control-Allow-Methods"] == "GET, POST, DELETE"
    assert ("Access-Control-Allow-Credentials" in answer.headers) is path.startswith("/auth/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert (refused.status, cors_of(refused)) == (204, {"Vary": "Origin"})
    assert for_browsers.wire.calls == []


@pytest.mark.parametrize(
    "body", [{"body": "x" * 8193}, {"body": "%", "isBase64Encoded": True}], ids=["long", "damaged"]
)
def test_a_preflight_request_with_any_body_is_answered(for_browsers: Stack, body: Event) -> None:
    """L1: an exception would be a 5xx of the API, so a stranger could set off its alarm."""
    answer = for_browsers.function("preflight")(from_page({**sample("preflight"), **body}, STRANGER))

    assert (answer.status, answer.json["error"], cors_of(answer)) == (400, "invalid_request", {"Vary": "Origin"})


def test_a_page_may_send_cookies_to_each_route_whose_answers_it_may_read_with_them() -> None:
    """C12: the browser asks before a request with JSON. A step-up of a page failed without that."""
    paths = {
        path.removeprefix("/") for (_, path), (name, _) in routes().items() if "with_cookies=True" in source_of(name)
    }
    without = {path for path in paths if path.startswith("auth/site/")} | {
        "auth/passkeys/options",
        "auth/password/reset/confirm",
    }
    assert paths - without == cors.WITH_COOKIES


def source_of(function: str) -> str:
    """Return the code of a function."""
    return (ROOT / "functions" / function / "app.py").read_text(encoding="utf-8")
