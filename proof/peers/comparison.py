"""The proof `peers`: what a storm, lost answers and a thief do to edge-auth and to other login systems.

All are run here, from their own packages, with the same requests over HTTP. Only edge-auth's figures are promises. The
others' are what was seen. Where requests race, the others' counts differ from run to run, and are in `measured`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from benchmarks.frame.results import markdown
from proof.frame.results import Figures, MissingTool
from proof.frame.run import SHORT, Run
from proof.peers import honest_users, systems, thefts
from proof.peers.honest_users import Counted
from proof.peers.peer import Peer
from proof.peers.systems import OURS, System

RACING = ("storm", "callers")
NOT_RUN = "not_run"
REVOCATION_SECONDS = 5  # the template's default
NOTES = (
    "Each tab and each caller keeps what it got: no client locks across tabs. *Not answered* is 429 or 5xx, and the"
    " client keeps its token; most of Better Auth's are its own rate limit. *Refresh 3* is the third refresh after the"
    " theft, by either. simplejwt's refresh token lives for one day by default, so a month ends each session. The"
    " servers' clocks are moved, so nothing waits. Only edge-auth's figures are promises; where requests race, the"
    " others' differ from run to run. Ory Hydra, Keycloak and Supabase Auth were not run."
)
CAUGHT = {
    "thief_first": "thief out at refresh 3, owner out at refresh 4",
    "owner_first": "thief out at refresh 4, owner out at refresh 3",
    "ancient": "refused, owner out",
    "after_logout": "refused",
}
ENDED = ("not at all", *(f"at most {seconds} s" for seconds in (1, 2, REVOCATION_SECONDS)))


def prove(run: Run) -> Figures:
    """Run each scenario against each system that is installed; in the short form against edge-auth alone, in memory.

    Raises MissingTool: no system is installed.
    """
    compared = [systems.IN_MEMORY] if run.size == SHORT else systems.SYSTEMS
    acts = {f"{row.title}: {part}": (row, act) for part, act in _acts(run).items() for row in compared}
    parts = run.parts(acts, lambda part: _counted(*acts[part]))
    counts: dict[str, Counted] = {row.title: {} for row in compared}
    for part, counted in parts.items():
        counts[acts[part][0].title] |= counted
    if all(NOT_RUN in row for row in counts.values()):
        raise MissingTool("; ".join(sorted({row[NOT_RUN] for row in counts.values()})))
    measured: dict[str, Counted] = {}
    for row in compared:
        found = counts[row.title]
        found["stands_on"] = row.stands_on
        if row.name != OURS and NOT_RUN not in found:
            measured[row.title] = {name: found.pop(name) for name in RACING}
    return Figures(counts, measured)


def _acts(run: Run) -> dict[str, Callable[[Peer], Counted]]:
    def all_but_month(peer: Peer) -> Counted:
        return {
            "storm": honest_users.storm(peer, run.amount(short=1, long=20)),
            "lost_answer": honest_users.lost_answer(peer, run.amount(short=1, long=20)),
            "callers": honest_users.callers(peer, *((1, 16) if run.size == SHORT else (10, 64))),
            "logout": thefts.logout(peer, run.amount(short=1, long=5)),
            "thief": thefts.thief(peer, run.amount(short=1, long=5)),
        }

    def month(peer: Peer) -> Counted:
        chance = partial(run.chance, "month")
        days = run.amount(short=1, long=honest_users.DAYS)
        return {"month": honest_users.month(peer, run.amount(short=1, long=20), chance, days)}

    return {"storm, lost answers, callers, logout, thief": all_but_month, "month": month}


def _counted(row: System, act: Callable[[Peer], Counted]) -> Counted:
    try:
        with row.running() as peer:
            return act(peer)
    except MissingTool as missing:
        return {NOT_RUN: str(missing)}


def broken(figures: Figures) -> list[str]:
    """Return the promises of edge-auth that the figures break."""
    row = next(row for title, row in figures.counts.items() if title.startswith(f"{OURS},"))
    if NOT_RUN in row:
        return [f"edge-auth was not run: {row[NOT_RUN]}"]
    storm, callers = row["storm"], row["callers"]
    found = {
        "a storm logged out a tab": storm["logged_out"] + storm["lost"],
        "tabs of a storm got different refresh tokens": storm["most_successors"] != 1,
        "a lost answer ended a session": row["lost_answer"]["at_once"] + row["lost_answer"]["later"],
        "lost answers ended a session within a month": row["month"]["lost"],
        "parallel callers got different refresh tokens": callers["most_successors"] != 1,
        "parallel callers were refused, or not answered": callers["refused"] + callers["undecided"],
        "parallel callers ended a session": callers["lost"],
        "a refresh token works after the logout": set(row["logout"]["refresh_token"]) != {"dead"},
        "an access token works for too long after the logout": not set(row["logout"]["access_token"]) <= set(ENDED),
        "the access token of a thief works for too long": not set(row["thief"]["access_token"]) <= set(ENDED),
        **{f"a thief is not caught: {how}": set(row["thief"][how]) != {end} for how, end in CAUGHT.items()},
    }
    return [line for line, is_broken in found.items() if is_broken]


def _rows(figures: Figures) -> list[tuple[str, Mapping[str, Any]]]:
    """Return all rows, each with what raced."""
    return [
        (f"**{title}**" if title.startswith(f"{OURS},") else title, {**row, **figures.measured.get(title, {})})
        for title, row in figures.counts.items()
    ]


def table(figures: Figures) -> str:
    """Return what honest users see, and what a thief gets, as two tables."""
    return f"{_honest(figures)}\n\n{_theft(figures)}\n\n{NOTES}"


def _honest(figures: Figures) -> str:
    head = (
        "system",
        "stands on",
        "storm: tabs logged out",
        "storm: sessions lost",
        "lost answer, retry at once: lost",
        "retry later: lost",
        "month: lost",
        "parallel callers: refused",
        "not answered",
        "most tokens that go on",
        "sessions lost",
    )
    return markdown(head, [(title, *_honest_cells(row)) for title, row in _rows(figures)])


def _honest_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    if NOT_RUN in row:
        return (f"not run: {row[NOT_RUN]}",)
    storm, lost, month, callers = row["storm"], row["lost_answer"], row["month"], row["callers"]
    asked = callers["rounds"] * callers["callers"]
    return (
        row["stands_on"],
        f"{storm['logged_out']} of {storm['tabs']}",
        f"{storm['lost']} of {storm['sessions']}",
        *(f"{lost[when]} of {lost['sessions']}" for when in ("at_once", "later")),
        f"{month['lost']} of {month['sessions']}",
        *(f"{callers[name]:,} of {asked:,}" for name in ("refused", "undecided")),
        str(callers["most_chains"]),
        f"{callers['lost']} of {callers['rounds']}",
    )


def _theft(figures: Figures) -> str:
    head = (
        "system",
        "thief first",
        "owner first",
        "an ancient token",
        "thief's access token then works",
        "refresh token after logout",
        "access token after logout works",
        "replay after logout",
    )
    return markdown(head, [(title, *_theft_cells(row)) for title, row in _rows(figures)])


def _theft_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    if NOT_RUN in row:
        return (f"not run: {row[NOT_RUN]}",)
    thief, logout = row["thief"], row["logout"]
    cells = (
        *(thief[how] for how in ("thief_first", "owner_first", "ancient", "access_token")),
        logout["refresh_token"],
        logout["access_token"],
        thief["after_logout"],
    )
    return tuple(_said(cell) for cell in cells)


def _said(endings: Mapping[str, int]) -> str:
    if len(endings) == 1:
        return next(iter(endings))
    return "; ".join(f"{ending} ({count})" for ending, count in endings.items())


def short_table(figures: Figures) -> str:
    """Return one table with a storm, a month, a thief and a logout."""
    head = ("system", "8 tabs at once: logged out", "a month, 1 % lost: logged out", "thief", "access after logout")
    rows: list[tuple[str, ...]] = []
    for title, row in _rows(figures):
        if NOT_RUN in row:
            rows.append((title, f"not run: {row[NOT_RUN]}"))
            continue
        storm, month = row["storm"], row["month"]
        rows.append(
            (
                title,
                f"{storm['logged_out']} of {storm['tabs']} tabs",
                f"{month['lost']} of {month['sessions']} sessions",
                _said(row["thief"]["thief_first"]),
                _said(row["logout"]["access_token"]),
            )
        )
    return markdown(head, rows)
