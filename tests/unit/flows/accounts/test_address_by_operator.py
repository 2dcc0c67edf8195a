"""What operators do with addresses, and whom they tell by mail."""

from typing import TYPE_CHECKING

import pytest

from edge_auth.errors import EmailRefused, InvalidProof, UserChanged
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.accounts.administration import Administration, OperatorNotices
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.tokens.proof_token import Kind
from tests.support.access_tokens import NOW
from tests.support.deployment import ADDRESS, PASSWORD, PASSWORD_RULES, USERNAME
from tests.support.fakes.challenges import MemoryChallenges
from tests.support.fakes.stores import MemoryIdentities
from tests.support.mail import EMAIL, NEW_EMAIL, THIRD_EMAIL, MailDeployment

if TYPE_CHECKING:
    from edge_auth.accounts.identity import Identity
    from edge_auth.flows.accounts.shown_proof import Shown


class Operator:
    """An operator of a deployment with mail, and whom the acts have told of what."""

    def __init__(self, *, has_mail: bool = True) -> None:
        """Begin with alice, who has a confirmed address."""
        self.mail = MailDeployment()
        self.told: list[tuple[str, Identity]] = []
        core = self.mail.core
        self.acts = Administration(
            identities=core.identities,
            sessions=core.sessions,
            attempts=core.attempts,
            end_sessions=core.end_sessions,
            password_rules=PASSWORD_RULES,
            clock=core.clock,
            entropy=core.entropy,
            record=core.events.append,
            notices=OperatorNotices(
                lambda user: self.told.append(("password", user)),
                lambda user: self.told.append(("address", user)),
                lambda user: self.told.append(("factors", user)),
            )
            if has_mail
            else None,
            challenges=self.mail.challenges if has_mail else None,
        )
        core.clock.advance(ms=999)


@pytest.mark.parametrize(
    ("email", "is_confirmed", "kept", "verified_at"),
    [
        ("Bob@Mail.Example", True, "bob@mail.example", NOW),
        ("bob@mail.example", False, "bob@mail.example", 0),
        ("", True, "", 0),
        ("", False, "", 0),
    ],
)
def test_a_created_user_has_the_given_address(email: str, kept: str, verified_at: int, *, is_confirmed: bool) -> None:
    """It is confirmed only if the operator knows that it is the user's, and if there is one."""
    created = Operator().acts.create("bob", PASSWORD, email=email, is_confirmed=is_confirmed)

    assert (created.email, created.email_verified_at_seconds) == (kept, verified_at)


def test_a_user_is_created_without_an_address_that_nobody_gave() -> None:
    """And without rights. A given id is kept."""
    created = Operator().acts.create("bob", PASSWORD, user_id="B" * 22)

    assert (created.email, created.email_verified_at_seconds, created.scope, created.roles) == ("", 0, "", ())
    assert (created.user_id, created.created_at_seconds) == ("B" * 22, NOW)
    assert Operator().acts.create("bob", PASSWORD, email="bob@mail.example").email_verified_at_seconds == 0


@pytest.mark.parametrize(("is_confirmed", "verified_at"), [(True, NOW), (False, 0)])
def test_a_new_address_is_told_to_the_old_one(verified_at: int, *, is_confirmed: bool) -> None:
    """The notice has the user from before, because the new address may be somebody else's. Sessions go on."""
    operator = Operator()
    session = operator.mail.core.log_in()
    before = operator.mail.alice
    operator.mail.core.names()

    changed = operator.acts.set_email(before, "Alice@New.Example", is_confirmed=is_confirmed)

    assert changed == operator.mail.alice
    assert (changed.email, changed.email_verified_at_seconds) == (NEW_EMAIL, verified_at)
    assert operator.told == [("address", before)]
    assert operator.mail.core.events == [SecurityEvent(EventName.EMAIL_SET, before.user_id)]
    assert not operator.mail.core.has_ended(session)


def test_the_same_address_is_told_to_nobody() -> None:
    """It may only be confirmed by that."""
    operator = Operator()

    assert operator.acts.set_email(operator.mail.alice, EMAIL, is_confirmed=False).email_verified_at_seconds == 0
    assert operator.told == []


