"""Races between processes, on a real engine: moto's writes are not atomic, and threads of one process hide races."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from edge_auth.accounts.challenge import Challenge
from edge_auth.clock import now_ms
from edge_auth.errors import UnknownUser
from edge_auth.tokens.ended_feed import entry_of
from tests.support.dynamodb import racers
from tests.support.dynamodb.engine_of_run import needs_engine
from tests.support.dynamodb.engines import Engine, Tables, endpoint_tables
from tests.support.dynamodb.feed import entries_in, stored_feed
from tests.support.dynamodb.racers import (
    CALLERS_OF_A_PROCESS,
    a_session,
    an_identity,
    check_that_each_won,
    first_token,
    race,
    user_id,
    username,
)

pytestmark = needs_engine

ROUNDS = int(os.environ.get("EDGE_AUTH_RACES", "5"))  # 1,000 take four minutes on two cores
PROCESSES = 8
CALLERS = PROCESSES * CALLERS_OF_A_PROCESS
ROUNDS_OF_MANY = max(2, ROUNDS // 10)


@pytest.fixture
def tables() -> Iterator[Tables]:
    """Yield the tables of an empty deployment."""
    with endpoint_tables() as opened:
        yield opened


@pytest.fixture
def engine(tables: Tables) -> Engine:
    """Return a deployment with a user for each round, each with one session."""
    engine = tables.engine()
    password_hash = racers.a_password_hash()
    for number in range(ROUNDS):
        engine.identities.create(an_identity(number, password_hash=password_hash))
        engine.session_opening.open(a_session(number), username=username(number), epoch=0)
    return engine


def survivors(engine: Engine) -> list[str]:
    """Return the ids of the living sessions of all users."""
    now = now_ms() // 1000
    found = [engine.sessions.living(user_id(number), now_seconds=now) for number in range(ROUNDS)]
    return [session.session_id for sessions in found for session in sessions]


def test_no_login_survives_a_logout_of_all(tables: Tables, engine: Engine) -> None:
    """F12: a login that read the user before the logout is refused, or its session is dead."""
    outcomes = race(tables, ROUNDS, "log_in", "log_in", "log_out_everywhere")

    assert survivors(engine) == []
    assert outcomes["log_out_everywhere: done"] == ROUNDS
    assert outcomes["log_in: done"] + outcomes["log_in: temporarily_unavailable"] == 2 * ROUNDS
    check_that_each_won(ROUNDS, outcomes["log_in: done"], outcomes["log_in: temporarily_unavailable"])


def test_logins_at_once_end_up_within_the_limit(tables: Tables, engine: Engine) -> None:
    """F36: one session is allowed, and of three logins at once exactly one session stays."""
    outcomes = race(tables, ROUNDS, "log_in_alone", "log_in_alone", "log_in_alone")

    assert outcomes == {"log_in_alone: done": 3 * ROUNDS}
    now = now_ms() // 1000
    for number in range(ROUNDS):
        [living] = engine.sessions.living(user_id(number), now_seconds=now)
        assert living.session_id != first_token(number).session_id


@pytest.mark.parametrize(
    "acts",
    [("refresh", "refresh", "log_out"), ("log_in", "log_in", "log_out_everywhere"), ("end", "end", "log_out")],
    ids=" ".join,
)
def test_every_session_that_a_race_ends_is_in_the_feed(tables: Tables, engine: Engine, acts: tuple[str, ...]) -> None:
    """F9, F12, F44: when all calls are answered, no session survives, and authorizers can know of every end."""
    with stored_feed("dynamodb") as feed:
        outcomes = race(tables, ROUNDS, *acts, revocations=feed.table)
        told, _ = entries_in(feed)

    items: list[Any] = tables.session_items()
    ended = {item["session_id"]["S"] for item in items if item["user_id"]["S"].startswith("ended#")}
    assert survivors(engine) == []
    assert outcomes[f"{acts[-1]}: done"] == ROUNDS
    assert len(ended) >= ROUNDS
    assert {entry_of(session_id) for session_id in ended} <= told


def test_no_session_survives_a_reset_and_one_password_is_set(tables: Tables, engine: Engine) -> None:
    """SB4, F12: logins, refreshes and two uses of one proof race. One use wins, and no session lives after it."""
    for number in range(ROUNDS):
        proof = racers.a_reset_proof(number)
        engine.challenges.put(Challenge(proof, b"mac-1", username(number), "ada@mail.example"))

    outcomes = race(tables, ROUNDS, "log_in", "log_in", "refresh", "reset", "reset")

    assert survivors(engine) == []
    assert outcomes["reset: done"] == outcomes["reset: proof_spent"] == ROUNDS
    assert {engine.identities.find(username(number)).epoch for number in range(ROUNDS)} == {1}
    check_that_each_won(ROUNDS, outcomes["log_in: done"], outcomes["refresh: done"])


@pytest.mark.parametrize("act", ["set_password", "disable"])
def test_no_refresh_survives_the_end_of_all_sessions(tables: Tables, engine: Engine, act: str) -> None:
    """F11, F17, F18: a refresh may win the race, but its session is dead after it."""
    outcomes = race(tables, ROUNDS, "refresh", "refresh", act)

    assert survivors(engine) == []
    assert outcomes[f"{act}: done"] == ROUNDS
    assert outcomes["refresh: done"] + outcomes["refresh: invalid_grant"] == 2 * ROUNDS
    check_that_each_won(ROUNDS, outcomes["refresh: done"])


def generations(engine: Engine) -> set[tuple[int, int]]:
    """Return the generation and the base of the sessions of the rounds with many callers."""
    now = now_ms() // 1000
    found = [engine.sessions.living(user_id(number), now_seconds=now) for number in range(ROUNDS_OF_MANY)]
    return {(session.generation, session.base) for sessions in found for session in sessions}


def test_of_many_refreshes_at_once_with_one_token_one_rotates(tables: Tables, engine: Engine) -> None:
    """F6, I5: 64 callers get the same token in each round, and the session has moved by one generation."""
    outcomes = race(tables, ROUNDS_OF_MANY, *["refresh_together"] * PROCESSES)

    assert outcomes == {"refresh_together: generation 1": CALLERS * ROUNDS_OF_MANY}
    assert generations(engine) == {(1, 0)}


def test_of_many_late_retries_at_once_one_issues_a_token(tables: Tables) -> None:
    """F3, F6: 64 callers whose answers were lost are all signed in, with one new token and one orphan in each round."""
    engine = tables.engine()
    long_ago = now_ms() - 3_600_000
    for number in range(ROUNDS_OF_MANY):
        engine.identities.create(an_identity(number, password_hash="unused"))
        session = a_session(number, generation=1, base=0, rotated_at_ms=long_ago)
        engine.session_opening.open(session, username=username(number), epoch=0)

    outcomes = race(tables, ROUNDS_OF_MANY, *["refresh_together"] * PROCESSES)

    assert outcomes == {"refresh_together: generation 2": CALLERS * ROUNDS_OF_MANY}
    assert generations(engine) == {(2, 0)}


def test_of_ends_at_once_one_ends_the_session(tables: Tables, engine: Engine) -> None:
    """F7, F10: a refresh may win the race before them, and exactly one of the ends records that the session ended."""
    outcomes = race(tables, ROUNDS, "end", "end", "refresh")

    assert survivors(engine) == []
    assert outcomes["end: done"] == outcomes["end: already_ended"] == ROUNDS
    check_that_each_won(ROUNDS, outcomes["refresh: done"])
    kept: list[Any] = tables.session_items()
    assert sorted(item["user_id"]["S"] for item in kept) == sorted(f"ended#{user_id(n)}" for n in range(ROUNDS))


def test_of_creators_of_one_name_one_wins(tables: Tables) -> None:
    """T6: exactly one complete account exists, and the losers leave no items."""
    outcomes = race(tables, ROUNDS, "create", "create", "create")

    engine = tables.engine()
    found = [engine.identities.find(username(number)) for number in range(ROUNDS)]
    assert len({identity.user_id for identity in found}) == ROUNDS
    assert all(engine.identities.find_by_id(identity.user_id) == identity for identity in found)
    assert len(tables.identity_items()) == 2 * ROUNDS
    assert outcomes["create: done"] <= ROUNDS
    assert sum(outcomes.values()) == 3 * ROUNDS
    with pytest.raises(UnknownUser):
        engine.identities.find(username(ROUNDS))
