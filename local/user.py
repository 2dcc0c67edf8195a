"""The user of the demo, created with the operators' command."""

import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from local import aws
from local.failure import Failure
from local.settings import ROOT, STACK_NAME, Settings

USERNAME = "ada"
PASSWORD_BYTES = 18
COMMAND = (sys.executable, "-m", "admin", "--stack", STACK_NAME, "users")


@dataclass(frozen=True)
class User:
    """A user who can log in."""

    name: str
    password: str = field(repr=False)
    email: str = ""  # confirmed


def operators_environment(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which the operators' command works on this stack."""
    path = f"{ROOT}:{ROOT / 'layers' / 'edge_auth'}"
    return aws.environment(settings, inherited) | {"PYTHONPATH": path}


def create(settings: Settings, inherited: Mapping[str, str]) -> User:
    """Create the user with a random password, through the operators' command. A stack that sends mails has an address.

    Raises:
        Failure: the command failed.

    """
    _, has_mail, domain = settings.parameters.get("MailFrom", "").partition("@")
    user = User(USERNAME, secrets.token_urlsafe(PASSWORD_BYTES), f"{USERNAME}@{domain}" if has_mail else "")
    address = ("--email", user.email, "--confirmed") if user.email else ()
    outcome = subprocess.run(
        [*COMMAND, "create", user.name, "--password-stdin", "--scope", "notes:read", "--role", "member", *address],
        env=operators_environment(settings, inherited),
        cwd=ROOT,
        input=f"{user.password}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode != 0:
        raise Failure(f"cannot create the user {user.name}: {outcome.stderr.strip()}")
    return user
