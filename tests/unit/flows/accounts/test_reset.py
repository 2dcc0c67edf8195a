"""The reset of a forgotten password: who gets a mail, and what its proof is good for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn

import pytest

from edge_auth import base64url
from edge_auth.accounts.challenge import MAX_GUESSES, Challenge
from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import ACTIVE, DISABLED, UNCONFIRMED, Identity
from edge_auth.errors import (
    AuthError,
    InvalidCredentials,
    InvalidProof,
    InvalidRequest,
    PasswordCommon,
    PasswordGuessable,
    PasswordTooShort,
    TemporarilyUnavailable,
    TooManyAttempts,
)
from edge_auth.events.security_event import EventName
from edge_auth.flows.accounts.new_challenge import RESET_SECONDS
from edge_auth.flows.accounts.reset_password import Demanded
from edge_auth.flows.accounts.shown_proof import Shown
from edge_auth.flows.ports.factors import FactorUse
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.ring import KeysInForce
from edge_auth.throttling.limits import MAIL_RATE, MAIL_SOURCE_RATE, PASSWORD_BACKOFF
from edge_auth.tokens.proof_token import Kind, mint
from tests.support.deployment import ADDRESS, PASSWORD, USERNAME
from tests.support.mail import EMAIL, NEW_EMAIL, MailDeployment
from tests.support.second_factor import with_app

NEW_PASSWORD = "staple battery horse"
OTHER_PASSWORD = "another horse battery"
WAYS = pytest.mark.parametrize("way", [0, 1], ids=["link", "code"])


def ask(mail: MailDeployment, username: str = USERNAME) -> None:
    """Ask for a mail."""
    mail.ask_reset(username, address=ADDRESS)


def reset(mail: MailDeployment, shown: Shown, new: str = NEW_PASSWORD) -> None:
    """Set a new password."""
    mail.reset_password(shown, new, address=ADDRESS)


def refused(mail: MailDeployment, shown: Shown, error: type[AuthError] = InvalidProof, new: str = NEW_PASSWORD) -> None:
    """Check that a reset is refused, and changes neither a user nor a session."""
    before = dict(mail.core.store.identities), dict(mail.core.store.sessions)
    with pytest.raises(error):
        reset(mail, shown, new)
    assert (mail.core.store.identities, mail.core.store.sessions) == before


def has_password(mail: MailDeployment, password: str) -> bool:
    """Return whether the user can log in with this password."""
    try:
        mail.core.log_in(USERNAME, password)
    except InvalidCredentials:
        return False
    return True


@WAYS
def test_a_proof_sets_the_password_and_opens_no_session(mail: MailDeployment, way: int) -> None:
    """SA1: the user logs in afterwards. A code does the same as the link beside it (SM1)."""
    before = mail.alice
    ask(mail)

    reset(mail, mail.mailed(Kind.RESET)[way])

    assert mail.core.store.sessions == {}
    assert mail.alice.epoch == before.epoch + 1
    assert not has_password(mail, PASSWORD)
    assert has_password(mail, NEW_PASSWORD)
    assert mail.core.names()[:3] == [EventName.RESET_ASKED, EventName.PASSWORD_RESET, EventName.ALL_SESSIONS_ENDED]
    assert [user.user_id for user in mail.told_of_new_password] == [before.user_id]


@WAYS
def test_all_sessions_end(mail: MailDeployment, way: int) -> None:
    """Whoever knew the old password is logged out, and authorizers learn of each end."""
    mail.core.with_feed()
    others = [mail.core.log_in() for _ in range(3)]
    ask(mail)

    reset(mail, mail.mailed(Kind.RESET)[way])

    assert {mail.core.end_of(other).reason for other in others} == {"password_reset"}
    assert all(mail.core.is_dead(other) for other in others)
    assert len(mail.core.feed.session_ids) == 3


def test_the_wait_of_the_account_ends(mail: MailDeployment) -> None:
    """The user, who has tried old passwords before, can log in at once."""
    for _ in range(PASSWORD_BACKOFF.free_attempts + 1):
        with pytest.raises((InvalidCredentials, TooManyAttempts)):
            mail.core.log_in(USERNAME, "incorrect horse battery")
    ask(mail)

    reset(mail, mail.mailed(Kind.RESET)[0])

    assert has_password(mail, NEW_PASSWORD)


@pytest.mark.parametrize("with_app", [False, True])
def test_a_used_proof_ends_the_wait_only_of_a_user_without_a_second_factor(
    mail: MailDeployment, *, with_app: bool
) -> None:
    """SB7: password and used proof together must not give five more guesses at the code of the app, again and again."""
    ask(mail)
    shown = mail.mailed(Kind.RESET)[0]
    reset(mail, shown)
    if with_app:
        mail.change_alice(factors=Factors(totp=b"sealed", totp_step=0))
    for _ in range(PASSWORD_BACKOFF.free_attempts + 1):
        with pytest.raises((InvalidCredentials, TooManyAttempts)):
            mail.core.log_in(USERNAME, OTHER_PASSWORD)

    reset(mail, shown)

    error = TooManyAttempts if with_app else InvalidCredentials
    with pytest.raises(error):
        mail.core.log_in(USERNAME, OTHER_PASSWORD)


def test_a_mail_goes_to_the_confirmed_address_with_the_language_of_the_user(mail: MailDeployment) -> None:
    """The request names only a user, so nobody chooses where the mail goes."""
    mail.change_alice(language="de")

    ask(mail, "  ALICE ")

    challenge = mail.challenge(Kind.RESET)
    assert (challenge.email, challenge.language, challenge.username) == (EMAIL, "de", USERNAME)
    assert challenge.is_delivered
    assert challenge.proof.expires_at_seconds == mail.core.clock() // 1000 + RESET_SECONDS


def nobody(mail: MailDeployment) -> str:
    """Return a name without a user."""
    assert "nobody" not in mail.core.store.identities
    return "nobody"


def changed(**changes: object) -> Callable[[MailDeployment], str]:
    """Return what changes the user, and names it."""

    def change(mail: MailDeployment) -> str:
        mail.change_alice(**changes)
        return USERNAME

    return change


NO_MAIL: dict[str, Callable[[MailDeployment], str]] = {
    "unknown": nobody,
    "disabled": changed(status=DISABLED),
    "without address": changed(email="", email_verified_at_seconds=0),
    "address not confirmed": changed(email_verified_at_seconds=0),
    "mails come back": changed(email_bounced_at_seconds=1),
}


@pytest.mark.parametrize("case", NO_MAIL)
def test_nobody_else_gets_a_mail_and_the_requests_are_the_same(mail: MailDeployment, case: str) -> None:
    """P8, SM3, SC1: two counters, a read and a write; the address of a stranger is worth nothing."""
    ask(mail)
    of_a_user = list(mail.core.trouble.acts)
    mail.core.trouble.acts.clear()
    mail.core.clock.advance(seconds=1)

    name = NO_MAIL[case](mail)
    ask(mail, name)

    assert of_a_user == mail.core.trouble.acts == ["book", "find_identity", "book", "put"]
    newest = list(mail.core.store.challenges.values())[-1]
    assert (newest.is_delivered, newest.email, newest.username) == (False, "", "")


class SlowChallenges:
    """A table that takes some milliseconds to store a challenge; with a negative number, the clock is set back."""

    def __init__(self, mail: MailDeployment, ms: int) -> None:
        """Store them as before."""
        self._put, self._clock, self._ms = mail.challenges.put, mail.core.clock, ms

    def put(self, challenge: Challenge) -> None:
        """Take the time, and store it."""
        self._clock.advance(ms=self._ms)
        self._put(challenge)


@pytest.mark.parametrize(("ms", "took_ms"), [(0, 100), (7, 100), (99, 100), (100, 100), (350, 350), (-5000, -4900)])
@pytest.mark.parametrize("name", [USERNAME, "nobody"])
def test_an_answer_takes_a_tenth_of_a_second_at_least(mail: MailDeployment, name: str, ms: int, took_ms: int) -> None:
    """P8, SM3: so a read of nothing, which is faster, shows nobody that there is no such user."""
    mail.challenges = SlowChallenges(mail, ms)  # type: ignore[assignment]  # the one act that a request for a mail needs
    begin_ms = mail.core.clock()

    ask(mail, name)

    assert mail.core.clock() - begin_ms == took_ms


def test_the_wait_of_an_answer_is_in_seconds(mail: MailDeployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the fraction, so that no answer comes a moment early."""
    waits = list[float]()
    monkeypatch.setattr(mail.core.clock, "pause", waits.append)

    ask(mail, USERNAME)

    assert waits == [0.1]


