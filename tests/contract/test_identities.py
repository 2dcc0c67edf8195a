from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from edge_auth.errors import UnknownUser, UsernameTaken
from edge_auth.flows.identity import ACTIVE, DISABLED
from tests.contract.engines import Engine
from tests.contract.records import ADA, BOB


def test_a_created_user_is_found_with_every_field(engine: Engine) -> None:
    """What was created is what is read."""
    engine.identities.create(ADA)
    engine.identities.create(BOB)

    assert engine.identities.find(ADA.username) == ADA
    assert engine.identities.find(BOB.username) == BOB


def test_an_unknown_user_is_not_found(engine: Engine) -> None:
    """Nobody is UnknownUser, also beside somebody."""
    engine.identities.create(ADA)

    with pytest.raises(UnknownUser):
        engine.identities.find("bob")


def test_a_user_id_is_no_username(engine: Engine) -> None:
    """The items by user id are not to be logged in with."""
    engine.identities.create(ADA)

    for name in (ADA.user_id, f"user#{ADA.user_id}", f"login#{ADA.username}"):
        with pytest.raises(UnknownUser):
            engine.identities.find(name)


def test_a_taken_username_is_refused_and_nothing_changes(engine: Engine) -> None:
    """The first user of a name keeps it, and the second's id is not kept either."""
    engine.identities.create(ADA)

    with pytest.raises(UsernameTaken):
        engine.identities.create(replace(BOB, username=ADA.username))

    assert engine.identities.find(ADA.username) == ADA
    with pytest.raises(UnknownUser):
        engine.identities.move_epoch(BOB.user_id)


def test_a_taken_user_id_is_refused_and_nothing_changes(engine: Engine) -> None:
    """T6: a user id is never given to another name."""
    engine.identities.create(ADA)

    with pytest.raises(UsernameTaken):
        engine.identities.create(replace(BOB, user_id=ADA.user_id))

    with pytest.raises(UnknownUser):
        engine.identities.find(BOB.username)


def test_of_many_creators_of_one_name_one_wins(engine: Engine) -> None:
    """A race for a name has one winner, whose user is the one that is found."""
    if not engine.is_atomic:
        pytest.skip("moto's writes are not atomic across threads")
    rivals = [replace(ADA, user_id=f"{number:021}A") for number in range(16)]

    def try_to_create(number: int) -> bool:
        try:
            engine.identities.create(rivals[number])
        except UsernameTaken:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(try_to_create, range(16)))

    assert won.count(True) == 1
    assert engine.identities.find(ADA.username) == rivals[won.index(True)]


def test_a_hash_is_renewed_and_the_epoch_stands(engine: Engine) -> None:
    """P6: another hash of the same password ends no session."""
    engine.identities.create(ADA)

    engine.identities.renew_hash(ADA, "$argon2id$stronger")

    assert engine.identities.find(ADA.username) == replace(ADA, password_hash="$argon2id$stronger")


def test_a_hash_that_changed_meanwhile_is_not_renewed(engine: Engine) -> None:
    """P6: a login that checked the old password must not bring it back."""
    engine.identities.create(ADA)
    changed = engine.identities.change_password(ADA.username, "$argon2id$new-password")

    engine.identities.renew_hash(ADA, "$argon2id$old-password-again")

    assert engine.identities.find(ADA.username) == changed


def test_a_hash_is_not_renewed_for_another_user_of_the_name(engine: Engine) -> None:
    """A user that was deleted and created anew under the same name keeps the new hash."""
    engine.identities.create(ADA)

    engine.identities.renew_hash(replace(ADA, user_id=BOB.user_id), "$argon2id$other")

    assert engine.identities.find(ADA.username) == ADA


def test_renewing_the_hash_of_nobody_creates_nobody(engine: Engine) -> None:
    """DC-13: no write creates what it does not find."""
    engine.identities.renew_hash(ADA, "$argon2id$ghost")

    with pytest.raises(UnknownUser):
        engine.identities.find(ADA.username)


def test_changing_the_password_moves_the_epoch(engine: Engine) -> None:
    """A8: the new state is returned and kept."""
    engine.identities.create(ADA)

    changed = engine.identities.change_password(ADA.username, "$argon2id$new")

    assert changed == replace(ADA, password_hash="$argon2id$new", epoch=ADA.epoch + 1)
    assert engine.identities.find(ADA.username) == changed


@pytest.mark.parametrize("status", [DISABLED, ACTIVE])
def test_changing_the_status_moves_the_epoch(engine: Engine, status: str) -> None:
    """A8, F18: enabling moves it as well, so that nothing from before comes back."""
    engine.identities.create(ADA)

    changed = engine.identities.change_status(ADA.username, status)

    assert changed == replace(ADA, status=status, epoch=ADA.epoch + 1)
    assert engine.identities.find(ADA.username) == changed


def test_moving_the_epoch_changes_nothing_else(engine: Engine) -> None:
    """Twice moved is two further, for this user only."""
    engine.identities.create(ADA)
    engine.identities.create(BOB)

    engine.identities.move_epoch(ADA.user_id)
    engine.identities.move_epoch(ADA.user_id)

    assert engine.identities.find(ADA.username) == replace(ADA, epoch=ADA.epoch + 2)
    assert engine.identities.find(BOB.username) == BOB


def test_changes_to_nobody_are_refused_and_create_nobody(engine: Engine) -> None:
    """DC-13: UnknownUser from every act, and no ghost afterwards."""
    with pytest.raises(UnknownUser):
        engine.identities.change_password(ADA.username, "$argon2id$ghost")
    with pytest.raises(UnknownUser):
        engine.identities.change_status(ADA.username, DISABLED)
    with pytest.raises(UnknownUser):
        engine.identities.move_epoch(ADA.user_id)

    with pytest.raises(UnknownUser):
        engine.identities.find(ADA.username)
