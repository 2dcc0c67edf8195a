"""What users are told by mail of their factors and passkeys: which acts tell them, and what that costs."""

from base64 import b32decode
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_auth.accounts.factors import MAX_FAILURES
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.mail.render import render
from edge_auth.tokens.proof_token import Kind
from tests.support.mail_records import LETTERHEAD, as_passed_on, of_item
from tests.support.mailbox import mailed
from tests.support.passkey_visitor import (
    for_passkeys,
    one_event,
    phone,
    register,
    sign_in,
)
from tests.support.people import ADA_ID, PASSWORD, ada, key_ring
from tests.support.sample_events import Event, called_by, sample, with_json
from tests.support.second_factor import CODES, a_wrong_code, shown_by_app, with_app
from tests.support.stack import SEALING_KEY, TABLES, Answer, Stack
from tests.support.wire import lost_response, no_connection, passes

NEW_PASSWORD = "another fine passphrase"
SEALING_KEYS = sealing_keys_from(SEALING_KEY)
Act = Callable[[Stack], tuple[str, Event]]
"""Prepares an act on a stack, and returns the function and the event of it."""


def stack_of(empty_stack: Stack, *, failures: int = 0) -> Stack:
    """Return a stack with mail, factors and passkeys, where ada has a confirmed address and an app."""
    person = replace(ada(), email="ada@example.com", email_verified_at_seconds=1)
    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(with_app(person, SEALING_KEYS, failures=failures), PASSWORD)
    empty_stack.secrets.keep(*CODES, kind="recovery code")
    empty_stack.secrets.keep(NEW_PASSWORD, kind="password")
    return for_passkeys(empty_stack.with_mail(SecondFactor="optional"))


def logged_in(stack: Stack, steps: int = 0) -> Answer:
    """Log ada in, with her app."""
    shown = shown_by_app(stack.clock.now_seconds, steps=steps)
    answer = stack.function("login")(with_json("login", {"username": "ada", "password": PASSWORD, "otp": shown}))
    assert answer.status == 200
    return answer


def by(tokens: Answer, event: Event) -> Event:
    """Return the event as the authorizer passes it on."""
    return called_by(event, ADA_ID, tokens.json["session_id"])


def replacing_the_app(stack: Stack) -> tuple[str, Event]:
    """Another app takes the place of the first."""
    tokens = logged_in(stack)
    pending = stack.function("factors")(by(tokens, sample("factors-totp"))).json
    stack.secrets.keep(pending["secret"], pending["enrolment"], kind="secret of an app")
    otp = shown_by_app(stack.clock.now_seconds, secret=b32decode(pending["secret"]))
    return "factors", by(tokens, with_json("factors-totp-confirm", {"enrolment": pending["enrolment"], "otp": otp}))


def removing_the_app(stack: Stack) -> tuple[str, Event]:
    """The app and the codes go."""
    return "factors", by(logged_in(stack), sample("factors-totp-remove"))


def replacing_the_codes(stack: Stack) -> tuple[str, Event]:
    """There are new recovery codes."""
    return "factors", by(logged_in(stack), sample("factors-recovery-codes"))


def logging_in_with_a_code(_stack: Stack) -> tuple[str, Event]:
    """A recovery code in the place of the app."""
    return "login", with_json("login", {"username": "ada", "password": PASSWORD, "recovery_code": CODES[0]})


def stepping_up_with_a_code(stack: Stack) -> tuple[str, Event]:
    """The same in a session."""
    tokens = logged_in(stack)
    shown = {"refresh_token": tokens.json["refresh_token"], "recovery_code": CODES[0]}
    return "step_up", by(tokens, with_json("step-up", shown))


def adding_a_passkey(stack: Stack) -> tuple[str, Event]:
    """The first one of ada."""
    tokens, passkeys = logged_in(stack), stack.function("passkeys")
    taken: list[Event] = []

    def kept(event: Event) -> Answer:
        if event["path"].endswith("/registration"):
            return passkeys(event)
        taken.append(event)
        return Answer(0, {}, "")

    register(kept, tokens.json["session_id"], phone())  # type: ignore[arg-type]  # a function that keeps one event
    return "passkeys", taken[0]


