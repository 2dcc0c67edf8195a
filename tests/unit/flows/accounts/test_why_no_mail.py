"""Why a reset brings no mail: the log says it, and what it uses up is nobody else's."""

from dataclasses import replace

import pytest

from edge_auth.accounts.identity import DISABLED, UNCONFIRMED
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.throttling.limits import MAIL_RATE
from edge_auth.tokens.proof_token import Kind
from tests.support.deployment import ADDRESS, USERNAME
from tests.support.mail import EMAIL, MailDeployment


@pytest.fixture
def mail() -> MailDeployment:
    """Return a deployment with mail."""
    return MailDeployment()


def asked(mail: MailDeployment, username: str = USERNAME) -> SecurityEvent:
    """Ask for a mail, and return what is recorded."""
    mail.core.events.clear()
    mail.ask_reset(username, address=ADDRESS)
    [event] = mail.core.events
    return event


WAITING = {"status": UNCONFIRMED, "email_verified_at_seconds": 0}
NO_ADDRESS = "the user has no confirmed address"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"status": DISABLED}, "the user is disabled"),
        ({"email": "", "email_verified_at_seconds": 0}, NO_ADDRESS),
        ({"email_verified_at_seconds": 0}, NO_ADDRESS),
        ({"email_bounced_at_seconds": 1}, NO_ADDRESS),
        (WAITING, ""),
        ({**WAITING, "email": ""}, NO_ADDRESS),
        ({**WAITING, "email_bounced_at_seconds": 1}, NO_ADDRESS),
    ],
)
def test_the_log_says_why_a_user_gets_no_mail(mail: MailDeployment, changes: dict[str, object], reason: str) -> None:
    """The answer never does. The reason is the same if another challenge stands at that second."""
    mail.change_alice(**changes)

    expected = SecurityEvent(EventName.RESET_ASKED, mail.alice.user_id, reason=reason)
    assert asked(mail) == expected
    again = "another mail is on its way, or an operator has made a link"
    assert asked(mail) == expected._replace(reason=reason or again)


def test_the_log_names_no_user_who_is_not_there(mail: MailDeployment) -> None:
    """The name may be a password that was typed into the wrong field."""
    assert asked(mail, "nobody") == SecurityEvent(EventName.RESET_ASKED, reason="there is no such user")


def test_the_log_says_that_an_address_has_had_its_mails(mail: MailDeployment) -> None:
    """SB6: also at a second at which another challenge stands."""
    for _ in range(MAIL_RATE.burst):
        assert asked(mail).reason == ""
        mail.core.clock.advance(seconds=1)

    assert [asked(mail).reason for _ in range(2)] == ["too many mails"] * 2


def test_the_log_names_the_first_reason_however_often_a_name_is_asked_for(mail: MailDeployment) -> None:
    """It is what an operator can change. That there were too many requests is not why no mail comes."""
    for _ in range(MAIL_RATE.burst + 1):
        assert asked(mail, "nobody").reason == "there is no such user"
        mail.core.clock.advance(seconds=1)


def test_a_user_who_gets_no_mail_uses_up_none_of_the_address(mail: MailDeployment) -> None:
    """SB6: another user may have the same address."""
    bob = replace(mail.alice, user_id="B" * 22, username="bob", status=DISABLED)
    mail.core.store.identities["bob"] = bob
    for _ in range(MAIL_RATE.burst + 1):
        asked(mail, "bob")
        mail.core.clock.advance(seconds=1)

    assert asked(mail).reason == ""
    assert mail.challenge(Kind.RESET).email == EMAIL
