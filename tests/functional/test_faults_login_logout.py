from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from edge_auth.credentials.profiles import PROFILE
from tests.support.answers import INVALID_CREDENTIALS, INVALID_GRANT, NO_CONTENT, UNAVAILABLE
from tests.support.one_login import one_login
from tests.support.outages import (
    APPLIED,
    FAULTS,
    FAULTS_OF_TRANSACTIONS,
    FAULTS_OF_UPDATES,
    REPEATED,
    RETRIED,
    attempts,
    ends,
    events_named,
)
from tests.support.people import BOB_ID, PASSWORD, WRONG_PASSWORD, ada
from tests.support.sample_events import login_event, logout_event, refresh_event
from tests.support.stack import Answer, Function, Stack
from tests.support.wire import lost_response, passes, refusal

Tokens = dict[str, str]

# Ada has two sessions and ends both: each call, and the number of earlier calls of the same operation.
STEPS = {
    "reading the session": ("GetItem", 0),
    "reading the name": ("GetItem", 1),
    "moving the epoch": ("UpdateItem", 0),
    "finding the sessions": ("Query", 0),
    "ending another session": ("TransactWriteItems", 0),
    "ending the own session": ("TransactWriteItems", 1),
}

HALFWAY = (
    "internal error",
    "no address",
    "read timeout, not applied",
    APPLIED,
    "access denied",
)

CANCELLATIONS: dict[str, tuple[str, str]] = {
    "the epoch moved": ("ConditionalCheckFailed", "None"),
    "the session id exists": ("None", "ConditionalCheckFailed"),
    "both": ("ConditionalCheckFailed", "ConditionalCheckFailed"),
    "conflict, and the epoch moved": ("ConditionalCheckFailed", "TransactionConflict"),
    "conflict, and throttled": ("TransactionConflict", "ThrottlingError"),
    "throttled": ("ThrottlingError", "None"),
    "throughput": ("None", "ProvisionedThroughputExceeded"),
    "collection too large": ("None", "ItemCollectionSizeLimitExceeded"),
    "validation": ("ValidationError", "None"),
    "no reason": ("None", "None"),
}

WEAK_PROFILE = "m=1024,t=1,p=1"


@pytest.fixture
def weak_hash(stack: Stack) -> str:
    """Return the password hash of a user bob: ada's password under a weaker profile than the current one."""
    argon2id = Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=1024)
    weak = argon2id.derive_phc_encoded(PASSWORD.encode())
    stack.add_user(replace(ada(), user_id=BOB_ID, username="bob", password_hash=weak), PASSWORD)
    return weak


def log_in(login: Function) -> Answer:
    """Log ada in."""
    return login(login_event("ada", PASSWORD))


@pytest.mark.parametrize("name", FAULTS)
def test_a_user_cannot_be_read(stack: Stack, login: Function, name: str) -> None:
    """F19, DC-3: the answer is 503, not a wrong password; nothing is written or recorded, and later the login works."""
    stack.wire.always("GetItem", FAULTS[name])

    assert log_in(login) == UNAVAILABLE
    assert stack.wire.counts["dynamodb.GetItem"] == attempts(name)
    assert login(login_event("ada", WRONG_PASSWORD)) == UNAVAILABLE
    assert login(login_event("nobody", PASSWORD)) == UNAVAILABLE
    assert stack.session_items() == []
    assert stack.output.security_events() == []

    stack.wire.mend()
    stack.wire.next("GetItem", FAULTS[name])
    assert log_in(login).status == (200 if name in RETRIED else 503)
    assert log_in(login).status == 200


@pytest.mark.parametrize("name", FAULTS)
def test_a_session_cannot_be_written(stack: Stack, login: Function, name: str) -> None:
    """F19, F22: the answer is 503, and a session exists only if the write was made; the SDK repeats passing faults."""
    stack.wire.always("TransactWriteItems", FAULTS[name])

    assert log_in(login) == UNAVAILABLE

    assert stack.wire.counts["dynamodb.TransactWriteItems"] == attempts(name)
    written = 1 if name == APPLIED else 0
    assert len(stack.session_items()) == written
    assert stack.output.security_events() == []

    stack.wire.mend()
    if name != APPLIED:
        stack.wire.next("TransactWriteItems", FAULTS[name])
        assert log_in(login).status == (200 if name in RETRIED else 503)
        written = 1 if name in RETRIED else 0
    answer = log_in(login)
    assert answer.status == 200
    assert len(stack.session_items()) == written + 1
    stack.clock.advance(seconds=60)
    assert stack.function("refresh")(refresh_event(answer.json["refresh_token"])).status == 200


def test_the_answer_to_a_login_is_lost_once(stack: Stack, login: Function) -> None:
    """F1: the SDK repeats a login's transaction with the same ClientRequestToken, which DynamoDB then confirms."""
    stack.wire.next("TransactWriteItems", lost_response)

    answer = log_in(login)

    first, second = (call.parameters for call in stack.wire.calls if call.operation == "TransactWriteItems")
    assert first == second
    assert first["ClientRequestToken"]
    [item] = stack.session_items()
    assert item["session_id"] == {"S": answer.json["session_id"]}
    assert stack.function("refresh")(refresh_event(answer.json["refresh_token"])).status == 200