def removing_a_passkey(stack: Stack) -> tuple[str, Event]:
    """The same one."""
    function, event = adding_a_passkey(stack)
    assert stack.function(function)(event).status == 201
    session_id = sign_in(stack.function("passkey_sign_in"), phone()).json["session_id"]
    return "passkeys", one_event("passkeys-remove", phone(), session_id)


ACTS: dict[Act, str] = {
    replacing_the_app: "The second factor at Example Notes was changed",
    removing_the_app: "The second factor at Example Notes was changed",
    replacing_the_codes: "New recovery codes at Example Notes",
    logging_in_with_a_code: "A recovery code was used at Example Notes",
    stepping_up_with_a_code: "A recovery code was used at Example Notes",
    adding_a_passkey: "New passkey at Example Notes",
    removing_a_passkey: "A passkey was removed at Example Notes",
}


def told(stack: Stack) -> list[str]:
    """Return the subjects of the notices that wait, without those of new devices."""
    items = [item for item in stack.challenge_items() if "notice" in item and item["notice"]["S"] != "new_device"]
    return sorted(render(of_item(as_passed_on(item)), stack.keys.mac_keys, LETTERHEAD).subject for item in items)


def done(stack: Stack, act: Act, *, mail: bool = True) -> tuple[Answer, Counter[str]]:
    """Do an act. Return the answer and the requests to the tables."""
    stack = stack if mail else stack.with_parameters(MailFrom="", PagesUrl="")
    function, event = act(stack)
    cold = stack.function(function)
    stack.wire.forget()
    return cold(event), Counter(stack.wire.counts)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_an_act_tells_its_user_with_one_request(empty_stack: Stack, act: Act) -> None:
    """A login also asks for the mail of its new device."""
    stack = stack_of(empty_stack)
    answer, requests = done(stack, act)
    assert answer.status in (200, 201, 204)
    earlier = [ACTS[adding_a_passkey]] if act is removing_a_passkey else []
    assert told(stack) == sorted([*earlier, ACTS[act]])
    assert requests["dynamodb.PutItem"] == (2 if act is logging_in_with_a_code else 1)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_where_mail_is_off_an_act_asks_for_nothing(empty_stack: Stack, act: Act) -> None:
    """No request more than before there was mail."""
    stack = stack_of(empty_stack)
    answer, requests = done(stack, act, mail=False)
    assert answer.status in (200, 201, 204)
    assert requests["dynamodb.PutItem"] == 0
    assert stack.challenge_items() == []


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_trouble_with_the_notice_fails_no_act(empty_stack: Stack, act: Act) -> None:
    """F19: the act is done, and the log has the failure."""
    stack = stack_of(empty_stack)
    function, event = act(stack)
    before = told(stack)
    stack.wire.always("PutItem", no_connection)
    assert stack.function(function)(event).status in (200, 201, 204)
    reasons = [line["reason"] for line in stack.output.security_events() if line["event"] == "notice_not_written"]
    assert len(reasons) == (2 if act is logging_in_with_a_code else 1)
    assert told(stack) == before


def new_devices(stack: Stack) -> int:
    """Return how many notices of a new device wait, and forget them."""
    found = [item for item in stack.challenge_items() if item["pk"]["S"] == f"notice#{ADA_ID}#new_device"]
    for item in found:
        stack.dynamodb.delete_item(TableName=TABLES["ChallengesTable"], Key={"pk": item["pk"]})
    return len(found)


def test_a_sign_in_with_a_passkey_tells_of_a_new_device_as_a_login_does(empty_stack: Stack) -> None:
    """A synced passkey signs in on devices that its user has never seen. A known device costs no request more."""
    stack = stack_of(empty_stack)
    tokens, of_sign_ins = logged_in(stack), stack.function("passkey_sign_in")
    register(stack.function("passkeys"), tokens.json["session_id"], phone())
    assert new_devices(stack) == 1
    stack.forget_attempts()
    stack.wire.forget()
    by_login = sign_in(of_sign_ins, phone(), device_token=tokens.json["device_token"])
    known = Counter(stack.wire.counts)
    assert (by_login.status, new_devices(stack)) == (200, 0)

    stack.forget_attempts()
    stack.wire.forget()
    first = sign_in(of_sign_ins, phone())

    assert (first.status, new_devices(stack)) == (200, 1)
    assert Counter(stack.wire.counts) - known == Counter({"dynamodb.PutItem": 1})
    assert sign_in(of_sign_ins, phone(), device_token=first.json["device_token"]).status == 200
    assert new_devices(stack) == 0
    stack.identities.move_epoch(ADA_ID)
    assert sign_in(of_sign_ins, phone(), device_token=first.json["device_token"]).status == 200
    assert new_devices(stack) == 1


