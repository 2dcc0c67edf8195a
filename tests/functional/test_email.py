"""A user's mail address over HTTP: shown, changed, confirmed, undone, and asked for at a registration."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_auth.accounts.identity import UNCONFIRMED, Identity
from edge_auth.credentials.passwords import hash_password
from edge_auth.credentials.profiles import PROFILE
from edge_auth.tokens.proof_token import Kind
from tests.support.answers import (
    ACCEPTED,
    INVALID_CREDENTIALS,
    INVALID_PROOF,
    INVALID_REQUEST,
    INVALID_TOKEN,
    NO_CONTENT,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    error,
    method_not_allowed,
)
from tests.support.key_ring_events import ADVANCE, asked
from tests.support.mailbox import deliveries, mailed
from tests.support.outages import APPLIED, KINDS, KINDS_OF_TRANSACTIONS, Killed, after, before, ends, kill, kinds_at
from tests.support.people import ADA_ID, PASSWORD, WRONG_PASSWORD, ada
from tests.support.sample_events import Event, called_by, login_event, logout_event, sample, with_body, with_json
from tests.support.stack import Answer, Function, LambdaContext, Stack
from tests.support.wire import Fault, lost_response, no_connection

Tokens = dict[str, str]
Moment = Callable[[Callable[[], object]], Fault]

EMAIL, NEW_EMAIL, THIRD_EMAIL = "ada@mail.example", "ada@new.example", "ada@third.example"
NEW_PASSWORD = "another fine passphrase"
NOT_CONFIRMED = error(403, "email_not_confirmed", "The mail address is not confirmed yet.")
REFUSED = error(400, "email_refused", "The mail address is not allowed.")
WAYS = pytest.mark.parametrize("way", ["link", "code"])


@pytest.fixture
def mail_stack(stack: Stack) -> Stack:
    """Return a stack with mail, whose user ada has a confirmed address."""
    stack.identities.delete(stack.identities.find("ada"))
    stack.identities.create(replace(ada(), email=EMAIL, email_verified_at_seconds=1_789_000_000))
    stack.secrets.keep(NEW_PASSWORD, kind="password")
    return stack.with_mail(SelfRegistration="true")


@pytest.fixture
def email(mail_stack: Stack) -> Function:
    """Return the function behind the authorizer, cold."""
    return mail_stack.function("email")


@pytest.fixture
def proofs(mail_stack: Stack) -> Function:
    """Return the function that takes proofs, cold."""
    return mail_stack.function("email_proofs")


def user(stack: Stack) -> Identity:
    """Return ada as stored."""
    return stack.identities.find("ada")


def show(tokens: Tokens) -> Event:
    """Return a request to show the address, as it comes from behind the authorizer."""
    return called_by(sample("email"), ADA_ID, tokens["session_id"])


def change(tokens: Tokens, address: object = NEW_EMAIL, current: object = PASSWORD) -> Event:
    """Return a request to change the address."""
    return called_by(
        with_json("email-change", {"email": address, "current_password": current}), ADA_ID, tokens["session_id"]
    )


def confirm(shown: dict[str, str]) -> Event:
    """Return a request to confirm an address."""
    return with_json("email-confirm", shown)


def undo(shown: dict[str, str]) -> Event:
    """Return a request to undo a change."""
    return with_json("email-undo", shown)


def shown(stack: Stack, kind: Kind, way: str = "link") -> dict[str, str]:
    """Return what the newest mail of this kind shows."""
    found: dict[str, str] = getattr(mailed(stack, kind), way)
    return found


@WAYS
def test_an_address_is_changed_and_the_change_undone(
    mail_stack: Stack, email: Function, proofs: Function, login: Function, tokens: Tokens, way: str
) -> None:
    """SC5: 202 and two times 204. The mails go to the new address, to the old one, and to the restored one."""
    assert email(show(tokens)).json == {"email": EMAIL, "email_verified": True}
    assert email(change(tokens)) == ACCEPTED
    assert (mailed(mail_stack, Kind.CONFIRM).email, user(mail_stack).email) == (NEW_EMAIL, EMAIL)

    assert proofs(confirm(shown(mail_stack, Kind.CONFIRM, way))) == NO_CONTENT
    assert email(show(tokens)).json == {"email": NEW_EMAIL, "email_verified": True}
    assert mailed(mail_stack, Kind.UNDO).email == EMAIL
    assert login(login_event("ada", PASSWORD)).status == 200

    assert proofs(undo(shown(mail_stack, Kind.UNDO, way))) == NO_CONTENT
    assert set(ends(mail_stack).values()) == {"email_change_undone"}
    assert len(ends(mail_stack)) == 2
    assert login(login_event("ada", PASSWORD)) == INVALID_CREDENTIALS
    assert (user(mail_stack).email, user(mail_stack).epoch, mailed(mail_stack, Kind.RESET).email) == (EMAIL, 1, EMAIL)
    assert email(show(tokens)) == INVALID_TOKEN


def test_a_change_is_undone_after_72_hours_however_short_the_timeouts_are(mail_stack: Stack) -> None:
    """SC5: the link is of the last second in which its MAC key signs. The hourly run removes keys that have ended."""
    names = ("KeyRotationDays", "RefreshIdleDays", "RefreshAbsoluteDays", "SessionAbsoluteHours")
    stack = mail_stack.with_parameters(**dict.fromkeys(names, "1"))
    rotate_keys, proofs = stack.rotate_keys(), stack.function("email_proofs")
    rotate_keys(asked(stack, "replace", at_once=True, end_sessions=True))
    rotate_keys(ADVANCE)
    stack.clock.now_ms = (stack.key_ring.mac[-1].signs_from_seconds - 1) * 1000
    stack.function("email")(change(stack.function("login")(login_event("ada", PASSWORD)).json))
    proofs(confirm(shown(stack, Kind.CONFIRM)))
    link = shown(stack, Kind.UNDO)

    for _ in range(71):
        stack.clock.advance(seconds=3600)
        rotate_keys(ADVANCE)
    stack.clock.advance(seconds=3599)

    assert proofs(undo(link)) == NO_CONTENT
    assert user(stack).email == EMAIL


def test_an_imported_user_undoes_a_change_with_the_password_of_before(mail_stack: Stack, tokens: Tokens) -> None:
    """SC5: a hash of a declared profile is checked as a login checks it, so a wrong password only is refused."""
    profile = PROFILE._replace(iterations=PROFILE.iterations + 1)  # stronger than today's, so no login renews it
    importing = mail_stack.with_parameters(PasswordProfiles=profile.declaration)
    imported = hash_password(PASSWORD.encode(), entropy=os.urandom, profile=profile)
    mail_stack.identities.change_password(user(mail_stack), imported)
    importing.function("email")(change(tokens))
    proofs = importing.function("email_proofs")
    proofs(confirm(shown(mail_stack, Kind.CONFIRM)))
    own = shown(mail_stack, Kind.UNDO)

    assert proofs(undo({**own, "password": WRONG_PASSWORD})) == INVALID_CREDENTIALS
    assert user(mail_stack).email == NEW_EMAIL
    assert proofs(undo({**own, "password": PASSWORD})) == NO_CONTENT
    assert user(mail_stack).email == EMAIL


def test_a_thief_who_changes_the_address_twice_ends_no_way_back(
    mail_stack: Stack, email: Function, proofs: Function, tokens: Tokens
) -> None:
    """SC5: the address between learns of the second change, and the first link still restores the first address."""
    email(change(tokens))
    proofs(confirm(shown(mail_stack, Kind.CONFIRM)))
    owners = shown(mail_stack, Kind.UNDO)
    assert f"notice#{ADA_ID}#new_address" not in deliveries(mail_stack)
    mail_stack.clock.advance(seconds=1)
    email(change(tokens, THIRD_EMAIL))

    assert proofs(confirm(shown(mail_stack, Kind.CONFIRM))) == NO_CONTENT

    assert user(mail_stack).email == THIRD_EMAIL
    [notice] = [item for item in mail_stack.challenge_items() if item["pk"]["S"] == f"notice#{ADA_ID}#new_address"]
    assert (notice["email"]["S"], "deliver" in notice) == (NEW_EMAIL, True)
    assert proofs(undo(owners)) == NO_CONTENT
    assert user(mail_stack).email == EMAIL


def test_trouble_with_the_notice_of_a_second_change_changes_no_answer(
    mail_stack: Stack, email: Function, proofs: Function, tokens: Tokens
) -> None:
    """F19: the address has changed already. The log has the failure."""
    email(change(tokens))
    proofs(confirm(shown(mail_stack, Kind.CONFIRM)))
    mail_stack.clock.advance(seconds=1)
    email(change(tokens, THIRD_EMAIL))
    mail_stack.wire.always("PutItem", no_connection)

    assert proofs(confirm(shown(mail_stack, Kind.CONFIRM))) == NO_CONTENT

    [line] = [line for line in mail_stack.output.security_events() if line["event"] == "notice_not_written"]
    assert line["reason"].startswith("new_address: ")


def test_a_user_without_an_address_sees_that(mail_stack: Stack, email: Function, tokens: Tokens) -> None:
    """No address is null, and so is no text that a page might show."""
    mail_stack.identities.delete(user(mail_stack))
    mail_stack.identities.create(ada())

    assert email(show(tokens)).json == {"email": None, "email_verified": False}


def test_the_current_password_is_needed(mail_stack: Stack, email: Function, tokens: Tokens) -> None:
    """SC5: without it, and in another session, no mail is asked for."""
    assert email(change(tokens, current=WRONG_PASSWORD)) == INVALID_CREDENTIALS
    assert email(change({"session_id": "A" * 22})) == INVALID_TOKEN
    assert mail_stack.challenge_items() == []


@pytest.mark.parametrize(
    "address", ["ada", "ada@example", "ada@new.example\nBcc: eve@evil.example", "ada\uff20new.example"]
)
def test_what_is_no_address_is_refused(mail_stack: Stack, email: Function, tokens: Tokens, address: str) -> None:
    """SC2: nothing is counted or stored."""
    mail_stack.wire.forget()
    assert email(change(tokens, address)) == REFUSED
    assert mail_stack.wire.calls == []


@pytest.mark.parametrize("body", [{}, {"email": NEW_EMAIL}, {"email": 1, "current_password": "x"}])
def test_a_malformed_change_is_refused(email: Function, tokens: Tokens, body: object) -> None:
    """L2: the answer is 400."""
    assert email(called_by(with_json("email-change", body), ADA_ID, tokens["session_id"])) == INVALID_REQUEST


@pytest.mark.parametrize("body", [{}, {"proof": "x", "code": "1"}, {"code": "01234567"}, {"proof": ["x"]}])
def test_a_malformed_proof_is_refused(proofs: Function, body: object) -> None:
    """L2: a request has either a proof or a code with a user name."""
    for event in (with_json("email-confirm", body), with_json("email-undo", body)):
        assert proofs(event) == INVALID_REQUEST


def test_each_route_takes_its_own_kind_of_proof(
    mail_stack: Stack, email: Function, proofs: Function, tokens: Tokens
) -> None:
    """SA2, SM9: each proof is refused in every other's place, by link and by code, and costs no request by link."""
    reset = mail_stack.function("reset")
    email(change(tokens))
    proofs(confirm(shown(mail_stack, Kind.CONFIRM)))
    mail_stack.clock.advance(seconds=1)
    email(change(tokens))
    reset(with_json("password-reset", {"username": "ada"}))
    takers: dict[Kind, Callable[[dict[str, str]], Answer]] = {
        Kind.RESET: lambda given: reset(with_json("password-reset-confirm", {**given, "new_password": NEW_PASSWORD})),
        Kind.CONFIRM: lambda given: proofs(confirm(given)),
        Kind.UNDO: lambda given: proofs(undo(given)),
    }
    kept = user(mail_stack)
    for taken, take in takers.items():
        for kind in takers.keys() - {taken}:
            mail_stack.wire.forget()
            assert take(shown(mail_stack, kind)) == INVALID_PROOF
            assert [call for call in mail_stack.wire.calls if call.service == "dynamodb"] == []
            assert take(shown(mail_stack, kind, "code")) == INVALID_PROOF
    assert user(mail_stack) == kept
    assert takers[Kind.RESET](shown(mail_stack, Kind.RESET)) == NO_CONTENT


