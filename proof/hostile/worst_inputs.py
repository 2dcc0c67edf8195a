"""What the most expensive inputs cost: for each reader and each route, inputs of a size and of twice the size.

No input costs more CPU time than its bound. An input of twice the size costs at most a little more than twice the
time, so nothing grows with the square. Growth is judged from a millisecond on: what takes less is no attack.

Each route is asked by a client that it lets in, and finds its tables as they were. What it has answered to hostile
bodies is counted, because a route that lets nobody in reads none. No password is hashed while the time is taken.
"""

from collections.abc import Mapping
from typing import Any

from benchmarks.frame.results import markdown
from proof.frame.results import Figures
from proof.frame.run import SHORT, Run
from proof.hostile import costs
from proof.hostile.functions import deployed
from proof.hostile.good_tokens import WITH_ALL
from proof.hostile.nasty import NASTY
from proof.hostile.parsers.inputs import escapes
from proof.hostile.parsers.readers import READERS
from proof.hostile.worst_requests import visitor
from tests.support.http_gateway import routes

MAX_MS = 25.0
MAX_FILE_MS = 2000.0  # an import file of 200 kB, which may have 66,000 users
UNREAD = "401"  # the status for a caller who is not let in


def prove(run: Run) -> Figures:
    """Measure each pair of inputs."""
    readers = list(NASTY) if run.size != SHORT else ["body, JSON", "cookies", "CBOR", "HTTP answer of the store"]
    found = run.parts(readers, _reader)
    with deployed(run.chance("draws"), **WITH_ALL) as stack, visitor(stack.with_mail()) as visiting:
        named = {f"{method} {path}": (method, path) for method, path in routes()}
        wanted = named if run.size != SHORT else ("POST /auth/login", "PATCH /auth/passkeys/{passkey_id}")
        of_routes = run.parts(wanted, lambda name: visiting.measured(*named[name]))
    found |= {name: part["pairs"] for name, part in of_routes.items()}
    measured = {name: dict(zip(("input", "ms", "growth"), _worst(pairs), strict=True)) for name, pairs in found.items()}
    too_steep = [
        f"{name}, {what}: {large:.1f} ms, and {small:.1f} ms for half of it"
        for name, pairs in found.items()
        for what, (small, large) in pairs.items()
        if costs.is_too_steep(small, large)
    ]
    counts = {
        "inputs": {name: len(pairs) for name, pairs in found.items()},
        "answers to bodies": {name: part["answers"] for name, part in of_routes.items() if part["answers"]},
        "good requests refused": [line for part in of_routes.values() for line in part["refused"]],
    }
    return Figures(counts, {"slowest": measured, "too steep": too_steep})


def broken(figures: Figures) -> list[str]:
    """Return a line for each input that costs too much or grows too fast, and for each route that reads nothing."""
    lines = list(figures.measured["too steep"])
    for name, worst in figures.measured["slowest"].items():
        most = MAX_FILE_MS if name.startswith("import, ") else MAX_MS
        if worst["ms"] > most:
            lines.append(f"{name}, {worst['input']}: {worst['ms']:.1f} ms, and at most {most:.0f} are allowed")
    lines += [f"a good request is refused: {line}" for line in figures.counts["good requests refused"]]
    for name, answers in figures.counts["answers to bodies"].items():
        if answers.keys() == {UNREAD}:
            lines.append(f"{name} answers each body with {UNREAD}, so none was read")
    return lines


def table(figures: Figures) -> str:
    """Return a row for the slowest input of each reader and route."""
    answers = figures.counts["answers to bodies"]
    rows = [
        (
            *(name, figures.counts["inputs"][name], worst["input"], f"{worst['ms']:.2f}", f"{worst['growth']:.1f}"),
            ", ".join(f"{status}: {count}" for status, count in answers.get(name, {}).items()),
        )
        for name, worst in sorted(figures.measured["slowest"].items(), key=lambda item: -item[1]["ms"])
    ]
    head = ("reader or route", "pairs of inputs", "the slowest", "ms", "times half of it", "answers to bodies")
    return markdown(head, rows)


def _reader(name: str) -> dict[str, tuple[float, float]]:
    """Measure a reader. Its inputs are refused or read; no other error may leave it."""
    sizes, reader = NASTY[name], READERS[name]

    def cost(data: bytes) -> float:
        error = escapes(reader, data)
        if error is not None:
            raise error
        return costs.cpu_ms(lambda: escapes(reader, data))

    return {what: costs.of_pair(cost, make(sizes.most // 2), make(sizes.most)) for what, make in sizes.makes.items()}


def _worst(pairs: Mapping[str, Any]) -> tuple[str, float, float]:
    """Return the slowest input, its time, and how many times that of half of it."""
    what, (small, large) = max(pairs.items(), key=lambda item: item[1][1])
    return what, round(large, 3), round(large / max(small, 0.001), 1)
