"""The command line: reads the arguments, runs one act, and prints each error as one line."""

import argparse
import sys
from collections.abc import Sequence

import boto3

from admin import keys, users
from admin.confirmation import NotConfirmed
from admin.deployment import DeploymentError, use_local_stack
from admin.password_input import PasswordInputError
from admin.rotate_keys_client import RotateKeysError
from edge_auth.adapters.aws import sdk_session
from edge_auth.errors import AccountError, TemporarilyUnavailable

INTERRUPTED = 130  # the exit status that a shell reports after Ctrl-C

EPILOG = """\
The command works on a CloudFormation stack. It finds the stack with your AWS credentials and region (AWS_PROFILE,
AWS_DEFAULT_REGION, ...). With --local it works on the stack that `make run` serves on this machine.

examples:
  ./edge-auth --stack edge-auth-prod users create ada@example.com
  echo "$PASSWORD" | ./edge-auth --local users create ada --password-stdin --role admin
  ./edge-auth users sessions ada@example.com
  ./edge-auth keys show
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted."""
    options = parser().parse_args(arguments)
    try:
        if options.local:
            use_local_stack()
        # All clients share one SDK session. With two, a profile with MFA would ask for its code twice.
        boto3.setup_default_session(botocore_session=sdk_session())
        options.act(options.open(options), options)
    except (AccountError, DeploymentError, PasswordInputError, RotateKeysError, NotConfirmed) as error:
        print(f"edge-auth: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    except TemporarilyUnavailable as error:
        print(
            f"edge-auth: AWS failed ({error.detail}); the command may or may not have taken effect; run it again",
            file=sys.stderr,
        )
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="edge-auth",
        description="Manage the users, sessions and keys of an edge-auth stack.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--stack", default="edge-auth", metavar="NAME", help="name of the stack (default: edge-auth)")
    top.add_argument("--local", action="store_true", help="work on the stack that `make run` serves on this machine")
    subjects = top.add_subparsers(required=True, metavar="SUBJECT", title="subjects")
    users.add_commands(subjects.add_parser("users", help="users and their sessions"))
    keys.add_commands(subjects.add_parser("keys", help="the key ring: show, rotate, replace and publish keys"))
    return top
