"""How cost grows: with the sessions of one user, and with the sessions of everybody.

The functions are the real ones, on a real engine; no limit of sessions per user ends any. What has ended is a
tombstone, which stays until the table's TTL deletes it.
"""

import statistics
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from benchmarks.deployment import Deployment, add_user, deployed
from benchmarks.engine import UNITS_ARE_DYNAMODBS, Engine, with_engine
from benchmarks.filling import fill, put_items
from benchmarks.instances import Instances, caller_event, login_event, logout_event, refresh_event, succeeded
from benchmarks.results import Figures
from edge_auth.adapters.dynamodb.items import number, text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PER_USER = (1, 10, 100, 1_000, 10_000)
QUICK_PER_USER = (1, 10, 100)
TABLE_SIZES = (1, 1_000, 10_000, 100_000, 1_000_000)
QUICK_TABLE_SIZES = (1, 1_000)
FILLING_SECONDS = 300.0  # of the whole run; what does not fit is left out, and said
REPEATS, QUICK_REPEATS = 5, 2  # of one user's operations
TABLE_REPEATS, QUICK_TABLE_REPEATS = 40, 5
WARM_UP = 200  # refreshes, until Java has compiled what they run
NO_LIMIT = {"MaxSessionsPerUser": "1000000"}
OPERATIONS = ("refresh", "login", "list", "logout", "logout of all")
COUNTS = ("requests", "read_units", "write_units")
NO_CONTENT = 204
PER = 1_000
EVEN_MILLISECONDS = 100  # from here on without decimals

Step = tuple[str, Callable[[], object]]


def measure(*, quick: bool) -> Figures:
    """Let a user's sessions grow, then the table."""
    return with_engine(lambda engine: measured_on(engine, quick=quick))


def measured_on(engine: Engine, *, quick: bool) -> Figures:
    """Return `per_user`, by what the sessions are, `table`, and how long filling took."""
    with deployed(engine.endpoint) as deployment, Instances(deployment) as instances:
        growth = Growth(instances, REPEATS if not quick else QUICK_REPEATS)
        growth.warm_up(WARM_UP if not quick else 1)
        per_user = {
            state: growth.with_sessions_of_one_user(QUICK_PER_USER if quick else PER_USER, ended=state == "ended")
            for state in ("living", "ended")
        }
        growth.repeats = QUICK_TABLE_REPEATS if quick else TABLE_REPEATS
        sizes = QUICK_TABLE_SIZES if quick else TABLE_SIZES
        table_rows, filling = growth.with_sessions_of_all(sizes)
    return {
        "per_user": {state: {"points": points, "slopes": slopes(points)} for state, points in per_user.items()},
        "table": {"points": table_rows, "slopes": slopes(table_rows)},
        "filling": {**filling, "wanted": max(sizes)},
    }


