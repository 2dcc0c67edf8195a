"""The command line: reads the arguments, runs one command, and prints each error as one line."""

import argparse
import sys
from collections.abc import Sequence

from admin import data, keys, mail, user_data, user_factors, user_identity, user_mail, users
from admin.act import EXPLAINED, ActFailed, Interrupted, carry_out
from admin.audit_log import NotRecorded
from admin.confirmation import NotConfirmed
from admin.connection import ConnectionSettingError, connect, use_local_stack
from admin.failure import reason
from admin.imports.records import UnreadableFile
from admin.imports.sources import NoParameters
from admin.output import Output
from admin.password_input import PasswordInputError
from admin.stack import open_stack
from admin.user_import import CannotImport
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.tokens.refresh_token import is_id

INTERRUPTED = 130  # the exit status that a shell reports after Ctrl-C
NOTHING_DONE = "nothing was done"
# Their texts say what was done, where that is not clear.
FAILURES = (
    *(*EXPLAINED, ActFailed, ConnectionSettingError, NotConfirmed, NotRecorded, PasswordInputError),
    *(CannotImport, NoParameters, UnreadableFile),
)

EPILOG = """\
The command works on a CloudFormation stack. It finds the stack with your AWS credentials and Region, as AWS's own
command line does: --profile or AWS_PROFILE; --region, AWS_REGION, AWS_DEFAULT_REGION or the Region of the profile. With
--local it works on the stack that `make run` serves on this machine.

examples:
  ./edge-auth --stack edge-auth-prod --region eu-central-1 users create ada@example.com
  echo "$PASSWORD" | ./edge-auth --local users create ada --password-stdin --role admin
  ./edge-auth users sessions ada@example.com
  ./edge-auth users list --role admin
  ./edge-auth keys show
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted."""
    out = Output()
    try:
        given = sys.argv[1:] if arguments is None else arguments
        status = _run(parser().parse_args([_as_argument(each) for each in given]), out)
    except SystemExit as end:  # argparse has printed the help, or what is wrong
        status = int(end.code or 0)
    return out.close(status)


def _as_argument(given: str) -> str:
    """Return what argparse takes for an argument: one id in 64 begins with a hyphen. Commands strip names and ids."""
    return f" {given}" if given.startswith("-") and is_id(given) else given


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="edge-auth",
        description="Manage the users, sessions, keys and mails of an edge-auth stack.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--stack", default="edge-auth", metavar="NAME", help="name of the stack (default: edge-auth)")
    top.add_argument("--profile", default="", metavar="NAME", help="profile of your AWS configuration")
    top.add_argument("--region", default="", metavar="REGION", help="AWS Region of the stack")
    top.add_argument(
        "--local",
        action="store_true",
        help="work on the stack that `make run` serves on this machine, without profile and Region",
    )
    subjects = top.add_subparsers(required=True, metavar="SUBJECT", title="subjects")
    of_users = users.add_commands(subjects.add_parser("users", help="users and their sessions"))
    user_identity.add_commands(of_users)
    user_data.add_commands(of_users)
    user_mail.add_commands(of_users)
    user_factors.add_commands(of_users)
    keys.add_commands(subjects.add_parser("keys", help="the key ring: show, rotate, replace and publish keys"))
    mail.add_commands(subjects.add_parser("mail", help="the mails to users: whether Amazon SES sends them"))
    data.add_commands(subjects.add_parser("data", help="after a loss: take over retained data, end all sessions"))
    return top


def _run(options: argparse.Namespace, out: Output) -> int:
    try:
        _work(options, out)
    except FAILURES as error:
        out.tell(f"edge-auth: {error}")
    except TemporarilyUnavailable as error:
        out.tell(f"edge-auth: AWS failed ({error.detail}); {NOTHING_DONE}")
    except KeyboardInterrupt as error:
        out.tell(f"\nedge-auth: interrupted; {error if isinstance(error, Interrupted) else NOTHING_DONE}")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - an operator gets one line for every error
        out.tell(f"edge-auth: {reason(error)}; {NOTHING_DONE}")
    else:
        return 0
    return 1


def _work(options: argparse.Namespace, out: Output) -> None:
    """Find the stack, and run the command on it. An act has begun only inside `carry_out`."""
    if options.local:
        if options.profile or options.region:
            raise ConnectionSettingError("--local goes without --profile and --region")
        use_local_stack()
    caller = connect(profile=options.profile, region=options.region)
    stack = open_stack(options.stack, caller, out)
    act = options.act(options.open(stack), options)
    if act is not None:
        carry_out(act, options.name, stack)
