"""Step-ups against refreshes, logouts and other step-ups, between processes on a real engine (SA3).

Of each user the first session has one factor, and an app is
enrolled, so a step-up gives `2fa`.
"""

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator

import pytest

from edge_auth.clock import now_ms
from edge_auth.errors import InvalidGrant
from edge_auth.tokens.claims import ONE_FACTOR, TWO_FACTORS
from edge_auth.tokens.refresh_token import mint
from tests.support.deployment import MAC_KEY, POLICY
from tests.support.dynamodb.engine_of_run import endpoint, needs_engine
from tests.support.dynamodb.engines import Engine, Tables, endpoint_tables
from tests.support.dynamodb.racers import Place, a_session, check_that_each_won, first_token, race, user_id, username
from tests.support.dynamodb.step_up_racers import StepUpRacer, a_user_with_app

pytestmark = needs_engine

ROUNDS = int(os.environ.get("EDGE_AUTH_RACES", "5"))
UNAVAILABLE = "temporarily_unavailable"


@pytest.fixture
def tables() -> Iterator[Tables]:
    """Yield the tables of an empty deployment."""
    with endpoint_tables() as opened:
        yield opened


@pytest.fixture
def engine(tables: Tables) -> Engine:
    """Return a deployment with a user for each round, each with an app and a session that had one factor."""
    engine = tables.engine()
    for number in range(ROUNDS):
        engine.identities.create(a_user_with_app(number))
        engine.session_opening.open(a_session(number, acr=ONE_FACTOR), username=username(number), epoch=0)
    return engine


def check_what_is_left(
    tables: Tables, engine: Engine, monkeypatch: pytest.MonkeyPatch, outcomes: Counter[str]
) -> tuple[int, int]:
    """Check every round, and return in how many of them the first session lives, and a stepped-up one.

    Nothing in the race told an alarm. Where the first session has ended, each of its refresh tokens is dead. After a
    step-up none of them tells an alarm either.
    """
    assert not any(outcome.startswith("event:") for outcome in outcomes), outcomes
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint())
    alone = multiprocessing.get_context("spawn").Barrier(1)
    racer = StepUpRacer(Place(tables.identities, tables.sessions, tables.challenges, tables.throttle, "", 0, alone))
    firsts = stepped_up = 0
    for number in range(ROUNDS):
        living = engine.sessions.living(user_id(number), now_seconds=now_ms() // 1000)
        assert len(living) <= 1, "two sessions live in the place of one"
        first = first_token(number)
        tokens = [mint(first.of_generation(generation), MAC_KEY) for generation in (0, 1)]
        if living and living[0].session_id == first.session_id:
            assert living[0].acr == ONE_FACTOR
            firsts += 1
            continue
        for token in tokens:
            with pytest.raises(InvalidGrant):
                racer.refresh_flow()(token, POLICY)
        if not living:  # a logout tells of tokens that it did not know, once the grace window is over
            racer.events.clear()
        stepped_up += len(living)
        assert [event.name for event in racer.events if event.wants_attention] == []
        assert [session.acr for session in living] in ([], [TWO_FACTORS])
    return firsts, stepped_up


@pytest.mark.parametrize("step_up", ["step_up", "step_up_in_grace"])
def test_a_step_up_and_refreshes_race(
    tables: Tables, engine: Engine, monkeypatch: pytest.MonkeyPatch, step_up: str
) -> None:
    """SA3: no refresh of the old session is ever answered with the new level, also inside the grace window."""
    outcomes = race(tables, ROUNDS, step_up, "refresh_level", "refresh_level", kind=StepUpRacer)

    firsts, stepped_up = check_what_is_left(tables, engine, monkeypatch, outcomes)
    assert (firsts, stepped_up) == (outcomes[f"{step_up}: {UNAVAILABLE}"], outcomes[f"{step_up}: {TWO_FACTORS}"])
    assert firsts + stepped_up == ROUNDS
    refreshed, refused = (outcomes[f"refresh_level: {name}"] for name in (ONE_FACTOR, "invalid_grant"))
    assert refreshed + refused == 2 * ROUNDS
    check_that_each_won(ROUNDS, stepped_up, refreshed)  # a refresh in the grace window writes nothing


def test_two_step_ups_and_refreshes_race(tables: Tables, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """SA3: two good codes at once open one session. The other code stays good, and no alarm goes off."""
    acts = ("step_up", "step_up_on_paper", "refresh_level")
    outcomes = race(tables, ROUNDS, *acts, kind=StepUpRacer)

    firsts, stepped_up = check_what_is_left(tables, engine, monkeypatch, outcomes)
    by_app, on_paper = (outcomes[f"{act}: {TWO_FACTORS}"] for act in acts[:2])
    assert firsts + stepped_up == ROUNDS
    assert by_app + on_paper == stepped_up
    assert sum(outcomes[f"{act}: {UNAVAILABLE}"] for act in acts[:2]) == 2 * ROUNDS - stepped_up
    factors = [engine.identities.find(username(number)).factors for number in range(ROUNDS)]
    assert sum(1 for each in factors if each and each.totp_step > 0) == by_app
    assert sum(1 for each in factors if each and len(each.recovery) == 9) == on_paper


@pytest.mark.parametrize("step_up", ["step_up", "step_up_in_grace"])
def test_a_step_up_a_refresh_and_a_logout_race(
    tables: Tables, engine: Engine, monkeypatch: pytest.MonkeyPatch, step_up: str
) -> None:
    """SA3, F7: a logout of the old session that comes first leaves nothing to step up. A later one ends nothing."""
    outcomes = race(tables, ROUNDS, step_up, "refresh_level", "log_out", kind=StepUpRacer)

    firsts, stepped_up = check_what_is_left(tables, engine, monkeypatch, outcomes)
    assert firsts == 0
    assert stepped_up == outcomes[f"{step_up}: {TWO_FACTORS}"]
    assert outcomes[f"{step_up}: {UNAVAILABLE}"] == ROUNDS - stepped_up
    assert outcomes["log_out: done"] == ROUNDS
    assert outcomes[f"refresh_level: {TWO_FACTORS}"] == 0
    check_that_each_won(ROUNDS, stepped_up, ROUNDS - stepped_up)


def test_a_step_up_and_a_logout_of_all_race(tables: Tables, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """SA3, F12: a logout of all that comes first ends all. If a step-up is first, its token ends nothing."""
    outcomes = race(tables, ROUNDS, "step_up", "step_up_on_paper", "log_out_everywhere", kind=StepUpRacer)

    firsts, stepped_up = check_what_is_left(tables, engine, monkeypatch, outcomes)
    epochs = [engine.identities.find(username(number)).epoch for number in range(ROUNDS)]
    assert (firsts, stepped_up) == (0, epochs.count(0))
    assert outcomes["log_out_everywhere: done"] == ROUNDS
    check_that_each_won(ROUNDS, stepped_up, ROUNDS - stepped_up)


def test_no_step_up_survives_a_disabled_user(tables: Tables, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """SA3, F18: status and epoch are conditions of the step-up, so it comes before the end of all sessions or not."""
    outcomes = race(tables, ROUNDS, "step_up", "step_up_on_paper", "disable", kind=StepUpRacer)

    assert check_what_is_left(tables, engine, monkeypatch, outcomes) == (0, 0)
    assert outcomes["disable: done"] == ROUNDS
    by_app, on_paper = (outcomes[f"{act}: {TWO_FACTORS}"] for act in ("step_up", "step_up_on_paper"))
    check_that_each_won(ROUNDS, by_app + on_paper)
