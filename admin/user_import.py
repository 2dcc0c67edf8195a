"""`edge-auth users import`: adds the users of another system, from a file that is read twice: to look, then to add."""

import argparse
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event

from admin.act import Act
from admin.imports.file import NO_PASSWORD, Survey, UserFile
from admin.imports.outputs import Lines, Progress, Refusals
from admin.imports.run import Placed, add_all
from admin.imports.sources import EMAIL, FORMATS, USERNAME, firebase_project, sources
from admin.output import Output
from admin.stack import Stack
from edge_auth.adapters.aws import dynamodb_client
from edge_auth.adapters.dynamodb.imported_identities import DynamoDBImportedIdentities
from edge_auth.clock import now_ms
from edge_auth.credentials.profiles import MAX_DECLARED, checked_profiles
from edge_auth.flows.accounts.import_users import ImportUsers, Result
from edge_auth.flows.ports.imported_identities import Imported
from edge_auth.tokens.refresh_token import new_id

DESCRIPTION = """\
Adds the users of another system with their password hashes, so that they log in with the passwords they have. The first
login renews a hash. Nobody is added twice: if the command stops, run it again. docs/guides/import.md says how to export
the users of each system.
"""
GOES_ON = "a part may be done; run the same command again: it adds nobody twice"


class CannotImport(Exception):
    """The file cannot be imported into this stack. The text says why. Nothing was done."""


@dataclass(frozen=True, slots=True)
class Importing:
    """One file on its way into one stack."""

    file: UserFile
    stack: Stack
    report: str
    ids: str
    seen: Survey

    def __call__(self) -> None:
        """Add the users, and print how many."""
        out, stop = self.stack.out, Event()
        table = DynamoDBImportedIdentities(dynamodb_client(), table=self.stack.deployment.identities_table)
        add = ImportUsers(table, pause=partial(_wait, stop))
        progress = Progress(
            self.seen.users, tell=out.tell, draw=out.draw if sys.stderr.isatty() else None, seconds=time.monotonic
        )
        results = Counter[Result]()
        with Lines(self.report) as report, Lines(self.ids) as ids:
            refusals = Refusals(report)
            with closing(add_all(self._users(refusals), add, stop=stop)) as all_done:  # also after Ctrl-C
                for placed, outcome in all_done:
                    results[outcome.result] += 1
                    if outcome.result is Result.NAME_TAKEN:
                        refusals.add(placed.place, "another user has the user name")
                    else:
                        name = placed.user.identity.username
                        ids.write(id=placed.source_id, username=name, user_id=outcome.user_id)
                    progress.show(results.total())
        progress.end()
        _tell_refusals(refusals, out)
        out.say(
            f"added {results[Result.ADDED]} users, {results[Result.KNOWN]} were imported before, "
            f"{refusals.count} records not taken"
        )

    def _users(self, refusals: Refusals) -> Iterator[Placed]:
        for place, user in self.file.users(refusals.add):
            identity = replace(user.identity, user_id=new_id(secrets.token_bytes))
            yield Placed(place, user.source_id, Imported(identity, self.file.source_of(user)))


