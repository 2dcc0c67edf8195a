"""`edge-auth users …`: each command calls one method of `Administration`."""

import argparse
import json
import secrets
from collections.abc import Callable

from admin.audit import recorder
from admin.confirmation import confirm
from admin.deployment import find_deployment
from admin.password_input import read_new_password
from admin.times import iso
from edge_auth.adapters.aws import dynamodb_client
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.clock import now_ms
from edge_auth.credentials.common_passwords import COMMON_PASSWORDS
from edge_auth.credentials.password_rules import PasswordRules, service_names
from edge_auth.flows.accounts.administration import Administration
from edge_auth.flows.sessions.end_sessions import EndSessions

SET_RIGHTS = """\
Replaces scope and roles. Rights that you do not give are taken away, so give all rights that the user is to have. A
session has the rights of its login, so all sessions of the user end. Access tokens that were issued before stay valid
until they expire.
"""
DELETE = """\
Deletes the user and ends all sessions. Access tokens that were issued before stay valid until they expire. The user
name becomes free; a new user with this name has another user id. The command asks for the user name before it deletes
anything.
"""


def add_commands(users: argparse.ArgumentParser) -> None:
    """Add the commands of `edge-auth users` to the parser."""
    users.set_defaults(open=accounts)
    acts = users.add_subparsers(required=True, metavar="COMMAND", title="commands")
    create_user = _command(acts, "create", create, "create a user; ask for the password")
    _password_option(create_user)
    _rights_options(create_user)
    _password_option(_command(acts, "set-password", set_password, "set a password and end all sessions"))
    _rights_options(
        _command(acts, "set-rights", set_rights, "replace scope and roles and end all sessions", SET_RIGHTS)
    )
    _command(acts, "disable", disable, "disable a user: refuse logins and end all sessions")
    _command(acts, "enable", enable, "enable a user: allow logins again")
    _command(acts, "sessions", sessions, "list the sessions that have not ended, one JSON object per line")
    _command(acts, "end-sessions", end_sessions, "end all sessions of the user")
    delete_user = _command(acts, "delete", delete, "delete a user and end all sessions", DELETE)
    delete_user.add_argument("--yes", action="store_true", help="do not ask for confirmation; for scripts")


def accounts(options: argparse.Namespace) -> Administration:
    """Return the acts of operators on this stack."""
    deployment = find_deployment(options.stack)
    dynamodb, record = dynamodb_client(), recorder(deployment.security_event_bus)
    sessions = DynamoDBSessions(dynamodb, table=deployment.sessions_table)
    return Administration(
        identities=DynamoDBIdentities(dynamodb, table=deployment.identities_table),
        sessions=sessions,
        end_sessions=EndSessions(sessions=sessions, clock=now_ms, entropy=secrets.token_bytes, record=record),
        password_rules=PasswordRules(
            min_characters=deployment.password_min_characters,
            common=COMMON_PASSWORDS,
            service_names=service_names(*deployment.service_addresses),
        ),
        clock=now_ms,
        entropy=secrets.token_bytes,
        record=record,
    )


def create(accounts: Administration, options: argparse.Namespace) -> None:
    """Create a user."""
    password = read_new_password(from_stdin=options.password_stdin)
    identity = accounts.create(options.username, password, scope=options.scope, roles=tuple(options.roles))
    print(f"created {identity.username}, user id {identity.user_id}")


def set_password(accounts: Administration, options: argparse.Namespace) -> None:
    """Set a password."""
    ended = accounts.set_password(options.username, read_new_password(from_stdin=options.password_stdin))
    print(f"password set, {_sessions(ended)} ended")


def set_rights(accounts: Administration, options: argparse.Namespace) -> None:
    """Replace scope and roles."""
    ended = accounts.set_rights(options.username, scope=options.scope, roles=tuple(options.roles))
    print(f"scope: {options.scope or 'none'}; roles: {' '.join(options.roles) or 'none'}; {_sessions(ended)} ended")


def disable(accounts: Administration, options: argparse.Namespace) -> None:
    """Disable a user."""
    print(f"disabled, {_sessions(accounts.disable(options.username))} ended")


def enable(accounts: Administration, options: argparse.Namespace) -> None:
    """Enable a user."""
    accounts.enable(options.username)
    print("enabled")


def sessions(accounts: Administration, options: argparse.Namespace) -> None:
    """List the sessions of a user that have not ended."""
    for session in accounts.living_sessions(options.username):
        line = {
            "session_id": session.session_id,
            "client_id": session.client_id,
            "created": iso(session.created_at_seconds),
            "last_used": iso(session.last_used_at_seconds),
            "expires": iso(session.expires_at_seconds),
        }
        print(json.dumps(line))


def end_sessions(accounts: Administration, options: argparse.Namespace) -> None:
    """End all sessions of a user."""
    print(f"{_sessions(accounts.end_sessions(options.username))} ended")


def delete(accounts: Administration, options: argparse.Namespace) -> None:
    """Delete a user, after the operator has typed the name."""
    user_id = accounts.user_id(options.username)
    if not options.yes:
        print(f"This deletes {options.username} (user id {user_id}) and ends all sessions. It cannot be undone.")
        confirm("user name", options.username, say=print)
    print(f"deleted, {_sessions(accounts.delete(options.username))} ended")


def _command(
    acts: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    act: Callable[[Administration, argparse.Namespace], None],
    text: str,
    description: str = "",
) -> argparse.ArgumentParser:
    command = acts.add_parser(name, help=text, description=description or text[0].upper() + text[1:] + ".")
    command.add_argument("username", metavar="USERNAME", help="user name or email address")
    command.set_defaults(act=act)
    return command


def _rights_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--scope", default="", help='scope of the access tokens, such as "read write"')
    command.add_argument(
        "--role",
        dest="roles",
        action="append",
        default=[],
        metavar="ROLE",
        help="a role in the access tokens; may be repeated",
    )


def _password_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password from the first line of standard input, not from a prompt",
    )


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"
