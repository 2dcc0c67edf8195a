"""Dates in the forms of signatures and of HTTP. Pure. `datetime` and `email` would take milliseconds to load."""

import re

DAY_SECONDS = 86_400
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# RFC 9110 §5.6.7: the one form that senders may use. The day of the week says nothing more.
_HTTP_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4})"
    r" ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_FIRST_YEAR = 1970


def basic_form(seconds: int) -> str:
    """Write a time in seconds since 1970 as `20261126T112047Z` (ISO 8601, basic form)."""
    days, second = divmod(seconds, DAY_SECONDS)
    year, month, day = _date(days)
    return f"{year:04}{month:02}{day:02}T{second // 3600:02}{second // 60 % 60:02}{second % 60:02}Z"


def from_http(text: str) -> int | None:
    """Return the seconds since 1970 of an HTTP date, or None if the text is none."""
    found = _HTTP_DATE.fullmatch(text)
    if found is None or found[2] not in MONTHS:
        return None
    date = (int(found[3]), MONTHS.index(found[2]) + 1, int(found[1]))
    hour, minute, second = int(found[4]), int(found[5]), int(found[6])
    if date[0] < _FIRST_YEAR or hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - the clock's own numbers
        return None
    days = _days(*date)
    return days * DAY_SECONDS + hour * 3600 + minute * 60 + second if _date(days) == date else None


# Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, so a leap day is a year's last.


def _days(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date."""
    year -= month <= 2  # noqa: PLR2004 - January and February
    of_era = year % 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return year // 400 * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _date(days: int) -> tuple[int, int, int]:
    """Return the year, month and day of a number of days since 1970-01-01."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * of_era + of_era // 4 - of_era // 100)
    from_march = (5 * day_of_year + 2) // 153
    month = (from_march + 2) % 12 + 1
    return era * 400 + of_era + (month <= 2), month, day_of_year - (153 * from_march + 2) // 5 + 1  # noqa: PLR2004
