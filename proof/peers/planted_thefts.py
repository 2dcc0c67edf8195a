"""The proof `planted_thefts`: each of 1,000 thefts is caught, and none of 1,000 sessions with eight tabs is signed out.

edge-auth alone, with the scenarios of the comparison. Each part has a server of its own.
"""

from typing import Any

from benchmarks.frame.results import markdown
from proof.frame.results import Figures
from proof.frame.run import SHORT, Run, added
from proof.peers import honest_users, systems, thefts
from proof.peers.comparison import CAUGHT
from proof.peers.peer import Peer

# In each part of the long form. Each theft has a user of its own, and so has each session with tabs.
THEFTS, TABBED = 25, 100
LEAST = 1000  # of each, in the long form


def prove(run: Run) -> Figures:
    """Plant thefts and restore tabs, part by part. Raises MissingTool: there is no engine of DynamoDB."""
    system = systems.IN_MEMORY if run.size == SHORT else systems.SYSTEMS[0]
    rounds, sessions = run.amount(short=1, long=THEFTS), run.amount(short=2, long=TABBED)

    def part(_name: str) -> dict[str, Any]:
        with system.running() as peer:
            return planted(peer, rounds, sessions)

    parts = run.parts(range(run.amount(short=1, long=10)), part).values()
    counts = {
        "tabs": added(each["tabs"] for each in parts),
        "most_successors": max(each["most_successors"] for each in parts),
        **{way: added(each[way] for each in parts) for way in thefts.WAYS},
        "least": run.amount(short=0, long=LEAST),
    }
    return Figures(counts)


def planted(peer: Peer, rounds: int, sessions: int) -> dict[str, Any]:
    """Return how the thefts ended, by the way of the thief, and what became of the tabs."""
    tabs = honest_users.storm(peer, sessions)
    return {
        "most_successors": tabs.pop("most_successors"),
        "tabs": tabs,
        **{way: thefts.endings(act(peer) for _ in range(rounds)) for way, act in thefts.WAYS.items()},
    }


def broken(figures: Figures) -> list[str]:
    """Return a line for each theft that ended in another way, and for tabs that were signed out."""
    counts, tabs = figures.counts, figures.counts["tabs"]
    all_thefts = sum(sum(counts[way].values()) for way in thefts.WAYS)
    others = {way: {end: count for end, count in counts[way].items() if end != CAUGHT[way]} for way in thefts.WAYS}
    found = {
        f"there were {all_thefts:,} thefts": all_thefts < counts["least"],
        f"there were {tabs['sessions']:,} sessions with tabs": tabs["sessions"] < counts["least"],
        "tabs were signed out": tabs["logged_out"] + tabs["lost"],
        "tabs were not answered": tabs["undecided"],
        "tabs of a session got different refresh tokens": counts["most_successors"] != 1,
    }
    return [
        *(f"a theft ended otherwise: {way}, {end}: {count}" for way in others for end, count in others[way].items()),
        *(line for line, is_broken in found.items() if is_broken),
    ]


def table(figures: Figures) -> str:
    """Return a row for each way of a theft, and one for the tabs."""
    counts, tabs = figures.counts, figures.counts["tabs"]
    rows = [(way.replace("_", " "), end, f"{count:,}") for way in thefts.WAYS for end, count in counts[way].items()]
    told = f"{tabs['logged_out']:,} of {tabs['tabs']:,} tabs signed out, {tabs['lost']:,} sessions lost"
    return markdown(
        ("what", "how it ended", "sessions"), [*rows, ("eight tabs at once", told, f"{tabs['sessions']:,}")]
    )
