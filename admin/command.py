"""The command line: arguments in, one act, lines out."""

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

INTERRUPTED = 130  # as a shell reports a command ended by Ctrl-C

EPILOG = """\
The deployment is a stack in AWS, found by your ordinary credentials and region (AWS_PROFILE, AWS_REGION, ...),
or with --local the one that `make run` serves on this machine.

examples:
  ./edge-auth --stack edge-auth-prod users create ada@example.com
  echo "$PASSWORD" | ./edge-auth --local users create ada --password-stdin --role admin
  ./edge-auth users sessions ada@example.com
  ./edge-auth keys show
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0 done, 1 not done, 2 not understood, 130 interrupted."""
    options = parser().parse_args(arguments)
    try:
        if options.local:
            use_local_stack()
        # One session for all clients, or a profile with MFA would ask for its code twice.
        boto3.setup_default_session(botocore_session=sdk_session())
        options.act(options.open(options), options)
    except (AccountError, DeploymentError, PasswordInputError, RotateKeysError, NotConfirmed) as error:
        print(f"edge-auth: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    except TemporarilyUnavailable as error:
        print(f"edge-auth: AWS did not answer as it should ({error.detail}); try again", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    top = argparse.ArgumentParser(
        prog="edge-auth",
        description="Users, sessions and keys of an edge-auth deployment.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--stack", default="edge-auth", metavar="NAME", help="CloudFormation stack (default: edge-auth)")
    top.add_argument("--local", action="store_true", help="work on the stack that `make run` serves on this machine")
    subjects = top.add_subparsers(required=True, metavar="SUBJECT", title="subjects")
    users.add_commands(subjects.add_parser("users", help="users and their sessions"))
    keys.add_commands(subjects.add_parser("keys", help="the key ring: show, rotate, replace after a leak"))
    return top