@WAYS
def test_a_link_is_spent_by_post_alone(
    mail_stack: Stack, email: Function, proofs: Function, tokens: Tokens, way: str
) -> None:
    """SM1: fifty GETs and HEADs change nothing, and the user's POST works."""
    email(change(tokens))
    given, kept = shown(mail_stack, Kind.CONFIRM, way), mail_stack.challenge_items()
    for method in ("GET", "HEAD") * 25:
        assert proofs({**confirm(given), "httpMethod": method, "queryStringParameters": given}).status == 405
    assert mail_stack.challenge_items() == kept
    assert proofs(confirm(given)) == NO_CONTENT


def test_only_these_methods_and_only_json(email: Function, proofs: Function, tokens: Tokens) -> None:
    """A10, L2: other methods and content types are refused, as on every route."""
    assert email({**show(tokens), "httpMethod": "DELETE"}) == method_not_allowed("GET", "POST")
    assert proofs({**sample("email-undo"), "httpMethod": "GET"}) == method_not_allowed("POST")
    for name in ("email-confirm", "email-undo"):
        assert proofs(with_body(name, "proof=x", media_type="text/plain")) == UNSUPPORTED_MEDIA_TYPE


def test_an_end_that_authorizers_may_not_know_is_published_late(
    mail_stack: Stack, email: Function, proofs: Function, logout: Function, tokens: Tokens
) -> None:
    """F44: a logout of a moment before may have failed after its end."""
    email(change(tokens))
    proofs(confirm(shown(mail_stack, Kind.CONFIRM)))
    logout(logout_event(tokens["refresh_token"]))

    assert proofs(undo(shown(mail_stack, Kind.UNDO))) == NO_CONTENT

    [record] = [item for item in mail_stack.session_items() if "revoked_at" in item]
    assert record["published"] == {"N": "1"}


