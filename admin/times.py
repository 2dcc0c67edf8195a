"""Formats times for operators: in UTC, and as a distance from now."""

from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86_400
# A distance below two of a unit uses the next smaller unit: "in 90 min", not "in 1 h".
UNITS = ((2 * DAY, DAY, "d"), (2 * HOUR, HOUR, "h"), (2 * MINUTE, MINUTE, "min"))


def utc(seconds: int) -> str:
    """Return a time for people: `2026-11-22 06:40:00`, in UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def day(seconds: int) -> str:
    """Return a day, in UTC: `2026/11/22`."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y/%m/%d")


def iso(seconds: int) -> str:
    """Return a time for programs: `2026-11-22T06:40:00Z` (RFC 3339)."""
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat().replace("+00:00", "Z")


def when(seconds: int, now: int) -> str:
    """Return a time for people, with its distance: `2026-11-22 06:40:00 (in 23 h)`."""
    return f"{utc(seconds)} ({distance(seconds - now)})"


def distance(seconds: int) -> str:
    """Return the distance of a time from now, as in `in 23 h`, `5 d ago` or `now`."""
    if seconds == 0:
        return "now"
    amount = abs(seconds)
    text = next((f"{amount // size} {unit}" for least, size, unit in UNITS if amount >= least), f"{amount} s")
    return f"in {text}" if seconds > 0 else f"{text} ago"
