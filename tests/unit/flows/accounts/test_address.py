"""The address of a user: its confirmation, its change, and how the old address undoes a change."""

from dataclasses import replace

import pytest

from edge_auth.accounts.identity import ACTIVE, DISABLED, UNCONFIRMED
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.errors import (
    AuthError,
    EmailNotConfirmed,
    EmailRefused,
    InsufficientAuthentication,
    InvalidCredentials,
    InvalidProof,
    InvalidRequest,
    InvalidToken,
    TemporarilyUnavailable,
    TooManyAttempts,
    UsernameTaken,
)
from edge_auth.events.security_event import EventName
from edge_auth.flows.accounts.new_challenge import CONFIRM_SECONDS, UNDO_SECONDS
from edge_auth.flows.accounts.shown_proof import Shown
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.sessions.logout import Reach
from edge_auth.throttling.limits import MAIL_RATE, PASSWORD_BACKOFF
from edge_auth.tokens.claims import PHISHING_RESISTANT
from edge_auth.tokens.proof_token import Kind
from tests.support.deployment import ADDRESS, PASSKEY, PASSWORD, USERNAME
from tests.support.mail import EMAIL, NEW_EMAIL, THIRD_EMAIL, MailDeployment

NEW_PASSWORD = "staple battery horse"
WRONG_PASSWORD = "incorrect horse battery"
WAYS = pytest.mark.parametrize("way", [0, 1], ids=["link", "code"])


@pytest.fixture
def own(mail: MailDeployment) -> TokenGrant:
    """Return the grant of the session that asks for the change."""
    return mail.core.log_in()


def ask(mail: MailDeployment, own: TokenGrant, email: str = NEW_EMAIL, current: str = PASSWORD) -> None:
    """Ask for a change of the address in this session."""
    token = mail.core.token_of(own)
    mail.change_address(token.user_id, token.session_id, email, current, address=ADDRESS)


def confirm(mail: MailDeployment, shown: Shown) -> None:
    """Confirm the address."""
    mail.confirm_address(shown, address=ADDRESS)


def changed(mail: MailDeployment, own: TokenGrant, email: str = NEW_EMAIL, way: int = 0) -> None:
    """Ask for a change and confirm it."""
    ask(mail, own, email)
    confirm(mail, mail.mailed(Kind.CONFIRM)[way])


def undo(mail: MailDeployment, shown: Shown) -> None:
    """Undo a change."""
    mail.undo_address(shown, address=ADDRESS)


# --- Change ---


def test_nothing_changes_before_the_proof_comes_back(mail: MailDeployment, own: TokenGrant) -> None:
    """SC5: the mail goes to the new address, and so only its owner can go on."""
    before = mail.alice

    ask(mail, own, "Alice@New.Example")

    assert mail.alice == before
    challenge = mail.challenge(Kind.CONFIRM)
    assert not mail.core.has_ended(own)
    assert (challenge.email, challenge.username, challenge.is_delivered) == (NEW_EMAIL, USERNAME, True)
    assert challenge.proof.expires_at_seconds == mail.core.clock() // 1000 + CONFIRM_SECONDS


