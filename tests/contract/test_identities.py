from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from edge_auth.accounts.identity import ACTIVE, DISABLED, UNCONFIRMED, Identity
from edge_auth.errors import UnknownUser, UsernameTaken
from edge_auth.flows.ports.identities import EpochMoved
from tests.support.dynamodb.engines import ATOMIC_ENGINES, Engine
from tests.support.dynamodb.records import ADA, BOB, NOW_SECONDS, a_session, sessions_of


def test_a_created_user_is_found_with_every_field(engine: Engine) -> None:
    """A user that is created is read back unchanged."""
    engine.identities.create(ADA)
    engine.identities.create(BOB)

    assert engine.identities.find(ADA.username) == ADA
    assert engine.identities.find(BOB.username) == BOB


def test_a_user_with_an_address_is_found_with_every_field(engine: Engine) -> None:
    """The address, the time of its confirmation and the language come back, each also without the others."""
    users = [
        replace(ADA, email="ada@mail.example", email_verified_at_seconds=NOW_SECONDS, language="de"),
        replace(BOB, email="bob@mail.example"),
        replace(BOB, username="eve", user_id="e0e0" * 5 + "eA", language="en"),
    ]
    for user in users:
        engine.identities.create(user)

    assert [engine.identities.find(user.username) for user in users] == users


def test_a_user_with_own_claims_is_found_with_every_type(engine: Engine) -> None:
    """A text, a number, a flag and a list come back as they were written."""
    user = replace(ADA, claims={"acme:tenant": "7", "acme:level": -3, "acme:beta": False, "acme:teams": ("a", "b")})
    engine.identities.create(user)

    assert engine.identities.find(ADA.username) == engine.identities.find_by_id(ADA.user_id) == user


def test_an_unknown_user_is_not_found(engine: Engine) -> None:
    """An unknown name raises UnknownUser, also when another user exists."""
    engine.identities.create(ADA)

    with pytest.raises(UnknownUser):
        engine.identities.find("bob")


def test_a_user_id_is_no_username(engine: Engine) -> None:
    """A user id, or the key of an item, is not accepted as a username."""
    engine.identities.create(ADA)

    for name in (ADA.user_id, f"user#{ADA.user_id}", f"login#{ADA.username}"):
        with pytest.raises(UnknownUser):
            engine.identities.find(name)


def test_a_taken_username_is_refused_and_nothing_changes(engine: Engine) -> None:
    """The first user of a name keeps it, and the id of the second user is not stored."""
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


@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_of_many_creators_of_one_name_one_wins(engine: Engine) -> None:
    """One creator wins the race for a name, and its user is found."""
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
    """P6: a new hash of the same password ends no session."""
    engine.identities.create(ADA)

    assert engine.identities.renew_hash(ADA, "$argon2id$stronger") == "$argon2id$stronger"

    assert engine.identities.find(ADA.username) == replace(ADA, password_hash="$argon2id$stronger")


def test_a_hash_that_changed_meanwhile_is_not_renewed(engine: Engine) -> None:
    """P6: a login that checked the old password does not bring the old password back."""
    engine.identities.create(ADA)
    changed = engine.identities.change_password(ADA, "$argon2id$new-password")

    stands = engine.identities.renew_hash(ADA, "$argon2id$old-password-again")

    assert engine.identities.find(ADA.username) == changed
    assert stands == changed.password_hash


def test_of_two_renewals_the_first_stands(engine: Engine) -> None:
    """P11: both logins learn which hash stands, because their device tokens are bound to it."""
    engine.identities.create(ADA)

    hashes = [engine.identities.renew_hash(ADA, password_hash) for password_hash in ("$argon2id$one", "$argon2id$two")]

    assert hashes == ["$argon2id$one"] * 2
    assert engine.identities.find(ADA.username).password_hash == "$argon2id$one"


def test_a_hash_is_not_renewed_for_another_user_of_the_name(engine: Engine) -> None:
    """A new user with the name of a deleted one keeps the new hash."""
    engine.identities.create(ADA)

    engine.identities.renew_hash(replace(ADA, user_id=BOB.user_id), "$argon2id$other")

    assert engine.identities.find(ADA.username) == ADA


