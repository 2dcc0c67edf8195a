"""What each operation asks of DynamoDB and Secrets Manager: requests and capacity units, counted at the wire.

The functions are the real ones, on a real engine. Beside the refresh, those of others (`patterns`).
"""

import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock, patch

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from benchmarks.deployment import Deployment, add_user, deployed
from benchmarks.engine import UNITS_ARE_DYNAMODBS, Engine, with_engine
from benchmarks.instances import (
    Instances,
    caller_event,
    login_event,
    logout_event,
    password_event,
    refresh_event,
    register_event,
    succeeded,
)
from benchmarks.patterns import (
    QUOTED,
    OpenAuth,
    SuperTokens,
    create_openauth_table,
    create_supertokens_table,
)
from benchmarks.results import Figures
from benchmarks.wire import Wire
from edge_auth.credentials import passwords
from edge_auth.throttling.limits import ACCOUNT_BACKOFF

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SESSIONS = 10  # of the user who logs out everywhere, and lists them
WRONG = "certainly not the password"
NEW_PASSWORD = "a quite different long passphrase"
BAD_REQUEST, UNAUTHORIZED, TOO_MANY, CREATED, NO_CONTENT = 400, 401, 429, 201, 204

BUDGETS: Mapping[tuple[str, str], float] = {
    ("refresh, rotated", "requests"): 1,
    ("refresh, rotated", "write_units"): 1,
    ("refresh, rotated", "read_units"): 0,
    ("refresh, forged", "requests"): 0,
    ("login", "requests"): 3,
    ("login", "argon2"): 1,
    ("logout", "requests"): 1,
}


def measure(*, quick: bool) -> Figures:  # noqa: ARG001 - counts need no rounds
    """Count every operation, and the refreshes of others."""
    return with_engine(counted_on)


def counted_on(engine: Engine) -> Figures:
    """Count on this engine. Returns `operations`, `budgets` and `peers`."""
    with deployed(engine.endpoint) as deployment:
        operations = operations_of(deployment)
        return {"operations": operations, "budgets": budgets(operations), "peers": peers_on(deployment)}


