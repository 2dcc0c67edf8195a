"""Requests with cookies: which they are, and which page has sent them."""

import pytest

from edge_auth.errors import CsrfFailed, InvalidRequest
from edge_auth.web.cookie_transport import CookieTransport
from edge_auth.web.request import Headers, Request

APP, OTHER = "https://app.example.com", "http://localhost:5173"
COOKIES = CookieTransport(f"{APP},{OTHER}")
FROM_APP = {"origin": (APP,), "sec-fetch-site": ("same-site",), "x-edge-auth": ("1",), "cookie": ("a=1; b=2",)}


def request(**changes: tuple[str, ...]) -> Request:
    """Return a request of a page of the list, with other values of some headers."""
    headers = {**FROM_APP, **{name.replace("_", "-"): values for name, values in changes.items()}}
    return Request("POST", "/auth/refresh", b"", {}, Headers({}, headers))


@pytest.mark.parametrize("origin", [APP, OTHER])
@pytest.mark.parametrize("sites", [(), ("same-origin",), ("same-site",)])
def test_a_page_of_the_list_sends_its_cookie(origin: str, sites: tuple[str, ...]) -> None:
    """C7: an old browser says nothing of the site; its origin and the header decide."""
    found = request(origin=(origin,), sec_fetch_site=sites)

    assert (COOKIES.token("a", found), COOKIES.token("c", found)) == ("1", "")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        *(({"origin": origins}, "the origin is not allowed") for origins in [(), ("",), ("null",), (APP, APP)]),
        ({"origin": ("https://evil.example",)}, "the origin is not allowed"),
        *(({"sec_fetch_site": sites}, "another site") for sites in [("cross-site",), ("none",), ("",)]),
        ({"sec_fetch_site": ("same-site", "same-site")}, "another site"),
        *(({"x_edge_auth": values}, "the header X-Edge-Auth is missing") for values in [(), ("",)]),
    ],
)
def test_a_cookie_that_another_page_makes_the_browser_send_is_not_read(
    change: dict[str, tuple[str, ...]], reason: str
) -> None:
    """C7: each of the three signs alone is enough for a refusal, and the log says which."""
    with pytest.raises(CsrfFailed) as refused:
        COOKIES.token("a", request(**change))
    assert reason in refused.value.detail


@pytest.mark.parametrize("allowed", ["", ","])
def test_without_origins_no_cookie_is_read(allowed: str) -> None:
    """An empty `Origin` is none of the list, also if the list has an empty place."""
    cookies = CookieTransport(allowed)

    assert not cookies.carries(request(), "a")
    with pytest.raises(InvalidRequest):
        cookies.token("a", request(origin=("",)))


def test_a_request_with_cookies_has_one_of_them_or_the_header() -> None:
    """An empty header is none, so a client without cookies may send it."""
    bare = request(x_edge_auth=("",))

    assert COOKIES.carries(request(cookie=()), "a")
    assert COOKIES.carries(bare, "c", "b")
    assert not COOKIES.carries(bare, "c")
    assert not COOKIES.carries(bare)
