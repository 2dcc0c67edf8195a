"""Finds out what a request changed: from its refresh tokens, and from the log of the function that answered it.

MiniStack names no request in its answers, so an event is found by its time and its session. If the events of several
requests could be meant, none is told: the page never guesses.
"""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.errors import InvalidGrant
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.ring_document import from_secret_json
from edge_auth.sessions.session import Session
from edge_auth.tokens import refresh_token
from edge_auth.tokens.refresh_token import RefreshToken
from local.page.api import ApiAnswer, ApiRequest
from local.page.exchange import Change
from local.settings import STACK_NAME
from local.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

FUNCTIONS = {
    "/auth/login": "login",
    "/auth/refresh": "refresh",
    "/auth/logout": "logout",
    "/auth/sessions": "sessions",
    "/auth/step-up": "step-up",
    "/auth/passkeys/sign-in": "passkey-sign-in",
    "/auth/password/reset/confirm": "reset",
    "/auth/factors/totp/confirm": "factors",
    "/auth/factors/recovery-codes": "factors",
}
# The log may be written a moment after the answer.
TRIES, PAUSE_SECONDS = 4, 0.05


class Observer:
    """Reads the local stack. It changes nothing."""

    def __init__(self, keys: Mapping[bytes, MacKey], sessions: DynamoDBSessions, logs: "CloudWatchLogsClient") -> None:
        """Read with these keys of the refresh tokens, by their id. A key lasts longer than a local stack."""
        self._keys = keys
        self._sessions = sessions
        self._logs = logs

    @classmethod
    def of(cls, stack: Stack) -> Self:
        """Read this stack."""
        secret = stack.clients.secretsmanager.get_secret_value(SecretId=stack.outputs["KeyRingSecret"])
        keys = from_secret_json(secret["SecretString"]).at(int(time.time())).mac_keys
        sessions = DynamoDBSessions(stack.clients.dynamodb, table=stack.outputs["SessionsTable"])
        return cls(keys, sessions, stack.clients.logs)

    def token(self, text: str) -> RefreshToken | None:
        """Return what a refresh token says, or None if it is none of this stack's."""
        try:
            return refresh_token.parse(text, self._keys)
        except InvalidGrant:
            return None

    def session_of(self, text: str) -> Session | None:
        """Return the living session of a refresh token, as it is stored."""
        token = self.token(text)
        return self._sessions.find(token.user_id, token.session_id) if token else None

    def change(self, request: ApiRequest, answer: ApiAnswer, began_ms: int, ended_ms: int) -> Change:
        """Return what a request changed, which was sent and answered at these times (milliseconds since 1970)."""
        presented, issued = self.token(request.refresh_token), self.token(answer.refresh_token)
        route, session_id = request.route, answer.member("session_id") or (presented.session_id if presented else "")
        if request.method == "DELETE":
            route, _, session_id = route.rpartition("/")
        event = {}
        if route in FUNCTIONS and request.method != "GET":
            event = self._event(FUNCTIONS[route], session_id, began_ms, ended_ms)
        return Change(
            presented.generation if presented else None,
            issued.generation if issued else None,
            event.get("event"),
            event.get("reason"),
        )

    def _event(self, function: str, session_id: str, began_ms: int, ended_ms: int) -> dict[str, Any]:
        """Return the event, or an empty one if there is none, or if it is not clear which it is."""
        for _ in range(TRIES):
            found = list(events(self._logs, function, session_id, began_ms, ended_ms))
            if found:
                return found[0] if len({each["event"] for each in found}) == 1 else {}
            time.sleep(PAUSE_SECONDS)
        return {}


def events(
    logs: "CloudWatchLogsClient", function: str, session_id: str, began_ms: int, ended_ms: int
) -> Iterator[dict[str, Any]]:
    """Return the security events of a function, between these times, of this session or of none."""
    group = f"/aws/lambda/{STACK_NAME}-{function}"
    for line in logs.filter_log_events(logGroupName=group, startTime=began_ms)["events"]:
        try:
            fields = json.loads(line["message"])
        except ValueError:  # Lambda's own lines
            continue
        if "event" not in fields or fields.get("session_id", session_id) != session_id:
            continue
        if began_ms <= datetime.fromisoformat(fields["timestamp"]).timestamp() * 1000 <= ended_ms:
            yield fields
