"""A user whose address was marked, because mails came back from it, and who has shown since then that mails arrive."""

import pytest

from edge_auth.errors import EmailNotConfirmed
from edge_auth.events.security_event import EventName
from edge_auth.flows.accounts.ask_reset import NO_ADDRESS
from edge_auth.tokens.proof_token import Kind
from tests.support.deployment import ADDRESS, PASSWORD, USERNAME
from tests.support.fakes.bounces import MemoryBounces
from tests.support.mail import EMAIL, NEW_EMAIL, MailDeployment

NEW_PASSWORD = "staple battery horse"


def mark(mail: MailDeployment, user_id: str, address: str) -> None:
    """Let a mail to the user come back."""
    now_seconds = mail.core.clock() // 1000
    MemoryBounces(mail.core.store).mark(user_id, address, reason="complaint", now_seconds=now_seconds)


def asked(mail: MailDeployment, username: str = USERNAME) -> str:
    """Ask for a reset, and return why no mail goes out. It is empty if one does."""
    mail.core.clock.advance(seconds=1)
    mail.ask_reset(username, address=ADDRESS)
    event = mail.core.events[-1]
    assert event.name == EventName.RESET_ASKED
    return event.reason


def changed(mail: MailDeployment, email: str) -> None:
    """Ask for a mail to an address, and confirm it."""
    mail.change_address(mail.alice.user_id, mail.core.log_in().session_id, email, PASSWORD, address=ADDRESS)
    mail.confirm_address(mail.mailed(Kind.CONFIRM)[0], address=ADDRESS)


@pytest.fixture
def marked(mail: MailDeployment) -> MailDeployment:
    """Return a deployment whose user alice gets no mails."""
    mark(mail, mail.alice.user_id, EMAIL)
    assert asked(mail) == NO_ADDRESS
    return mail


def test_a_mail_to_the_own_address_that_arrives_lets_mails_go_there_again(marked: MailDeployment) -> None:
    """The user needs no operator."""
    changed(marked, EMAIL)

    assert marked.alice.is_reachable
    assert asked(marked) == ""
    marked.reset_password(marked.mailed(Kind.RESET)[0], NEW_PASSWORD, address=ADDRESS)
    assert marked.told_of_new_password[0].is_reachable


def test_the_owner_who_undoes_a_change_of_a_marked_address_gets_the_account_back(marked: MailDeployment) -> None:
    """SC5: the password is taken away, so without a mail to the restored address nobody could set another one."""
    changed(marked, NEW_EMAIL)

    marked.undo_address(marked.mailed(Kind.UNDO)[0], address=ADDRESS)

    assert (marked.alice.email, marked.alice.is_reachable) == (EMAIL, True)
    assert asked(marked) == ""
    marked.reset_password(marked.mailed(Kind.RESET)[0], NEW_PASSWORD, address=ADDRESS)
    marked.core.log_in(USERNAME, NEW_PASSWORD)


def test_a_new_user_whose_second_mail_arrives_gets_mails(mail: MailDeployment) -> None:
    """The first mail comes back late, while the user has the second one already."""
    user = mail.register(must_confirm=True)("bob", PASSWORD, email="bob@mail.example", address=ADDRESS)
    with pytest.raises(EmailNotConfirmed):
        mail.core.log_in("bob")
    assert asked(mail, "bob") == ""
    mark(mail, user.user_id, "bob@mail.example")

    mail.reset_password(mail.mailed(Kind.RESET, user.user_id)[0], NEW_PASSWORD, address=ADDRESS)

    assert mail.core.store.identities["bob"].is_reachable
