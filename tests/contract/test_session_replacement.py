"""A session that takes the place of another one: one write ends the old one, opens the new one and uses the factor."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import DISABLED
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.factors import FactorUse
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.sessions import STEPPED_UP, AlreadyEnded
from tests.support.dynamodb.engines import ATOMIC_ENGINES, Engine
from tests.support.dynamodb.records import (
    ADA,
    ADA_ID,
    NOW_SECONDS,
    OTHER_SEED,
    a_session,
    a_token,
    end,
    kept_of,
    rotate,
    sessions_of,
)

FACTORS = Factors(totp=b"sealed", totp_step=100, recovery=frozenset({"code-a"}))
ENROLLED = replace(ADA, factors=FACTORS, factors_version=5)
APP = FactorUse(5, totp_step=101)
NEW = a_session(2, seed_hash=a_token(seed=OTHER_SEED).seed_hash, generation=0, base=-1, acr="2fa")._replace(
    auth_time_seconds=NOW_SECONDS
)


def stepped_up(engine: Engine, use: FactorUse | None = APP, *, epoch: int = ADA.epoch, number: int = 2) -> None:
    """Replace Ada's session."""
    new = NEW._replace(session_id=a_session(number).session_id)
    engine.session_replacement.replace(
        a_session(), new, username=ADA.username, epoch=epoch, end_id=f"end-{number}", factor=use
    )


@pytest.fixture
def engine(engine: Engine) -> Engine:
    """Return a deployment where Ada has an app and a session."""
    engine.identities.create(ENROLLED)
    engine.session_opening.open(a_session(), username=ADA.username, epoch=ADA.epoch)
    return engine


@pytest.mark.parametrize("use", [APP, FactorUse(5, recovery_code="code-a"), None], ids=["app", "paper", "password"])
def test_the_new_session_is_there_and_the_record_of_the_old_one(engine: Engine, use: FactorUse | None) -> None:
    """SA3: nothing of the old session is left but the record, which knows its tokens."""
    stepped_up(engine, use)
    assert sessions_of(engine.sessions, ADA_ID) == [NEW]
    ended = kept_of(engine, a_token())
    assert ended is not None
    assert (ended.reason, ended.generation, ended.base) == (STEPPED_UP, 3, 2)
    assert (ended.seed_hash, ended.ended_at_seconds) == (a_token().seed_hash, NOW_SECONDS)


def used_elsewhere(engine: Engine) -> None:
    """Use the code in a login."""
    login = a_session(9)
    engine.session_opening.open(login, username=ADA.username, epoch=ADA.epoch, factor=APP)


CHANGES: dict[str, tuple[type[Exception], Callable[[Engine], object]]] = {
    "refreshed": (AlreadyEnded, lambda engine: rotate(engine, a_token())),
    "ended": (AlreadyEnded, lambda engine: end(engine, a_token())),
    "epoch": (EpochMoved, lambda engine: engine.identities.move_epoch(ADA_ID)),
    "disabled": (EpochMoved, lambda engine: engine.identities.change_status(ADA, DISABLED)),
    "used": (EpochMoved, used_elsewhere),
    "other codes": (EpochMoved, lambda engine: engine.factors.replace_codes(ENROLLED, frozenset({"x"}))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_has_changed_since_it_was_read_stops_it(engine: Engine, change: str) -> None:
    """SA3, SB9: then neither the code is used nor a session opened, and the old one is as it is."""
    error, happen = CHANGES[change]
    happen(engine)
    sessions, ada = sessions_of(engine.sessions, ADA_ID), engine.identities.find(ADA.username)
    with pytest.raises(error):
        stepped_up(engine)
    assert sessions_of(engine.sessions, ADA_ID) == sessions
    assert engine.identities.find(ADA.username) == ada


@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_of_many_step_ups_at_once_one_wins(engine: Engine) -> None:
    """SB1: 64 with one code, and one new session."""

    def won(number: int) -> bool:
        for _ in range(50):
            try:
                stepped_up(engine, number=number)
            except (EpochMoved, AlreadyEnded):
                return False
            except TemporarilyUnavailable:  # a conflict of transactions
                continue
            return True
        raise AssertionError("a conflict fifty times")

    with ThreadPoolExecutor(64) as pool:
        assert sum(pool.map(won, range(2, 66))) == 1
    assert len(sessions_of(engine.sessions, ADA_ID)) == 1


@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_a_step_up_and_refreshes_at_once_leave_one_session(engine: Engine) -> None:
    """SA3: whichever is first, no token of the old session has the new level."""

    def refreshed(_: int) -> str:
        try:
            return rotate(engine, a_token()).acr
        except Exception:  # noqa: BLE001 - each refusal is fine here
            return "refused"

    def upgraded(_: int) -> str:
        try:
            stepped_up(engine)
        except (EpochMoved, AlreadyEnded, TemporarilyUnavailable):
            return "not stepped up"
        return "stepped up"

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda number: (refreshed if number % 2 else upgraded)(number), range(16)))
    assert "2fa" not in outcomes
    [left] = sessions_of(engine.sessions, ADA_ID)
    assert left.acr == ("2fa" if "stepped up" in outcomes else "")
