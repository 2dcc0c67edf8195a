"""How the cost of a call grows with the sessions of one user, and with the sessions of all users.

The functions are the real ones, on a real engine. The limit of sessions per user is too high to end any session. An
ended session is a record in a partition of its own, which stays until the table's TTL deletes it.
"""

import multiprocessing
import secrets
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

from benchmarks.frame.results import Figures, markdown
from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment, deployed
from benchmarks.requests.engine import UNITS_ARE_DYNAMODBS, running_engine
from benchmarks.requests.events import NO_CONTENT
from benchmarks.requests.functions import Functions, running
from edge_auth.adapters.dynamodb.ended_items import ended_item
from edge_auth.sessions.session import SeenSession
from edge_auth.tokens.refresh_token import new_id

PER_USER = (1, 10, 100, 1_000, 10_000)
TABLE_SIZES = (1, 1_000, 10_000, 100_000, 1_000_000)
REPEATS, TABLE_REPEATS = 5, 40  # for the operations of one user, and of all
WARM_UP = 200  # sessions, each refreshed once, until Java has compiled the code that it runs
OPERATIONS = ("refresh", "login", "list", "logout", "logout of all")
COUNTS = ("requests", "read_units", "write_units")
EVEN_MILLISECONDS = 100  # larger values have no decimals

Step = tuple[str, Callable[[], object]]
Point = dict[str, Any]
"""`sessions`, and `operations`: the counts and the milliseconds of each operation."""


def measure(*, quick: bool) -> Figures:
    """Let a user's sessions grow, then the table. Return `per_user`, by living and ended sessions, `table`, `filling`.

    Raises MissingTool: this machine has no engine.
    """
    sizes, table_sizes = (PER_USER[:3], TABLE_SIZES[:2]) if quick else (PER_USER, TABLE_SIZES)
    repeats, table_repeats, warm_up = (2, 5, 1) if quick else (REPEATS, TABLE_REPEATS, WARM_UP)
    with running_engine() as engine, deployed(engine.endpoint) as deployment, running(deployment) as functions:
        growth = Growth(functions)
        growth.with_sessions_of_one_user(warm_up, warm_up, ended=False)
        per_user = {
            state: {"points": [growth.with_sessions_of_one_user(size, repeats, ended=is_ended) for size in sizes]}
            for state, is_ended in (("living", False), ("ended", True))
        }
        points, filling = growth.with_sessions_of_all(table_sizes, table_repeats)
    return {"engine": engine.name, "per_user": per_user, "table": {"points": points}, "filling": filling}


def table(figures: Figures) -> str:
    """Return requests, units and milliseconds by number of sessions, and how they grow."""
    grown = {f"{state} sessions of the user": of_user for state, of_user in figures["per_user"].items()}
    grown["sessions in the table"] = figures["table"]
    filling = figures["filling"]
    notes = (
        f"{filling['added']} sessions were loaded in {filling['seconds']:.0f} s.\n"
        "Each cell: requests, read units, write units; milliseconds.\n"
        f"{figures['engine']}. {UNITS_ARE_DYNAMODBS}"
    )
    return "\n\n".join([*(_table(what, each["points"]) for what, each in grown.items()), notes])


def _table(what: str, points: Sequence[Point]) -> str:
    rows = [(f"{point['sessions']:,}", *map(_cell, point["operations"].values())) for point in points]
    first, last = points[0], points[-1]
    thousands = (last["sessions"] - first["sessions"]) / 1000
    more = [_slope(row, last["operations"][name], thousands) for name, row in first["operations"].items()]
    return markdown((what, *first["operations"]), [*rows, ("for 1,000 more", *more)])


def _cell(row: Mapping[str, float]) -> str:
    milliseconds = row["milliseconds"]
    text = f"{milliseconds:,.0f}" if milliseconds >= EVEN_MILLISECONDS else f"{milliseconds:.3g}"
    return f"{' '.join(f'{row[of]:g}' for of in COUNTS)}; {text} ms"


def _slope(first: Mapping[str, float], last: Mapping[str, float], thousands: float) -> str:
    """Return how many more requests and units a thousand more sessions cost, from the first point to the last."""
    slopes = [round((last[of] - first[of]) / thousands, 3) for of in COUNTS]
    return " ".join(f"{slope:+g}" for slope in slopes) if any(slopes) else "constant"


