"""`./edge-auth users …`: the effects of each command, and the messages of each failure."""

import json
import re
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import ACTIVE, DISABLED, UNCONFIRMED, Identity
from edge_auth.adapters import aws
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.session_opening import DynamoDBSessionOpening
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.credentials.passwords import check_password
from edge_auth.credentials.profiles import OUR_PROFILES
from edge_auth.errors import InvalidCredentials, UnknownUser
from edge_auth.sessions.session import Session
from edge_auth.throttling.limits import account_bucket
from edge_auth.tokens.ended_feed import entry_of
from edge_auth.tokens.proof_token import Kind
from edge_auth.tokens.refresh_token import is_id, new_id
from tests.admin.conftest import (
    CHALLENGES,
    IDENTITIES,
    PASSWORD,
    REVOCATIONS,
    SESSIONS,
    STACK,
    THROTTLE,
    Command,
    Logs,
    Stacks,
)
from tests.admin.reset_links import ResetLinkFunction
from tests.support import memory_aws
from tests.support.dynamodb.proofs import a_challenge, a_proof
from tests.support.dynamodb.records import a_session, sessions_of
from tests.support.template import ROOT, properties, template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OTHER_PASSWORD = "another long password"


def create(command: Command, username: str = "ada@example.com", *options: str) -> None:
    """Add a user through the command."""
    outcome = command("users", "create", username, "--password-stdin", *options, stdin=f"{PASSWORD}\n")
    assert outcome.status == 0, outcome.err


def open_sessions(
    dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, username: str, count: int
) -> list[Session]:
    """Open sessions of a user, as logins do."""
    identity, now = identities.find(username), int(time.time())
    opening = DynamoDBSessionOpening(
        dynamodb, identities_table=f"admin-{IDENTITIES}", sessions_table=f"admin-{SESSIONS}"
    )
    opened = [
        a_session()._replace(
            user_id=identity.user_id,
            session_id=new_id(secrets.token_bytes),
            created_at_ms=(now - age) * 1000,
            rotated_at_ms=0,
            idle_expires_at_seconds=now + 1000,
            absolute_expires_at_seconds=now + 2000,
        )
        for age in range(count)
    ]
    for session in opened:
        opening.open(session, username=username, epoch=identity.epoch)
    return opened


def living(sessions: DynamoDBSessions, user_id: str) -> list[Session]:
    """Return the sessions that are not revoked."""
    return sessions_of(sessions, user_id)


def test_create_adds_a_user_who_can_log_in(command: Command, identities: DynamoDBIdentities) -> None:
    """The user is active, and has the canonical name and a hash of the given password."""
    outcome = command("users", "create", "Ada@Example.com", "--password-stdin", stdin=f"{PASSWORD}\n")

    identity = identities.find("ada@example.com")
    assert outcome.status == 0
    assert outcome.out == f"created ada@example.com, user id {identity.user_id}\n"
    assert identity.status == ACTIVE
    check_password(PASSWORD.encode(), identity.password_hash, OUR_PROFILES)


def test_create_keeps_scope_and_roles(command: Command, identities: DynamoDBIdentities) -> None:
    """The options give the new user a scope and roles."""
    create(command, "ada", "--scope", "read write", "--role", "admin", "--role", "auditor")

    identity = identities.find("ada")
    assert (identity.scope, identity.roles) == ("read write", ("admin", "auditor"))


def test_create_does_not_touch_an_existing_user(command: Command, identities: DynamoDBIdentities) -> None:
    """A name that is taken is refused in any spelling, and its user stays unchanged."""
    create(command, "ada")
    before = identities.find("ada")

    outcome = command("users", "create", "ADA", "--password-stdin", stdin=f"{OTHER_PASSWORD}\n")

    assert (outcome.status, outcome.err) == (1, "edge-auth: the user name is taken: ada\n")
    assert identities.find("ada") == before


