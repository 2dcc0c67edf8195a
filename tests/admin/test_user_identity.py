"""`users rename` and `set-claims`, and every command by the user's id."""

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.session_opening import DynamoDBSessionOpening
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.errors import UnknownUser
from tests.admin.conftest import IDENTITIES, PASSWORD, PLACE, SESSIONS, Command, Logs
from tests.admin.every_command import COMMANDS
from tests.support.dynamodb.records import ADA, BOB, a_session, sessions_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BY_ID = sorted(name for name, arguments in COMMANDS.items() if arguments[0] == "users" and "ada" in arguments)


@pytest.fixture
def ada(identities: DynamoDBIdentities) -> str:
    """Create ada, and return her id."""
    identities.create(replace(ADA, username="ada"))
    return ADA.user_id


@pytest.mark.usefixtures("ada")
def test_rename_gives_the_new_name_in_its_canonical_spelling(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, sessions: DynamoDBSessions, logs: Logs
) -> None:
    """Place and act are said first. Sessions stay, and no name is in the record."""
    opening = DynamoDBSessionOpening(
        dynamodb, identities_table=f"admin-{IDENTITIES}", sessions_table=f"admin-{SESSIONS}"
    )
    opening.open(a_session(), username="ada", epoch=ADA.epoch)

    outcome = command("users", "rename", "ada", "Eve@Example.com")

    assert (outcome.status, outcome.out) == (0, f"renamed to eve@example.com, user id {ADA.user_id}\n")
    assert outcome.err == (
        f"{PLACE}\nThis gives ada (user id {ADA.user_id}) another name. ada becomes free.\n"
    )  # fmt: skip
    assert identities.find("eve@example.com") == replace(ADA, username="eve@example.com")
    assert len(sessions_of(sessions, ADA.user_id)) == 1
    assert [line["act"] for line in logs.lines] == ["users rename"] * 2
    assert "eve" not in json.dumps(logs.lines)


@pytest.mark.parametrize(
    ("new", "said"),
    [("bob", "the user name is taken: bob"), ("a da", "a user name has"), ("", "a user name has 1 to 128 characters")],
)
def test_a_name_that_cannot_be_given_changes_nothing(
    command: Command, identities: DynamoDBIdentities, ada: str, new: str, said: str
) -> None:
    """The user keeps the old name."""
    identities.create(replace(BOB, username="bob"))

    outcome = command("users", "rename", "ada", new)

    assert outcome.status == 1
    assert f"\nedge-auth: {said}" in outcome.err
    assert identities.find_by_id(ada).username == "ada"


def test_rename_again_by_the_id_is_no_error(command: Command, identities: DynamoDBIdentities, ada: str) -> None:
    """After an unknown outcome the operator runs it with the id, as the message says."""
    outcomes = [command("users", "rename", ada, "eve") for _ in range(2)]

    assert [outcome.out for outcome in outcomes] == [f"renamed to eve, user id {ada}\n"] * 2
    assert identities.find("eve").user_id == ada
    with pytest.raises(UnknownUser):
        identities.find("ada")


