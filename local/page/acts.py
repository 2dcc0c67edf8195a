"""What the page can do beside calling the API: the faults, the thief, and the view of the server."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Protocol

from edge_auth.sessions.session import Session
from local.page import api
from local.page.api import ApiAnswer, ApiRequest
from local.page.exchange import BROWSER, LOST, OFFLINE, UNCHANGED, Change, Exchange, Exchanges
from local.page.faults import Faults
from local.page.parties import Thief, sign_in_on_phone
from local.user import User

RESET = "/auth/password/reset/confirm"


class Sees(Protocol):
    """Finds out what a request changed."""

    def session_of(self, text: str) -> Session | None:
        """Return the living session of a refresh token."""

    def change(self, request: ApiRequest, answer: ApiAnswer, began_ms: int, ended_ms: int) -> Change:
        """Return what a request changed."""


class Reads(Protocol):
    """Reads the mails of the stack."""

    def mails(self) -> list[dict[str, object]]:
        """Return all mails, the newest first."""


class Acts:
    """Passes the browser's requests on to the API, and acts for the other parties."""

    def __init__(
        self,
        *,
        base_url: str,
        origin: str,
        user: User,
        observer: Sees,
        mailbox: Reads,
        grace_seconds: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Serve the page of this origin. `grace_seconds` is the stack's RotationGraceSeconds."""
        self._faults = Faults(clock)
        self._base_url = base_url
        self._user = user
        self._observer = observer
        self._mailbox = mailbox
        self._grace_seconds = grace_seconds
        self._exchanges = Exchanges()
        self._thief = Thief(self._send, origin)

    def pass_on(self, request: ApiRequest) -> ApiAnswer | None:
        """Pass the browser's request on. Return its answer, or None if the browser does not get it.

        Raises:
            OSError: the API cannot be reached.

        """
        if self._faults.offline_seconds():
            self._exchanges.add(Exchange(BROWSER, request.method, request.route, None, None, 0, OFFLINE, UNCHANGED))
            return None
        fault = LOST if self._faults.loses(request.route) else None
        answer = self._send(BROWSER, request, fault)
        if request.route == RESET and answer.status == HTTPStatus.NO_CONTENT:
            # The page fills in the new password from now on, and the user's phone has it.
            self._user = replace(self._user, password=json.loads(request.body)["new_password"])
        return None if fault else answer

    def facts(self) -> dict[str, object]:
        """Return what the page shows at its start.

        The password is of the local stack's own user, who ends with the stack.
        """
        return {
            "user": self._user.name,
            "password": self._user.password,
            "email": self._user.email,
            "grace_seconds": self._grace_seconds,
        }

    def mails(self) -> dict[str, object]:
        """Return the mails that have left the stack, with their links and codes: all mailboxes are on this machine."""
        return {"mails": self._mailbox.mails()}

    def requests(self, after: int) -> dict[str, object]:
        """Return what was seen since the request with this number."""
        return {"requests": self._exchanges.after(after), "offline_seconds": self._faults.offline_seconds()}

    def session(self, token: str) -> dict[str, object]:
        """Return the session of the browser's refresh token, as the server has it; empty if it does not live."""
        session = self._observer.session_of(token)
        if session is None:
            return {}
        return {
            "generation": session.generation,
            "rotated_ms_ago": _now_ms() - session.rotated_at_ms,
        }

    def go_offline(self, seconds: float) -> dict[str, object]:
        """Let no request of the browser reach the API for this time."""
        self._faults.go_offline(seconds)
        return {}

    def lose_answer(self, then_offline_seconds: float) -> dict[str, object]:
        """Lose the answer to the browser's next refresh, and let nothing through for this time afterwards."""
        self._faults.lose_next_answer(then_offline_seconds)
        return {}

    def steal(self, token: str) -> dict[str, object]:
        """Copy the browser's refresh token. Return its session."""
        self._thief.steal(token)
        return self.session(token)

    def use_stolen(self) -> dict[str, object]:
        """Let the thief refresh."""
        return _outcome(self._thief.use())

    def sign_in_on_phone(self) -> dict[str, object]:
        """Open another session of the user."""
        return _outcome(sign_in_on_phone(self._send, self._user))

    def _send(self, by: str, request: ApiRequest, fault: str | None = None) -> ApiAnswer:
        began_ms = _now_ms()
        answer = api.send(self._base_url, request)
        ended_ms = _now_ms()
        change = self._observer.change(request, answer, began_ms, ended_ms)
        self._exchanges.add(
            Exchange(by, request.method, request.route, answer.status, answer.error, ended_ms - began_ms, fault, change)
        )
        return answer


def _now_ms() -> int:
    return int(time.time() * 1000)


def _outcome(answer: ApiAnswer) -> dict[str, object]:
    return {"status": answer.status, "error": answer.error}
