"""The requests and capacity units of each operation in DynamoDB and Secrets Manager, counted at the SDK's clients.

The functions are the real ones, on a real engine. The refresh is compared with other designs (`peers.patterns`).
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from unittest.mock import MagicMock, patch

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from benchmarks.frame.results import Figures, markdown
from benchmarks.peers.patterns import PATTERNS, QUOTED
from benchmarks.requests import events, feed
from benchmarks.requests.deployment import Deployment, deployed
from benchmarks.requests.engine import UNITS_ARE_DYNAMODBS, running_engine
from benchmarks.requests.events import BAD_REQUEST, CREATED, NO_CONTENT, TOO_MANY, UNAUTHORIZED
from benchmarks.requests.functions import Functions, running
from benchmarks.requests.wire import Wire
from edge_auth.credentials import passwords
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from tests.support.dynamodb.tables import create_table
from tests.support.people import WRONG_PASSWORD
from tests.support.sample_events import Event

SESSIONS = 10  # of the user who lists all sessions, and logs out of all
NEW_PASSWORD = "a quite different long passphrase"
REUSED = "refresh, reused"
LOGOUT_OF_ALL = f"logout of all {SESSIONS} sessions"
NEW_PASSWORD_ENDS = f"new password, ends {SESSIONS - 1} sessions"
NO_FEED, WITHOUT_FEED = {"RevocationSeconds": "0"}, ", without the feed"
FIRST_READ = f"authorizer's first read, {feed.ENDED:,} sessions ended"
LATER_READ = "authorizer's later read, 3 ends a second"

BUDGETS: Mapping[tuple[str, str], float] = {
    ("refresh, rotated", "requests"): 1,
    ("refresh, rotated", "write_units"): 1,
    ("refresh, rotated", "read_units"): 0,
    ("refresh, forged", "requests"): 0,
    ("login", "requests"): 6,
    ("login", "argon2"): 1,
    ("logout", "requests"): 2,
    (FIRST_READ, "read_units"): 12,
    (LATER_READ, "read_units"): 1,
}
# How many requests more an operation may make than with RevocationSeconds=0. An end of many sessions also asks which of
# them ended in the last hour. A logout of all publishes its own session by itself, after the others have ended.
FEED_BUDGETS: Mapping[str, int] = {"logout": 1, LOGOUT_OF_ALL: 3, REUSED: 1, NEW_PASSWORD_ENDS: 2}

Act = Callable[[], object]
Counts = dict[str, dict[str, Any]]


def measure(*, quick: bool) -> Figures:  # noqa: ARG001 - counts need no rounds
    """Return `operations`, and `peers`: the refreshes of other designs. Raises MissingTool: there is no engine."""
    with running_engine() as engine, deployed(engine.endpoint) as deployment:
        operations = {**counts(deployment), **counts_of_reads(deployment)}
        return {"engine": engine.name, "operations": operations, "peers": counts_of_peers(deployment)}


def counts(deployment: Deployment) -> Counts:
    """Return the counts of each operation (`Wire.counts`, and `argon2`), by its name."""
    with running(deployment) as functions:
        return {name: _counted(functions.wire, act) for name, act in _operations(functions)}


def counts_of_reads(deployment: Deployment) -> Counts:
    """Return the counts of an authorizer's reads of a full feed, in a table of its own."""
    client, table, now_seconds = deployment.client, f"feed-{uuid.uuid4().hex}", int(time.time())
    create_table(client, "RevocationsTable", table)
    feed.fill(client, table, now_seconds=now_seconds)
    wire = Wire()
    wire.watch(client.meta.events)
    rows: Counts = {}
    for name, seconds in ((FIRST_READ, feed.LIFE_SECONDS), (LATER_READ, feed.LATER_SECONDS)):
        wire.forget()
        feed.read(client, table, since_seconds=now_seconds - seconds)
        rows[name] = {**wire.counts(), "argon2": 0}
    client.delete_table(TableName=table)
    return rows


