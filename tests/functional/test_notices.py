"""Notices: what asks for a mail, what it costs, and that it costs nothing where mail is off."""

from collections import Counter
from dataclasses import replace

import pytest

from edge_auth.mail.render import render
from tests.support.browser import for_browsers, with_header
from tests.support.mail_records import LETTERHEAD, PAGES_URL, as_passed_on, of_item
from tests.support.one_login import one_login
from tests.support.outages import KINDS_OF_UPDATES
from tests.support.people import PASSWORD, WRONG_PASSWORD, ada, key_ring
from tests.support.sample_events import called_by, login_event, with_json
from tests.support.site import signed_in
from tests.support.stack import TABLES, Function, Stack
from tests.support.wire import lost_response

NEW_PASSWORD = "an even finer long passphrase"


@pytest.fixture
def told_stack(empty_stack: Stack) -> Stack:
    """Return a stack where mail is on, and ada has a confirmed address."""
    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(replace(ada(), email="ada@example.com", email_verified_at_seconds=1), PASSWORD)
    return empty_stack.with_parameters(MailFrom="login@example.com", MailIdentity="example.com", PagesUrl=PAGES_URL)


def notices(stack: Stack) -> list[str]:
    """Return the subjects of the mails that wait."""
    items = stack.challenge_items()
    return [render(of_item(as_passed_on(item)), stack.keys.mac_keys, LETTERHEAD).subject for item in items]


def requests(stack: Stack, login: Function, device_token: str = "") -> Counter[str]:
    """Return the requests of a login."""
    stack.forget_attempts()
    stack.wire.forget()
    assert (
        login(with_json("login", {"username": "ada", "password": PASSWORD, "device_token": device_token})).status == 200
    )
    return Counter(stack.wire.counts)


def test_a_login_on_a_new_device_costs_one_request_more_and_no_other_login_does(told_stack: Stack) -> None:
    """Where mail is on, a login on a known device costs what it costs where mail is off."""
    off, on = told_stack.with_parameters(MailFrom="", PagesUrl="").function("login"), told_stack.function("login")
    known = [login(login_event("ada", PASSWORD)).json["device_token"] for login in (off, on)][1]
    told_stack.tables.empty_table(TABLES["ChallengesTable"])

    assert requests(told_stack, on, known) == requests(told_stack, off, known)
    assert notices(told_stack) == []
    assert requests(told_stack, on) - requests(told_stack, off) == Counter({"dynamodb.PutItem": 1})
    assert notices(told_stack) == ["New sign-in at Example Notes"]


def test_a_wrong_password_asks_for_no_mail(told_stack: Stack) -> None:
    """Else everyone could fill a mailbox."""
    login = told_stack.function("login")

    assert login(login_event("ada", WRONG_PASSWORD)).status == 401
    assert login(login_event("nobody", PASSWORD)).status == 401
    assert notices(told_stack) == []


@pytest.mark.parametrize("fault", KINDS_OF_UPDATES)
def test_trouble_with_a_notice_changes_no_answer(told_stack: Stack, fault: str) -> None:
    """F19: the session is open. The log has the failure."""
    told_stack.wire.always("PutItem", KINDS_OF_UPDATES[fault])

    assert told_stack.function("login")(login_event("ada", PASSWORD)).status == 200

    [line] = [line for line in told_stack.output.security_events() if line["event"] == "notice_not_written"]
    assert line["reason"].startswith("new_device: ")


def test_a_lost_response_is_one_notice(told_stack: Stack) -> None:
    """F2: the SDK writes the same item again."""
    told_stack.wire.next("PutItem", lost_response)

    assert told_stack.function("login")(login_event("ada", PASSWORD)).status == 200

    assert len(notices(told_stack)) == 1
    assert "notice_not_written" not in {line["event"] for line in told_stack.output.security_events()}


def test_a_new_password_asks_for_a_mail(told_stack: Stack) -> None:
    """One request more, after the password has changed."""
    one_login(told_stack)
    session_id = told_stack.session_items()[0]["session_id"]["S"]
    event = called_by(
        with_json("password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD}), ada().user_id, session_id
    )
    told_stack.secrets.keep(NEW_PASSWORD, kind="password")
    told_stack.tables.empty_table(TABLES["ChallengesTable"])

    assert told_stack.function("password")(event).status == 204

    assert notices(told_stack) == ["Your password at Example Notes was changed"]


def test_a_new_password_at_a_site_asks_for_a_mail(told_stack: Stack) -> None:
    """The same for a caller with a session cookie."""
    site = for_browsers(told_stack)
    theirs, login = signed_in(site)
    event = with_json("site-password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    event = called_by(with_header(event, "Cookie", theirs), ada().user_id, login.json["session_id"])
    told_stack.secrets.keep(NEW_PASSWORD, kind="password")
    told_stack.tables.empty_table(TABLES["ChallengesTable"])

    assert site.function("site_password")(event).status == 204

    assert notices(told_stack) == ["Your password at Example Notes was changed"]