def test_renewing_the_hash_of_an_unknown_user_creates_no_user(engine: Engine) -> None:
    """DC-13: renewing the hash of an unknown user creates no user."""
    assert engine.identities.renew_hash(ADA, "$argon2id$ghost") == ""

    with pytest.raises(UnknownUser):
        engine.identities.find(ADA.username)


def test_changing_the_password_moves_the_epoch(engine: Engine) -> None:
    """A8: the new state is returned and kept."""
    engine.identities.create(ADA)

    changed = engine.identities.change_password(ADA, "$argon2id$new")

    assert changed == replace(ADA, password_hash="$argon2id$new", epoch=ADA.epoch + 1)
    assert engine.identities.find(ADA.username) == changed


@pytest.mark.parametrize("status", [DISABLED, ACTIVE])
def test_changing_the_status_moves_the_epoch(engine: Engine, status: str) -> None:
    """A8, F18: enabling a user also moves the epoch, so no earlier login comes back."""
    engine.identities.create(ADA)

    changed = engine.identities.change_status(ADA, status)

    assert changed == replace(ADA, status=status, epoch=ADA.epoch + 1)
    assert engine.identities.find(ADA.username) == changed


def test_a_user_who_waits_for_the_confirmation_waits_again_when_it_is_enabled(engine: Engine) -> None:
    """SC1: a disabling is no way around it, and neither is an enabling without one. Another user is active."""
    waiting = replace(ADA, status=UNCONFIRMED)
    engine.identities.create(waiting)
    engine.identities.create(BOB)

    assert engine.identities.change_status(waiting, ACTIVE).status == UNCONFIRMED
    for _ in range(2):
        assert engine.identities.change_status(waiting, DISABLED).status == DISABLED
    assert engine.identities.change_status(waiting, ACTIVE) == replace(waiting, epoch=ADA.epoch + 4)
    engine.identities.change_status(BOB, DISABLED)
    assert engine.identities.change_status(BOB, ACTIVE).status == ACTIVE


def test_moving_the_epoch_changes_nothing_else(engine: Engine) -> None:
    """Two moves raise the epoch of this user by two, and leave other users alone."""
    engine.identities.create(ADA)
    engine.identities.create(BOB)

    engine.identities.move_epoch(ADA.user_id)
    engine.identities.move_epoch(ADA.user_id)

    assert engine.identities.find(ADA.username) == replace(ADA, epoch=ADA.epoch + 2)
    assert engine.identities.find(BOB.username) == BOB


def test_changes_to_an_unknown_user_are_refused_and_create_no_user(engine: Engine) -> None:
    """DC-13: each change to an unknown user raises UnknownUser and creates no user."""
    with pytest.raises(UnknownUser):
        engine.identities.change_password(ADA, "$argon2id$ghost")
    with pytest.raises(UnknownUser):
        engine.identities.change_status(ADA, DISABLED)
    with pytest.raises(UnknownUser):
        engine.identities.move_epoch(ADA.user_id)

    with pytest.raises(UnknownUser):
        engine.identities.find(ADA.username)


