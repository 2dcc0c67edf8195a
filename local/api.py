"""A client of the deployed API."""

import json
from dataclasses import dataclass
from typing import Any

import requests

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """An answer of the API."""

    status: int
    challenge: str | None  # WWW-Authenticate
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object of the body; empty if the body is not a JSON object."""
        try:
            parsed = json.loads(self.content)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    @property
    def summary(self) -> str:
        """Status and error code, as in `400 invalid_grant`."""
        return f"{self.status} {self.body.get('error', '')}".rstrip()


class Api:
    """Calls the routes that the walk needs."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        # The proxies of the environment cannot reach this machine.
        self._session.trust_env = False

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def login(self, username: str, password: str, **shown: str) -> Answer:
        """Log in. `shown` is a second factor: `otp` or `recovery_code`."""
        return self._call("POST", "/auth/login", json={"username": username, "password": password, **shown})

    def ask_reset(self, username: str) -> Answer:
        """Ask for a mail to set a new password."""
        return self._call("POST", "/auth/password/reset", json={"username": username})

    def reset(self, proof: str, new_password: str) -> Answer:
        """Set a new password with the proof of a mail."""
        return self._call("POST", "/auth/password/reset/confirm", json={"proof": proof, "new_password": new_password})

    def begin_app(self, access_token: str) -> Answer:
        """Ask for the secret of an authenticator app."""
        return self._call("POST", "/auth/factors/totp", headers=_bearer(access_token))

    def confirm_app(self, access_token: str, enrolment: str, otp: str) -> Answer:
        """Set up the app that shows the code."""
        shown = {"enrolment": enrolment, "otp": otp}
        return self._call("POST", "/auth/factors/totp/confirm", headers=_bearer(access_token), json=shown)

    def refresh(self, refresh_token: str) -> Answer:
        """Exchange a refresh token."""
        return self._call("POST", "/auth/refresh", json={"refresh_token": refresh_token})

    def logout(self, refresh_token: str) -> Answer:
        """End the session."""
        return self._call("POST", "/auth/logout", json={"refresh_token": refresh_token})

    def me(self, access_token: str | None) -> Answer:
        """Call the protected route, with or without a token."""
        return self._call("GET", "/me", headers={} if access_token is None else _bearer(access_token))

    def _call(self, method: str, path: str, **arguments: Any) -> Answer:  # noqa: ANN401 - passed on to requests
        response = self._session.request(
            method, self._base_url + path, timeout=TIMEOUT_SECONDS, allow_redirects=False, **arguments
        )
        return Answer(response.status_code, response.headers.get("WWW-Authenticate"), response.content)


def _bearer(access_token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token}"}
