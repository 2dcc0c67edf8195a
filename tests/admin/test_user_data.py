"""`users list`, `show` and `export`: what operators learn of users, and what never leaves the tables."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from admin.times import iso
from admin.user_scan import UserScan
from edge_auth.accounts.identity import DISABLED
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.bounces import DynamoDBBounces
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.notices import DynamoDBNotices
from edge_auth.adapters.dynamodb.session_opening import DynamoDBSessionOpening
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.flows.ports.notices import Notice, NoticeName
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.throttling.counters import Attempt
from edge_auth.throttling.limits import PASSWORD_BACKOFF, account_bucket
from tests.admin.conftest import CHALLENGES, IDENTITIES, PLACE, SESSIONS, STACK, THROTTLE, Command, Logs
from tests.support.dynamodb.proofs import a_challenge
from tests.support.dynamodb.records import ADA, BOB, NOW_SECONDS, a_session, session_id
from tests.support.people import password_hash
from tests.support.second_factor import with_app
from tests.support.stack import SEALING_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HASH = password_hash()
SEALING_KEYS = sealing_keys_from(SEALING_KEY)
TELEPHONE = RegisteredPasskey(
    credential_id=b"id",
    public_key=b"public",
    sign_count=0,
    is_backup_eligible=False,
    is_backed_up=False,
    name="telephone",
    created_at_seconds=NOW_SECONDS,
)
PEOPLE = [
    replace(
        ADA, username="ada", password_hash=HASH, roles=("admin",), claims={"acme:tenant": "7", "acme:teams": ("a",)}
    ),
    replace(BOB, username="bob", password_hash=HASH, roles=("reader",), status=DISABLED),
    replace(
        ADA,
        username="adam",
        user_id=f"{3:021}A",
        password_hash=HASH,
        roles=("reader",),
        email="adam@mail.example",
        email_verified_at_seconds=NOW_SECONDS,
        language="de",
    ),
]


@pytest.fixture
def people(identities: DynamoDBIdentities) -> None:
    """Add the users."""
    for user in PEOPLE:
        identities.create(user)


def listed(out: str) -> dict[str, dict[str, Any]]:
    """Return the lines by user name."""
    lines = [json.loads(line) for line in out.splitlines()]
    return {line["username"]: line for line in lines}


@pytest.mark.usefixtures("people")
def test_list_has_a_line_for_each_user(command: Command) -> None:
    """What a user does not have is left out. Standard error says what was read: two items for each user."""
    outcome = command("users", "list")

    assert outcome.status == 0
    found = listed(outcome.out)
    assert found.keys() == {"ada", "bob", "adam"}
    assert found["bob"] == {
        "user_id": BOB.user_id,
        "username": "bob",
        "status": "disabled",
        "created": found["bob"]["created"],
        "scope": BOB.scope,
        "roles": ["reader"],
    }
    assert found["ada"]["claims"] == {"acme:tenant": "7", "acme:teams": ["a"]}
    assert [found["adam"][name] for name in ("email", "email_verified", "language")] == [
        "adam@mail.example",
        True,
        "de",
    ]
    assert outcome.err.startswith("read 6 items of the table of users, for ")


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--status", "disabled"], {"bob"}),
        (["--status", "active"], {"ada", "adam"}),
        (["--role", "reader"], {"bob", "adam"}),
        (["--role", "read"], set()),
        (["--prefix", "ADA"], {"ada", "adam"}),
        (["--prefix", "adam"], {"adam"}),
        (["--prefix", "x"], set()),
        (["--status", "active", "--role", "reader", "--prefix", "a"], {"adam"}),
    ],
)
def test_filters_are_all_met(command: Command, options: list[str], names: set[str]) -> None:
    """A role is a whole word, and the beginning of a name may be in any case."""
    outcome = command("users", "list", *options)

    assert outcome.status == 0
    assert listed(outcome.out).keys() == names
    assert outcome.err.startswith("read 6 items"), "a filter does not make the scan cheaper"


@pytest.mark.usefixtures("people")
def test_the_limit_ends_the_list(command: Command) -> None:
    """One line is one user."""
    assert [command("users", "list", "--limit", number).out.count("\n") for number in ("1", "2", "3", "4")] == [
        1,
        2,
        3,
        3,
    ]
    assert [command("users", "list", "--limit", number).status for number in ("0", "-1", "x")] == [2, 2, 2]


@pytest.mark.usefixtures("people")
def test_the_list_reads_page_by_page_and_stops_at_its_limit(dynamodb: "DynamoDBClient") -> None:
    """DynamoDB's pages have one megabyte. A page that is not needed is not read."""
    scan = UserScan(dynamodb, table=f"admin-{IDENTITIES}")
    pages: list[dict[str, Any]] = []

    def small(params: dict[str, Any], **_: object) -> None:
        params["Limit"] = 2
        pages.append(params)

    dynamodb.meta.events.register("provide-client-params.dynamodb.Scan", small)
    try:
        everyone = {user.username for user in scan.users(consistent=True)}
        assert (len(everyone), scan.items) == (3, 6)
        assert len(pages) >= 3
        pages.clear()
        next(scan.users(consistent=True))
        assert len(pages) < 4
    finally:
        dynamodb.meta.events.unregister("provide-client-params.dynamodb.Scan", small)


