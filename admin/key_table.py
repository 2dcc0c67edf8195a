"""A key ring's summary as a table: ids, states and times. Times are in UTC, with their distance from now."""

from collections.abc import Sequence
from typing import Any

from admin.times import utc, when

TIMES = ("published_at", "signs_from", "ends_at")
HEADINGS = ("state", "published", "signs from", "ends")


def table(summary: dict[str, Any]) -> str:
    """Return the table, with one line for each key."""
    now = int(summary["now"])
    signing = [(key["kid"], key["alg"], *_life(key, now)) for key in summary["signing"]]
    mac = [(key["id"], *_life(key, now)) for key in summary["mac"]]
    return "\n\n".join(
        [
            f"Key ring {summary['version']} at {utc(now)} UTC",
            _aligned("Signing keys, for access tokens", [("kid", "alg", *HEADINGS), *signing]),
            _aligned("MAC keys, for all other tokens", [("id", *HEADINGS), *mac]),
        ]
    )


def _life(key: dict[str, Any], now: int) -> tuple[str, ...]:
    return (str(key["state"]), *("-" if key[name] is None else when(int(key[name]), now) for name in TIMES))


def _aligned(title: str, rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([title, *(f"  {line}" for line in lines)])
