"""Sends requests to the API as they are, with the headers and the cookies that their sender chose."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from edge_auth.web.cookies import REFRESH_COOKIE

TIMEOUT_SECONDS = 30
# The others are of the connection, or the page server writes them itself.
PASSED_BACK = ("cache-control", "content-type", "pragma", "retry-after", "set-cookie", "vary", "www-authenticate")


@dataclass(frozen=True)
class ApiRequest:
    """A request to a route of the API, as in `/auth/refresh`."""

    method: str
    route: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def refresh_token(self) -> str:
        """The refresh token in the cookie, empty if there is none."""
        return _refresh_token([self.headers.get("Cookie", "")])


@dataclass(frozen=True)
class ApiAnswer:
    """An answer of the API. A header may come several times."""

    status: int
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def refresh_token(self) -> str:
        """The refresh token that the answer sets in a cookie, empty if there is none."""
        return _refresh_token([value for name, value in self.headers if name.lower() == "set-cookie"])

    @property
    def error(self) -> str | None:
        """The error code of the body."""
        return self.member("error")

    def member(self, name: str) -> str | None:
        """Return a text of the JSON body, or None."""
        try:
            value = json.loads(self.body).get(name)
        except (ValueError, AttributeError):
            return None
        return value if isinstance(value, str) else None


def send(base_url: str, request: ApiRequest) -> ApiAnswer:
    """Send a request, and return the answer, whatever its status is.

    Raises:
        OSError: the API cannot be reached.

    """
    base = urlsplit(base_url)
    with closing(HTTPConnection(str(base.hostname), base.port, timeout=TIMEOUT_SECONDS)) as connection:
        connection.request(request.method, base.path + request.route, request.body or None, dict(request.headers))
        response = connection.getresponse()
        headers = [(name, value) for name, value in response.getheaders() if name.lower() in PASSED_BACK]
        return ApiAnswer(response.status, headers, response.read())


def _refresh_token(cookies: list[str]) -> str:
    found = [jar[REFRESH_COOKIE].value for jar in map(SimpleCookie, cookies) if REFRESH_COOKIE in jar]
    return found[-1] if found else ""
