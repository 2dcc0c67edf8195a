import re
from collections.abc import Callable
from typing import Any

import pytest

from edge_auth.throttling.limits import REGISTRATION_RATE
from tests.support.answers import (
    ERROR_HEADERS,
    INVALID_REQUEST,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    error,
    method_not_allowed,
    too_many_attempts,
)
from tests.support.outages import APPLIED, KINDS, KINDS_OF_UPDATES, RETRIED, after, attempts, before, events_named
from tests.support.people import ADA_ID
from tests.support.sample_events import Event, login_event, sample, with_body, with_json
from tests.support.stack import Answer, Function, Stack
from tests.support.wire import Fault, lost_response, passes

Moment = Callable[[Callable[[], object]], Fault]

PASSWORD = "a passphrase of grace's own"
BOOK = "UpdateItem of attempts"
TAKEN = error(409, "username_taken", "The user name is taken.")
REFUSED = error(400, "username_refused", "The user name is not allowed.")


@pytest.fixture
def register(stack: Stack) -> Function:
    """Return the registration function, cold."""
    stack.secrets.keep(PASSWORD, kind="password")
    return stack.function("register")


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> list[bytes]:
    """Return the list of passwords that were hashed. A cheap function replaces the real hash."""
    assert stack.identities.find("ada").password_hash
    hashed: list[bytes] = []

    def hash_password(password: bytes, **_: object) -> str:
        hashed.append(password)
        return f"$argon2id${len(hashed)}"

    monkeypatch.setattr("edge_auth.flows.accounts.register.hash_password", hash_password)
    return hashed


def event(username: Any = "grace", password: Any = PASSWORD, **more: Any) -> Event:  # noqa: ANN401 - any value is sent
    """Return a registration."""
    return with_json("register", {"username": username, "password": password, **more})


def users(stack: Stack) -> set[str]:
    """Return the names of all users."""
    return {item["pk"]["S"].removeprefix("login#") for item in stack.identity_items() if "epoch" in item}


def test_an_account_is_made(stack: Stack, register: Function, login: Function) -> None:
    """The answer is 201 with the id and the normalized name, and without tokens; the user can then log in."""
    answer = register(event("Grace@Example.com"))

    identity = stack.identities.find("grace@example.com")
    assert (answer.status, answer.headers) == (201, ERROR_HEADERS)
    assert answer.json == {"user_id": identity.user_id, "username": "grace@example.com"}
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", identity.user_id)
    tokens = login(login_event("grace@example.com", PASSWORD))
    assert tokens.status == 200
    assert "scope" not in tokens.json


def test_a_registration_cannot_choose_its_rights_or_its_id(stack: Stack, register: Function) -> None:
    """Other members of the body are ignored."""
    answer = register(event(scope="admin", roles=["admin"], user_id=ADA_ID, status="active", epoch=7))

    identity = stack.identities.find("grace")
    assert answer.status == 201
    assert (identity.scope, identity.roles, identity.epoch) == ("", (), 0)
    assert identity.user_id != ADA_ID


def test_a_registration_is_recorded_without_name_and_address(stack: Stack, register: Function) -> None:
    """L4: the log has the user id, and neither the name nor the address."""
    answer = register(event("grace"))
    assert register(event("grace")) == TAKEN

    [told] = events_named(stack, "user_registered")
    assert told["user_id"] == answer.json["user_id"]
    printed = stack.output.read()
    assert "203.0.113.7" not in printed
    assert "grace" not in printed.replace(PASSWORD, "")


def test_a_name_that_is_taken_is_refused(stack: Stack, register: Function) -> None:
    """A name that is taken is answered with 409, in another spelling too, and nothing is written."""
    kept = stack.identity_items()

    assert register(event("ADA")) == TAKEN

    assert stack.identity_items() == kept


def test_a_name_that_breaks_a_rule_is_refused(stack: Stack, register: Function, hashed: list[bytes]) -> None:
    """The answer is 400 with the code of the reason, before an attempt is counted or a password hashed."""
    assert register(event("a b")) == REFUSED
    assert stack.wire.calls == []
    assert hashed == []


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("fourteen chars", "password_too_short"),
        ("x" * 129, "password_too_long"),
        ("123456789QWERTY", "password_common"),
        ("https://api.example.com", "password_guessable"),
    ],
)
def test_a_password_that_breaks_a_rule_is_refused(
    stack: Stack, register: Function, password: str, code: str, hashed: list[bytes]
) -> None:
    """P1, P4: the answer is 400 with the code of the reason, before an attempt is counted or a password hashed."""
    answer = register(event(password=password))

    assert (answer.status, answer.json["error"]) == (400, code)
    assert stack.wire.calls == []
    assert hashed == []


def test_the_least_length_is_the_parameters(stack: Stack) -> None:
    """P1: PasswordMinCharacters sets the least length."""
    stack.secrets.keep("twelve chars", kind="password")
    for least, status in (("12", 201), ("13", 400)):
        register = stack.with_parameters(PasswordMinCharacters=least).function("register")
        assert register(event(f"grace{least}", "twelve chars")).status == status


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "grace"},
        {"password": PASSWORD},
        {"username": "", "password": PASSWORD},
        {"username": "grace", "password": ""},
        {"username": 1, "password": PASSWORD},
        {"username": "grace", "password": [PASSWORD]},
        {"username": "grace", "password": "\ud800" * 20},
        {"username": "\ud800", "password": PASSWORD},
    ],
)
def test_malformed_input_is_refused(stack: Stack, register: Function, body: object, hashed: list[bytes]) -> None:
    """P10, L2: the answer is 400 before an attempt is counted or a password hashed."""
    assert register(with_json("register", body)) == INVALID_REQUEST
    assert stack.wire.calls == []
    assert hashed == []


