"""The marks of addresses that mails come back from, in the identities table."""

from dataclasses import replace

import pytest

from edge_auth.adapters.dynamodb.bounces import DynamoDBBounces
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.identity_items import login_key
from edge_auth.adapters.dynamodb.items import text
from edge_auth.errors import UnknownUser
from edge_auth.flows.ports.bounces import AddressGone
from tests.support.dynamodb.engines import Tables
from tests.support.dynamodb.records import ADA, ADA_ID, BOB_ID, NOW_SECONDS

ADDRESS = "ada@mail.example"
REACHABLE = replace(ADA, email=ADDRESS, email_verified_at_seconds=NOW_SECONDS - 5)


def stores(tables: Tables) -> tuple[DynamoDBIdentities, DynamoDBBounces]:
    """Return the users, ada among them, and the marks."""
    identities = DynamoDBIdentities(tables.client, table=tables.identities)
    identities.create(REACHABLE)
    return identities, DynamoDBBounces(tables.client, table=tables.identities)


def test_a_marked_address_takes_no_more_mails(tables: Tables) -> None:
    """Nothing else of the user changes, and sessions stay."""
    identities, bounces = stores(tables)

    bounces.mark(ADA_ID, ADDRESS, reason="complaint", now_seconds=NOW_SECONDS)

    marked = identities.find(ADA.username)
    assert marked == replace(REACHABLE, email_bounced_at_seconds=NOW_SECONDS)
    assert (REACHABLE.is_reachable, marked.is_reachable) == (True, False)


def test_a_repeated_mark_changes_nothing(tables: Tables) -> None:
    """A lost response, or an event that comes twice."""
    identities, bounces = stores(tables)

    for seconds in range(3):
        bounces.mark(ADA_ID, ADDRESS, reason="complaint", now_seconds=NOW_SECONDS + seconds)

    assert identities.find(ADA.username).email_bounced_at_seconds == NOW_SECONDS


@pytest.mark.parametrize(
    ("user_id", "address"), [(ADA_ID, "other@mail.example"), (BOB_ID, ADDRESS)], ids=["another address", "no such user"]
)
def test_an_address_that_is_not_the_users_is_not_marked(tables: Tables, user_id: str, address: str) -> None:
    """A mail to the address from before may come back after the change."""
    identities, bounces = stores(tables)

    with pytest.raises(AddressGone):
        bounces.mark(user_id, address, reason="complaint", now_seconds=NOW_SECONDS)

    assert identities.find(ADA.username) == REACHABLE


def test_a_new_address_is_not_marked_by_the_old_one(tables: Tables) -> None:
    """The mark names its address. So nothing that changes an address has to know of marks."""
    identities, bounces = stores(tables)
    bounces.mark(ADA_ID, ADDRESS, reason="complaint", now_seconds=NOW_SECONDS)

    tables.client.update_item(
        TableName=tables.identities,
        Key=login_key(ADA.username),
        UpdateExpression="SET email = :new",
        ExpressionAttributeValues={":new": text("new@mail.example")},
    )

    assert identities.find(ADA.username) == replace(REACHABLE, email="new@mail.example")
    bounces.mark(ADA_ID, "new@mail.example", reason="complaint", now_seconds=NOW_SECONDS + 9)
    assert identities.find(ADA.username).email_bounced_at_seconds == NOW_SECONDS + 9


def test_a_mark_is_taken_away_and_mails_go_to_the_address_again(tables: Tables) -> None:
    """The user is stored as before the first mail came back. A repeated clearing changes nothing."""
    identities, bounces = stores(tables)
    key = login_key(ADA.username)
    before = tables.client.get_item(TableName=tables.identities, Key=key)["Item"]
    bounces.mark(ADA_ID, ADDRESS, reason="complaint", now_seconds=NOW_SECONDS)
    marked = tables.client.get_item(TableName=tables.identities, Key=key)["Item"]
    assert marked["bounce_reason"] == text("complaint")

    for _ in range(2):
        bounces.clear(identities.find(ADA.username))

    assert tables.client.get_item(TableName=tables.identities, Key=key)["Item"] == before
    bounces.mark(ADA_ID, ADDRESS, reason="complaint", now_seconds=NOW_SECONDS + 9)
    assert identities.find(ADA.username).email_bounced_at_seconds == NOW_SECONDS + 9


def test_no_mark_is_taken_from_another_user_of_the_name(tables: Tables) -> None:
    """T6: the operator was shown a user who was deleted since."""
    identities, bounces = stores(tables)
    bounces.mark(ADA_ID, ADDRESS, reason="complaint", now_seconds=NOW_SECONDS)

    with pytest.raises(UnknownUser):
        bounces.clear(replace(REACHABLE, user_id=BOB_ID))

    assert not identities.find(ADA.username).is_reachable