# --- Faults ---


@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem", "UpdateItem of attempts"])
@pytest.mark.parametrize("fault", KINDS)
def test_a_change_cannot_be_asked_for(
    mail_stack: Stack, email: Function, proofs: Function, tokens: Tokens, operation: str, fault: str
) -> None:
    """F19: the answer is 503, and the same request works later."""
    mail_stack.wire.always(operation, KINDS[fault])
    assert email(change(tokens)) == UNAVAILABLE

    mail_stack.wire.mend()
    mail_stack.clock.advance(seconds=301)
    assert email(change(tokens)) == ACCEPTED
    assert proofs(confirm(shown(mail_stack, Kind.CONFIRM))) == NO_CONTENT


def test_a_lost_answer_of_a_change_stores_one_challenge(
    mail_stack: Stack, email: Function, proofs: Function, tokens: Tokens
) -> None:
    """F1, SB9: the repeated write recognises its own proof."""
    mail_stack.wire.next("UpdateItem", lost_response)

    assert email(change(tokens)) == ACCEPTED

    assert len(mail_stack.challenge_items()) == 1
    assert proofs(confirm(shown(mail_stack, Kind.CONFIRM))) == NO_CONTENT


@pytest.mark.parametrize(("operation", "fault"), kinds_at("GetItem", "TransactWriteItems"))
def test_a_fault_burns_no_confirmation(
    mail_stack: Stack, email: Function, proofs: Function, tokens: Tokens, operation: str, fault: str
) -> None:
    """F2, F19, SB9: the same request, sent again, succeeds, and the old address can undo it in every case."""
    email(change(tokens))
    given = shown(mail_stack, Kind.CONFIRM)
    mail_stack.wire.always(operation, KINDS_OF_TRANSACTIONS[fault])
    assert proofs(confirm(given)) == UNAVAILABLE
    is_done = (operation, fault) == ("TransactWriteItems", APPLIED)
    assert (user(mail_stack).email == NEW_EMAIL) is is_done

    mail_stack.wire.mend()
    assert proofs(confirm(given)) == NO_CONTENT
    assert user(mail_stack).email == NEW_EMAIL
    assert f"undo#{ADA_ID}" in deliveries(mail_stack)


