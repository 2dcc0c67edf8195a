"""Copies users and sessions from the tables of a deleted stack into the tables of another stack.

Three rules keep an ended session dead. Records of ends are copied before sessions. A session is copied only while its
user has the epoch of the retained table, and while there is no record of its end. And a table is taken over once, as
the notes say. A copy that failed goes on with the same command, but not after the time for which records of ends are
kept.

Records of imports are copied before users. So an import into this stack brings nobody back who was deleted, and takes
nobody twice who was renamed. A user whom this stack has imported itself stays behind.

Nothing that is in the stack's own tables is overwritten.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from admin.adoption_notes import AdoptionNotes
from admin.deployment import DeploymentError
from admin.failure import SDK_ERRORS, code_of, reason
from admin.retained import CannotAdopt, Tables
from edge_auth.accounts.identity import Identity
from edge_auth.adapters.aws import AwsError, ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.ended_items import ended_key, has_ended, is_record_of_end
from edge_auth.adapters.dynamodb.identity_items import identity_from, login_key, user_item
from edge_auth.adapters.dynamodb.imported_identities import is_record_of_import
from edge_auth.adapters.dynamodb.items import ItemReader, number, text
from edge_auth.adapters.dynamodb.session_items import session_from
from edge_auth.errors import TemporarilyUnavailable

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef, TransactWriteItemTypeDef

    from edge_auth.adapters.dynamodb.items import Item

USERS, SESSIONS, ENDS, IMPORTS = "users", "sessions", "records of ends", "records of imports"
UNREADABLE = "unreadable items"
TOLD_EVERY = 1000
_LOGIN = "login#"
_IS_NEW = "attribute_not_exists(pk)"  # in the table of users
_IS_NEW_SESSION = "attribute_not_exists(session_id)"
# DynamoDB takes an ARN in the place of a name, and CloudFormation finds no stack by an ARN.
_TABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_NOT_IN_A_STACK = "does not exist"  # in a ValidationError of DescribeStackResources


class _Owner(NamedTuple):
    """What a session's copy needs to know of its user: there may be millions."""

    user_id: str
    username: str
    epoch: int


