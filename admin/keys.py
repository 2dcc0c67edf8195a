"""`edge-auth keys …`: show the key ring and change it. The deployed `rotate_keys` does both; no key leaves it."""

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

from admin import stack_update
from admin.act import Act, Interrupted
from admin.deployment import DeploymentError
from admin.edge_file import edge_file
from admin.key_table import table
from admin.output import Output
from admin.rotate_keys_client import UNCLEAR, RotateKeysClient, Summary
from admin.stack import Stack
from admin.times import distance, utc, when
from admin.whole_file import write_whole
from edge_auth.authorizer.issuer_keys import download
from edge_auth.clock import now_ms
from edge_auth.keys.timing import REPLACE_SECONDS

ANSWER_SECONDS = 70  # more than the 60 that rotate_keys may take
# One attempt: RotateKeysClient says why.
CONFIG = Config(connect_timeout=5, read_timeout=ANSWER_SECONDS, retries={"total_max_attempts": 1, "mode": "standard"})

REPLACE = """\
Use this command when a signing key has leaked. It replaces every signing key of the stack. Then it updates the
stack's parameter KeyRingVersion, so that the authorizers forget the old keys. By default the old keys end in {minutes}
minutes: by then all functions of the stack know the new keys. Clients refresh and get new access tokens. The command
asks for the stack name before it changes anything.
"""