@pytest.mark.parametrize(("operation", "fault"), kinds_at("GetItem", "TransactWriteItems", "UpdateItem", "Query"))
def test_a_fault_burns_no_undoing(
    mail_stack: Stack, email: Function, proofs: Function, tokens: Tokens, operation: str, fault: str
) -> None:
    """F2, F19, SB9: the same request does what is left: address, password, mail and sessions."""
    email(change(tokens))
    proofs(confirm(shown(mail_stack, Kind.CONFIRM)))
    given = shown(mail_stack, Kind.UNDO)
    mail_stack.wire.always(operation, KINDS_OF_TRANSACTIONS[fault])
    assert proofs(undo(given)) == UNAVAILABLE

    mail_stack.wire.mend()
    mail_stack.clock.advance(seconds=1)
    assert proofs(undo(given)) == NO_CONTENT
    assert (user(mail_stack).email, user(mail_stack).password_hash) == (EMAIL, "")
    assert ends(mail_stack) == {tokens["session_id"]: "email_change_undone"}
    assert f"reset#{ADA_ID}" in deliveries(mail_stack)


@pytest.mark.parametrize("operation", ["TransactWriteItems", "UpdateItem", "Query"])
@pytest.mark.parametrize("moment", [before, after])
def test_a_process_that_ends_while_undoing_leaves_a_way_to_finish(
    mail_stack: Stack, email: Function, proofs: Function, tokens: Tokens, operation: str, moment: Moment
) -> None:
    """SB9, F2: the same request finishes it."""
    email(change(tokens))
    proofs(confirm(shown(mail_stack, Kind.CONFIRM)))
    given = shown(mail_stack, Kind.UNDO)
    mail_stack.wire.next(operation, moment(kill))
    with pytest.raises(Killed):
        mail_stack.module("email_proofs").handler(undo(given), LambdaContext())

    mail_stack.clock.advance(seconds=1)
    assert mail_stack.function("email_proofs")(undo(given)) == NO_CONTENT
    assert ends(mail_stack) == {tokens["session_id"]: "email_change_undone"}
    assert f"reset#{ADA_ID}" in deliveries(mail_stack)


