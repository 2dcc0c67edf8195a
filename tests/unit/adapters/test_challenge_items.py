"""A challenge as an item: what is no challenge is damage."""

from typing import Any

import pytest

from edge_auth.accounts.challenge import Challenge
from edge_auth.adapters.dynamodb.challenge_items import challenge_from, challenge_item
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.tokens.proof_token import BINDING_BYTES, Kind, Proof
from tests.support.people import ADA_ID, BOB_ID

CHALLENGE = Challenge(
    Proof(Kind.RESET, BOB_ID, ADA_ID, 1_800_000_000, bytes(BINDING_BYTES)),
    b"mac-1",
    "ada",
    "ada@example.com",
    "en",
    is_delivered=True,
)


def test_a_challenge_comes_back() -> None:
    """The items below differ from this one in their key."""
    assert challenge_from(challenge_item(CHALLENGE)) == CHALLENGE


@pytest.mark.parametrize("key", ["", "#", "resets#x", "notice#x", "re\ud800set#x"])
def test_a_challenge_of_an_unknown_kind_is_an_outage(key: str) -> None:
    """F38: as each other damage. It is not an error that nobody expects."""
    item: dict[str, Any] = {**challenge_item(CHALLENGE), "pk": {"S": key}}

    with pytest.raises(TemporarilyUnavailable, match="damaged item: pk"):
        challenge_from(item)