class RetainedTables:
    """The tables of a deleted stack, and those of the stack that takes their items over."""

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        source: Tables,
        own: Tables,
        notes: AdoptionNotes,
        clock: Callable[[], int],
    ) -> None:
        """Copy from `source` to `own`. `clock` returns milliseconds."""
        self._client = client
        self._source = source
        self._own = own
        self._notes = notes
        self._clock = clock

    def check(self, cloudformation: "CloudFormationClient") -> None:
        """Check that the tables have our keys and belong to no stack, and that sessions come from no copy of a table.

        Raises:
            CannotAdopt: they cannot be taken over.
            DeploymentError: CloudFormation could not be asked.
            TemporarilyUnavailable: a table could not be read.

        """
        pairs = [(self._source.identities, self._own.identities), (self._source.sessions, self._own.sessions)]
        for source, own in pairs:
            if not source:
                continue
            if not _TABLE_NAME.fullmatch(source):
                raise CannotAdopt(f"{source} is not the name of a table; nothing was done")
            if source == own:
                raise CannotAdopt(f"{source} is the stack's own table; nothing was done")
            theirs, ours = self._described(source), self._described(own)
            if theirs["KeySchema"] != ours["KeySchema"]:
                raise CannotAdopt(f"{source} does not have the keys of {own}; nothing was done")
            stack = _stack_of(cloudformation, source)
            if stack:
                raise CannotAdopt(f"stack {stack} uses {source}; nothing was done")
            if source == self._source.sessions and (theirs.get("RestoreSummary") or theirs.get("Replicas")):
                raise CannotAdopt(
                    f"{source} was restored from a backup or is a replica, so its sessions may have ended since; "
                    "take over the users without --sessions-table; nothing was done"
                )

    def survey(self) -> Counter[str]:
        """Count what there is to take over. Nothing is written."""
        found = Counter[str]()
        found[IMPORTS] = sum(1 for _ in self._retained_imports())
        found[USERS] = sum(1 for _ in self._retained_users(found))
        if self._source.sessions:
            found[ENDS] = sum(1 for _ in self._retained_ends())
            found[SESSIONS] = sum(1 for _ in self._retained_sessions(found))
        return found

    def adopt(self, tell: Callable[[str], None]) -> Counter[str]:
        """Copy it, and return what this call has copied. `tell` prints the progress.

        Raises:
            CannotAdopt: the copy began too long ago to go on.
            TemporarilyUnavailable: a part may be copied; the same call goes on.

        """
        copied = Counter[str]()

        def count(what: str, is_copied: bool) -> None:  # noqa: FBT001 - private, and named at each call
            copied[what] += is_copied
            if is_copied and copied[what] % TOLD_EVERY == 0:
                tell(f"{copied[what]} {what} ...")

        owners = dict[str, _Owner]()
        may_copy_users = self._notes.begin(self._source.identities, tell)
        elsewhere = self._copy_imports(count) if may_copy_users else set[str]()
        for item, identity in self._retained_users(Counter()):
            owners[identity.user_id] = _Owner(identity.user_id, identity.username, identity.epoch)
            if may_copy_users and identity.user_id not in elsewhere:
                count(USERS, self._copy_user(item, identity))
        self._notes.finish(self._source.identities)
        if self._source.sessions and self._notes.begin(self._source.sessions, tell):
            for item in self._retained_ends():
                count(ENDS, self._copy_end(item))
            for item in self._retained_sessions(Counter()):
                owner = owners.get(ItemReader(item).text("user_id"))
                count(SESSIONS, owner is not None and self._copy_session(item, owner))
            self._notes.finish(self._source.sessions)
        return copied

    def _described(self, table: str) -> "TableDescriptionTypeDef":
        try:
            with translated_failures():
                return self._client.describe_table(TableName=table)["Table"]
        except AwsError as error:
            if error.aws_code == "ResourceNotFoundException":
                raise CannotAdopt(f"there is no table {table} in this account and Region; nothing was done") from None
            raise

    def _copy_imports(self, count: Callable[[str, bool], None]) -> set[str]:
        """Add the records of imports that are new. Return the ids of users who have another id in this stack."""
        elsewhere = set[str]()
        for item in self._retained_imports():
            known = self._copy_import(item)
            count(IMPORTS, known is None)
            if known is not None and known.get("user_id") != item.get("user_id"):
                elsewhere.add(item.get("user_id", {}).get("S", ""))
        return elsewhere

    def _copy_import(self, item: "Item") -> "Item | None":
        """Add the record of an import. Return the record that is there already, None if there was none."""
        try:
            with translated_failures():
                self._client.put_item(
                    TableName=self._own.identities,
                    Item=item,
                    ConditionExpression=_IS_NEW,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailed as refused:
            return refused.item
        return None

    def _copy_user(self, item: "Item", identity: Identity) -> bool:
        """Add a user, unless the name or the id is there."""
        items = (item, user_item(identity))
        return self._write(
            [
                {"Put": {"TableName": self._own.identities, "Item": each, "ConditionExpression": _IS_NEW}}
                for each in items
            ]
        )

    def _copy_end(self, item: "Item") -> bool:
        return self._write(
            [{"Put": {"TableName": self._own.sessions, "Item": item, "ConditionExpression": _IS_NEW_SESSION}}]
        )

    def _copy_session(self, item: "Item", owner: _Owner) -> bool:
        """Add a session, unless it is there, it has ended, or sessions of the user were ended in this stack."""
        session_id = ItemReader(item).text("session_id")
        return self._write(
            [
                {
                    "ConditionCheck": {
                        "TableName": self._own.identities,
                        "Key": login_key(owner.username),
                        "ConditionExpression": "user_id = :user_id AND epoch = :epoch",
                        "ExpressionAttributeValues": {":user_id": text(owner.user_id), ":epoch": number(owner.epoch)},
                    }
                },
                {
                    "ConditionCheck": {
                        "TableName": self._own.sessions,
                        "Key": ended_key(owner.user_id, session_id),
                        "ConditionExpression": _IS_NEW_SESSION,
                    }
                },
                {"Put": {"TableName": self._own.sessions, "Item": item, "ConditionExpression": _IS_NEW_SESSION}},
            ]
        )

    def _write(self, acts: "list[TransactWriteItemTypeDef]") -> bool:
        """Write all or nothing. Return whether the conditions held."""
        try:
            with translated_failures():
                self._client.transact_write_items(TransactItems=acts)
        except ConditionFailed:
            return False
        return True

    def _retained_users(self, found: Counter[str]) -> "Iterator[tuple[Item, Identity]]":
        for item in self._scan(self._source.identities):
            if item["pk"].get("S", "").startswith(_LOGIN):
                try:
                    identity = identity_from(item)
                except TemporarilyUnavailable:
                    found[UNREADABLE] += 1
                else:
                    yield item, identity

    def _retained_imports(self) -> "Iterator[Item]":
        return (item for item in self._scan(self._source.identities) if is_record_of_import(item))

    def _retained_ends(self) -> "Iterator[Item]":
        return (item for item in self._scan(self._source.sessions) if is_record_of_end(item))

    def _retained_sessions(self, found: Counter[str]) -> "Iterator[Item]":
        """Yield the items of living sessions. Those that an earlier version has ended are in their place, marked."""
        for item in self._scan(self._source.sessions):
            if is_record_of_end(item) or has_ended(item):
                continue
            try:
                session = session_from(item)
            except TemporarilyUnavailable:
                found[UNREADABLE] += 1
                continue
            if session.expires_at_seconds > self._clock() // 1000:
                yield item

    def _scan(self, table: str) -> "Iterator[Item]":
        with translated_failures():
            for page in self._client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
                yield from page["Items"]


def _stack_of(cloudformation: "CloudFormationClient", table: str) -> str:
    """Return the stack that has this table, empty if there is none."""
    try:
        resources = cloudformation.describe_stack_resources(PhysicalResourceId=table)["StackResources"]
    except SDK_ERRORS as error:
        if isinstance(error, ClientError) and code_of(error) == "ValidationError" and _NOT_IN_A_STACK in str(error):
            return ""
        raise DeploymentError(f"cannot ask which stack uses {table}: {reason(error)}; nothing was done") from error
    return resources[0].get("StackName", "") if resources else ""