EDGE = """\
A verifier at CloudFront has no environment and asks nobody, so the keys are in a file that is deployed with it. This
command writes the file, from the key set that the issuer publishes. It changes nothing in AWS, and needs only the right
to describe the stack. Write and deploy the file again before the time that the command prints, and after each `rotate`
or `replace`. docs/guides/edge.md explains it.
"""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one stack: its `rotate_keys`, and the stack itself, which is updated with new public keys."""

    stack: Stack
    function: RotateKeysClient

    @property
    def out(self) -> Output:
        """Where the commands print."""
        return self.stack.out

    def act(
        self,
        do: Callable[[], None],
        *,
        say: Callable[[str], None],
        warning: str = "",
        question: tuple[str, str] | None = None,
        **details: object,
    ) -> Act:
        """Return an act on the keys."""
        return Act(
            do=do,
            unclear=UNCLEAR,
            say=say,
            user_id="",
            warning=warning,
            question=question,
            details=details,
        )


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
    replace_keys.add_argument(
        "--end-sessions", action="store_true", help="replace the MAC keys too: refresh tokens end"
    )
    replace_keys.add_argument("--yes", action="store_true", help="do not ask for confirmation; for scripts")
    _json_option(replace_keys)
    _command(acts, "publish", publish, "update the stack, so that the authorizers have the current public keys")
    edge_keys = _command(acts, "edge", edge, "write the public keys to a file, for the verifier at CloudFront", EDGE)
    edge_keys.add_argument("--out", required=True, type=Path, metavar="FILE", help="where to write the keys, as JSON")


def open_keys(stack: Stack) -> Keys:
    """Find the stack's `rotate_keys`. Raises DeploymentError: the stack's version is too old for these commands."""
    name = stack.deployment.rotate_keys_function
    if not name:
        raise DeploymentError(
            f"stack {stack.name} has no output 'RotateKeysFunction'; deploy this version of edge-auth first"
        )
    return Keys(stack, RotateKeysClient(boto3.client("lambda", config=CONFIG), name=name))


def show(keys: Keys, options: argparse.Namespace) -> None:
    """Show the key ring."""
    _print(keys, keys.function.show(), options)


def rotate(keys: Keys, options: argparse.Namespace) -> Act:
    """Let the next keys sign earlier."""
    before, say = keys.function.show(), _teller(keys, options)

    def do() -> None:
        after = keys.function.rotate(before["version"])
        _print(keys, after, options)
        for kind, name in (("signing", "signing key"), ("mac", "MAC key")):
            for key in _successors(before[kind], after[kind]):
                say(f"The {name} {_id(key)} signs {_start(key, after)}.")

    warning = (
        "This lets the next keys sign now, or as soon as they have been public for long enough. It refuses no token."
    )
    return keys.act(do, say=say, warning=warning, ring=before["version"])


def replace(keys: Keys, options: argparse.Namespace) -> Act:
    """Replace every signing key, then update the stack, so that the authorizers forget the old keys."""
    before, say = keys.function.show(), _teller(keys, options)

    def do() -> None:
        after = keys.function.replace(before["version"], at_once=options.at_once, end_sessions=options.end_sessions)
        _print(keys, after, options)
        newest = after["signing"][-1]
        say(f"Replaced. The new signing key is {newest['kid']}. The old keys end {_start(newest, after)}.")
        _publish(keys, options, after["version"], say)

    return keys.act(
        do,
        say=say,
        warning="\n".join([table(before), "", *_consequences(keys.stack.name, options)]),
        question=None if options.yes else ("stack name", keys.stack.name),
        ring=before["version"],
        at_once=options.at_once,
        end_sessions=options.end_sessions,
    )


def publish(keys: Keys, options: argparse.Namespace) -> Act:
    """Update the stack, so that the authorizers have the current public keys."""
    version, say = keys.function.show()["version"], keys.out.say
    return keys.act(lambda: _publish(keys, options, version, say), say=say, ring=version)


def edge(keys: Keys, options: argparse.Namespace) -> None:
    """Write the file of the verifier at the edge."""
    file = edge_file(keys.stack.deployment, stack=keys.stack.name, download=download, now_seconds=now_ms() // 1000)
    write_whole(options.out, file.text)
    until = when(file.complete_until_seconds, now_ms() // 1000)
    keys.out.say(
        f"Wrote {file.key_count} public keys to {options.out}. By plan the file is complete until {until} UTC."
    )


def _publish(keys: Keys, options: argparse.Namespace, version: str, say: Callable[[str], None]) -> None:
    name = keys.stack.name
    repeat = f"./edge-auth {'--local' if options.local else f'--stack {name}'} keys publish"
    still_open = (
        "An authorizer may still accept tokens of the old keys, until it gets a token with a key that it does not "
        "know and fetches the public keys again. Until this step is done, a deployment can put the old keys back, for "
        f"an hour at most. Repeat only this step: {repeat}"
    )
    say(f"Updating only the parameter {stack_update.PARAMETER} of stack {name} ...")
    try:
        with _explained(f"the update of the stack may continue. {still_open}"):
            changed = stack_update.publish(keys.stack.cloudformation, stack=name, version=version)
    except DeploymentError as error:
        raise DeploymentError(
            f"{error}\nThe key ring is in force, but the stack was not updated, or its update was not confirmed. "
            f"{still_open}"
        ) from error
    say(
        "Updated: the authorizers have the current public keys."
        if changed
        else "Nothing to update: the authorizers already have the current public keys."
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
        lines.append(f"- Refresh tokens end {end} too, and their users must log in again.")
        lines.append("- Session cookies of sites live on. To end them too: ./edge-auth data end-all-sessions")
    else:
        lines.append("- Refresh tokens stay valid. No user is logged out.")
    lines.append(
        "- Then the stack is updated: all functions read the new keys, and the authorizers forget the old keys."
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


def _print(keys: Keys, summary: Summary, options: argparse.Namespace) -> None:
    keys.out.say(json.dumps(summary) if options.json else table(summary))


def _teller(keys: Keys, options: argparse.Namespace) -> Callable[[str], None]:
    """Return a function that prints messages for people: on standard error where standard output is JSON."""
    return keys.out.tell if options.json else keys.out.say


@contextmanager
def _explained(text: str) -> Iterator[None]:
    """After Ctrl-C, say what is not certain and what to do."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(text) from None


def _command(
    acts: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    act: Callable[[Keys, argparse.Namespace], Act | None],
    text: str,
    description: str = "",
) -> argparse.ArgumentParser:
    command = acts.add_parser(name, help=text, description=description or text[0].upper() + text[1:] + ".")
    command.set_defaults(act=act, name=f"keys {name}")
    return command


def _json_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--json", action="store_true", help="print the key ring as JSON, and messages on standard error"
    )
