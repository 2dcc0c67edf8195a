"""The caller's own passkeys, as API Gateway calls the function behind the authorizer."""

from typing import Any

import pytest

from edge_auth.accounts.identity import DISABLED
from edge_auth.tokens.ended_feed import entry_of
from tests.support.answers import (
    ERROR_HEADERS,
    INVALID_REQUEST,
    INVALID_TOKEN,
    NO_CONTENT,
    PASSKEY_REFUSED,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    error,
)
from tests.support.outages import APPLIED, KINDS, KINDS_OF_UPDATES, after, attempts, before, ends, events_named
from tests.support.passkey_visitor import (
    for_passkeys,
    list_event,
    one_event,
    passkey_id,
    phone,
    register,
    register_event,
    registration_event,
    sign_in,
)
from tests.support.people import ADA_ID, PASSWORD, bob
from tests.support.sample_events import Event, called_by, login_event, logout_event, sample, with_json
from tests.support.software_passkeys import BE, UP, UV, Ceremony, private_key
from tests.support.stack import Answer, Function, Stack
from tests.support.wire import lost_response

TOO_MANY = error(409, "too_many_passkeys", "The account has too many passkeys.")
UNKNOWN = error(404, "not_found", "There is no such passkey.")
LAST = error(409, "last_way_in", "The account would have no way to log in.")
UPDATE = "dynamodb.UpdateItem"


def insufficient(acr: str = "") -> Answer:
    """Return the answer to a login that is too old or too weak (RFC 9470 §3)."""
    level = f', acr_values="{acr}"' if acr else ""
    challenge = f'Bearer error="insufficient_user_authentication"{level}, max_age="300"'
    description = "The route needs a stronger or a newer login."
    return error(401, "insufficient_user_authentication", description, **{"WWW-Authenticate": challenge})


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """Return a stack with passkeys."""
    return for_passkeys(stack)


@pytest.fixture
def passkeys(stack: Stack) -> Function:
    """Return the function, cold."""
    return stack.function("passkeys")


@pytest.fixture
def session(stack: Stack) -> str:
    """Return the session of a login with a password."""
    return logged_in(stack)


def logged_in(stack: Stack, username: str = "ada") -> str:
    """Log in with the password, and return the session's id."""
    found: str = stack.function("login")(login_event(username, PASSWORD)).json["session_id"]
    return found


def signed_in(stack: Stack, ceremony: Ceremony | None = None) -> str:
    """Sign in with a passkey, and return the session's id."""
    answer = sign_in(stack.function("passkey_sign_in"), ceremony or phone())
    assert answer.status == 200
    found: str = answer.json["session_id"]
    return found


def listed(passkeys: Function, session: str) -> list[dict[str, Any]]:
    """Return the list."""
    answer = passkeys(list_event(session))
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.json["passkeys"]
    return found


def prepared(passkeys: Function, session: str, ceremony: Ceremony, **changes: object) -> Event:
    """Return the request that adds a passkey, made for a fresh challenge."""
    challenge = passkeys(registration_event(session)).json["challenge"]
    return register_event(ceremony.edited(challenge=challenge, **changes), session)


def rename_event(ceremony: Ceremony, session: str, name: object = "Blue") -> Event:
    """Return the request that gives a passkey another name."""
    return one_event("passkeys-rename", ceremony, session, body={"name": name})


def set_hash(stack: Stack, value: str) -> None:
    """Set the hash of ada's password."""
    stack.dynamodb.update_item(
        TableName="functional-IdentitiesTable",
        Key={"pk": {"S": "login#ada"}},
        UpdateExpression="SET password_hash = :value",
        ExpressionAttributeValues={":value": {"S": value}},
    )


def remove_event(ceremony: Ceremony, session: str) -> Event:
    """Return the request that removes a passkey."""
    return one_event("passkeys-remove", ceremony, session)