@pytest.mark.parametrize("case", NO_MAIL)
@WAYS
def test_a_challenge_without_a_mail_is_worth_nothing(mail: MailDeployment, case: str, way: int) -> None:
    """SC1: even who knew its proof could not use it: it is bound to no state that a user can have."""
    name = NO_MAIL[case](mail)
    ask(mail, name)
    [(kind, user_id)] = mail.core.store.challenges
    mail.change_alice(status="active")

    link, code = mail.mailed(Kind(kind), user_id)
    refused(mail, (link, code._replace(username=name))[way])


def test_a_user_who_waits_for_the_confirmation_gets_a_mail_that_names_nobody(mail: MailDeployment) -> None:
    """SC1, SM4: it goes to the address that is to be confirmed; the requests are the same."""
    mail.change_alice(status=UNCONFIRMED, email_verified_at_seconds=0)

    ask(mail)

    assert list(mail.core.store.challenges) == [("reset", mail.alice.user_id)]
    challenge = mail.challenge(Kind.RESET)
    assert (challenge.email, challenge.username, challenge.is_delivered) == (EMAIL, "", True)
    assert mail.core.trouble.acts == ["book", "find_identity", "book", "put"]


@WAYS
def test_the_password_of_whoever_registered_with_the_address_ends_as_it_is_confirmed(
    mail: MailDeployment, way: int
) -> None:
    """SC1: at no moment is the account active with a password that the owner of the address has not set."""
    mail.change_alice(status=UNCONFIRMED, email_verified_at_seconds=0)
    ask(mail)
    link, code = mail.mailed(Kind.RESET)

    reset(mail, (link, code._replace(username=USERNAME))[way])

    assert (mail.alice.status, mail.alice.email) == (ACTIVE, EMAIL)
    assert mail.alice.email_verified_at_seconds == mail.core.clock() // 1000
    assert mail.core.names()[:3] == [EventName.RESET_ASKED, EventName.PASSWORD_RESET, EventName.EMAIL_CONFIRMED]
    assert not has_password(mail, PASSWORD)
    assert has_password(mail, NEW_PASSWORD)