CHANGES: dict[str, Callable[[Engine, Identity], object]] = {
    "password": lambda engine, user: engine.identities.change_password(user, "$argon2id$other"),
    "status": lambda engine, user: engine.identities.change_status(user, DISABLED),
    "rights": lambda engine, user: engine.identities.change_rights(user, scope="", roles=()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_a_deleted_user_does_not_reach_another_user_of_the_name(engine: Engine, change: str) -> None:
    """T6: the write's condition has the user's id, also where the epochs are equal."""
    engine.identities.create(ADA)
    engine.identities.delete(ADA)
    heir = replace(ADA, user_id=BOB.user_id)
    engine.identities.create(heir)

    with pytest.raises(UnknownUser):
        CHANGES[change](engine, ADA)

    assert engine.identities.find(ADA.username) == heir


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_by_an_operator_does_not_depend_on_the_epoch(engine: Engine, change: str) -> None:
    """A8: the change is made also where the user has changed since it was read, and moves the epoch on."""
    engine.identities.create(ADA)
    engine.identities.move_epoch(ADA.user_id)

    CHANGES[change](engine, ADA)

    assert engine.identities.find(ADA.username).epoch == ADA.epoch + 2


def test_a_user_is_found_by_id(engine: Engine) -> None:
    """The id finds the same user as the name, and a name is not accepted as an id."""
    engine.identities.create(ADA)
    engine.identities.create(BOB)

    assert engine.identities.find_by_id(ADA.user_id) == ADA
    assert engine.identities.find_by_id(BOB.user_id) == BOB
    for user_id in (ADA.username, f"user#{ADA.user_id}", f"login#{ADA.username}", "x"):
        with pytest.raises(UnknownUser):
            engine.identities.find_by_id(user_id)


def test_a_password_is_replaced_where_the_user_is_as_read(engine: Engine) -> None:
    """A8: the password and the epoch of this user change, and nothing else does."""
    engine.identities.create(ADA)
    engine.identities.create(BOB)

    engine.identities.replace_password(ADA, "$argon2id$new")

    assert engine.identities.find(ADA.username) == replace(ADA, password_hash="$argon2id$new", epoch=ADA.epoch + 1)
    assert engine.identities.find(BOB.username) == BOB


def test_a_password_is_not_replaced_once_the_epoch_has_moved(engine: Engine) -> None:
    """F11: a change that read an older epoch changes nothing, after each act that moves the epoch."""
    engine.identities.create(ADA)
    moves: list[Callable[[], object]] = [
        lambda: engine.identities.replace_password(engine.identities.find(ADA.username), "$argon2id$first"),
        lambda: engine.identities.change_password(ADA, "$argon2id$operator"),
        lambda: engine.identities.change_status(ADA, DISABLED),
        lambda: engine.identities.change_rights(ADA, scope="", roles=()),
        lambda: engine.identities.move_epoch(ADA.user_id),
    ]
    for move in moves:
        read = engine.identities.find(ADA.username)
        move()
        moved = engine.identities.find(ADA.username)

        with pytest.raises(EpochMoved):
            engine.identities.replace_password(read, "$argon2id$second")

        assert engine.identities.find(ADA.username) == moved


def test_a_password_is_not_replaced_for_another_user_of_the_name(engine: Engine) -> None:
    """A new user with the name of a deleted one keeps the new password, and an unknown user is not created."""
    with pytest.raises(EpochMoved):
        engine.identities.replace_password(ADA, "$argon2id$ghost")
    with pytest.raises(UnknownUser):
        engine.identities.find(ADA.username)
    engine.identities.create(ADA)

    with pytest.raises(EpochMoved):
        engine.identities.replace_password(replace(ADA, user_id=BOB.user_id), "$argon2id$other")

    assert engine.identities.find(ADA.username) == ADA


@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_of_many_that_replace_one_password_one_wins(engine: Engine) -> None:
    """F11: one change wins the race, and its password is kept."""
    engine.identities.create(ADA)

    def try_to_replace(number: int) -> bool:
        try:
            engine.identities.replace_password(ADA, f"$argon2id${number}")
        except EpochMoved:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(try_to_replace, range(16)))

    assert won.count(True) == 1
    kept = replace(ADA, password_hash=f"$argon2id${won.index(True)}", epoch=ADA.epoch + 1)
    assert engine.identities.find(ADA.username) == kept


@pytest.mark.parametrize(("scope", "roles"), [("other", ("reader",)), ("", ()), ("read write", ("admin", "auditor"))])
def test_changing_rights_moves_the_epoch(engine: Engine, scope: str, roles: tuple[str, ...]) -> None:
    """Scope and roles are replaced, also by empty ones, and also by the same ones."""
    engine.identities.create(ADA)

    changed = engine.identities.change_rights(ADA, scope=scope, roles=roles)

    assert changed == replace(ADA, scope=scope, roles=roles, epoch=ADA.epoch + 1)
    assert engine.identities.find(ADA.username) == changed


def test_changing_the_rights_of_an_unknown_user_creates_no_user(engine: Engine) -> None:
    """DC-13: changing the rights of an unknown user raises UnknownUser and creates no user."""
    with pytest.raises(UnknownUser):
        engine.identities.change_rights(ADA, scope="read", roles=())
    with pytest.raises(UnknownUser):
        engine.identities.find(ADA.username)


@pytest.mark.parametrize("claims", [{"acme:tenant": "7"}, {"acme:level": 3, "acme:teams": ("a",)}, {}])
def test_changing_own_claims_moves_the_epoch(engine: Engine, claims: dict[str, str | int | tuple[str, ...]]) -> None:
    """They are replaced as a whole, also by none."""
    before = replace(ADA, claims={"acme:old": True})
    engine.identities.create(before)

    changed = engine.identities.change_claims(before, claims)

    assert changed == replace(ADA, claims=claims, epoch=ADA.epoch + 1)
    assert engine.identities.find(ADA.username) == changed
    with pytest.raises(UnknownUser):
        engine.identities.change_claims(BOB, claims)


@pytest.mark.parametrize("verified_at_seconds", [0, NOW_SECONDS])
def test_an_address_is_replaced_and_the_epoch_stays(engine: Engine, verified_at_seconds: int) -> None:
    """SC5: sessions go on; an address that was confirmed before is not confirmed by that."""
    engine.identities.create(replace(ADA, email="old@mail.example", email_verified_at_seconds=1))
    engine.identities.create(BOB)

    changed = engine.identities.change_email(ADA, "new@mail.example", verified_at_seconds=verified_at_seconds)

    expected = replace(ADA, email="new@mail.example", email_verified_at_seconds=verified_at_seconds)
    assert engine.identities.find(ADA.username) == changed == expected
    assert engine.identities.find(BOB.username) == BOB


def test_the_address_of_another_user_of_the_name_is_not_replaced(engine: Engine) -> None:
    """T6: an unknown user is not created, and an heir of the name keeps their own address."""
    with pytest.raises(UnknownUser):
        engine.identities.change_email(ADA, "new@mail.example", verified_at_seconds=0)
    heir = replace(ADA, user_id=BOB.user_id)
    engine.identities.create(heir)

    with pytest.raises(UnknownUser):
        engine.identities.change_email(ADA, "new@mail.example", verified_at_seconds=0)

    assert engine.identities.find(ADA.username) == heir


def test_a_deleted_user_is_unknown(engine: Engine) -> None:
    """F18: a deleted user is unknown by name and by id, and other users stay."""
    engine.identities.create(ADA)
    engine.identities.create(BOB)

    engine.identities.delete(ADA)

    for act in (
        lambda: engine.identities.find(ADA.username),
        lambda: engine.identities.find_by_id(ADA.user_id),
        lambda: engine.identities.move_epoch(ADA.user_id),
    ):
        with pytest.raises(UnknownUser):
            act()
    assert engine.identities.find_by_id(BOB.user_id) == BOB


def test_a_user_is_not_deleted_once_the_epoch_has_moved(engine: Engine) -> None:
    """If the user has changed since it was read, neither the name nor the id is deleted."""
    engine.identities.create(ADA)
    engine.identities.move_epoch(ADA.user_id)

    for stale in (ADA, replace(ADA, epoch=ADA.epoch + 1, user_id=BOB.user_id)):
        with pytest.raises(EpochMoved):
            engine.identities.delete(stale)

    moved = replace(ADA, epoch=ADA.epoch + 1)
    assert engine.identities.find(ADA.username) == engine.identities.find_by_id(ADA.user_id) == moved
    with pytest.raises(EpochMoved):
        engine.identities.delete(BOB)


def test_a_login_that_began_before_a_deletion_opens_nothing(engine: Engine) -> None:
    """F12, F18: it opens no session, also when another user has the name now, at the same epoch."""
    engine.identities.create(ADA)
    engine.identities.delete(ADA)

    with pytest.raises(EpochMoved):
        engine.session_opening.open(a_session(), username=ADA.username, epoch=ADA.epoch)
    engine.identities.create(replace(ADA, user_id=BOB.user_id))
    with pytest.raises(EpochMoved):
        engine.session_opening.open(a_session(), username=ADA.username, epoch=ADA.epoch)

    assert sessions_of(engine.sessions, ADA.user_id) == []


def test_the_name_of_a_deleted_user_may_be_given_again(engine: Engine) -> None:
    """T6: the name belongs to a new id then, and the old id finds no user."""
    engine.identities.create(ADA)
    engine.identities.delete(ADA)
    heir = replace(ADA, user_id=BOB.user_id, password_hash="$argon2id$heir", epoch=0)

    engine.identities.create(heir)

    assert engine.identities.find(ADA.username) == engine.identities.find_by_id(BOB.user_id) == heir
    with pytest.raises(UnknownUser):
        engine.identities.find_by_id(ADA.user_id)
    with pytest.raises(EpochMoved):
        engine.identities.replace_password(ADA, "$argon2id$old-owner")
    assert engine.identities.find(ADA.username) == heir