def test_the_options_are_what_a_browser_takes(passkeys: Function, session: str) -> None:
    """WebAuthn §5.4: the user handle is the user id, and a passkey has to be discoverable and verify its user."""
    answer = passkeys(registration_event(session))
    assert (answer.status, answer.headers) == (200, ERROR_HEADERS)
    assert len(answer.json["challenge"]) == 80
    assert {**answer.json, "challenge": ""} == {
        "challenge": "",
        "timeout": 300_000,
        "rp": {"id": "example.org", "name": "example.org"},
        "user": {"id": ADA_ID, "name": "ada", "displayName": "ada"},
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-7, -8, -257)],
        "excludeCredentials": [],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_a_passkey_is_registered_listed_and_used(
    stack: Stack, passkeys: Function, session: str, algorithm: str
) -> None:
    """The user sees its name and when it was made and used, and no key."""
    ceremony, began = phone(0, algorithm, flags=UP | UV | BE), stack.clock.now_seconds
    expected = {
        "id": passkey_id(ceremony),
        "name": "phone",
        "created_at": began,
        "last_used_at": 0,
        "synced": True,
    }
    answer = register(passkeys, session, ceremony)
    assert (answer.status, answer.json) == (201, expected)
    assert listed(passkeys, session) == [expected]
    [told] = events_named(stack, "passkey_added")
    assert (told["user_id"], told["session_id"]) == (ADA_ID, session)

    stack.clock.advance(seconds=10)
    signed_in(stack, ceremony)
    assert listed(passkeys, session) == [{**expected, "last_used_at": began + 10}]
    [stored] = stack.identities.find("ada").passkeys
    assert stored.transports == ("internal", "usb")


def test_a_browser_learns_which_passkeys_are_there(stack: Stack, passkeys: Function, session: str) -> None:
    """WebAuthn §5.4, excludeCredentials: so no device makes a second one."""
    register(passkeys, session, phone())
    options = passkeys(registration_event(signed_in(stack))).json
    assert options["excludeCredentials"] == [
        {"type": "public-key", "id": passkey_id(phone()), "transports": ["internal", "usb"]}
    ]


def test_a_registration_that_is_sent_again_is_answered_again(stack: Stack, passkeys: Function, session: str) -> None:
    """F1: the answer may be lost, and the browser makes no second passkey for the challenge."""
    event = prepared(passkeys, session, phone())
    first = passkeys(event)
    assert first.status == 201
    repeated = passkeys(event)
    assert (repeated.status, repeated.json["id"]) == (201, first.json["id"])
    assert len(stack.identities.find("ada").passkeys) == 1


def test_a_passkey_of_another_one_with_the_same_id_is_refused(stack: Stack, passkeys: Function, session: str) -> None:
    """WebAuthn §7.1, step 26: it must not take the place of the first one."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    other = phone(key=private_key("ES256", 8))
    assert passkeys(prepared(passkeys, strong, other)) == PASSKEY_REFUSED
    assert [passkey.public_key for passkey in stack.identities.find("ada").passkeys] == [phone().passkey().public_key]


@pytest.mark.parametrize(
    "fault",
    [
        {"challenge": "A" * 80},
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"flags": UP},
        {"members": {"crossOrigin": True}},
        {"cose_key": b"\xa0"},
    ],
)
def test_a_registration_that_breaks_a_rule_is_refused(
    stack: Stack, passkeys: Function, session: str, fault: dict[str, object]
) -> None:
    """SC7: before any request to a table is made. Nothing is stored."""
    challenge = passkeys(registration_event(session)).json["challenge"]
    stack.wire.forget()
    assert passkeys(register_event(phone(**{"challenge": challenge, **fault}), session)) == PASSKEY_REFUSED
    assert stack.wire.calls == []
    assert len(events_named(stack, "passkey_refused")) == 1
    assert passkeys(register_event(phone(challenge=challenge), session)).status == 201


def test_a_challenge_is_for_one_user_one_purpose_and_five_minutes(
    stack: Stack, passkeys: Function, session: str
) -> None:
    """Another user's, or that of a sign-in, adds nothing."""
    stack.add_user(bob(), PASSWORD)
    of_bob = passkeys(registration_event(logged_in(stack, "bob"), bob().user_id)).json["challenge"]
    of_sign_in = stack.function("passkey_sign_in")(sample("passkeys-options")).json["challenge"]
    for challenge in (of_bob, of_sign_in):
        assert passkeys(register_event(phone(challenge=challenge), session)) == PASSKEY_REFUSED
    event = prepared(passkeys, session, phone())
    stack.clock.advance(seconds=300)
    assert passkeys(event) == PASSKEY_REFUSED
    stack.clock.advance(seconds=-1)
    assert passkeys(event).status == 201