def test_a_refused_passkey_and_a_deployment_without_mail_tell_of_no_device(empty_stack: Stack) -> None:
    """Else everyone could fill a mailbox."""
    stack = stack_of(empty_stack)
    register(stack.function("passkeys"), logged_in(stack).json["session_id"], phone())
    new_devices(stack)

    assert sign_in(stack.function("passkey_sign_in"), phone(1)).status == 401
    assert new_devices(stack) == 0

    without = stack.with_parameters(MailFrom="", PagesUrl="")
    assert sign_in(without.function("passkey_sign_in"), phone()).status == 200
    assert new_devices(stack) == 0


def test_trouble_with_the_notice_fails_no_sign_in(empty_stack: Stack) -> None:
    """F19: the session is open, and the log has the failure."""
    stack = stack_of(empty_stack)
    register(stack.function("passkeys"), logged_in(stack).json["session_id"], phone())
    of_sign_ins = stack.function("passkey_sign_in")
    stack.wire.always("PutItem", no_connection)

    assert sign_in(of_sign_ins, phone()).status == 200

    [line] = [line for line in stack.output.security_events() if line["event"] == "notice_not_written"]
    assert line["reason"].startswith("new_device: ")


def asked_for_a_reset(stack: Stack, **code: str) -> Event:
    """Ask for a reset. Return the request with what the mail has brought."""
    assert stack.function("reset")(with_json("password-reset", {"username": "ada"})).status == 202
    return with_json("password-reset-confirm", {**mailed(stack, Kind.RESET).link, "new_password": NEW_PASSWORD, **code})


def test_a_reset_tells_its_user_of_the_password_and_of_the_code(empty_stack: Stack) -> None:
    """Who reads the mails may not be the user alone."""
    stack = stack_of(empty_stack)
    assert stack.function("reset")(asked_for_a_reset(stack, recovery_code=CODES[0])).status == 204
    assert told(stack) == [ACTS[logging_in_with_a_code], "Your password at Example Notes was changed"]


def test_trouble_with_the_notice_fails_no_reset(empty_stack: Stack) -> None:
    """F19: the password is set."""
    stack = stack_of(empty_stack)
    event = asked_for_a_reset(stack, recovery_code=CODES[0])
    stack.wire.always("PutItem", no_connection)
    assert stack.function("reset")(event).status == 204
    assert stack.identities.find("ada").password_hash != ada().password_hash
    assert told(stack) == []


def guessing_at_login(stack: Stack) -> tuple[str, Event]:
    """A wrong code beside the password."""
    wrong = a_wrong_code(stack.clock.now_seconds)
    return "login", with_json("login", {"username": "ada", "password": PASSWORD, "otp": wrong})


def guessing_at_a_reset(stack: Stack) -> tuple[str, Event]:
    """A wrong code beside the proof."""
    return "reset", asked_for_a_reset(stack, otp=a_wrong_code(stack.clock.now_seconds))


@pytest.mark.parametrize("act", [guessing_at_login, guessing_at_a_reset])
def test_the_hundredth_wrong_code_tells_its_user(empty_stack: Stack, act: Act) -> None:
    """SB7: on every way on which codes are counted."""
    stack = stack_of(empty_stack, failures=MAX_FAILURES - 1)
    answer, _ = done(stack, act)
    assert (answer.status, answer.json["error"]) == (401, "invalid_otp")
    assert told(stack) == ["The second factor at Example Notes is locked"]


def test_a_wrong_code_that_is_counted_twice_hides_no_lock(empty_stack: Stack) -> None:
    """F2: after a lost answer the count jumps over a hundred, and the user is told all the same."""
    stack = stack_of(empty_stack, failures=MAX_FAILURES - 1)
    function, event = guessing_at_a_reset(stack)
    reset = stack.function(function)
    stack.wire.next("UpdateItem", *[lost_response, passes] * 4)
    assert reset(event).json["error"] == "invalid_otp"
    factors = stack.identities.find("ada").factors
    assert factors is not None
    assert factors.failures == MAX_FAILURES + 1
    assert told(stack) == ["The second factor at Example Notes is locked"]
