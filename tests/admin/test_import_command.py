"""`./edge-auth users import`: what it adds, what it leaves behind, and what it says."""

import json
import os
import re
import shlex
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import bcrypt
import pytest

from admin.imports.hash_texts import read_hash
from admin.imports.outputs import Progress
from admin.imports.run import BATCHES_AHEAD, USERS_OF_A_BATCH, Placed, add_all
from edge_auth.accounts.identity import DISABLED, UNCONFIRMED, Identity
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.errors import TemporarilyUnavailable, UnknownUser
from edge_auth.flows.accounts.import_users import Outcome, Result
from edge_auth.flows.ports.imported_identities import Imported
from tests.admin.conftest import IDENTITIES, PASSWORD, Command, Logs, Stacks
from tests.support import memory_aws
from tests.support.dynamodb.records import ADA, BOB
from tests.support.sam_parameters import parameters_of

HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


def user(number: int, **members: object) -> dict[str, object]:
    """Return a record."""
    return {"id": f"old-{number}", "username": f"user{number}", "password_hash": HASH, **members}


@pytest.fixture
def path(tmp_path: Path, stacks: Stacks) -> Path:
    """Return the path of a file with three users, two records that cannot be taken, and one taken name."""
    stacks.parameters["PasswordProfiles"] = "bcrypt:c=4"
    records = [user(1), user(2, roles=["admin"]), user(3, password_hash=""), user(4, role="x"), user(5), user(6)]
    path = tmp_path / "users.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def members(path: Path) -> list[dict[str, str]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def stored() -> int:
    """Return how many items the table of users has."""
    return len(memory_aws.contents(f"admin-{IDENTITIES}"))


def test_an_import_adds_users_and_reports_the_others(
    command: Command, identities: DynamoDBIdentities, path: Path, tmp_path: Path
) -> None:
    """The new users have drawn ids, which the file of ids connects with the old ones. The report has no secret."""
    identities.create(Identity(BOB.user_id, "user6", "", "active", 0, 1))
    report, ids = tmp_path / "report", tmp_path / "ids"

    outcome = command("users", "import", str(path), "--report", str(report), "--ids", str(ids))

    assert (outcome.status, outcome.out) == (0, "added 3 users, 0 were imported before, 3 records not taken\n")
    assert members(report) == [
        {"at": "line 3", "reason": "the user has no password"},
        {"at": "line 4", "reason": "the member 'role' is not known"},
        {"at": "line 6", "reason": "another user has the user name"},
    ]
    added = [identities.find(f"user{number}") for number in (1, 2, 5)]
    assert members(ids) == [
        {"id": f"old-{number}", "username": f"user{number}", "user_id": one.user_id}
        for number, one in zip((1, 2, 5), added, strict=True)
    ]
    assert [one.roles for one in added] == [(), ("admin",), ()]
    assert identities.find("user6").user_id == BOB.user_id
    assert "4 users (4 bcrypt:c=4); 2 records not taken" in outcome.err
    assert HASH[10:] not in outcome.out + outcome.err + report.read_text()


@pytest.mark.parametrize("format_name", ["jsonl", "edge-auth", "auth0", "django"])
def test_a_pipe_is_refused_before_anything_is_done(command: Command, path: Path, logs: Logs, format_name: str) -> None:
    """The file is read twice, and a pipe would be empty the second time: an import of nobody that succeeds."""
    reader, writer = os.pipe()
    os.write(writer, path.read_bytes())
    os.close(writer)

    outcome = command("users", "import", f"/dev/fd/{reader}", "--format", format_name)
    os.close(reader)

    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.endswith(f"/dev/fd/{reader} is no regular file, and it would be read twice; nothing was done\n")
    assert (stored(), logs.lines) == (0, [])


def test_a_fifo_is_refused_as_well(command: Command, tmp_path: Path, logs: Logs) -> None:
    """It is not even opened: that would wait for somebody who writes."""
    fifo = tmp_path / "users.jsonl"
    os.mkfifo(fifo)

    outcome = command("users", "import", str(fifo), "--dry-run")

    assert outcome.status == 1
    assert outcome.err.endswith("users.jsonl is no regular file, and it would be read twice; nothing was done\n")
    assert logs.lines == []