def test_a_reset_of_an_active_user_confirms_no_address(mail: MailDeployment) -> None:
    """SC4: the link of an operator reaches the user by another way than the address."""
    mail.change_alice(email_verified_at_seconds=0)
    challenge = mail.new_challenge.reset(mail.alice)
    mail.challenges.put(challenge)

    reset(mail, mail.mailed(Kind.RESET)[0])

    assert mail.alice.email_verified_at_seconds == 0


def test_an_unknown_name_has_the_same_challenge_each_time(mail: MailDeployment) -> None:
    """P8: a second request finds the first one, as it does for a user. Another name has another one."""
    for name in ("nobody", "nobody", "no-one"):
        mail.core.clock.advance(seconds=1)
        ask(mail, name)

    assert len(mail.core.store.challenges) == 2


@pytest.mark.parametrize("name", ["", "a b", "x" * 129])
def test_a_name_that_no_user_can_have_is_malformed(mail: MailDeployment, name: str) -> None:
    """The rules are the same as at a login, and nothing is counted."""
    with pytest.raises(InvalidRequest):
        ask(mail, name)
    assert mail.core.trouble.acts == []


def mails_in_a_day(mail: MailDeployment, *usernames: str, device_tokens: Sequence[str] = ("",)) -> int:
    """Ask for a mail in each minute of a day, with these in turn and from other addresses. Count the mails."""
    delivered = set()
    for minute in range(24 * 60):
        name, token = usernames[minute % len(usernames)], device_tokens[minute % len(device_tokens)]
        mail.ask_reset(name, address=f"198.51.{minute // 250}.{minute % 250}", device_token=token)
        delivered |= {one.proof.proof_id for one in mail.core.store.challenges.values() if one.is_delivered}
        mail.core.clock.advance(seconds=60)
    return len(delivered)