@pytest.mark.parametrize(
    ("arguments", "password", "reason"),
    [
        (["ada"], "fourteen chars", "a password has 15 to 128 characters, this one has 14"),
        (["ada"], "x" * 129, "a password has 15 to 128 characters, this one has 129"),
        (["ada"], "QWERTY123456789", "this password is one of the most common ones"),
        (["ada"], "https://API.example.com", "a password is not the user's or the service's own name"),
        (["augusta.ada.lovelace@example.com"], "Augusta.Ada.Lovelace", "a password is not the user's"),
        (["a da"], PASSWORD, "a user name has letters, digits and . _ - + @ ' only"),
        (["ada", "--scope", "read  write"], PASSWORD, "a scope is"),
        (["ada", "--role", "two words"], PASSWORD, "a role has"),
        (["ada", "--scope", "x" * 300], PASSWORD, "scope and roles take more than"),
    ],
)
def test_create_refuses_with_the_reason(command: Command, arguments: list[str], password: str, reason: str) -> None:
    """P1: one line says which rule is broken, and never shows the password."""
    outcome = command("users", "create", *arguments, "--password-stdin", stdin=f"{password}\n")

    assert outcome.status == 1
    assert outcome.err.startswith(f"edge-auth: {reason}")
    assert outcome.err.count("\n") == 1
    assert password not in outcome.out + outcome.err


def test_set_password_replaces_it_and_ends_all_sessions(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, sessions: DynamoDBSessions
) -> None:
    """A8: the new password works, the old one does not, and all sessions end."""
    create(command, "ada")
    open_sessions(dynamodb, identities, "ada", 2)

    outcome = command("users", "set-password", "ada", "--password-stdin", stdin=f"{OTHER_PASSWORD}\n")

    identity = identities.find("ada")
    assert (outcome.status, outcome.out) == (0, "password set, 2 sessions ended\n")
    assert living(sessions, identity.user_id) == []
    check_password(OTHER_PASSWORD.encode(), identity.password_hash, OUR_PROFILES)
    with pytest.raises(InvalidCredentials):
        check_password(PASSWORD.encode(), identity.password_hash, OUR_PROFILES)


def test_disable_ends_all_sessions_and_enable_lets_log_in_again(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, sessions: DynamoDBSessions
) -> None:
    """A8, F18: disabling a user ends the sessions, and enabling the user opens none."""
    create(command, "ada")
    open_sessions(dynamodb, identities, "ada", 1)

    disabled = command("users", "disable", "ada")
    status = identities.find("ada").status
    enabled = command("users", "enable", "ada")

    assert (disabled.status, disabled.out) == (0, "disabled, 1 session ended\n")
    assert status == DISABLED
    assert (enabled.status, enabled.out) == (0, "enabled\n")
    assert identities.find("ada").status == ACTIVE
    assert living(sessions, identities.find("ada").user_id) == []


def test_enable_says_that_the_address_has_to_be_confirmed(command: Command, identities: DynamoDBIdentities) -> None:
    """The user still waits, and `users list` finds all who do."""
    create(command, "ada")
    grace = replace(identities.find("ada"), user_id=new_id(bytes), username="grace", status=UNCONFIRMED)
    identities.create(grace)
    assert command("users", "disable", "grace").status == 0

    enabled = command("users", "enable", "grace")

    assert enabled.out == "enabled; the user has to confirm the address before a login\n"
    assert identities.find("grace").status == UNCONFIRMED
    listed = command("users", "list", "--status", "unconfirmed").out.splitlines()
    assert [json.loads(line)["username"] for line in listed] == ["grace"]


def test_sessions_lists_the_living_ones_oldest_first(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities
) -> None:
    """Each line is one JSON object, for people and programs, and holds no secret."""
    create(command, "ada")
    opened = open_sessions(dynamodb, identities, "ada", 3)

    outcome = command("users", "sessions", "ada")

    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert [line["session_id"] for line in lines] == [session.session_id for session in reversed(opened)]
    assert set(lines[0]) == {"session_id", "client_id", "created", "last_used", "expires"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lines[0]["created"])


def test_end_sessions_logs_the_user_out_everywhere_and_no_other_user(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, sessions: DynamoDBSessions
) -> None:
    """A8: all sessions of this user end, other users' sessions stay, and the same call again ends none."""
    create(command, "ada")
    create(command, "bob")
    open_sessions(dynamodb, identities, "ada", 2)
    open_sessions(dynamodb, identities, "bob", 1)

    first, second = command("users", "end-sessions", "ada"), command("users", "end-sessions", "ada")

    assert (first.out, second.out) == ("2 sessions ended\n", "0 sessions ended\n")
    assert living(sessions, identities.find("ada").user_id) == []
    assert len(living(sessions, identities.find("bob").user_id)) == 1