def test_a_second_run_takes_nobody_twice(
    command: Command, identities: DynamoDBIdentities, path: Path, tmp_path: Path
) -> None:
    """Not those who were deleted or have a new password since, either. The file of ids is whole again."""
    ids = tmp_path / "ids"
    command("users", "import", str(path))
    first = {number: identities.find(f"user{number}").user_id for number in (1, 2, 5, 6)}
    command("users", "delete", "user1", "--yes")
    before = memory_aws.contents(f"admin-{IDENTITIES}")

    outcome = command("users", "import", str(path), "--ids", str(ids))

    assert outcome.out == "added 0 users, 4 were imported before, 2 records not taken\n"
    assert memory_aws.contents(f"admin-{IDENTITIES}") == before
    assert [(one["id"], one["user_id"]) for one in members(ids)] == [
        (f"old-{number}", user_id) for number, user_id in first.items()
    ]
    with pytest.raises(UnknownUser):
        identities.find("user1")


def test_a_look_changes_nothing(command: Command, path: Path, logs: Logs) -> None:
    """`--dry-run` says what would be taken and why the others would not be."""
    outcome = command("users", "import", str(path), "--dry-run")

    assert (outcome.status, outcome.out) == (0, "would take up to 4 users; nothing was done\n")
    assert "line 3: the user has no password\n" in outcome.err
    assert (stored(), logs.lines) == (0, [])


@pytest.mark.parametrize(("declared", "value"), [("", "bcrypt:c=4"), ("m=64,t=1,p=1", "m=64,t=1,p=1;bcrypt:c=4")])
def test_kinds_that_no_login_would_check_are_named_before_anything_is_done(
    command: Command, stacks: Stacks, path: Path, declared: str, value: str
) -> None:
    """The line has the value for the deployment: users who are there before it could not log in."""
    stacks.parameters["PasswordProfiles"] = declared

    outcome = command("users", "import", str(path))

    assert outcome.status == 1
    assert "PasswordProfiles does not have bcrypt:c=4. Deploy the stack with" in outcome.err
    [word] = shlex.split(re.findall(r"with ('\S+') first", outcome.err)[0])
    assert parameters_of([word]) == [{"PasswordProfiles": value}]
    assert outcome.err.endswith("nothing was done\n")
    assert stored() == 0


def test_of_too_many_kinds_the_frequent_ones_are_proposed(command: Command, stacks: Stacks, path: Path) -> None:
    """The parameter takes six. A Django project has a kind for each version under which a user has logged in."""
    hashes = [
        f"pbkdf2_sha256${1000 + kind}$KuLzWY4QyJwh${'A' * 43}="
        for kind in range(8)
        for _ in range(1 if kind < 2 else 2)
    ]
    path.write_text("".join(json.dumps(user(n, password_hash=each)) + "\n" for n, each in enumerate(hashes)))
    stacks.parameters["PasswordProfiles"] = ""

    said = command("users", "import", str(path)).err

    [value] = re.findall('PasswordProfiles="([^"]+)"', said)
    assert value.split(";") == [f"pbkdf2-sha256:i={1000 + kind},l=32" for kind in range(2, 8)]
    assert "pbkdf2-sha256:i=1000,l=32" in said


