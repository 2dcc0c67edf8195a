"""Times as operators read them: in UTC, and as a distance from now."""

from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86_400
# Below two of a unit the next smaller unit is used: "in 90 min", not "in 1 h".
UNITS = ((2 * DAY, DAY, "d"), (2 * HOUR, HOUR, "h"), (2 * MINUTE, MINUTE, "min"))


def utc(seconds: int) -> str:
    """Return a time for people: `2026-11-22 06:40:00`, in UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def iso(seconds: int) -> str:
    """Return a time for programs: `2026-11-22T06:40:00Z` (RFC 3339)."""
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat().replace("+00:00", "Z")


def when(seconds: int, now: int) -> str:
    """Return a time for people, with its distance: `2026-11-22 06:40:00 (in 23 h)`."""
    return f"{utc(seconds)} ({distance(seconds - now)})"


def distance(seconds: int) -> str:
    """Return how far away a time is, in its largest sensible unit."""
    if seconds == 0:
        return "now"
    amount = abs(seconds)
    text = next((f"{amount // size} {unit}" for least, size, unit in UNITS if amount >= least), f"{amount} s")
    return f"in {text}" if seconds > 0 else f"{text} ago"
