from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from edge_auth.credentials import passwords
from edge_auth.credentials.profiles import PROFILE
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from tests.support.answers import (
    INVALID_CREDENTIALS,
    INVALID_GRANT,
    INVALID_REQUEST,
    INVALID_TOKEN,
    NO_CONTENT,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    error,
    method_not_allowed,
    too_many_attempts,
)
from tests.support.operators import operators
from tests.support.outages import APPLIED, KINDS, KINDS_OF_UPDATES, REPEATED, after, before, ends, events_named
from tests.support.people import ADA_ID, BOB_ID, PASSWORD, WRONG_PASSWORD, ada
from tests.support.sample_events import (
    Event,
    called_by,
    login_event,
    refresh_event,
    sample,
    with_body,
    with_json,
)
from tests.support.stack import Answer, Function, Stack
from tests.support.wire import Fault, lost_response, passes

Tokens = dict[str, str]
Moment = Callable[[Callable[[], object]], Fault]

COUNT = "UpdateItem of attempts"
MESSAGE = "UpdateItem of ends"
NEW_PASSWORD = "another fine passphrase"
TOO_SHORT = error(400, "password_too_short", "The new password is too short.")
TOO_LONG = error(400, "password_too_long", "The new password is too long.")
COMMON = error(400, "password_common", "The new password is too common.")
GUESSABLE = error(400, "password_guessable", "The new password is the name of the user or of the service.")

# There is one other session: each call of a change, and the number of earlier calls of the same operation.
STEPS = {
    "reading the session": ("GetItem", 0),
    "reading the name": ("GetItem", 1),
    "reading the user": ("GetItem", 2),
    "counting the attempt": (COUNT, 0),
    "replacing the password": ("UpdateItem", 0),
    "finding the sessions": ("Query", 0),
    "finding the sessions that have ended": ("Query", 1),
    "telling the authorizers": (MESSAGE, 0),
    "ending the other session": ("TransactWriteItems", 0),
}


@pytest.fixture
def password(stack: Stack) -> Function:
    """Return the password function, cold."""
    stack.secrets.keep(NEW_PASSWORD, kind="password")
    return stack.function("password")


@pytest.fixture
def other(login: Function, tokens: Tokens) -> Tokens:
    """Return the token response of another login of ada."""
    other: Tokens = login(login_event("ada", PASSWORD)).json
    assert other["session_id"] != tokens["session_id"]
    return other