def test_only_post_and_only_json(register: Function) -> None:
    """A10, L2: other methods and content types are refused, as on every route."""
    assert register({**sample("register"), "httpMethod": "GET"}) == method_not_allowed("POST")
    assert register(with_body("register", "username=x", media_type="text/plain")) == UNSUPPORTED_MEDIA_TYPE


def test_a_source_makes_so_many_accounts_and_no_more(stack: Stack, register: Function, hashed: list[bytes]) -> None:
    """P13: the answer is 429 with Retry-After; nothing is hashed and the table of users is not called."""
    for number in range(REGISTRATION_RATE.burst):
        assert register(event(f"user{number}")).status == 201
    stack.wire.forget()
    wait = REGISTRATION_RATE.seconds // REGISTRATION_RATE.attempts

    assert register(event("one-more")) == too_many_attempts(wait)

    assert len(hashed) == REGISTRATION_RATE.burst
    assert {call.operation for call in stack.wire.calls} == {BOOK}
    stack.clock.advance(seconds=wait)
    assert register(event("one-more")).status == 201


def test_names_that_are_taken_use_up_the_rate_of_a_source(
    stack: Stack, register: Function, hashed: list[bytes]
) -> None:
    """P13: so a caller learns of few names whether they exist, and after that of none."""
    assert [register(event("ada")) for _ in range(REGISTRATION_RATE.burst)] == [TAKEN] * REGISTRATION_RATE.burst
    stack.wire.forget()
    wait = REGISTRATION_RATE.seconds // REGISTRATION_RATE.attempts

    assert [register(event(name)) for name in ("ada", "one-more")] == [too_many_attempts(wait)] * 2

    assert len(hashed) == REGISTRATION_RATE.burst
    assert {call.operation for call in stack.wire.calls} == {BOOK}
    stack.clock.advance(seconds=wait)
    assert [register(event("ada")).status for _ in range(2)] == [409, 429]


def test_headers_do_not_change_the_source_of_a_registration(
    stack: Stack, register: Function, hashed: list[bytes]
) -> None:
    """P14: another X-Forwarded-For does not make another source."""
    for number in range(REGISTRATION_RATE.burst + 1):
        forged = event(f"user{number}")
        forged["headers"]["X-Forwarded-For"] = f"198.51.100.{number}"
        forged["multiValueHeaders"]["X-Forwarded-For"] = [f"198.51.100.{number}"]
        assert register(forged).status == (201 if number < REGISTRATION_RATE.burst else 429)
    assert len(hashed) == REGISTRATION_RATE.burst
    assert len(stack.attempt_items()) == 1


@pytest.mark.parametrize("name", KINDS_OF_UPDATES)
def test_what_cannot_be_counted_is_not_tried(stack: Stack, register: Function, name: str, hashed: list[bytes]) -> None:
    """P16: while the throttle table fails, the answer is 503, without a hash and without an account."""
    stack.wire.always(BOOK, KINDS_OF_UPDATES[name])

    assert register(event()) == UNAVAILABLE
    assert stack.wire.counts == {f"throttle.{BOOK}": attempts(name)}
    assert hashed == []

    stack.wire.mend()
    assert register(event()).status == 201


@pytest.mark.parametrize("name", KINDS)
def test_an_account_cannot_be_written(stack: Stack, register: Function, name: str, hashed: list[bytes]) -> None:
    """F19: the answer is 503, and an account exists only if the write was made; the SDK repeats passing faults."""
    stack.wire.always("TransactWriteItems", KINDS[name])

    assert register(event()) == UNAVAILABLE
    assert users(stack) == ({"ada", "grace"} if name == APPLIED else {"ada"})
    assert events_named(stack, "user_registered") == []

    stack.wire.mend()
    if name != APPLIED:
        stack.wire.next("TransactWriteItems", KINDS[name])
        assert register(event()).status == (201 if name in RETRIED else 503)
    assert register(event("another")).status == 201
    assert len(hashed) >= 2


def test_an_answer_that_is_lost_once_makes_one_account(stack: Stack, register: Function) -> None:
    """F1: the SDK repeats the transaction with the same ClientRequestToken, which DynamoDB then confirms."""
    stack.wire.next("TransactWriteItems", lost_response)

    answer = register(event())

    first, second = (call.parameters for call in stack.wire.calls if call.operation == "TransactWriteItems")
    assert first == second
    assert first["ClientRequestToken"]
    assert answer.json["user_id"] == stack.identities.find("grace").user_id


@pytest.mark.parametrize("moment", [before, after])
def test_two_registrations_of_one_name(stack: Stack, register: Function, login: Function, moment: Moment) -> None:
    """Exactly one account is made, for the request whose write comes first."""
    inner = list[Answer]()
    stack.secrets.keep("another passphrase of hers", kind="password")
    second = event(password="another passphrase of hers")
    stack.wire.next("TransactWriteItems", moment(lambda: inner.append(register(second))), passes)

    outer = register(event())

    assert [answer.status for answer in (outer, *inner)] == ([409, 201] if moment is before else [201, 409])
    assert users(stack) == {"ada", "grace"}
    winner = "another passphrase of hers" if moment is before else PASSWORD
    assert login(login_event("grace", winner)).status == 200
    assert len(events_named(stack, "user_registered")) == 1


def test_the_sample_makes_an_account(stack: Stack, register: Function) -> None:
    """The sample event in the repository makes an account."""
    stack.secrets.keep("correct horse battery staple", kind="password")
    assert register(sample("register")).json["username"] == "grace"
