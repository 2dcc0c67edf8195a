"""HTTP for the clients of the scenarios: each has its own address, in a header, and a new connection each time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

SECONDS = 60.0  # for one answer
REFUSING = (400, 401, 403)
UNDECIDED = 404  # and above: no route, too many requests, a failure


class Refused(Exception):
    """The server answered that the token, or whatever was sent, is not valid."""


class Unavailable(Exception):
    """The server did not decide: another status, or no answer. A client keeps its token and tries again."""


@dataclass(frozen=True)
class Answer:
    """An answer. `cookies` are the values of the cookies that it sets, by name."""

    status: int
    location: str
    cookies: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """The parsed body."""
        return json.loads(self.body)

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address to which the answer redirects."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.location).query).items()}


def address_of(number: int) -> str:
    """Return the address of a client, so that no server takes all clients for one."""
    return str(ip_address("10.0.0.1") + number)


@dataclass(frozen=True)
class Client:
    """Sends requests to a server on a port of loopback, as a proxy in front of it would, and keeps no cookies."""

    port: int
    address: str

    def send(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        document: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to a request with this body, whatever its status.

        Raises Unavailable: there is none, or it is a 429 or a failure of the server.
        """
        sent = {"Host": f"127.0.0.1:{self.port}", "X-Forwarded-For": self.address, **(headers or {})}
        body = None
        if form is not None:
            body, sent["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        if document is not None:
            body, sent["Content-Type"] = json.dumps(document), "application/json"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            pairs = [cookie.partition(";")[0].split("=", 1) for cookie in response.headers.get_all("Set-Cookie") or ()]
            answer = Answer(response.status, response.headers.get("Location") or "", dict(pairs), response.read())
        except (OSError, HTTPException) as error:
            raise Unavailable(repr(error)) from None
        finally:
            connection.close()
        if answer.status >= UNDECIDED:
            raise Unavailable(f"{answer.status} {answer.body[:200]!r}")
        return answer

    def granted(self, method: str, path: str, **sent: Any) -> Answer:  # noqa: ANN401 - as `send`
        """Return an answer of success, or a redirection. Raises Refused, Unavailable."""
        answer = self.send(method, path, **sent)
        if answer.status in REFUSING:
            raise Refused(f"{answer.status} {answer.body[:200]!r}")
        return answer