def test_ten_mails_a_day_go_to_an_address_however_many_users_have_it(mail: MailDeployment) -> None:
    """SB6, SA9: with five guesses at each, a code is found with 5 in 10 million. Another address has its own mails."""
    more = [f"alice-{number}" for number in range(8)]
    for number, name in enumerate(more):
        user_id = base64url.encode(number.to_bytes(16))
        mail.core.store.identities[name] = replace(mail.alice, username=name, user_id=user_id)

    assert mails_in_a_day(mail, USERNAME, *more) in {9, 10}

    mail.change_alice(email=NEW_EMAIL)
    ask(mail)
    assert mail.challenge(Kind.RESET).email == NEW_EMAIL


def test_who_registers_again_and_again_with_an_address_sends_it_no_more_mails(mail: MailDeployment) -> None:
    """SM4: users who wait for the confirmation count with all others of the address."""
    for number in range(4):
        mail.register(must_confirm=True)(f"bob-{number}", PASSWORD, address=ADDRESS, email=EMAIL)
    mail.core.store.challenges.clear()

    assert mails_in_a_day(mail, USERNAME, *(f"bob-{number}" for number in range(4))) in {9, 10}


def test_an_answer_does_not_tell_that_an_address_has_had_its_mails(mail: MailDeployment) -> None:
    """P8: else two names of one mailbox could be told from others. What the last mail has brought stays good."""
    for _ in range(MAIL_RATE.burst):
        ask(mail)
        mail.core.clock.advance(seconds=1)
    last = mail.mailed(Kind.RESET)[0]
    mail.core.trouble.acts.clear()

    for name in (USERNAME, "nobody"):
        ask(mail, name)

    assert mail.core.trouble.acts == ["book", "find_identity", "book", "put"] * 2
    assert mail.core.events[-2].reason == "too many mails"
    reset(mail, last)


def test_a_device_of_the_user_gets_mails_while_strangers_use_up_the_others(mail: MailDeployment) -> None:
    """P11: as at a login, what strangers do keeps no owner out. Without the token there is no mail."""
    token = mail.core.log_in().device_token
    for _ in range(MAIL_RATE.burst):
        ask(mail)
        mail.core.clock.advance(seconds=1)
    strangers = mail.challenge(Kind.RESET)
    mail.ask_reset(USERNAME, address=ADDRESS, device_token="edgeauth_dt_forged")
    assert mail.challenge(Kind.RESET) == strangers

    mail.ask_reset(USERNAME, address=ADDRESS, device_token=token)

    assert mail.challenge(Kind.RESET) != strangers
    reset(mail, mail.mailed(Kind.RESET)[0])


def test_a_device_gets_six_mails_a_day_more_and_no_other_user_does(mail: MailDeployment) -> None:
    """SB6: who has stolen the token has no more guesses than that. A token of another user, or an old one, is none."""
    token = mail.core.log_in().device_token
    assert mails_in_a_day(mail, USERNAME, device_tokens=[token]) in {14, 15, 16}

    mail.core.clock.advance(seconds=2 * 86_400)
    mail.core.store.challenges.clear()
    bob = replace(mail.alice, username="bob", user_id=base64url.encode(bytes(16)), email=NEW_EMAIL)
    mail.core.store.identities[bob.username] = bob
    assert mails_in_a_day(mail, bob.username, device_tokens=[token]) in {9, 10}

    mail.core.clock.advance(seconds=2 * 86_400)
    mail.core.store.challenges.clear()
    mail.change_alice(epoch=mail.alice.epoch + 1)
    assert mails_in_a_day(mail, USERNAME, device_tokens=[token]) in {9, 10}


