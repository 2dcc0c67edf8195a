"""`./edge-auth data …`: what is taken over from a deleted stack, what is not, and the end of all sessions."""

import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from edge_auth.accounts.identity import Identity
from edge_auth.adapters.dynamodb.ended_items import ENDED_KEPT_SECONDS
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.imported_identities import DynamoDBImportedIdentities
from edge_auth.adapters.dynamodb.session_opening import DynamoDBSessionOpening
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.credentials.sealed_secret import unseal
from edge_auth.errors import UnknownUser
from edge_auth.flows.factors.factor_check import PURPOSE
from edge_auth.flows.ports.imported_identities import Imported
from edge_auth.keys.maker import key_maker
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.ring_document import from_secret_json, to_secret_json
from edge_auth.keys.rotation import RotationPolicy, first_ring
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.sessions.session import LOGOUT, SESSION, Session
from edge_auth.tokens.ended_feed import entry_of
from edge_auth.tokens.refresh_token import mint, parse
from tests.admin.conftest import IDENTITIES, REVOCATIONS, SESSIONS, STACK, Command, Logs, Stacks
from tests.support import memory_aws
from tests.support.dynamodb.records import ADA, ADA_ID, BOB, BOB_ID, a_session, a_token, session_id, sessions_of
from tests.support.dynamodb.tables import create_table
from tests.support.rings import secrets_of
from tests.support.second_factor import SECRET, with_app

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RETAINED_USERS, RETAINED_SESSIONS = "deleted-IdentitiesTable", "deleted-SessionsTable"
USERS_ONLY = ("data", "adopt", "--yes", "--identities-table", RETAINED_USERS)
ADOPT = (*USERS_ONLY, "--sessions-table", RETAINED_SESSIONS)
DAY = 86_400

pytestmark = pytest.mark.usefixtures("retained")

POLICY = RotationPolicy("ES256", period_seconds=30 * DAY, publish_seconds=DAY, mac_token_seconds=14 * DAY)

EVE, MAX = (
    Imported(replace(BOB, user_id=f"{name}0" * 5 + "aA", username=name), source=f"other#{name}")
    for name in ("eve", "max")
)


class Retained:
    """What a deleted stack left behind: Ada with two living sessions and one that has ended, and Bob without any."""

    def __init__(self, client: "DynamoDBClient") -> None:
        """Fill the tables, as the functions do."""
        self.identities = DynamoDBIdentities(client, table=RETAINED_USERS)
        self.imported = DynamoDBImportedIdentities(client, table=RETAINED_USERS)
        self.sessions = DynamoDBSessions(client, table=RETAINED_SESSIONS)
        self._client = client
        for user in (ADA, BOB):
            self.identities.create(user)
        self.open(a_session(1), a_session(2), a_session(3))
        end(self.sessions, a_session(3))

    def open(self, *sessions: Session, user: Identity = ADA) -> None:
        """Open sessions."""
        opening = DynamoDBSessionOpening(
            self._client, identities_table=RETAINED_USERS, sessions_table=RETAINED_SESSIONS
        )
        for session in sessions:
            opening.open(session, username=user.username, epoch=user.epoch)


def end(sessions: DynamoDBSessions, session: Session) -> None:
    """End a session, as a logout does."""
    sessions.end(session, reason=LOGOUT, end_id="0" * 32, now_seconds=int(time.time()))


def living(sessions: DynamoDBSessions, user_id: str = ADA_ID) -> set[str]:
    """Return the ids of the user's sessions that have not ended."""
    return {session.session_id for session in sessions_of(sessions, user_id)}


def marker(table: str) -> dict[str, Any]:
    """Return the note about the copy of a table."""
    key = {"pk": {"S": f"adopted#{table}"}}
    return dict(memory_aws.dynamodb().get_item(TableName=f"admin-{IDENTITIES}", Key=key)["Item"])


def make_unfinished(table: str, begun_at: int | None = None) -> None:
    """Make the copy of a table one that has failed at its end."""
    note = marker(table)
    del note["done_at"]
    if begun_at is not None:
        note["begun_at"] = {"N": str(begun_at)}
    memory_aws.dynamodb().put_item(TableName=f"admin-{IDENTITIES}", Item=note)


def again(user: Imported, number: int = 1) -> Imported:
    """Return the user as another import brings it: with an id that was drawn again."""
    return user._replace(identity=replace(user.identity, user_id=f"{number:021}A"))


