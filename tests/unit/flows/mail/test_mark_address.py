"""Addresses that mails come back from: they are marked, and an operator takes the mark away."""

import pytest

from edge_auth.accounts.identity import Identity
from edge_auth.errors import UnknownUser, UserChanged
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.accounts.resume_mail import ResumeMail
from edge_auth.flows.mail.mark_address import MarkAddress
from edge_auth.flows.ports.bounces import AddressGone
from edge_auth.mail.feedback import Feedback
from tests.support.access_tokens import NOW
from tests.support.deployment import Deployment


class Marks:
    """The port `Bounces`, for a user who has this address."""

    def __init__(self, address: str = "", user_id: str = "") -> None:
        """Begin without marks."""
        self._address, self._user_id = address, user_id
        self.marked: list[tuple[str, str, str, int]] = []
        self.cleared: list[str] = []

    def mark(self, user_id: str, address: str, *, reason: str, now_seconds: int) -> None:
        """Mark the address."""
        if address != self._address:
            raise AddressGone
        self.marked.append((user_id, address, reason, now_seconds))

    def clear(self, identity: Identity) -> None:
        """Take the mark away."""
        if identity.user_id != self._user_id:
            raise UnknownUser("there is no such user")
        self.cleared.append(identity.user_id)


def test_the_address_that_a_mail_came_back_from_is_marked(deployment: Deployment) -> None:
    """With the reason and the second. An address that the user has no more stops no other one."""
    marks = Marks("new@x.example")
    mark = MarkAddress(bounces=marks, clock=deployment.clock, record=deployment.events.append)
    deployment.clock.advance(ms=999)

    mark(Feedback("alice", ("old@x.example", "new@x.example"), "complaint"))

    assert marks.marked == [("alice", "new@x.example", "complaint", NOW)]
    assert deployment.events == [SecurityEvent(EventName.MAIL_BOUNCED, "alice", reason="complaint")]


def test_mails_go_to_the_address_again_after_an_operator_says_so(deployment: Deployment) -> None:
    """It is recorded whose."""
    marks = Marks(user_id=deployment.alice.user_id)

    ResumeMail(bounces=marks, record=deployment.events.append)(deployment.alice)

    assert marks.cleared == [deployment.alice.user_id]
    assert deployment.events == [SecurityEvent(EventName.MAIL_RESUMED, deployment.alice.user_id)]


def test_the_mark_of_a_user_who_was_deleted_meanwhile_is_told_to_the_operator(deployment: Deployment) -> None:
    """Nothing is recorded, because nothing was done."""
    with pytest.raises(UserChanged):
        ResumeMail(bounces=Marks(), record=deployment.events.append)(deployment.alice)
    assert deployment.events == []