@pytest.mark.parametrize("act", ["set-password", "set-rights", "disable", "end-sessions", "delete"])
def test_authorizers_are_told_of_the_sessions_that_an_act_ends(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, stacks: Stacks, act: str
) -> None:
    """A8: the stack's output names the table. An older stack, or one with the feed off, has none."""
    options = {"set-password": ["--password-stdin"], "delete": ["--yes"]}.get(act, [])
    create(command, "ada")
    create(command, "bob")
    opened = open_sessions(dynamodb, identities, "ada", 2)
    open_sessions(dynamodb, identities, "bob", 1)

    assert command("users", act, "ada", *options, stdin=f"{PASSWORD}\n").status == 0
    [item] = memory_aws.items(f"admin-{REVOCATIONS}")
    assert item["sids"]["SS"] == sorted(entry_of(session.session_id) for session in opened)

    stacks.outputs[STACK] = [output for output in stacks.outputs[STACK] if output["OutputKey"] != "RevocationsTable"]
    assert command("users", act, "bob", *options, stdin=f"{PASSWORD}\n").status == 0
    assert memory_aws.items(f"admin-{REVOCATIONS}") == [item]


@pytest.mark.parametrize(("least", "status"), [("8", 0), ("12", 0), ("13", 1), ("64", 1)])
def test_the_least_length_is_the_stacks(command: Command, stacks: Stacks, least: str, status: int) -> None:
    """P1: PasswordMinCharacters applies to operators too."""
    stacks.parameters["PasswordMinCharacters"] = least

    outcome = command("users", "create", "ada", "--password-stdin", stdin="twelve chars\n")

    assert outcome.status == status
    assert not status or f"a password has {least} to 128 characters, this one has 12" in outcome.err


@pytest.mark.parametrize(
    ("name", "value"), [("Issuer", "https://login.example.com"), ("DomainName", "login.example.com")]
)
def test_the_issuer_is_no_password(command: Command, stacks: Stacks, name: str, value: str) -> None:
    """P4: the name of the configured issuer is refused as a password. A custom domain is the default issuer."""
    stacks.parameters[name] = value

    outcome = command("users", "create", "ada", "--password-stdin", stdin="login.example.com\n")

    assert outcome.err == "edge-auth: a password is not the user's or the service's own name\n"


def test_set_rights_replaces_both_and_ends_all_sessions(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, sessions: DynamoDBSessions
) -> None:
    """Rights that are not given are removed, the new rights are printed, and sessions with the old rights end."""
    create(command, "ada", "--scope", "read write", "--role", "admin")
    open_sessions(dynamodb, identities, "ada", 2)

    first = command("users", "set-rights", "ada", "--scope", "read", "--role", "auditor", "--role", "clerk")
    identity = identities.find("ada")
    second = command("users", "set-rights", "ADA")

    assert (first.status, first.out) == (0, "scope: read; roles: auditor clerk; 2 sessions ended\n")
    assert (identity.scope, identity.roles) == ("read", ("auditor", "clerk"))
    assert living(sessions, identity.user_id) == []
    assert second.out == "scope: none; roles: none; 0 sessions ended\n"
    assert (identities.find("ada").scope, identities.find("ada").roles) == ("", ())


def test_set_rights_refuses_with_the_reason(command: Command, identities: DynamoDBIdentities) -> None:
    """A malformed role is refused with the rule, and the user stays unchanged."""
    create(command, "ada")
    before = identities.find("ada")

    outcome = command("users", "set-rights", "ada", "--role", "two words")

    assert outcome.status == 1
    assert outcome.err.startswith("edge-auth: a role has")
    assert identities.find("ada") == before


def test_delete_removes_the_user_and_ends_all_sessions(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, sessions: DynamoDBSessions
) -> None:
    """F18: no item stays in the table of users, and a new user may get the name."""
    create(command, "ada")
    user_id = identities.find("ada").user_id
    open_sessions(dynamodb, identities, "ada", 2)

    outcome = command("users", "delete", "ada", "--yes")

    assert (outcome.status, outcome.out) == (0, "deleted, 2 sessions ended\n")
    assert dynamodb.scan(TableName=f"admin-{IDENTITIES}")["Items"] == []
    assert sessions_of(sessions, user_id) == []
    create(command, "ada")
    assert identities.find("ada").user_id != user_id


@pytest.mark.parametrize(("typed", "status"), [("ada\n", 0), ("ad\n", 1), ("yes\n", 1), ("\n", 1), ("", 1)])
def test_delete_asks_for_the_name(command: Command, identities: DynamoDBIdentities, typed: str, status: int) -> None:
    """The command names the user, and deletes it only after the exact name is typed."""
    create(command, "ada")
    user_id = identities.find("ada").user_id

    outcome = command("users", "delete", "ada", typed=typed)

    assert outcome.status == status
    assert f"This deletes ada (user id {user_id}) and ends all sessions." in outcome.err
    if status == 0:
        with pytest.raises(UnknownUser):
            identities.find("ada")
    else:
        assert outcome.err.endswith("edge-auth: not confirmed; nothing was done\n")
        assert identities.find("ada").status == ACTIVE


