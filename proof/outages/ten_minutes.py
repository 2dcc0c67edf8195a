"""Ten minutes without DynamoDB, without Secrets Manager, and without both, on a clock that is moved on.

The functions run as Lambda loads them, on AWS in memory. In each step a warm authorizer decides about a good token, a
forged one and one of an ended session; a client refreshes, and a user logs in. Then the service is back, and the same
functions and the same refresh token go on.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from botocore.awsrequest import AWSResponse

from benchmarks.frame.results import markdown
from proof.faults.functional import functional_stack
from proof.faults.world import World, populated
from proof.frame.results import Figures
from proof.frame.run import Run
from proof.outages.promises import broken_of
from tests.support.authorizer import is_allowed
from tests.support.outages import ends
from tests.support.people import PASSWORD
from tests.support.sample_events import Event, login_event, logout_event, refresh_event, token_event
from tests.support.stack import Answer, Function
from tests.support.wire import Call, Forward, no_connection

SECONDS = 600
DYNAMODB, SECRETS = frozenset({"dynamodb", "throttle", "revocations"}), frozenset({"secrets-manager"})
OK, UNAVAILABLE = 200, 503


class Outage(NamedTuple):
    """The services that are gone, by the wire's names, and the status of refreshes and logins meanwhile.

    `cold` is the status of a refresh by a function that was started in the outage.
    """

    gone: frozenset[str]
    status: int
    cold: int


OUTAGES: Mapping[str, Outage] = {
    "DynamoDB": Outage(DYNAMODB, UNAVAILABLE, UNAVAILABLE),
    "Secrets Manager": Outage(SECRETS, OK, UNAVAILABLE),
    "both": Outage(DYNAMODB | SECRETS, UNAVAILABLE, UNAVAILABLE),
}


def prove(run: Run) -> Figures:
    """Let each service be gone for ten minutes."""
    step_seconds = run.amount(short=100, long=5)
    return Figures(run.parts(OUTAGES, lambda name: passed(OUTAGES[name], step_seconds)))


def passed(outage: Outage, step_seconds: int) -> dict[str, int]:
    """Go through an outage, and return what was answered: rightly and not."""
    with functional_stack() as (empty, _):
        clients = Clients(populated(empty))
        stack = clients.world.stack
        counts = Counter(dict.fromkeys(NAMES, 0))
        clients.step(counts, OK)
        stack.wire.gate = without(outage.gone)
        cold, back_at_ms = stack.function("refresh"), stack.clock.now_ms + SECONDS * 1000
        while stack.clock.now_ms < back_at_ms:
            stack.clock.advance(seconds=step_seconds)
            clients.step(counts, outage.status)
            counts["wrong_tokens"] += cold(refresh_event(clients.other)).status != outage.cold
            counts["steps"] += 1
        stack.wire.mend()
        stack.clock.advance(seconds=1)
        counts["not_recovered"] += cold(refresh_event(clients.other)).status != OK
        recovered: Counter[str] = Counter()
        clients.step(recovered, OK)
        counts["not_recovered"] += recovered["wrong_tokens"] + recovered["wrong_decisions"]
        counts["sessions_ended"] += len(ends(stack)) - clients.ended_before
    return dict(counts)


NAMES = (
    *("steps", "decisions", "wrong_decisions", "tokens", "wrong_tokens", "without_retry_after"),
    *("not_recovered", "sessions_ended"),
)


class Clients:
    """A client that refreshes, a user who logs in, and an authorizer that decides about three tokens."""

    def __init__(self, world: World) -> None:
        """Log out one of two sessions, and start the functions."""
        self.world = world
        stack = world.stack = world.stack.with_parameters(MaxSessionsPerUser="1000")  # the user logs in all the time
        ended = world.log_in("bob")
        world.call("logout", logout_event(ended["refresh_token"]), 204)
        self.ended_before = len(ends(stack))
        good = world.bob["access_token"]
        self._decisions: list[tuple[Event, bool]] = [
            (token_event(good), True),
            (token_event(good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]), False),
            (token_event(ended["access_token"]), False),
        ]
        self._authorize: Callable[[object, None], dict[str, Any]] = stack.module("authorizer").handler
        self._refresh, self._login = stack.function("refresh"), stack.function("login")
        self._token, self.other = world.bob["refresh_token"], world.bob_other["refresh_token"]

    def step(self, counts: Counter[str], status: int) -> None:
        """Decide, refresh and log in. Count what is wrong."""
        for event, is_good in self._decisions:
            counts["decisions"] += 1
            counts["wrong_decisions"] += is_allowed(self._authorize(event, None)) is not is_good
        refreshed = self._asked(counts, self._refresh, refresh_event(self._token), status)
        if refreshed.status == OK:
            self._token = refreshed.json["refresh_token"]
        self.world.stack.forget_attempts()  # a user does not log in every five seconds
        self._asked(counts, self._login, login_event("bob", PASSWORD), status)

    def _asked(self, counts: Counter[str], function: Function, event: Event, status: int) -> Answer:
        answer = function(event)
        counts["tokens"] += 1
        counts["wrong_tokens"] += answer.status != status
        counts["without_retry_after"] += answer.status == UNAVAILABLE and "Retry-After" not in answer.headers
        return answer


def without(gone: frozenset[str]) -> Callable[[Call, Forward], AWSResponse]:
    """Return a gate through which no request to these services passes."""
    return lambda call, forward: no_connection(forward) if call.service in gone else forward()


PROMISES = {
    "wrong_decisions": "decisions of a warm authorizer were wrong",
    "wrong_tokens": "refreshes and logins had another status than planned",
    "without_retry_after": "answers with 503 had no Retry-After",
    "not_recovered": "requests failed after the outage",
    "sessions_ended": "sessions have ended",
}


def broken(figures: Figures) -> list[str]:
    """Return what does not hold."""
    return broken_of(figures, PROMISES)


def table(figures: Figures) -> str:
    """Return a row for each outage."""
    head = ("ten minutes without", *(name.replace("_", " ") for name in NAMES))
    return markdown(head, [(name, *(counts[of] for of in NAMES)) for name, counts in figures.counts.items()])