def counts_of_peers(deployment: Deployment) -> Counts:
    """Return reads, writes and units of the refreshes of other designs, by name."""
    rows: Counts = {}
    wire, client = Wire(), deployment.client
    wire.watch(client.meta.events)
    for name, pattern in PATTERNS.items():
        table = f"{name}-{uuid.uuid4().hex}"
        pattern.create_table(client, table)
        refresh = pattern.begin(client, table)
        wire.forget()
        refresh()
        counted = wire.counts()
        client.delete_table(TableName=table)
        reads = counted["operations"]["GetItem"]
        rows[name] = {**counted, "reads": reads, "writes": counted["requests"] - reads, "how": pattern.how}
    for name, (reads, writes) in QUOTED.items():
        rows[name] = {"reads": reads, "writes": writes, "how": "quoted, not run"}
    return rows


def table(figures: Figures) -> str:
    """Return one row for each operation, and the budgets that are not kept."""
    columns = ("requests", "read_units", "write_units", "refused", "argon2", "secret_requests")
    head = ("operation", "requests", "read units", "write units", "of them refused", "Argon2id", "Secrets Manager")
    rows = [(name, *(f"{row[of]:g}" for of in columns)) for name, row in figures["operations"].items()]
    operations = figures["operations"]
    counted = {key: (operations[key[0]][key[1]], budget) for key, budget in BUDGETS.items() if key[0] in operations}
    for name, budget in FEED_BUDGETS.items():
        if without := operations.get(f"{name}{WITHOUT_FEED}"):
            counted[name, "requests for the feed"] = (operations[name]["requests"] - without["requests"], budget)
    missed = [
        f"{name}, {of}: {count:g} of {budget:g}" for (name, of), (count, budget) in counted.items() if count > budget
    ]
    kept = f"Budgets kept: {len(counted) - len(missed)} of {len(counted)}."
    login = ", ".join(f"{count} {name}" for name, count in figures["operations"]["login"]["operations"].items())
    return (
        f"{markdown(head, rows)}\n\n{kept} Not kept: {'; '.join(missed) or 'none'}.\n"
        f"A login is {login}; UpdateItem are counters.\n\n{figures['engine']}. {UNITS_ARE_DYNAMODBS}"
    )


def refresh_table(figures: Figures) -> str:
    """Return the refresh of edge-auth, and those of other designs."""
    ours = figures["operations"]["refresh, rotated"]
    reads = ours["operations"].get("GetItem", 0) + ours["operations"].get("Query", 0)
    named = {"**edge-auth**": {**ours, "reads": reads, "writes": ours["requests"] - reads, "how": "run"}}
    rows = [
        (name, row["reads"], row["writes"], _units(row, "read_units"), _units(row, "write_units"), row["how"])
        for name, row in {**named, **figures["peers"]}.items()
    ]
    return markdown(("a refresh of", "reads", "writes", "read units", "write units", "how"), rows)


def _units(row: Mapping[str, Any], of: str) -> str:
    return f"{row[of]:g}" if of in row else ""


def _counted(wire: Wire, act: Act) -> dict[str, Any]:
    argon2id = MagicMock(wraps=Argon2id)
    with patch.object(passwords, "Argon2id", argon2id):
        wire.forget()
        act()
        counted = wire.counts()
    return {**counted, "argon2": argon2id.call_count + argon2id.verify_phc_encoded.call_count}


