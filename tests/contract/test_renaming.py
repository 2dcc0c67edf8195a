"""A user gets another name in one act: what stays, what is refused, and what happens to acts at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from functools import partial
from typing import Any

import pytest

from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import DISABLED, UNCONFIRMED, Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.identity_items import OF_SOME_USERS, login_key
from edge_auth.adapters.dynamodb.passkeys import DynamoDBPasskeys
from edge_auth.errors import UnknownUser, UsernameTaken
from edge_auth.flows.ports.identities import EpochMoved, Identities
from edge_auth.tokens.proof_token import Kind
from tests.support.dynamodb.engines import ATOMIC_ENGINES, Engine, Tables
from tests.support.dynamodb.proofs import a_challenge, a_proof
from tests.support.dynamodb.records import ADA, ADA_ID, BOB, NOW_SECONDS, a_session, opened, sessions_of

FULL = replace(
    ADA, email="ada@mail.example", email_verified_at_seconds=NOW_SECONDS, language="de", claims={"acme:tenant": "7"}
)
EVE = replace(ADA, username="eve")
ADDRESS = "ada@mail.example"
KEY = RegisteredPasskey(b"key", b"public key", 0, False, False, "usb key", NOW_SECONDS)  # noqa: FBT003 - its fields in order


def test_a_renamed_user_keeps_all_else(engine: Engine) -> None:
    """Id, password, rights, claims and epoch stay. The old name finds no user and is free."""
    engine.identities.create(FULL)
    engine.identities.create(BOB)

    renamed = engine.identities.rename(FULL, "eve")

    assert renamed == replace(FULL, username="eve")
    assert engine.identities.find("eve") == engine.identities.find_by_id(ADA_ID) == renamed
    with pytest.raises(UnknownUser):
        engine.identities.find(ADA.username)
    engine.identities.create(replace(BOB, username=ADA.username, user_id=f"{2:021}A"))
    assert engine.identities.find_by_id(ADA_ID) == renamed


def test_sessions_of_a_renamed_user_stay(engine: Engine) -> None:
    """A session does not have the name."""
    opened(engine, a_session())

    engine.identities.rename(ADA, "eve")

    assert sessions_of(engine.sessions, ADA_ID) == [a_session()]


def test_a_login_under_the_old_name_opens_nothing(engine: Engine) -> None:
    """It has read the user before. A login under the new name opens a session with the same epoch."""
    engine.identities.create(ADA)
    engine.identities.rename(ADA, "eve")

    with pytest.raises(EpochMoved):
        engine.session_opening.open(a_session(), username=ADA.username, epoch=ADA.epoch)
    engine.session_opening.open(a_session(), username="eve", epoch=ADA.epoch)

    assert sessions_of(engine.sessions, ADA_ID) == [a_session()]


def test_a_name_that_is_taken_is_refused_and_nothing_changes(engine: Engine) -> None:
    """The other user keeps the name, and the user keeps the old one."""
    engine.identities.create(ADA)
    engine.identities.create(BOB)

    with pytest.raises(UsernameTaken):
        engine.identities.rename(ADA, BOB.username)

    assert engine.identities.find(ADA.username) == engine.identities.find_by_id(ADA_ID) == ADA
    assert engine.identities.find(BOB.username) == BOB


def test_the_same_act_again_changes_nothing(engine: Engine) -> None:
    """The answer was lost, and the operator runs the command again with the user as it was read before."""
    engine.identities.create(ADA)

    assert engine.identities.rename(ADA, "eve") == engine.identities.rename(ADA, "eve") == EVE
    assert engine.identities.rename(EVE, "eve") == EVE


def test_a_user_that_is_gone_or_has_another_name_is_not_renamed(engine: Engine) -> None:
    """Nobody gets a name by an act that meant another user."""
    engine.identities.create(ADA)
    engine.identities.rename(ADA, "eve")
    with pytest.raises(UnknownUser):
        engine.identities.rename(ADA, "zoe")
    engine.identities.delete(EVE)
    with pytest.raises(UnknownUser):
        engine.identities.rename(EVE, "zoe")
    engine.identities.create(replace(BOB, username="eve"))
    with pytest.raises(UnknownUser):
        engine.identities.rename(EVE, "zoe")

    assert engine.identities.find("eve").user_id == BOB.user_id
    with pytest.raises(UnknownUser):
        engine.identities.find("zoe")


LATER: dict[str, Callable[[Identities], object]] = {
    "a new password": lambda users: users.replace_password(ADA, "$argon2id$new"),
    "a deletion": lambda users: users.delete(ADA),
}


@pytest.mark.parametrize("act", LATER)
def test_an_act_on_the_user_as_it_was_before_is_refused(engine: Engine, act: str) -> None:
    """A change of the password that began before the rename answers 503 and is made again under the new name."""
    engine.identities.create(ADA)
    engine.identities.rename(ADA, "eve")

    with pytest.raises(EpochMoved):
        LATER[act](engine.identities)

    assert engine.identities.find("eve") == EVE


@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_of_many_that_rename_to_one_name_one_wins(engine: Engine) -> None:
    """The others keep their names, and each user is found by name and by id."""
    users = [replace(ADA, username=f"user{number}", user_id=f"{number:021}A") for number in range(8)]
    for user in users:
        engine.identities.create(user)

    def try_to_rename(number: int) -> bool:
        try:
            engine.identities.rename(users[number], "eve")
        except UsernameTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(try_to_rename, range(8)))

    assert won.count(True) == 1
    for user, is_winner in zip(users, won, strict=True):
        found = engine.identities.find_by_id(user.user_id)
        assert found == engine.identities.find(found.username)
        assert found.username == ("eve" if is_winner else user.username)


@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)
def test_a_rename_and_a_new_password_at_once_lose_nothing(engine: Engine) -> None:
    """Either the new password moves to the new name, or one of the two acts is refused and can be made again."""

    def tried(act: Callable[[], object]) -> bool:
        try:
            act()
        except EpochMoved:
            return False
        return True

    for number in range(20):
        user = replace(ADA, username=f"user{number}", user_id=f"{number:021}A")
        engine.identities.create(user)
        with ThreadPoolExecutor(2) as pool:
            renamed = pool.submit(tried, partial(engine.identities.rename, user, f"new{number}"))
            changed = pool.submit(tried, partial(engine.identities.replace_password, user, "$argon2id$new"))
        found = engine.identities.find_by_id(user.user_id)
        assert (found.username == f"new{number}") is renamed.result()
        assert (found.password_hash == "$argon2id$new") is changed.result()
        assert renamed.result() or changed.result()
        assert engine.identities.find(found.username) == found


class Interrupted:
    """A client that lets another act happen before its next call of one operation, or answers it with an error."""

    def __init__(self, client: Any, operation: str, meanwhile: Callable[[], object]) -> None:  # noqa: ANN401 - any SDK client
        """Wrap the client."""
        self._client, self._operation, self._meanwhile = client, operation, meanwhile

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any operation
        """Return the operation."""
        operation = getattr(self._client, name)
        if name != self._operation:
            return operation

        def first_the_other(**parameters: Any) -> Any:  # noqa: ANN401 - passed through
            self._operation = ""
            self._meanwhile()
            return operation(**parameters)

        return first_the_other


class AfterTheFirstRead:
    """A client that lets another act happen right after its first read."""

    def __init__(self, client: Any, reads: list[dict[str, Any]], meanwhile: Callable[[], object]) -> None:  # noqa: ANN401 - any SDK client
        """Wrap the client, and note the reads."""
        self._client, self._reads, self._meanwhile = client, reads, meanwhile

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any operation
        """Return the operation."""
        return getattr(self._client, name)

    def get_item(self, **parameters: Any) -> Any:  # noqa: ANN401 - passed through
        """Read, and then let the other act happen."""
        found = self._client.get_item(**parameters)
        self._reads.append(parameters)
        if len(self._reads) == 1:
            self._meanwhile()
        return found


CHANGES: dict[str, Callable[[Identities], object]] = {
    "a new password": lambda users: users.change_password(ADA, "$argon2id$new"),
    "a renewed hash": lambda users: users.renew_hash(ADA, "$argon2id$stronger"),
    "new rights": lambda users: users.change_rights(ADA, scope="", roles=()),
    "the end of all sessions": lambda users: users.move_epoch(ADA_ID),
    "disabled": lambda users: users.change_status(ADA, DISABLED),
}


def is_refused_after(tables: Tables, before: Identity, act: Callable[[], object]) -> None:
    """Check that a rename is refused if this act comes between its read and its write, and that the act stays."""
    users = DynamoDBIdentities(tables.client, table=tables.identities)
    users.create(before)
    wrapped: Any = Interrupted(tables.client, "transact_write_items", act)

    with pytest.raises(EpochMoved):
        DynamoDBIdentities(wrapped, table=tables.identities).rename(before, "eve")

    changed = users.find(before.username)
    assert changed != before
    assert users.rename(before, "eve") == replace(changed, username="eve")


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_the_read_and_the_write_is_not_lost(tables: Tables, change: str) -> None:
    """The item is moved as it was read, so the write is refused: no old password comes back under the new name."""
    users = DynamoDBIdentities(tables.client, table=tables.identities)
    is_refused_after(tables, ADA, lambda: CHANGES[change](users))


def confirm(tables: Tables) -> None:
    """Confirm an address of Ada, and store the proof that undoes it."""
    engine, proof = tables.engine(), a_proof(Kind.CONFIRM)
    engine.challenges.put(a_challenge(proof))
    undo = a_challenge(a_proof(Kind.UNDO))
    engine.redemptions.confirm(proof, engine.identities.find(ADA.username), ADDRESS, undo, now_seconds=NOW_SECONDS)


# Acts that move no epoch, and change no attribute that the user has before: each adds some.
ADDITIONS: dict[str, tuple[Identity, Callable[[Tables], object]]] = {
    "a first passkey": (ADA, lambda tables: DynamoDBPasskeys(tables.client, table=tables.identities).add(ADA, KEY)),
    "a first address": (ADA, confirm),
    "a first address by an operator": (
        ADA,
        lambda tables: tables.engine().identities.change_email(ADA, ADDRESS, verified_at_seconds=0),
    ),
    "the confirmation of the address": (replace(ADA, email=ADDRESS), confirm),
    "a mail that comes back": (
        replace(ADA, email=ADDRESS),
        lambda tables: tables.engine().bounces.mark(ADA_ID, ADDRESS, reason="complaint", now_seconds=NOW_SECONDS),
    ),
}


@pytest.mark.parametrize("addition", ADDITIONS)
def test_what_a_user_gets_between_the_read_and_the_write_is_not_lost(tables: Tables, addition: str) -> None:
    """The item that was read has no such attribute. The write says so, and is refused."""
    before, act = ADDITIONS[addition]
    is_refused_after(tables, before, lambda: act(tables))


def test_every_attribute_that_the_adapters_know_is_named(tables: Tables) -> None:
    """A rename asks for those that a user does not have. A new field of a user fails here until it is named too."""
    factors = Factors(b"sealed", totp_step=3, recovery=frozenset({"code"}), failures=2, enrolled_at_seconds=9)
    whole = replace(
        FULL,
        status=UNCONFIRMED,
        email_bounced_at_seconds=NOW_SECONDS,
        password_hash_at_change="$argon2id$before",
        factors=factors,
        factors_version=4,
        passkeys=(KEY,),
    )
    for record in (whole, factors):
        assert all(getattr(record, field.name) for field in fields(record)), "each field has a value"

    def attributes() -> set[str]:
        return tables.client.get_item(TableName=tables.identities, Key=login_key(ADA.username))["Item"].keys() - {"pk"}

    users, bounces = tables.engine().identities, tables.engine().bounces
    users.create(whole)
    bounces.mark(ADA_ID, whole.email, reason="complaint", now_seconds=NOW_SECONDS)
    assert users.find(ADA.username) == whole, "each field is stored"
    of_whole = attributes()
    bounces.clear(whole)
    users.delete(whole)
    users.create(ADA)
    of_least = attributes()

    assert of_whole - of_least == OF_SOME_USERS


def test_a_transaction_that_is_sent_twice_is_one_rename(tables: Tables) -> None:
    """The response was lost, and the token of the SDK is not known any more: the act recognises its own result."""
    users = DynamoDBIdentities(tables.client, table=tables.identities)
    users.create(ADA)
    wrapped: Any = Interrupted(tables.client, "transact_write_items", lambda: users.rename(ADA, "eve"))

    assert DynamoDBIdentities(wrapped, table=tables.identities).rename(ADA, "eve") == EVE


def test_attributes_of_a_later_version_move_with_the_user(tables: Tables) -> None:
    """After a rollback, an older version renames users whose items have more than it knows."""
    users = DynamoDBIdentities(tables.client, table=tables.identities)
    users.create(ADA)
    more: dict[str, Any] = {
        "later": {"M": {"secret": {"B": b"\x00\x01"}, "seen": {"L": [{"N": "1"}]}}}, "flag": {"BOOL": True}
    }  # fmt: skip
    login: dict[str, Any] = next(item for item in tables.identity_items() if "user_id" in item)
    tables.client.put_item(TableName=tables.identities, Item={**login, **more})

    users.rename(ADA, "eve")

    [moved] = [item for item in tables.identity_items() if "user_id" in item]
    assert moved == {**login, **more, "pk": {"S": "login#eve"}, "username": {"S": "eve"}}
    assert len(tables.identity_items()) == 2


@pytest.mark.parametrize(
    "act",
    [lambda users: users.find_by_id(ADA_ID), lambda users: users.move_epoch(ADA_ID)],
    ids=["find by id", "move the epoch"],
)
def test_who_has_read_the_old_name_finds_the_user_under_the_new_one(
    tables: Tables, act: Callable[[Identities], object]
) -> None:
    """A rename between the two reads does not make a user unknown: a logout everywhere still ends all sessions."""
    users = DynamoDBIdentities(tables.client, table=tables.identities)
    users.create(ADA)
    reads: list[dict[str, Any]] = []
    wrapped: Any = AfterTheFirstRead(tables.client, reads, lambda: users.rename(ADA, "eve"))

    act(DynamoDBIdentities(wrapped, table=tables.identities))

    assert users.find("eve").user_id == ADA_ID
    assert [read["Key"]["pk"]["S"] for read in reads].count(f"user#{ADA_ID}") == 2, "once more, and not for ever"
