"""`edge-auth keys …`: show the key ring and change it. The deployed `rotate_keys` does both; no key leaves it."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from admin import stack_update
from admin.confirmation import confirm
from admin.deployment import DeploymentError, find_deployment
from admin.key_table import table
from admin.rotate_keys_client import RotateKeysClient, Summary
from admin.times import distance, utc
from edge_auth.keys.timing import REPLACE_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

ANSWER_SECONDS = 70  # more than the 60 that rotate_keys may take
# One attempt: RotateKeysClient says why.
CONFIG = Config(connect_timeout=5, read_timeout=ANSWER_SECONDS, retries={"total_max_attempts": 1, "mode": "standard"})

UNCLEAR = "interrupted; the keys may or may not have changed; check with `keys show`"
REPLACE = """\
Use this command when a signing key has leaked. It replaces every signing key of the stack. Then it updates the
stack's parameter KeyRingVersion, so that the authorizer forgets the old keys. By default the old keys end in {minutes}
minutes: by then all functions of the stack know the new keys. Clients refresh and get new access tokens. The command
asks for the stack name before it changes anything.
"""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the commands work with: one stack, its `rotate_keys`, and CloudFormation."""

    stack: str
    function: RotateKeysClient
    cloudformation: "CloudFormationClient"


def add_commands(keys: argparse.ArgumentParser) -> None:
    """Add the commands of `edge-auth keys` to the parser."""
    keys.set_defaults(open=open_keys)
    acts = keys.add_subparsers(required=True, metavar="COMMAND", title="commands")
    _json_option(_command(acts, "show", show, "show the id, state and times of each key, but not the key"))
    _json_option(
        _command(
            acts, "rotate", rotate, "let the next keys sign now, or as soon as they have been public for long enough"
        )
    )
    replace_keys = _command(
        acts,
        "replace",
        replace,
        "replace all signing keys, after a leak",
        REPLACE.format(minutes=REPLACE_SECONDS // 60),
    )
    replace_keys.add_argument(
        "--at-once",
        action="store_true",
        help="end the old keys now; new tokens may be refused until the stack is updated, for a few minutes at most",
    )
    replace_keys.add_argument("--end-sessions", action="store_true", help="replace the MAC keys too: all sessions end")
    replace_keys.add_argument("--yes", action="store_true", help="do not ask for confirmation; for scripts")
    _json_option(replace_keys)
    _command(acts, "publish", publish, "update the stack, so that the authorizer has the current public keys")


def open_keys(options: argparse.Namespace) -> Keys:
    """Find the stack's `rotate_keys`.

    Raises:
        DeploymentError: the stack cannot be read, or its version is too old for these commands.

    """
    deployment = find_deployment(options.stack)
    if not deployment.rotate_keys_function:
        raise DeploymentError(
            f"stack {options.stack} has no output 'RotateKeysFunction'; deploy this version of edge-auth first"
        )
    try:
        client, cloudformation = boto3.client("lambda", config=CONFIG), boto3.client("cloudformation")
    except BotoCoreError as error:
        raise DeploymentError(f"cannot use stack {options.stack}: {error}") from error
    return Keys(options.stack, RotateKeysClient(client, name=deployment.rotate_keys_function), cloudformation)


def show(keys: Keys, options: argparse.Namespace) -> None:
    """Show the key ring."""
    _print(keys.function.show(), options)


def rotate(keys: Keys, options: argparse.Namespace) -> None:
    """Let the next keys sign earlier."""
    before = keys.function.show()
    say = _teller(options)
    say("This lets the next keys sign now, or as soon as they have been public for long enough. It refuses no token.")
    with _explained(UNCLEAR):
        after = keys.function.rotate(before["version"])
    _print(after, options)
    for kind, name in (("signing", "signing key"), ("mac", "MAC key")):
        for key in _successors(before[kind], after[kind]):
            say(f"The {name} {_id(key)} signs {_start(key, after)}.")


def replace(keys: Keys, options: argparse.Namespace) -> None:
    """Replace every signing key, then update the stack, so that the authorizer forgets the old keys."""
    before = keys.function.show()
    say = _teller(options)
    say(table(before))
    say()
    for line in _consequences(keys.stack, options):
        say(line)
    if not options.yes:
        confirm("stack name", keys.stack, say=say)
    with _explained(UNCLEAR):
        after = keys.function.replace(before["version"], at_once=options.at_once, end_sessions=options.end_sessions)
    _print(after, options)
    newest = after["signing"][-1]
    say(f"Replaced. The new signing key is {newest['kid']}. The old keys end {_start(newest, after)}.")
    _publish(keys, options, after["version"], say)


def publish(keys: Keys, options: argparse.Namespace) -> None:
    """Update the stack, so that the authorizer has the current public keys."""
    _publish(keys, options, keys.function.show()["version"], print)


def _publish(keys: Keys, options: argparse.Namespace, version: str, say: Callable[..., None]) -> None:
    repeat = f"./edge-auth {'--local' if options.local else f'--stack {keys.stack}'} keys publish"
    still_open = (
        "The authorizer may still accept tokens of the old keys, until it gets a token with a key that it does not "
        f"know and fetches the public keys again. Repeat only this step: {repeat}"
    )
    say(f"Updating only the parameter {stack_update.PARAMETER} of stack {keys.stack} ...")
    try:
        with _explained(f"interrupted; the update of the stack may continue. {still_open}"):
            changed = stack_update.publish(keys.cloudformation, stack=keys.stack, version=version)
    except DeploymentError as error:
        raise DeploymentError(
            f"{error}\nThe key ring is in force, but the stack was not updated, or its update was not confirmed. "
            f"{still_open}"
        ) from error
    say(
        "Updated: the authorizer has the current public keys."
        if changed
        else "Nothing to update: the authorizer already has the current public keys."
    )


def _consequences(stack: str, options: argparse.Namespace) -> list[str]:
    end = "at once" if options.at_once else distance(REPLACE_SECONDS)
    lines = [
        f"This replaces every signing key of stack {stack}. It cannot be undone.",
        f"- Access tokens of the old keys end {end}. Clients refresh and get new ones.",
    ]
    if options.at_once:
        lines.append("- Until the stack is updated, a new access token may be refused, and an old one may be accepted.")
    if options.end_sessions:
        lines.append(f"- Refresh tokens end {end} too. Every user must log in again.")
    else:
        lines.append("- Refresh tokens stay valid. No user is logged out.")
    lines.append(
        "- Then the stack is updated: all functions read the new keys, and the authorizer forgets the old keys."
    )
    return lines


def _successors(before: list[Summary], after: list[Summary]) -> list[Summary]:
    """Return the keys that follow the key that signed."""
    signed = [_id(key) for key in before if key["state"] == "signing"]
    places = [place for place, key in enumerate(after) if _id(key) in signed]
    return after[places[-1] + 1 :] if places else after


def _id(key: Summary) -> str:
    return str(key.get("kid") or key["id"])


def _start(key: Summary, after: Summary) -> str:
    seconds = key["signs_from"] - after["now"]
    return f"{distance(seconds)}, at {utc(key['signs_from'])} UTC" if seconds > 0 else "now"


def _print(summary: Summary, options: argparse.Namespace) -> None:
    print(json.dumps(summary) if options.json else table(summary))


def _teller(options: argparse.Namespace) -> Callable[..., None]:
    """Return a function that prints messages for people: on standard error where standard output is JSON."""

    def say(line: str = "") -> None:
        print(line, file=sys.stderr if options.json else sys.stdout)

    return say


@contextmanager
def _explained(text: str) -> Iterator[None]:
    """After Ctrl-C, print what is not certain and what to do."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"\nedge-auth: {text}", end="", file=sys.stderr)
        raise


def _command(
    acts: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    act: Callable[[Keys, argparse.Namespace], None],
    text: str,
    description: str = "",
) -> argparse.ArgumentParser:
    command = acts.add_parser(name, help=text, description=description or text[0].upper() + text[1:] + ".")
    command.set_defaults(act=act)
    return command


def _json_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--json", action="store_true", help="print the key ring as JSON, and messages on standard error"
    )