@pytest.mark.usefixtures("people")
def test_password_hashes_are_not_even_read(dynamodb: "DynamoDBClient", command: Command) -> None:
    """L4: no list, no page and no memory has them, unless they are asked for by name."""
    read = list(UserScan(dynamodb, table=f"admin-{IDENTITIES}").users(consistent=True))
    outcomes = [command("users", *arguments) for arguments in (["list"], ["show", "ada"], ["export", "ada"])]
    outcomes.append(command("users", "export", "--all"))

    assert {user.password_hash for user in read} == {""}
    assert [outcome.status for outcome in outcomes] == [0, 0, 0, 0]
    assert all(len(outcome.out) > 100 and HASH not in outcome.out for outcome in outcomes)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("arguments", [["list"], ["export", "--all"]])
def test_a_damaged_user_is_said_and_hides_no_other(
    command: Command, dynamodb: "DynamoDBClient", arguments: list[str]
) -> None:
    """A program must not take an incomplete list for a whole one."""
    dynamodb.update_item(
        TableName=f"admin-{IDENTITIES}", Key={"pk": {"S": "login#bob"}}, UpdateExpression="REMOVE created_at"
    )

    outcome = command("users", *arguments)

    assert outcome.status == 1
    assert listed(outcome.out).keys() == {"ada", "adam"}
    assert "edge-auth: 1 items of the table admin-IdentitiesTable are damaged, and are left out\n" in outcome.err


def sessions_of_ada(dynamodb: "DynamoDBClient", sessions: DynamoDBSessions) -> None:
    """Open two sessions of ada, and end one."""
    opening = DynamoDBSessionOpening(
        dynamodb, identities_table=f"admin-{IDENTITIES}", sessions_table=f"admin-{SESSIONS}"
    )
    for number in (1, 2):
        opening.open(a_session(number), username="ada", epoch=PEOPLE[0].epoch)
    ended = sessions.find(ADA.user_id, session_id(2))
    assert ended is not None
    sessions.end(ended, reason="logout", end_id="e", now_seconds=NOW_SECONDS)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("given", ["ada", "ADA", ADA.user_id])
def test_show_finds_by_name_and_by_id(
    command: Command, dynamodb: "DynamoDBClient", sessions: DynamoDBSessions, given: str
) -> None:
    """The line of the list, with the living sessions and the second factors."""
    sessions_of_ada(dynamodb, sessions)

    shown = json.loads(command("users", "show", given).out)

    assert shown == {**listed(command("users", "list").out)["ada"], "sessions": 1, "factors": []}


@pytest.mark.parametrize("reason", ["bounce: Permanent", "complaint"])
def test_show_says_why_mails_stopped_and_resume_mail_lets_them_go_again(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, reason: str
) -> None:
    """An operator who is asked why no mail comes sees it. Amazon SES may hold mails back by itself."""
    ada = replace(PEOPLE[0], email="ada@mail.example", email_verified_at_seconds=NOW_SECONDS)
    identities.create(ada)
    assert "mails_stopped" not in json.loads(command("users", "show", "ada").out)
    bounces = DynamoDBBounces(dynamodb, table=f"admin-{IDENTITIES}")
    bounces.mark(ADA.user_id, "ada@mail.example", reason=reason, now_seconds=NOW_SECONDS)
    stopped = {"reason": reason, "since": iso(NOW_SECONDS)}
    assert json.loads(command("users", "show", "ada").out)["mails_stopped"] == stopped
    assert json.loads(command("users", "export", "ada").out)["user"]["bounce_reason"] == reason

    outcome = command("users", "resume-mail", "ada")

    assert (outcome.status, outcome.out.splitlines()[0]) == (0, "mails go to ada@mail.example")
    assert "delete-suppressed-destination --email-address ada@mail.example" in outcome.out
    assert identities.find("ada").is_reachable
    assert "mails_stopped" not in json.loads(command("users", "show", "ada").out)


@pytest.mark.usefixtures("people")
def test_an_unknown_user_is_said_to_be_unknown(command: Command) -> None:
    """By name, and by an id that nobody has."""
    for given in ("eve", f"{9:021}A"):
        for act in ("show", "export", "disable"):
            outcome = command("users", act, given)
            assert (outcome.status, outcome.out, outcome.err) == (1, "", "edge-auth: there is no such user\n")


