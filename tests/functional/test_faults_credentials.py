"""Every act on a credential, with a fault at each of its requests: F1, F2, F19, F20, and the end of the process.

Each act runs once for each of its requests from the first write on, and each fault. The faults of what is read before
are in the tests of each function. After a 503 the client sends the same request again, to a new process.
"""

import json
from base64 import b32decode
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pytest
from botocore.awsrequest import AWSResponse

from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.tokens.proof_token import Kind
from tests.support.answers import UNAVAILABLE
from tests.support.mailbox import mailed
from tests.support.outages import CONFLICT_OF_TRANSACTIONS, Killed, after, kill
from tests.support.passkey_visitor import (
    challenged,
    for_passkeys,
    one_event,
    phone,
    register,
    register_event,
    registration_event,
    sign_in,
    sign_in_event,
)
from tests.support.people import PASSWORD, ada, bob, key_ring
from tests.support.sample_events import Event, called_by, sample, with_json
from tests.support.second_factor import CODES, shown_by_app, with_app
from tests.support.software_passkeys import Ceremony
from tests.support.stack import SEALING_KEY, Answer, Stack
from tests.support.wire import Fault, Forward, lost_request, lost_response, passes, raw_answer, refusal

OPERATIONS = (
    *("GetItem", "UpdateItem", "TransactWriteItems", "Query", "PutItem", "DeleteItem"),
    *("UpdateItem of attempts", "PutItem of attempts", "UpdateItem of ends", "GetSecretValue"),
)
SEALING_KEYS = sealing_keys_from(SEALING_KEY)
NEW_PASSWORD = "another fine passphrase"
RESET_REQUESTS, UNDO_REQUESTS = 17, 15


class Plan(NamedTuple):
    """An act that is prepared: its function, its request, and the ids of its own session and the user's others."""

    function: str
    event: Event
    own: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class Act:
    """An act on a credential. `requests` are the numbers of its requests from the first write on.

    `refusals` are the statuses of the same request once it was done, where that is no success. `ends_others` says
    whether the user's other sessions end, and `opens` whether a session opens.
    """

    prepare: Callable[[Stack], Plan]
    requests: range
    success: int = 200
    refusals: tuple[int, ...] = ()
    ends_others: bool = False
    opens: bool = False


def session_of(stack: Stack, name: str = "ada", **shown: str) -> str:
    """Log in, and return the id of the session."""
    answer = stack.function("login")(with_json("login", {"username": name, "password": PASSWORD, **shown}))
    session_id: str = answer.json["session_id"]
    return session_id


def with_sessions(stack: Stack) -> tuple[str, str]:
    """Log ada in twice with her app, and return both ids."""
    return session_of(stack, recovery_code=CODES[8]), session_of(stack, recovery_code=CODES[9])


def by(name: str, session_id: str, body: dict[str, Any] | None = None, user_id: str = ada().user_id) -> Event:
    """Return the request of a session."""
    return called_by(sample(name) if body is None else with_json(name, body), user_id, session_id)


def step_up(stack: Stack) -> Plan:
    """A step-up by a recovery code."""
    login = with_json("login", {"username": "ada", "password": PASSWORD, "recovery_code": CODES[8]})
    tokens, other = stack.function("login")(login).json, session_of(stack, recovery_code=CODES[9])
    body = {"refresh_token": tokens["refresh_token"], "recovery_code": CODES[0]}
    return Plan("step_up", by("step-up", tokens["session_id"], body), tokens["session_id"], (other,))


def confirmation(stack: Stack, session_id: str, user_id: str) -> Event:
    """Begin an enrolment, and return the request that ends it."""
    begun = stack.function("factors")(by("factors-totp", session_id, user_id=user_id)).json
    otp = shown_by_app(stack.clock.now_seconds, secret=b32decode(begun["secret"]))
    return by("factors-totp-confirm", session_id, {"enrolment": begun["enrolment"], "otp": otp}, user_id)


