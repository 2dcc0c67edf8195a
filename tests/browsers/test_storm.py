"""Eight tabs restored at once on a bad network, as a browser does when it starts: nobody is signed out.

The client's own tests have 200 such rounds with a browser and a server of their own. Here both are real.
"""

import random
from threading import Lock

import pytest
from werkzeug.wrappers import Response

from tests.browsers.conftest import World
from tests.browsers.faults import Fault, Forward, delayed, lost_answer, lost_request, passes
from tests.browsers.visitor import Outcome, Visitor, call, session_of

TABS = 8
LOST_REQUESTS, LOST_ANSWERS = 0.10, 0.15
SLOWEST_SECONDS = 0.15  # each way
FINISH = "async () => [await begun, auth.session?.id ?? null]"
WITHOUT_LOCKS_AND_CHANNEL = "delete Navigator.prototype.locks; delete window.BroadcastChannel;"


class BadNetwork:
    """A fault that delays every request, and loses some of them and some answers."""

    def __init__(self, seed: int) -> None:
        """Draw from this seed."""
        self._chance = random.Random(seed)  # noqa: S311 - the same each time, and no secret
        self._lock = Lock()

    def __call__(self, forward: Forward) -> Response:
        """Serve one request."""
        with self._lock:
            drawn, there, back = (self._chance.random() for _ in range(3))
        fault: Fault = passes
        if drawn < LOST_REQUESTS + LOST_ANSWERS:
            fault = lost_request if drawn < LOST_REQUESTS else lost_answer
        return delayed(there * SLOWEST_SECONDS, back * SLOWEST_SECONDS, fault)(forward)


def storm(world: World, visitor: Visitor, rounds: int, *, with_reloads: bool) -> list[Outcome]:
    """Restore all tabs at once, and every second one again meanwhile if wanted. Each round is an hour later."""
    session = session_of(visitor.signed_in())
    tabs = [*visitor.context.pages, *(visitor.open() for _ in range(TABS - 1))]
    gate = visitor.context.new_page()
    gate.goto(f"{world.app}/gate")
    outcomes = []
    for number in range(rounds):
        world.clock.advance(seconds=3600)
        world.api.always("/auth/refresh", BadNetwork(number))
        for chosen in (tabs, tabs[1::2]) if with_reloads else (tabs,):
            address = f"/gated?{number}.{len(chosen)}"
            for tab in chosen:
                tab.evaluate(f"void setTimeout(() => location.assign('{address}'))")
            for tab in chosen:
                tab.wait_for_function("end => location.href.endsWith(end) && window.auth", arg=address)
            gate.evaluate("localStorage.gate = Math.random()")
        found = [tab.evaluate(FINISH) for tab in tabs]
        outcomes += [outcome for outcome, _ in found]
        world.api.mend()
        # Also those that could not reach the API are signed in as soon as they can.
        late = [tab for tab, (outcome, _) in zip(tabs, found, strict=True) if "error" in outcome]
        assert [call(tab, "auth.restore()") for tab in late] == [{"value": True}] * len(late)
        assert {known for _, known in found} | {session_of(tab) for tab in late} <= {session, None}
    assert world.generations().keys() == {session}
    return outcomes


def failures(world: World, outcomes: list[Outcome]) -> list[object]:
    """Return what is neither a success nor a lost connection."""
    wrong: list[object] = [each for each in outcomes if each.get("error", "Unavailable") != "Unavailable"]
    wrong += [each for each in outcomes if each.get("value", True) is not True]
    return wrong + [answer for answer in world.api.answers if answer.path == "/auth/refresh" and answer.status != 200]


@pytest.mark.storm
def test_eight_tabs_at_once_stay_in_one_session_with_few_refreshes(world: World, visitor: Visitor) -> None:
    """B5: 25 rounds; no `invalid_grant`, one session, and at most four refreshes a round."""
    outcomes = storm(world, visitor, 25, with_reloads=False)

    assert failures(world, outcomes) == []
    assert len(outcomes) == 25 * TABS
    assert world.api.count("/auth/refresh") / 25 <= 4


def test_tabs_that_are_loaded_again_meanwhile_stay_signed_in(world: World, visitor: Visitor) -> None:
    """B5: five rounds in which every second tab is loaded again, also the one that was refreshing."""
    outcomes = storm(world, visitor, 5, with_reloads=True)

    assert failures(world, outcomes) == []
    assert len(outcomes) == 5 * TABS


def test_without_locks_and_channel_nobody_is_signed_out_either(world: World, visitor: Visitor) -> None:
    """B6: five rounds; they cost more requests, and the server takes the parallel refreshes for what they are."""
    visitor.context.add_init_script(WITHOUT_LOCKS_AND_CHANNEL)

    outcomes = storm(world, visitor, 5, with_reloads=True)

    assert failures(world, outcomes) == []
    assert world.api.count("/auth/refresh") / 5 > 4, "the tabs know nothing of each other"
