"""Notices in the challenges table."""

from dataclasses import replace

from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.notices import DynamoDBNotices
from edge_auth.flows.ports.notices import Notice, NoticeName
from edge_auth.mail.render import render
from tests.support.dynamodb.engines import Tables
from tests.support.dynamodb.records import ADA, ADA_ID, BOB_ID, NOW_SECONDS
from tests.support.mail_records import LETTERHEAD, as_passed_on, of_item

REACHABLE = replace(ADA, email="ada@mail.example", email_verified_at_seconds=1, language="de")
DETAILS = {"at": str(NOW_SECONDS), "user_agent": "NotesApp/3", "network": "192.0.2.0/24"}
NOTICE = Notice(NoticeName.NEW_DEVICE, BOB_ID, REACHABLE, DETAILS, NOW_SECONDS + 3600)


def test_a_notice_is_an_item_that_the_mailer_can_send(tables: Tables) -> None:
    """It has the name and the address of the user, and no hash, no token and no session."""
    DynamoDBNotices(tables.client, table=tables.challenges).put(NOTICE)

    [item] = tables.challenge_items()
    assert item == {
        "pk": {"S": f"notice#{ADA_ID}#new_device"},
        "notice_id": {"S": BOB_ID},
        "notice": {"S": "new_device"},
        "username": {"S": ADA.username},
        "email": {"S": "ada@mail.example"},
        "language": {"S": "de"},
        "details": {"M": {name: {"S": value} for name, value in DETAILS.items()}},
        "delete_at": {"N": str(NOW_SECONDS + 3600)},
        "deliver": {"BOOL": True},
    }
    mail = render(of_item(as_passed_on(item)), {}, LETTERHEAD)
    assert (mail.to, mail.subject) == ("ada@mail.example", "Neue Anmeldung bei Example Notes")


def test_a_repeated_write_is_no_second_notice(tables: Tables) -> None:
    """A lost response: the same id is the same notice. Another one takes its place, and is sent too."""
    notices = DynamoDBNotices(tables.client, table=tables.challenges)

    notices.put(NOTICE)
    notices.put(NOTICE._replace(details={}))
    assert [item["details"] for item in tables.challenge_items()] != [{"M": {}}], "nothing was written"
    notices.put(NOTICE._replace(notice_id=ADA_ID, details={}))
    assert [item["details"] for item in tables.challenge_items()] == [{"M": {}}]
    notices.put(NOTICE._replace(name=NoticeName.NEW_PASSWORD))
    assert len(tables.challenge_items()) == 2


def test_the_notices_of_a_deleted_user_are_forgotten(tables: Tables) -> None:
    """F18: they have the name and the address. Those of another user stay, and the call may be repeated."""
    notices = DynamoDBNotices(tables.client, table=tables.challenges)
    for name in NoticeName:
        notices.put(NOTICE._replace(name=name))
    notices.put(NOTICE._replace(identity=replace(REACHABLE, user_id=BOB_ID)))
    challenges = DynamoDBChallenges(tables.client, table=tables.challenges)

    challenges.forget(ADA_ID)
    challenges.forget(ADA_ID)

    assert [item["pk"] for item in tables.challenge_items()] == [{"S": f"notice#{BOB_ID}#new_device"}]