@pytest.mark.parametrize("moment", [before, after])
def test_of_two_undoings_at_once_one_is_done(
    mail_stack: Stack, email: Function, proofs: Function, tokens: Tokens, moment: Moment
) -> None:
    """SB4: the epoch moves once, and whoever comes second learns that the proof is used, or finishes the rest."""
    email(change(tokens))
    proofs(confirm(shown(mail_stack, Kind.CONFIRM)))
    given, inner = shown(mail_stack, Kind.UNDO), list[Answer]()
    mail_stack.wire.next("TransactWriteItems", moment(lambda: inner.append(proofs(undo(given)))), lambda send: send())

    outer = proofs(undo(given))

    assert [outer, *inner] == ([INVALID_PROOF, NO_CONTENT] if moment is before else [NO_CONTENT, NO_CONTENT])
    assert user(mail_stack).epoch == 1


# --- Registration ---


@WAYS
def test_a_new_user_confirms_the_address_before_the_first_login(
    mail_stack: Stack, proofs: Function, login: Function, way: str
) -> None:
    """SC1: only the right password is told why, and the account works after the confirmation."""
    register = mail_stack.with_parameters(ConfirmAddress="true").function("register")
    event = with_json("register", {"username": "grace", "password": NEW_PASSWORD, "email": "Grace@Mail.Example"})
    assert register(event).status == 201
    assert mail_stack.identities.find("grace").status == UNCONFIRMED
    assert login(login_event("grace", NEW_PASSWORD)) == NOT_CONFIRMED
    assert login(login_event("grace", WRONG_PASSWORD)) == INVALID_CREDENTIALS
    assert mail_stack.session_items() == []

    assert mailed(mail_stack, Kind.CONFIRM).email == "grace@mail.example"
    assert proofs(confirm(shown(mail_stack, Kind.CONFIRM, way))) == NO_CONTENT

    assert login(login_event("grace", NEW_PASSWORD)).status == 200


def test_without_an_address_no_account_is_made_where_it_must_be_confirmed(mail_stack: Stack) -> None:
    """The answer is 400, and the name stays free. A user name that is an address is enough."""
    register = mail_stack.with_parameters(ConfirmAddress="true").function("register")
    assert register(with_json("register", {"username": "grace", "password": NEW_PASSWORD})) == REFUSED
    assert register(with_json("register", {"username": "grace@mail.example", "password": NEW_PASSWORD})).status == 201
    assert mailed(mail_stack, Kind.CONFIRM).email == "grace@mail.example"


def test_an_address_that_need_not_be_confirmed_lets_the_user_in(mail_stack: Stack, login: Function) -> None:
    """Without ConfirmAddress the mail is sent all the same."""
    register = mail_stack.function("register")
    assert register(with_json("register", {"username": "grace@mail.example", "password": NEW_PASSWORD})).status == 201
    assert len(deliveries(mail_stack)) == 1
    assert login(login_event("grace@mail.example", NEW_PASSWORD)).status == 200