def stolen(operator: Operator) -> "Shown":
    """Change the address as the user, and return the link with which the mailbox from before undoes that."""
    mail = operator.mail
    token = mail.core.token_of(mail.core.log_in())
    mail.change_address(token.user_id, token.session_id, NEW_EMAIL, PASSWORD, address=ADDRESS)
    mail.confirm_address(mail.mailed(Kind.CONFIRM)[0], address=ADDRESS)
    return mail.mailed(Kind.UNDO)[0]


def test_an_address_by_an_operator_leaves_the_link_of_the_mailbox_from_before() -> None:
    """A tricked help desk does not take the owner's last way back (decision 0056)."""
    operator = Operator()
    shown = stolen(operator)

    operator.acts.set_email(operator.mail.alice, THIRD_EMAIL, is_confirmed=True)
    operator.mail.undo_address(shown, address=ADDRESS)

    assert operator.mail.alice.email == EMAIL


def test_an_operator_can_end_the_link_of_the_mailbox_from_before() -> None:
    """A thief reads that mailbox. Whoever has the link gets the answer of a link that was used."""
    operator = Operator()
    shown = stolen(operator)

    operator.acts.set_email(operator.mail.alice, THIRD_EMAIL, is_confirmed=True, must_end_undo=True)

    with pytest.raises(InvalidProof):
        operator.mail.undo_address(shown, address=ADDRESS)
    assert operator.mail.alice.email == THIRD_EMAIL


def test_an_undoing_at_the_moment_of_the_operators_act_does_not_come_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The link ends first. An undoing before that is overwritten by the address of the operator."""
    operator = Operator()
    shown = stolen(operator)
    before, end = operator.mail.alice, MemoryChallenges.end_undo

    def at_the_same_moment(challenges: MemoryChallenges, user_id: str) -> None:
        operator.mail.undo_address(shown, address=ADDRESS)
        end(challenges, user_id)

    monkeypatch.setattr(MemoryChallenges, "end_undo", at_the_same_moment)
    operator.acts.set_email(before, THIRD_EMAIL, is_confirmed=True, must_end_undo=True)

    assert operator.mail.alice.email == THIRD_EMAIL


def test_without_mail_an_address_and_a_password_are_set_in_silence() -> None:
    """The events are recorded all the same."""
    operator = Operator(has_mail=False)
    operator.acts.set_email(operator.mail.alice, NEW_EMAIL, is_confirmed=True, must_end_undo=True)
    operator.acts.set_password(operator.mail.alice, PASSWORD)
    operator.acts.delete(operator.mail.alice)

    assert EventName.EMAIL_SET in operator.mail.core.names()
    assert operator.told == []


def test_a_new_password_is_told_to_its_user() -> None:
    """The user may not have asked for it."""
    operator = Operator()
    operator.acts.set_password(operator.mail.alice, PASSWORD)

    assert [(what, user.username) for what, user in operator.told] == [("password", USERNAME)]


def test_a_text_that_is_no_address_changes_nothing() -> None:
    """The same form is asked for as of users."""
    operator = Operator()
    before = operator.mail.alice

    with pytest.raises(EmailRefused):
        operator.acts.set_email(before, "alice", is_confirmed=True)
    with pytest.raises(EmailRefused):
        operator.acts.create("bob", PASSWORD, email="bob")
    assert operator.mail.core.store.identities == {USERNAME: before}


def test_the_challenges_of_a_deleted_user_are_deleted_too() -> None:
    """They have the address of the user. Those of a user who gets the name later are others."""
    operator = Operator()
    operator.mail.reset_link(operator.mail.alice.user_id)
    assert operator.mail.challenge(Kind.RESET)

    operator.acts.delete(operator.mail.alice)

    assert operator.mail.core.store.challenges == {}


def test_a_user_who_changes_during_a_rename_keeps_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator is told to do it again. Nothing is recorded."""

    def moved(*_arguments: object) -> None:
        raise EpochMoved

    operator = Operator()
    monkeypatch.setattr(MemoryIdentities, "rename", moved)

    with pytest.raises(UserChanged, match="same time"):
        operator.acts.rename(operator.mail.alice, "alicia")
    assert operator.mail.core.events == []
