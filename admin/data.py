"""`edge-auth data …`: after a loss. Take over what a deleted stack left behind, and end all sessions of all users."""

import argparse
import secrets
from collections.abc import Callable

from admin.act import Act
from admin.adoption_notes import AdoptionNotes
from admin.announcements import announcer
from admin.deployment import DeploymentError
from admin.every_session import users_with_sessions
from admin.retained import Tables
from admin.retained_keys import RetainedKeys
from admin.retained_sealing_keys import RetainedSealingKeys
from admin.retained_tables import ENDS, IMPORTS, SESSIONS, UNREADABLE, USERS, RetainedTables
from admin.stack import Stack
from edge_auth.adapters.aws import dynamodb_client, secrets_client
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.adapters.key_ring_secret import SecretKeyRingStore
from edge_auth.clock import now_ms
from edge_auth.flows.accounts.administration import ENDED_BY_OPERATOR
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.keys.timing import RING_AGE_SECONDS

ADOPT = """\
Copies the users of a deleted stack into this one; with --sessions-table their sessions too, and with --key-ring-secret
the MAC keys under which refresh tokens are valid, and with --sealing-secret the keys of second factors. It overwrites
nothing. A user whose name is taken stays behind, and one whom this stack has imported itself.
If it fails, run it again: it goes on. It takes over a table or a key only once.
"""
END_ALL_SESSIONS = """\
Ends every session of every user, one after the other, as after a table was restored to an earlier moment. Users and
passwords stay. If it fails, run it again: it goes on.
"""
GOES_ON = "a part may be done; run the same command again: it goes on"
TOLD_EVERY = 1000


def add_commands(data: argparse.ArgumentParser) -> None:
    """Add the commands of `edge-auth data` to the parser."""
    data.set_defaults(open=lambda stack: stack)
    acts = data.add_subparsers(required=True, metavar="COMMAND", title="commands")
    adopt_data = _command(acts, "adopt", adopt, "take over the users and sessions of a deleted stack", ADOPT)
    adopt_data.add_argument("--identities-table", required=True, metavar="TABLE", help="its table of users")
    adopt_data.add_argument("--sessions-table", default="", metavar="TABLE", help="its table of sessions")
    adopt_data.add_argument("--key-ring-secret", default="", metavar="ARN", help="its key ring")
    adopt_data.add_argument("--sealing-secret", default="", metavar="ARN", help="its keys of second factors")
    _command(acts, "end-all-sessions", end_all_sessions, "end every session of every user", END_ALL_SESSIONS)


def adopt(stack: Stack, options: argparse.Namespace) -> Act:
    """Take over the data of a deleted stack: the tables before the MAC keys, so no token is good without its session.

    The keys of second factors come first, because their users cannot log in without them.
    """
    deployment, out, dynamodb = stack.deployment, stack.out, dynamodb_client()
    notes = AdoptionNotes(dynamodb, table=deployment.identities_table, clock=now_ms)
    tables = RetainedTables(
        dynamodb,
        source=Tables(options.identities_table, options.sessions_table),
        own=Tables(deployment.identities_table, deployment.sessions_table),
        notes=notes,
        clock=now_ms,
    )
    tables.check(stack.cloudformation)
    keys = _retained_keys(stack, options.key_ring_secret, notes) if options.key_ring_secret else None
    sealing = _retained_sealing_keys(stack, options.sealing_secret, notes) if options.sealing_secret else None
    found = tables.survey()

    def do() -> None:
        if sealing:
            sealing.adopt()
        copied = tables.adopt(out.tell)
        if keys:
            keys.adopt()
            out.tell(f"All functions know the MAC keys within {RING_AGE_SECONDS // 60} minutes.")
        out.say(
            f"copied {copied[USERS]} users, {copied[SESSIONS]} sessions, {copied[ENDS]} records of ends, "
            f"{copied[IMPORTS]} records of imports"
            f"{f', {keys.count} MAC keys' if keys else ''}"
            f"{f', {sealing.count} keys of second factors' if sealing else ''}"
        )

    return Act(
        do=do,
        unclear=GOES_ON,
        say=out.tell,
        user_id="",
        warning=(
            f"This copies {found[USERS]} users, {found[SESSIONS]} sessions, {found[ENDS]} records of ends "
            f"and {found[IMPORTS]} records of imports"
            f"{f', and {keys.count} MAC keys' if keys else ''}"
            f"{f', and {sealing.count} keys of second factors' if sealing else ''}. "
            f"{found[UNREADABLE]} items cannot be read and stay behind."
        ),
        question=None if options.yes else ("stack name", stack.name),
        details={
            "identities_table": options.identities_table,
            "sessions_table": options.sessions_table,
            "key_ring_secret": options.key_ring_secret,
            "sealing_secret": options.sealing_secret,
        },
    )


def end_all_sessions(stack: Stack, options: argparse.Namespace) -> Act:
    """End every session of every user."""
    dynamodb, deployment, out = dynamodb_client(), stack.deployment, stack.out
    feed = deployment.revocations_table
    ends = EndSessions(
        sessions=DynamoDBSessions(dynamodb, table=deployment.sessions_table),
        revocations=DynamoDBRevocations(dynamodb, table=feed, clock=now_ms) if feed else None,
        clock=now_ms,
        entropy=secrets.token_bytes,
        record=announcer(deployment.security_event_bus, out.tell),
    )

    def do() -> None:
        ended = users = 0
        for user_id in users_with_sessions(dynamodb, table=deployment.sessions_table):
            ended += ends.all(user_id, reason=ENDED_BY_OPERATOR)
            users += 1
            if users % TOLD_EVERY == 0:
                out.tell(f"{ended} sessions of {users} users ...")
        out.say(f"ended {ended} sessions of {users} users")

    return Act(
        do=do,
        unclear=GOES_ON,
        say=out.tell,
        user_id="",
        warning="This ends every session of every user. It cannot be undone.",
        question=None if options.yes else ("stack name", stack.name),
        details={},
    )


def _retained_keys(stack: Stack, secret: str, notes: AdoptionNotes) -> RetainedKeys:
    own = stack.deployment.key_ring_secret
    if not own:
        raise DeploymentError(
            f"stack {stack.name} has no output 'KeyRingSecret'; deploy this version of edge-auth first"
        )
    client = secrets_client()
    return RetainedKeys(
        source=SecretKeyRingStore(client, secret_id=secret),
        own=SecretKeyRingStore(client, secret_id=own),
        notes=notes,
        now_seconds=now_ms() // 1000,
    )


def _retained_sealing_keys(stack: Stack, secret: str, notes: AdoptionNotes) -> RetainedSealingKeys:
    own = stack.deployment.sealing_secret
    if not own:
        raise DeploymentError(f"stack {stack.name} has no second factors; deploy it with SecondFactor first")
    return RetainedSealingKeys(secrets_client(), source=secret, own=own, notes=notes)


def _command(
    acts: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    act: Callable[[Stack, argparse.Namespace], Act],
    text: str,
    description: str,
) -> argparse.ArgumentParser:
    command = acts.add_parser(name, help=text, description=description)
    command.add_argument("--yes", action="store_true", help="do not ask for confirmation; for scripts")
    command.set_defaults(act=act, name=f"data {name}")
    return command
