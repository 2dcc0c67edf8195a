"""`edge-auth keys …`: look at the key ring and change it, by asking the deployed `rotate_keys`. No key comes here."""

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
from admin.times import distance, utc, when
from edge_auth.keys.timing import REPLACE_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

ANSWER_SECONDS = 70  # rotate_keys may take 60
# One attempt: see RotateKeysClient.
CONFIG = Config(connect_timeout=5, read_timeout=ANSWER_SECONDS, retries={"total_max_attempts": 1, "mode": "standard"})

UNCLEAR = "interrupted: it may have been done or not; look with `keys show`"
REPLACE = """\
Replaces every signing key of the deployment, for when one has leaked, and then updates the stack's parameter
KeyRingVersion, so that the authorizer forgets the old keys. By default the old keys end in {minutes} minutes, when
everything that signs or verifies knows the new ones: nobody notices but the holder of the leaked key. Asks for the
stack's name before it does anything.
"""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the commands work with."""

    stack: str
    function: RotateKeysClient
    cloudformation: "CloudFormationClient"


def add_commands(keys: argparse.ArgumentParser) -> None:
    """Say what `edge-auth keys` understands."""
    keys.set_defaults(open=open_keys)
    acts = keys.add_subparsers(required=True, metavar="COMMAND", title="commands")
    _json_option(_command(acts, "show", show, "show every key's id, state and dates; never a key"))
    _json_option(_command(acts, "rotate", rotate, "let the next keys sign now, or once public for long enough"))
    replace_keys = _command(
        acts, "replace", replace, "a key has leaked: new keys for all", REPLACE.format(minutes=REPLACE_SECONDS // 60)
    )
    replace_keys.add_argument(
        "--at-once",
        action="store_true",
        help="end the old keys now; fresh tokens may be refused until the stack is updated, a few minutes at most",
    )
    replace_keys.add_argument(
        "--end-sessions", action="store_true", help="replace the MAC keys too: all refresh tokens die, all log in again"
    )
    replace_keys.add_argument("--yes", action="store_true", help="do not ask; for scripts")
    _json_option(replace_keys)
    _command(acts, "publish", publish, "deploy the authorizer with the public keys of this moment")


def open_keys(options: argparse.Namespace) -> Keys:
    """Find the deployment's `rotate_keys`.

    Raises:
        DeploymentError: there is no such stack, or it is of a version that has no command for its keys.

    """
    deployment = find_deployment(options.stack)
    if not deployment.rotate_keys_function:
        raise DeploymentError(
            f"stack {options.stack} has no output 'RotateKeysFunction': deploy the newer version first"
        )
    try:
        client, cloudformation = boto3.client("lambda", config=CONFIG), boto3.client("cloudformation")
    except BotoCoreError as error:
        raise DeploymentError(f"stack {options.stack}: {error}") from error
    return Keys(options.stack, RotateKeysClient(client, name=deployment.rotate_keys_function), cloudformation)


def show(keys: Keys, options: argparse.Namespace) -> None:
    """Show the ring."""
    _print(keys.function.show(), options)


def rotate(keys: Keys, options: argparse.Namespace) -> None:
    """Bring the next keys forward."""
    before = keys.function.show()
    say = _teller(options)
    say("The next keys sign now, or as soon as they have been public for long enough. Nothing is refused by that.")
    with _explained(UNCLEAR):
        after = keys.function.rotate(before["version"])
    _print(after, options)
    for kind, name in (("signing", "signing key"), ("mac", "MAC key")):
        for key in _successors(before[kind], after[kind]):
            start = (
                "signs now" if key["state"] == "signing" else f"signs from {when(key['signs_from'], after['now'])} UTC"
            )
            say(f"The {name} {_id(key)} {start}.")


def replace(keys: Keys, options: argparse.Namespace) -> None:
    """Replace every key, then have the authorizer forget the old ones."""
    before = keys.function.show()
    say = _teller(options)
    say(table(before))
    say()
    for line in _consequences(keys.stack, options):
        say(line)
    if not options.yes:
        confirm("stack's name", keys.stack, say=say)
    with _explained(UNCLEAR):
        after = keys.function.replace(before["version"], at_once=options.at_once, end_sessions=options.end_sessions)
    _print(after, options)
    newest = after["signing"][-1]
    say(f"Replaced. The new signing key is {newest['kid']}; the old ones end {_moment(newest, after)}.")
    _publish(keys, options, after["version"], say)


def publish(keys: Keys, options: argparse.Namespace) -> None:
    """Hand the public keys of this moment to the authorizer."""
    _publish(keys, options, keys.function.show()["version"], print)


def _publish(keys: Keys, options: argparse.Namespace, version: str, say: Callable[..., None]) -> None:
    repeat = f"./edge-auth {'--local' if options.local else f'--stack {keys.stack}'} keys publish"
    still_open = (
        "The authorizer may still hold the public keys of before, and accept tokens under them, until a token of a "
        f"key that it does not know makes it ask for newer ones. Repeat this step, and only this one, with: {repeat}"
    )
    say(f"Updating stack {keys.stack}, its parameter {stack_update.PARAMETER} and nothing else ...")
    try:
        with _explained(f"interrupted: the update may go on without you. {still_open}"):
            changed = stack_update.publish(keys.cloudformation, stack=keys.stack, version=version)
    except DeploymentError as error:
        raise DeploymentError(
            f"{error}\nThe key ring is in force, but the stack was not updated. {still_open}"
        ) from error
    say("Updated: the authorizer has these public keys." if changed else "Nothing to update: it has them already.")


def _consequences(stack: str, options: argparse.Namespace) -> list[str]:
    end = "at once" if options.at_once else distance(REPLACE_SECONDS)
    lines = [
        f"This replaces every signing key of stack {stack}. It cannot be undone.",
        f"- Access tokens from before end {end}; clients refresh and get new ones.",
    ]
    if options.at_once:
        lines.append(
            "- Until the stack is updated, a fresh token may be refused, and an old one accepted, here and there."
        )
    if options.end_sessions:
        lines.append(f"- Refresh tokens end {end} as well: everybody has to log in again.")
    else:
        lines.append("- Refresh tokens stay good: nobody is logged out.")
    lines.append(
        "- Then the stack is updated, so that all functions know the new keys and the authorizer forgets the old."
    )
    return lines


def _successors(before: list[Summary], after: list[Summary]) -> list[Summary]:
    """Return the keys behind the one that signed."""
    signed = [_id(key) for key in before if key["state"] == "signing"]
    places = [place for place, key in enumerate(after) if _id(key) in signed]
    return after[places[-1] + 1 :] if places else after


def _id(key: Summary) -> str:
    return str(key.get("kid") or key["id"])


def _moment(newest: Summary, after: Summary) -> str:
    seconds = newest["signs_from"] - after["now"]
    return f"{distance(seconds)}, at {utc(newest['signs_from'])} UTC" if seconds > 0 else "now"


def _print(summary: Summary, options: argparse.Namespace) -> None:
    print(json.dumps(summary) if options.json else table(summary))


def _teller(options: argparse.Namespace) -> Callable[..., None]:
    """Return what tells a person: where a program reads standard output, it is standard error."""

    def say(line: str = "") -> None:
        print(line, file=sys.stderr if options.json else sys.stdout)

    return say


@contextmanager
def _explained(text: str) -> Iterator[None]:
    """Say what Ctrl-C has left open."""
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
    command.add_argument("--json", action="store_true", help="print the ring as JSON, and all else on standard error")