def test_delete_without_a_terminal_wants_yes(command: Command, identities: DynamoDBIdentities) -> None:
    """Without a terminal the command deletes nothing, and asks for --yes."""
    create(command, "ada")

    outcome = command("users", "delete", "ada")

    assert outcome.status == 1
    assert outcome.err.endswith("edge-auth: no terminal to ask for confirmation; nothing was done; use --yes\n")
    assert identities.find("ada").status == ACTIVE


@pytest.mark.parametrize("options", [(), ("--confirmed",)])
def test_create_keeps_the_address(command: Command, identities: DynamoDBIdentities, options: tuple[str, ...]) -> None:
    """SC4: only an operator who answers for it makes an address that is confirmed."""
    create(command, "ada", "--email", "Ada@Mail.Example", *options)

    user = identities.find("ada")
    assert user.email == "ada@mail.example"
    assert (user.email_verified_at_seconds > 0) is bool(options)


def test_set_email_replaces_the_address_and_sessions_go_on(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, sessions: DynamoDBSessions
) -> None:
    """The operator says whether the address is confirmed. Without that it is not, also if it was before."""
    create(command, "ada")
    user_id = identities.find("ada").user_id
    open_sessions(dynamodb, identities, "ada", 1)

    outcome = command("users", "set-email", "ada", "Ada@Mail.Example", "--confirmed")
    assert (outcome.status, outcome.out) == (0, "address: ada@mail.example, confirmed\n")
    assert identities.find("ada").email_verified_at_seconds > 0

    outcome = command("users", "set-email", "ada", "ada@new.example")
    assert (outcome.status, outcome.out) == (0, "address: ada@new.example, not confirmed\n")
    assert identities.find("ada").email_verified_at_seconds == 0
    assert len(living(sessions, user_id)) == 1


def test_set_email_ends_the_link_of_an_earlier_address_if_it_is_asked_to(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities
) -> None:
    """Without the option the mailbox from before keeps its link."""
    create(command, "ada")
    challenges = DynamoDBChallenges(dynamodb, table=f"admin-{CHALLENGES}")
    challenges.put(a_challenge(a_proof(Kind.UNDO, user_id=identities.find("ada").user_id)))

    command("users", "set-email", "ada", "ada@mail.example", "--confirmed")
    assert len(dynamodb.scan(TableName=f"admin-{CHALLENGES}")["Items"]) == 1

    outcome = command("users", "set-email", "ada", "ada@mail.example", "--confirmed", "--end-undo")
    assert (outcome.status, outcome.out) == (0, "address: ada@mail.example, confirmed\n")
    assert dynamodb.scan(TableName=f"admin-{CHALLENGES}")["Items"] == []


@pytest.mark.parametrize("address", ["ada", "ada@mail.example, eve@evil.example", "ada@mail.example\n"])
def test_set_email_refuses_with_the_reason(command: Command, identities: DynamoDBIdentities, address: str) -> None:
    """SC2: what is no address is one readable line."""
    create(command, "ada")

    outcome = command("users", "set-email", "ada", address)

    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err == "edge-auth: a mail address has the form name@example.com\n"
    assert identities.find("ada").email == ""


@pytest.mark.parametrize("begin", ["-", "--", "-h", "-y"])
@pytest.mark.parametrize("act", ["show {}", "disable {}", "rename {} grace", "delete {} --yes", "delete --yes {}"])
def test_a_user_id_may_begin_with_a_hyphen(
    command: Command, identities: DynamoDBIdentities, logs: Logs, begin: str, act: str
) -> None:
    """One id in 64 does. It is no option, wherever it stands."""
    user_id = begin + "A" * (22 - len(begin))
    identities.create(Identity(user_id, "ada", "$hash", ACTIVE, 0, 1))

    outcome = command("users", *act.format(user_id).split())

    assert outcome.status == 0, outcome.err
    assert user_id in outcome.out + json.dumps(logs.lines)


def test_no_option_has_the_form_of_an_id() -> None:
    """It would be taken for the id of a user."""
    options = re.findall(r"--?[a-z][a-z-]*", "\n".join(path.read_text() for path in (ROOT / "admin").glob("*.py")))

    assert len(options) > 20
    assert not any(is_id(option) for option in options)


