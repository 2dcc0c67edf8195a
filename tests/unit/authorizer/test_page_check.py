"""CSRF at a site: of all requests, only those that read, or that a page of the site sent, pass."""

from itertools import product

import pytest

from edge_auth.authorizer.page_check import check_page
from edge_auth.errors import CsrfFailed

SITE = "https://site.example.com"
ALLOWED = {SITE, "http://localhost:5173"}
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get", ""]
SITES = [[], ["same-origin"], ["same-site"], ["cross-site"], ["none"], [""], ["same-origin"] * 2, ["Same-Origin"]]
ORIGINS = [
    [],
    [SITE],
    ["http://localhost:5173"],
    ["null"],
    ["https://blog.example.com"],
    [f"{SITE}.evil.test"],
    [f"{SITE}:443"],
    ["https://SITE.example.com"],
    ["http://site.example.com"],
    [""],
    [SITE, SITE],
    [SITE, "https://evil.test"],
    [None],
]


def passes(method: str, sites: list[object], origins: list[object]) -> bool:
    """Return whether a request is accepted."""
    try:
        check_page(method, origins=origins, sites=sites, allowed=ALLOWED)
    except CsrfFailed:
        return False
    return True


def test_only_the_allowed_requests_pass() -> None:
    """C8: of 1,040 requests exactly these: reading ones, `same-origin`, and an allowed origin where that is unsure."""
    cases = list(product(METHODS, SITES, ORIGINS))
    passed = [case for case in cases if passes(*case)]  # type: ignore[arg-type]  # lists of texts
    expected = [
        (method, sites, origins)
        for method, sites, origins in cases
        if method in {"GET", "HEAD", "OPTIONS"}
        or sites == ["same-origin"]
        or (sites in ([], ["same-site"]) and origins in ([SITE], ["http://localhost:5173"]))
    ]

    assert len(cases) == 1040
    assert passed == expected


@pytest.mark.parametrize(
    ("sites", "detail"), [(["cross-site"], "the page is of another site"), ([], "the origin is not allowed")]
)
def test_the_log_says_which_check_failed(sites: list[str], detail: str) -> None:
    """L3: the answer does not."""
    with pytest.raises(CsrfFailed) as refused:
        check_page("POST", origins=["https://evil.test"], sites=sites, allowed=ALLOWED)
    assert refused.value.detail == detail
