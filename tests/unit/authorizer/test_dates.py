from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.authorizer.dates import basic_form, from_http

seconds_since_1970 = st.integers(min_value=0, max_value=253_402_300_799)  # until the end of the year 9999


@given(seconds_since_1970)
def test_a_date_is_written_as_datetime_writes_it(seconds: int) -> None:
    """The signature's form of a time is that of the standard library."""
    assert basic_form(seconds) == datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ").rjust(16, "0")


@given(seconds_since_1970)
def test_an_http_date_is_read_as_email_reads_it(seconds: int) -> None:
    """RFC 9110 §5.6.7: each time has one form that servers send."""
    text = format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)

    assert from_http(text) == int(parsedate_to_datetime(text).timestamp()) == seconds


def test_each_turn_of_a_month_that_a_leap_year_moves_is_right() -> None:
    """The Gregorian calendar repeats after 400 years, so all its leap years are among these."""
    for year in range(1970, 2401):
        for month, day in ((1, 1), (2, 28), (3, 1), (12, 31)):
            date = datetime(year, month, day, 23, 59, 59, tzinfo=UTC)
            for seconds in (int(date.timestamp()), int(date.timestamp()) + 1):
                time = datetime.fromtimestamp(seconds, UTC)
                assert basic_form(seconds) == f"{time:%Y%m%dT%H%M%SZ}"
                assert from_http(f"{time:Thu, %d %b %Y %H:%M:%S} GMT") == seconds


def test_each_day_of_a_year_and_each_minute_of_a_day_is_right() -> None:
    """In a year with a leap day and in one without, at the turn of the era."""
    for seconds in (*range(951_782_400, 951_782_400 + 2 * 366 * 86_400, 86_400), *range(0, 86_400, 60), 86_399):
        time = datetime.fromtimestamp(seconds, UTC)
        assert basic_form(seconds) == f"{time:%Y%m%dT%H%M%SZ}"
        assert from_http(f"{time:Thu, %d %b %Y %H:%M:%S} GMT") == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Thu, 26 Nov 2026 11:20:47",
        "Thu, 26 Nov 2026 11:20:47 UTC",
        "Thu, 26 Nov 2026 11:20:47 +0000",
        "Thursday, 26-Nov-26 11:20:47 GMT",
        "Thu Nov 26 11:20:47 2026",
        "Thu, 31 Feb 2026 11:20:47 GMT",
        "Thu, 29 Feb 2026 11:20:47 GMT",
        "Thu, 00 Nov 2026 11:20:47 GMT",
        "Thu, 26 Foo 2026 11:20:47 GMT",
        "Thu, 26 Nov 1969 11:20:47 GMT",
        "Thu, 26 Nov 2026 24:00:00 GMT",
        "Thu, 26 Nov 2026 11:60:47 GMT",
        "Thu, 26 Nov 2026 11:20:60 GMT",
        "Thu, ٢٦ Nov 2026 11:20:47 GMT",
        " Thu, 26 Nov 2026 11:20:47 GMT",
    ],
)
def test_what_is_no_http_date_is_none(text: str) -> None:
    """Without the store's time, the next read is of the whole window. So no date is guessed."""
    assert from_http("Thu, 26 Nov 2026 11:20:47 GMT") == 1_795_692_047
    assert from_http(text) is None