def test_reset_link_prints_link_code_and_end(command: Command, dynamodb: "DynamoDBClient", logs: Logs) -> None:
    """The record holds neither link nor code, and no mail is sent."""
    create(command, "ada")

    outcome = command("users", "reset-link", "ada")

    assert outcome.status == 0
    link, code, end = outcome.out.splitlines()
    assert link.startswith("https://app.example.com/account/reset-password#edgeauth_pt_")
    assert re.fullmatch(r"code: \d{8}", code)
    assert end.startswith("both end at ")
    [item] = dynamodb.scan(TableName=f"admin-{CHALLENGES}")["Items"]
    assert "deliver" not in item
    recorded = json.dumps(logs.lines)
    assert link.partition("#")[2] not in recorded
    assert code.removeprefix("code: ") not in recorded


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"errorType": "TemporarilyUnavailable"}', b'{"link": 1}'])
def test_a_link_that_was_not_made_is_one_readable_line(
    command: Command, reset_links: ResetLinkFunction, answer: bytes
) -> None:
    """The command may be repeated."""
    create(command, "ada")
    reset_links.answer = answer

    outcome = command("users", "reset-link", "ada")

    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.endswith("no link was made; run the command again\n")


def test_reset_link_waits_longer_than_the_function_may_take(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that starts cold takes seconds. A command that gives up first loses the link that was made."""
    create(command, "ada")
    configs: list[Config] = []
    client_of = boto3.client

    def client(name: str, *, config: Config) -> object:
        if name == "lambda":
            configs.append(config)
        return client_of(name, config=config)  # type: ignore[call-overload]

    monkeypatch.setattr("boto3.client", client)

    assert command("users", "reset-link", "ada").status == 0

    [config] = configs
    assert "Timeout" not in properties("ResetLinkFunction")
    assert vars(config)["read_timeout"] > template()["Globals"]["Function"]["Timeout"]


def test_a_stack_without_mail_has_no_link(command: Command, stacks: Stacks) -> None:
    """There is no route that would take it."""
    create(command, "ada")
    stacks.outputs[STACK] = [one for one in stacks.outputs[STACK] if one["OutputKey"] != "ResetLinkFunction"]

    outcome = command("users", "reset-link", "ada")

    assert outcome.status == 1
    assert outcome.err.startswith("edge-auth: the stack sends no mail")


def test_delete_leaves_no_challenge(command: Command, dynamodb: "DynamoDBClient") -> None:
    """F18: name and address are in it."""
    create(command, "ada")
    command("users", "reset-link", "ada")
    assert len(dynamodb.scan(TableName=f"admin-{CHALLENGES}")["Items"]) == 1

    assert command("users", "delete", "ada", "--yes").status == 0

    assert dynamodb.scan(TableName=f"admin-{CHALLENGES}")["Items"] == []


@pytest.mark.parametrize("act", ["unlock", "set-password", "enable"])
def test_an_act_that_lets_a_user_in_empties_the_counter_of_strangers(
    command: Command, dynamodb: "DynamoDBClient", act: str
) -> None:
    """The user can log in at once, after any number of attempts of strangers."""
    create(command, "ada")
    counter = {"bucket": {"S": account_bucket("ada")}}
    dynamodb.put_item(
        TableName=f"admin-{THROTTLE}", Item={**counter, "tries": {"SS": ["1 a"]}, "delete_at": {"N": "9"}}
    )

    options = ("--password-stdin",) if act == "set-password" else ()
    outcome = command("users", act, "ADA", *options, stdin=f"{OTHER_PASSWORD}\n")

    assert outcome.status == 0, outcome.err
    assert "tries" not in dynamodb.get_item(TableName=f"admin-{THROTTLE}", Key=counter)["Item"]
    assert act != "unlock" or outcome.out == "unlocked\n"


def test_a_stack_of_an_earlier_version_has_to_be_deployed_first(command: Command, stacks: Stacks) -> None:
    """It has no output that names the table of attempts, so a user could stay locked out."""
    stacks.outputs[STACK] = [output for output in stacks.outputs[STACK] if output["OutputKey"] != THROTTLE]

    outcome = command("users", "unlock", "ada")

    assert (outcome.status, outcome.out) == (1, "")
    assert (
        outcome.err
        == "edge-auth: stack edge-auth has no output 'ThrottleTable'; deploy this version of edge-auth first\n"
    )


@pytest.mark.parametrize("act", ["disable", "enable", "unlock", "sessions", "end-sessions", "set-rights", "delete"])
def test_an_unknown_user_is_one_readable_line(command: Command, identities: DynamoDBIdentities, act: str) -> None:
    """Each command for an unknown user prints one line and creates no user."""
    outcome = command("users", act, "nobody")

    assert (outcome.status, outcome.out, outcome.err) == (1, "", "edge-auth: there is no such user\n")
    with pytest.raises(UnknownUser):
        identities.find("nobody")


def test_an_unknown_stack_is_one_readable_line(command: Command) -> None:
    """The line names the stack."""
    outcome = command("--stack", "elsewhere", "users", "sessions", "ada")

    assert outcome.status == 1
    assert outcome.err == (
        "edge-auth: account 123456789012 has no stack elsewhere in Region eu-central-1; "
        "choose the stack with --stack, and the Region with --region or AWS_REGION\n"
    )


def test_another_kind_of_stack_is_one_readable_line(command: Command, stacks: Stacks) -> None:
    """A stack without the tables in its outputs is refused."""
    stacks.outputs["other"] = []

    outcome = command("--stack", "other", "users", "sessions", "ada")

    assert outcome.status == 1
    assert "choose an edge-auth stack with --stack" in outcome.err


def test_trouble_with_aws_is_one_readable_line(command: Command, stacks: Stacks) -> None:
    """DC-3: the line names the failed call and its error."""
    stacks.outputs[STACK] = [{**output, "OutputValue": "gone"} for output in stacks.outputs[STACK]]

    outcome = command("users", "disable", "ada")

    assert outcome.status == 1
    assert outcome.err == ("edge-auth: AWS failed (GetItem: ResourceNotFoundException); nothing was done\n")


@pytest.mark.parametrize("option", ["--password", "-p"])
def test_a_password_is_no_argument(command: Command, option: str) -> None:
    """There is no option for a password, because the shell's history and the process list show arguments."""
    outcome = command("users", "create", "ada", option, "words in sight")

    assert outcome.status == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["--stack", "--local", "examples", "AWS_PROFILE"]),
        (["users", "--help"], ["create", "set-password", "disable", "enable", "unlock", "sessions", "end-sessions"]),
        (["users", "create", "--help"], ["--password-stdin", "--scope", "--role", "prompt"]),
        (["users", "disable", "--help"], ["end all sessions"]),
        (["users", "set-rights", "--help"], ["taken away", "all sessions of the user end", "--scope", "--role"]),
        (["users", "delete", "--help"], ["ends all sessions", "--yes"]),
    ],
)
def test_help_explains_itself(command: Command, arguments: list[str], words: list[str]) -> None:
    """The help lists the commands and options, and what they do."""
    outcome = command(*arguments)

    assert outcome.status == 0
    assert all(word in outcome.out for word in words)