def add_command(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `edge-auth users`."""
    command = acts.add_parser("import", help="add the users of another system from a file", description=DESCRIPTION)
    command.add_argument("file", metavar="FILE", type=Path, help="the exported users")
    command.add_argument("--format", choices=FORMATS, default="jsonl", help="the system or form (default: jsonl)")
    command.add_argument("--dry-run", action="store_true", help="only look at the file, and say what would be taken")
    command.add_argument("--report", default="", metavar="FILE", help="write each record that is not taken, and why")
    command.add_argument("--ids", default="", metavar="FILE", help="write the old id and the new user id of each user")
    command.add_argument(
        "--source",
        default="",
        metavar="NAME",
        help="a name for the system, the same at each run: then an id of it stands for the same user, whatever name",
    )
    command.add_argument("--username-from", choices=(USERNAME, EMAIL), default="", help="what becomes the user name")
    command.add_argument("--hash-config", default="", metavar="FILE", help="the parameters of Firebase's hashes")
    command.add_argument("--without-password", action="store_true", help="also take users without a password")
    command.add_argument(
        "--skip-undeclared", action="store_true", help="leave users out whose hashes PasswordProfiles does not have"
    )
    command.set_defaults(open=lambda stack: stack, act=import_users, name="users import")


def import_users(stack: Stack, options: argparse.Namespace) -> Act | None:
    """Look at the file, and return the act that adds its users."""
    _check_files(options)
    file, declared = _file(options), stack.deployment.password_profiles
    seen, refusals = _look(file, options.report)
    missing = _undeclared(seen, declared)
    if missing and options.skip_undeclared:
        file = file._replace(skipped=frozenset(missing))
        seen, refusals = _look(file, options.report)
    elif missing and not options.dry_run:
        raise CannotImport(
            f"PasswordProfiles does not have {', '.join(missing)}. Deploy the stack with "
            f"""'PasswordProfiles="{_value(declared, missing)}"' first, """
            "or leave the users of other kinds out with --skip-undeclared; nothing was done"
        )
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(seen.kinds.items()))
    stack.out.tell(f"{options.file} has {seen.users} users ({kinds or 'none'}); {refusals.count} records not taken")
    if options.dry_run:
        _tell_refusals(refusals, stack.out)
        if missing and not options.skip_undeclared:
            stack.out.tell(f"PasswordProfiles does not have {', '.join(missing)}.")
        stack.out.say(f"would take up to {seen.users} users; nothing was done")
        return None
    return Act(
        do=Importing(file, stack, options.report, options.ids, seen),
        unclear=GOES_ON,
        say=stack.out.tell,
        user_id="",
        warning=f"This adds up to {seen.users} users.",
        question=None,
        details={"format": options.format, "users": seen.users},
    )


def _check_files(options: argparse.Namespace) -> None:
    """Check that the users can be read twice, and that no file is written over another one. Raises CannotImport."""
    if options.file.exists() and not options.file.is_file():
        # A pipe is empty the second time: nobody would be added, and the command would succeed.
        raise CannotImport(f"{options.file} is no regular file, and it would be read twice; nothing was done")
    given = [path for path in (str(options.file), options.report, options.ids, options.hash_config) if path]
    if len({Path(path).resolve() for path in given}) != len(given):
        raise CannotImport("two of the files that you gave are the same; nothing was done")


def _file(options: argparse.Namespace) -> UserFile:
    now_seconds = now_ms() // 1000
    project = firebase_project(Path(options.hash_config)) if options.hash_config else None
    source = sources(project, now_seconds=now_seconds)[options.format]
    return UserFile(
        path=options.file,
        format_name=options.format,
        source=source,
        system=options.source,
        name=options.username_from or source.name,
        may_lack_password=options.without_password,
        now_seconds=now_seconds,
    )


def _look(file: UserFile, report_path: str) -> tuple[Survey, Refusals]:
    """Read the whole file, and add nobody."""
    survey = Survey()
    with Lines(report_path) as report:
        refusals = Refusals(report)
        for _place, user in file.users(refusals.add):
            survey.add(user)
    return survey, refusals


def _undeclared(survey: Survey, declared: str) -> list[str]:
    """Return the kinds that the deployment does not check, the most frequent first."""
    known = {NO_PASSWORD, *(kind.declaration for kind in checked_profiles(declared))}
    return [kind for kind, _ in survey.kinds.most_common() if kind not in known]


def _value(declared: str, missing: list[str]) -> str:
    """Return the value for the parameter, with the most frequent kinds if there are too many."""
    return ";".join([*declared.replace(";", " ").split(), *missing][:MAX_DECLARED])


def _tell_refusals(refusals: Refusals, out: Output) -> None:
    for line in refusals.first:
        out.tell(line)
    more = refusals.count - len(refusals.first)
    if more > 0:
        out.tell(f"and {more} more; --report FILE has all of them")


def _wait(stop: Event, seconds: float) -> None:
    """Wait, unless the import ends."""
    stop.wait(seconds)
