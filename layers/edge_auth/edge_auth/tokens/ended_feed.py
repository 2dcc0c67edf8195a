"""The feed of ended sessions: a table that tells authorizers whose access tokens are dead. Pure.

An item holds the sessions that ended within ten seconds, its slot. One more item, for which no time comes, holds the
ids of signing keys that were withdrawn at once. Writers add to an item. Authorizers read the items of the last minute.
"""

FEED = "ended"  # the partition key `feed` of every item

SLOT_SECONDS = 10
KEY_SLOT = 9_999_999_999  # the sort key `slot` of the item with the withdrawn keys: every read of later slots has it
KEPT_SECONDS = 7200  # after its slot an item is of no use: an access token lives for an hour at most

# The first 66 random bits of a session's id. An innocent session is refused with a probability of one in 2**66 for
# each session that has ended.
ENTRY_CHARACTERS = 11

# A reader needs the slots of the life of an access token, and of so long before it. A token is accepted for longer than
# its life: 5 s of leeway, and up to 30 s by which the issuer's clock is ahead. The session's entry may be 30 s older
# than its end: 15 s by which a writer's clock may differ, and 15 s that the end may come after the entry.
WINDOW_MARGIN_SECONDS = 65


def slot_of(now_seconds: int) -> int:
    """Return the slot of a time in seconds since 1970."""
    return now_seconds // SLOT_SECONDS


def entry_of(session_id: str) -> str:
    """Return what the feed says of a session that has ended."""
    return session_id[:ENTRY_CHARACTERS]
