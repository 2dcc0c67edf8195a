"""What benchmarks/costs.py multiplies with list prices is what the functions do: calls, log lines, bytes."""

from collections import Counter
from typing import Any

import pytest

from benchmarks.costs import ASSUMED, OPERATIONS, Operation
from tests.support.answers import INVALID_GRANT
from tests.support.people import ADA_ID, PASSWORD, WRONG_PASSWORD
from tests.support.sample_events import Event, called_by, login_event, logout_event, refresh_event, sample, with_json
from tests.support.stack import Stack

NEW_PASSWORD = "another fine passphrase"
FORGED = str.maketrans("AB", "BA")  # of the same form, and with at least its version changed


def end_event(session_id: str, to_end: str) -> Event:
    """Return a request to end another session."""
    event = called_by(sample("sessions-end"), ADA_ID, session_id)
    event["pathParameters"] = {"session_id": to_end}
    return event


class Requests:
    """Makes the request of each operation, once the function is warm."""

    def __init__(self, stack: Stack) -> None:
        """Begin with two sessions of ada's, and with a token of the first that was rotated."""
        stack.secrets.keep(NEW_PASSWORD)
        self._stack = stack
        self.functions = {name: stack.function(name) for name in ("login", "refresh", "logout", "sessions", "password")}
        self.functions["jwks"] = stack.function("jwks")
        self.tokens, self.other = self._login(), self._login()
        self.functions["refresh"](refresh_event("x"))
        self.functions["logout"](logout_event("x"))
        self.functions["jwks"](sample("jwks"))

    def event(self, operation: str) -> Event:
        """Return the request, after what has to come before it."""
        session_id = self.tokens["session_id"]
        if operation == "dead refresh token":
            self.functions["logout"](logout_event(self.tokens["refresh_token"]))
        events: dict[str, Event] = {
            "login": login_event("ada", PASSWORD),
            "refresh": refresh_event(self.tokens["refresh_token"]),
            "logout": logout_event(self.tokens["refresh_token"]),
            "list of sessions": called_by(sample("sessions"), ADA_ID, session_id),
            "end of a session": end_event(session_id, self.other["session_id"]),
            "change of the password": called_by(
                with_json("password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD}), ADA_ID, session_id
            ),
            "public keys": sample("jwks"),
            "wrong password": login_event("ada", WRONG_PASSWORD),
            "dead refresh token": refresh_event(self.tokens["refresh_token"]),
            "forged refresh token": refresh_event(self.tokens["refresh_token"].translate(FORGED)),
        }
        return events[operation]

    def _login(self) -> dict[str, Any]:
        tokens: dict[str, Any] = self.functions["login"](login_event("ada", PASSWORD)).json
        self._stack.clock.advance(seconds=20)
        return tokens


@pytest.fixture
def requests(stack: Stack) -> Requests:
    """Return the requests."""
    return Requests(stack)


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.behind], ids=lambda operation: operation.name.replace(" ", "-")
)
def test_a_request_does_what_its_cost_is_counted_from(stack: Stack, requests: Requests, operation: Operation) -> None:
    """Its calls, its lines in the log, none longer than assumed, and the bytes of its answer, within a tenth."""
    event = requests.event(operation.name)
    stack.output.read()
    seen = len(stack.output.printed)
    stack.wire.forget()

    answer = requests.functions[operation.function](event)

    stack.output.read()
    lines = [line for line in stack.output.printed[seen:].splitlines() if line.startswith('{"level"')]
    calls = Counter(call.operation.removesuffix(" of attempts") for call in stack.wire.calls)
    size = len(answer.body) + sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.items())
    assert calls == operation.calls
    assert len(lines) == operation.log_lines
    assert all(len(line) <= ASSUMED.log_line_bytes for line in lines)
    assert size == pytest.approx(operation.response_bytes, rel=0.1)
    assert (answer == INVALID_GRANT) is ("refresh token" in operation.name)