@pytest.fixture
def imported(dynamodb: "DynamoDBClient") -> DynamoDBImportedIdentities:
    """Return the imports into the stack's own table."""
    return DynamoDBImportedIdentities(dynamodb, table=f"admin-{IDENTITIES}")


@pytest.fixture(scope="module")
def _retained_tables(_tables: None) -> None:
    create_table(memory_aws.dynamodb(), IDENTITIES, RETAINED_USERS)
    create_table(memory_aws.dynamodb(), SESSIONS, RETAINED_SESSIONS)


@pytest.fixture
def retained(_retained_tables: None, dynamodb: "DynamoDBClient") -> Retained:
    """Return the tables that a deleted stack left behind."""
    for name in (RETAINED_USERS, RETAINED_SESSIONS):
        memory_aws.empty(name)
    return Retained(dynamodb)


def test_users_sessions_and_records_of_ends_are_taken_over(
    command: Command, retained: Retained, identities: DynamoDBIdentities, sessions: DynamoDBSessions
) -> None:
    """The items are the same, and the ended session is known as ended."""
    outcome = command(*ADOPT)

    assert (outcome.status, outcome.out) == (0, "copied 2 users, 2 sessions, 1 records of ends, 0 records of imports\n")
    assert identities.find(ADA.username) == identities.find_by_id(ADA_ID) == ADA
    assert identities.find(BOB.username) == BOB
    assert sorted(sessions_of(sessions, ADA_ID)) == sorted(sessions_of(retained.sessions, ADA_ID))
    assert sessions.find_ended(ADA_ID, session_id(3)) == retained.sessions.find_ended(ADA_ID, session_id(3))


def test_a_deleted_and_a_renamed_user_do_not_come_back_by_an_import(
    command: Command, retained: Retained, imported: DynamoDBImportedIdentities, identities: DynamoDBIdentities
) -> None:
    """The new stack knows whom the deleted one has imported: the same import adds nobody again."""
    retained.imported.add([EVE, MAX])
    retained.identities.delete(EVE.identity)
    retained.identities.rename(MAX.identity, "maximilian")

    outcome = command(*USERS_ONLY)

    assert "This copies 3 users, 0 sessions, 0 records of ends and 2 records of imports." in outcome.err
    assert outcome.out == "copied 3 users, 0 sessions, 0 records of ends, 2 records of imports\n"
    assert imported.add([again(EVE, 1), again(MAX, 2)]) == (EVE.identity.user_id, MAX.identity.user_id)
    assert identities.find("maximilian").user_id == MAX.identity.user_id
    for name in (EVE.identity.username, MAX.identity.username):
        with pytest.raises(UnknownUser):
            identities.find(name)


def test_a_user_whom_the_stack_has_imported_itself_stays_behind(
    command: Command, retained: Retained, imported: DynamoDBImportedIdentities, identities: DynamoDBIdentities
) -> None:
    """Also under another name. The record of the stack stays, and a deletion in the stack holds."""
    retained.imported.add([EVE, MAX])
    for user, name in ((EVE, "eva"), (MAX, "maximilian")):
        retained.identities.rename(user.identity, name)
    retained.open(a_session(4, user_id=MAX.identity.user_id), user=replace(MAX.identity, username="maximilian"))
    own = [again(EVE, 1), again(MAX, 2)]
    imported.add(own)
    identities.delete(own[0].identity)

    outcome = command(*ADOPT)

    assert outcome.out == "copied 2 users, 2 sessions, 1 records of ends, 0 records of imports\n"
    assert identities.find(MAX.identity.username) == own[1].identity
    for name in ("eva", "maximilian"):
        with pytest.raises(UnknownUser):
            identities.find(name)
    assert imported.add([EVE, MAX]) == tuple(user.identity.user_id for user in own)


def test_the_record_of_an_import_is_taken_over_without_its_user(
    command: Command, retained: Retained, imported: DynamoDBImportedIdentities, identities: DynamoDBIdentities
) -> None:
    """Somebody else has the name. When that user is deleted, an import brings nobody back."""
    retained.imported.add([EVE])
    other = again(EVE).identity
    identities.create(other)

    assert command(*USERS_ONLY).out == "copied 2 users, 0 sessions, 0 records of ends, 1 records of imports\n"
    identities.delete(other)
    assert imported.add([again(EVE, 2)]) == (EVE.identity.user_id,)


