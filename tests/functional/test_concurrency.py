import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from edge_auth.credentials.profiles import OUR_PROFILES
from edge_auth.errors import InvalidGrant
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.accounts.administration import Administration
from edge_auth.flows.grant import AccessTokenPolicy
from edge_auth.flows.limits.dead_tokens import DeadTokenLimit
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.flows.sessions.refresh import Refresh
from edge_auth.flows.sessions.session_limit import SessionLimit
from edge_auth.flows.sign_in.login import Login
from edge_auth.flows.sign_in.new_session import SessionPolicy
from edge_auth.flows.sign_in.replace_session import ReplaceSession
from edge_auth.flows.sign_in.start_session import StartSession
from edge_auth.sessions.rotation_rule import RotationLimits
from edge_auth.sessions.session import BODY
from tests.support.access_tokens import AUDIENCE
from tests.support.answers import INVALID_CREDENTIALS, INVALID_GRANT, NO_CONTENT, UNAVAILABLE
from tests.support.clock import START_MS
from tests.support.fakes.attempts import MemoryAttempts
from tests.support.fakes.stores import FixedKeyRing, MemoryIdentities, MemorySessionOpening, MemorySessions, MemoryStore
from tests.support.operators import operators, rights_of_operators
from tests.support.outages import after, before, ends, events_named, generation
from tests.support.password_login import PasswordLogin
from tests.support.people import MADE_AT_SECONDS, PASSWORD, ada, key_ring
from tests.support.sample_events import ISSUER, login_event, logout_event, refresh_event
from tests.support.stack import Answer, Function, Stack
from tests.support.wire import Fault, lost_response, passes

# So that the order is the same in every run, these tests make a second call in the middle of the first.
Tokens = dict[str, str]
Moment = Callable[[Callable[[], object]], Fault]

MOMENTS = pytest.mark.parametrize("moment", [before, after])
NEW_PASSWORD = "another fine passphrase"
POLICY = AccessTokenPolicy(ISSUER, AUDIENCE, 900)
CALLERS = 64
ROUNDS = 20


@pytest.fixture
def accounts(stack: Stack) -> Administration:
    """Return the operator's commands, which do not go over the wire."""
    stack.secrets.keep(NEW_PASSWORD, kind="password")
    return operators(stack)


@MOMENTS
def test_a_refresh_within_a_refresh(stack: Stack, refresh: Function, tokens: Tokens, moment: Moment) -> None:
    """F6, F33: both calls get the one successor, in either order of their writes."""
    event, inner = refresh_event(tokens["refresh_token"]), list[Answer]()
    stack.wire.next("UpdateItem", moment(lambda: inner.append(refresh(event))))

    outer = refresh(event)

    assert outer.json["refresh_token"] == inner[0].json["refresh_token"] != tokens["refresh_token"]
    assert (generation(stack), ends(stack)) == (1, {})


def test_a_refresh_within_a_refresh_that_loses_its_answer(stack: Stack, refresh: Function, tokens: Tokens) -> None:
    """F1, F6: the second caller converges between the first caller's write and the SDK's repetition of it."""
    event, inner = refresh_event(tokens["refresh_token"]), list[Answer]()
    stack.wire.next("UpdateItem", lost_response, before(lambda: inner.append(refresh(event))))

    outer = refresh(event)

    assert outer.json["refresh_token"] == inner[0].json["refresh_token"]
    assert [line["event"] for line in stack.output.security_events()][-2:] == ["refresh_converged", "refresh_rotated"]
    assert generation(stack) == 1


@MOMENTS
def test_a_strict_refresh_within_a_strict_refresh(stack: Stack, tokens: Tokens, moment: Moment) -> None:
    """F6 with RotationGraceSeconds 0: exactly one of two calls succeeds, and its successor is dead with the session."""
    refresh = stack.with_parameters(RotationGraceSeconds="0").function("refresh")
    event, inner = refresh_event(tokens["refresh_token"]), list[Answer]()
    stack.wire.next("UpdateItem", moment(lambda: inner.append(refresh(event))))

    answers = [refresh(event), *inner]

    assert sorted(answer.status for answer in answers) == [200, 400]
    assert INVALID_GRANT in answers
    winner = next(answer for answer in answers if answer.status == 200)
    assert refresh(refresh_event(winner.json["refresh_token"])) == INVALID_GRANT
    assert (generation(stack), ends(stack)) == (1, {tokens["session_id"]: "reused"})


