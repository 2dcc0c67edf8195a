"""Least privilege, tested at the wire: the template grants exactly the calls that the functions make."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from edge_auth.credentials import passwords
from edge_auth.throttling.limits import REGISTRATION_RATE
from tests.support.browser import for_browsers, with_header
from tests.support.cloudformation import rotate_keys_on_this_machine
from tests.support.key_ring_events import asked
from tests.support.people import ADA_ID, PASSWORD, ada
from tests.support.sample_events import called_by, login_event, logout_event, refresh_event, sample, with_json
from tests.support.site import signed_in
from tests.support.stack import TABLES, LambdaContext, Stack
from tests.support.template import Intrinsic, functions
from tests.support.wire import Call

Right = tuple[str, str]

LOGICAL_IDS = {name: logical_id for logical_id, name in TABLES.items()}
TRANSACTED = {"ConditionCheck": "ConditionCheckItem", "Put": "PutItem", "Delete": "DeleteItem"}


def granted(function: str) -> set[Right]:
    """Return the rights that the template grants a function: actions and resources."""
    rights: set[Right] = set()
    for policy in functions()[function]["Policies"]:
        for listed_statement in policy["Statement"]:
            conditional = isinstance(listed_statement, Intrinsic)  # with the feed of ended sessions, which is on here
            statement = listed_statement.argument[1] if conditional else listed_statement
            if statement["Effect"] != "Allow":
                continue
            actions, resource = statement["Action"], statement["Resource"]
            assert isinstance(resource, Intrinsic)
            listed = actions if isinstance(actions, list) else [actions]
            rights |= {(action, resource.argument.split(".")[0]) for action in listed}
    return rights


def used(call: Call) -> set[Right]:
    """Return the rights that one call needs. DynamoDB checks each item of a transaction as a single action."""
    if call.service == "secrets-manager":
        return {(f"secretsmanager:{call.operation}", "KeyRingSecret")}
    if call.operation == "TransactWriteItems":
        acts: list[tuple[str, dict[str, Any]]] = [
            act for item in call.parameters["TransactItems"] for act in item.items()
        ]
        return {(f"dynamodb:{TRANSACTED[kind]}", LOGICAL_IDS[act["TableName"]]) for kind, act in acts}
    return {(f"dynamodb:{call.operation.split()[0]}", LOGICAL_IDS[call.parameters["TableName"]])}


def logins(stack: Stack) -> None:
    """Log in with a current hash, then with a weaker one, which is renewed. One session is allowed."""
    login = stack.with_parameters(MaxSessionsPerUser="1", PasswordProfiles="m=1024,t=1,p=1").function("login")
    assert login(login_event("ada", PASSWORD)).status == 200
    weak = Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=1024)
    stack.identities.change_password(stack.identities.find("ada"), weak.derive_phc_encoded(PASSWORD.encode()))
    assert login(login_event("ada", PASSWORD)).status == 200


def refreshes(stack: Stack) -> None:
    """Rotate a token twice, then use the old token again, and once more after that has ended the session."""
    token = a_token(stack)
    refresh = stack.function("refresh")
    successor = refresh(refresh_event(token)).json["refresh_token"]
    stack.clock.advance(seconds=60)
    assert refresh(refresh_event(successor)).status == 200
    for _ in range(2):
        assert refresh(refresh_event(token)).status == 400


def logouts(stack: Stack) -> None:
    """End one session, twice, then all sessions."""
    tokens = a_token(stack), a_token(stack)
    logout = stack.function("logout")
    assert [logout(logout_event(tokens[0])).status for _ in range(2)] == [204, 204]
    assert logout(logout_event(tokens[1], everywhere=True)).status == 204


def registrations(stack: Stack) -> None:
    """Register more often than a source is allowed to."""
    register = stack.function("register")
    names = [f"user{number}" for number in range(REGISTRATION_RATE.burst + 1)]
    events = [with_json("register", {"username": name, "password": PASSWORD}) for name in names]
    assert [register(event).status for event in events] == [201] * REGISTRATION_RATE.burst + [429]


def changes_of_password(stack: Stack) -> None:
    """Change the password of a user with another session, and with one that has just ended."""
    login = stack.function("login")
    grants = [login(login_event("ada", PASSWORD)).json for _ in range(3)]
    assert stack.function("logout")(logout_event(grants.pop()["refresh_token"])).status == 204
    session_ids = [granted["session_id"] for granted in grants]
    changing = with_json("password", {"current_password": PASSWORD, "new_password": f"{PASSWORD} of mine"})
    stack.wire.forget()
    assert stack.function("password")(called_by(changing, ADA_ID, session_ids[0])).status == 204


def changes_at_a_site(stack: Stack) -> None:
    """The same with a session cookie, which is renewed."""
    stack = for_browsers(stack)
    grants = [stack.function("login")(login_event("ada", PASSWORD)).json for _ in range(2)]
    assert stack.function("logout")(logout_event(grants.pop()["refresh_token"])).status == 204
    theirs, login = signed_in(stack)
    changing = with_json("site-password", {"current_password": PASSWORD, "new_password": f"{PASSWORD} of mine"})
    stack.wire.forget()
    event = called_by(with_header(changing, "Cookie", theirs), ADA_ID, login.json["session_id"])
    assert len(stack.function("site_password")(event).cookies) == 1


def own_sessions(stack: Stack) -> None:
    """List the sessions and end one."""
    login = stack.function("login")
    ids = [login(login_event("ada", PASSWORD)).json["session_id"] for _ in range(2)]
    stack.wire.forget()
    sessions = stack.function("sessions")
    for name, status in (("sessions", 200), ("sessions-end", 204)):
        event = called_by(sample(name), ADA_ID, ids[0])
        event["pathParameters"] = {"session_id": ids[1]}
        assert sessions(event).status == status


def documents(stack: Stack) -> None:
    """Read all public documents."""
    jwks = stack.function("jwks")
    for name in ("jwks", "openid-configuration", "oauth-authorization-server"):
        assert jwks(sample(name)).status == 200


def reads_of_the_feed(stack: Stack) -> None:
    """Read the feed of ended sessions."""
    assert stack.function("ended_sessions")(sample("ended-sessions")).status == 200


def rotations(stack: Stack) -> None:
    """Do everything that the schedule, CloudFormation and operators request."""
    rotate_keys = stack.rotate_keys()
    for action in ("show", "advance", "rotate"):
        assert "refused" not in rotate_keys(asked(stack, action))
    assert "refused" not in rotate_keys({**asked(stack, "replace"), "at_once": True})
    with pytest.raises(OSError, match="refused"):  # nothing listens at the sample's address
        rotate_keys_on_this_machine(stack, "http://127.0.0.1:9").handler(sample("key-ring-update"), LambdaContext())


def a_token(stack: Stack) -> str:
    """Return a refresh token of ada. The calls of its login are not counted."""
    token: str = stack.function("login")(login_event("ada", PASSWORD)).json["refresh_token"]
    stack.wire.forget()
    return token


@pytest.mark.parametrize(
    ("function", "act"),
    [
        ("login", logins),
        ("refresh", refreshes),
        ("logout", logouts),
        ("register", registrations),
        ("password", changes_of_password),
        ("site_password", changes_at_a_site),
        ("sessions", own_sessions),
        ("jwks", documents),
        ("ended_sessions", reads_of_the_feed),
        ("rotate_keys", rotations),
    ],
)
def test_what_is_granted_is_what_is_called(stack: Stack, function: str, act: Callable[[Stack], None]) -> None:
    """The granted actions on each table and secret are exactly the used ones."""
    assert passwords.needs_rehash(ada().password_hash) is False

    act(stack)

    assert set().union(*map(used, stack.wire.calls)) == granted(function)
