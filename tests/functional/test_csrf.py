"""CSRF: of all requests that a browser may be made to send, only those of an allowed page change anything."""

from collections.abc import Callable
from itertools import product

import pytest

from tests.support.answers import error
from tests.support.browser import APP, OTHER_APP, for_browsers, jar, page_login, page_logout, page_refresh, with_header
from tests.support.sample_events import FORM, JSON, Event
from tests.support.stack import Stack

FORBIDDEN = error(403, "csrf_failed", "The request is not from an allowed page.")
STRANGER = "https://evil.example.com"
NEIGHBOUR = "https://blog.example.com"

# Eight origins, five values of Sec-Fetch-Site, five types, with and without our header, three cookies, three routes.
ORIGINS = [APP, OTHER_APP, NEIGHBOUR, STRANGER, "null", None, f"{APP}.evil.test", "http://app.example.com"]
SITES = ["same-origin", "same-site", "cross-site", "none", None]
TYPES = [JSON, f"{JSON}; charset=utf-8", "text/plain", FORM, "multipart/form-data"]
HEADERS = ["1", None]
COOKIES = ["living", "dead", None]
ROUTES: dict[str, Callable[..., Event]] = {"login": page_login, "refresh": page_refresh, "logout": page_logout}

ALLOWED_ORIGINS = {APP, OTHER_APP}
ALLOWED_SITES = {"same-origin", "same-site", None}
ALLOWED_TYPES = {JSON, f"{JSON}; charset=utf-8"}


def sent(event: Event, origin: str | None, site: str | None, media_type: str, header: str | None) -> Event:
    """Return the event with these four headers. None is absent."""
    for name, value in {"Origin": origin, "Sec-Fetch-Site": site, "X-Edge-Auth": header}.items():
        with_header(event, name, *([] if value is None else [value]))
    return with_header(event, "Content-Type", media_type)


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """Return a stack that browsers may use."""
    return for_browsers(stack)


def test_only_the_allowed_requests_change_anything(stack: Stack) -> None:
    """B23, C7-C9, C11, C13: of 3,600 requests, those that make a call to AWS are exactly those of an allowed page.

    So every request that is refused changes nothing. After a login or a logout with the living cookie, there is a new
    one.
    """
    functions = {name: stack.function(name) for name in ROUTES}
    dead = jar(functions["login"](page_login()))
    functions["logout"](page_logout(*dead))
    living = jar(functions["login"](page_login()))
    tried, reached, expected = 0, set(), set()

    for case in product(ROUTES, ORIGINS, SITES, TYPES, HEADERS, COOKIES):
        route, origin, site, media_type, header, cookie = case
        cookies = {"living": living, "dead": dead, None: []}[cookie]
        stack.wire.forget()
        answer = functions[route](sent(ROUTES[route](*cookies), origin, site, media_type, header))
        tried += 1
        if stack.wire.calls:
            reached.add(case)
            assert answer.status == (
                400 if (route, cookie) == ("refresh", "dead") else 204 if route == "logout" else 200
            )
            stack.forget_attempts()
            if cookie == "living" and route != "refresh":
                living = jar(answer) if route == "login" else jar(functions["login"](page_login()))
        is_allowed = origin in ALLOWED_ORIGINS and site in ALLOWED_SITES and media_type in ALLOWED_TYPES and header
        if is_allowed and (cookie or route == "login"):
            expected.add(case)
        if not is_allowed:
            assert answer.status in {400, 403, 415}, case
            assert answer.cookies == (), case

    assert tried == 3600
    assert reached == expected


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "origins",
    [
        [f"{APP}.evil.test"],
        ["https://evil.test/app.example.com"],
        [f"{APP}:443"],
        [f"{APP}:8443"],
        ["http://app.example.com"],
        ["https://APP.example.com"],
        [f"{APP}."],
        [f"{APP}/"],
        [f"{APP},{OTHER_APP}"],
        ["null"],
        [""],
        [],
        [APP, APP],
        [APP, STRANGER],
        [STRANGER, APP],
    ],
    ids=str,
)
def test_an_origin_that_looks_like_an_allowed_one_is_refused(stack: Stack, route: str, origins: list[str]) -> None:
    """B24, C7, C12: the answer can be read by no page, sets no cookie, and says nothing more."""
    cookies = jar(stack.function("login")(page_login()))
    stack.wire.forget()

    answer = stack.function(route)(with_header(ROUTES[route](*cookies), "Origin", *origins))

    assert (answer.status, answer.body, answer.cookies) == (403, FORBIDDEN.body, ())
    assert answer.headers == {**FORBIDDEN.headers, "Vary": "Origin"}
    assert [call for call in stack.wire.calls if call.operation != "GetSecretValue"] == []


@pytest.mark.parametrize(
    "sites", [["same-site", "cross-site"], ["same-site", "same-site"], ["Same-Site"], [""]], ids=str
)
def test_the_browsers_word_on_the_site_is_one_word(stack: Stack, sites: list[str]) -> None:
    """C8: a value that no browser sends is none of the allowed ones."""
    cookies = jar(stack.function("login")(page_login()))

    answer = stack.function("refresh")(with_header(page_refresh(*cookies), "Sec-Fetch-Site", *sites))

    assert (answer.status, answer.cookies) == (403, ())


def test_a_refusal_is_logged_with_its_reason(stack: Stack) -> None:
    """L3: the log says which check failed, and the answer does not."""
    stack.function("refresh")(with_header(page_refresh("__Host-Http-refresh=x"), "Origin", STRANGER))

    [line] = [line for line in stack.output.log_lines() if line.get("error") == "csrf_failed"]
    assert "origin" in str(line)
