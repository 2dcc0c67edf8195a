"""One request of the grid, asked with each fault at each of its calls, and what is wrong afterwards."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from edge_auth.authorizer.ended_sessions import CannotDecide
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.errors import TemporarilyUnavailable
from proof.faults.act import Act
from proof.faults.differences import Comparison
from proof.faults.functional import Printed
from proof.faults.gate import KILLED, Gate, faults_of
from proof.faults.state import State, state
from proof.faults.world import Snapshot, World
from tests.support import recorded_calls
from tests.support.authorizer import is_allowed
from tests.support.outages import Killed
from tests.support.sample_events import Event
from tests.support.stack import Answer, LambdaContext, Secrets, Stack
from tests.support.template import functions, template

UNAVAILABLE, NO_ANSWER, UNEXPECTED = 503, 0, 500
WITHOUT_ROUTE = ("mailer", "mail_feedback", "reset_link", "rotate_keys")
FRESH_AFTER = 15  # requests, because the SDK of a process stops its repetitions when many have failed
MISCONFIGURED = ("access denied", "no such table", "validation", "deleted", "no key of the secret")
RETRY_AFTER_SECONDS = 1
UNTOLD = "UpdateItem SessionsTable"  # the mark that an end was published: without it, the end is published once more


class Cell(NamedTuple):
    """One fault at one call of a request: the call's name, its number of those with this name, and if it lasts."""

    call: str
    at: int
    fault: str
    lasts: bool

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.fault} {'from' if self.lasts else 'at'} {self.call} {self.at}{' on' if self.lasts else ''}"


class Outcome(NamedTuple):
    """What a request with a fault did.

    `status` is that of its answer, `seconds` the time until it came, and `wrong` a sentence for each thing that is
    wrong. `leaked` says how many secrets were printed: those of the world, and those of the answers.
    """

    status: int
    seconds: float
    wrong: list[str]
    leaked: int