def test_without_mail_a_registration_ignores_address_and_language(stack: Stack) -> None:
    """A feature that is off changes no byte: the same item and the same requests as without these parameters."""
    stack.secrets.keep(NEW_PASSWORD, kind="password")
    register = stack.with_parameters(SelfRegistration="true").function("register")
    bodies = [
        {"username": "grace", "password": NEW_PASSWORD},
        {"username": "grace@mail.example", "password": NEW_PASSWORD, "email": 5, "language": ["x"]},
    ]
    made = []
    for body in bodies:
        stack.wire.forget()
        stack.forget_attempts()
        assert register(with_json("register", body)).status == 201
        made.append([f"{call.service} {call.operation}" for call in stack.wire.calls])

    assert made == [["throttle UpdateItem of attempts", "dynamodb TransactWriteItems"]] * 2
    [plain, ignored] = [item for item in stack.identity_items() if item["pk"]["S"].startswith("login#grace")]
    assert plain.keys() == ignored.keys()
    assert stack.challenge_items() == []


@pytest.mark.parametrize("fault", KINDS)
def test_an_outage_of_the_mail_leaves_an_account(mail_stack: Stack, fault: str) -> None:
    """SB9: the account is made first. The answer is 503, and the user asks for the mail that sets a password."""
    declared = mail_stack.with_parameters(ConfirmAddress="true")
    register, reset = declared.function("register"), declared.function("reset")
    mail_stack.wire.always("UpdateItem", KINDS[fault])
    event = with_json("register", {"username": "grace@mail.example", "password": NEW_PASSWORD})
    assert register(event) == UNAVAILABLE
    mail_stack.wire.mend()
    mail_stack.clock.advance(seconds=1)

    assert reset(with_json("password-reset", {"username": "grace@mail.example"})) == ACCEPTED

    assert mailed(mail_stack, Kind.RESET).email == "grace@mail.example"
    body = {**shown(mail_stack, Kind.RESET), "new_password": "yet another fine passphrase"}
    assert reset(with_json("password-reset-confirm", body)) == NO_CONTENT
    assert mail_stack.function("login")(login_event("grace@mail.example", NEW_PASSWORD)) == INVALID_CREDENTIALS
    assert mail_stack.function("login")(login_event("grace@mail.example", "yet another fine passphrase")).status == 200


# --- The link of an operator ---


def test_an_operator_gets_a_link_for_a_user_without_an_address(mail_stack: Stack, login: Function) -> None:
    """SM2: the link is below PagesUrl, and no mail is sent. The earlier mail's proof ends."""
    mail_stack.identities.delete(user(mail_stack))
    mail_stack.identities.create(ada())
    module = mail_stack.module("reset_link")

    made = module.handler({"action": "reset_link", "user_id": ADA_ID}, LambdaContext())

    mail_stack.secrets.keep(made["link"], made["code"])
    page, _, proof = made["link"].partition("#")
    assert page == "https://app.example.com/account/reset-password"
    assert made["expires_at"] == mail_stack.clock.now_seconds + 1800
    assert deliveries(mail_stack) == []
    reset = mail_stack.function("reset")
    assert reset(with_json("password-reset-confirm", {"proof": proof, "new_password": NEW_PASSWORD})) == NO_CONTENT
    assert login(login_event("ada", NEW_PASSWORD)).status == 200


def test_an_operators_code_works_too(mail_stack: Stack) -> None:
    """It can be read out on the telephone."""
    made = mail_stack.module("reset_link").handler({"action": "reset_link", "user_id": ADA_ID}, LambdaContext())
    mail_stack.secrets.keep(made["link"], made["code"])

    body = {"username": "ada", "code": made["code"], "new_password": NEW_PASSWORD}
    assert mail_stack.function("reset")(with_json("password-reset-confirm", body)) == NO_CONTENT


def test_no_link_is_made_for_a_user_who_is_not_active(mail_stack: Stack) -> None:
    """F18: an operator enables the user first."""
    mail_stack.identities.change_status(user(mail_stack), "disabled")
    module = mail_stack.module("reset_link")

    made = module.handler({"action": "reset_link", "user_id": ADA_ID}, LambdaContext())

    assert made == {"refused": "the user is not active; nothing was done"}
    assert mail_stack.challenge_items() == []


@pytest.mark.parametrize("event", [{}, {"action": "reset_link"}, {"action": "reset_link", "user_id": 5}, [], None])
def test_another_event_makes_no_link(mail_stack: Stack, event: object) -> None:
    """No event of API Gateway has the form of an operator's."""
    module = mail_stack.module("reset_link")
    for each in (event, sample("password-reset")):
        with pytest.raises(ValueError, match="not an event"):
            module.handler(each, LambdaContext())