def enrol(stack: Stack) -> Plan:
    """The first app of bob."""
    own, other = session_of(stack, "bob"), session_of(stack, "bob")
    return Plan("factors", confirmation(stack, own, bob().user_id), own, (other,))


def enrol_before_login(stack: Stack) -> Plan:
    """The first app of bob, who must have one and has no session."""
    demanding = stack.with_parameters(SecondFactor="everybody")
    asked_for = demanding.function("login")(with_json("login", {"username": "bob", "password": PASSWORD})).json
    shown = {"enrolment_token": asked_for["enrolment_token"]}
    begun = stack.function("factors")(with_json("factors-enrolment", shown)).json
    otp = shown_by_app(stack.clock.now_seconds, secret=b32decode(begun["secret"]))
    event = with_json("factors-enrolment", {**shown, "enrolment": begun["enrolment"], "otp": otp})
    return Plan("factors", event, "", ())


def replace_app(stack: Stack) -> Plan:
    """Another app of ada."""
    own, other = with_sessions(stack)
    return Plan("factors", confirmation(stack, own, ada().user_id), own, (other,))


def codes(stack: Stack) -> Plan:
    """New recovery codes."""
    own, other = with_sessions(stack)
    return Plan("factors", by("factors-recovery-codes", own), own, (other,))


def remove_app(stack: Stack) -> Plan:
    """The end of ada's app."""
    own, other = with_sessions(stack)
    return Plan("factors", by("factors-totp-remove", own), own, (other,))


def reset(stack: Stack) -> Plan:
    """A new password, with the proof of a mail and a recovery code."""
    own, other = with_sessions(stack)
    assert stack.function("reset")(with_json("password-reset", {"username": "ada"})).status == 202
    body = {**mailed(stack, Kind.RESET).link, "new_password": NEW_PASSWORD, "recovery_code": CODES[0]}
    return Plan("reset", with_json("password-reset-confirm", body), "", (own, other))


def undo(stack: Stack) -> Plan:
    """The undoing of a changed address, with the password of the change. It removes the passkey added since."""
    own, other = with_sessions(stack)
    change = {"email": "thief@mail.example", "current_password": PASSWORD}
    assert stack.function("email")(by("email-change", own, change)).status == 202
    confirmed = with_json("email-confirm", mailed(stack, Kind.CONFIRM).link)
    assert stack.function("email_proofs")(confirmed).status == 204
    assert register(stack.function("passkeys"), own, phone()).status == 201
    body = {**mailed(stack, Kind.UNDO).link, "password": PASSWORD}
    return Plan("email_proofs", with_json("email-undo", body), "", (own, other))


def by_passkey(stack: Stack) -> str:
    """Register ada's phone, and return the id of a session that it has opened."""
    assert register(stack.function("passkeys"), session_of(stack, recovery_code=CODES[7]), phone()).status == 201
    session_id: str = sign_in(stack.function("passkey_sign_in"), phone()).json["session_id"]
    return session_id


def add_passkey(stack: Stack) -> Plan:
    """A second passkey."""
    own, passkeys = by_passkey(stack), stack.function("passkeys")
    challenge = passkeys(registration_event(own)).json["challenge"]
    return Plan("passkeys", register_event(phone(1).edited(challenge=challenge), own), own, with_sessions(stack))


def rename_passkey(stack: Stack) -> Plan:
    """Another name of the passkey."""
    own = by_passkey(stack)
    return Plan("passkeys", one_event("passkeys-rename", phone(), own, body={"name": "x"}), own, with_sessions(stack))


def remove_passkey(stack: Stack) -> Plan:
    """The end of the passkey."""
    own = by_passkey(stack)
    return Plan("passkeys", one_event("passkeys-remove", phone(), own), own, with_sessions(stack))


def sign_in_by_passkey(stack: Stack) -> Plan:
    """A sign-in."""
    own = by_passkey(stack)
    event = sign_in_event(phone(challenge=challenged(stack.function("passkey_sign_in")), sign_count=1))
    return Plan("passkey_sign_in", event, own, with_sessions(stack))