@dataclass
class Trial:
    """A prepared request. `calls` are those that it makes, and `goal` is the state that it leaves, if nothing fails."""

    act: Act
    stack: Stack
    printed: Printed
    event: Event
    start: Snapshot
    initially: State
    calls: list[tuple[str, int]] = field(default_factory=list)
    rights: list[tuple[str, str, str]] = field(default_factory=list)
    _shown: Secrets = field(default_factory=Secrets)  # those of the answers since the output was forgotten
    _warm: Any = None
    _served: int = 0
    _is_made_again: bool = True

    def healthy(self) -> None:
        """Ask once without a fault, and keep what it does. Raises RuntimeError: it has another status."""
        before = set(recorded_calls.CALLS)
        recorded_calls.CALLS.clear()
        gate = self._gate()
        answer = self._ask(self._cold(), gate)
        self.rights = sorted((right.caller, right.action, right.resource) for right in recorded_calls.CALLS)
        recorded_calls.CALLS.update(before)
        if answer.status != self.act.status:
            raise RuntimeError(f"{self.act.function} answers {answer}")
        self.calls = [(name, number + 1) for name, count in sorted(gate.made.items()) for number in range(count)]
        self.goal = state(self.stack, self.start)

    def cells(self) -> Iterator[Cell]:
        """Yield all faults at all calls, once and lasting.

        Where the call was not made again after a fault, a lasting one would be the same, and is left out.
        """
        for call, at in self.calls:
            for fault in faults_of(call):
                self._is_made_again = fault != KILLED
                yield Cell(call, at, fault, lasts=False)
                if self._is_made_again:
                    yield Cell(call, at, fault, lasts=True)

    def ask(self, cell: Cell) -> Outcome:
        """Ask with a fault, and ask again without it if that is needed."""
        self.start.restore(self.stack)
        self.stack.wire.forget()
        self.printed.forget()
        self._shown = Secrets()
        is_cold = cell.call.startswith("GetSecretValue") or self.act.function.endswith("authorizer")
        function = self._cold() if is_cold else self._kept()
        gate = self._gate(cell)
        begin_ms = self.stack.clock.now_ms
        answer = self._ask(function, gate)
        seconds = (self.stack.clock.now_ms - begin_ms) / 1000
        wrong = self._faults_of_answer(cell, answer)
        self._is_made_again = gate.made[cell.call] > cell.at
        if gate.met == 0:
            wrong.append("no call met the fault")
        if seconds > timeout_seconds(self.act.function):
            wrong.append(f"{seconds} s are more than the function has")
        lost = answer.status != self.act.status
        if lost:
            if answer.status == NO_ANSWER:
                self._warm = None
            function = self._cold() if answer.status == NO_ANSWER else function
            wrong += self._asked_again(function)
        else:
            wrong += self._differences(part=cell.call if cell.call in self.act.parts else "")
        return Outcome(answer.status, seconds, wrong, self.leaked())

    def leaked(self) -> int:
        """Return how many secrets are in the output since it was last forgotten."""
        if self.act.function == "rotate_keys":
            self._shown.keep_ring(self.stack.key_ring)
        output = self.printed.read()
        return sum(secret in output for secret in self.stack.secrets.values | self._shown.values)

    def _asked_again(self, function: Any) -> list[str]:  # noqa: ANN401 - a handler
        self.stack.clock.advance(seconds=RETRY_AFTER_SECONDS)
        again = self._ask(function, self._gate())
        if again.status == self.act.status:
            return self._differences(is_repeated=True, lost=1)
        if again.status not in self.act.again:
            return [f"the same request is then answered with {again.status}"]
        wrong = self._differences(is_repeated=True)
        if wrong and self.act.instead is not None:
            event = self.act.instead(World(self.stack), self.event)
            instead = self._ask(function, self._gate(), event)
            if instead.status != self.act.status:
                return [f"what is sent instead is answered with {instead.status}"]
            wrong = self._differences(is_repeated=True, lost=1)
        return [f"after {again.status} {each}" for each in wrong]

    def _faults_of_answer(self, cell: Cell, answer: Answer) -> list[str]:
        if answer.status == NO_ANSWER:
            return [] if cell.fault == KILLED else ["the process died"]
        wrong = []
        if answer.status not in (self.act.status, UNAVAILABLE):
            wrong.append(f"answered with {answer.status} {answer.body[:80]}")
        if answer.status >= UNEXPECTED and answer.cookies:
            wrong.append("a failure sets a cookie")
        has_route = _has_route(self.act.function)
        if answer.status == UNAVAILABLE and has_route and answer.headers.get("Retry-After") != str(RETRY_AFTER_SECONDS):
            wrong.append("no Retry-After")
        lines = self.printed.log_lines() if has_route else []
        if answer.status == UNAVAILABLE and has_route and all(line["level"] != "ERROR" for line in lines):
            wrong.append("no line of the log is an error")
        is_part_left = cell.fault in MISCONFIGURED and answer.status == self.act.status and cell.call != UNTOLD
        if is_part_left and has_route and not any("not_" in line.get("event", "") for line in lines):
            wrong.append("no line of the log says what was left")
        if cell.fault in MISCONFIGURED and answer.status == self.act.status and cell.call not in self.act.parts:
            wrong.append("answered as if nothing had failed")
        return wrong

    def _differences(self, **happened: Any) -> list[str]:  # noqa: ANN401 - passed through
        compared = Comparison(self.act, self.initially, self.goal, **happened)
        return compared.differences(state(self.stack, self.start))

    def _gate(self, cell: Cell | None = None) -> Gate:
        gate = Gate(self.stack.clock, self.act.answers, self.act.function)
        if cell is not None:
            gate.name, gate.at, gate.lasts = cell.call, cell.at, cell.lasts
            gate.fault = faults_of(cell.call)[cell.fault]
        self.stack.wire.gate = gate
        return gate

    def _kept(self) -> Any:  # noqa: ANN401 - a handler
        if self._warm is None or self._served >= FRESH_AFTER:
            self._warm, self._served = self._cold(), 0
        self._served += 1
        return self._warm

    def _cold(self) -> Any:  # noqa: ANN401 - a handler
        return self.stack.module(self.act.function).handler

    def _ask(self, handler: Any, gate: Gate, event: Event | None = None) -> Answer:  # noqa: ANN401 - a handler
        self.stack.wire.gate = gate
        try:
            returned = handler(event or self.event, LambdaContext())
        except Killed:
            return Answer(NO_ANSWER, {}, "")
        except (TemporarilyUnavailable, RequestFailed, CannotDecide) as error:
            return Answer(UNAVAILABLE, {}, str(error))
        except Exception as error:  # noqa: BLE001 - an unexpected one is a finding
            return Answer(UNEXPECTED, {}, f"{type(error).__name__}: {error}")
        answer = answered(self.act.function, returned)
        if _has_route(self.act.function):
            self._shown.keep_answer(answer)
        elif self.act.function == "reset_link":
            self._shown.keep(*(returned[name] for name in ("link", "code") if name in returned))
        return answer


def answered(function: str, returned: Any) -> Answer:  # noqa: ANN401 - any JSON value
    """Return what a handler returned as an answer. Those without a route have 200, or 409 if they refuse."""
    if function.endswith("authorizer"):
        return Answer(200 if is_allowed(returned) else 401, {}, json.dumps(returned))
    if function in WITHOUT_ROUTE:
        refused = isinstance(returned, dict) and "refused" in returned
        failed = isinstance(returned, dict) and returned.get("batchItemFailures")
        return Answer(409 if refused else UNAVAILABLE if failed else 200, {}, json.dumps(returned))
    cookies = tuple(returned.get("multiValueHeaders", {}).get("Set-Cookie", ()))
    return Answer(returned["statusCode"], returned["headers"], returned["body"], cookies)


def _has_route(function: str) -> bool:
    return function not in WITHOUT_ROUTE and not function.endswith("authorizer")


def timeout_seconds(function: str) -> int:
    """Return the seconds that the template gives a function."""
    seconds: int = functions()[function].get("Timeout", template()["Globals"]["Function"]["Timeout"])
    return seconds


def prepared(act: Act, world: World, printed: Printed, base: Snapshot) -> Trial:
    """Return the trial of an act, from the world at its beginning."""
    world.stack.wire.mend()
    base.restore(world.stack)
    event = act.prepare(world)
    world.stack.forget_attempts()
    world.stack.clock.advance(seconds=1)  # so that no time that is written is the one of before
    stack = world.stack.with_parameters(**act.parameters)
    start = Snapshot.of(stack)
    trial = Trial(act, stack, printed, event, start, state(stack, start))
    trial.healthy()
    return trial
