"""The window that a cold authorizer reads, with every clock as wrong as it may be, and every act as slow."""

from edge_auth.adapters.aws import CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS, TOTAL_ATTEMPTS
from edge_auth.adapters.dynamodb.revocations import MAX_SLOT_ERROR_SECONDS
from edge_auth.flows.sessions.end_sessions import MAX_LEAD_SECONDS
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS, ISSUED_AT_LEEWAY_SECONDS, MAX_LIFETIME_SECONDS
from edge_auth.tokens.ended_feed import (
    FEED,
    KEPT_SECONDS,
    KEY_SLOT,
    SLOT_SECONDS,
    WINDOW_MARGIN_SECONDS,
    entry_of,
    slot_of,
)

ROUNDING_SECONDS = 1  # the store says its time in whole seconds
PUBLISHED = 1_795_692_094
TOKEN_SECONDS = 900


def test_the_window_has_the_entry_of_a_token_that_was_made_as_late_as_possible() -> None:
    """The session was published long before it ended, by a clock that is behind, and its issuer's clock is ahead."""
    written_by = PUBLISHED - MAX_SLOT_ERROR_SECONDS - ROUNDING_SECONDS
    issued_at = PUBLISHED + MAX_LEAD_SECONDS + ISSUED_AT_LEEWAY_SECONDS
    last_accepted = issued_at + TOKEN_SECONDS + EXPIRY_LEEWAY_SECONDS - 1

    for shift in range(10):  # wherever a slot begins
        window_begins = last_accepted + shift - TOKEN_SECONDS - WINDOW_MARGIN_SECONDS
        assert slot_of(window_begins) <= slot_of(written_by + shift)


def test_a_single_end_and_a_second_write_take_no_longer_than_the_window_allows() -> None:
    """One session is published and then ended, and nothing looks at the time between. The SDK bounds it."""
    attempts = TOTAL_ATTEMPTS * (CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS)

    assert attempts + ROUNDING_SECONDS <= min(MAX_LEAD_SECONDS, MAX_SLOT_ERROR_SECONDS)


def test_an_entry_is_the_first_66_bits_of_a_session() -> None:
    """Writers and readers of two releases work at the same time, so an entry has the same length in each."""
    assert entry_of("0123456789abcdefghijkl") == "0123456789a"


def test_a_slot_is_ten_seconds_and_keeps_its_place_in_the_table() -> None:
    """Writers and readers of two releases find the same items. The withdrawn keys come behind every slot."""
    assert [slot_of(seconds) for seconds in (0, 9, 10, 1_800_000_009)] == [0, 0, 1, 180_000_000]
    assert (FEED, SLOT_SECONDS, KEY_SLOT) == ("ended", 10, 9_999_999_999)


def test_the_window_is_no_longer_than_its_reasons() -> None:
    """5 s of leeway, 30 s of the issuer's clock, 15 s of a writer's, and 15 s between an entry and its end."""
    lead = MAX_SLOT_ERROR_SECONDS + MAX_LEAD_SECONDS
    assert WINDOW_MARGIN_SECONDS == EXPIRY_LEEWAY_SECONDS + ISSUED_AT_LEEWAY_SECONDS + lead == 65


def test_an_item_is_kept_for_longer_than_any_access_token() -> None:
    """Two hours: a token lives for one at most, and DynamoDB may delete late but never early."""
    assert KEPT_SECONDS == 7200
    assert KEPT_SECONDS > MAX_LIFETIME_SECONDS + WINDOW_MARGIN_SECONDS