def signed(ceremony: Ceremony) -> dict[str, Any]:
    """Return what a browser sends of a passkey."""
    credential: dict[str, Any] = json.loads(sign_in_event(ceremony)["body"])["credential"]
    return credential


def step_up_by_passkey(stack: Stack) -> Plan:
    """A step-up of the session that the passkey has opened."""
    assert register(stack.function("passkeys"), session_of(stack, recovery_code=CODES[7]), phone()).status == 201
    passkey_sign_in = stack.function("passkey_sign_in")
    tokens = sign_in(passkey_sign_in, phone()).json
    shown = signed(phone(challenge=challenged(passkey_sign_in), sign_count=1))
    event = with_json("step-up", {"refresh_token": tokens["refresh_token"], "credential": shown})
    return Plan(
        "step_up", called_by(event, ada().user_id, tokens["session_id"]), tokens["session_id"], with_sessions(stack)
    )


def passkey_after_password(stack: Stack) -> Plan:
    """The second request of a login whose first one has shown the password."""
    own, others = by_passkey(stack), with_sessions(stack)
    asked_for = stack.function("login")(with_json("login", {"username": "ada", "password": PASSWORD})).json
    made = phone(challenge=asked_for["passkey"]["challenge"], sign_count=1)
    return Plan("passkey_sign_in", sign_in_event(made, mfa_token=asked_for["mfa_token"]), own, others)


ACTS = {
    # If the answer is lost, so are the tokens of the new session, and the user logs in again (decision 0049).
    "step-up": Act(step_up, range(9, 12), refusals=(401,), opens=True),
    "step-up by passkey": Act(step_up_by_passkey, range(6, 8), refusals=(401,), opens=True),
    # The session has one factor, and now there is an app: the user steps up with it, and asks for new codes.
    "first app": Act(enrol, range(5, 6), refusals=(401,)),
    "first app, before a login": Act(enrol_before_login, range(5, 6)),
    "another app": Act(replace_app, range(5, 11), ends_others=True),
    "recovery codes": Act(codes, range(5, 7)),
    "app removed": Act(remove_app, range(4, 10), success=204, ends_others=True),
    "reset": Act(reset, range(8, RESET_REQUESTS + 1), success=204, ends_others=True),
    "address undone": Act(undo, range(8, UNDO_REQUESTS + 1), success=204, ends_others=True),
    "passkey added": Act(add_passkey, range(5, 7), success=201),
    "passkey renamed": Act(rename_passkey, range(4, 5), success=204),
    # The passkey is not there any more. Its sessions end all the same.
    "passkey removed": Act(remove_passkey, range(4, 12), success=204, refusals=(404,), ends_others=True),
    # The challenge is spent, and the tokens were never seen: the user signs in again.
    "passkey after the password": Act(passkey_after_password, range(5, 9), refusals=(401,), opens=True),
    "passkey sign-in": Act(sign_in_by_passkey, range(5, 8), refusals=(401,), opens=True),
}

LASTING: dict[str, Fault] = {"throttled": refusal("ThrottlingException"), "canceled": CONFLICT_OF_TRANSACTIONS}
HIDDEN: dict[str, Fault] = {"answer lost": lost_response, "request lost": lost_request}
FAULTS = {**HIDDEN, "killed after": after(kill), **LASTING}
"""HIDDEN are those after which the SDK sends the request again (F1, F2). LASTING are F19 and F20."""


@pytest.fixture
def stack(empty_stack: Stack) -> Stack:
    """Return a stack with mail, second factors and passkeys, where ada has an address and an app, and bob has none."""
    empty_stack.make_key_ring(key_ring())
    with_address = replace(ada(), email="ada@mail.example", email_verified_at_seconds=1_789_000_000)
    empty_stack.add_user(with_app(with_address, SEALING_KEYS), PASSWORD)
    empty_stack.add_user(bob(), PASSWORD)
    empty_stack.secrets.keep(*CODES, NEW_PASSWORD)
    return for_passkeys(empty_stack.with_mail().with_parameters(SecondFactor="optional"))