def test_ctrl_c_says_what_to_do(command: Command, path: Path, logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The act has begun, so the line does not say that nothing was done."""

    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("admin.user_import.add_all", interrupted)
    outcome = command("users", "import", str(path))

    assert outcome.status == 130
    assert outcome.err.endswith("interrupted; a part may be done; run the same command again: it adds nobody twice\n")
    assert [line["state"] for line in logs.lines] == ["begun", "failed"]


def test_users_with_such_hashes_can_be_left_out(
    command: Command, stacks: Stacks, identities: DynamoDBIdentities, path: Path, tmp_path: Path
) -> None:
    """Each undeclared kind makes every wrong password slower, so a few users may not be worth it."""
    stacks.parameters["PasswordProfiles"] = ""
    ours = user(7, password_hash="$argon2id$v=19$m=19456,t=2,p=1$" + "A" * 22 + "$" + "A" * 43)
    path.write_text(json.dumps(user(1)) + "\n" + json.dumps(ours) + "\n")

    outcome = command("users", "import", str(path), "--skip-undeclared", "--report", str(tmp_path / "report"))

    assert outcome.out == "added 1 users, 0 were imported before, 1 records not taken\n"
    assert members(tmp_path / "report") == [{"at": "line 1", "reason": "PasswordProfiles does not have bcrypt:c=4"}]
    assert identities.find("user7").user_id


def test_an_import_is_recorded(command: Command, path: Path, logs: Logs) -> None:
    """Once for all users: the format and their number, and no name."""
    command("users", "import", str(path))

    assert [(line["act"], line["state"], line["format"], line["users"]) for line in logs.lines] == [
        ("users import", "begun", "jsonl", 4),
        ("users import", "done", "jsonl", 4),
    ]
    assert "user1" not in json.dumps(logs.lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "FileNotFoundError"),
        (["{path}", "--format", "firebase"], "the file is no JSON document with an array 'users'"),
        (["{path}", "--hash-config", "{path}.config"], "the file of --hash-config has no"),
    ],
)
def test_what_cannot_be_read_is_one_line(command: Command, path: Path, arguments: list[str], said: str) -> None:
    """Nothing was done."""
    path.with_name(f"{path.name}.config").write_text("hash_config {}")

    outcome = command("users", "import", *(argument.format(path=path) for argument in arguments))

    assert outcome.status == 1
    assert outcome.err.startswith("edge-auth: ")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("options", [("--report", "{path}"), ("--ids", "{path}"), ("--report", "x", "--ids", "./x")])
def test_no_file_is_written_over_another_one(command: Command, path: Path, options: tuple[str, ...]) -> None:
    """The export may be the only one there is."""
    before = path.read_text()

    outcome = command("users", "import", str(path), *(option.format(path=path) for option in options))

    assert (outcome.status, stored(), path.read_text()) == (1, 0, before)
    assert outcome.err == "edge-auth: two of the files that you gave are the same; nothing was done\n"


def placed(count: int) -> list[Placed]:
    """Return users."""
    return [Placed(f"line {number}", str(number), Imported(ADA, str(number))) for number in range(count)]


def test_results_come_in_the_order_of_the_file() -> None:
    """Batches are side by side, and a later one may end first."""
    first_may_end = threading.Event()

    def add(users: Sequence[Imported]) -> tuple[Outcome, ...]:
        if users[0].source == "0":
            assert first_may_end.wait(10)
        else:
            first_may_end.set()
        return tuple(Outcome(Result.ADDED, user.source) for user in users)

    done = [*add_all(placed(60), add, stop=threading.Event())]

    assert [one.outcome.user_id for one in done] == [str(number) for number in range(60)]
    assert all(one.placed.source_id == one.outcome.user_id for one in done)


def test_after_a_failure_no_other_batch_begins() -> None:
    """The operator runs the command again. Those that wait for a busy table stop waiting."""
    begun, stop = list[str](), threading.Event()

    def add(users: Sequence[Imported]) -> tuple[Outcome, ...]:
        begun.append(users[0].source)
        raise TemporarilyUnavailable("busy")

    with pytest.raises(TemporarilyUnavailable):
        [*add_all(placed(USERS_OF_A_BATCH * 1000), add, stop=stop)]
    assert len(begun) <= BATCHES_AHEAD + 1
    assert stop.is_set()


def test_ctrl_c_lets_the_begun_batches_end() -> None:
    """Each one is whole, and the operator is told to run the command again."""
    ended = list[str]()

    def add(users: Sequence[Imported]) -> tuple[Outcome, ...]:
        ended.append(users[0].source)
        return tuple(Outcome(Result.ADDED, user.source) for user in users)

    results = add_all(placed(USERS_OF_A_BATCH * 1000), add, stop=threading.Event())
    next(results)
    results.close()
    assert 1 <= len(ended) <= BATCHES_AHEAD + 1


def test_a_bar_shows_how_far_an_import_is() -> None:
    """On a terminal at most five times a second, and always at the end."""
    drawn, now = list[str](), [0.0]
    bar = Progress(200, tell=drawn.append, draw=drawn.append, seconds=lambda: now[0])
    for done, seconds in ((10, 0.05), (50, 0.5), (51, 0.6), (200, 0.61)):
        now[0] = seconds
        bar.show(done)
    bar.end()

    assert drawn == [
        f"[{'#' * 7}{'.' * 23}] 50 of 200 users, 100 a second, 2 s left",
        f"[{'#' * 30}] 200 of 200 users, 328 a second, 0 s left",
        "",
    ]


def test_without_a_terminal_there_are_a_few_lines() -> None:
    """A log has no use for a bar that moves."""
    told, now = list[str](), [0.0]
    lines = Progress(200, tell=told.append, draw=None, seconds=lambda: now[0])
    for done in range(1, 200):
        now[0] = done / 10
        lines.show(done)
    lines.end()

    assert [line.split("] ")[1] for line in told] == ["100 of 200 users, 10 a second, 10 s left"]


def test_what_one_stack_exports_another_one_imports(
    command: Command, identities: DynamoDBIdentities, stacks: Stacks, tmp_path: Path
) -> None:
    """With rights, own claims, address and language. The user id is another one, so the user has no old sessions."""
    stacks.parameters["PasswordProfiles"] = "bcrypt:c=4"
    person = replace(
        ADA,
        username="ada@example.com",
        password_hash=read_hash(HASH).stored,
        status=DISABLED,
        created_at_seconds=1_700_000_000,
        epoch=0,
        scope="read",
        roles=("admin",),
        claims={"acme:tenant": "blue", "acme:teams": ("a", "b"), "acme:level": 3},
        email="ada@mail.example",
        email_verified_at_seconds=1,
        language="de-AT",
    )
    identities.create(person)
    exported = command("users", "export", "--all", "--with-password-hashes", "--yes")
    assert exported.status == 0
    identities.delete(person)
    path = tmp_path / "export.jsonl"
    path.write_text(exported.out)

    outcome = command("users", "import", str(path), "--format", "edge-auth")

    assert (outcome.status, outcome.out) == (0, "added 1 users, 0 were imported before, 0 records not taken\n")
    found = identities.find("ada@example.com")
    assert found.user_id != person.user_id
    assert found.email_verified_at_seconds > 1, "confirmed, at the time of the import"
    same = {"user_id": person.user_id, "email_verified_at_seconds": 1}
    assert replace(found, **same) == person  # type: ignore[arg-type]  # the fields of an identity


def test_a_user_who_waits_for_the_confirmation_waits_in_the_next_stack(
    command: Command, identities: DynamoDBIdentities, stacks: Stacks, tmp_path: Path
) -> None:
    """SC1: nobody becomes active without the confirmation, also if an operator disables and enables the user there."""
    stacks.parameters["PasswordProfiles"] = "bcrypt:c=4"
    waiting = replace(
        ADA,
        password_hash=read_hash(HASH).stored,
        status=UNCONFIRMED,
        created_at_seconds=1_700_000_000,
        email="ada@mail.example",
    )
    identities.create(waiting)
    path = tmp_path / "export.jsonl"
    path.write_text(command("users", "export", "--all", "--with-password-hashes", "--yes").out)
    identities.delete(waiting)

    outcome = command("users", "import", str(path), "--format", "edge-auth")

    assert (outcome.status, outcome.out) == (0, "added 1 users, 0 were imported before, 0 records not taken\n")
    assert identities.find(ADA.username).status == UNCONFIRMED
    for act in ("disable", "enable"):
        assert command("users", act, ADA.username).status == 0
    assert identities.find(ADA.username).status == UNCONFIRMED