def test_ctrl_c_at_the_prompt_ends_without_a_trace(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at the prompt prints no traceback."""

    def interrupted(*, from_stdin: bool) -> str:
        assert not from_stdin
        raise KeyboardInterrupt

    monkeypatch.setattr("admin.users.read_new_password", interrupted)

    outcome = command("users", "create", "ada")

    assert (outcome.status, outcome.out, outcome.err) == (130, "", "\nedge-auth: interrupted; nothing was done\n")


def test_all_clients_of_a_command_are_of_one_session(command: Command) -> None:
    """All clients share one SDK session, so a profile with MFA asks for its code once."""
    command("users", "sessions", "nobody")

    assert boto3.DEFAULT_SESSION is not None
    assert boto3.DEFAULT_SESSION._session is aws.sdk_session()


def test_a_second_factor_is_unlocked_and_reset(command: Command, identities: DynamoDBIdentities) -> None:
    """SB7: the lines say what was done, and the table shows it."""
    create(command, "ada")
    factors = Factors(totp=b"sealed", totp_step=0, failures=100, recovery=frozenset({"code"}))
    user = identities.find("ada")
    identities.delete(user)
    identities.create(replace(user, factors=factors, factors_version=1))

    assert command("users", "unlock-factor", "ada").out == "factor unlocked\n"
    assert identities.find("ada").factors == replace(factors, failures=0)
    outcome = command("users", "reset-factors", "ada")
    assert outcome.out == "second factor and passkeys removed, 0 sessions ended\n"
    assert "removes second factor and passkeys of ada" in outcome.err
    assert identities.find("ada").factors is None
