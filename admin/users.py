"""`edge-auth users …`: each command calls one act of operators."""

import argparse
import json
import secrets
from collections.abc import Callable

from admin.act import Act
from admin.password_input import read_new_password
from admin.stack_users import Users, open_users
from admin.times import iso
from admin.user_import import add_command as add_import
from edge_auth.accounts.identity import ACTIVE
from edge_auth.flows.accounts.rights_administration import check_rights
from edge_auth.tokens.refresh_token import new_id

SET_RIGHTS = """\
Replaces scope and roles. Rights that you do not give are taken away, so give all rights that the user is to have. A
session has the rights of its login, so all sessions of the user end. Their access tokens still work for
RevocationSeconds, or until they expire if that is 0.
"""
ENABLE = """\
Lets a disabled user log in again, and ends the wait that wrong passwords have caused. A user who has registered, and
has to confirm the address before the first login, still has to.
"""
UNLOCK = """\
Ends the wait that wrong passwords have caused: the next attempt to log in is let through. Nothing else changes. If an
attack goes on, the wait soon comes back. `set-password` and `enable` end the wait, too.
"""
DELETE = """\
Deletes the user, ends all sessions, and removes the names of their devices, their user agents and networks. Their
access tokens still work for RevocationSeconds, or until they expire if that is 0. The user name becomes free; a new
user with this name has another user id. The command asks for the user name before it deletes anything.
"""
UNCLEAR_CREATION = "the user may or may not have been created; run it again: then the name is taken if it was"


def add_commands(users: argparse.ArgumentParser) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    """Add the commands of `edge-auth users` to the parser, and return the place for more."""
    users.set_defaults(open=open_users)
    acts = users.add_subparsers(required=True, metavar="COMMAND", title="commands")
    create_user = add_command(acts, "create", create, "create a user; ask for the password")
    _password_option(create_user)
    _rights_options(create_user)
    create_user.add_argument("--email", default="", metavar="ADDRESS", help="the address that mails go to")
    confirmed_option(create_user)
    _password_option(add_command(acts, "set-password", set_password, "set a password and end all sessions"))
    _rights_options(
        add_command(acts, "set-rights", set_rights, "replace scope and roles and end all sessions", SET_RIGHTS)
    )
    add_command(acts, "disable", disable, "disable a user: refuse logins and end all sessions")
    add_command(acts, "enable", enable, "enable a user: allow logins again", ENABLE)
    add_command(acts, "unlock", unlock, "end the wait that wrong passwords have caused", UNLOCK)
    add_command(acts, "sessions", sessions, "list the sessions that have not ended, one JSON object per line")
    add_command(acts, "end-sessions", end_sessions, "end all sessions of the user")
    delete_user = add_command(acts, "delete", delete, "delete a user and end all sessions", DELETE)
    delete_user.add_argument("--yes", action="store_true", help="do not ask for confirmation; for scripts")
    add_import(acts)
    return acts


def create(users: Users, options: argparse.Namespace) -> Act:
    """Create a user, with an id that is recorded first."""
    scope, roles = _rights(options)
    password, user_id = read_new_password(from_stdin=options.password_stdin), new_id(secrets.token_bytes)

    def do() -> str:
        identity = users.accounts.create(
            options.username,
            password,
            user_id=user_id,
            scope=scope,
            roles=roles,
            email=options.email,
            is_confirmed=options.confirmed,
        )
        return f"created {identity.username}, user id {identity.user_id}"

    return users.act(user_id, do, unclear=UNCLEAR_CREATION, scope=scope, roles=roles)


def set_password(users: Users, options: argparse.Namespace) -> Act:
    """Set a password."""
    user, name = users.found(options.username)
    password = read_new_password(from_stdin=options.password_stdin)
    return users.act(
        user.user_id,
        lambda: f"password set, {sessions_text(users.accounts.set_password(user, password))} ended",
        warning=f"This sets the password of {name} (user id {user.user_id}) and ends all sessions.",
    )


