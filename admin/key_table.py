"""A key ring's summary as a table: ids, states and times, in UTC and as a distance from now."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

MINUTE, HOUR, DAY = 60, 3600, 86_400
# Below two of a unit the next smaller one says more: "in 90 min", not "in 1 h".
UNITS = ((2 * DAY, DAY, "d"), (2 * HOUR, HOUR, "h"), (2 * MINUTE, MINUTE, "min"))
TIMES = ("published_at", "signs_from", "ends_at")
HEADINGS = ("state", "published", "signs from", "ends")


def table(summary: dict[str, Any]) -> str:
    """Return the ring's keys, one a line."""
    now = int(summary["now"])
    signing = [(key["kid"], key["alg"], *_life(key, now)) for key in summary["signing"]]
    mac = [(key["id"], *_life(key, now)) for key in summary["mac"]]
    return "\n\n".join(
        [
            f"Key ring {summary['version']} at {utc(now)} UTC",
            _aligned("Signing keys, of access tokens", [("kid", "alg", *HEADINGS), *signing]),
            _aligned("MAC keys, of refresh tokens", [("id", *HEADINGS), *mac]),
        ]
    )


def when(seconds: int, now: int) -> str:
    """Return a time, and how far away it is: `2026-11-22 06:40 (in 23 h)`."""
    return f"{utc(seconds)} ({distance(seconds - now)})"


def utc(seconds: int) -> str:
    """Return a time as people write it, in UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def distance(seconds: int) -> str:
    """Return how far away a time is, in its largest sensible unit."""
    if seconds == 0:
        return "now"
    amount = abs(seconds)
    text = next((f"{amount // size} {unit}" for least, size, unit in UNITS if amount >= least), f"{amount} s")
    return f"in {text}" if seconds > 0 else f"{text} ago"


def _life(key: dict[str, Any], now: int) -> tuple[str, ...]:
    return (str(key["state"]), *("-" if key[name] is None else when(int(key[name]), now) for name in TIMES))


def _aligned(title: str, rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([title, *(f"  {line}" for line in lines)])