@pytest.mark.parametrize("everywhere", [False, True])
@MOMENTS
def test_a_logout_within_a_refresh(
    stack: Stack, refresh: Function, logout: Function, tokens: Tokens, moment: Moment, *, everywhere: bool
) -> None:
    """F9, F11: the refresh can win once, but its successor is dead."""
    event = logout_event(tokens["refresh_token"], everywhere=everywhere)
    stack.wire.next("UpdateItem", moment(lambda: logout(event)))

    answer = refresh(refresh_event(tokens["refresh_token"]))

    assert ends(stack) == {tokens["session_id"]: "logout_all" if everywhere else "logout"}
    if moment is before:
        assert answer == INVALID_GRANT
        assert generation(stack) == 0
    else:
        assert refresh(refresh_event(answer.json["refresh_token"])) == INVALID_GRANT
    assert events_named(stack, "refresh_token_reused") == []


def test_a_logout_between_a_refresh_and_its_repetition(
    stack: Stack, refresh: Function, logout: Function, tokens: Tokens
) -> None:
    """F1, F9: a rotation whose answer was lost before the logout is not answered with tokens."""
    event = logout_event(tokens["refresh_token"])
    stack.wire.next("UpdateItem", lost_response, before(lambda: logout(event)))

    assert refresh(refresh_event(tokens["refresh_token"])) == INVALID_GRANT
    assert ends(stack) == {tokens["session_id"]: "logout"}


@MOMENTS
def test_a_refresh_within_a_logout(
    stack: Stack, refresh: Function, logout: Function, tokens: Tokens, moment: Moment
) -> None:
    """F9: the logout ends the session, whether the refresh comes before it or after."""
    event, inner = refresh_event(tokens["refresh_token"]), list[Answer]()
    stack.wire.next("TransactWriteItems", moment(lambda: inner.append(refresh(event))))

    assert logout(logout_event(tokens["refresh_token"])) == NO_CONTENT

    assert ends(stack) == {tokens["session_id"]: "logout"}
    assert inner[0].status == (200 if moment is before else 400)
    tokens_seen = [tokens["refresh_token"], *(answer.json.get("refresh_token", "x") for answer in inner)]
    assert [refresh(refresh_event(token)) for token in tokens_seen] == [INVALID_GRANT] * 2


@MOMENTS
def test_a_logout_within_a_logout(stack: Stack, logout: Function, tokens: Tokens, moment: Moment) -> None:
    """F10: both calls get the same answer, and the session ends once and is recorded once."""
    event, inner = logout_event(tokens["refresh_token"]), list[Answer]()
    stack.wire.next("TransactWriteItems", moment(lambda: inner.append(logout(event))))

    assert [logout(event), *inner] == [NO_CONTENT] * 2
    assert len(events_named(stack, "session_ended")) == 1


@MOMENTS
def test_reuse_within_reuse(stack: Stack, refresh: Function, tokens: Tokens, moment: Moment) -> None:
    """F7: two callers see the same reuse, and the session ends once and is recorded once."""
    event, inner = refresh_event(tokens["refresh_token"]), list[Answer]()
    successor = refresh(event).json["refresh_token"]
    stack.clock.advance(seconds=60)
    refresh(refresh_event(successor))
    stack.wire.next("TransactWriteItems", moment(lambda: inner.append(refresh(event))))

    assert [refresh(event), *inner] == [INVALID_GRANT] * 2
    assert ends(stack) == {tokens["session_id"]: "reused"}
    assert len(events_named(stack, "refresh_token_reused")) == 1


@pytest.mark.parametrize("position", range(4))
@MOMENTS
def test_a_refresh_within_a_logout_of_all(
    stack: Stack, login: Function, refresh: Function, logout: Function, moment: Moment, position: int
) -> None:
    """F11: a refresh of another session before or after each write, or around the query, leaves no session alive."""
    own, other = (login(login_event("ada", PASSWORD)).json for _ in range(2))
    interleaved = moment(lambda: refresh(refresh_event(other["refresh_token"])))
    if position == 3:
        stack.wire.next("Query", interleaved)
    else:
        stack.wire.next("UpdateItem", *[passes] * position, interleaved)

    assert logout(logout_event(own["refresh_token"], everywhere=True)) == NO_CONTENT

    assert ends(stack) == {own["session_id"]: "logout_all", other["session_id"]: "logout_all"}


