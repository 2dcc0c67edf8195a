"""CORS: only pages of the exact origins of the list may read an answer or send a request."""

import pytest

from edge_auth.web.cors import Cors
from edge_auth.web.request import Headers

APP = "https://app.example.com"
LOCAL = "http://localhost:5173"
ALLOWED = f"{APP},{LOCAL}"
STRANGERS = [
    "https://app.example.com.evil.test",
    "https://evil.test/https://app.example.com",
    "https://app.example.com:443",
    "https://app.example.com:8443",
    "http://app.example.com",
    "https://APP.example.com",
    "https://app.example.com.",
    "https://app.example.com/",
    "https://xapp.example.com",
    "https://example.com",
    "http://localhost:5174",
    "http://localhost",
    ALLOWED,
    " https://app.example.com",
    "null",
    "*",
    "",
]


def headers(*origins: str) -> Headers:
    """Return the headers of a request with these values of `Origin`."""
    return Headers({"origin": origins[-1:]}, {"origin": origins})


@pytest.mark.parametrize("origin", [APP, LOCAL])
def test_a_page_of_the_list_may_read_the_answer(origin: str) -> None:
    """C12: the answer has the page's own origin, and never credentials or `*`."""
    assert Cors(ALLOWED).answer_headers(headers(origin)) == {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "WWW-Authenticate, x-amzn-Remapped-WWW-Authenticate, Retry-After",
    }


@pytest.mark.parametrize("origin", STRANGERS)
def test_no_other_page_may_read_it(origin: str) -> None:
    """C12: an origin that looks like one of the list is another one. Caches keep the answers apart."""
    assert Cors(ALLOWED).answer_headers(headers(origin)) == {"Vary": "Origin"}
    assert Cors(ALLOWED).answer_headers(headers(origin), with_cookies=True) == {"Vary": "Origin"}
    assert Cors(ALLOWED).preflight_headers(headers(origin), "auth/login") == {"Vary": "Origin"}


@pytest.mark.parametrize("origins", [(), (APP, APP), (APP, "https://evil.test"), ("https://evil.test", APP)])
def test_one_origin_counts_and_no_list_of_them(origins: tuple[str, ...]) -> None:
    """C12: a request without an origin, or with two, is no page of the list."""
    assert Cors(ALLOWED).answer_headers(headers(*origins)) == {"Vary": "Origin"}


@pytest.mark.parametrize("listed", ["", f"{APP},", f",{APP}", f"{APP},,{LOCAL}"])
def test_an_empty_origin_is_on_no_list(listed: str) -> None:
    """C12: neither a setting that is empty nor one with a comma too many allows it."""
    assert Cors(listed).answer_headers(headers("")) == {"Vary": "Origin"}


def test_a_page_of_the_list_may_send_requests() -> None:
    """The answer to a preflight names the methods and the headers that clients use."""
    assert Cors(ALLOWED).preflight_headers(headers(APP), "me") == {
        **Cors(ALLOWED).answer_headers(headers(APP)),
        "Access-Control-Allow-Methods": "GET, POST, DELETE",
        "Access-Control-Allow-Headers": "authorization, content-type, x-edge-auth",
        "Access-Control-Max-Age": "7200",
    }


def test_a_page_may_also_rename_passkeys() -> None:
    """No other route takes PATCH."""
    methods = {
        path: Cors(ALLOWED).preflight_headers(headers(APP), path)["Access-Control-Allow-Methods"]
        for path in ("auth/passkeys", "auth/passkeys/id", "auth/sessions")
    }
    assert methods == {
        "auth/passkeys": "GET, POST, PATCH, DELETE",
        "auth/passkeys/id": "GET, POST, PATCH, DELETE",
        "auth/sessions": "GET, POST, DELETE",
    }


def test_a_page_of_the_list_may_send_cookies_to_the_routes_that_read_them() -> None:
    """C12: credentials are allowed on a few routes, and for an exact origin."""
    allowed = {"Access-Control-Allow-Credentials": "true"}
    cors = Cors(ALLOWED)

    assert cors.answer_headers(headers(APP), with_cookies=True) == {**cors.answer_headers(headers(APP)), **allowed}
    for path in ("login", "refresh", "logout", "step-up", "passkeys/sign-in", "password/reset"):
        assert "Access-Control-Allow-Credentials" in cors.preflight_headers(headers(APP), f"auth/{path}")
    for path in ("me", "auth/login/", "/auth/login", "auth/Login", "auth/sessions", "", "v1/auth/login"):
        assert "Access-Control-Allow-Credentials" not in cors.preflight_headers(headers(APP), path)
