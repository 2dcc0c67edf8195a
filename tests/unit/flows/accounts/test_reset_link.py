"""The link that an operator hands on: for whom there is none, and what no log shows of it."""

import pytest

from edge_auth.accounts.identity import DISABLED, UNCONFIRMED
from edge_auth.errors import TemporarilyUnavailable, UserChanged
from edge_auth.flows.accounts.new_challenge import RESET_SECONDS
from edge_auth.tokens.proof_token import Kind
from tests.support.access_tokens import NOW
from tests.support.mail import MailDeployment


@pytest.fixture
def mail() -> MailDeployment:
    """Return a deployment with mail."""
    return MailDeployment()


def test_the_link_has_the_proof_behind_the_hash_and_the_code_beside_it(mail: MailDeployment) -> None:
    """SA1: a browser sends nothing behind the hash to a server. A repr shows neither of them."""
    made = mail.reset_link(mail.alice.user_id)

    shown, by_code = mail.mailed(Kind.RESET)
    assert made.link == f"https://app.example.com/account/reset-password#{shown.proof}"
    assert (made.code, made.expires_at_seconds) == (by_code.code, NOW + RESET_SECONDS)
    assert repr(made) == f"Link(expires_at_seconds={NOW + RESET_SECONDS})"
    assert not mail.challenge(Kind.RESET).is_delivered


@pytest.mark.parametrize("status", [DISABLED, UNCONFIRMED])
def test_a_user_who_is_not_active_gets_no_link(mail: MailDeployment, status: str) -> None:
    """No password is reset for such a user, and the operator learns why."""
    mail.change_alice(status=status)

    with pytest.raises(UserChanged, match="not active"):
        mail.reset_link(mail.alice.user_id)
    assert mail.core.store.challenges == {}


def test_a_user_who_was_deleted_gets_no_link(mail: MailDeployment) -> None:
    """The operator has read the user before."""
    user_id = mail.alice.user_id
    mail.core.store.identities.clear()

    with pytest.raises(UserChanged, match="deleted"):
        mail.reset_link(user_id)


def test_a_second_link_at_the_same_second_is_to_be_asked_for_again(mail: MailDeployment) -> None:
    """The first one stands. A second later, the new one takes its place."""
    first = mail.reset_link(mail.alice.user_id)
    with pytest.raises(TemporarilyUnavailable):
        mail.reset_link(mail.alice.user_id)
    mail.core.clock.advance(seconds=1)

    assert mail.reset_link(mail.alice.user_id).link != first.link
