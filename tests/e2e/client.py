"""An HTTP client of the deployed API that remembers every secret."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import requests

from local.tokens import claims_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

SECRETS = (
    *("access_token", "refresh_token", "device_token", "password", "current_password", "new_password", "token"),
    *("mfa_token", "enrolment", "secret", "recovery_code"),
)
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def cookies_of(response: requests.Response) -> list[str]:
    """Return the values of all headers Set-Cookie of an answer."""
    return list(response.raw.headers.getlist("Set-Cookie"))


def value_of(cookie: str) -> str:
    """Return the value of a cookie, empty if the cookie is removed."""
    return cookie.partition("=")[2].partition(";")[0]


@dataclass
class Session:
    """A client's view of a session: its id and its tokens."""

    session_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @property
    def key(self) -> "dict[str, AttributeValueTypeDef]":
        """The key of the session's item."""
        return {"user_id": {"S": claims_of(self.access_token).sub}, "session_id": {"S": self.session_id}}


TRIES, UNAVAILABLE = 5, 503


class Client:
    """Calls the API, and keeps in `secrets` all tokens and passwords that it sent or received."""

    def __init__(self, base_url: str) -> None:
        """Call the API at this address, without a proxy from the environment."""
        self.base_url = base_url
        self.secrets: set[str] = set()
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get(self, path: str, access_token: str | None = None) -> requests.Response:
        """Get a route, with or without a token."""
        return self.get_with(path, {} if access_token is None else {"Authorization": f"Bearer {access_token}"})

    def get_decided(self, path: str, access_token: str) -> requests.Response:
        """Get a route with a token, and again if an authorizer answers that it could not read a busy table in time."""
        for _ in range(TRIES):
            answer = self.get(path, access_token)
            if answer.status_code != UNAVAILABLE:
                break
        return answer

    def get_with(self, path: str, headers: Mapping[str, str]) -> requests.Response:
        """Get a route with these headers."""
        return self.send("GET", path, headers)

    def post_json(
        self,
        path: str,
        body: Mapping[str, object],
        access_token: str | None = None,
        headers: Mapping[str, str] = JSON,
    ) -> requests.Response:
        """Post a JSON object, with or without a token."""
        self._remember(body)
        authorization = {} if access_token is None else {"Authorization": f"Bearer {access_token}"}
        return self.send("POST", path, {**headers, **authorization}, json.dumps(body))

    def post_form(self, path: str, body: Mapping[str, str]) -> requests.Response:
        """Post a form."""
        self._remember(body)
        return self.send("POST", path, FORM, urlencode(body))

    def send(self, method: str, path: str, headers: Mapping[str, str], body: str = "") -> requests.Response:
        """Send a request, and remember the secrets of the answer."""
        response = self._session.request(
            method, self.base_url + path, headers=headers, data=body, timeout=30, allow_redirects=False
        )
        if response.content:
            self._remember(response.json())
        self.secrets.update(filter(None, map(value_of, cookies_of(response))))
        return response

    def open_session(self, username: str, password: str) -> Session:
        """Log in."""
        response = self.post_json("/auth/login", {"username": username, "password": password})
        assert response.status_code == 200, response.text
        body = response.json()
        return Session(body["session_id"], body["access_token"], body["refresh_token"])

    def refresh(self, refresh_token: str) -> requests.Response:
        """Exchange a refresh token."""
        return self.post_json("/auth/refresh", {"refresh_token": refresh_token})

    def _remember(self, body: Mapping[str, object]) -> None:
        self.secrets.update(str(body[name]) for name in SECRETS if body.get(name))