def plant(stack: Stack, fault: Fault, *, at: int, lasts: bool) -> "list[str]":
    """Let the requests from this one on fail, or only this one. Return the names of the requests, as they are made.

    A transaction that comes again with its ClientRequestToken is confirmed, as DynamoDB does and moto does not.
    """
    made: list[str] = []
    confirmed: set[str] = set()

    def serve(forward: Forward) -> AWSResponse:
        call = stack.wire.calls[-1]
        token = call.parameters.get("ClientRequestToken", "")
        made.append(call.operation)

        def once() -> AWSResponse:
            if token in confirmed:
                return raw_answer(b"{}", 200)(forward)
            answer = forward()
            if token and answer.status_code == 200:
                confirmed.add(token)
            return answer

        is_due = len(made) >= at if lasts else len(made) == at
        return fault(once) if is_due else once()

    for operation in OPERATIONS:
        stack.wire.always(operation, serve)
    return made


def living(stack: Stack) -> set[str]:
    """Return the ids of the living sessions."""
    return {item["session_id"]["S"] for item in stack.session_items() if "absolute_expires_at" in item}


def asked(stack: Stack, plan: Plan) -> Answer:
    """Send the request to a new process."""
    return stack.function(plan.function)(plan.event)


def changes(stack: Stack, act: Act, plan: Plan, before: set[str]) -> list[str]:
    """Return which sessions are not as the act has to leave them."""
    alive, others = living(stack), set(plan.others)
    opened = len(alive - before)
    wrong = []
    if alive & others != (set() if act.ends_others else others):
        wrong.append("the other sessions")
    if opened != (1 if act.opens else 0):
        wrong.append(f"{opened} new sessions")
    if plan.own and (plan.own in alive) is (plan.function == "step_up"):
        wrong.append("the own session")
    return wrong


CASES = [(name, fault, at) for name, act in ACTS.items() for fault in FAULTS for at in act.requests]


@pytest.mark.parametrize(("name", "fault", "at"), CASES)
def test_a_fault_at_any_request_from_the_first_write_on(stack: Stack, name: str, fault: str, at: int) -> None:
    """The answer is a success or 503. The same request, sent again, finds what was done, and does the rest."""
    act = ACTS[name]
    plan = act.prepare(stack)
    stack.forget_attempts()
    alive = living(stack)
    made = plant(stack, FAULTS[fault], at=at, lasts=fault in LASTING)
    try:
        answer = asked(stack, plan)
    except Killed:
        answer = UNAVAILABLE
    assert len(made) >= at, "the act makes fewer requests"
    assert answer == UNAVAILABLE or answer.status == act.success
    assert answer.status == act.success or fault not in HIDDEN
    stack.wire.mend()
    stack.forget_attempts()

    if answer == UNAVAILABLE:
        is_done = not changes(stack, act, plan, alive)
        again = asked(stack, plan)
        # A refusal says that there is nothing left to do, or that what was to be removed is gone.
        assert again.status == act.success or (again.status in act.refusals and (is_done or again.status == 404))

    assert changes(stack, act, plan, alive) == []


@pytest.mark.parametrize("name", ACTS)
def test_no_act_makes_more_requests_than_are_tried(stack: Stack, name: str) -> None:
    """The numbers of the requests go from the first write to the last request."""
    plan = ACTS[name].prepare(stack)
    stack.forget_attempts()
    made = plant(stack, passes, at=1, lasts=True)
    assert asked(stack, plan).status == ACTS[name].success
    assert len(made) == ACTS[name].requests[-1]
    writes = [number for number, operation in enumerate(made, 1) if operation in ("UpdateItem", "TransactWriteItems")]
    assert writes[0] == ACTS[name].requests[0]
