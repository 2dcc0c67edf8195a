"""After `users delete` no table has anything that names the person, whatever the person did before."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from edge_auth.adapters.dynamodb.factors import DynamoDBFactors
from edge_auth.adapters.dynamodb.imported_identities import DynamoDBImportedIdentities
from edge_auth.flows.ports.imported_identities import Imported
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.tokens.proof_token import Kind
from edge_auth.tokens.token_form import id_bytes
from tests.support.mailbox import mailed
from tests.support.operators import operators
from tests.support.passkey_visitor import for_passkeys, phone, register_event, registration_event, sign_in
from tests.support.people import PASSWORD, WRONG_PASSWORD, bob
from tests.support.sample_events import called_by, from_address, logout_event, refresh_event, with_json
from tests.support.second_factor import with_app
from tests.support.stack import SEALING_KEY, TABLES, Stack
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


def tables(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    """Return the items of every table that the template has."""
    names = resources("AWS::DynamoDB::Table").keys()
    assert names == TABLES.keys(), "a new table has to be in the stack of the tests, so that this test reads it too"
    return {name: stack.tables.items(TABLES[name]) for name in names}


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
    stack = for_passkeys(stack.with_mail(SecondFactor="optional"))
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
    stack.secrets.keep(NEW_PASSWORD, kind="password")
    asked_for_mails(stack, granted[2]["session_id"])
    signed_in_with_a_passkey(stack, granted[2]["session_id"])
    enrolled_an_app(stack)
    return stack


def asked_for_mails(stack: Stack, session_id: str) -> None:
    """Ask for a reset, and change the address twice: then a reset, a confirmation and an undo wait, and notices."""
    assert stack.function("reset")(sent("password-reset", {"username": NAME})).status == 202
    for address in ("ada@mail.example", "augusta@mail.example"):
        change = sent("email-change", {"email": address, "current_password": NEW_PASSWORD})
        assert stack.function("email")(called_by(change, PERSON.user_id, session_id)).status == 202
        shown = mailed(stack, Kind.CONFIRM).link
        assert stack.function("email_proofs")(sent("email-confirm", shown)).status == 204
        stack.clock.advance(seconds=2)
    kinds = {item["pk"]["S"].partition("#")[0] for item in stack.challenge_items()}
    assert kinds == {"reset", "confirm", "undo", "notice"}


def signed_in_with_a_passkey(stack: Stack, session_id: str) -> None:
    """Register the person's telephone, and sign in with it: its challenge is marked as spent."""
    ceremony = phone(user_handle=id_bytes(PERSON.user_id))
    passkeys = stack.function("passkeys")
    challenge = passkeys(registration_event(session_id, PERSON.user_id)).json["challenge"]
    made = register_event(ceremony.edited(challenge=challenge), session_id, name=DEVICE, user_id=PERSON.user_id)
    assert passkeys(made).status == 201
    assert sign_in(stack.function("passkey_sign_in"), ceremony).status == 200


def enrolled_an_app(stack: Stack) -> None:
    """Give the person an app and recovery codes."""
    person = stack.identities.find(NAME)
    factors = with_app(person, sealing_keys_from(SEALING_KEY)).factors
    assert factors is not None
    DynamoDBFactors(stack.dynamodb, table=TABLES["IdentitiesTable"]).enrol(person, factors)


def test_a_deleted_user_leaves_nothing_personal_in_any_table(used: Stack) -> None:
    """A25: the user, the devices, the sessions, living and ended, and the claims are gone, in each table."""
    before, accounts = tables(used), operators(used)
    assert found_in(before) == set(PERSONAL), "each of them was there"
    assert [name for name, items in before.items() if not items] == [], "the person has used each table"

    accounts.delete(accounts.find(NAME))

    left = tables(used)
    assert found_in(left) == set()
    assert [name for name, items in left.items() if items and name not in MAY_STAY] == ["IdentitiesTable"], "ada's"
    assert {item["pk"]["S"].partition("#")[2] for item in left["IdentitiesTable"]} == {"ada", id_of_ada(used)}
    for name, attributes in MAY_STAY.items():
        assert left[name], f"{name} had something to delete"
        assert {attribute for item in left[name] for attribute in item} <= attributes
        assert all("delete_at" in item for item in left[name]), "DynamoDB deletes each of them in time"


def test_of_a_deleted_user_who_was_imported_only_the_record_of_the_import_stays(stack: Stack) -> None:
    """It has the user id beside a hash, and nothing else of the person."""
    before, accounts = tables(stack), operators(stack)
    imports = DynamoDBImportedIdentities(stack.dynamodb, table=TABLES["IdentitiesTable"])
    assert imports.add([Imported(PERSON, f"other#{NAME}")]) == (PERSON.user_id,)

    accounts.delete(accounts.find(NAME))

    left = tables(stack)
    [record] = [item for item in left["IdentitiesTable"] if item not in before["IdentitiesTable"]]
    assert {**record, "pk": {"S": record["pk"]["S"][:9]}} == {
        "pk": {"S": "imported#"},
        "user_id": {"S": PERSON.user_id},
    }
    assert len(record["pk"]["S"]) == len("imported#") + 43, "a hash"
    left["IdentitiesTable"].remove(record)
    assert left["IdentitiesTable"] == before["IdentitiesTable"]
    assert found_in(left) == set()
    assert found_in({"IdentitiesTable": [record]}) == {PERSON.user_id}


def test_a_renamed_user_leaves_the_old_name_in_no_table(used: Stack) -> None:
    """Nobody has to learn what a person was called before. Only proofs and notices that wait have it, for hours."""
    accounts = operators(used)

    accounts.rename(accounts.find(NAME), "ada.king@example.com")

    left = tables(used)
    assert all("delete_at" in item for item in left.pop("ChallengesTable"))
    assert found_in(left) == set(PERSONAL) - {NAME}


def id_of_ada(stack: Stack) -> str:
    """Return the id of the user who stays."""
    return stack.identities.find("ada").user_id