def test_records_of_imports_come_before_users_and_a_copy_that_failed_goes_on(
    command: Command, retained: Retained, dynamodb: "DynamoDBClient", imported: DynamoDBImportedIdentities
) -> None:
    """An import between the two runs adds nobody, and the second run brings the users."""
    retained.imported.add([EVE, MAX])

    def refuse(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="dynamodb")

    dynamodb.meta.events.register("before-call.dynamodb.TransactWriteItems", refuse)
    try:
        failed = command(*USERS_ONLY)
    finally:
        dynamodb.meta.events.unregister("before-call.dynamodb.TransactWriteItems", refuse)
    assert failed.status == 1
    assert imported.add([again(EVE, 1), again(MAX, 2)]) == (EVE.identity.user_id, MAX.identity.user_id)

    outcome = command(*USERS_ONLY)

    assert (outcome.status, outcome.out) == (
        0,
        "copied 4 users, 0 sessions, 0 records of ends, 0 records of imports\n",
    )


def test_a_second_run_leaves_everything_as_it_is(
    command: Command, identities: DynamoDBIdentities, sessions: DynamoDBSessions
) -> None:
    """A table is taken over once: a user who was deleted since and a session that has ended do not come back."""
    command(*ADOPT)
    identities.delete(BOB)
    end(sessions, a_session(1))

    outcome = command(*ADOPT)

    assert (outcome.status, outcome.out) == (0, "copied 0 users, 0 sessions, 0 records of ends, 0 records of imports\n")
    assert f"{RETAINED_USERS} was taken over at " in outcome.err
    assert living(sessions) == {session_id(2)}
    with pytest.raises(UnknownUser):
        identities.find(BOB.username)


def test_a_user_who_was_renamed_since_stays_under_the_new_name(
    command: Command, identities: DynamoDBIdentities
) -> None:
    """The id is there, so the copy under the old name is refused, and the old name stays free."""
    identities.create(ADA)
    renamed = identities.rename(ADA, "eve")

    outcome = command(*USERS_ONLY)

    assert (outcome.status, outcome.out) == (0, "copied 1 users, 0 sessions, 0 records of ends, 0 records of imports\n")
    assert identities.find_by_id(ADA_ID) == identities.find("eve") == renamed
    with pytest.raises(UnknownUser):
        identities.find(ADA.username)


def test_a_copy_that_failed_goes_on(command: Command, sessions: DynamoDBSessions) -> None:
    """What is there stays, what is missing is copied, and a session that ended meanwhile stays dead."""
    command(*ADOPT)
    memory_aws.dynamodb().delete_item(
        TableName=f"admin-{SESSIONS}", Key={"user_id": {"S": ADA_ID}, "session_id": {"S": session_id(2)}}
    )
    end(sessions, a_session(1))
    make_unfinished(RETAINED_SESSIONS)

    outcome = command(*ADOPT)

    assert (outcome.status, outcome.out) == (0, "copied 0 users, 1 sessions, 0 records of ends, 0 records of imports\n")
    assert living(sessions) == {session_id(2)}


def test_a_copy_does_not_go_on_when_records_of_ends_may_be_gone(command: Command, sessions: DynamoDBSessions) -> None:
    """Without the record, a session that ended in the stack since would live again."""
    command(*ADOPT)
    memory_aws.empty(f"admin-{SESSIONS}")
    make_unfinished(RETAINED_SESSIONS, begun_at=int(time.time()) - ENDED_KEPT_SECONDS)

    outcome = command(*ADOPT)

    assert outcome.status == 1
    assert "began too long ago to go on" in outcome.err
    assert living(sessions) == set()


def test_sessions_of_a_user_whose_epoch_has_moved_stay_behind(
    command: Command, identities: DynamoDBIdentities, sessions: DynamoDBSessions
) -> None:
    """The user was taken over before, and all sessions were ended in the new stack: none comes after that."""
    command(*USERS_ONLY)
    identities.move_epoch(ADA_ID)

    outcome = command(*ADOPT)

    assert (outcome.status, outcome.out) == (0, "copied 0 users, 0 sessions, 1 records of ends, 0 records of imports\n")
    assert living(sessions) == set()