@pytest.mark.parametrize("act", ["begin", "register", "rename", "remove"])
def test_each_change_needs_a_fresh_login(stack: Stack, passkeys: Function, session: str, act: str) -> None:
    """SA6, SA7: `auth_time` at most five minutes ago. A refresh of the session does not help."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    events = {
        "begin": registration_event(strong),
        "register": prepared(passkeys, strong, phone(1)),
        "rename": rename_event(phone(), strong),
        "remove": remove_event(phone(), strong),
    }
    stack.clock.advance(seconds=301)
    if act == "register":  # its challenge is as old as the login
        assert passkeys(events[act]) == PASSKEY_REFUSED
    else:
        assert passkeys(events[act]) == insufficient("phr")
    stack.clock.advance(seconds=-2)
    assert passkeys(events[act]).status in (200, 201, 204)


@pytest.mark.parametrize("act", ["begin", "register", "rename", "remove"])
def test_with_a_passkey_a_password_is_not_enough(stack: Stack, passkeys: Function, session: str, act: str) -> None:
    """SA7: who has the password alone can neither add a passkey nor take one away."""
    event = prepared(passkeys, session, phone(1))
    register(passkeys, session, phone())
    before = stack.identities.find("ada")
    events = {
        "begin": registration_event(session),
        "register": event,
        "rename": rename_event(phone(), session),
        "remove": remove_event(phone(), session),
    }
    assert passkeys(events[act]) == insufficient("phr")
    assert stack.identities.find("ada") == before


def test_with_a_passkey_the_password_is_changed_after_a_login_with_it(
    stack: Stack, passkeys: Function, session: str
) -> None:
    """SA7: who has the password alone cannot lock its owner out of it."""
    register(passkeys, session, phone())
    change = {"current_password": PASSWORD, "new_password": "another fine passphrase"}
    stack.secrets.keep(change["new_password"], kind="password")
    password = stack.function("password")
    assert password(called_by(with_json("password", change), ADA_ID, session)) == insufficient("phr")
    assert password(called_by(with_json("password", change), ADA_ID, signed_in(stack))) == NO_CONTENT


@pytest.mark.parametrize("act", ["begin", "rename", "remove"])
def test_an_ended_session_changes_nothing(stack: Stack, passkeys: Function, session: str, act: str) -> None:
    """The access token may still be valid. The session decides."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    stack.function("sessions")
    stack.dynamodb.delete_item(
        TableName="functional-SessionsTable", Key={"user_id": {"S": ADA_ID}, "session_id": {"S": strong}}
    )
    events = {
        "begin": registration_event(strong),
        "rename": rename_event(phone(), strong),
        "remove": remove_event(phone(), strong),
    }
    assert passkeys(events[act]) == INVALID_TOKEN
    assert len(stack.identities.find("ada").passkeys) == 1


def test_a_disabled_user_gets_no_answer(stack: Stack, passkeys: Function, session: str) -> None:
    """F18: not even the list."""
    stack.identities.change_status(stack.identities.find("ada"), DISABLED)
    assert passkeys(list_event(session)) == INVALID_TOKEN
    assert passkeys(registration_event(session)) == INVALID_TOKEN


def test_a_user_has_at_most_ten(stack: Stack, passkeys: Function, session: str) -> None:
    """So the user's item stays small."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    eleventh = prepared(passkeys, strong, phone(10))
    for number in range(1, 10):
        assert register(passkeys, strong, phone(number)).status == 201
    assert passkeys(registration_event(strong)) == TOO_MANY
    assert passkeys(eleventh) == TOO_MANY
    assert len(listed(passkeys, strong)) == 10


def test_a_name_is_replaced(stack: Stack, passkeys: Function, session: str) -> None:
    """And the rest stays."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    assert passkeys(rename_event(phone(), strong, "Ada\u2019s key \u65e5")) == NO_CONTENT
    assert [shown["name"] for shown in listed(passkeys, strong)] == ["Ada\u2019s key \u65e5"]
    assert len(events_named(stack, "passkey_renamed")) == 1
    signed_in(stack)


@pytest.mark.parametrize("name", ["x" * 65, "a\nb", "a\u202eb", 1, "", None])
def test_a_name_that_cannot_be_shown_is_malformed(stack: Stack, passkeys: Function, session: str, name: object) -> None:
    """As the name of a client."""
    register(passkeys, session, phone())
    assert passkeys(rename_event(phone(), signed_in(stack), name)) == INVALID_REQUEST


