"""`edge-auth users unlock-factor` and `reset-factors`: for users who cannot show their second factor."""

import argparse

from admin.act import Act
from admin.stack_users import Users
from admin.users import add_command, sessions_text

UNLOCK_FACTOR = """\
Lets the user's authenticator app be used again, after a hundred wrong codes. Whoever typed them knew the
password, so set another password too, unless it was the user.
"""
RESET_FACTORS = """\
Removes the user's authenticator app and recovery codes, and ends all sessions. It is for a user who has lost both: make
sure that it is the user who asks. From then on the password alone logs in; if SecondFactor demands one, the next login
sets it up.
"""


def add_commands(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to those of `edge-auth users`."""
    add_command(acts, "unlock-factor", unlock_factor, "let a locked authenticator app be used again", UNLOCK_FACTOR)
    add_command(acts, "reset-factors", reset_factors, "remove the second factor and end all sessions", RESET_FACTORS)


def unlock_factor(users: Users, options: argparse.Namespace) -> Act:
    """Unlock the app of a user."""
    user = users.accounts.find(options.username)

    def do() -> str:
        users.factors.unlock(user)
        return "factor unlocked"

    return users.act(user.user_id, do)


def reset_factors(users: Users, options: argparse.Namespace) -> Act:
    """Remove the second factor of a user."""
    user, name = users.found(options.username)
    return users.act(
        user.user_id,
        lambda: f"second factor removed, {sessions_text(users.factors.reset(user))} ended",
        warning=f"This removes the second factor of {name} (user id {user.user_id}) and ends all sessions.",
    )
