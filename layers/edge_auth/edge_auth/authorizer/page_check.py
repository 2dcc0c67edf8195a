"""CSRF at a site: which page made the browser send a request with the session cookie.

A browser adds the cookie to each request of a page of its host, and `SameSite=Lax` also lets the pages of neighbouring
hosts send it. A request that only reads may come from everywhere: a link in a mail opens a page. Any other must come
from a page of the site. The browser says so in `Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/), and where that
is not enough, in `Origin`.
"""

from collections.abc import Collection, Sequence

from edge_auth.errors import CsrfFailed

# RFC 9110 §9.2.1, without TRACE. The handshake of a WebSocket is a GET for HTTP, but its event names no method: it is
# checked, because a socket may change things.
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SAME_ORIGIN = "same-origin"
BY_ORIGIN: tuple[list[str], ...] = ([], ["same-site"])  # an old browser, or a page of the same site: its origin decides


def check_page(method: str, *, origins: Sequence[object], sites: Sequence[object], allowed: Collection[str]) -> None:
    """Accept a request that reads, or that a page of an allowed origin sent.

    `origins` and `sites` are the values of all headers `Origin` and `Sec-Fetch-Site`. A page of the very origin is
    known by `same-origin` alone: a form of a page without a referrer sends `Origin: null`.

    Raises:
        CsrfFailed: another page sent it, or nobody knows which.

    """
    if method in READING_METHODS or list(sites) == [SAME_ORIGIN]:
        return
    if list(sites) not in BY_ORIGIN:
        raise CsrfFailed("the page is of another site")
    if len(origins) != 1 or origins[0] not in allowed:
        raise CsrfFailed("the origin is not allowed")