def slopes(points: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return what each operation costs more for a thousand more sessions, of requests and units: 0 is constant.

    A point has `sessions`, and `operations` with the counts of each. The slope is between the first and the last one.
    """
    first, last = points[0], points[-1]
    sessions = last["sessions"] - first["sessions"]
    return {
        name: {of: round((last["operations"][name][of] - row[of]) * PER / sessions, 3) for of in COUNTS}
        for name, row in first["operations"].items()
    }


def table(figures: Figures) -> str:
    """Return requests, units and milliseconds by sessions, and what is constant."""
    if "left_out" in figures:
        return f"Left out: {figures['left_out']}."
    lines: list[str] = []
    for state, grown in figures["per_user"].items():
        lines += [*_rows(f"{state} sessions of the user", grown), ""]
    lines += [*_rows("sessions in the table", figures["table"]), ""]
    filling = figures["filling"]
    lines.append(f"{filling['added']} sessions were loaded in {filling['seconds']:.0f} s.")
    if filling["added"] + 1 < filling["wanted"]:
        lines.append(f"Time was up before {filling['wanted']}: beyond, that units stay as they are is arithmetic.")
    lines.append("Each cell: requests, read units, write units; milliseconds.")
    return "\n".join([*lines, f"{figures['engine']}. {UNITS_ARE_DYNAMODBS}"])


def _rows(what: str, grown: Mapping[str, Any]) -> list[str]:
    names = list(grown["points"][0]["operations"])
    lines = [f"| {what} | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for point in grown["points"]:
        cells = [_cell(point["operations"][name]) for name in names]
        lines.append(f"| {point['sessions']:,} | {' | '.join(cells)} |")
    more = [" ".join(f"{grown['slopes'][name][of]:+g}" for of in COUNTS) for name in names]
    constant = [
        "constant" if not any(grown["slopes"][name].values()) else text for name, text in zip(names, more, strict=True)
    ]
    return [*lines, f"| for {PER:,} more | {' | '.join(constant)} |"]


def _cell(row: Mapping[str, Any]) -> str:
    counts = " ".join(f"{row[of]:g}" for of in COUNTS)
    milliseconds = row["milliseconds"]
    return f"{counts}; {f'{milliseconds:,.0f}' if milliseconds >= EVEN_MILLISECONDS else f'{milliseconds:.3g}'} ms"


class Growth:
    """The operations, with more and more sessions about."""

    def __init__(self, instances: Instances, repeats: int) -> None:
        """Start the functions; each point is measured from so many repeats."""
        self.wire = instances.wire
        self.deployment: Deployment = instances.deployment
        self.client: DynamoDBClient = self.deployment.client()
        self.sessions_table = self.deployment.tables["SessionsTable"]
        self.repeats = repeats
        self.functions = {name: instances.start(name) for name in ("refresh", "logout", "sessions")}
        self.functions["login"] = instances.start("login", NO_LIMIT)

    def warm_up(self, count: int) -> None:
        """Do everything once, so that keys are loaded, and refresh that often."""
        _, user_id = self._user()
        for _ in range(count):
            self._refresh(self._sessions(user_id, 1)[0][1])
        self._point(1, 1, ended=False)

    def with_sessions_of_one_user(self, sizes: Sequence[int], *, ended: bool) -> list[dict[str, Any]]:
        """Return a point for each number of sessions that a user has, all living or all but one ended."""
        return [self._point(size, self.repeats, ended=ended) for size in sizes]

    def with_sessions_of_all(self, sizes: Sequence[int]) -> tuple[list[dict[str, Any]], dict[str, float]]:
        """Return a point for each number of sessions in the table, as far as time goes, and how long filling took."""
        points, there, spent = [], 0, 0.0
        for size in sizes:
            begin = time.monotonic()
            there += fill(self.deployment, size - there - 1, seconds=FILLING_SECONDS - spent) if size > 1 else 0
            spent += time.monotonic() - begin
            steps = [step for _ in range(self.repeats) for step in self._life()]
            points.append({"sessions": there + 1, "operations": self._measured(steps)})
            if there + 1 < size:
                break
        return points, {"added": there, "seconds": round(spent, 1)}

    def _point(self, size: int, repeats: int, *, ended: bool) -> dict[str, Any]:
        name, user_id = self._user()
        living = 1 if ended else size
        sessions = self._sessions(user_id, living)
        if ended:
            now_seconds = int(time.time())
            tombstone = {"revoked_at": number(now_seconds), "revoked_reason": text("logout"), "end_id": text("0" * 32)}
            self._sessions(user_id, size - 1, tombstone)
        caller = {"sub": user_id, "sid": sessions[0][0]}
        steps: list[Step] = []
        for turn in range(repeats):
            # A second refresh of one session would be answered without a rotation.
            steps += [("refresh", partial(self._refresh, token)) for _, token in sessions[turn : turn + 1]]
            steps += [("list", partial(self._list, caller)), *self._login_and_logout(name)]
        steps.append(("logout of all", partial(self._logout, sessions[0][1], everywhere=True)))
        return {"sessions": size, "operations": self._measured(steps)}

    def _life(self) -> list[Step]:
        """Return the operations of a user of one session."""
        name, user_id = self._user()
        token = self._sessions(user_id, 1)[0][1]
        return [("refresh", partial(self._refresh, token)), *self._login_and_logout(name)]

    def _login_and_logout(self, username: str) -> list[Step]:
        got: list[str] = []

        def login() -> None:
            got.append(succeeded(self.functions["login"](login_event(username)))["refresh_token"])

        return [("login", login), ("logout", lambda: self._logout(got[0]))]

    def _measured(self, steps: Sequence[Step]) -> dict[str, dict[str, float]]:
        """Do the steps; return counts of the first of each name, and the median of all their milliseconds."""
        counts: dict[str, dict[str, Any]] = {}
        times: dict[str, list[float]] = {}
        for name, act in steps:
            self.wire.forget()
            begin = time.perf_counter()
            act()
            times.setdefault(name, []).append((time.perf_counter() - begin) * 1000)
            counted = self.wire.counts()
            counts.setdefault(name, {of: counted[of] for of in COUNTS})
        names = [name for name in OPERATIONS if name in counts]
        return {name: {**counts[name], "milliseconds": round(statistics.median(times[name]), 2)} for name in names}

    def _user(self) -> tuple[str, str]:
        name = f"user-{uuid.uuid4().hex}"
        return name, add_user(self.deployment, self.client, name)

    def _sessions(
        self, user_id: str, count: int, attributes: Mapping[str, Any] = MappingProxyType({})
    ) -> list[tuple[str, str]]:
        """Add sessions, with these attributes besides; return the id and the refresh token of each."""
        made = [self.deployment.new_session(user_id) for _ in range(count)]
        put_items(self.client, self.sessions_table, [{**item, **attributes} for item, _ in made])
        return [(item["session_id"]["S"], token) for item, token in made]

    def _refresh(self, token: str) -> None:
        succeeded(self.functions["refresh"](refresh_event(token)))

    def _list(self, caller: Mapping[str, str]) -> None:
        succeeded(self.functions["sessions"](caller_event("sessions", caller)))

    def _logout(self, token: str, *, everywhere: bool = False) -> None:
        succeeded(self.functions["logout"](logout_event(token, everywhere=everywhere)), NO_CONTENT)