@pytest.fixture
def argon2_runs(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of passwords that Argon2 was run for, to check or to hash one."""
    assert stack.identities.find("ada").password_hash
    runs: list[str] = []

    class Watched:
        """Argon2id that records its calls."""

        def __init__(self, **profile: Any) -> None:  # noqa: ANN401 - passed on as it comes
            """Keep the profile to hash with."""
            self._profile = profile

        def derive_phc_encoded(self, key_material: bytes) -> str:
            """Record the password and hash it."""
            runs.append(key_material.decode())
            return Argon2id(**self._profile).derive_phc_encoded(key_material)

        @staticmethod
        def verify_phc_encoded(key_material: bytes, phc_encoded: str) -> None:
            """Record the password and verify it."""
            runs.append(key_material.decode())
            Argon2id.verify_phc_encoded(key_material, phc_encoded)

    monkeypatch.setattr(passwords, "Argon2id", Watched)
    return runs


def event(tokens: Tokens, current: object = PASSWORD, new: object = NEW_PASSWORD, user_id: object = ADA_ID) -> Event:
    """Return a request to change the password in this session, as it comes from behind the authorizer."""
    changing = with_json("password", {"current_password": current, "new_password": new})
    return called_by(changing, user_id, tokens["session_id"])


def test_a_password_is_changed(
    stack: Stack, password: Function, login: Function, refresh: Function, tokens: Tokens, other: Tokens
) -> None:
    """A8, F17: the answer is 204; the new password works, the other session has ended and this one continues."""
    assert password(event(tokens)) == NO_CONTENT

    assert ends(stack) == {other["session_id"]: "password_changed"}
    assert refresh(refresh_event(other["refresh_token"])) == INVALID_GRANT
    assert refresh(refresh_event(tokens["refresh_token"])).status == 200
    assert login(login_event("ada", PASSWORD)) == INVALID_CREDENTIALS
    assert login(login_event("ada", NEW_PASSWORD)).status == 200
    identity = stack.identities.find("ada")
    assert (identity.epoch, identity.scope, identity.roles) == (1, "read write", ("admin", "auditor"))
    assert identity.password_hash.startswith(PROFILE.phc_prefix)


def test_a_hash_that_was_brought_along_is_checked_if_its_profile_is_declared(stack: Stack, tokens: Tokens) -> None:
    """P8: otherwise it is refused like a wrong password."""
    argon2id = Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=1024)
    stack.identities.renew_hash(stack.identities.find("ada"), argon2id.derive_phc_encoded(PASSWORD.encode()))
    assert stack.function("password")(event(tokens)) == INVALID_CREDENTIALS
    declared = stack.with_parameters(PasswordProfiles="m=1024,t=1,p=1")
    assert declared.function("password")(event(tokens)) == NO_CONTENT


def test_a_change_makes_a_fixed_number_of_calls(
    stack: Stack, password: Function, tokens: Tokens, other: Tokens, argon2_runs: list[str]
) -> None:
    """Three reads, the counts of the attempt, one write, a query, a message to authorizers, the ends, and a query."""
    assert other["session_id"]
    stack.wire.forget()

    assert password(event(tokens)) == NO_CONTENT

    operations = [call.operation for call in stack.wire.calls if call.operation != COUNT]
    reads = ["GetItem", "GetItem", "GetItem"]
    assert operations == [*reads, "UpdateItem", "Query", MESSAGE, "TransactWriteItems", "Query"]
    assert argon2_runs == [PASSWORD, NEW_PASSWORD]
    for call in stack.wire.calls:
        assert call.parameters.get(
            "ConsistentRead", call.operation in {"UpdateItem", "TransactWriteItems", COUNT, MESSAGE}
        )
        assert "ConditionExpression" in call.parameters or call.operation in {
            *("GetItem", "Query", "TransactWriteItems"),
            MESSAGE,
        }


@pytest.mark.parametrize(
    ("new", "answer"),
    [
        ("fourteen chars", TOO_SHORT),
        ("x" * 129, TOO_LONG),
        ("x" * 2000, TOO_LONG),
        ("123456789qwerty", COMMON),
        ("1QAZ2WSX3EDC4RFV", COMMON),
        ("https://API.example.com", GUESSABLE),
        ("😀" * 15, NO_CONTENT),
        ("x" * 128, NO_CONTENT),
    ],
)
def test_a_new_password_is_taken_or_refused_with_a_reason(
    stack: Stack, password: Function, tokens: Tokens, new: str, answer: Answer
) -> None:
    """P1, P2, P4: a bad password is answered with 400 and the code of its reason, and nothing is written."""
    stack.secrets.keep(new, kind="password")
    kept = stack.identity_items()

    assert password(event(tokens, new=new)) == answer
    assert (stack.identity_items() == kept) is (answer != NO_CONTENT)


@pytest.mark.parametrize(("least", "answer"), [("8", NO_CONTENT), ("12", NO_CONTENT), ("13", TOO_SHORT)])
def test_the_least_length_is_the_parameters(stack: Stack, tokens: Tokens, least: str, answer: Answer) -> None:
    """P1: PasswordMinCharacters sets the least length."""
    stack.secrets.keep("twelve chars", kind="password")
    password = stack.with_parameters(PasswordMinCharacters=least).function("password")

    assert password(event(tokens, new="twelve chars")) == answer


@pytest.mark.parametrize("least", ["0", "7", "65"])
def test_a_least_length_out_of_bounds_starts_no_function(stack: Stack, least: str) -> None:
    """P1: a value that was changed by hand in the template fails when the function starts."""
    with pytest.raises(ValueError, match="8 to 64"):
        stack.with_parameters(PasswordMinCharacters=least).function("password")


def test_the_issuer_is_no_password(stack: Stack, tokens: Tokens) -> None:
    """P4: the issuer that is set and its host are refused as passwords."""
    password = stack.with_parameters(Issuer="https://login.example.com/v1").function("password")
    for new in ("login.example.com", "HTTPS://login.example.com/V1"):
        assert password(event(tokens, new=new)) == GUESSABLE


@pytest.mark.parametrize(
    "authorizer",
    [
        *(None, {}, "ada", [], {"sub": ADA_ID}, {"sid": "x"}, {"sub": ADA_ID, "sid": ""}, {"sub": "", "sid": "x"}),
        *({"sub": ADA_ID, "sid": 1}, {"sub": [ADA_ID], "sid": "x"}),
    ],
)
def test_a_route_without_an_authorizer_answers_401(stack: Stack, password: Function, authorizer: object) -> None:
    """Z7: the answer is 401 invalid_token with its challenge, for any body and headers."""
    changing = with_json(
        "password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "sub": ADA_ID, "user_id": ADA_ID}
    )
    changing["requestContext"]["authorizer"] = authorizer

    assert password(changing) == INVALID_TOKEN
    del changing["requestContext"]["authorizer"]
    assert password(changing) == INVALID_TOKEN
    assert stack.wire.calls == []


def test_mistakes_here_and_at_the_login_are_counted_apart(
    stack: Stack, password: Function, login: Function, tokens: Tokens, argon2_runs: list[str]
) -> None:
    """P11, P12: after five the answer is 429 with Retry-After, and no password is hashed. A login goes on meanwhile."""
    changing = event(tokens, WRONG_PASSWORD)
    assert [password(changing) for _ in range(PASSWORD_BACKOFF.free_attempts)] == [
        INVALID_CREDENTIALS
    ] * PASSWORD_BACKOFF.free_attempts
    argon2_runs.clear()

    assert password(changing) == too_many_attempts(1)
    assert argon2_runs == []
    assert login(login_event("ada", PASSWORD)).status == 200
    stack.clock.advance(seconds=1)
    assert password(event(tokens)) == NO_CONTENT


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, INVALID_REQUEST),
        ({"current_password": PASSWORD}, INVALID_REQUEST),
        ({"new_password": NEW_PASSWORD}, INVALID_REQUEST),
        ({"current_password": PASSWORD, "new_password": ""}, INVALID_REQUEST),
        ({"current_password": "", "new_password": NEW_PASSWORD}, INVALID_REQUEST),
        ({"current_password": PASSWORD, "new_password": None}, INVALID_REQUEST),
        ({"current_password": [PASSWORD], "new_password": NEW_PASSWORD}, INVALID_REQUEST),
        ({"current_password": PASSWORD, "new_password": "\ud800" * 20}, INVALID_REQUEST),
        ({"current_password": "x" * 1025, "new_password": NEW_PASSWORD}, INVALID_REQUEST),
    ],
)
def test_malformed_input_is_refused_unhashed(
    stack: Stack, password: Function, tokens: Tokens, body: object, answer: Answer, argon2_runs: list[str]
) -> None:
    """P7, P10, L2: the answer is 400 before an attempt is counted and before a password is hashed or written."""
    changing = {**event(tokens), "body": with_json("password", body)["body"]}
    kept = stack.identity_items()
    stack.wire.forget()

    assert password(changing) == answer

    assert not any(call.operation in {"UpdateItem", COUNT} for call in stack.wire.calls)
    assert stack.identity_items() == kept
    assert argon2_runs == []


def test_only_post_and_only_json(password: Function) -> None:
    """A10, L2: other methods and content types are refused, as on every route."""
    assert password({**sample("password"), "httpMethod": "GET"}) == method_not_allowed("POST")
    assert password(with_body("password", "current_password=x", media_type="text/plain")) == UNSUPPORTED_MEDIA_TYPE


@pytest.mark.parametrize("step", STEPS)
def test_a_change_that_fails_is_completed_by_the_same_call(
    stack: Stack, password: Function, login: Function, refresh: Function, tokens: Tokens, step: str
) -> None:
    """F19, A8, P16: a fault of each kind at each step is answered with 503; the same call then completes the change."""
    operation, earlier = STEPS[step]
    current, new = PASSWORD, NEW_PASSWORD
    for name in KINDS:
        other = login(login_event("ada", current)).json
        epoch = stack.identities.find("ada").epoch
        stack.wire.next(operation, *[passes] * earlier)
        stack.wire.always(operation, KINDS_OF_UPDATES[name])

        assert password(event(tokens, current, new)) == UNAVAILABLE, name

        is_made = list(STEPS).index(step) > 4 or (step == "replacing the password" and name == APPLIED)
        assert stack.identities.find("ada").epoch == epoch + is_made, name
        stack.wire.mend()
        assert password(event(tokens, current, new)) == NO_CONTENT, name
        assert ends(stack)[other["session_id"]] == "password_changed", name
        assert stack.identities.find("ada").epoch == epoch + 1, name
        assert login(login_event("ada", current)) == INVALID_CREDENTIALS, name
        current, new = new, current
        stack.forget_attempts()
    stack.clock.advance(seconds=60)
    assert refresh(refresh_event(tokens["refresh_token"])).status == 200


@pytest.mark.parametrize("name", KINDS_OF_UPDATES)
def test_what_cannot_be_counted_is_not_tried(
    stack: Stack, password: Function, tokens: Tokens, name: str, argon2_runs: list[str]
) -> None:
    """P16: while the throttle table fails, the answer is 503 and no password is hashed, right or wrong."""
    stack.wire.always(COUNT, KINDS_OF_UPDATES[name])

    assert [password(event(tokens, current)) for current in (PASSWORD, WRONG_PASSWORD)] == [UNAVAILABLE] * 2
    assert argon2_runs == []
    assert stack.identities.find("ada").epoch == 0


@pytest.mark.parametrize("name", sorted(REPEATED & KINDS_OF_UPDATES.keys()))
def test_what_the_sdk_sends_again_is_one_change(
    stack: Stack, password: Function, tokens: Tokens, other: Tokens, name: str
) -> None:
    """F1: a write whose response was lost recognizes itself: the epoch moves once, and the answer is 204."""
    stack.wire.next("UpdateItem", KINDS_OF_UPDATES[name], passes, KINDS_OF_UPDATES[name])

    assert password(event(tokens)) == NO_CONTENT

    assert stack.identities.find("ada").epoch == 1
    assert ends(stack) == {other["session_id"]: "password_changed"}
    assert len(events_named(stack, "password_changed")) == 1


@pytest.mark.parametrize("moment", [before, after])
def test_a_change_within_a_change(
    stack: Stack, password: Function, login: Function, tokens: Tokens, other: Tokens, moment: Moment
) -> None:
    """F11: two sessions change the password at once: one change succeeds, and the other session ends."""
    inner = list[Answer]()
    stack.secrets.keep("the other fine passphrase", kind="password")
    second = event(other, new="the other fine passphrase")
    stack.wire.next("UpdateItem", moment(lambda: inner.append(password(second))))

    outer = password(event(tokens))

    if moment is before:
        assert (outer, inner) == (UNAVAILABLE, [NO_CONTENT])
        assert ends(stack) == {tokens["session_id"]: "password_changed"}
        assert login(login_event("ada", "the other fine passphrase")).status == 200
    else:  # the inner request comes with the old password
        assert (outer, inner) == (NO_CONTENT, [INVALID_CREDENTIALS])
        assert ends(stack) == {other["session_id"]: "password_changed"}
        assert login(login_event("ada", NEW_PASSWORD)).status == 200


@pytest.mark.parametrize("operation", ["GetItem", "TransactWriteItems"])
@pytest.mark.parametrize("moment", [before, after])
def test_a_change_within_a_login(
    stack: Stack, password: Function, login: Function, refresh: Function, tokens: Tokens, operation: str, moment: Moment
) -> None:
    """F12, DC-12: a login with the old password during the change is refused, or its session ends."""
    stack.wire.next(operation, moment(lambda: password(event(tokens))))

    answer = login(login_event("ada", PASSWORD))

    if (operation, moment) == ("TransactWriteItems", after):
        assert answer.status == 200
        assert ends(stack) == {answer.json["session_id"]: "password_changed"}
        assert refresh(refresh_event(answer.json["refresh_token"])) == INVALID_GRANT
    else:
        assert answer == (INVALID_CREDENTIALS if operation == "GetItem" and moment is before else UNAVAILABLE)
        assert len(stack.session_items()) == 1


@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize("moment", [before, after])
def test_a_refresh_within_a_change(
    stack: Stack, password: Function, refresh: Function, tokens: Tokens, other: Tokens, position: int, moment: Moment
) -> None:
    """F11: a refresh of another session can win once, but its successor is dead."""
    won = list[Answer]()
    operation = ("UpdateItem", "Query", "TransactWriteItems")[position]
    stack.wire.next(
        operation,
        moment(lambda: won.append(refresh(refresh_event(other["refresh_token"])))),
    )

    assert password(event(tokens)) == NO_CONTENT

    assert ends(stack) == {other["session_id"]: "password_changed"}
    for answer in won:
        successor = answer.json.get("refresh_token", other["refresh_token"])
        assert refresh(refresh_event(successor)) == INVALID_GRANT


@pytest.mark.parametrize("act", ["disable", "end", "delete"])
@pytest.mark.parametrize("moment", [before, after])
def test_an_operator_within_a_change(
    stack: Stack, password: Function, tokens: Tokens, other: Tokens, act: str, moment: Moment
) -> None:
    """F11, F18: no session survives when an operator disables, ends or deletes the user during the change."""
    accounts = operators(stack)
    acts: dict[str, Callable[[], object]] = {
        "disable": lambda: accounts.disable(accounts.find("ada")),
        "end": lambda: accounts.end_sessions(accounts.find("ada")),
        "delete": lambda: accounts.delete(accounts.find("ada")),
    }
    stack.wire.next("UpdateItem", moment(acts[act]))

    answer = password(event(tokens))

    assert answer == (UNAVAILABLE if moment is before else NO_CONTENT)
    assert ends(stack).keys() == (set() if act == "delete" else {tokens["session_id"], other["session_id"]})
    assert len(stack.session_items()) == len(ends(stack))


def test_a_name_that_is_registered_again_meanwhile_keeps_its_password(
    stack: Stack, password: Function, tokens: Tokens
) -> None:
    """T6, F18: the user is deleted and the name registered again between two reads; the new user's password stays."""
    heir = replace(ada(), user_id=BOB_ID)

    def inherit() -> None:
        stack.identities.delete(stack.identities.find("ada"))
        stack.identities.create(heir)

    stack.wire.next("GetItem", passes, passes, before(inherit))

    assert password(event(tokens)) == INVALID_CREDENTIALS
    assert stack.identities.find("ada") == heir


def test_a_retry_after_a_lost_answer_makes_no_second_change(stack: Stack, password: Function, tokens: Tokens) -> None:
    """F1: all three answers to the write are lost and the answer is 503; the client's retry changes nothing more."""
    stack.wire.next("UpdateItem", lost_response, lost_response, lost_response)

    assert [password(event(tokens)) for _ in range(2)] == [UNAVAILABLE, NO_CONTENT]

    assert stack.identities.find("ada").epoch == 1
    assert len(events_named(stack, "password_changed")) == 1
