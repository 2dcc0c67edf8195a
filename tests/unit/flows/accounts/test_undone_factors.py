"""The undoing of a changed address, where somebody has enrolled a factor around the change: who gets the account."""

from dataclasses import replace

import pytest

from edge_auth.errors import (
    AuthError,
    InvalidCredentials,
    InvalidProof,
    InvalidRequest,
    TemporarilyUnavailable,
    TooManyAttempts,
)
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.factor_errors import MfaRequired
from edge_auth.flows.accounts.new_challenge import UNDO_SECONDS
from edge_auth.flows.accounts.reset_factor import ResetFactor
from edge_auth.flows.accounts.reset_password import Demanded
from edge_auth.flows.accounts.shown_proof import Shown
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.challenges import RemovedFactors
from edge_auth.flows.ports.factors import NOTHING
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from edge_auth.tokens.proof_token import Kind
from tests.support.deployment import ADDRESS, PASSKEY, PASSWORD, USERNAME
from tests.support.mail import EMAIL, NEW_EMAIL, MailDeployment
from tests.support.second_factor import with_app

NEW_PASSWORD = "staple battery horse"
CHANGED_AT = 10 * UNDO_SECONDS  # after the beginning of the tests
AGES = {"long before": -UNDO_SECONDS - 1, "shortly before": -UNDO_SECONDS, "after": 60}


@pytest.fixture
def mail() -> MailDeployment:
    """Return a deployment with mail and second factors, some weeks later."""
    mail = MailDeployment()
    mail.core.with_second_factor()
    mail.core.clock.advance(seconds=CHANGED_AT)
    return mail


def now(mail: MailDeployment) -> int:
    """Return the time."""
    return mail.core.clock() // 1000


def enrol(mail: MailDeployment, *, at_seconds: int, kind: str = "app") -> None:
    """Give alice a factor that was enrolled at this time."""
    alice = mail.alice
    if kind == "passkey":
        passkey = PASSKEY._replace(created_at_seconds=at_seconds)
        mail.change_alice(passkeys=(passkey,), factors_version=alice.factors_version + 1)
        return
    factors = with_app(alice, mail.core.sealing_keys.keys).factors
    assert factors is not None
    mail.change_alice(
        factors=replace(factors, enrolled_at_seconds=at_seconds),
        factors_version=alice.factors_version + 1,
        epoch=alice.epoch + 1,
    )


def changed(mail: MailDeployment, own: TokenGrant) -> Shown:
    """Change the address with the password, and return what the mail to the old one shows."""
    token = mail.core.token_of(own)
    mail.change_address(token.user_id, token.session_id, NEW_EMAIL, PASSWORD, address=ADDRESS)
    mail.confirm_address(mail.mailed(Kind.CONFIRM)[0], address=ADDRESS)
    return mail.mailed(Kind.UNDO)[0]


def undo(mail: MailDeployment, shown: Shown, password: str = PASSWORD) -> None:
    """Undo the change, and show a password."""
    mail.undo_address(shown, address=ADDRESS, password=password)


def refused(mail: MailDeployment, shown: Shown, password: str, error: type[AuthError]) -> None:
    """Check that nothing was undone."""
    before = mail.alice
    with pytest.raises(error):
        undo(mail, shown, password)
    assert mail.alice == before


def reset(mail: MailDeployment) -> None:
    """Set a password with the mail that follows the undoing, without a code."""
    check = ResetFactor(
        check=mail.core.factor_check,
        limit=mail.core.password_limit,
        record=mail.core.events.append,
        tell_code_used=lambda _user: None,
    )

    def demand(user: object) -> Demanded:
        assert user == mail.alice
        return check(mail.alice, NOTHING)

    mail.reset_password(mail.mailed(Kind.RESET)[0], NEW_PASSWORD, address=ADDRESS, check_factor=demand)


@pytest.mark.parametrize("kind", ["app", "passkey"])
@pytest.mark.parametrize("age", AGES)
def test_with_the_password_of_the_change_young_factors_go(mail: MailDeployment, age: str, kind: str) -> None:
    """SC5: whoever had the password enrolled a factor, and changed the address. The owner gets the account back."""
    own, at_seconds = mail.core.log_in(), now(mail) + AGES[age]
    if age != "after":
        enrol(mail, at_seconds=at_seconds, kind=kind)
        mail.core.change_session(own, acr="phr")
    shown = changed(mail, own)
    mail.core.clock.advance(seconds=60)
    if age == "after":
        enrol(mail, at_seconds=at_seconds, kind=kind)
    before = mail.alice

    undo(mail, shown)

    assert (mail.alice.email, mail.alice.password_hash, mail.alice.password_hash_at_change) == (EMAIL, "", "")
    if age == "long before":
        assert (mail.alice.factors, mail.alice.passkeys) == (before.factors, before.passkeys)
        assert mail.told_of_removed == []
        return
    assert (mail.alice.factors, mail.alice.passkeys) == (None, ())
    assert mail.alice.factors_version == before.factors_version + 1
    [(told, removed)] = mail.told_of_removed
    assert (told.email, told.email_verified_at_seconds) == (EMAIL, now(mail))
    ids = (PASSKEY.credential_id,) if kind == "passkey" else ()
    assert removed == RemovedFactors(kind == "app", ids)
    assert SecurityEvent(EventName.FACTORS_RESET, told.user_id, reason="email_change_undone") in mail.core.events
    reset(mail)
    mail.core.log_in(USERNAME, NEW_PASSWORD)


