"""After `users delete` no table has anything that names the person, whatever the person did before."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.support import memory_aws
from tests.support.operators import operators
from tests.support.people import PASSWORD, WRONG_PASSWORD, bob
from tests.support.sample_events import called_by, from_address, logout_event, refresh_event, with_json
from tests.support.stack import TABLES, Stack
from tests.support.template import resources

NAME = "augusta.lovelace@example.com"
NEW_PASSWORD = "another fine passphrase"
PERSON = replace(
    bob(),
    username=NAME,
    email="augusta@mail.example",
    email_verified_at_seconds=1_790_000_000,
    language="de",
    claims={"acme:tenant": "the-tenant", "acme:teams": ("the-team",)},
)
DEVICE, AGENT, ADDRESS = "Augusta's telephone", "AgentOfAugusta/1.0", "203.0.113.77"
# What names the person, or was said by the person's devices.
PERSONAL = (
    NAME,
    PERSON.user_id,
    "augusta@mail.example",
    "the-tenant",
    "the-team",
    "Augusta",
    "AgentOfAugusta",
    "203.0.113",
)
# What may stay, for the times that docs/privacy.md says: counters under hashes, and beginnings of session ids.
MAY_STAY = {
    "ThrottleTable": {"bucket", "tries", "failed", "waited", "last_try", "taken_until_ms", "seen_ms", "delete_at"},
    "RevocationsTable": {"feed", "slot", "sids", "delete_at"},
}


def tables() -> dict[str, list[dict[str, Any]]]:
    """Return the items of every table that the template has."""
    names = resources("AWS::DynamoDB::Table").keys()
    assert names == TABLES.keys(), "a new table has to be in the stack of the tests, so that this test reads it too"
    return {name: memory_aws.items(TABLES[name]) for name in names}


def found_in(items: dict[str, list[dict[str, Any]]]) -> set[str]:
    """Return which of the personal texts are in the tables."""
    text = json.dumps(items, default=str)
    return {personal for personal in PERSONAL if personal in text}


def sent(name: str, parameters: Mapping[str, object]) -> dict[str, Any]:
    """Return an event of the person's device."""
    event = from_address(with_json(name, parameters), ADDRESS)
    event["headers"]["User-Agent"] = AGENT
    event["multiValueHeaders"]["User-Agent"] = [AGENT]
    event["requestContext"]["identity"]["userAgent"] = AGENT
    return event


@pytest.fixture
def used(stack: Stack) -> Stack:
    """Return the stack after the person has done all that leaves something in a table."""
    stack.add_user(PERSON, PASSWORD)
    login, password = stack.function("login"), stack.function("password")
    details = {"username": NAME, "password": PASSWORD, "client_name": DEVICE}
    granted = [login(sent("login", details)).json for _ in range(4)]
    device = {"device_token": granted[0]["device_token"]}
    for more in ({}, device):
        assert login(sent("login", {**details, **more, "password": WRONG_PASSWORD})).status == 401
    assert stack.function("refresh")(refresh_event(granted[0]["refresh_token"])).status == 200
    assert stack.function("logout")(logout_event(granted[1]["refresh_token"])).status == 204
    for given, status in ((WRONG_PASSWORD, 401), (PASSWORD, 204)):
        change = sent("password", {"current_password": given, "new_password": NEW_PASSWORD})
        assert password(called_by(change, PERSON.user_id, granted[2]["session_id"])).status == status
    stack.secrets.keep(NEW_PASSWORD)
    return stack


def test_a_deleted_user_leaves_nothing_personal_in_any_table(used: Stack) -> None:
    """A25: the user, the devices, the sessions, living and ended, and the claims are gone, in each table."""
    before, accounts = tables(), operators(used)
    assert found_in(before) == set(PERSONAL), "each of them was there"
    assert [name for name, items in before.items() if not items] == [], "the person has used each table"

    accounts.delete(accounts.find(NAME))

    left = tables()
    assert found_in(left) == set()
    assert [name for name, items in left.items() if items and name not in MAY_STAY] == ["IdentitiesTable"], "ada's"
    assert {item["pk"]["S"].partition("#")[2] for item in left["IdentitiesTable"]} == {"ada", id_of_ada(used)}
    for name, attributes in MAY_STAY.items():
        assert left[name], f"{name} had something to delete"
        assert {attribute for item in left[name] for attribute in item} <= attributes
        assert all("delete_at" in item for item in left[name]), "DynamoDB deletes each of them in time"


def test_a_renamed_user_leaves_the_old_name_in_no_table(used: Stack) -> None:
    """Nobody else has to learn what a person was called before."""
    accounts = operators(used)

    accounts.rename(accounts.find(NAME), "ada.king@example.com")

    assert found_in(tables()) == set(PERSONAL) - {NAME}


def id_of_ada(stack: Stack) -> str:
    """Return the id of the user who stays."""
    return stack.identities.find("ada").user_id
