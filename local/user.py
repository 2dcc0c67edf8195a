"""The user of the demo, created with the operators' command."""

import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
    """Create the user with a random password, through the operators' command.

    Raises:
        Failure: the command failed.

    """
    user = User(USERNAME, secrets.token_urlsafe(PASSWORD_BYTES))
    options = ("--password-stdin", "--scope", "notes:read", "--role", "member")
    _operate(settings, inherited, "create", user.name, *options, stdin=f"{user.password}\n")
    return user


def with_address(user: User, domain: str, settings: Settings, inherited: Mapping[str, str]) -> User:
    """Give the user a confirmed mail address of this domain, and return the user with it.

    Raises:
        Failure: the command failed.

    """
    known = replace(user, email=f"{user.name}@{domain}")
    _operate(settings, inherited, "set-email", known.name, known.email, "--confirmed")
    return known


def _operate(settings: Settings, inherited: Mapping[str, str], act: str, *arguments: str, stdin: str = "") -> None:
    outcome = subprocess.run(
        [*COMMAND, act, *arguments],
        env=operators_environment(settings, inherited),
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode != 0:
        raise Failure(f"./edge-auth users {act} failed: {outcome.stderr.strip()}")
