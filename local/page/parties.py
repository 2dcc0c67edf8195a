"""The parties beside the browser: a thief with a copy of its refresh token, and the user's own phone."""

import json
from collections.abc import Callable

from edge_auth.web.cookies import REFRESH_COOKIE
from local.page.api import ApiAnswer, ApiRequest
from local.page.exchange import PHONE, THIEF
from local.user import User

Send = Callable[[str, ApiRequest], ApiAnswer]
"""Sends the request of a party, and keeps what is seen of it."""

JSON = {"Content-Type": "application/json"}
# A thief is no browser, so it writes the headers of a page of the list itself. It comes from another network: this
# address is for documentation (RFC 5737), and MiniStack believes the header.
THIEFS_HEADERS = {**JSON, "X-Edge-Auth": "1", "User-Agent": "thief/1.0", "X-Forwarded-For": "203.0.113.7"}
PHONES_HEADERS = {**JSON, "User-Agent": "Phone/1.0"}
PHONES_NAME = "Phone"


class Thief:
    """Has a copy of the browser's refresh token, and uses it as another client."""

    def __init__(self, send: Send, origin: str) -> None:
        """Begin without a token. `origin` is that of the page."""
        self._send = send
        self._origin = origin
        self._token = ""

    def steal(self, token: str) -> None:
        """Copy a refresh token."""
        self._token = token

    def use(self) -> ApiAnswer:
        """Refresh with the copy. With an answer, the thief has its own token, and reads as the user."""
        cookie = {"Cookie": f"{REFRESH_COOKIE}={self._token}", "Origin": self._origin}
        answer = self._send(THIEF, ApiRequest("POST", "/auth/refresh", {**THIEFS_HEADERS, **cookie}, b"{}"))
        self._token = answer.refresh_token or self._token
        access_token = answer.member("access_token")
        if access_token:
            self._send(THIEF, ApiRequest("GET", "/me", {**THIEFS_HEADERS, "Authorization": f"Bearer {access_token}"}))
        return answer


def sign_in_on_phone(send: Send, user: User) -> ApiAnswer:
    """Log the user in as an app does, whose tokens travel in the body."""
    body = {"username": user.name, "password": user.password, "client_name": PHONES_NAME}
    return send(PHONE, ApiRequest("POST", "/auth/login", PHONES_HEADERS, json.dumps(body).encode()))