def operations_of(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """Return the counts of each operation (`Wire.counts`, and `argon2`), by its name."""
    with Instances(deployment) as instances:
        return _Operations(instances).counted()


def budgets(operations: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each budget, with what was counted and whether it is kept."""
    return [
        {"operation": name, "of": of, "budget": budget, "counted": operations[name][of],
         "kept": operations[name][of] <= budget}
        for (name, of), budget in BUDGETS.items()
    ]  # fmt: skip


def table(figures: Figures) -> str:
    """Return one row an operation, the budgets that are not kept, and the refreshes of others."""
    if "left_out" in figures:
        return f"Left out: {figures['left_out']}."
    lines = [
        "| operation | requests | read units | write units | of them refused | Argon2id | Secrets Manager |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in figures["operations"].items():
        numbers = (row[of] for of in ("requests", "read_units", "write_units", "refused", "argon2", "secret_requests"))
        lines.append(f"| {name} | {' | '.join(f'{number:g}' for number in numbers)} |")
    kept = [f"{row['operation']}, {row['of']}: {row['counted']:g} of {row['budget']:g}" for row in figures["budgets"]]
    missed = [text for text, row in zip(kept, figures["budgets"], strict=True) if not row["kept"]]
    lines += ["", f"Budgets kept: {len(kept) - len(missed)} of {len(kept)}. Not kept: {'; '.join(missed) or 'none'}."]
    login = figures["operations"]["login"]["operations"]
    lines += [f"A login is {', '.join(f'{count} {name}' for name, count in login.items())}; UpdateItem are counters."]
    return "\n".join([*lines, "", f"{figures['engine']}. {UNITS_ARE_DYNAMODBS}"])


def refresh_table(figures: Figures) -> str:
    """Return the refreshes of others beside ours."""
    if "left_out" in figures:
        return f"Left out: {figures['left_out']}."
    ours = figures["operations"]["refresh, rotated"]
    reads = ours["operations"].get("GetItem", 0) + ours["operations"].get("Query", 0)
    writes = ours["requests"] - reads
    lines = [
        "| a refresh of | reads | writes | read units | write units | how |",
        "|---|---|---|---|---|---|",
        f"| **edge-auth** | {reads} | {writes} | {ours['read_units']:g} | {ours['write_units']:g} | run |",
    ]
    for name, row in figures["peers"].items():
        units = (row.get(of, "") for of in ("read_units", "write_units"))
        units_text = " | ".join(f"{number:g}" if number != "" else "" for number in units)
        lines.append(f"| {name} | {row['reads']} | {row['writes']} | {units_text} | {row['how']} |")
    return "\n".join(lines)


class _Operations:
    """The operations, each in the state in which it is to be counted: everything warm but what is called cold."""

    def __init__(self, instances: Instances) -> None:
        self.wire = instances.wire
        self.deployment = instances.deployment
        self.client = self.deployment.client()
        self.user_id = add_user(self.deployment, self.client, "ada")
        self.functions = {name: instances.start(name) for name in ("login", "refresh", "logout", "register")}
        # Not in every deployment, but behind the same authorizer.
        self.functions |= {name: instances.start(name) for name in ("sessions", "password")}
        self.strict_refresh = instances.start("refresh", {"RotationGraceSeconds": "0"})

    def counted(self) -> dict[str, dict[str, Any]]:
        counts: dict[str, dict[str, Any]] = {}
        for name, prepare in (
            ("login, cold", self._login),
            ("login", self._login),
            ("login, wrong password", self._wrong_password),
            ("login, throttled", self._throttled),
            ("refresh, cold", self._rotated),
            ("refresh, rotated", self._rotated),
            ("refresh, coalesced", self._coalesced),
            ("refresh, converged", self._converged),
            ("refresh, forged", self._forged),
            ("refresh, reused", self._reused),
            ("logout, cold", self._logout),
            ("logout", self._logout),
            ("refresh, after logout", self._after_logout),
            (f"logout of all {SESSIONS} sessions", self._logout_all),
            (f"list of {SESSIONS} sessions", self._list),
            ("end of another session", self._end),
            (f"new password, ends {SESSIONS - 1} sessions", self._new_password),
            ("registration", self._register),
        ):
            act = prepare()
            counts[name] = _counted(self.wire, act)
        self.client.close()
        return counts

    def _session(self, user_id: str = "") -> tuple[str, str]:
        """Return the id and the refresh token of a new session."""
        item, token = self.deployment.new_session(user_id or self.user_id)
        self.client.put_item(TableName=self.deployment.tables["SessionsTable"], Item=item)
        return item["session_id"]["S"], token

    def _user_with_sessions(self) -> tuple[str, list[tuple[str, str]]]:
        user_id = add_user(self.deployment, self.client, f"user-{uuid.uuid4().hex}")
        return user_id, [self._session(user_id) for _ in range(SESSIONS)]

    def _act(self, function: str, event: object, status: int = 200) -> Callable[[], object]:
        return lambda: succeeded(self.functions[function](event), status)

    def _login(self) -> Callable[[], object]:
        return self._act("login", login_event("ada"))

    def _wrong_password(self) -> Callable[[], object]:
        return self._act("login", login_event("ada", WRONG), UNAUTHORIZED)

    def _throttled(self) -> Callable[[], object]:
        add_user(self.deployment, self.client, "eve")
        for _ in range(ACCOUNT_BACKOFF.free_attempts):
            succeeded(self.functions["login"](login_event("eve", WRONG)), UNAUTHORIZED)
        return self._act("login", login_event("eve", WRONG), TOO_MANY)

    def _rotated(self) -> Callable[[], object]:
        return self._act("refresh", refresh_event(self._session()[1]))

    def _coalesced(self) -> Callable[[], object]:
        successor = succeeded(self.functions["refresh"](refresh_event(self._session()[1])))["refresh_token"]
        return self._act("refresh", refresh_event(successor))

    def _converged(self) -> Callable[[], object]:
        token = self._session()[1]
        succeeded(self.functions["refresh"](refresh_event(token)))
        return self._act("refresh", refresh_event(token))

    def _forged(self) -> Callable[[], object]:
        token = self._session()[1]
        forged = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
        return self._act("refresh", refresh_event(forged), BAD_REQUEST)

    def _reused(self) -> Callable[[], object]:
        token = self._session()[1]
        succeeded(self.strict_refresh(refresh_event(token)))
        return lambda: succeeded(self.strict_refresh(refresh_event(token)), BAD_REQUEST)

    def _logout(self) -> Callable[[], object]:
        return self._act("logout", logout_event(self._session()[1]), NO_CONTENT)

    def _after_logout(self) -> Callable[[], object]:
        token = self._session()[1]
        succeeded(self.functions["logout"](logout_event(token)), NO_CONTENT)
        return self._act("refresh", refresh_event(token), BAD_REQUEST)

    def _logout_all(self) -> Callable[[], object]:
        _, sessions = self._user_with_sessions()
        return self._act("logout", logout_event(sessions[0][1], everywhere=True), NO_CONTENT)

    def _list(self) -> Callable[[], object]:
        user_id, sessions = self._user_with_sessions()
        return self._act("sessions", caller_event("sessions", {"sub": user_id, "sid": sessions[0][0]}))

    def _end(self) -> Callable[[], object]:
        user_id, sessions = self._user_with_sessions()
        caller = {"sub": user_id, "sid": sessions[0][0]}
        event = caller_event("sessions-end", caller, pathParameters={"session_id": sessions[1][0]})
        return self._act("sessions", event, NO_CONTENT)

    def _new_password(self) -> Callable[[], object]:
        user_id, sessions = self._user_with_sessions()
        return self._act("password", password_event({"sub": user_id, "sid": sessions[0][0]}, NEW_PASSWORD), NO_CONTENT)

    def _register(self) -> Callable[[], object]:
        return self._act("register", register_event(f"grace-{uuid.uuid4().hex}"), CREATED)


def _counted(wire: Wire, act: Callable[[], object]) -> dict[str, Any]:
    argon2id = MagicMock(wraps=Argon2id)
    with patch.object(passwords, "Argon2id", argon2id):
        wire.forget()
        act()
        counts = wire.counts()
    return {**counts, "argon2": argon2id.call_count + argon2id.verify_phc_encoded.call_count}


def peers_on(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """Return reads, writes and units of the refreshes of others, by their names."""
    rows: dict[str, dict[str, Any]] = {}
    wire, client = Wire(), deployment.client()
    wire.watch(client.meta.events)
    patterns: dict[str, tuple[type[OpenAuth | SuperTokens], Callable[[DynamoDBClient, str], None], str]] = {
        "OpenAuth": (OpenAuth, create_openauth_table, "its pattern, run"),
        "SuperTokens": (SuperTokens, create_supertokens_table, "its SQL as requests to DynamoDB, run"),
    }
    for name, (pattern, create_table, how) in patterns.items():
        with ExitStack() as leave:
            table_name = f"{name}-{uuid.uuid4().hex}"
            create_table(client, table_name)
            leave.callback(client.delete_table, TableName=table_name)
            refresh = pattern(client, table_name).begin()
            wire.forget()
            refresh()
            counts = wire.counts()
        reads = sum(count for operation, count in counts["operations"].items() if operation == "GetItem")
        rows[name] = {**counts, "reads": reads, "writes": counts["requests"] - reads, "how": how}
    client.close()
    counted = {
        name: {"reads": reads, "writes": writes, "how": "quoted, not run"} for name, (reads, writes) in QUOTED.items()
    }
    return {**rows, **counted}