@WAYS
def test_the_proof_changes_the_address_and_sessions_go_on(mail: MailDeployment, own: TokenGrant, way: int) -> None:
    """SC4: the address is confirmed by that. Name, password and epoch stay."""
    before = mail.alice
    mail.core.clock.advance(seconds=60)

    changed(mail, own, way=way)

    after = mail.alice
    assert (after.email, after.email_verified_at_seconds) == (NEW_EMAIL, mail.core.clock() // 1000)
    assert (after.username, after.password_hash, after.epoch) == (before.username, before.password_hash, before.epoch)
    assert not mail.core.has_ended(own)
    assert EventName.EMAIL_CHANGED in mail.core.names()


@pytest.mark.parametrize("current", [WRONG_PASSWORD, PASSWORD + " "])
def test_the_current_password_is_needed(mail: MailDeployment, own: TokenGrant, current: str) -> None:
    """SC5: an access token alone is not enough, because it may be stolen. No mail is asked for."""
    with pytest.raises(InvalidCredentials):
        ask(mail, own, current=current)
    assert mail.core.store.challenges == {}


@pytest.mark.parametrize("acr", ["", "2fa", "phr"])
def test_with_a_passkey_the_login_has_to_be_one_by_it(mail: MailDeployment, own: TokenGrant, acr: str) -> None:
    """SA7: an address resets the password, so who has only the password cannot set another one."""
    passkey = RegisteredPasskey(b"id", b"key", 0, False, False, "phone", 1)  # noqa: FBT003 - its fields in order
    mail.core.store.identities[USERNAME] = replace(mail.alice, passkeys=(passkey,))
    mail.core.change_session(own, acr=acr)
    if acr == "phr":
        ask(mail, own)
        assert mail.mailed(Kind.CONFIRM)
    else:
        with pytest.raises(InsufficientAuthentication):
            ask(mail, own)


def test_wrong_passwords_count_with_those_of_a_change_of_the_password(mail: MailDeployment, own: TokenGrant) -> None:
    """P11: two routes do not give two times as many guesses."""
    token = mail.core.token_of(own)
    for _ in range(PASSWORD_BACKOFF.free_attempts - 1):
        with pytest.raises(InvalidCredentials):
            ask(mail, own, current=WRONG_PASSWORD)
    with pytest.raises(InvalidCredentials):
        mail.core.change_password(token.user_id, token.session_id, WRONG_PASSWORD, NEW_PASSWORD)
    with pytest.raises(TooManyAttempts):
        ask(mail, own)


@pytest.mark.parametrize("end", ["logout", "disabled", "deleted"])
def test_an_ended_session_or_user_changes_nothing(mail: MailDeployment, own: TokenGrant, end: str) -> None:
    """The access token of an ended session stays valid for minutes."""
    error: type[AuthError] = InvalidCredentials
    match end:
        case "logout":
            mail.core.logout(own.refresh_token, Reach.ONE)
            error = InvalidToken
        case "disabled":
            mail.change_alice(status=DISABLED)
        case _:
            mail.core.store.identities.clear()
    with pytest.raises(error):
        ask(mail, own)
    assert mail.core.store.challenges == {}


def test_what_is_no_address_is_refused_before_anything_is_counted(mail: MailDeployment, own: TokenGrant) -> None:
    """SC2: the address is checked in the form in which it is stored."""
    acts = len(mail.core.trouble.acts)
    with pytest.raises(EmailRefused):
        ask(mail, own, "alice@new.example\r\nBcc: eve@evil.example")
    assert len(mail.core.trouble.acts) == acts


def test_mails_to_an_address_are_limited(mail: MailDeployment, own: TokenGrant) -> None:
    """A user cannot make the mailer flood the address of a stranger."""
    for _ in range(MAIL_RATE.burst):
        mail.core.clock.advance(seconds=1)
        ask(mail, own)
    mail.core.clock.advance(seconds=1)
    with pytest.raises(TooManyAttempts):
        ask(mail, own)


def test_two_addresses_in_one_second_are_an_outage_for_the_second(mail: MailDeployment, own: TokenGrant) -> None:
    """SB8: the answer never says that a mail comes if none does."""
    ask(mail, own)
    with pytest.raises(TemporarilyUnavailable):
        ask(mail, own, THIRD_EMAIL)

    mail.core.clock.advance(seconds=1)
    ask(mail, own, THIRD_EMAIL)
    assert mail.challenge(Kind.CONFIRM).email == THIRD_EMAIL


@WAYS
def test_a_proof_of_one_address_confirms_no_other(mail: MailDeployment, own: TokenGrant, way: int) -> None:
    """SC4: the address is in the binding, so a later request for another one ends the earlier proof."""
    ask(mail, own)
    older = mail.mailed(Kind.CONFIRM)[way]
    mail.core.clock.advance(seconds=1)
    ask(mail, own, THIRD_EMAIL)

    with pytest.raises(InvalidProof):
        confirm(mail, older)
    assert mail.alice.email == EMAIL
    confirm(mail, mail.mailed(Kind.CONFIRM)[way])
    assert mail.alice.email == THIRD_EMAIL


@WAYS
def test_an_address_that_was_changed_in_the_table_is_not_confirmed(
    mail: MailDeployment, own: TokenGrant, way: int
) -> None:
    """SC4: who can write to the table, and has no MAC key, cannot confirm another address with a proof."""
    ask(mail, own)
    shown = mail.mailed(Kind.CONFIRM)[way]
    key = ("confirm", mail.alice.user_id)
    mail.core.store.challenges[key] = mail.core.store.challenges[key]._replace(email="eve@evil.example")

    with pytest.raises(InvalidProof):
        confirm(mail, shown)
    assert mail.alice.email == EMAIL


@pytest.mark.parametrize("change", ["password", "epoch", "disabled"])
@WAYS
def test_a_proof_of_an_address_ends_with_the_password_and_the_epoch(
    mail: MailDeployment, own: TokenGrant, change: str, way: int
) -> None:
    """SC5: a thief's pending change ends when the owner changes the password."""
    ask(mail, own)
    before = mail.alice
    changes: dict[str, dict[str, object]] = {
        "password": {"password_hash": "$other"},
        "epoch": {"epoch": 1},
        "disabled": {"status": DISABLED},
    }
    mail.change_alice(**changes[change])
    with pytest.raises(InvalidProof):
        confirm(mail, mail.mailed(Kind.CONFIRM)[way])

    mail.core.store.identities[USERNAME] = before
    confirm(mail, mail.mailed(Kind.CONFIRM)[way])


@WAYS
def test_a_confirmation_that_comes_again_succeeds_and_changes_nothing(
    mail: MailDeployment, own: TokenGrant, way: int
) -> None:
    """SB9: the answer may have been lost. A link that is opened twice shows no error."""
    ask(mail, own)
    shown = mail.mailed(Kind.CONFIRM)[way]
    confirm(mail, shown)
    after = mail.alice
    mail.core.clock.advance(seconds=1)

    confirm(mail, shown)

    assert mail.alice == after


# --- Undo ---


def test_the_old_address_can_undo_the_change_for_three_days(mail: MailDeployment, own: TokenGrant) -> None:
    """SC5: the change needs no consent of the old address, and so it gets the means to take it back."""
    changed(mail, own)

    challenge = mail.challenge(Kind.UNDO)
    assert (challenge.email, challenge.is_delivered) == (EMAIL, True)
    assert (
        challenge.proof.expires_at_seconds
        == mail.core.clock() // 1000 + UNDO_SECONDS
        == (mail.core.clock() // 1000 + 259_200)
    )


@WAYS
def test_undoing_restores_the_address_and_takes_password_and_sessions_away(
    mail: MailDeployment, own: TokenGrant, way: int
) -> None:
    """SC5: who changed the address knew the password. A mail for a new one goes to the restored address."""
    changed(mail, own)
    others = [mail.core.log_in(), own]
    mail.core.clock.advance(seconds=UNDO_SECONDS - 1)

    undo(mail, mail.mailed(Kind.UNDO)[way])

    assert (mail.alice.email, mail.alice.password_hash, mail.alice.epoch) == (EMAIL, "", 1)
    assert mail.alice.email_verified_at_seconds == mail.core.clock() // 1000
    assert all(mail.core.has_ended(other) for other in others)
    with pytest.raises(InvalidCredentials):
        mail.core.log_in()
    assert mail.challenge(Kind.RESET).email == EMAIL
    mail.reset_password(mail.mailed(Kind.RESET)[way], NEW_PASSWORD, address=ADDRESS)
    mail.core.log_in(USERNAME, NEW_PASSWORD)


def test_a_mail_that_a_thief_asks_for_at_the_same_second_does_not_take_the_place_of_the_owners(
    mail: MailDeployment, own: TokenGrant
) -> None:
    """SC5: the answer is no success without a mail. A second later the same call brings it, and once is enough."""
    changed(mail, own)
    shown = mail.mailed(Kind.UNDO)[0]
    mail.ask_reset(USERNAME, address=ADDRESS)

    with pytest.raises(TemporarilyUnavailable):
        undo(mail, shown)
    assert mail.core.has_ended(own)
    mail.core.clock.advance(seconds=1)
    undo(mail, shown)
    undo(mail, shown)

    assert mail.challenge(Kind.RESET).email == EMAIL
    mail.reset_password(mail.mailed(Kind.RESET)[0], NEW_PASSWORD, address=ADDRESS)


def test_a_thief_who_changes_everything_does_not_end_the_owners_way_back(mail: MailDeployment, own: TokenGrant) -> None:
    """SC5: not by a second change, a new password, or the end of all sessions."""
    changed(mail, own)
    owners_way = mail.mailed(Kind.UNDO)[0]
    token = mail.core.token_of(own)
    mail.core.clock.advance(seconds=60)
    changed(mail, own, THIRD_EMAIL)
    mail.core.change_password(token.user_id, token.session_id, PASSWORD, NEW_PASSWORD)
    mail.core.logout(own.refresh_token, Reach.ALL)
    assert mail.challenge(Kind.UNDO).email == EMAIL

    undo(mail, owners_way)

    assert mail.alice.email == EMAIL
    with pytest.raises(InvalidCredentials):
        mail.core.log_in(USERNAME, NEW_PASSWORD)


def test_a_second_change_is_told_to_the_address_that_it_replaces(mail: MailDeployment, own: TokenGrant) -> None:
    """SC5: the undo belongs to the first address for three days. So the second one gets a mail that only tells."""
    changed(mail, own)
    assert mail.told_of_new_address == []
    mail.core.clock.advance(seconds=60)
    changed(mail, own, THIRD_EMAIL)
    assert [user.email for user in mail.told_of_new_address] == [NEW_EMAIL]
    assert mail.alice.email == THIRD_EMAIL

    undo(mail, mail.mailed(Kind.UNDO)[0])

    assert mail.alice.email == EMAIL


@pytest.mark.parametrize("way_back", ["used", "expired"])
def test_when_the_first_undo_is_over_the_next_change_can_be_undone(
    mail: MailDeployment, own: TokenGrant, way_back: str
) -> None:
    """SC5: then the address that is replaced gets the link, and no other mail."""
    changed(mail, own)
    if way_back == "used":
        undo(mail, mail.mailed(Kind.UNDO)[0])
        mail.core.clock.advance(seconds=1)
        mail.reset_password(mail.mailed(Kind.RESET)[0], PASSWORD, address=ADDRESS)
    else:
        mail.core.clock.advance(seconds=UNDO_SECONDS)
    replaced = mail.alice.email

    changed(mail, mail.core.log_in(), THIRD_EMAIL)

    assert mail.challenge(Kind.UNDO).email == replaced
    assert mail.told_of_new_address == []


def test_what_a_thief_has_asked_for_ends_with_the_undoing(mail: MailDeployment, own: TokenGrant) -> None:
    """SC5: a reset to the thief's address, and a further change, are bound to the epoch."""
    changed(mail, own)
    mail.core.clock.advance(seconds=1)
    mail.ask_reset(USERNAME, address=ADDRESS)
    thiefs_reset = mail.mailed(Kind.RESET)[0]
    ask(mail, own, THIRD_EMAIL)
    thiefs_change = mail.mailed(Kind.CONFIRM)[0]
    mail.core.clock.advance(seconds=1)

    undo(mail, mail.mailed(Kind.UNDO)[0])

    with pytest.raises(InvalidProof):
        mail.reset_password(thiefs_reset, NEW_PASSWORD, address=ADDRESS)
    with pytest.raises(InvalidProof):
        confirm(mail, thiefs_change)
    assert mail.alice.email == EMAIL


@WAYS
def test_undoing_works_for_three_days_and_once(mail: MailDeployment, own: TokenGrant, way: int) -> None:
    """SB4: when the user has set a password, the used proof takes it away no more."""
    changed(mail, own)
    shown = mail.mailed(Kind.UNDO)[way]
    mail.core.clock.advance(seconds=UNDO_SECONDS)
    with pytest.raises(InvalidProof):
        undo(mail, shown)
    mail.core.clock.advance(seconds=-1)
    undo(mail, shown)
    mail.reset_password(mail.mailed(Kind.RESET)[0], NEW_PASSWORD, address=ADDRESS)
    after = mail.alice

    with pytest.raises(InvalidProof):
        undo(mail, shown)
    assert mail.alice == after


@pytest.mark.parametrize("act", ["find_by_id", "find_challenge", "undo", "put", "to_end"])
def test_an_outage_while_undoing_is_503_and_the_call_may_be_repeated(
    mail: MailDeployment, own: TokenGrant, act: str
) -> None:
    """SB9: a repeated call does what is left: the mail to reset the password, and the ends of sessions."""
    changed(mail, own)
    shown = mail.mailed(Kind.UNDO)[0]
    mail.core.clock.advance(seconds=1)
    mail.core.trouble.fail(act, times=1)
    with pytest.raises(TemporarilyUnavailable):
        undo(mail, shown)

    undo(mail, shown)

    assert (mail.alice.email, mail.alice.password_hash) == (EMAIL, "")
    assert mail.core.store.sessions == {}
    assert mail.challenge(Kind.RESET).is_delivered


def test_a_repeated_undoing_does_not_flood_the_mailbox(mail: MailDeployment, own: TokenGrant) -> None:
    """Each repetition asks for a mail, so they are limited like others."""
    changed(mail, own)
    shown = mail.mailed(Kind.UNDO)[0]
    undo(mail, shown)
    for _ in range(MAIL_RATE.burst):
        undo(mail, shown)
    with pytest.raises(TooManyAttempts):
        undo(mail, shown)


@pytest.mark.parametrize("status", [DISABLED, UNCONFIRMED])
def test_a_user_who_is_not_active_undoes_nothing(mail: MailDeployment, own: TokenGrant, status: str) -> None:
    """F18: a proof lets no disabled user in."""
    changed(mail, own)
    mail.change_alice(status=status)
    with pytest.raises(InvalidProof):
        undo(mail, mail.mailed(Kind.UNDO)[0])
    mail.change_alice(status=ACTIVE)
    undo(mail, mail.mailed(Kind.UNDO)[0])


def test_an_address_that_was_never_confirmed_gets_nothing_to_undo(mail: MailDeployment, own: TokenGrant) -> None:
    """SC1: the address may be a stranger's, and a stranger must not get the account."""
    mail.change_alice(email="stranger@mail.example", email_verified_at_seconds=0)

    changed(mail, own)

    assert [kind for kind, _ in mail.core.store.challenges] == ["confirm"]
    assert mail.told_of_new_address == []
    assert mail.alice.email == NEW_EMAIL
    assert EventName.EMAIL_CONFIRMED in mail.core.names()


def test_the_same_address_again_has_nothing_to_undo(mail: MailDeployment, own: TokenGrant) -> None:
    """The user may ask for the mail once more."""
    changed(mail, own, EMAIL)

    assert [kind for kind, _ in mail.core.store.challenges] == ["confirm"]


@WAYS
def test_a_passkey_that_was_added_meanwhile_ends_a_change_of_the_address(
    mail: MailDeployment, own: TokenGrant, way: int
) -> None:
    """SA7: the change was asked for with a weaker login. A new passkey moves the version of the factors only."""
    ask(mail, own)
    before = mail.alice
    mail.change_alice(passkeys=(PASSKEY,), factors_version=1)
    with pytest.raises(InvalidProof):
        confirm(mail, mail.mailed(Kind.CONFIRM)[way])
    mail.core.store.identities[USERNAME] = before
    confirm(mail, mail.mailed(Kind.CONFIRM)[way])


@WAYS
def test_an_address_that_was_set_meanwhile_ends_the_change_to_another(
    mail: MailDeployment, own: TokenGrant, way: int
) -> None:
    """SC4: an operator gives the owner another address, and the thief who has asked for theirs gets nothing."""
    ask(mail, own)
    shown = mail.mailed(Kind.CONFIRM)[way]
    before = mail.alice
    mail.core.administration.set_email(before, THIRD_EMAIL, is_confirmed=True)
    with pytest.raises(InvalidProof):
        confirm(mail, shown)
    assert mail.alice.email == THIRD_EMAIL

    mail.core.store.identities[USERNAME] = before
    confirm(mail, shown)
    assert mail.alice.email == NEW_EMAIL


# --- Registration ---


def registered(mail: MailDeployment, username: str = "bob", email: str = "", *, must_confirm: bool = True) -> str:
    """Register a user, and return the id."""
    register = mail.register(must_confirm=must_confirm)
    return register(username, PASSWORD, address=ADDRESS, email=email, language="de").user_id


@pytest.mark.parametrize(
    ("username", "email", "address"),
    [
        ("bob", "Bob@Mail.Example", "bob@mail.example"),
        ("bob@mail.example", "", "bob@mail.example"),
        ("bob@mail.example", "bob@other.example", "bob@other.example"),
    ],
)
def test_a_new_user_gets_a_mail_to_confirm_the_address(
    mail: MailDeployment, username: str, email: str, address: str
) -> None:
    """SC1: the address is that of the request, or the user name if that is one. It is not confirmed yet."""
    user_id = registered(mail, username, email, must_confirm=False)

    user = mail.core.store.identities[username]
    assert (user.email, user.email_verified_at_seconds, user.language, user.status) == (address, 0, "de", ACTIVE)
    challenge = mail.challenge(Kind.CONFIRM, user_id)
    assert (challenge.email, challenge.language, challenge.is_delivered) == (address, "de", True)
    mail.core.log_in(username)


@WAYS
def test_where_it_must_a_user_confirms_the_address_before_the_first_login(mail: MailDeployment, way: int) -> None:
    """SC1: no session is opened for an address that nobody has shown to be the user's."""
    user_id = registered(mail, email="bob@mail.example")
    assert mail.core.store.identities["bob"].status == UNCONFIRMED
    with pytest.raises(EmailNotConfirmed):
        mail.core.log_in("bob")
    assert mail.core.store.sessions == {}

    confirm(mail, mail.mailed(Kind.CONFIRM, user_id)[way])

    assert mail.core.store.identities["bob"].status == ACTIVE
    mail.core.log_in("bob")


def test_only_the_right_password_learns_that_the_address_is_not_confirmed(mail: MailDeployment) -> None:
    """P8: any other password gets the answer of an unknown user, and counts."""
    registered(mail, email="bob@mail.example")
    for _ in range(PASSWORD_BACKOFF.free_attempts + 1):
        with pytest.raises(EmailNotConfirmed):
            mail.core.log_in("bob")
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(InvalidCredentials):
            mail.core.log_in("bob", WRONG_PASSWORD)
    with pytest.raises(TooManyAttempts):
        mail.core.log_in("bob")


@WAYS
def test_a_user_who_has_lost_the_mail_asks_for_another(mail: MailDeployment, way: int) -> None:
    """The route of a forgotten password sends it, because it tells nobody who has an account. It sets a password."""
    user_id = registered(mail, email="bob@mail.example")

    mail.ask_reset("bob", address=ADDRESS)

    link, code = mail.mailed(Kind.RESET, user_id)
    mail.reset_password((link, code._replace(username="bob"))[way], NEW_PASSWORD, address=ADDRESS)
    mail.core.log_in("bob", NEW_PASSWORD)


def test_the_first_mail_is_worth_nothing_after_the_other_one(mail: MailDeployment) -> None:
    """SC5: the password that it was made for has ended."""
    user_id = registered(mail, email="bob@mail.example")
    first = mail.mailed(Kind.CONFIRM, user_id)[0]
    mail.ask_reset("bob", address=ADDRESS)
    mail.reset_password(mail.mailed(Kind.RESET, user_id)[0], NEW_PASSWORD, address=ADDRESS)
    with pytest.raises(InvalidProof):
        confirm(mail, first)


@pytest.mark.parametrize("username", ["bob", "bob@localhost", "\u0438\u0432\u0430\u043d@example.com"])
def test_without_an_address_nobody_registers_where_it_must_be_confirmed(mail: MailDeployment, username: str) -> None:
    """A user name that is no address to which mail can be sent is none. Where it need not be confirmed, it is fine."""
    with pytest.raises(EmailRefused):
        registered(mail, username)
    assert username not in mail.core.store.identities

    registered(mail, username, must_confirm=False)
    assert mail.core.store.challenges == {}


def test_where_it_must_be_confirmed_a_name_that_is_an_address_is_the_address(mail: MailDeployment) -> None:
    """SC1: whoever confirms an address of their own must not get a user with the address of somebody else as the name.

    Operators and other systems take such a name for the address.
    """
    with pytest.raises(EmailRefused):
        registered(mail, "bob@mail.example", "eve@evil.example")
    assert "bob@mail.example" not in mail.core.store.identities
    assert mail.core.store.challenges == {}

    registered(mail, "bob@mail.example", "Bob@Mail.Example")


def test_a_taken_name_sends_no_mail(mail: MailDeployment) -> None:
    """The owner of the name gets no mail, and neither does the address of the stranger."""
    with pytest.raises(UsernameTaken):
        registered(mail, USERNAME, "eve@evil.example")
    assert mail.core.store.challenges == {}


def test_registrations_with_one_address_are_limited(mail: MailDeployment) -> None:
    """Nobody can make the mailer flood a stranger by registering."""
    for number in range(MAIL_RATE.burst):
        registered(mail, f"bob-{number}", "stranger@mail.example")
    with pytest.raises(TooManyAttempts):
        registered(mail, "bob-more", "stranger@mail.example")
    assert "bob-more" not in mail.core.store.identities


@pytest.mark.parametrize("language", ["d", "DE", "de_DE", "de-", "x" * 40, "de\r\n"])
def test_what_is_no_language_is_malformed(mail: MailDeployment, language: str) -> None:
    """The text is stored and may stand in a header of a mail."""
    with pytest.raises(InvalidRequest):
        mail.register(must_confirm=False)("bob", PASSWORD, address=ADDRESS, language=language)
    mail.register(must_confirm=False)("bob", PASSWORD, address=ADDRESS, language="pt-BR")
    assert mail.core.store.identities["bob"].language == "pt-BR"


def test_an_outage_of_the_mail_leaves_an_account_that_can_ask_again(mail: MailDeployment) -> None:
    """SB9: the account is made first. The client learns that it is not known, and the user asks for a mail."""
    mail.core.trouble.fail("put")
    with pytest.raises(TemporarilyUnavailable):
        registered(mail, email="bob@mail.example")
    mail.core.trouble.heal()
    assert mail.core.store.identities["bob"].status == UNCONFIRMED

    mail.ask_reset("bob", address=ADDRESS)

    reset = mail.mailed(Kind.RESET, mail.core.store.identities["bob"].user_id)[0]
    mail.reset_password(reset, NEW_PASSWORD, address=ADDRESS)
    mail.core.log_in("bob", NEW_PASSWORD)


def test_a_password_alone_changes_no_address_of_a_user_with_a_passkey(mail: MailDeployment, own: TokenGrant) -> None:
    """SA7: the address resets the password, so it needs the strongest login of the account, as the password does."""
    mail.change_alice(passkeys=(PASSKEY,))
    with pytest.raises(InsufficientAuthentication):
        ask(mail, own)
    assert mail.core.store.challenges == {}
    mail.core.change_session(own, acr=PHISHING_RESISTANT)
    ask(mail, own)
    assert mail.challenge(Kind.CONFIRM).email == NEW_EMAIL


def test_a_wrong_password_at_a_change_has_failed_at_once(mail: MailDeployment, own: TokenGrant) -> None:
    """P11: the attempt after five of them waits for a second, and not for an outcome. It is told with its session."""
    mail.core.names()
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(InvalidCredentials):
            ask(mail, own, current=WRONG_PASSWORD)
    assert mail.core.names() == [EventName.PASSWORD_CHANGE_FAILED] * PASSWORD_BACKOFF.free_attempts
    now_ms = mail.core.clock()

    with pytest.raises(TooManyAttempts, match=r"^wait 1 s$"):
        ask(mail, own)
    assert mail.core.clock() == now_ms
    mail.core.clock.advance(seconds=1)
    ask(mail, own)


def test_a_first_confirmation_is_told_to_nobody(mail: MailDeployment, own: TokenGrant) -> None:
    """There is no old address that could be told, and nothing to undo."""
    mail.change_alice(email=NEW_EMAIL, email_verified_at_seconds=0)
    changed(mail, own)

    assert mail.told_of_new_address == []
    assert EventName.EMAIL_CONFIRMED in mail.core.names()
