"""What the most expensive inputs cost: for each reader and each route, inputs of a size and of twice the size.

No input costs more CPU time than its bound. An input of twice the size costs at most a little more than twice the
time, so nothing grows with the square. Growth is judged from a millisecond on: what takes less is no attack.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from benchmarks.frame.results import markdown
from proof.frame.results import Figures
from proof.frame.run import SHORT, Run
from proof.hostile.functions import deployed
from proof.hostile.good_tokens import WITH_ALL
from proof.hostile.nasty import BODY, COOKIES, HEADERS, JSON_BODIES, NASTY, TEXTS
from proof.hostile.parsers.inputs import escapes, text_of
from proof.hostile.parsers.readers import READERS
from tests.support.http_gateway import NONE, routes
from tests.support.people import ADA_ID, PASSWORD, ada
from tests.support.sample_events import Event, called_by, proxied
from tests.support.stack import Function, Stack

T = TypeVar("T")
MAX_MS = 25.0
MAX_FILE_MS = 2000.0  # an import file of 200 kB, which may have 66,000 users
MAX_GROWTH = 3.0  # 2 is linear, and 4 is the square
FLOOR_MS = 1.0
_REPETITIONS = 4
_MEASURED_AGAIN = 5  # times, if a pair grows too fast: other programs make one of its inputs slower, and not each time
_ROUTE_HEADERS = ("User-Agent", "Cookie", "Origin", "X-Forwarded-For", "If-None-Match", "Content-Type", "Authorization")
_FIELDS = (
    *("username", "password", "refresh_token", "proof", "code", "email", "otp", "scope", "client_name", "enrolment"),
    *("current_password", "new_password", "mfa_token", "device_token", "enrolment_token", "name"),
)


def prove(run: Run) -> Figures:
    """Measure each pair of inputs."""
    readers = list(NASTY) if run.size != SHORT else ["body, JSON", "cookies", "CBOR", "HTTP answer of the store"]
    found = run.parts(readers, _reader)
    with deployed(run.chance("draws"), **WITH_ALL) as without_mail:
        stack = without_mail.with_mail()
        stack.add_user(ada(), PASSWORD)
        stack.key_ring  # noqa: B018 - it is read before anything is measured
        functions: dict[str, Function] = {}
        named = {f"{method} {path}": (method, path, *which) for (method, path), which in routes().items()}
        wanted = named if run.size != SHORT else {"POST /auth/login": named["POST /auth/login"]}
        found |= run.parts(wanted, lambda name: _route(stack, functions, *wanted[name]))
    counts = {name: len(pairs) for name, pairs in found.items()}
    measured = {name: dict(zip(("input", "ms", "growth"), _worst(pairs), strict=True)) for name, pairs in found.items()}
    too_steep = [
        f"{name}, {what}: {large:.1f} ms, and {small:.1f} ms for half of it"
        for name, pairs in found.items()
        for what, (small, large) in pairs.items()
        if _is_too_steep(small, large)
    ]
    return Figures({"inputs": counts}, {"slowest": measured, "too steep": too_steep})


def broken(figures: Figures) -> list[str]:
    """Return a line for each input that costs too much, or grows too fast."""
    lines = list(figures.measured["too steep"])
    for name, worst in figures.measured["slowest"].items():
        most = MAX_FILE_MS if name.startswith("import, ") else MAX_MS
        if worst["ms"] > most:
            lines.append(f"{name}, {worst['input']}: {worst['ms']:.1f} ms, and at most {most:.0f} are allowed")
    return lines


def table(figures: Figures) -> str:
    """Return a row for the slowest input of each reader and route."""
    rows = [
        (name, figures.counts["inputs"][name], worst["input"], f"{worst['ms']:.2f}", f"{worst['growth']:.1f}")
        for name, worst in sorted(figures.measured["slowest"].items(), key=lambda item: -item[1]["ms"])
    ]
    head = ("reader or route", "pairs of inputs", "the slowest", "ms", "times half of it")
    return markdown(head, rows)


def _reader(name: str) -> dict[str, tuple[float, float]]:
    """Measure a reader. Its inputs are refused or read; no other error may leave it."""
    sizes, reader = NASTY[name], READERS[name]

    def cost(data: bytes) -> float:
        error = escapes(reader, data)
        if error is not None:
            raise error
        return _cpu_ms(lambda: escapes(reader, data))

    return {what: _pair(cost, make(sizes.most // 2), make(sizes.most)) for what, make in sizes.makes.items()}


def _pair(cost: Callable[[T], float], small: T, large: T) -> tuple[float, float]:
    """Return what both inputs cost. One that grows too fast does so each time that it is measured."""
    costs = cost(small), cost(large)
    for _ in range(_MEASURED_AGAIN):
        if not _is_too_steep(*costs):
            break
        costs = cost(small), cost(large)
    return costs


def _is_too_steep(small_ms: float, large_ms: float) -> bool:
    return large_ms >= FLOOR_MS and large_ms > small_ms * MAX_GROWTH


def _route(
    stack: Stack, functions: dict[str, Function], method: str, path: str, function: str, authorizer: str
) -> dict[str, tuple[float, float]]:
    """Measure a route, from its function on."""
    if function not in functions:
        functions[function] = stack.function(function)
    act = functions[function]

    def cost(event: Event) -> float:
        act(event)  # what is loaded at the first call is not the input's fault
        return _cpu_ms(lambda: act(event))

    def asked(body: bytes = b"{}", header: str = "Accept", value: str = "*/*") -> Event:
        given = {"Content-Type": ["application/json"], header: [value]}
        parameters = {part[1:-1].rstrip("+"): "x" for part in path.split("/") if part.startswith("{")}
        event = proxied(method, path, path, headers=given, query={}, path_parameters=parameters, body=body)
        event["requestContext"].setdefault("authorizer", {})
        return event if authorizer == NONE else called_by(event, ADA_ID, "c2Vzc2lvbiBvZiBvd25lcg")

    pairs = {}
    if method in {"POST", "PATCH"}:
        for what, make in JSON_BODIES.items():
            pairs[f"body: {what}"] = _pair(cost, asked(make(BODY // 2)), asked(make(BODY)))
        pairs["body: long fields"] = _pair(cost, asked(_long_fields(BODY // 2)), asked(_long_fields(BODY)))
    for name in _ROUTE_HEADERS:
        for what, make in (COOKIES if name == "Cookie" else _HEADER_VALUES).items():
            small, large = (text_of(make(size)) for size in (HEADERS // 2, HEADERS))
            pairs[f"{name}: {what}"] = _pair(cost, asked(header=name, value=small), asked(header=name, value=large))
    return pairs


_HEADER_VALUES = {what: TEXTS[what] for what in ("letters", "spaces", "colons", "at signs")} | {
    "commas": lambda size: b"a," * (size // 2),
    "semicolons": lambda size: b"a;" * (size // 2),
}


def _long_fields(size: int) -> bytes:
    each = (size - 20 * len(_FIELDS)) // len(_FIELDS)
    return ("{" + ",".join(f'"{name}":"{"x" * each}"' for name in _FIELDS) + "}").encode()


def _cpu_ms(act: Callable[[], object]) -> float:
    """Return the shortest CPU time of some calls."""
    times = []
    for _ in range(_REPETITIONS):
        begin = time.thread_time_ns()
        act()
        times.append(time.thread_time_ns() - begin)
    return min(times) / 1_000_000


def _worst(pairs: Mapping[str, Any]) -> tuple[str, float, float]:
    """Return the slowest input, its time, and how many times that of half of it."""
    what, (small, large) = max(pairs.items(), key=lambda item: item[1][1])
    return what, round(large, 3), round(large / max(small, 0.001), 1)
