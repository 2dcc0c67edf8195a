"""The authorizer's copy of the feed of ended sessions, for the cost of one look into it."""

import time

from benchmarks.requests import feed
from edge_auth.authorizer.ended_sessions import EndedSessions
from edge_auth.authorizer.feed_reads import Reading
from edge_auth.authorizer.two_clocks import Clocks

LONG_SECONDS = 3600  # the tokens and the copy are good for longer than the measuring takes


def full_copy() -> EndedSessions:
    """Return a new copy of a full feed."""
    now_seconds = int(time.time())
    reading = Reading(feed.entries_by_slot(now_seconds), frozenset(), now_seconds)
    copy = EndedSessions(
        lambda _since_seconds: reading,
        clocks=Clocks(time.monotonic, time.time),
        access_token_seconds=LONG_SECONDS,
        revocation_seconds=LONG_SECONDS,
        is_closed=True,
        run=lambda act, _seconds: act(),
    )
    copy.read()
    return copy
