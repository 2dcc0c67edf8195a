"""Proofs that were used: by another call at the same moment, by the same call before, or too long ago."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from edge_auth.accounts.factors import Factors
from edge_auth.errors import InvalidProof, InvalidRequest, TemporarilyUnavailable, TooManyAttempts
from edge_auth.events.security_event import EventName
from edge_auth.flows.accounts.new_challenge import RESET_SECONDS
from edge_auth.flows.accounts.reset_password import NOTHING_MORE
from edge_auth.flows.accounts.shown_proof import Shown
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from edge_auth.tokens.proof_token import Kind
from tests.support.deployment import ADDRESS, PASSWORD, USERNAME
from tests.support.fakes.challenges import MemoryRedemptions
from tests.support.mail import NEW_EMAIL, MailDeployment

NEW_PASSWORD = "staple battery horse"
OTHER_PASSWORD = "another horse battery"
WAYS = pytest.mark.parametrize("way", [0, 1], ids=["link", "code"])


def reset(mail: MailDeployment, shown: Shown, new: str = NEW_PASSWORD) -> None:
    """Set a new password."""
    mail.reset_password(shown, new, address=ADDRESS)


def reset_asked(mail: MailDeployment) -> Kind:
    """Ask for a mail that resets the password."""
    mail.ask_reset(USERNAME, address=ADDRESS)
    return Kind.RESET


def change_asked(mail: MailDeployment) -> Kind:
    """Ask for a mail that changes the address."""
    own = mail.alice.user_id, mail.core.log_in().session_id
    mail.change_address(*own, NEW_EMAIL, PASSWORD, address=ADDRESS)
    return Kind.CONFIRM


def changed(mail: MailDeployment) -> Kind:
    """Change the address, so that a mail can undo it."""
    mail.confirm_address(mail.mailed(change_asked(mail))[0], address=ADDRESS)
    return Kind.UNDO


class Use(NamedTuple):
    """How a proof is asked for and used, and what the write of its use is called."""

    asked: Callable[[MailDeployment], Kind]
    used: Callable[[MailDeployment, Shown], None]
    write: str


USES = {
    "reset": Use(reset_asked, reset, "set_password"),
    "change": Use(change_asked, lambda mail, shown: mail.confirm_address(shown, address=ADDRESS), "confirm"),
    "undoing": Use(changed, lambda mail, shown: mail.undo_address(shown, address=ADDRESS), "undo"),
}


@pytest.mark.parametrize("name", USES)
@WAYS
def test_of_two_calls_with_a_proof_at_the_same_moment_one_succeeds(
    mail: MailDeployment, monkeypatch: pytest.MonkeyPatch, name: str, way: int
) -> None:
    """SB4: both have read that it is not used. The second to write changes nothing, and is refused."""
    use = USES[name]
    shown = mail.mailed(use.asked(mail))[way]
    write = getattr(MemoryRedemptions, use.write)
    after_first = []

    def second(*arguments: object, **named: object) -> None:
        monkeypatch.undo()
        use.used(mail, shown)
        after_first.append(mail.alice)
        mail.core.names()
        write(*arguments, **named)

    monkeypatch.setattr(MemoryRedemptions, use.write, second)
    with pytest.raises(InvalidProof):
        use.used(mail, shown)

    assert after_first == [mail.alice]
    assert mail.core.names() == [EventName.PROOF_REFUSED]


def test_a_call_that_comes_again_succeeds_as_often_as_it_comes(mail: MailDeployment) -> None:
    """SB9: the password is right each time, so no attempt counts and none has to wait."""
    shown = mail.mailed(reset_asked(mail))[0]
    reset(mail, shown)
    now_ms = mail.core.clock()

    for _ in range(PASSWORD_BACKOFF.free_attempts + 1):
        reset(mail, shown)
    assert mail.core.clock() == now_ms


def test_a_wrong_password_with_a_used_proof_has_failed_at_once(mail: MailDeployment) -> None:
    """P11: the attempt after five of them waits for a second, and not for an outcome."""
    shown = mail.mailed(reset_asked(mail))[0]
    reset(mail, shown)
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(InvalidProof):
            reset(mail, shown, OTHER_PASSWORD)
    now_ms = mail.core.clock()

    with pytest.raises(TooManyAttempts, match=r"^wait 1 s$"):
        reset(mail, shown)
    assert mail.core.clock() == now_ms
    mail.core.clock.advance(seconds=1)
    reset(mail, shown)


@WAYS
def test_a_used_proof_is_worth_nothing_after_its_end(mail: MailDeployment, way: int) -> None:
    """SB9: a lost answer is asked for again within minutes. Later nobody learns from it what the password is."""
    shown = mail.mailed(reset_asked(mail))[way]
    reset(mail, shown)
    mail.core.clock.advance(seconds=RESET_SECONDS)
    with pytest.raises(InvalidProof):
        reset(mail, shown)

    mail.core.clock.advance(seconds=-1)
    reset(mail, shown)


@pytest.mark.parametrize("username", ["", "a b", "x" * 129])
def test_a_code_with_a_name_that_no_user_can_have_is_malformed(mail: MailDeployment, username: str) -> None:
    """As at a login. Nothing is counted."""
    with pytest.raises(InvalidRequest):
        mail.confirm_address(Shown(username=username, code="00000000"), address=ADDRESS)
    assert mail.core.trouble.acts == []


def test_a_reset_does_not_do_without_a_factor_where_factors_are_off(mail: MailDeployment) -> None:
    """SA4: an operator who turns them off by mistake opens no account to its mailbox. The proof stays good."""
    mail.change_alice(factors=Factors(totp=b"sealed", totp_step=0))
    shown, before = mail.mailed(reset_asked(mail))[0], mail.alice
    with pytest.raises(TemporarilyUnavailable, match="second factors are off"):
        reset(mail, shown)
    assert mail.alice == before

    mail.reset_password(shown, NEW_PASSWORD, address=ADDRESS, check_factor=lambda _user: NOTHING_MORE)
    assert mail.alice.epoch == before.epoch + 1
