"""edge-auth by HTTP, for the user whose session cookie a request carried."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

TIMEOUT_SECONDS = 5
SERVER_ERRORS = 500
TOO_MANY = 429


class Refused(Exception):
    """edge-auth refuses the request. `text` may be shown to the user."""

    def __init__(self, text: str) -> None:
        """Keep the text."""
        super().__init__(text)
        self.text = text


class Unavailable(Exception):
    """edge-auth cannot be asked now. Nothing is known, so the user stays signed in."""


class EdgeAuthApi:
    """Asks edge-auth. `cookie` is the pair `__Host-Http-session=…`. Each call may raise Refused and Unavailable."""

    def __init__(self, url: str, *, origin: str) -> None:
        """Use the API at this address, as pages of this origin: it must be one of AllowedOrigins."""
        self._url, self._origin = url, origin

    def sessions(self, cookie: str) -> list[dict[str, Any]]:
        """Return the living sessions of the user: the `sessions` of GET /auth/sessions."""
        answer, _ = self._call("GET", "/auth/site/sessions", cookie)
        found: list[dict[str, Any]] = answer["sessions"]
        return found

    def end_session(self, cookie: str, session_id: str) -> None:
        """End one session of the user."""
        self._call("DELETE", f"/auth/site/sessions/{quote(session_id, safe='')}", cookie)

    def change_password(self, cookie: str, current: str, new: str, *, user_agent: str) -> list[str]:
        """Change the password, and return the cookies to set. The session is then of this browser."""
        body = {"current_password": current, "new_password": new}
        return self._call("POST", "/auth/site/password", cookie, body, user_agent=user_agent)[1]

    def log_out(self, cookie: str, *, others: bool = False) -> list[str]:
        """End this session, or all others, and return the cookies to set."""
        return self._call("POST", "/auth/logout", cookie, {"others": others})[1]

    def _call(
        self, method: str, path: str, cookie: str, body: Mapping[str, object] | None = None, *, user_agent: str = ""
    ) -> tuple[dict[str, Any], list[str]]:
        request = urllib.request.Request(  # noqa: S310 - your own address
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                "Cookie": cookie,
                "Origin": self._origin,
                "User-Agent": user_agent,
                "X-Edge-Auth": "1",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
                return json.loads(response.read() or b"{}"), response.headers.get_all("Set-Cookie", [])
        except urllib.error.HTTPError as error:
            if error.code >= SERVER_ERRORS or error.code == TOO_MANY:
                raise Unavailable from None
            raise Refused(_description(error.read())) from None
        except OSError:
            raise Unavailable from None


def _description(body: bytes) -> str:
    try:
        return str(json.loads(body)["error_description"])
    except (ValueError, KeyError, TypeError):
        return "This is not possible."