def _operations(functions: Functions) -> Iterator[tuple[str, Act]]:
    """Prepare the state of each operation, and yield it. The caller must do it before it asks for the next one.

    The operations named cold are the first calls of functions that read the key ring.
    """
    deployment, start = functions.deployment, functions.start
    login, refresh, logout = start("login"), start("refresh"), start("logout")
    strict_refresh = start("refresh", {"RotationGraceSeconds": "0"})
    user_id = deployment.add_user("ada")

    def token() -> str:
        return deployment.add_session(user_id)[1]

    yield "login, cold", partial(login, events.login("ada"))
    yield "login", partial(login, events.login("ada"))
    yield "login, wrong password", partial(login, events.login("ada", WRONG_PASSWORD), UNAUTHORIZED)
    deployment.add_user("eve")
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        login(events.login("eve", WRONG_PASSWORD), UNAUTHORIZED)
    yield "login, throttled", partial(login, events.login("eve", WRONG_PASSWORD), TOO_MANY)

    yield "refresh, cold", partial(refresh, events.refresh(token()))
    yield "refresh, rotated", partial(refresh, events.refresh(token()))
    successor = refresh(events.refresh(token()))["refresh_token"]
    yield "refresh, coalesced", partial(refresh, events.refresh(successor))
    first = token()
    refresh(events.refresh(first))
    yield "refresh, converged", partial(refresh, events.refresh(first))
    first = token()
    forged = first[:-2] + ("A" if first[-2] != "A" else "B") + first[-1]
    yield "refresh, forged", partial(refresh, events.refresh(forged), BAD_REQUEST)
    strict_refresh(events.refresh(first))
    yield REUSED, partial(strict_refresh, events.refresh(first), BAD_REQUEST)

    yield "logout, cold", partial(logout, events.logout(token()), NO_CONTENT)
    first = token()
    yield "logout", partial(logout, events.logout(first), NO_CONTENT)
    yield "refresh, after logout", partial(refresh, events.refresh(first), BAD_REQUEST)
    yield LOGOUT_OF_ALL, partial(logout, _everywhere(deployment), NO_CONTENT)

    own_sessions = start("sessions")
    sessions, caller = _user_with_sessions(deployment)
    yield f"list of {SESSIONS} sessions", partial(own_sessions, events.event("sessions", caller))
    end = events.event("sessions-end", caller, pathParameters={"session_id": sessions[1][0]})
    yield "end of another session", partial(own_sessions, end, NO_CONTENT)
    yield NEW_PASSWORD_ENDS, partial(start("password"), _new_password(deployment), NO_CONTENT)
    yield "registration", partial(start("register"), events.register(), CREATED)
    yield from _without_feed(functions)


def _without_feed(functions: Functions) -> Iterator[tuple[str, Act]]:
    """Yield the operations that end sessions, as they are where nobody is told of the ends."""
    deployment, start = functions.deployment, functions.start
    refresh, logout = start("refresh", {**NO_FEED, "RotationGraceSeconds": "0"}), start("logout", NO_FEED)
    _, user_id = deployment.new_user()
    first, second, third = (deployment.add_session(user_id)[1] for _ in range(3))
    logout(events.logout(first), NO_CONTENT)  # it is warm then
    refresh(events.refresh(second))

    yield f"{REUSED}{WITHOUT_FEED}", partial(refresh, events.refresh(second), BAD_REQUEST)
    yield f"logout{WITHOUT_FEED}", partial(logout, events.logout(third), NO_CONTENT)
    yield f"{LOGOUT_OF_ALL}{WITHOUT_FEED}", partial(logout, _everywhere(deployment), NO_CONTENT)
    password = start("password", NO_FEED)
    yield f"{NEW_PASSWORD_ENDS}{WITHOUT_FEED}", partial(password, _new_password(deployment), NO_CONTENT)


def _user_with_sessions(deployment: Deployment) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Return the sessions of a new user, and the authorizer's context for the first session."""
    _, user_id = deployment.new_user()
    sessions = [deployment.add_session(user_id) for _ in range(SESSIONS)]
    return sessions, {"sub": user_id, "sid": sessions[0][0]}


def _everywhere(deployment: Deployment) -> Event:
    sessions, _ = _user_with_sessions(deployment)
    return events.logout(sessions[0][1], everywhere=True)


def _new_password(deployment: Deployment) -> Event:
    _, caller = _user_with_sessions(deployment)
    return events.password_change(caller, NEW_PASSWORD)