def test_a_removed_passkey_signs_nobody_in_and_the_other_sessions_end(
    stack: Stack, passkeys: Function, session: str
) -> None:
    """A stolen one may have opened one of them. The caller's session goes on."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    register(passkeys, strong, phone(1))
    tokens, second = (stack.function("login")(login_event("ada", PASSWORD)).json for _ in range(2))
    stack.function("logout")(logout_event(tokens["refresh_token"]))
    others = [session, second["session_id"]]
    assert passkeys(remove_event(phone(), strong)) == NO_CONTENT
    assert ends(stack) == {**dict.fromkeys(others, "passkey_removed"), tokens["session_id"]: "logout"}
    assert stack.published() >= {entry_of(ended) for ended in (*others, tokens["session_id"])}
    assert [shown["id"] for shown in listed(passkeys, strong)] == [passkey_id(phone(1))]
    assert sign_in(stack.function("passkey_sign_in"), phone()).status == 401
    signed_in(stack, phone(1))
    assert len(events_named(stack, "passkey_removed")) == 1
    assert passkeys(remove_event(phone(), strong)) == UNKNOWN


def test_the_last_way_in_is_not_removed(stack: Stack, passkeys: Function, session: str) -> None:
    """An account without a password keeps its last passkey. With a password it may go."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    stored = stack.identities.find("ada").password_hash
    set_hash(stack, "")
    assert passkeys(remove_event(phone(), strong)) == LAST
    set_hash(stack, stored)
    assert passkeys(remove_event(phone(), strong)) == NO_CONTENT


def test_without_a_password_two_passkeys_stay(stack: Stack, passkeys: Function, session: str) -> None:
    """A lost device must not be the end of the account. One of three may go."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    register(passkeys, strong, phone(1))
    set_hash(stack, "")
    assert passkeys(remove_event(phone(1), strong)) == LAST
    assert len(listed(passkeys, strong)) == 2
    register(passkeys, strong, phone(2))
    assert passkeys(remove_event(phone(1), strong)) == NO_CONTENT


def test_two_removals_at_once_leave_two_passkeys(stack: Stack, passkeys: Function, session: str) -> None:
    """Both have read three. The one that writes second is told to come again, and then it is refused."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    for number in (1, 2):
        register(passkeys, strong, phone(number))
    set_hash(stack, "")

    def overtake() -> None:
        assert passkeys(remove_event(phone(2), strong)) == NO_CONTENT

    stack.wire.next("UpdateItem", before(overtake))
    assert passkeys(remove_event(phone(1), strong)) == UNAVAILABLE
    assert passkeys(remove_event(phone(1), strong)) == LAST
    assert [shown["id"] for shown in listed(passkeys, strong)] == [passkey_id(phone()), passkey_id(phone(1))]


@pytest.mark.parametrize("name", ["passkeys-rename", "passkeys-remove"])
@pytest.mark.parametrize("path", ["", "AA", "a=", "\N{SNOWMAN}"])
def test_a_passkey_that_is_not_there_reads_the_same(
    stack: Stack, passkeys: Function, session: str, name: str, path: str
) -> None:
    """404, also for another user's, and for text that is no id."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    event = one_event(name, phone(), strong, body={"name": "x"})
    event["pathParameters"] = {"passkey_id": path}
    assert passkeys(event) == UNKNOWN
    assert len(listed(passkeys, strong)) == 1


def test_the_number_of_requests(stack: Stack, passkeys: Function, session: str) -> None:
    """Reads of the session and the user, and one write."""
    reads = "dynamodb.GetItem"
    passkeys(registration_event(session))
    stack.wire.forget()
    challenge = passkeys(registration_event(session)).json["challenge"]
    assert stack.wire.counts == {reads: 3}
    stack.wire.forget()
    assert passkeys(register_event(phone(challenge=challenge), session)).status == 201
    assert stack.wire.counts == {reads: 3, UPDATE: 1}
    stack.wire.forget()
    listed(passkeys, session)
    assert stack.wire.counts == {reads: 3}


def test_the_list_is_for_living_sessions(stack: Stack, passkeys: Function, session: str) -> None:
    """F18: as that of the sessions. An authorizer may accept the token of an ended session for some seconds."""
    tokens = stack.function("login")(login_event("ada", PASSWORD)).json
    assert listed(passkeys, tokens["session_id"]) == []
    stack.function("logout")(logout_event(tokens["refresh_token"]))
    assert passkeys(list_event(tokens["session_id"])) == INVALID_TOKEN
    assert listed(passkeys, session) == []


@pytest.mark.parametrize("name", KINDS)
def test_trouble_with_a_read_is_503(stack: Stack, passkeys: Function, session: str, name: str) -> None:
    """F19, DC-3: never an empty list, and never a refused login."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    event = prepared(passkeys, strong, phone(1))
    stack.wire.always("GetItem", KINDS[name])
    for each in (list_event(strong), registration_event(strong), event, remove_event(phone(), strong)):
        assert passkeys(each) == UNAVAILABLE
    stack.wire.mend()
    assert passkeys(event).status == 201


