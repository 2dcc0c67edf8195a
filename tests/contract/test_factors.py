"""The factors of users: enrolled, replaced, removed and counted, in the same words for each store."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.errors import TemporarilyUnavailable, UnknownUser
from edge_auth.flows.ports.factors import FactorStore
from edge_auth.flows.ports.identities import EpochMoved
from tests.support.dynamodb.engines import ATOMIC_ENGINES, Engine, Tables
from tests.support.dynamodb.records import ADA, BOB_ID

FACTORS = Factors(totp=b"sealed", totp_step=100, failures=3, recovery=frozenset({"code-a", "code-b"}))
OTHER = Factors(totp=b"sealed otherwise", totp_step=200, recovery=frozenset({"code-c"}))
ENROLLED = replace(ADA, factors=FACTORS, factors_version=5)

CHANGES: dict[str, Callable[[FactorStore, Identity], object]] = {
    "enrol": lambda store, user: store.enrol(user, OTHER),
    "replace codes": lambda store, user: store.replace_codes(user, frozenset({"code-d"})),
    "remove": lambda store, user: store.remove(user),
    "count failure": lambda store, user: store.count_failure(user),
}

BY_ITSELF = ("count failure", "epoch")  # a failure counts whatever the epoch is


def ada(engine: Engine) -> Identity:
    """Return Ada as she is stored."""
    return engine.identities.find(ADA.username)


def test_a_first_factor_is_enrolled(engine: Engine) -> None:
    """SA8: epoch and version move, so a login that has read the user before opens nothing."""
    engine.identities.create(ADA)
    engine.factors.enrol(ADA, FACTORS)
    assert ada(engine) == replace(ADA, factors=FACTORS, factors_version=1, epoch=ADA.epoch + 1)


def test_a_factor_takes_the_place_of_another(engine: Engine) -> None:
    """Nothing of the earlier one stays: neither its codes nor its failures."""
    engine.identities.create(ENROLLED)
    engine.factors.enrol(ENROLLED, OTHER)
    assert ada(engine) == replace(ADA, factors=OTHER, factors_version=6, epoch=ADA.epoch + 1)


def test_codes_are_replaced(engine: Engine) -> None:
    """The app and its failures stay, and so does the epoch: devices stay known."""
    engine.identities.create(ENROLLED)
    engine.factors.replace_codes(ENROLLED, frozenset({"code-d"}))
    assert ada(engine) == replace(ENROLLED, factors=replace(FACTORS, recovery=frozenset({"code-d"})), factors_version=6)


def test_a_factor_is_removed_and_the_version_stays_behind(engine: Engine) -> None:
    """SB8: an enrolment that began before the removal is not good after it."""
    engine.identities.create(ENROLLED)
    engine.factors.remove(ENROLLED)
    assert ada(engine) == replace(ADA, factors=None, factors_version=6, epoch=ADA.epoch + 1)


@pytest.mark.parametrize(
    ("change", "moved"),
    [(change, moved) for change in CHANGES for moved in ("epoch", "version", "user") if (change, moved) != BY_ITSELF],
)
def test_a_user_who_has_changed_is_left_alone(engine: Engine, change: str, moved: str) -> None:
    """SB8: of acts at the same moment, each of which has read the same user, one wins."""
    stored = {
        "epoch": replace(ENROLLED, epoch=8),
        "version": replace(ENROLLED, factors_version=7),
        "user": replace(ENROLLED, user_id=BOB_ID),
    }[moved]
    engine.identities.create(stored)
    with pytest.raises(EpochMoved):
        CHANGES[change](engine.factors, ENROLLED)
    assert ada(engine) == stored
    if moved != "user":
        CHANGES[change](engine.factors, stored)
        assert ada(engine) != stored


@pytest.mark.parametrize("change", ["replace codes", "count failure"])
def test_nothing_is_changed_of_a_user_without_factors(engine: Engine, change: str) -> None:
    """No write makes half a factor."""
    engine.identities.create(ADA)
    with pytest.raises(EpochMoved):
        CHANGES[change](engine.factors, ADA)
    assert ada(engine) == ADA


def test_failures_are_counted(engine: Engine) -> None:
    """SB7: the count is the answer, so the caller knows which guess was the hundredth."""
    engine.identities.create(ENROLLED)
    assert [engine.factors.count_failure(ENROLLED) for _ in range(3)] == [4, 5, 6]
    assert ada(engine) == replace(ENROLLED, factors=replace(FACTORS, failures=6))


def test_a_failure_counts_though_the_epoch_has_moved(engine: Engine) -> None:
    """SB7: a thief who ends other sessions between the read and the count gets no guess for nothing."""
    engine.identities.create(replace(ENROLLED, epoch=8))
    assert engine.factors.count_failure(ENROLLED) == 4
    assert ada(engine) == replace(ENROLLED, epoch=8, factors=replace(FACTORS, failures=4))


@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_of_many_failures_at_once_each_counts(engine: Engine) -> None:
    """SB7: parallel guesses are no fewer than guesses one by one."""
    engine.identities.create(ENROLLED)
    with ThreadPoolExecutor(16) as pool:
        counts = list(pool.map(lambda _: engine.factors.count_failure(ENROLLED), range(64)))
    assert sorted(counts) == list(range(4, 68))


@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_of_many_enrolments_at_once_one_wins(engine: Engine) -> None:
    """SB8: the losers' codes were shown to nobody."""
    engine.identities.create(ADA)

    def enrolled(number: int) -> bool:
        try:
            engine.factors.enrol(ADA, replace(FACTORS, totp=b"sealed %d" % number))
        except EpochMoved:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(enrolled, range(64)))
    assert outcomes.count(True) == 1
    assert ada(engine).factors == replace(FACTORS, totp=b"sealed %d" % outcomes.index(True))


