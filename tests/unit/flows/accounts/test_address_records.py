"""What is recorded of addresses, and how many mails to them one source can ask for."""

import pytest

from edge_auth.errors import InvalidCredentials, InvalidProof, TooManyAttempts
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.accounts.shown_proof import Shown
from edge_auth.throttling.limits import MAIL_SOURCE_RATE
from edge_auth.tokens.proof_token import Kind
from tests.support.deployment import ADDRESS, PASSWORD, USERNAME
from tests.support.mail import NEW_EMAIL, MailDeployment


@pytest.fixture
def mail() -> MailDeployment:
    """Return a deployment with mail."""
    return MailDeployment()


def logged_in(mail: MailDeployment) -> tuple[str, str]:
    """Log alice in, and return her id and that of the session."""
    granted = mail.core.log_in()
    mail.core.names()
    return mail.alice.user_id, granted.session_id


def ask(mail: MailDeployment, own: tuple[str, str], password: str = PASSWORD, address: str = ADDRESS) -> None:
    """Ask for a change of the address in this session."""
    mail.change_address(*own, NEW_EMAIL, password, address=address)


def test_a_change_that_is_asked_for_is_recorded_with_its_session(mail: MailDeployment) -> None:
    """An operator finds the session of a thief, and a wrong password with its reason."""
    own = logged_in(mail)
    with pytest.raises(InvalidCredentials):
        ask(mail, own, "incorrect horse battery")
    ask(mail, own)

    assert mail.core.events == [
        SecurityEvent(EventName.PASSWORD_CHANGE_FAILED, *own, reason="wrong password"),
        SecurityEvent(EventName.EMAIL_CHANGE_ASKED, *own),
    ]


def test_a_refused_confirmation_is_recorded_with_its_reason(mail: MailDeployment) -> None:
    """Whoever tries codes leaves a line for each, without a user: there may be none."""
    ask(mail, logged_in(mail))
    mail.core.names()
    with pytest.raises(InvalidProof):
        mail.confirm_address(Shown(username=USERNAME, code="00000000"), address=ADDRESS)

    assert mail.core.events == [SecurityEvent(EventName.PROOF_REFUSED, reason="wrong code")]


def test_an_undoing_is_recorded_before_the_ends_of_sessions(mail: MailDeployment) -> None:
    """Also if they cannot be ended at once."""
    ask(mail, logged_in(mail))
    mail.confirm_address(mail.mailed(Kind.CONFIRM)[0], address=ADDRESS)
    mail.core.names()
    mail.undo_address(mail.mailed(Kind.UNDO)[0], address=ADDRESS)

    user_id = mail.alice.user_id
    assert mail.core.events == [
        SecurityEvent(EventName.EMAIL_CHANGE_UNDONE, user_id),
        SecurityEvent(EventName.ALL_SESSIONS_ENDED, user_id, reason="email_change_undone"),
    ]


def test_a_change_counts_with_all_mails_that_its_source_asks_for(mail: MailDeployment) -> None:
    """P13: one place cannot make the mailer write to every address. Another place can ask."""
    own = logged_in(mail)
    ask(mail, own)
    for number in range(MAIL_SOURCE_RATE.burst - 1):
        mail.ask_reset(f"user-{number}", address=ADDRESS)
    mail.core.clock.advance(seconds=1)

    with pytest.raises(TooManyAttempts):
        mail.ask_reset(USERNAME, address=ADDRESS)
    with pytest.raises(TooManyAttempts):
        ask(mail, own)
    ask(mail, own, address="198.51.100.1")