def test_a_canceled_transaction_opens_nothing(stack: Stack, login: Function) -> None:
    """F20: for any reason the answer is 503 without a session, never a wrong password, because it may be right."""
    for name, codes in CANCELLATIONS.items():
        reasons = [{"Code": code} for code in codes]
        stack.wire.next("TransactWriteItems", refusal("TransactionCanceledException", CancellationReasons=reasons))
        assert log_in(login) == UNAVAILABLE, name
        stack.forget_attempts()

    assert stack.wire.counts["dynamodb.TransactWriteItems"] == len(CANCELLATIONS)
    assert stack.session_items() == []
    assert log_in(login).status == 200


@pytest.mark.parametrize("code", ["TransactionInProgressException", "IdempotentParameterMismatchException"])
def test_a_confused_transaction_opens_nothing(stack: Stack, login: Function, code: str) -> None:
    """F20: the answer is 503 and no session opens."""
    stack.wire.always("TransactWriteItems", refusal(code))

    assert log_in(login) == UNAVAILABLE
    assert stack.session_items() == []


@pytest.mark.parametrize("name", FAULTS_OF_UPDATES)
def test_a_hash_cannot_be_renewed(stack: Stack, weak_hash: str, name: str) -> None:
    """F22: the login succeeds, the failure is recorded, and a later login renews the hash."""
    login = stack.with_parameters(PasswordProfiles=WEAK_PROFILE).function("login")
    stack.wire.always("UpdateItem", FAULTS_OF_UPDATES[name])

    answer = login(login_event("bob", PASSWORD))

    assert answer.status == 200
    assert stack.wire.counts["dynamodb.UpdateItem"] == attempts(name)
    assert (stack.identities.find("bob").password_hash == weak_hash) is (name != APPLIED)
    assert len(events_named(stack, "password_hash_not_renewed")) == 1
    assert stack.identities.find("bob").epoch == 0

    stack.wire.mend()
    assert login(login_event("bob", PASSWORD)).status == 200
    assert stack.identities.find("bob").password_hash.startswith(PROFILE.phc_prefix)
    assert len(stack.session_items()) == 2


def test_a_refused_login_writes_nothing_that_could_fail(stack: Stack, login: Function) -> None:
    """P8, DC-3: a wrong password gets the same answer while all writes fail."""
    for operation in ("UpdateItem", "TransactWriteItems"):
        stack.wire.always(operation, FAULTS["throttling"])

    assert login(login_event("ada", WRONG_PASSWORD)) == INVALID_CREDENTIALS


@pytest.mark.parametrize("name", FAULTS_OF_TRANSACTIONS)
def test_a_session_cannot_be_ended(stack: Stack, logout: Function, tokens: Tokens, name: str) -> None:
    """F19, RFC 7009 §2.2.1: no answer is 204 while the session may be alive; the same call ends it later."""
    stack.wire.next("TransactWriteItems", FAULTS_OF_TRANSACTIONS[name])
    assert logout(logout_event(tokens["refresh_token"])) == (NO_CONTENT if name in REPEATED else UNAVAILABLE)
    assert len(ends(stack)) == len(events_named(stack, "session_ended")) == (1 if name in REPEATED else 0)

    other = one_login(stack)
    stack.wire.always("TransactWriteItems", FAULTS_OF_TRANSACTIONS[name])
    assert logout(logout_event(other["refresh_token"])) == UNAVAILABLE
    assert (other["session_id"] in ends(stack)) is (name == APPLIED)

    stack.wire.mend()
    assert logout(logout_event(other["refresh_token"])) == NO_CONTENT
    assert ends(stack)[other["session_id"]] == "logout"
    assert stack.function("refresh")(refresh_event(other["refresh_token"])) == INVALID_GRANT


@pytest.mark.parametrize("step", STEPS)
def test_ending_all_sessions_fails_halfway(stack: Stack, login: Function, logout: Function, step: str) -> None:
    """F19, A8: any fault at any step is answered with 503; the repeated call ends every session."""
    operation, earlier = STEPS[step]
    for name in HALFWAY:
        own, other = log_in(login).json, log_in(login).json
        event = logout_event(own["refresh_token"], everywhere=True)
        stack.wire.next(operation, *[passes] * earlier)
        stack.wire.always(operation, FAULTS[name])

        assert logout(event) == UNAVAILABLE, name
        is_own_ended = step == "ending the own session" and name == APPLIED
        assert (own["session_id"] in ends(stack)) is is_own_ended, name

        stack.wire.mend()
        assert logout(event) == NO_CONTENT, name
        assert {own["session_id"], other["session_id"]} <= ends(stack).keys(), name
        assert set(ends(stack).values()) == {"logout_all"}, name


@pytest.mark.parametrize("name", FAULTS)
def test_every_step_of_ending_all_sessions_fails_once(stack: Stack, logout: Function, name: str) -> None:
    """F19: faults that the SDK repeats are not visible; after others, each repeated call gets one step further."""
    own, other = one_login(stack), one_login(stack)
    event = logout_event(own["refresh_token"], everywhere=True)
    for operation, count in (("GetItem", 2), ("UpdateItem", 1), ("Query", 1), ("TransactWriteItems", 2)):
        if name in RETRIED:
            stack.wire.next(operation, *[FAULTS[name], passes] * count)
        else:
            stack.wire.next(operation, FAULTS[name])

    answers = [logout(event)]
    while answers[-1] == UNAVAILABLE and len(answers) < 10:
        answers.append(logout(event))

    assert answers == [UNAVAILABLE] * (0 if name in RETRIED else 4) + [NO_CONTENT]
    assert ends(stack) == {own["session_id"]: "logout_all", other["session_id"]: "logout_all"}
    assert stack.identities.find("ada").epoch >= 1
    assert len(events_named(stack, "all_sessions_ended")) == 1