def test_however_many_devices_a_user_has_they_get_six_mails_a_day_more_together(mail: MailDeployment) -> None:
    """SB6: each login without a token is a new device, so a counter for each one would be no limit."""
    tokens = [mail.core.log_in().device_token for _ in range(20)]

    assert mails_in_a_day(mail, USERNAME, device_tokens=tokens) in {14, 15, 16}


def test_a_name_that_is_the_address_of_another_user_uses_up_none_of_its_mails(mail: MailDeployment) -> None:
    """SA9: no mail goes out for such a name, so it must not stand in the way of one."""
    for _ in range(2 * MAIL_RATE.burst):
        mail.ask_reset(EMAIL, address=ADDRESS)
        mail.core.clock.advance(seconds=1)
    ask(mail)
    assert mail.challenge(Kind.RESET).is_delivered


@pytest.mark.parametrize("case", ["known", "without address"])
@WAYS
def test_a_strangers_request_does_not_end_the_link_of_an_operator(mail: MailDeployment, case: str, way: int) -> None:
    """SB8: the operator knows whom the link is for, and the stranger only a name."""
    if case == "without address":
        mail.change_alice(email="", email_verified_at_seconds=0)
    made = mail.reset_link(mail.alice.user_id)
    mail.core.clock.advance(seconds=1)

    ask(mail)

    assert mail.challenge(Kind.RESET).yields_at_seconds > 0
    shown = (Shown(proof=made.link.partition("#")[2]), Shown(username=USERNAME, code=made.code))[way]
    reset(mail, shown)


@pytest.mark.parametrize("end", ["time", "use", "another state", "another link"])
def test_a_link_of_an_operator_stands_in_the_way_while_it_is_good_and_no_longer(mail: MailDeployment, end: str) -> None:
    """SB8: after that a user who asks for a mail gets one, and the operator can make another link at any time."""
    made = mail.reset_link(mail.alice.user_id)
    mail.core.clock.advance(seconds=RESET_SECONDS - 1)
    ask(mail)
    assert not mail.challenge(Kind.RESET).is_delivered
    match end:
        case "time":
            mail.core.clock.advance(seconds=1)
        case "use":
            reset(mail, Shown(proof=made.link.partition("#")[2]))
        case "another state":
            mail.change_alice(epoch=mail.alice.epoch + 1)
        case _:
            again = mail.reset_link(mail.alice.user_id)
            reset(mail, Shown(proof=again.link.partition("#")[2]))
            return

    ask(mail)

    reset(mail, mail.mailed(Kind.RESET)[0], OTHER_PASSWORD)


def test_mails_asked_for_from_a_source_are_limited(mail: MailDeployment) -> None:
    """P13: one place cannot make the mailer write to every user."""
    for number in range(MAIL_SOURCE_RATE.burst):
        ask(mail, f"user-{number}")
    with pytest.raises(TooManyAttempts):
        ask(mail)
    mail.ask_reset(USERNAME, address="198.51.100.1")


@WAYS
def test_a_proof_works_once(mail: MailDeployment, way: int) -> None:
    """SB4: the second user of the link does not set a password."""
    ask(mail)
    shown = mail.mailed(Kind.RESET)
    reset(mail, shown[way])

    for again in shown:
        refused(mail, again, new=OTHER_PASSWORD)
    assert has_password(mail, NEW_PASSWORD)


@WAYS
def test_a_call_that_comes_again_after_a_lost_answer_succeeds(mail: MailDeployment, way: int) -> None:
    """SB9: the proof is used, but with the same password the call says so, and ends the sessions that are left."""
    mail.core.log_in()
    ask(mail)
    shown = mail.mailed(Kind.RESET)[way]
    mail.core.trouble.fail("to_end")
    with pytest.raises(TemporarilyUnavailable):
        reset(mail, shown)
    mail.core.trouble.heal()
    set_then = mail.alice
    assert len(mail.core.store.sessions) == 1

    reset(mail, shown)

    assert mail.core.store.sessions == {}
    assert mail.alice == set_then
    assert has_password(mail, NEW_PASSWORD)