def test_a_user_of_the_stack_is_never_overwritten(
    command: Command, identities: DynamoDBIdentities, sessions: DynamoDBSessions
) -> None:
    """Somebody has the name already: the retained user of that name stays behind, with the sessions."""
    other = replace(ADA, user_id="c0c0" * 5 + "cA", password_hash="$argon2id$other")
    identities.create(other)

    outcome = command(*ADOPT)

    assert outcome.out == "copied 1 users, 0 sessions, 1 records of ends, 0 records of imports\n"
    assert identities.find(ADA.username) == other
    assert living(sessions) == set()


def test_a_session_with_a_record_of_its_end_stays_behind(
    command: Command, retained: Retained, sessions: DynamoDBSessions
) -> None:
    """Somebody put its item back, as from a backup. Records are copied first, so the record is there."""
    retained.open(a_session(3))

    assert command(*ADOPT).out == "copied 2 users, 2 sessions, 1 records of ends, 0 records of imports\n"
    assert living(sessions) == {session_id(1), session_id(2)}


def test_expired_sessions_and_unreadable_items_stay_behind(command: Command, retained: Retained) -> None:
    """The count before the question says how many items cannot be read."""
    retained.open(a_session(4, idle_expires_at_seconds=1))
    damaged = {"user_id": {"S": ADA_ID}, "session_id": {"S": session_id(5)}}
    memory_aws.dynamodb().put_item(TableName=RETAINED_SESSIONS, Item=damaged)
    memory_aws.dynamodb().put_item(TableName=RETAINED_USERS, Item={"pk": {"S": "login#eve"}})

    outcome = command(*ADOPT)

    assert (
        "This copies 2 users, 2 sessions, 1 records of ends and 0 records of imports. "
        "2 items cannot be read and stay behind." in outcome.err
    )
    assert outcome.out == "copied 2 users, 2 sessions, 1 records of ends, 0 records of imports\n"


def test_tables_of_another_format_are_refused(command: Command) -> None:
    """The keys of the tables are compared before anything is written."""
    outcome = command("data", "adopt", "--yes", "--identities-table", RETAINED_SESSIONS)

    assert outcome.status == 1
    assert outcome.err == (
        f"edge-auth: {RETAINED_SESSIONS} does not have the keys of admin-{IDENTITIES}; nothing was done\n"
    )


def test_the_tables_of_a_living_stack_are_refused(command: Command, stacks: Stacks) -> None:
    """Its sessions may end while they are copied. The stack's own tables are refused too."""
    stacks.tables[RETAINED_SESSIONS] = "edge-auth-2"

    in_use = command(*ADOPT)
    own = command("data", "adopt", "--yes", "--identities-table", f"admin-{IDENTITIES}")

    assert (in_use.status, in_use.err) == (
        1,
        f"edge-auth: stack edge-auth-2 uses {RETAINED_SESSIONS}; nothing was done\n",
    )
    assert (own.status, own.err) == (1, f"edge-auth: admin-{IDENTITIES} is the stack's own table; nothing was done\n")


def test_a_table_that_is_not_there_is_named(command: Command) -> None:
    """The command takes two names, and nobody has to guess which of them is wrong."""
    outcome = command(*USERS_ONLY, "--sessions-table", "deleted-SesionsTable")

    assert outcome.status == 1
    assert outcome.err == (
        "edge-auth: there is no table deleted-SesionsTable in this account and Region; nothing was done\n"
    )
    assert memory_aws.items(f"admin-{IDENTITIES}") == []


def test_a_table_is_named_by_its_name_and_not_by_its_arn(
    command: Command, stacks: Stacks, dynamodb: "DynamoDBClient"
) -> None:
    """CloudFormation finds no stack by an ARN, so the tables of a living stack would look like those of none."""
    stacks.tables[RETAINED_SESSIONS] = "edge-auth-2"
    arn = dynamodb.describe_table(TableName=RETAINED_SESSIONS)["Table"]["TableArn"]

    refused = command(*USERS_ONLY, "--sessions-table", arn)

    assert (refused.status, refused.err) == (1, f"edge-auth: {arn} is not the name of a table; nothing was done\n")