@pytest.mark.usefixtures("ada")
def test_set_claims_replaces_them_and_ends_all_sessions(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, sessions: DynamoDBSessions, logs: Logs
) -> None:
    """NAME=VALUE is a text, also if it looks like a number. The record has the names, and not the values."""
    opening = DynamoDBSessionOpening(
        dynamodb, identities_table=f"admin-{IDENTITIES}", sessions_table=f"admin-{SESSIONS}"
    )
    for number in (1, 2):
        opening.open(a_session(number), username="ada", epoch=ADA.epoch)

    first = command("users", "set-claims", "ada", "acme:tenant=007", "acme:plan=a=b")
    kept, living = identities.find("ada").claims, sessions_of(sessions, ADA.user_id)
    second = command(
        "users", "set-claims", "ada", "--json", '{"acme:level": 3, "acme:beta": true, "acme:teams": ["a"]}'
    )

    assert (first.status, first.out) == (0, 'claims: {"acme:plan":"a=b","acme:tenant":"007"}; 2 sessions ended\n')
    assert living == []
    assert kept == {"acme:tenant": "007", "acme:plan": "a=b"}
    assert second.status == 0
    assert identities.find("ada").claims == {"acme:level": 3, "acme:beta": True, "acme:teams": ("a",)}
    assert [line["claims"] for line in logs.lines[::2]] == [
        ["acme:plan", "acme:tenant"],
        ["acme:beta", "acme:level", "acme:teams"],
    ]
    # As words: the random id of an act may have the digits.
    assert [value for value in ("007", "a=b") if re.search(rf"\b{value}\b", json.dumps(logs.lines))] == []
    none = command("users", "set-claims", "ada", "--none")
    assert (none.out, identities.find("ada").claims) == ("claims: none; 0 sessions ended\n", {})


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("options", "status"),
    [
        ([], 2),
        (["acme:tenant=7", "--none"], 2),
        (["acme:tenant=7", "--json", "{}"], 2),
        (["acme:tenant"], 1),
        (["acme:tenant=7", "acme:tenant=8"], 1),
        (["sub=root"], 1),
        (["SUB=root"], 1),
        (["tenant=7"], 1),
        (["acme:tenant="], 1),
        (["acme:tenant=" + "t" * 129], 1),
        ([f"acme:{number}=" + "t" * 100 for number in range(2)], 1),
        (["--json", "["], 1),
        (["--json", '{"acme:level": 1.5}'], 1),
        (["--json", '{"acme:level": 1, "acme:level": 2}'], 1),
        (["--json", '{"acme:level": null}'], 1),
        (["--json", '{"acme:level": {"a": 1}}'], 1),
        (["--json", '{"sub": "root"}'], 1),
        (["--json", "\udcff"], 1),
        ([f"acme:{PASSWORD}=7"], 1),
    ],
)
def test_claims_that_break_a_rule_change_nothing(
    command: Command, identities: DynamoDBIdentities, logs: Logs, options: list[str], status: int
) -> None:
    """One line says why. A wrong option may hold any text, also a password, so nothing is recorded."""
    outcome = command("users", "set-claims", "ada", *options)

    assert (outcome.status, outcome.out) == (status, "")
    assert identities.find("ada") == replace(ADA, username="ada")
    assert logs.lines == []
    assert PASSWORD not in outcome.err


@pytest.mark.parametrize("name", BY_ID)
def test_every_command_of_a_user_takes_the_id(
    command: Command, identities: DynamoDBIdentities, ada: str, name: str
) -> None:
    """The id is in the record and in tokens, and a user may have forgotten the name."""
    arguments = [ada if word == "ada" else word for word in COMMANDS[name]]

    outcome = command(*arguments, stdin=f"{PASSWORD}\n")

    assert outcome.status == 0, outcome.err
    before = identities.find("ada") if name not in ("rename", "delete") else None
    assert before is None or before.user_id == ada


@pytest.mark.parametrize("name", BY_ID)
def test_an_id_that_is_another_users_name_is_refused(
    command: Command, identities: DynamoDBIdentities, ada: str, name: str
) -> None:
    """Whoever registers under the id of another user must not get what was meant for that user."""
    mallory = replace(BOB, username=ada.lower())
    identities.create(mallory)
    arguments = [ada if word == "ada" else word for word in COMMANDS[name]]

    outcome = command(*arguments, stdin=f"{PASSWORD}\n")

    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err == (
        "edge-auth: one user has this name, and another has this id; "
        "give the id of the first, or the name of the other\n"
    )
    assert identities.find(ada.lower()) == mallory
    assert identities.find("ada") == replace(ADA, username="ada")
    assert command("users", "disable", BOB.user_id).status == 0, "each of them can still be named"


def test_delete_by_the_id_asks_for_the_name(command: Command, identities: DynamoDBIdentities, ada: str) -> None:
    """So the operator sees whom the id is."""
    refused = command("users", "delete", ada, typed=f"{ada}\n")
    assert (refused.status, identities.find("ada").user_id) == (1, ada)
    assert "Type the user name (ada) to confirm:" in refused.err

    assert command("users", "delete", ada, typed="ada\n").status == 0
