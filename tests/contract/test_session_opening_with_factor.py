"""A session that is opened with a second factor: one write decides about both."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from edge_auth.accounts.factors import MAX_FAILURES, Factors
from edge_auth.accounts.identity import DISABLED
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.factors import FactorUse
from edge_auth.flows.ports.identities import EpochMoved
from tests.support.dynamodb.engines import ATOMIC_ENGINES, Engine
from tests.support.dynamodb.records import ADA, ADA_ID, a_session, sessions_of

FACTORS = Factors(totp=b"sealed", totp_step=100, failures=3, recovery=frozenset({"code-a", "code-b"}))
ENROLLED = replace(ADA, factors=FACTORS, factors_version=5)
APP = FactorUse(factors_version=5, totp_step=101)
PAPER = FactorUse(factors_version=5, recovery_code="code-a")


def open_with(engine: Engine, use: FactorUse, number: int = 1, *, epoch: int = ADA.epoch) -> None:
    """Open a session of Ada with the use of a factor."""
    engine.session_opening.open(a_session(number), username=ADA.username, epoch=epoch, factor=use)


def factors(engine: Engine) -> Factors:
    """Return Ada's factors."""
    found = engine.identities.find(ADA.username).factors
    assert found is not None
    return found


def test_factors_are_read_back_with_every_field(engine: Engine) -> None:
    """What is written comes back, also where no code is left: DynamoDB has no empty set."""
    engine.identities.create(ENROLLED)
    assert engine.identities.find(ADA.username) == ENROLLED
    last = replace(ENROLLED, user_id=ADA_ID[:-1] + "g", username="last", factors=replace(FACTORS, recovery=frozenset()))
    engine.identities.create(last)
    assert engine.identities.find("last") == last


def test_a_step_is_kept_and_takes_back_what_it_forgives(engine: Engine) -> None:
    """SB1, SB7: the session exists, its code does not work again, and of three wrong codes two are left."""
    engine.identities.create(ENROLLED)
    open_with(engine, APP._replace(forgiven=1))
    assert factors(engine) == replace(FACTORS, totp_step=101, failures=2)
    assert sessions_of(engine.sessions, ADA_ID) == [a_session()]


def test_no_more_is_taken_back_than_there_is(engine: Engine) -> None:
    """SB7: an unlocking between the read and the write leaves nothing to take back. The code stays good."""
    engine.identities.create(ENROLLED)
    engine.factors.unlock(ENROLLED)
    with pytest.raises(EpochMoved):
        open_with(engine, APP._replace(forgiven=1))
    assert factors(engine) == replace(FACTORS, failures=0)
    open_with(engine, APP)
    assert factors(engine) == replace(FACTORS, totp_step=101, failures=0)


@pytest.mark.parametrize("step", [100, 99, 0])
def test_a_step_that_is_not_later_opens_nothing(engine: Engine, step: int) -> None:
    """SB1, RFC 6238 §5.2: a step is accepted once, and none before it afterwards."""
    engine.identities.create(ENROLLED)
    with pytest.raises(EpochMoved):
        open_with(engine, APP._replace(totp_step=step))
    assert sessions_of(engine.sessions, ADA_ID) == []
    assert factors(engine) == FACTORS


def test_a_recovery_code_is_taken_out(engine: Engine) -> None:
    """SB2: of the last code, too. The step of the app stays."""
    engine.identities.create(ENROLLED)
    for number, code, left in ((1, "code-a", {"code-b"}), (2, "code-b", set[str]())):
        open_with(engine, PAPER._replace(recovery_code=code), number)
        assert factors(engine) == replace(FACTORS, failures=0, recovery=frozenset(left))
        with pytest.raises(EpochMoved):
            open_with(engine, PAPER._replace(recovery_code=code), 3)
    assert len(sessions_of(engine.sessions, ADA_ID)) == 2


def test_a_locked_app_opens_nothing_and_a_recovery_code_unlocks_it(engine: Engine) -> None:
    """SB7: the lock is a condition of the write, so guesses at once do not pass it."""
    engine.identities.create(replace(ENROLLED, factors=replace(FACTORS, failures=MAX_FAILURES)))
    with pytest.raises(EpochMoved):
        open_with(engine, APP)
    open_with(engine, PAPER)
    open_with(engine, APP, 2)
    assert factors(engine).failures == 0


@pytest.mark.parametrize("use", [APP, PAPER], ids=["app", "paper"])
def test_a_secret_that_was_sealed_anew_is_written_with_it(engine: Engine, use: FactorUse) -> None:
    """K3: it costs no request of its own."""
    engine.identities.create(ENROLLED)
    open_with(engine, use._replace(totp=b"sealed again"))
    assert factors(engine).totp == b"sealed again"


@pytest.mark.parametrize("use", [APP, PAPER], ids=["app", "paper"])
@pytest.mark.parametrize("change", ["epoch", "version", "status", "user", "no factor"])
def test_a_user_who_has_changed_opens_nothing(engine: Engine, use: FactorUse, change: str) -> None:
    """SA4, F18: the factor takes the place of no other condition."""
    stored = {
        "epoch": replace(ENROLLED, epoch=8),
        "version": replace(ENROLLED, factors_version=6),
        "status": replace(ENROLLED, status=DISABLED),
        "user": replace(ENROLLED, user_id="b0b0" * 5 + "bA"),
        "no factor": replace(ENROLLED, factors=None),
    }[change]
    engine.identities.create(stored)
    with pytest.raises(EpochMoved):
        open_with(engine, use)
    assert engine.identities.find(ADA.username) == stored
    assert sessions_of(engine.sessions, ADA_ID) == []


def test_a_session_that_exists_uses_up_nothing(engine: Engine) -> None:
    """SB9: if one of both cannot be written, neither is."""
    engine.identities.create(ENROLLED)
    open_with(engine, APP)
    with pytest.raises(TemporarilyUnavailable):
        open_with(engine, APP._replace(totp_step=102))
    assert factors(engine).totp_step == 101


@pytest.mark.parametrize("use", [APP, PAPER], ids=["app", "paper"])
@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_of_many_with_one_code_one_opens_a_session(engine: Engine, use: FactorUse) -> None:
    """SB1, SB2: 64 at once, and exactly one wins."""
    engine.identities.create(ENROLLED)

    def opened(number: int) -> bool:
        for _ in range(50):
            try:
                open_with(engine, use, number)
            except EpochMoved:
                return False
            except TemporarilyUnavailable:  # a conflict of transactions, as DynamoDB answers it
                continue
            return True
        raise AssertionError("a conflict fifty times")

    with ThreadPoolExecutor(64) as pool:
        assert sum(pool.map(opened, range(64))) == 1
    assert len(sessions_of(engine.sessions, ADA_ID)) == 1