def test_sessions_of_a_restored_table_are_refused_and_its_users_are_not(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities
) -> None:
    """S7: a session that ended after the moment of the backup would live again."""
    restored = {RETAINED_USERS: f"restored-{IDENTITIES}", RETAINED_SESSIONS: f"restored-{SESSIONS}"}
    for table, name in restored.items():
        backup = dynamodb.create_backup(TableName=table, BackupName=name)["BackupDetails"]["BackupArn"]
        dynamodb.restore_table_from_backup(TargetTableName=name, BackupArn=backup)
    users, with_sessions = restored.values()

    refused = command("data", "adopt", "--yes", "--identities-table", users, "--sessions-table", with_sessions)
    taken = command("data", "adopt", "--yes", "--identities-table", users)

    assert refused.status == 1
    assert (
        f"{with_sessions} was restored from a backup or is a replica, so its sessions may have ended since"
        in refused.err
    )
    assert (taken.status, taken.out) == (0, "copied 2 users, 0 sessions, 0 records of ends, 0 records of imports\n")
    assert identities.find(ADA.username) == ADA


def test_sessions_of_a_replica_are_refused(command: Command, dynamodb: "DynamoDBClient") -> None:
    """S7: an end that did not reach it before its Region was lost is not known there. Moto has no replicas."""

    def replicate(parsed: dict[str, Any], **_: object) -> None:
        parsed["Table"]["Replicas"] = [{"RegionName": "eu-west-1"}]

    dynamodb.meta.events.register("after-call.dynamodb.DescribeTable", replicate)
    try:
        refused, taken = command(*ADOPT), command(*USERS_ONLY)
    finally:
        dynamodb.meta.events.unregister("after-call.dynamodb.DescribeTable", replicate)

    assert refused.status == 1
    assert f"{RETAINED_SESSIONS} was restored from a backup or is a replica" in refused.err
    assert taken.status == 0


def test_nothing_is_taken_over_without_the_name_of_the_stack(command: Command, identities: DynamoDBIdentities) -> None:
    """The question shows what there is, first."""
    arguments = [argument for argument in ADOPT if argument != "--yes"]

    refused = command(*arguments, typed="edge\n")
    assert (refused.status, memory_aws.items(f"admin-{IDENTITIES}")) == (1, [])

    assert command(*arguments, typed=f"{STACK}\n").status == 0
    assert identities.find(ADA.username) == ADA


def test_the_operators_record_has_both_acts(command: Command, logs: Logs) -> None:
    """It names the tables, and no user."""
    command(*ADOPT)
    command("data", "end-all-sessions", "--yes")

    assert [(line["act"], line["state"]) for line in logs.lines] == [
        ("data adopt", "begun"),
        ("data adopt", "done"),
        ("data end-all-sessions", "begun"),
        ("data end-all-sessions", "done"),
    ]
    assert logs.lines[0]["sessions_table"] == RETAINED_SESSIONS
    assert ADA.username not in str(logs.lines)