def set_rights(users: Users, options: argparse.Namespace) -> Act:
    """Replace scope and roles."""
    scope, roles = _rights(options)
    user, name = users.found(options.username)

    def do() -> str:
        ended = users.rights.set_rights(user, scope=scope, roles=roles)
        return f"scope: {scope or 'none'}; roles: {' '.join(roles) or 'none'}; {sessions_text(ended)} ended"

    warning = f"This replaces scope and roles of {name} (user id {user.user_id}) and ends all sessions."
    return users.act(user.user_id, do, warning=warning, scope=scope, roles=roles)


def disable(users: Users, options: argparse.Namespace) -> Act:
    """Disable a user."""
    user, name = users.found(options.username)
    return users.act(
        user.user_id,
        lambda: f"disabled, {sessions_text(users.accounts.disable(user))} ended",
        warning=f"This disables {name} (user id {user.user_id}) and ends all sessions. "
        "`users enable` allows logins again.",
    )


def enable(users: Users, options: argparse.Namespace) -> Act:
    """Enable a user."""
    user = users.accounts.find(options.username)

    def do() -> str:
        enabled = users.accounts.enable(user)
        return "enabled" if enabled.status == ACTIVE else "enabled; the user has to confirm the address before a login"

    return users.act(user.user_id, do)


def unlock(users: Users, options: argparse.Namespace) -> Act:
    """End the wait of a user."""
    user = users.accounts.find(options.username)

    def do() -> str:
        users.accounts.unlock(user)
        return "unlocked"

    return users.act(user.user_id, do)


def sessions(users: Users, options: argparse.Namespace) -> None:
    """List the sessions of a user that have not ended."""
    for session in users.accounts.living_sessions(users.accounts.find(options.username)):
        line = {
            "session_id": session.session_id,
            "client_id": session.client_id,
            "created": iso(session.created_at_seconds),
            "last_used": iso(session.last_used_at_seconds),
            "expires": iso(session.expires_at_seconds),
        }
        users.out.say(json.dumps(line))


def end_sessions(users: Users, options: argparse.Namespace) -> Act:
    """End all sessions of a user."""
    user, name = users.found(options.username)
    return users.act(
        user.user_id,
        lambda: f"{sessions_text(users.accounts.end_sessions(user))} ended",
        warning=f"This ends all sessions of {name} (user id {user.user_id}).",
    )


def delete(users: Users, options: argparse.Namespace) -> Act:
    """Delete a user, after the operator has typed the name."""
    user, name = users.found(options.username)
    return users.act(
        user.user_id,
        lambda: f"deleted, {sessions_text(users.accounts.delete(user))} ended",
        warning=f"This deletes {name} (user id {user.user_id}) and ends all sessions. It cannot be undone.",
        question=None if options.yes else ("user name", name),
    )


def add_command(
    acts: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    act: Callable[[Users, argparse.Namespace], Act | None],
    text: str,
    description: str = "",
) -> argparse.ArgumentParser:
    """Add a command on one user, and return its parser for more options."""
    command = acts.add_parser(name, help=text, description=description or text[0].upper() + text[1:] + ".")
    command.add_argument("username", metavar="USER", help="user name, email address or user id")
    command.set_defaults(act=act, name=f"users {name}")
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


def _rights(options: argparse.Namespace) -> tuple[str, tuple[str, ...]]:
    """Return scope and roles, which are recorded. Checked first, because a wrong option may hold any text."""
    check_rights(options.scope, tuple(options.roles))
    return options.scope, tuple(options.roles)


def confirmed_option(command: argparse.ArgumentParser) -> None:
    """Add the option with which an operator answers for an address."""
    command.add_argument("--confirmed", action="store_true", help="you know that the address is the user's")


def _password_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password from the first line of standard input, not from a prompt",
    )


def sessions_text(count: int) -> str:
    """Return a number of sessions for people."""
    return "1 session" if count == 1 else f"{count} sessions"
