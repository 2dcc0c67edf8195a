from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from edge_auth.credentials import passwords
from edge_auth.credentials.profiles import PROFILE
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from tests.support.answers import INVALID_CREDENTIALS, INVALID_GRANT, NO_CONTENT
from tests.support.people import ADA_ID, BOB_ID, PASSWORD, WRONG_PASSWORD, ada
from tests.support.sample_events import from_address, login_event, logout_event, refresh_event, with_json
from tests.support.stack import Answer, Function, Stack

Tokens = dict[str, str]

UPDATE, END, GET = "dynamodb.UpdateItem", "dynamodb.TransactWriteItems", "dynamodb.GetItem"
GET_RING = "secrets-manager.GetSecretValue"
COUNT = "throttle.UpdateItem of attempts"
WEAK_PROFILE = "m=1024,t=1,p=1"
PUBLISH = "revocations.UpdateItem of ends"
LOGIN = {COUNT: 3, "dynamodb.GetItem": 1, "dynamodb.TransactWriteItems": 1, "dynamodb.Query": 1}


def forgeries(token: str) -> list[str]:
    """Return texts that are not tokens: other forms, and the token with one character changed in each of its parts.

    The parts, in characters after the prefix: version 0, key id 2, user id 10, session id 32, generation 52, seed 60,
    MAC 80 to 119.
    """
    edited = []
    for part in (0, 2, 10, 32, 52, 60, 80, 119):
        position = len("edgeauth_rt_") + part
        other = "B" if token[position] == "A" else "A"
        edited.append(token[:position] + other + token[position + 1 :])
    return [
        *edited,
        token[:-1],
        token + "A",
        token + "=",
        token.replace("_rt_", "_at_"),
        token[:-1] + "+",
        token[:-1] + "\N{SNOWMAN}",
        "edgeauth_rt_",
        "edgeauth_rt_" + "A" * 120,
        "x",
    ]


@pytest.fixture
def weak_hash() -> str:
    """Return ada's password, hashed under a weaker profile than the current one."""
    argon2id = Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=1024)
    return argon2id.derive_phc_encoded(PASSWORD.encode())