def test_an_operator_unlocks_and_resets_whatever_has_changed(engine: Engine) -> None:
    """The act is on the user, not on a state of the user."""
    passkey = RegisteredPasskey(b"id", b"key", 0, False, False, "phone", 1)  # noqa: FBT003 - its fields in order
    engine.identities.create(replace(ENROLLED, passkeys=(passkey,)))
    engine.identities.move_epoch(ENROLLED.user_id)
    engine.factors.unlock(ENROLLED)
    assert ada(engine).factors == replace(FACTORS, failures=0)
    engine.factors.reset(ENROLLED)
    assert ada(engine) == replace(ADA, factors_version=6, epoch=ADA.epoch + 2)
    engine.factors.unlock(ENROLLED)
    assert ada(engine) == replace(ADA, factors_version=6, epoch=ADA.epoch + 2)
    for act in (engine.factors.unlock, engine.factors.reset):
        with pytest.raises(UnknownUser):
            act(replace(ENROLLED, user_id=BOB_ID))


def test_a_user_without_factors_is_stored_as_before_there_were_any(tables: Tables) -> None:
    """The item has no attribute more, and an item of an earlier version is read."""
    tables.engine().identities.create(ADA)
    [item] = [item for item in tables.identity_items() if "password_hash" in item]
    assert {"totp", "totp_step", "factor_failures", "recovery", "factors_version"}.isdisjoint(item)


@pytest.mark.parametrize("attribute", ["totp", "totp_step", "factor_failures"])
def test_damage_does_not_take_a_factor_away(tables: Tables, attribute: str) -> None:
    """SA4: a factor of which a part is missing is trouble, and never no factor."""
    engine = tables.engine()
    engine.identities.create(ENROLLED)
    tables.client.update_item(
        TableName=tables.identities,
        Key={"pk": {"S": f"login#{ADA.username}"}},
        UpdateExpression=f"REMOVE {attribute}",
    )
    with pytest.raises(TemporarilyUnavailable):
        engine.identities.find(ADA.username)
