"""How many users a second an import adds, on a real engine: a first run, and a second one that finds all of them.

The file is read, checked and written as `./edge-auth users import` does it, with its threads and its batches. Importer
and engine share this machine, so the result is the limit of this machine, not the limit of DynamoDB.
"""

import json
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

from admin.imports.file import UserFile
from admin.imports.run import THREADS, USERS_OF_A_BATCH, Placed, add_all
from admin.imports.sources import sources
from benchmarks.frame.results import Figures, markdown
from benchmarks.requests.deployment import Deployment, deployed
from benchmarks.requests.engine import running_engine
from edge_auth.adapters.dynamodb.imported_identities import DynamoDBImportedIdentities
from edge_auth.flows.accounts.import_users import ImportUsers, Result
from edge_auth.flows.ports.imported_identities import Imported
from edge_auth.tokens.refresh_token import new_id

USERS, QUICK_USERS = 20_000, 200
WARM_UP = 2000  # users, until Java has compiled the code that it runs
# A hash of bcrypt, which an import reads and does not compute.
HASH = "$2b$10$.qHPp/srqo1NAAAAAvlkmOdqAbH2Rg0qPv2Txj3ZwXfjJnewSjc4m"


def measure(*, quick: bool) -> Figures:
    """Import a file twice. Return `runs`: the users, the seconds, and what became of the users.

    Raises MissingTool: this machine has no engine. Raises RuntimeError: a user was not added, or came twice.
    """
    users, warm_up = (QUICK_USERS, QUICK_USERS) if quick else (USERS, WARM_UP)
    with running_engine() as engine, deployed(engine.endpoint) as deployment, tempfile.TemporaryDirectory() as folder:
        _run(deployment, _written(Path(folder) / "first.jsonl", "warm-up", warm_up))
        path = _written(Path(folder) / "users.jsonl", "user", users)
        runs = [{"run": name, **_run(deployment, path)} for name in ("first", "second")]
    if [run["results"] for run in runs] != [{Result.ADDED.value: users}, {Result.KNOWN.value: users}]:
        raise RuntimeError("a user was not added, or came twice")
    return {"engine": engine.name, "threads": THREADS, "users_of_a_batch": USERS_OF_A_BATCH, "runs": runs}


def table(figures: Figures) -> str:
    """Return the users a second of both runs."""
    rows = ((run["run"], f"{run['users']:,}", f"{run['users'] / run['seconds']:.0f}") for run in figures["runs"])
    batches = f"{figures['threads']} threads, {figures['users_of_a_batch']} users in a transaction of 3 items each."
    return (
        f"{markdown(['run', 'users of the file', 'users a second'], rows)}\n\n"
        f"{batches} {figures['engine']}, in memory, on the same machine."
    )


def _written(path: Path, name: str, count: int) -> Path:
    """Write a file of JSON Lines."""
    records = (
        {"id": f"{name}-{number}", "username": f"{name}{number}@example.com", "password_hash": HASH}
        for number in range(count)
    )
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def _run(deployment: Deployment, path: Path) -> dict[str, object]:
    now_seconds = int(time.time())
    source = sources(None, now_seconds=now_seconds)["jsonl"]
    file = UserFile(path, "jsonl", source, "", source.name, may_lack_password=False, now_seconds=now_seconds)
    imported = DynamoDBImportedIdentities(deployment.client, table=deployment.tables["IdentitiesTable"])
    stop = Event()
    add = ImportUsers(imported, pause=time.sleep)
    begin = time.perf_counter()
    results = Counter(done.outcome.result.value for done in add_all(_placed(file), add, stop=stop))
    return {"users": results.total(), "seconds": time.perf_counter() - begin, "results": dict(results)}


def _placed(file: UserFile) -> Iterator[Placed]:
    for place, user in file.users(_refused):
        identity = replace(user.identity, user_id=new_id(secrets.token_bytes))
        yield Placed(place, user.source_id, Imported(identity, file.source_of(user)))


def _refused(place: str, reason: str) -> None:
    raise RuntimeError(f"{place}: {reason}")
