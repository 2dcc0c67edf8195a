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