def test_passwords_cannot_be_tried_with_a_used_proof(mail: MailDeployment) -> None:
    """P11: who finds a used link may not guess the password that it has set."""
    ask(mail)
    link, _ = mail.mailed(Kind.RESET)
    reset(mail, link)

    for _ in range(PASSWORD_BACKOFF.free_attempts):
        refused(mail, link, new=OTHER_PASSWORD)
    refused(mail, link, TooManyAttempts, new=OTHER_PASSWORD)
    refused(mail, link, TooManyAttempts)


@WAYS
def test_a_proof_ends_after_half_an_hour(mail: MailDeployment, way: int) -> None:
    """The last second is good."""
    ask(mail)
    shown = mail.mailed(Kind.RESET)[way]
    mail.core.clock.advance(seconds=RESET_SECONDS)
    refused(mail, shown)

    mail.core.clock.advance(seconds=-1)
    reset(mail, shown)


CHANGES: dict[str, dict[str, object]] = {
    "password": {"password_hash": "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43},
    "epoch": {"epoch": 1},
    "address": {"email": NEW_EMAIL},
    "factors": {"factors_version": 1},
    "status": {"status": DISABLED},
}


@pytest.mark.parametrize("change", CHANGES)
@WAYS
def test_a_proof_ends_with_a_change_of_its_user(mail: MailDeployment, change: str, way: int) -> None:
    """SC5: a new password, the end of all sessions, another address, a new passkey and a disabling each end it."""
    ask(mail)
    shown = mail.mailed(Kind.RESET)[way]
    before = mail.alice
    mail.change_alice(**CHANGES[change])
    refused(mail, shown)

    mail.core.store.identities[USERNAME] = before
    reset(mail, shown)


@WAYS
def test_a_newer_proof_ends_the_older_one(mail: MailDeployment, way: int) -> None:
    """SB8: only the newest mail works."""
    ask(mail)
    older = mail.mailed(Kind.RESET)[way]
    mail.core.clock.advance(seconds=1)
    ask(mail)
    refused(mail, older)

    reset(mail, mail.mailed(Kind.RESET)[way])


def test_five_guesses_are_compared_and_no_more(mail: MailDeployment) -> None:
    """SB6: after five wrong codes the right one is refused, too; the link still works."""
    ask(mail)
    link, code = mail.mailed(Kind.RESET)
    for _ in range(MAX_GUESSES):
        refused(mail, code._replace(code="00000000"))
    refused(mail, code)

    reset(mail, link)


@pytest.mark.parametrize("code", ["", "0", "1234567\u0661", "x" * 8, "123456789", " 12345678"])
def test_another_text_is_no_code(mail: MailDeployment, code: str) -> None:
    """It never crashes."""
    ask(mail)
    refused(mail, mail.mailed(Kind.RESET)[1]._replace(code=code))


@pytest.mark.parametrize("case", ["no user", "no challenge", "challenge", "spent", "no guess left"])
def test_a_guess_costs_the_same_requests_for_every_name(mail: MailDeployment, case: str) -> None:
    """P8: a counter, a read and a write, whether or not there is such a user or challenge."""
    name = "nobody" if case == "no user" else USERNAME
    if case != "no challenge":
        ask(mail, name)
    if case == "spent":
        reset(mail, mail.mailed(Kind.RESET)[0])
    if case == "no guess left":
        for _ in range(MAX_GUESSES):
            refused(mail, Shown(username=name, code="00000000"))
    mail.core.trouble.acts.clear()

    refused(mail, Shown(username=name, code="00000000"))

    assert mail.core.trouble.acts == ["book", "find_identity", "guess"]


def test_codes_from_a_source_are_limited(mail: MailDeployment) -> None:
    """SB6: one place cannot try the codes of many users at any speed."""
    for number in range(100):
        refused(mail, Shown(username=f"user-{number}", code="00000000"))
    refused(mail, Shown(username="user-100", code="00000000"), TooManyAttempts)


def test_a_forged_or_foreign_proof_costs_no_request(mail: MailDeployment) -> None:
    """SA2: the MAC, the kind and the time are checked before anything is read."""
    ask(mail)
    proof = mail.challenge(Kind.RESET).proof
    link, _ = mail.mailed(Kind.RESET)
    forged = mint(proof, MacKey(mail.core.key_ring.keys.mac.key_id, b"x" * 32))
    others = [mint(proof._replace(kind=kind), mail.core.key_ring.keys.mac) for kind in Kind if kind != Kind.RESET]
    mail.core.trouble.acts.clear()

    for text in (forged, *others, link.proof[:-1], "x"):
        refused(mail, Shown(proof=text))

    assert mail.core.trouble.acts == []
    reset(mail, link)


def test_an_authentic_proof_of_a_deleted_user_is_refused(mail: MailDeployment) -> None:
    """F18: its challenge is gone with the user."""
    ask(mail)
    link, code = mail.mailed(Kind.RESET)
    user = mail.core.store.identities.pop(USERNAME)
    for shown in (link, code):
        refused(mail, shown)

    mail.core.store.identities[USERNAME] = user
    reset(mail, link)


def test_an_authentic_proof_without_its_challenge_is_refused(mail: MailDeployment) -> None:
    """A restored or emptied table gives no right."""
    ask(mail)
    link, _ = mail.mailed(Kind.RESET)
    mail.core.store.challenges.clear()

    refused(mail, link)


@pytest.mark.parametrize(
    ("new", "error"),
    [
        ("a" * 14, PasswordTooShort),
        ("QWERTY123456789", PasswordCommon),
        ("API.example.com", PasswordGuessable),
        ("correct horse \ud800 battery", InvalidRequest),
    ],
)
@WAYS
def test_a_password_that_breaks_a_rule_spends_nothing(
    mail: MailDeployment, new: str, error: type[AuthError], way: int
) -> None:
    """P1, P4: no guess is counted, and the user tries another password with the same proof."""
    ask(mail)
    shown = mail.mailed(Kind.RESET)[way]
    for _ in range(MAX_GUESSES + 1):
        refused(mail, shown, error, new)

    reset(mail, shown)


def test_the_users_own_name_is_no_password(mail: MailDeployment) -> None:
    """P4: the name is that of the proof's user."""
    name = "augusta.ada.lovelace"
    user = mail.core.store.identities.pop(USERNAME)
    mail.core.store.identities[name] = Identity(
        user.user_id, name, user.password_hash, user.status, 0, 0, email=EMAIL, email_verified_at_seconds=1
    )
    mail.ask_reset(name, address=ADDRESS)

    link, _ = mail.mailed(Kind.RESET, user.user_id)
    with pytest.raises(PasswordGuessable):
        reset(mail, link, name)


@WAYS
def test_an_enrolled_factor_is_checked_before_the_proof_is_spent(mail: MailDeployment, way: int) -> None:
    """SA1: the mail alone is not enough where a second factor is enrolled. A wrong one leaves the proof good."""
    ask(mail)
    shown = mail.mailed(Kind.RESET)[way]
    asked: list[str] = []

    def refuse(user: Identity) -> NoReturn:
        asked.append(user.user_id)
        raise InvalidCredentials("no second factor")

    before = mail.alice
    with pytest.raises(InvalidCredentials):
        mail.reset_password(shown, NEW_PASSWORD, address=ADDRESS, check_factor=refuse)
    assert asked == [before.user_id]
    assert mail.alice == before

    reset(mail, shown)


@pytest.mark.parametrize(
    ("act", "is_set"),
    [("find_by_id", False), ("find_challenge", False), ("set_password", False), ("end_wait", True), ("to_end", True)],
)
def test_an_outage_is_503_and_the_call_may_be_repeated(mail: MailDeployment, act: str, is_set: bool) -> None:  # noqa: FBT001 - the expectation
    """SB9, DC-3: no failure burns the proof, and a repeated call does what is left."""
    mail.core.log_in()
    ask(mail)
    link, _ = mail.mailed(Kind.RESET)
    mail.core.trouble.fail(act, times=1)

    with pytest.raises(TemporarilyUnavailable):
        reset(mail, link)
    assert (mail.alice.epoch > 0) == is_set

    reset(mail, link)
    assert mail.core.store.sessions == {}
    assert has_password(mail, NEW_PASSWORD)


@pytest.mark.parametrize("act", ["book", "find_identity", "put"])
def test_an_outage_while_asking_is_503(mail: MailDeployment, act: str) -> None:
    """P16: where a mail cannot be counted, none is asked for."""
    mail.core.trouble.fail(act)
    with pytest.raises(TemporarilyUnavailable):
        ask(mail)
    assert mail.core.store.challenges == {}


def test_no_event_has_a_name_an_address_or_a_proof(mail: MailDeployment) -> None:
    """DC-14: the log has user ids and reasons only."""
    ask(mail)
    ask(mail, "nobody")
    link, code = mail.mailed(Kind.RESET)
    refused(mail, code._replace(code="00000000"))
    reset(mail, link)

    told = repr(mail.core.events)
    for secret in (USERNAME, "nobody", EMAIL, link.proof, code.code, NEW_PASSWORD):
        assert secret not in told


def test_the_id_of_an_unknown_name_has_the_form_of_a_user_id(mail: MailDeployment) -> None:
    """P8: the item of an unknown user looks like the others."""
    ask(mail, "nobody")

    [(_, user_id)] = mail.core.store.challenges
    assert len(base64url.decode(user_id)) == 16


def test_what_is_shown_is_in_no_repr() -> None:
    """No log may hold a proof or a code, also not by an error of ours."""
    assert repr(Shown(proof="secret")) == repr(Shown(username="ada", code="secret")) == "Shown(...)"


def test_a_refused_proof_is_recorded_with_its_reason(mail: MailDeployment) -> None:
    """Whoever tries proofs leaves a line for each, without a user: there may be none."""
    ask(mail)
    mail.core.names()

    refused(mail, Shown(username=USERNAME, code="00000000"))
    assert [(event.name, event.user_id, event.reason) for event in mail.core.events] == [
        (EventName.PROOF_REFUSED, "", "wrong code")
    ]


def test_a_code_that_was_used_at_the_same_moment_is_trouble_and_no_refusal(mail: MailDeployment) -> None:
    """SB9: another request has used the step of the app. The proof stays good, for the next code. That one is told."""
    mail.core.store.identities[USERNAME] = with_app(mail.alice, mail.core.sealing_keys.keys)
    ask(mail)
    shown, used = mail.mailed(Kind.RESET)[0], FactorUse(mail.alice.factors_version, totp_step=0)
    accepted = list[int]()

    def demand(use: FactorUse) -> Callable[[Identity], Demanded]:
        return lambda _: Demanded(use, lambda: accepted.append(use.totp_step))

    with pytest.raises(TemporarilyUnavailable):
        mail.reset_password(shown, NEW_PASSWORD, address=ADDRESS, check_factor=demand(used))
    assert accepted == []
    mail.reset_password(shown, NEW_PASSWORD, address=ADDRESS, check_factor=demand(used._replace(totp_step=1)))
    assert accepted == [1]
    assert len(mail.told_of_new_password) == 1


def test_an_older_proof_is_no_repeated_call_of_the_newer_one(mail: MailDeployment) -> None:
    """Also with the password that the newer one has set: it was in another mail, which may be in other hands."""
    ask(mail)
    older = mail.mailed(Kind.RESET)[0]
    mail.core.clock.advance(seconds=1)
    ask(mail)
    newer = mail.mailed(Kind.RESET)[0]
    reset(mail, newer)

    refused(mail, older)
    reset(mail, newer)


def test_a_code_ends_with_its_mac_key(mail: MailDeployment) -> None:
    """K3: after an emergency, nothing counts that the old key has made."""
    ask(mail)
    code = mail.mailed(Kind.RESET)[1]
    old, new = mail.core.key_ring.keys, MacKey(b"mac-2", b"2" * 32)
    mail.core.key_ring.keys = KeysInForce(old.verifying, new, {new.key_id: new})
    refused(mail, code)
    mail.core.key_ring.keys = old
    reset(mail, code)
