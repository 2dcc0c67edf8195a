"""Requests with cookies: which they are, and that a page of the list has sent them (CSRF).

A browser adds a cookie to each request of its host, also if another site makes it send the request. So a request with
our cookie is read only if the browser says that a page of an allowed origin sent it, and if it has a header that a page
of another origin cannot send without asking first. A page of the same site is no exception: `Sec-Fetch-Site` alone
would let a neighbour's host in.
"""

from edge_auth.errors import CsrfFailed, InvalidRequest
from edge_auth.web.cookies import cookies, one_cookie
from edge_auth.web.request import Headers, Request

HEADER = "x-edge-auth"
SITES = {"same-origin", "same-site"}  # https://www.w3.org/TR/fetch-metadata/


class CookieTransport:
    """Reads the cookies of requests. Without allowed origins it reads none."""

    def __init__(self, allowed_origins: str) -> None:
        """Allow the origins of the setting, with commas between."""
        self._allowed = frozenset(filter(None, allowed_origins.split(",")))

    def carries(self, request: Request, *names: str) -> bool:
        """Return whether a request is one with cookies: it has one of these, or the header of such requests."""
        has_header = any(request.headers.all(HEADER))
        has_cookie = any(cookies(name, request.headers) for name in names)
        return bool(self._allowed) and (has_header or has_cookie)

    def token(self, name: str, request: Request) -> str:
        """Return the token in the cookie of this name, empty if there is none. It has not been checked.

        Raises:
            CsrfFailed: no page of the list sent the request.
            InvalidRequest: there are two cookies, or this deployment has none.

        """
        self._check(request.headers)
        return one_cookie(name, request.headers)

    def _check(self, headers: Headers) -> None:
        if not self._allowed:
            raise InvalidRequest("this deployment has no cookies")
        origins, sites = headers.all("origin"), headers.all("sec-fetch-site")
        if len(origins) != 1 or origins[0] not in self._allowed:
            raise CsrfFailed("the origin is not allowed")
        if len(sites) > 1 or not SITES.issuperset(sites):
            raise CsrfFailed("the page is of another site")
        if not any(headers.all(HEADER)):
            raise CsrfFailed("the header X-Edge-Auth is missing")
