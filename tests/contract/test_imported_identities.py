"""Imports of users: each user of another system is added once, and no other user is touched."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import pytest

from edge_auth import base64url
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.imported_identities import MAX_USERS, DynamoDBImportedIdentities
from edge_auth.errors import UnknownUser
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.imported_identities import Imported, ImportedIdentities
from tests.contract.conftest import opened_on
from tests.support.dynamodb.engines import ATOMIC_ENGINES, DYNAMODB_ENGINES
from tests.support.dynamodb.records import ADA, BOB
from tests.support.fakes.imports import MemoryImportedIdentities
from tests.support.fakes.stores import MemoryIdentities, MemoryStore


class Ports(NamedTuple):
    """An empty deployment."""

    identities: Identities
    imported: ImportedIdentities


@pytest.fixture(params=["memory", *DYNAMODB_ENGINES])
def ports(request: pytest.FixtureRequest) -> Iterator[Ports]:
    """Yield the ports on each engine."""
    if request.param == "memory":
        store = MemoryStore()
        yield Ports(MemoryIdentities(store), MemoryImportedIdentities(store))
        return
    with opened_on(request) as tables:
        yield Ports(
            DynamoDBIdentities(tables.client, table=tables.identities),
            DynamoDBImportedIdentities(tables.client, table=tables.identities),
        )


def users(count: int, first: int = 0) -> list[Imported]:
    """Return users of another system."""
    return [
        Imported(
            replace(ADA, user_id=base64url.encode(number.to_bytes(16)), username=f"user{number}"), f"other#{number}"
        )
        for number in range(first, first + count)
    ]


def again(user: Imported, number: int = 1000) -> Imported:
    """Return the same user of another system, as a second run of the import reads it: with a new id."""
    return user._replace(identity=replace(user.identity, user_id=base64url.encode(number.to_bytes(16))))


def test_an_imported_user_is_found_with_every_field(ports: Ports) -> None:
    """A login finds it by its name, and a session by its id."""
    ada = Imported(replace(ADA, email="ada@example.com", email_verified_at_seconds=7), "other#ada")

    assert ports.imported.add([ada]) == (ADA.user_id,)
    assert ports.identities.find(ADA.username) == ada.identity
    assert ports.identities.find_by_id(ADA.user_id) == ada.identity


def test_as_many_users_as_one_transaction_takes_are_added(ports: Ports) -> None:
    """DynamoDB takes 100 items, and a user has three."""
    many = users(MAX_USERS)

    assert ports.imported.add(many) == tuple(user.identity.user_id for user in many)
    assert [ports.identities.find(user.identity.username) for user in many] == [user.identity for user in many]


def test_a_user_is_added_once(ports: Ports) -> None:
    """A second run draws other ids, and gets those of the first one. Nothing changes."""
    first, second = users(2)
    ports.imported.add([first])

    assert ports.imported.add([again(first), second]) == (first.identity.user_id, second.identity.user_id)
    assert ports.identities.find("user0") == first.identity
    with pytest.raises(UnknownUser):
        ports.identities.find_by_id(again(first).identity.user_id)


@pytest.mark.parametrize("act", ["renamed", "deleted"])
def test_a_user_who_was_renamed_or_deleted_does_not_come_back(ports: Ports, act: str) -> None:
    """The record of the import stays, so a second run does not undo what operators have done since."""
    (user,) = users(1)
    ports.imported.add([user])
    if act == "renamed":
        ports.identities.rename(user.identity, "eve")
    else:
        ports.identities.delete(user.identity)

    assert ports.imported.add([again(user)]) == (user.identity.user_id,)
    for name in ("user0", *(["eve"] if act == "deleted" else [])):
        with pytest.raises(UnknownUser):
            ports.identities.find(name)
    with pytest.raises(UnknownUser):
        ports.identities.find_by_id(again(user).identity.user_id)
    if act == "renamed":
        assert ports.identities.find("eve") == replace(user.identity, username="eve")


def test_a_name_that_another_user_has_is_not_taken_away(ports: Ports) -> None:
    """The other user stays as it was, those beside it are added, and the refused one may come later."""
    bob = replace(BOB, username="user1")
    ports.identities.create(bob)
    three = users(3)

    assert ports.imported.add(three) == (three[0].identity.user_id, "", three[2].identity.user_id)
    assert ports.identities.find("user1") == bob
    ports.identities.delete(bob)
    assert ports.imported.add(three) == tuple(user.identity.user_id for user in three)


def test_all_kinds_of_refusals_meet_in_one_call(ports: Ports) -> None:
    """Known users, a taken name and new users, in any order."""
    known, others = users(3), users(4, first=3)
    ports.imported.add(known)
    ports.identities.create(replace(BOB, username="user4"))
    one, two, three = (again(user, 1000 + number) for number, user in enumerate(known))
    mixed = [others[0], three, others[1], one, others[2], two, others[3]]

    added = ports.imported.add(mixed)

    assert added == (
        others[0].identity.user_id,
        known[2].identity.user_id,
        "",
        known[0].identity.user_id,
        others[2].identity.user_id,
        known[1].identity.user_id,
        others[3].identity.user_id,
    )


def test_nobody_is_added_by_an_empty_call(ports: Ports) -> None:
    """DynamoDB refuses an empty transaction, so none is sent."""
    assert ports.imported.add([]) == ()


@pytest.mark.parametrize("ports", ATOMIC_ENGINES, indirect=True)
def test_of_two_imports_at_the_same_time_one_adds_each_user(ports: Ports) -> None:
    """Both learn the same ids, and each user has one."""
    many = users(60)
    halves = [many[:30], many[30:]]
    copies = [[again(user, 5000 + number) for number, user in enumerate(many)], many]

    def run(copy: list[Imported]) -> list[str]:
        return [each for half in range(2) for each in ports.imported.add(copy[half * 30 : half * 30 + 30])]

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(run, copies)

    assert one == other
    assert len(halves[0] + halves[1]) == len({*one}) == 60
    assert [ports.identities.find(f"user{number}").user_id for number in range(60)] == one
