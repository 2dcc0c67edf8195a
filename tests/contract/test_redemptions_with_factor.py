"""A reset with a second factor: one write spends the proof, uses the code and sets the password, or does none of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from edge_auth.accounts.factors import MAX_FAILURES, Factors
from edge_auth.accounts.identity import DISABLED
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.challenges import ProofSpent
from edge_auth.flows.ports.factors import FactorUse
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.tokens.proof_token import Kind
from tests.support.dynamodb.engines import ATOMIC_ENGINES, Engine
from tests.support.dynamodb.proofs import a_challenge, a_proof
from tests.support.dynamodb.records import ADA, ADA_ID, NOW_SECONDS, a_session

HASH = "$argon2id$reset"
FACTORS = Factors(totp=b"sealed", totp_step=100, failures=3, recovery=frozenset({"code-a", "code-b"}))
ENROLLED = replace(ADA, factors=FACTORS, factors_version=5)
APP = FactorUse(5, totp_step=101, forgiven=1)
PAPER = FactorUse(5, recovery_code="code-a")
USED = {
    "app": (APP, replace(FACTORS, totp_step=101, failures=2)),
    "sealed again": (APP._replace(totp=b"anew"), replace(FACTORS, totp_step=101, failures=2, totp=b"anew")),
    "paper": (PAPER, replace(FACTORS, recovery=frozenset({"code-b"}), failures=0)),
}


def reset(engine: Engine, use: FactorUse = APP, *, now_seconds: int = NOW_SECONDS) -> None:
    """Set the password with the proof and a code."""
    engine.redemptions.set_password(a_proof(), ENROLLED, HASH, now_seconds=now_seconds, factor=use)


@pytest.fixture
def engine(engine: Engine) -> Engine:
    """Return a deployment where Ada has an app, and has asked for a reset."""
    engine.identities.create(ENROLLED)
    engine.challenges.put(a_challenge())
    return engine


def state(engine: Engine) -> tuple[object, object]:
    """Return the user and the challenge as they are stored."""
    return engine.identities.find(ADA.username), engine.challenges.find(Kind.RESET, ADA_ID)


@pytest.mark.parametrize("name", USED)
def test_proof_code_and_password_are_one_write(engine: Engine, name: str) -> None:
    """SB9: afterwards the code and the proof are used, and the password is the new one."""
    use, factors = USED[name]
    reset(engine, use)
    changed = replace(ENROLLED, password_hash=HASH, epoch=ADA.epoch + 1, factors=factors)
    assert engine.identities.find(ADA.username) == changed
    assert engine.challenges.find(Kind.RESET, ADA_ID).spent_at_seconds == NOW_SECONDS


CHANGES: dict[str, tuple[type[Exception], Callable[[Engine], object]]] = {
    "code used": (
        EpochMoved,
        lambda engine: engine.session_opening.open(
            a_session(), username=ADA.username, epoch=ADA.epoch, factor=APP._replace(recovery_code="code-a")
        ),
    ),
    "other codes": (EpochMoved, lambda engine: engine.factors.replace_codes(ENROLLED, frozenset({"x"}))),
    "another app": (EpochMoved, lambda engine: engine.factors.enrol(ENROLLED, FACTORS)),
    "no app": (EpochMoved, lambda engine: engine.factors.remove(ENROLLED)),
    "epoch": (EpochMoved, lambda engine: engine.identities.move_epoch(ADA_ID)),
    "disabled": (EpochMoved, lambda engine: engine.identities.change_status(ADA, DISABLED)),
    "proof spent": (
        ProofSpent,
        lambda engine: engine.redemptions.set_password(a_proof(), ENROLLED, "$first", now_seconds=NOW_SECONDS),
    ),
    "newer proof": (ProofSpent, lambda engine: engine.challenges.put(a_challenge(a_proof(number=2, seconds=1801)))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_has_changed_stops_all_of_it(engine: Engine, change: str) -> None:
    """SB9: no code is used without the password, and no proof. Whoever is told knows whether the proof is good."""
    error, happen = CHANGES[change]
    happen(engine)
    before = state(engine)
    with pytest.raises(error):
        reset(engine, PAPER)
    assert state(engine) == before


@pytest.mark.parametrize("step", [100, 99])
def test_a_step_that_is_not_later_sets_no_password(engine: Engine, step: int) -> None:
    """SB1: a code that opened a session resets no password."""
    before = state(engine)
    with pytest.raises(EpochMoved):
        reset(engine, APP._replace(totp_step=step))
    assert state(engine) == before


def test_a_locked_app_sets_no_password_and_a_recovery_code_does(engine: Engine) -> None:
    """SB7: the lock is a condition of this write too."""
    while engine.factors.count_failure(ENROLLED) < MAX_FAILURES:
        pass
    with pytest.raises(EpochMoved):
        reset(engine)
    reset(engine, PAPER)
    assert engine.identities.find(ADA.username).password_hash == HASH


def test_an_expired_proof_uses_no_code(engine: Engine) -> None:
    """The write checks the time, because the table deletes late."""
    before = state(engine)
    with pytest.raises(ProofSpent):
        reset(engine, now_seconds=a_proof().expires_at_seconds)
    assert state(engine) == before


@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_of_64_resets_at_once_one_wins(engine: Engine) -> None:
    """SB1, SB4: one password, one use of the code."""

    def has_won(number: int) -> bool:
        for _ in range(50):
            try:
                engine.redemptions.set_password(
                    a_proof(), ENROLLED, f"$argon2id${number}", now_seconds=NOW_SECONDS, factor=APP
                )
            except (EpochMoved, ProofSpent):
                return False
            except TemporarilyUnavailable:  # a conflict of transactions
                continue
            return True
        raise AssertionError("a conflict fifty times")

    with ThreadPoolExecutor(64) as pool:
        won = list(pool.map(has_won, range(64)))
    assert won.count(True) == 1
    ada = engine.identities.find(ADA.username)
    assert (ada.password_hash, ada.epoch) == (f"$argon2id${won.index(True)}", ADA.epoch + 1)