@pytest.mark.parametrize("operation", ["GetItem", "TransactWriteItems"])
@pytest.mark.parametrize("act", ["password", "disable", "end", "rights", "delete"])
@MOMENTS
def test_all_sessions_end_within_a_login(
    stack: Stack, login: Function, accounts: Administration, operation: str, act: str, moment: Moment
) -> None:
    """F11, F12, DC-12: a login that read the user before is answered 503; a session that opened before ends."""
    acts: dict[str, Callable[[], object]] = {
        "password": lambda: accounts.set_password(accounts.find("ada"), NEW_PASSWORD),
        "disable": lambda: accounts.disable(accounts.find("ada")),
        "end": lambda: accounts.end_sessions(accounts.find("ada")),
        "rights": lambda: rights_of_operators(stack).set_rights(accounts.find("ada"), scope="read", roles=()),
        "delete": lambda: accounts.delete(accounts.find("ada")),
    }
    stack.wire.next(operation, moment(acts[act]))

    answer = login(login_event("ada", PASSWORD))

    if (operation, moment) == ("GetItem", before):  # the login has not begun
        assert (answer.status == 200) if act in {"end", "rights"} else (answer == INVALID_CREDENTIALS)
        assert len(stack.session_items()) == (1 if act in {"end", "rights"} else 0)
    elif (operation, moment) == ("TransactWriteItems", after):
        assert answer.status == 200
        assert (answer.json["session_id"] in ends(stack)) or (act == "delete" and stack.session_items() == [])
        assert stack.function("refresh")(refresh_event(answer.json["refresh_token"])) == INVALID_GRANT
    else:
        assert answer == UNAVAILABLE
        assert stack.session_items() == []
    again = login(login_event("ada", PASSWORD))
    assert (again.status == 200) if act in {"end", "rights"} else (again == INVALID_CREDENTIALS)


@pytest.fixture
def fast_switching() -> Iterator[None]:
    """Let threads switch as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("fast_switching")
@pytest.mark.parametrize("grace_seconds", [10, 0])
def test_many_threads_with_one_token(grace_seconds: int) -> None:
    """F6, I5: 64 calls at once, 20 times, make one increment and one successor; strict rotation: one success."""
    with ThreadPoolExecutor(CALLERS) as pool:
        for _ in range(ROUNDS):
            store, events = MemoryStore(identities={"ada": ada()}), list[SecurityEvent]()
            source, sessions = FixedKeyRing(key_ring().at(MADE_AT_SECONDS)), MemorySessions(store)
            ending = EndSessions(
                sessions=sessions,
                revocations=None,
                clock=lambda: START_MS,
                entropy=secrets.token_bytes,
                record=events.append,
            )
            password_login = Login(
                limit=PasswordAttemptLimit(
                    attempts=MemoryAttempts(),
                    clock=lambda: START_MS,
                    entropy=secrets.token_bytes,
                    pause=time.sleep,
                    record=events.append,
                ),
                profiles=OUR_PROFILES,
                identities=MemoryIdentities(store),
                start_session=StartSession(
                    MemorySessionOpening(store),
                    {BODY: SessionPolicy(idle_seconds=86_400, absolute_seconds=86_400)},
                    clock=lambda: START_MS,
                    entropy=secrets.token_bytes,
                ),
                replace_session=ReplaceSession(key_ring=source, end_sessions=ending, record=events.append),
                session_limit=SessionLimit(
                    sessions=sessions,
                    max_sessions=20,
                    end_sessions=ending,
                    clock=lambda: START_MS,
                    record=events.append,
                ),
                second_step=None,
                key_ring=source,
                entropy=secrets.token_bytes,
                record=events.append,
            )
            log_in = PasswordLogin(password_login, secrets.token_bytes)
            token = log_in("ada", PASSWORD, POLICY, address="203.0.113.7").refresh_token
            refresh = Refresh(
                sessions=sessions,
                end_sessions=ending,
                dead_tokens=DeadTokenLimit(MemoryAttempts(), lambda: START_MS, events.append),
                key_ring=source,
                idle_seconds=86_400,
                limits=RotationLimits(grace_seconds, late_retry_seconds=86_400, late_retry_elsewhere=True),
                clock=lambda: START_MS,
                entropy=secrets.token_bytes,
                record=events.append,
            )
            successors = Counter(pool.map(caller(refresh, token), range(CALLERS)))

            names = Counter(event.name for event in events)
            assert names[EventName.REFRESH_ROTATED] == 1
            if grace_seconds:
                assert list(successors.values()) == [CALLERS]
                [session] = store.sessions.values()
                assert session.generation == 1
            else:
                assert sorted(successors.values()) == [1, CALLERS - 1]
                assert successors[""] == CALLERS - 1
                [ended] = store.ended.values()
                assert (ended.generation, ended.reason) == (1, "reused")
                assert names[EventName.REFRESH_TOKEN_REUSED] == 1


def caller(refresh: Refresh, token: str) -> Callable[[int], str]:
    """Return a function that refreshes when all callers are ready. It returns the successor, or "" if it is refused."""
    all_there = Barrier(CALLERS)

    def call(_number: int) -> str:
        all_there.wait()
        try:
            return refresh(token, POLICY).refresh_token
        except InvalidGrant:
            return ""

    return call
