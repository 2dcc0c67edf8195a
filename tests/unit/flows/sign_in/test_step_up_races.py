"""Every order of a step-up and another act: the second one comes before or after each call to a store of the first.

The races of processes on a real engine are in `tests/contract/test_step_up_races.py`.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from edge_auth.accounts.factors import Factors
from edge_auth.errors import InvalidGrant, InvalidToken, TemporarilyUnavailable
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.factors import Presented
from edge_auth.flows.sessions.logout import Reach
from edge_auth.flows.sign_in.step_up import Holder
from edge_auth.flows.sign_in.step_up_proofs import Proofs
from edge_auth.sessions.client_description import UNKNOWN_CLIENT
from edge_auth.sessions.session import BODY
from edge_auth.tokens.claims import ONE_FACTOR, TWO_FACTORS
from tests.support.deployment import GRACE_SECONDS, POLICY, USERNAME, Deployment, deployment_of_alice
from tests.support.second_factor import CODES, shown_by_app, with_app

CALLS = 6  # that an act makes to these stores at most
STORES = ("identities", "sessions", "session_replacement", "factors")


@dataclass
class Meddled:
    """A store that runs an act once, before or after the call with a number. The calls of all stores are counted."""

    store: Any
    calls: "count[int]"
    at: int
    is_after: bool
    act: Callable[[], object]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any method of the store
        """Return the method of the store with the act beside it."""

        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passed through
            is_due = next(self.calls) == self.at
            if is_due and not self.is_after:
                self.act()
            try:
                return getattr(self.store, name)(*arguments, **named)
            finally:
                if is_due and self.is_after:
                    self.act()

        return call


@dataclass
class World:
    """Alice's session with one factor from before she had an app, and what the acts have granted."""

    deployment: Deployment
    first: TokenGrant
    newest: TokenGrant
    granted: list[TokenGrant] = field(default_factory=list)
    acts: int = 0

    def prepared(self, act: str) -> Callable[[], None]:
        """Return an act with the stores as they are now. It may be refused."""
        made = getattr(self, act)()

        def run() -> None:
            self.acts += 1
            with suppress(InvalidGrant, InvalidToken, TemporarilyUnavailable):
                granted = made()
                self.granted += [granted] if granted else []

        return run

    def refresh_first(self) -> Callable[[], TokenGrant]:
        """Present the first refresh token."""
        refresh = self.deployment.refresh
        return lambda: refresh(self.first.refresh_token, POLICY)

    def refresh_newest(self) -> Callable[[], TokenGrant]:
        """Present the newest refresh token."""
        refresh = self.deployment.refresh
        return lambda: refresh(self.newest.refresh_token, POLICY)

    def log_out(self) -> Callable[[], None]:
        """End the session."""
        logout = self.deployment.logout
        return lambda: logout(self.newest.refresh_token, Reach.ONE)

    def log_out_everywhere(self) -> Callable[[], None]:
        """End all sessions."""
        logout = self.deployment.logout
        return lambda: logout(self.newest.refresh_token, Reach.ALL)

    def step_up_by_app(self) -> Callable[[], TokenGrant]:
        """Step up by a code of the app."""
        return self._step_up(Presented(otp=shown_by_app(self.deployment.clock() // 1000)))

    def step_up_on_paper(self) -> Callable[[], TokenGrant]:
        """Step up by a recovery code."""
        return self._step_up(Presented(recovery_code=CODES[0]))

    def _step_up(self, shown: Presented) -> Callable[[], TokenGrant]:
        step_up, deployment = self.deployment.step_up, self.deployment
        user_id = deployment.alice.user_id
        holder = Holder(user_id, self.first.session_id, self.newest.refresh_token, BODY, UNKNOWN_CLIENT)
        return lambda: step_up(holder, Proofs(codes=shown)).tokens(POLICY, deployment.entropy)

    @property
    def factors(self) -> Factors:
        """Alice's factors."""
        factors = self.deployment.alice.factors
        assert factors is not None
        return factors


@pytest.fixture(params=["never rotated", "in the grace window", "rotated long ago"])
def world(deployment: Deployment, request: pytest.FixtureRequest) -> World:
    """Return a session that was never rotated, or rotated once."""
    deployment = deployment.with_second_factor()
    first = newest = deployment.log_in()
    deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)
    if request.param != "never rotated":
        newest = deployment.refreshed(first.refresh_token)
    if request.param == "rotated long ago":
        deployment.clock.advance(seconds=GRACE_SECONDS + 1)
    deployment.events.clear()
    return World(deployment, first, newest)


def interleave(world: World, outer: str, inner: str, at: int, *, is_after: bool) -> bool:
    """Run one act within another one. Return whether the outer act makes so many calls."""
    deployment, calls = world.deployment, count(1)
    act = world.prepared(inner)
    plain = {name: getattr(deployment, name) for name in STORES}
    for name, store in plain.items():
        setattr(deployment, name, Meddled(store, calls, at, is_after, act))
    meddled = world.prepared(outer)
    for name, store in plain.items():
        setattr(deployment, name, store)
    meddled()
    return next(calls) > at


def check(world: World) -> None:
    """Check what holds after every order of acts."""
    deployment, old = world.deployment, world.first.session_id
    for granted in world.granted:
        assert deployment.claims_of(granted).acr == (ONE_FACTOR if granted.session_id == old else TWO_FACTORS)
    stepped_up = [granted for granted in world.granted if granted.session_id != old]
    living = deployment.session_ids()
    assert len(living) <= 1
    assert len(stepped_up) <= 1
    if stepped_up:
        assert old not in living
    used = (world.factors.totp_step > 0) + (len(CODES) - len(world.factors.recovery))
    assert used == len(stepped_up), "a code was used without a session, or more than one"
    if old not in living:
        dead = {world.first.refresh_token, world.newest.refresh_token}
        dead |= {granted.refresh_token for granted in world.granted if granted.session_id == old}
        for seconds in (0, GRACE_SECONDS - 1):
            deployment.clock.advance(seconds=seconds)
            for token in dead:
                with pytest.raises(InvalidGrant):
                    deployment.refreshed(token)
    for granted in stepped_up:
        if granted.session_id in living:
            assert deployment.claims_of(deployment.refreshed(granted.refresh_token)).acr == TWO_FACTORS
    assert [event.name for event in deployment.events if event.wants_attention] == []


STEP_UPS = ("step_up_by_app", "step_up_on_paper")
OTHERS = ("refresh_first", "refresh_newest", "log_out", "log_out_everywhere")
PAIRS = [
    *((STEP_UPS[0], other) for other in OTHERS),
    *((other, STEP_UPS[0]) for other in OTHERS),
    STEP_UPS,
    STEP_UPS[::-1],
]


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, CALLS + 1))
@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_no_order_of_acts_gives_an_old_token_the_new_level(
    world: World, outer: str, inner: str, at: int, *, is_after: bool
) -> None:
    """SA3: one of the two sessions lives at most, a code is used with its session only, and no alarm goes off."""
    is_made = interleave(world, outer, inner, at, is_after=is_after)
    assert world.acts == (2 if is_made else 1)
    check(world)


def test_the_orders_reach_every_call_and_both_results() -> None:
    """No step-up makes more calls than are numbered. The checks see step-ups that won, and step-ups that lost."""
    results = []
    for at in range(1, CALLS + 2):
        deployment = deployment_of_alice().with_second_factor()
        first = deployment.log_in()
        deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)
        world = World(deployment, first, first)
        is_made = interleave(world, "step_up_by_app", "refresh_first", at, is_after=False)
        results.append((is_made, any(granted.session_id != first.session_id for granted in world.granted)))
    assert set(results) == {(True, False), (False, True)}
    assert not results[CALLS][0]