class Growth:
    """The operations, measured with growing numbers of sessions."""

    def __init__(self, functions: Functions) -> None:
        """Start the functions."""
        self._deployment, self._wire = functions.deployment, functions.wire
        # Without the feed of ended sessions: what it costs depends on the ends of all users in ten seconds, and here
        # they are many.
        parameters = {"MaxSessionsPerUser": "1000000", "RevocationSeconds": "0"}
        self._refresh, self._logout, self._list, self._login = (
            functions.start(name, parameters) for name in ("refresh", "logout", "sessions", "login")
        )

    def with_sessions_of_one_user(self, size: int, repeats: int, *, ended: bool) -> Point:
        """Return the point of a user with `size` sessions. All are living, or all but one have `ended`."""
        name, user_id = self._deployment.new_user()
        made = [self._deployment.new_session(user_id) for _ in range(size)]
        items, tokens = [item for item, _ in made], [token for _, token in made]
        living = 1 if ended else size
        self._deployment.put_sessions([*items[:living], *map(_ended, items[living:])])
        listing = events.event("sessions", {"sub": user_id, "sid": items[0]["session_id"]["S"]})
        steps: list[Step] = []
        for turn in range(repeats):
            if turn < living:  # in the grace window a second refresh of a session is answered without a rotation
                steps.append(("refresh", partial(self._refresh, events.refresh(tokens[turn]))))
            steps += [("list", partial(self._list, listing)), *self._login_and_logout(name)]
        current = tokens[living - 1]  # the first ones were rotated, perhaps longer ago than the grace window
        everywhere = events.logout(current, everywhere=True)
        steps.append(("logout of all", partial(self._logout, everywhere, NO_CONTENT)))
        return {"sessions": size, "operations": self._measured(steps)}

    def with_sessions_of_all(self, sizes: Sequence[int], repeats: int) -> tuple[list[Point], dict[str, float]]:
        """Return a point for each number of sessions in the table, and how long filling took.

        Each number includes one session of the measured user.
        """
        points, there, spent = [], 1, 0.0
        for size in sizes:
            begin = time.monotonic()
            fill(self._deployment, size - there)
            there, spent = size, spent + time.monotonic() - begin
            steps = [step for _ in range(repeats) for step in self._life()]
            points.append({"sessions": size, "operations": self._measured(steps)})
        return points, {"added": there - 1, "seconds": round(spent, 1)}

    def _life(self) -> Iterator[Step]:
        """Yield the operations of a user with one session."""
        name, user_id = self._deployment.new_user()
        yield "refresh", partial(self._refresh, events.refresh(self._deployment.add_session(user_id)[1]))
        yield from self._login_and_logout(name)

    def _login_and_logout(self, username: str) -> Iterator[Step]:
        tokens: list[str] = []
        yield "login", lambda: tokens.append(self._login(events.login(username))["refresh_token"])
        yield "logout", lambda: self._logout(events.logout(tokens[0]), NO_CONTENT)

    def _measured(self, steps: Sequence[Step]) -> dict[str, dict[str, float]]:
        """Do the steps. Return, for each name, the counts of its first step and the median milliseconds of all."""
        counts: dict[str, dict[str, Any]] = {}
        times = defaultdict(list)
        for name, act in steps:
            self._wire.forget()
            begin = time.perf_counter()
            act()
            times[name].append((time.perf_counter() - begin) * 1000)
            counted = self._wire.counts()
            counts.setdefault(name, {of: counted[of] for of in COUNTS})
        names = [name for name in OPERATIONS if name in counts]
        return {name: {**counts[name], "milliseconds": round(statistics.median(times[name]), 2)} for name in names}


def _ended(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a session that has ended."""
    session = SeenSession(
        item["user_id"]["S"], item["session_id"]["S"], int(item["generation"]["N"]), item["seed_hash"]["B"]
    )
    return ended_item(session, reason="logout", end_id="0" * 32, now_seconds=int(time.time()))


def fill(deployment: Deployment, count: int) -> None:
    """Add `count` sessions, each of its own user, with two processes."""
    shares = [share for share in (count // 2, count - count // 2) if share]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as processes:
        list(processes.map(partial(_fill, deployment), shares))


def _fill(deployment: Deployment, count: int) -> None:
    item, _ = deployment.new_session(new_id(secrets.token_bytes))

    def another() -> dict[str, Any]:
        # Only the parts that differ between sessions are new: making whole items would take longer than storing them.
        ids = {name: {"S": new_id(secrets.token_bytes)} for name in ("user_id", "session_id")}
        return {**item, **ids, "seed_hash": {"B": secrets.token_bytes(32)}}

    deployment.put_sessions(another() for _ in range(count))