@pytest.fixture
def rings(stacks: Stacks, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Return the ARNs of two secrets: the retained ring, and the ring of the stack."""
    client = memory_aws.secretsmanager()
    monkeypatch.setattr("admin.data.secrets_client", lambda: client)
    arns = [client.create_secret(Name=f"ring-{secrets.token_hex(4)}")["ARN"] for _ in range(2)]
    for arn, age in zip(arns, (40 * DAY, DAY), strict=True):
        made = first_ring(now_seconds=int(time.time()) - age, policy=POLICY, make=key_maker(secrets.token_bytes))
        memory_aws.write_secret(arn, to_secret_json(made))
    stacks.outputs[STACK].append({"OutputKey": "KeyRingSecret", "OutputValue": arns[1]})
    return arns[0], arns[1]


def ring_of(arn: str) -> KeyRing:
    """Read a ring."""
    return from_secret_json(memory_aws.secretsmanager().get_secret_value(SecretId=arn)["SecretString"])


def test_refresh_tokens_of_the_deleted_stack_are_valid_under_the_new_ring(
    command: Command, rings: tuple[str, str]
) -> None:
    """The MAC keys verify and do not sign. The signing keys stay behind, and no key is printed."""
    retained_arn, own_arn = rings
    now, before, old = int(time.time()), ring_of(own_arn), ring_of(retained_arn)
    token = mint(a_token(), old.at(now).mac)

    first = command(*ADOPT, "--key-ring-secret", retained_arn)
    second = command(*ADOPT, "--key-ring-secret", retained_arn)

    after = ring_of(own_arn)
    assert first.out == "copied 2 users, 2 sessions, 1 records of ends, 0 records of imports, 2 MAC keys\n"
    assert second.out == "copied 0 users, 0 sessions, 0 records of ends, 0 records of imports, 0 MAC keys\n"
    assert parse(token, after.at(now).mac_keys) == a_token()
    assert after.at(now).mac == before.at(now).mac
    assert after.signing == before.signing
    printed = first.out + first.err
    assert [secret for secret in secrets_of(old) + secrets_of(before) if secret in printed] == []


def test_the_mac_keys_come_after_the_sessions(command: Command, rings: tuple[str, str]) -> None:
    """While sessions are missing, their tokens are no tokens. A client that got `invalid_grant` would log out."""
    retained_arn, own_arn = rings
    before = ring_of(own_arn)
    command(*ADOPT)
    make_unfinished(RETAINED_SESSIONS, begun_at=int(time.time()) - ENDED_KEPT_SECONDS)

    outcome = command(*ADOPT, "--key-ring-secret", retained_arn)

    assert (outcome.status, ring_of(own_arn)) == (1, before)


def test_a_key_that_was_replaced_since_does_not_come_back(command: Command, rings: tuple[str, str]) -> None:
    """K3: after a leak in the new stack, the same command would bring the leaked MAC keys back."""
    retained_arn, own_arn = rings
    before = ring_of(own_arn)
    command(*ADOPT, "--key-ring-secret", retained_arn)
    assert ring_of(own_arn).mac != before.mac
    memory_aws.write_secret(own_arn, to_secret_json(before))  # as `keys replace --end-sessions` leaves the ring

    outcome = command(*ADOPT, "--key-ring-secret", retained_arn)

    assert outcome.out == "copied 0 users, 0 sessions, 0 records of ends, 0 records of imports, 0 MAC keys\n"
    assert ring_of(own_arn) == before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"format":3}', "the secret holds a key ring of format 3; this version reads 2"),
        ("", "the secret holds no key ring"),
        ("{}", "the secret holds no key ring"),
    ],
)
def test_a_ring_of_another_format_is_refused_before_anything_is_copied(
    command: Command, rings: tuple[str, str], text: str, why: str
) -> None:
    """The tables are as they were."""
    memory_aws.write_secret(rings[0], text)

    outcome = command(*ADOPT, "--key-ring-secret", rings[0])

    assert (outcome.status, outcome.err) == (1, f"edge-auth: {why}; nothing was done\n")
    assert memory_aws.items(f"admin-{IDENTITIES}") == []


OLD_LINES, OWN_LINE = ("o" * 64, "p" * 64), "n" * 64


@pytest.fixture
def sealing_secrets(stacks: Stacks, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Return the ARNs of two secrets: the retained keys of second factors, and those of the stack."""
    client = memory_aws.secretsmanager()
    monkeypatch.setattr("admin.data.secrets_client", lambda: client)
    texts = ("\n".join(OLD_LINES), OWN_LINE)
    old, own = (client.create_secret(Name=f"sealing-{secrets.token_hex(4)}", SecretString=text) for text in texts)
    stacks.outputs[STACK].append({"OutputKey": "SealingSecret", "OutputValue": own["ARN"]})
    return old["ARN"], own["ARN"]


def lines_of(arn: str) -> list[str]:
    """Read the lines of a secret."""
    return memory_aws.secretsmanager().get_secret_value(SecretId=arn)["SecretString"].split()


def test_an_app_of_the_deleted_stack_is_accepted_under_the_new_keys(
    command: Command, retained: Retained, identities: DynamoDBIdentities, sealing_secrets: tuple[str, str]
) -> None:
    """What the old key has sealed is opened; the stack's own key still seals. No key is printed or recorded."""
    old_arn, own_arn = sealing_secrets
    sealed_before = sealing_keys_from("\n".join(OLD_LINES))
    retained.identities.delete(ADA)
    retained.identities.create(with_app(ADA, sealed_before))

    first = command(*ADOPT, "--sealing-secret", old_arn)
    second = command(*ADOPT, "--sealing-secret", old_arn)

    assert first.out == (
        "copied 2 users, 2 sessions, 1 records of ends, 0 records of imports, 2 keys of second factors\n"
    )
    assert second.out == (
        "copied 0 users, 0 sessions, 0 records of ends, 0 records of imports, 0 keys of second factors\n"
    )
    keys, factors = sealing_keys_from("\n".join(lines_of(own_arn))), identities.find(ADA.username).factors
    assert factors is not None
    assert unseal(factors.totp, keys, purpose=PURPOSE, user_id=ADA_ID) == SECRET
    assert keys.newest == sealing_keys_from(OWN_LINE).newest
    assert lines_of(own_arn) == [OWN_LINE, *OLD_LINES]
    assert [line for line in (*OLD_LINES, OWN_LINE) if line in first.out + first.err] == []


def test_a_sealing_key_that_was_removed_since_does_not_come_back(
    command: Command, sealing_secrets: tuple[str, str]
) -> None:
    """After a leak the operator leaves one new line, and the same command brings no old one back."""
    old_arn, own_arn = sealing_secrets
    command(*USERS_ONLY, "--sealing-secret", old_arn)
    memory_aws.write_secret(own_arn, "r" * 64)

    outcome = command(*USERS_ONLY, "--sealing-secret", old_arn)

    assert outcome.out == (
        "copied 0 users, 0 sessions, 0 records of ends, 0 records of imports, 0 keys of second factors\n"
    )
    assert lines_of(own_arn) == ["r" * 64]


@pytest.mark.parametrize(
    ("text", "why"), [("", "not 1 to 8 sealing keys"), ("\n".join("abcdefgh"), "has less than 43 characters")]
)
def test_a_secret_without_sealing_keys_is_refused_before_anything_is_copied(
    command: Command, sealing_secrets: tuple[str, str], text: str, why: str
) -> None:
    """The tables and the secret are as they were."""
    memory_aws.write_secret(sealing_secrets[0], text)

    outcome = command(*ADOPT, "--sealing-secret", sealing_secrets[0])

    assert (outcome.status, why in outcome.err, "nothing was done" in outcome.err) == (1, True, True)
    assert memory_aws.items(f"admin-{IDENTITIES}") == []
    assert lines_of(sealing_secrets[1]) == [OWN_LINE]


def test_keys_that_are_too_many_together_are_refused(command: Command, sealing_secrets: tuple[str, str]) -> None:
    """Each of them costs time at every recovery code. As many as there may be are taken."""
    old_arn, own_arn = sealing_secrets
    memory_aws.write_secret(old_arn, "\n".join(letter * 64 for letter in "abcdefgh"))
    assert command(*USERS_ONLY, "--sealing-secret", old_arn).status == 1
    assert lines_of(own_arn) == [OWN_LINE]

    memory_aws.write_secret(old_arn, "\n".join(letter * 64 for letter in "abcdefg"))
    assert command(*USERS_ONLY, "--sealing-secret", old_arn).status == 0
    assert len(lines_of(own_arn)) == 8


def test_a_stack_without_second_factors_takes_no_sealing_keys_over(command: Command) -> None:
    """The command says what to do first."""
    outcome = command(*ADOPT, "--sealing-secret", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:old")

    assert (outcome.status, "SecondFactor" in outcome.err) == (1, True)
    assert memory_aws.items(f"admin-{IDENTITIES}") == []


def test_every_session_of_every_user_ends(
    command: Command, dynamodb: "DynamoDBClient", identities: DynamoDBIdentities, sessions: DynamoDBSessions
) -> None:
    """S7: also those of a site's cookies, and of a user who is not there any more. Authorizers are told of each."""
    for user in (ADA, BOB):
        identities.create(user)
    opening = DynamoDBSessionOpening(
        dynamodb, identities_table=f"admin-{IDENTITIES}", sessions_table=f"admin-{SESSIONS}"
    )
    opening.open(a_session(1), username=ADA.username, epoch=ADA.epoch)
    opening.open(a_session(2, transport=SESSION), username=ADA.username, epoch=ADA.epoch)
    opening.open(a_session(3, user_id=BOB_ID), username=BOB.username, epoch=BOB.epoch)
    end(sessions, a_session(1))
    identities.delete(BOB)

    outcome = command("data", "end-all-sessions", "--yes")

    assert (outcome.status, outcome.out) == (0, "ended 2 sessions of 2 users\n")
    assert living(sessions) == living(sessions, BOB_ID) == set()
    [slot] = memory_aws.items(f"admin-{REVOCATIONS}")
    assert all(entry_of(session_id(number)) in str(slot) for number in (2, 3))
    assert command("data", "end-all-sessions", "--yes").out == "ended 0 sessions of 0 users\n"