@pytest.mark.usefixtures("people")
def test_export_has_all_that_is_stored_of_one_person_and_no_credential(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, sessions: DynamoDBSessions
) -> None:
    """Sessions with devices and networks, ended ones, and attempts. Of a possible credential only the name is shown."""
    sessions_of_ada(dynamodb, sessions)
    attempts = DynamoDBAttempts(dynamodb, table=f"admin-{THROTTLE}")
    attempts.count(account_bucket("ada"), Attempt("1", 1), PASSWORD_BACKOFF)
    identities.delete(identities.find("ada"))
    identities.create(replace(with_app(PEOPLE[0], SEALING_KEYS), passkeys=(TELEPHONE,)))
    dynamodb.update_item(
        TableName=f"admin-{IDENTITIES}",
        Key={"pk": {"S": "login#ada"}},
        UpdateExpression="SET later = :x",
        ExpressionAttributeValues={":x": {"S": "unknown-secret"}},
    )
    reset = a_challenge()
    DynamoDBChallenges(dynamodb, table=f"admin-{CHALLENGES}").put(reset)
    told = replace(PEOPLE[0], email="ada@mail.example")
    notice = Notice(NoticeName.NEW_PASSWORD, "a-notice", told, {"at": "1"}, NOW_SECONDS)
    DynamoDBNotices(dynamodb, table=f"admin-{CHALLENGES}").put(notice)

    outcome = command("users", "export", "ada")
    assert (outcome.status, outcome.err.count("\n")) == (0, 0), outcome.err
    data = json.loads(outcome.out)

    assert data.keys() == {"user", "sessions", "ended_sessions", "attempts", "challenges", "not_exported"}
    user = data["user"]
    assert (user["user_id"], user["username"], user["roles"]) == (ADA.user_id, "ada", ["admin"])
    assert json.loads(user["claims"]) == {"acme:tenant": "7", "acme:teams": ["a"]}
    [passkey] = user["passkeys"].values()
    assert (passkey["name"], passkey["created_at"]) == ("telephone", NOW_SECONDS)
    assert "public_key" not in passkey
    assert data["not_exported"] == ["later", "password_hash", "recovery", "totp"]
    [living], [ended] = data["sessions"], data["ended_sessions"]
    client = a_session().client
    assert (living["session_id"], living["client_name"]) == (session_id(1), client.name)
    assert (living["user_agent"], living["network"]) == (client.user_agent, client.network)
    assert (ended["session_id"], ended["revoked_reason"]) == (session_id(2), "logout")
    assert [counter["tries"] for counter in data["attempts"]] == [["1 1"]]
    of_reset, of_notice = sorted(data["challenges"], key=lambda item: "notice" in item)
    assert (of_reset["proof_id"], of_notice["email"]) == (reset.proof.proof_id, "ada@mail.example")
    assert of_reset.keys() & {"binding", "mac_key_id"} == set()
    text, factors = json.dumps(data), identities.find("ada").factors
    assert factors is not None
    recovery = factors.recovery
    assert [word for word in (HASH, "public_key", *recovery, "unknown-secret", "seed_hash") if word in text] == []
    assert json.loads(command("users", "show", "ada").out)["factors"] == ["totp", "recovery_codes", "passkeys"]


@pytest.mark.usefixtures("people")
def test_export_of_all_has_every_user(command: Command, logs: Logs) -> None:
    """Without hashes nothing is asked. The record says that all were exported, and who did it."""
    outcome = command("users", "export", "--all")

    assert outcome.status == 0
    assert listed(outcome.out).keys() == {"ada", "bob", "adam"}
    assert outcome.err.startswith("exported 3 users; read 6 items")
    assert [(line["state"], line["all"], line["with_password_hashes"]) for line in logs.lines] == [
        ("begun", True, False),
        ("done", True, False),
    ]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("typed", "status"), [(f"{STACK}\n", 0), ("ada\n", 1), ("yes\n", 1), ("", 1)])
def test_export_with_password_hashes_names_the_danger_and_asks(
    command: Command, logs: Logs, typed: str, status: int
) -> None:
    """The operator types the name of the stack. Without that, no hash is read and nothing is recorded."""
    outcome = command("users", "export", "--all", "--with-password-hashes", typed=typed)

    assert outcome.status == status
    place, *danger, _, _ = outcome.err.splitlines()
    assert place == PLACE
    assert "Whoever has them can try passwords at any speed" in " ".join(danger)
    assert outcome.out.count(HASH) == (3 if status == 0 else 0)
    assert len(logs.lines) == (2 if status == 0 else 0)


@pytest.mark.usefixtures("people")
def test_export_without_a_terminal_wants_yes(command: Command) -> None:
    """A script says --yes, and gets the hashes."""
    refused = command("users", "export", "--all", "--with-password-hashes")
    given = command("users", "export", "--all", "--with-password-hashes", "--yes")

    assert (refused.status, refused.out) == (1, "")
    assert refused.err.endswith("edge-auth: no terminal to ask for confirmation; nothing was done; use --yes\n")
    assert {line["password_hash"] for line in listed(given.out).values()} == {HASH}


@pytest.mark.parametrize(
    "arguments", [["export"], ["export", "ada", "--all"], ["export", "ada", "--with-password-hashes"], ["list", "ada"]]
)
def test_an_export_is_of_one_or_of_all(command: Command, arguments: list[str]) -> None:
    """The data of a person has no credentials, so the option for hashes goes with --all only."""
    outcome = command("users", *arguments)

    assert (outcome.status, outcome.out) == (2, "")
