"""`edge-auth users list`, `show` and `export`: what a stack knows of its users. None of them changes anything."""

import argparse
import json
from itertools import islice

from admin.act import Act
from admin.personal_data import PersonalData
from admin.stack_users import Users
from admin.times import iso
from admin.user_scan import UserScan, Wanted
from edge_auth.accounts.identity import ACTIVE, DISABLED, UNCONFIRMED, Identity

LIST = """\
Prints one JSON object for each user, in no order, as they are read. It reads the whole table of users, also with
filters, and DynamoDB charges for that: standard error says how much was read. Password hashes are not read.
"""
SHOW = """\
Prints a user as one JSON object, with the number of living sessions and the names of second factors. `mails_stopped`
says why the address takes no mails, and since when.
"""
EXPORT = """\
Of one user: prints the user, the sessions and their ends, the attempts at the password, and the proofs and notices that
wait, without credentials, as one JSON object. docs/privacy.md says what is not in it.
With --all: prints one JSON object for each user, to move to another system. The export is recorded.
"""
HASHES = """\
This prints the password hashes of all users. Whoever has them can try passwords at any speed, and no limit of attempts
stops that. Keep the output where only you can read it, and delete it when you have moved.
"""
NOTHING_CHANGED = "nothing was changed, and the output may be incomplete"


def add_commands(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to those of `edge-auth users`."""
    every = acts.add_parser("list", help="list users, one JSON object per line", description=LIST)
    every.add_argument(
        "--status", default="", choices=(ACTIVE, DISABLED, UNCONFIRMED), help="only users of this status"
    )
    every.add_argument("--role", default="", metavar="ROLE", help="only users with this role")
    every.add_argument("--prefix", default="", metavar="TEXT", help="only users whose names begin so")
    every.add_argument("--limit", type=_positive, metavar="N", help="stop after N users")
    every.set_defaults(act=list_users, name="users list")
    one = acts.add_parser("show", help="show a user as JSON", description=SHOW)
    one.add_argument("username", metavar="USER", help="user name, email address or user id")
    one.set_defaults(act=show, name="users show")
    out = acts.add_parser("export", help="export the data of one user, or of all users", description=EXPORT)
    whom = out.add_mutually_exclusive_group(required=True)
    whom.add_argument("username", nargs="?", metavar="USER", help="user name, email address or user id")
    whom.add_argument("--all", action="store_true", help="all users, one JSON object per line")
    out.add_argument("--with-password-hashes", action="store_true", help="with --all: also the password hashes")
    out.add_argument("--yes", action="store_true", help="do not ask for confirmation; for scripts")
    out.set_defaults(act=export, name="users export", usage_error=out.error)


def list_users(users: Users, options: argparse.Namespace) -> None:
    """List users."""
    scan = UserScan(users.dynamodb, table=users.deployment.identities_table)
    wanted = Wanted(options.status, options.role, options.prefix)
    try:
        for identity in islice(scan.users(wanted, consistent=False), options.limit):
            users.out.say(json.dumps(described(identity)))
    finally:
        users.out.tell(_cost(scan))


def show(users: Users, options: argparse.Namespace) -> None:
    """Show a user."""
    identity, data = users.accounts.find(options.username), PersonalData(users.dynamodb, users.deployment)
    stopped = data.stopped_mail(identity)
    line = {
        **described(identity),
        **({"mails_stopped": stopped} if stopped else {}),
        "sessions": len(users.accounts.living_sessions(identity)),
        "factors": data.factors(identity),
    }
    users.out.say(json.dumps(line))


def export(users: Users, options: argparse.Namespace) -> Act:
    """Export the data of one user, or of all users."""
    if options.all:
        return _export_all(users, with_hashes=options.with_password_hashes, is_confirmed=options.yes)
    if options.with_password_hashes:
        options.usage_error("--with-password-hashes goes with --all: the data of a person has no credentials")
    identity = users.accounts.find(options.username)

    def do() -> str:
        return json.dumps(PersonalData(users.dynamodb, users.deployment).of(identity), indent=2)

    return users.act(identity.user_id, do, unclear=NOTHING_CHANGED)


def described(identity: Identity) -> dict[str, object]:
    """Return a user for JSON, without the password hash. What the user does not have is left out."""
    return {
        "user_id": identity.user_id,
        "username": identity.username,
        "status": identity.status,
        "created": iso(identity.created_at_seconds),
        "scope": identity.scope,
        "roles": list(identity.roles),
        **({"claims": dict(identity.claims)} if identity.claims else {}),
        **(
            {"email": identity.email, "email_verified": bool(identity.email_verified_at_seconds)}
            if identity.email
            else {}
        ),
        **({"language": identity.language} if identity.language else {}),
    }


def _export_all(users: Users, *, with_hashes: bool, is_confirmed: bool) -> Act:
    scan = UserScan(users.dynamodb, table=users.deployment.identities_table)

    def do() -> None:
        count = 0
        for identity in scan.users(with_hashes=with_hashes, consistent=True):
            password_hash = {"password_hash": identity.password_hash} if with_hashes else {}
            users.out.say(json.dumps({**described(identity), **password_hash}))
            count += 1
        users.out.tell(f"exported {count} users; {_cost(scan)}")

    return Act(
        do=do,
        unclear=NOTHING_CHANGED,
        say=users.out.tell,
        user_id="",
        warning=HASHES.strip() if with_hashes else "",
        question=("stack name", users.stack_name) if with_hashes and not is_confirmed else None,
        details={"all": True, "with_password_hashes": with_hashes},
    )


def _cost(scan: UserScan) -> str:
    return f"read {scan.items} items of the table of users, for {scan.read_units:g} read units"


def _positive(text: str) -> int:
    """Read a whole number above zero. Raises ValueError."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number