@pytest.fixture
def argon2_runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of PHC strings that passwords were checked against."""
    runs: list[str] = []

    class Watched:
        """Argon2id that records its calls."""

        @staticmethod
        def verify_phc_encoded(key_material: bytes, phc_encoded: str) -> None:
            """Record the hash and verify the password."""
            runs.append(phc_encoded)
            Argon2id.verify_phc_encoded(key_material, phc_encoded)

    monkeypatch.setattr(passwords, "Argon2id", Watched)
    return runs


def test_a_refresh_is_one_write(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """A cold refresh reads the key ring and makes one UpdateItem; a warm one makes one UpdateItem and no read."""
    stack.wire.forget()
    token = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]
    assert stack.wire.counts == {GET_RING: 1, UPDATE: 1}

    stack.clock.advance(seconds=60)
    stack.wire.forget()
    assert refresh(refresh_event(token)).status == 200
    assert stack.wire.counts == {UPDATE: 1}


@pytest.mark.parametrize("outcome", ["coalesced", "converged"])
def test_an_honest_retry_is_one_write(stack: Stack, refresh: Function, tokens: Tokens, outcome: str) -> None:
    """F39: the refused write returns the item, which is enough to answer with the same successor; nothing is read."""
    successor = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]
    stack.wire.forget()

    answer = refresh(refresh_event(successor if outcome == "coalesced" else tokens["refresh_token"]))

    assert answer.json["refresh_token"] == successor
    assert stack.wire.counts == {UPDATE: 1}
    assert stack.output.security_events()[-1]["event"] == f"refresh_{outcome}"


def test_reuse_is_three_writes(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """F4: reuse makes one refused rotation, one message to authorizers, and one transaction that ends the session."""
    successor = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]
    stack.clock.advance(seconds=60)
    refresh(refresh_event(successor))
    stack.wire.forget()

    assert refresh(refresh_event(tokens["refresh_token"])) == INVALID_GRANT
    assert stack.wire.counts == {UPDATE: 1, PUBLISH: 1, END: 1, COUNT: 1}


def test_a_late_retry_is_two_writes(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """F3: a rotation that is refused, and one that is not. A dead token is counted, and this is none."""
    refresh(refresh_event(tokens["refresh_token"]))
    stack.clock.advance(seconds=60)
    stack.wire.forget()

    assert refresh(refresh_event(tokens["refresh_token"])).status == 200
    assert stack.wire.counts == {UPDATE: 2}


@pytest.mark.parametrize("state", ["revoked", "idle too long", "past its end", "gone"])
def test_a_dead_token_is_one_write_and_one_count(stack: Stack, refresh: Function, tokens: Tokens, state: str) -> None:
    """F8, F25, F26, F39: one refused write; only if the session is not there, a read tells whether it has ended."""
    refresh(refresh_event("x"))  # warm
    key = {"user_id": {"S": ADA_ID}, "session_id": {"S": tokens["session_id"]}}
    match state:
        case "revoked":
            stack.function("logout")(logout_event(tokens["refresh_token"]))
        case "gone":
            stack.dynamodb.delete_item(TableName="functional-SessionsTable", Key=key)
        case _:
            name = "idle_expires_at" if state == "idle too long" else "absolute_expires_at"
            stack.dynamodb.update_item(
                TableName="functional-SessionsTable",
                Key=key,
                UpdateExpression=f"SET {name} = :now",
                ExpressionAttributeValues={":now": {"N": str(stack.clock.now_seconds)}},
            )
    dead = stack.session_items()
    stack.wire.forget()

    assert refresh(refresh_event(tokens["refresh_token"])) == INVALID_GRANT
    assert stack.wire.counts == {UPDATE: 1, COUNT: 1, **({GET: 1} if state in ("revoked", "gone") else {})}
    assert stack.session_items() == dead


def test_forged_refresh_tokens_cost_no_call(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """F24, F37, DC-1: a cold function reads only the key ring, a warm one makes no call, and the session stays."""
    before = stack.session_items()
    stack.wire.forget()

    answers = [refresh(refresh_event(forged)) for forged in forgeries(tokens["refresh_token"])]

    assert all(answer == INVALID_GRANT for answer in answers)
    assert stack.wire.counts == {GET_RING: 1}
    assert stack.session_items() == before


@pytest.mark.parametrize("everywhere", [False, True])
def test_forged_logouts_cost_no_call(stack: Stack, logout: Function, tokens: Tokens, *, everywhere: bool) -> None:
    """F10, A8: forged tokens make no call in logouts either, of one session or of all; forged access tokens neither."""
    before = stack.session_items()
    header, payload, signature = tokens["access_token"].split(".")
    texts = [
        *forgeries(tokens["refresh_token"]),
        *(f"{header}.{payload}.{signature[::-1]}", f"{header}.{payload[::-1]}.{signature}", f"{header}..{signature}"),
        *(f"{header[::-1]}.{payload}.{signature}", f"{tokens['access_token']}.", f" {tokens['access_token']}"),
    ]
    stack.wire.forget()

    answers = [logout(logout_event(forged, everywhere=everywhere)) for forged in texts]

    assert all(answer == NO_CONTENT for answer in answers)
    assert stack.wire.counts == {GET_RING: 1}
    assert stack.session_items() == before


def test_a_logout_is_two_requests(stack: Stack, logout: Function, tokens: Tokens) -> None:
    """A6, F39: a transaction and a message to authorizers; an access token takes a read too. A dead token is counted.

    A client that repeats a logout may do so because the call failed after the end. So the end is published once more,
    with a mark. After that, and after an end that was published before, a dead token costs a read of the record.
    """
    logout(logout_event("x"))
    other = stack.function("login")(login_event("ada", PASSWORD)).json["refresh_token"]
    for token, counts in (
        (other, {END: 1, PUBLISH: 1}),
        (tokens["access_token"], {GET: 1, PUBLISH: 1, END: 1}),
        (tokens["refresh_token"], {END: 1, COUNT: 1, GET: 1}),
        (tokens["access_token"], {GET: 2}),
        (other, {END: 1, COUNT: 1, GET: 1, PUBLISH: 1, UPDATE: 1}),
        (other, {END: 1, COUNT: 1, GET: 1}),
    ):
        stack.clock.advance(seconds=2)
        stack.wire.forget()
        assert logout(logout_event(token)) == NO_CONTENT
        assert stack.wire.counts == counts


@pytest.mark.parametrize("logged_out_before", [False, True])
def test_a_logout_of_all_is_seven_calls_and_one_for_each_session(
    stack: Stack, login: Function, logout: Function, tokens: Tokens, *, logged_out_before: bool
) -> None:
    """A8: the session, the user's name, the epoch, two queries, two messages, and a transaction for each session.

    What a logout ended in the last hour is published once more, with a mark, since that call may have failed after it.
    It is read when the other sessions have ended, and the caller's own ends after that.
    """
    ended = login(login_event("ada", PASSWORD)).json["refresh_token"]
    logout(logout_event(ended if logged_out_before else "x"))
    login(login_event("ada", PASSWORD))
    stack.wire.forget()

    assert logout(logout_event(tokens["refresh_token"], everywhere=True)) == NO_CONTENT

    operations = [call.operation for call in stack.wire.calls]
    late, others = (["UpdateItem of ends", "UpdateItem"], 1) if logged_out_before else ([], 2)
    ends = [["UpdateItem of ends", *["TransactWriteItems"] * count] for count in (others, 1)]
    assert operations == ["GetItem", "GetItem", "UpdateItem", "Query", *ends[0], "Query", *late, *ends[1]]


def test_without_the_feed_an_end_is_the_end_alone(stack: Stack, tokens: Tokens) -> None:
    """RevocationSeconds=0: no message, and no read for it, on any path; no function knows the table."""
    off = stack.with_parameters(RevocationSeconds="0", RotationGraceSeconds="0")
    login, refresh, logout = (off.function(name) for name in ("login", "refresh", "logout"))
    reused, other = (login(login_event("ada", PASSWORD)).json["refresh_token"] for _ in range(2))
    refresh(refresh_event(reused))
    acts: list[tuple[Callable[[], Answer], dict[str, int]]] = [
        (lambda: refresh(refresh_event(reused)), {UPDATE: 1, END: 1, COUNT: 1}),
        (lambda: logout(logout_event(tokens["refresh_token"])), {GET_RING: 1, END: 1}),
        (lambda: logout(logout_event(other)), {END: 1}),
        (lambda: logout(logout_event(other)), {END: 1, COUNT: 1}),
        (lambda: logout(logout_event(tokens["access_token"])), {GET: 1}),
    ]
    for act, counts in acts:
        stack.wire.forget()
        act()
        assert stack.wire.counts == counts
    assert stack.published() == set()
    assert off.environment("logout")["REVOCATIONS_TABLE"] == ""


@pytest.mark.parametrize("with_device", [False, True])
def test_a_login_is_six_requests(stack: Stack, login: Function, *, with_device: bool) -> None:
    """DC-12, P12: it books its source or device, counts, reads the user, forgets the attempt, opens and lists."""
    first = login(login_event("ada", PASSWORD))
    assert stack.wire.counts == {GET_RING: 1, **LOGIN}

    stack.clock.advance(seconds=1)
    stack.wire.forget()
    device = {"device_token": first.json["device_token"]} if with_device else {}
    assert login(with_json("login", {"username": "ada", "password": PASSWORD, **device})).status == 200
    assert stack.wire.counts == LOGIN
    assert sum(stack.wire.counts.values()) == 6
    [read] = [call for call in stack.wire.calls if call.operation == "GetItem"]
    assert stack.wire.calls.index(read) in ({0} if with_device else {1, 2})
    assert read.parameters["ConsistentRead"] is True


def test_a_login_from_ipv6_is_six_requests_too(stack: Stack, login: Function) -> None:
    """P13: one plain write bounds both the /64 and the /48. Neighbours who log in at the same moment do not meet."""
    assert login(from_address(login_event("ada", PASSWORD), "2001:db8::1")).status == 200
    assert stack.wire.counts == {GET_RING: 1, **LOGIN}


def test_a_login_during_an_attack_is_six_requests(stack: Stack, login: Function) -> None:
    """P11: the free attempts are taken, so it needs a second write to count, and none to forget.

    An attempt that has to wait is two writes and the read beside them.
    """
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        login(login_event("ada", WRONG_PASSWORD))
    stack.clock.advance(seconds=10)
    stack.wire.forget()
    assert login(login_event("ada", PASSWORD)).status == 200
    assert stack.wire.counts == LOGIN
    stack.wire.forget()
    assert login(from_address(login_event("ada", PASSWORD), "198.51.100.9")).status == 429
    assert stack.wire.counts == {COUNT: 2, GET: 1}


def test_a_login_renews_a_weak_hash_in_one_more_write(stack: Stack, weak_hash: str) -> None:
    """P6: the first login makes one more UpdateItem, which stores a hash of the current profile."""
    login = stack.with_parameters(PasswordProfiles=WEAK_PROFILE).function("login")
    stack.add_user(replace(ada(), user_id=BOB_ID, username="bob", password_hash=weak_hash), PASSWORD)
    login(login_event("ada", PASSWORD))
    stack.clock.advance(seconds=1)
    stack.wire.forget()

    assert login(login_event("bob", PASSWORD)).status == 200
    assert stack.wire.counts == {**LOGIN, UPDATE: 1}
    assert stack.identities.find("bob").password_hash.startswith(PROFILE.phc_prefix)

    stack.clock.advance(seconds=1)
    stack.wire.forget()
    assert login(login_event("bob", PASSWORD)).status == 200
    assert stack.wire.counts == LOGIN


@pytest.mark.parametrize("failures", [1, 5])
@pytest.mark.parametrize(
    ("username", "password"), [("nobody", PASSWORD), ("ada", WRONG_PASSWORD), ("bob", PASSWORD), ("bob", "x")]
)
def test_every_refused_login_is_four_requests_and_one_hash(
    stack: Stack, login: Function, argon2_runs: list[str], username: str, password: str, failures: int
) -> None:
    """P8: unknown user, wrong password and disabled user cost the same, free or after a wait."""
    stack.add_user(replace(ada(), user_id=BOB_ID, username="bob", status="disabled"), PASSWORD)
    for _ in range(failures):
        login(login_event(username, WRONG_PASSWORD))
    stack.clock.advance(seconds=10)
    argon2_runs.clear()
    stack.wire.forget()

    assert login(login_event(username, password)) == INVALID_CREDENTIALS

    booking, *others = [call for call in stack.wire.calls if call.operation != "GetSecretValue"]
    assert "taken_until_ms" in booking.parameters["UpdateExpression"]
    assert sorted(f"{call.service}.{call.operation}" for call in others) == ["dynamodb.GetItem", COUNT, COUNT]
    assert [run.startswith(PROFILE.phc_prefix) for run in argon2_runs] == [True]


def test_every_transaction_names_its_request(stack: Stack, login: Function) -> None:
    """F20: each login has its own ClientRequestToken, so a transaction that is sent twice happens once."""
    for _ in range(3):
        login(login_event("ada", PASSWORD))

    transactions = [call for call in stack.wire.calls if call.operation == "TransactWriteItems"]
    names = {call.parameters["ClientRequestToken"] for call in transactions}
    assert len(names) == len(transactions) == 3


def test_every_write_has_a_condition(stack: Stack, refresh: Function, logout: Function, weak_hash: str) -> None:
    """DC-13: every write of all flows has a condition, so no write creates a missing item; except the feed's."""
    login = stack.with_parameters(PasswordProfiles=WEAK_PROFILE).function("login")
    stack.add_user(replace(ada(), user_id=BOB_ID, username="bob", password_hash=weak_hash), PASSWORD)
    sessions = [login(login_event("bob", PASSWORD)).json["refresh_token"] for _ in range(4)]
    fresh = [refresh(refresh_event(token)).json["refresh_token"] for token in sessions]
    stack.clock.advance(seconds=60)
    refresh(refresh_event(sessions[3]))  # a late retry
    refresh(refresh_event(fresh[0]))
    refresh(refresh_event(sessions[0]))  # reuse
    logout(logout_event(sessions[1]))
    logout(logout_event(fresh[2], everywhere=True))

    updates = [call.parameters for call in stack.wire.calls if call.operation == "UpdateItem"]
    counts = [call.parameters for call in stack.wire.calls if call.operation == "UpdateItem of attempts"]
    writes = [
        write
        for call in stack.wire.calls
        if call.operation == "TransactWriteItems"
        for item in call.parameters["TransactItems"]
        for write in item.values()
    ]
    assert (
        len(updates) == 1 + 4 + 2 + 1 + 1 + 1 + 1
    )  # the last one marks the logout, which the logout of all publishes again
    assert len(writes) == 2 * (4 + 1 + 1 + 2)
    assert len(counts) == 3 * 4 + 3 + 1  # three logins found their source busy
    assert all(write["ConditionExpression"] for write in updates + counts + writes)
    messages = [call.parameters for call in stack.wire.calls if call.operation == "UpdateItem of ends"]
    # reuse, logout, and logout of all: the others, what ended before, and its own session
    assert len(messages) == 2 + 3
    assert all(message["UpdateExpression"].startswith("ADD sids ") for message in messages)
    assert {call.operation for call in stack.wire.calls} == {
        "GetSecretValue",
        "GetItem",
        "Query",
        "TransactWriteItems",
        "UpdateItem",
        "UpdateItem of attempts",
        "UpdateItem of ends",
    }


@pytest.mark.parametrize("event", [refresh_event, logout_event, lambda token: logout_event(token, everywhere=True)])
def test_a_deleted_session_is_not_written_again(
    stack: Stack, refresh: Function, logout: Function, tokens: Tokens, event: Callable[[str], dict[str, object]]
) -> None:
    """F25, DC-13: after TTL has deleted the item, no call writes it again."""
    key = {"user_id": {"S": ADA_ID}, "session_id": {"S": tokens["session_id"]}}
    stack.dynamodb.delete_item(TableName="functional-SessionsTable", Key=key)

    answer = (refresh if event is refresh_event else logout)(event(tokens["refresh_token"]))

    assert answer in (INVALID_GRANT, NO_CONTENT)
    assert stack.session_items() == []
