"""What the functions are called with, and what they must answer: each call does the work that it is there for.

A series of calls is a generator: it yields an event, is sent the answer, and yields the next event. An answer that is
not a success is a RuntimeError, and ends the benchmark.
"""

import secrets
from collections.abc import Generator, Mapping

from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment
from benchmarks.requests.events import CREATED, NO_CONTENT, Answer, allowed, succeeded
from tests.support.people import PASSWORD
from tests.support.sample_events import Event, sample, token_event

OTHER_PASSWORD = "seven loud herons at dusk"

Calls = Generator[Event, Answer, None]


class Series:
    """A series of calls, in which processes of a function take turns. `event` is the next one."""

    def __init__(self, calls: Calls) -> None:
        """Begin."""
        self._calls = calls
        self.event = next(calls)

    def answered(self, answer: Answer) -> None:
        """Check the answer, and go on to the next event. Raises RuntimeError."""
        self.event = self._calls.send(answer)


def registrations() -> Calls:
    """Make accounts."""
    while True:
        answer = yield events.register(f"user-{secrets.token_hex(6)}")
        succeeded(answer, CREATED)


def logins(deployment: Deployment) -> Calls:
    """Log users in, each of them once."""
    while True:
        username = f"user-{secrets.token_hex(6)}"
        deployment.add_user(username)
        answer = yield events.login(username)
        succeeded(answer)


def refreshes(refresh_token: str) -> Calls:
    """Refresh one session again and again, each time with the token of the last answer."""
    while True:
        answer = yield events.refresh(refresh_token)
        successor = succeeded(answer)["refresh_token"]
        if successor == refresh_token:
            raise RuntimeError("the refresh token was not rotated")
        refresh_token = successor


def logouts(deployment: Deployment, user_id: str) -> Calls:
    """End sessions of one user."""
    while True:
        _, refresh_token = deployment.add_session(user_id)
        answer = yield events.logout(refresh_token)
        succeeded(answer, NO_CONTENT)


def password_changes(caller: Mapping[str, str]) -> Calls:
    """Change one user's password, and change it back."""
    current, new = PASSWORD, OTHER_PASSWORD
    while True:
        answer = yield events.password_change(caller, new, current)
        succeeded(answer, NO_CONTENT)
        current, new = new, current


def reads(name: str, caller: Mapping[str, str] | None = None) -> Calls:
    """Send one event again and again."""
    while True:
        answer = yield events.event(name, caller)
        succeeded(answer)


def authorizations(access_token: str) -> Calls:
    """Show one access token again and again, at a TOKEN authorizer."""
    while True:
        answer = yield token_event(access_token)
        allowed(answer)


def nothings(access_token: str) -> Calls:
    """Call a function that does nothing, with what an authorizer is called with."""
    while True:
        answer = yield token_event(access_token)
        if answer != {}:
            raise RuntimeError(f"not nothing: {answer}")


def key_ring_advances() -> Calls:
    """Do what the hourly schedule does: nearly always look, and find nothing to do."""
    while True:
        answer = yield sample("key-ring-advance")
        if not answer.get("version"):
            raise RuntimeError(f"no key ring: {answer}")