def test_the_owner_is_told_of_removed_factors_though_mails_to_the_other_address_came_back(mail: MailDeployment) -> None:
    """A mark of an address belongs to that address."""
    shown = changed(mail, mail.core.log_in())
    enrol(mail, at_seconds=now(mail))
    mail.change_alice(email_bounced_at_seconds=now(mail))

    undo(mail, shown)

    [(told, _)] = mail.told_of_removed
    assert told.is_reachable


@pytest.mark.parametrize("kind", ["app", "passkey"])
def test_a_mailbox_alone_removes_no_factor(mail: MailDeployment, kind: str) -> None:
    """SA1: the owner has left a mailbox that somebody reads, and has enrolled a factor, which stays."""
    shown = changed(mail, mail.core.log_in())
    enrol(mail, at_seconds=now(mail), kind=kind)
    before = mail.alice
    refused(mail, shown, "not the password at all", InvalidCredentials)

    mail.undo_address(shown, address=ADDRESS)

    assert mail.alice.email == EMAIL
    assert (mail.alice.factors, mail.alice.passkeys) == (before.factors, before.passkeys)
    if kind == "app":
        with pytest.raises(MfaRequired):
            reset(mail)
        return
    reset(mail)
    with pytest.raises(MfaRequired):
        mail.core.log_in(USERNAME, NEW_PASSWORD)


def test_a_password_that_was_set_after_the_change_is_worth_nothing(mail: MailDeployment) -> None:
    """SC5: the hash is that of the change. A second change while the first can be undone does not replace it."""
    own = mail.core.log_in()
    token = mail.core.token_of(own)
    shown = changed(mail, own)
    mail.core.change_password(token.user_id, token.session_id, PASSWORD, NEW_PASSWORD)
    mail.core.clock.advance(seconds=60)
    mail.change_address(token.user_id, token.session_id, "third@mail.example", NEW_PASSWORD, address=ADDRESS)
    mail.confirm_address(mail.mailed(Kind.CONFIRM)[0], address=ADDRESS)
    enrol(mail, at_seconds=now(mail))
    refused(mail, shown, NEW_PASSWORD, InvalidCredentials)
    undo(mail, shown)
    assert (mail.alice.email, mail.alice.factors) == (EMAIL, None)


def test_guesses_at_the_password_are_limited(mail: MailDeployment) -> None:
    """P11: whoever has the mailbox must not try passwords with the proof."""
    shown = changed(mail, mail.core.log_in())
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        refused(mail, shown, "not the password at all", InvalidCredentials)
    refused(mail, shown, PASSWORD, TooManyAttempts)
    refused(mail, shown, "x" * 2000, InvalidRequest)
    mail.core.clock.advance(seconds=1)
    undo(mail, shown)
    assert mail.alice.email == EMAIL


def test_the_right_password_counts_for_nothing_in_an_outage(mail: MailDeployment) -> None:
    """P16: failures of our own make no user wait."""
    own = mail.core.log_in()
    shown = changed(mail, own)
    mail.core.trouble.fail("undo")
    for _ in range(PASSWORD_BACKOFF.free_attempts + 2):
        with pytest.raises(TemporarilyUnavailable):
            undo(mail, shown)
    mail.core.trouble.heal()

    undo(mail, shown)
    assert mail.alice.email == EMAIL


def test_an_address_that_was_put_into_the_table_is_not_restored(mail: MailDeployment) -> None:
    """SC5: the proof is bound to the old address, so who can write the table alone takes no account."""
    shown = changed(mail, mail.core.log_in())
    key, stored = ("undo", mail.alice.user_id), mail.challenge(Kind.UNDO)
    mail.core.store.challenges[key] = stored._replace(email="thief@evil.example")
    mail.core.names()

    refused(mail, shown, "", InvalidProof)
    assert [(event.name, event.reason) for event in mail.core.events] == [
        (EventName.PROOF_REFUSED, "the user has changed, or the proof is worth nothing")
    ]
    mail.core.store.challenges[key] = stored
    undo(mail, shown)