@pytest.mark.parametrize("name", KINDS_OF_UPDATES)
@pytest.mark.parametrize("act", ["register", "rename", "remove"])
def test_trouble_with_a_write_is_503(stack: Stack, passkeys: Function, session: str, act: str, name: str) -> None:
    """F19, F22: the same call may be made again, and the end is the same."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    events = {
        "register": prepared(passkeys, strong, phone(1)),
        "rename": rename_event(phone(), strong),
        "remove": remove_event(phone(), strong),
    }
    before = stack.identities.find("ada").passkeys
    stack.wire.forget()
    stack.wire.always("UpdateItem", KINDS_OF_UPDATES[name])
    assert passkeys(events[act]) == UNAVAILABLE
    assert stack.wire.counts[UPDATE] == attempts(name)
    assert (stack.identities.find("ada").passkeys == before) is (name != APPLIED)
    stack.wire.mend()
    assert passkeys(events[act]).status in ((201, 204, 404) if act == "remove" else (201, 204))
    found = {passkey.credential_id: passkey.name for passkey in stack.identities.find("ada").passkeys}
    assert (
        found
        == {
            "register": {phone().credential_id: "phone", phone(1).credential_id: "phone"},
            "rename": {phone().credential_id: "Blue"},
            "remove": {},
        }[act]
    )


@pytest.mark.parametrize("act", ["register", "rename", "remove"])
def test_a_write_whose_answer_is_lost_is_recognized(stack: Stack, passkeys: Function, session: str, act: str) -> None:
    """F1: the SDK sends it again, and its refusal by the request's own effect is a success."""
    register(passkeys, session, phone())
    strong = signed_in(stack)
    events = {
        "register": prepared(passkeys, strong, phone(1)),
        "rename": rename_event(phone(), strong),
        "remove": remove_event(phone(), strong),
    }
    stack.wire.next("UpdateItem", lost_response)
    assert passkeys(events[act]).status in (201, 204)
    assert len(stack.identities.find("ada").passkeys) == {"register": 2, "rename": 1, "remove": 0}[act]


def test_two_at_once_are_not_both_added_in_one_place(stack: Stack, passkeys: Function, session: str) -> None:
    """SB8: of two that have read the same user, the second is told to come again, and then it is added."""
    first = prepared(passkeys, session, phone())
    second = prepared(passkeys, session, phone(1))
    reads: list[int] = []

    def overtake() -> None:
        reads.append(1)
        if len(reads) == 1:
            stack.identities.find("ada")
            assert passkeys(second).status == 201

    stack.wire.next("GetItem", *[after(lambda: None)] * 2, after(overtake))
    assert passkeys(first) == UNAVAILABLE
    assert [passkey.credential_id for passkey in stack.identities.find("ada").passkeys] == [phone(1).credential_id]


def test_the_body_is_json(passkeys: Function, session: str) -> None:
    """Any other form is refused."""
    event = register_event(phone(), session)
    event["headers"]["Content-Type"] = "text/plain"
    assert passkeys(event) == UNSUPPORTED_MEDIA_TYPE
    event = register_event(phone(), session)
    for body in ("[]", "{}", '{"credential":{"type":"public-key","response":{"transports":"usb"}}}'):
        assert passkeys({**event, "body": body}) == INVALID_REQUEST


def test_without_the_authorizer_nothing_is_answered(passkeys: Function) -> None:
    """A route whose authorizer was taken away serves nobody."""
    for name in ("passkeys", "passkeys-registration", "passkeys-register", "passkeys-rename", "passkeys-remove"):
        event = sample(name)
        del event["requestContext"]["authorizer"]
        assert passkeys(event) == INVALID_TOKEN
