"""A full feed of ended sessions, as the benchmarks read it."""

from benchmarks.requests import feed
from benchmarks.requests.deployment import Deployment

NOW = 1_800_000_000


def test_a_full_feed_has_the_ends_of_a_tokens_life(deployment: Deployment) -> None:
    """A first read has all of them, and a later one those of the last minute: about 3 for each second."""
    client, table = deployment.client, deployment.tables["RevocationsTable"]

    feed.fill(client, table, now_seconds=NOW)

    assert feed.read(client, table, since_seconds=NOW - feed.LIFE_SECONDS) == feed.ENDED
    assert 180 <= feed.read(client, table, since_seconds=NOW - 60) <= 220
    assert feed.read(client, table, since_seconds=NOW + 60) == 0
