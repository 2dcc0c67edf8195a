"""Processes that race on a real engine: in every round each process acts at the same moment as the others.

A racer reads before it waits for the others, so all its writes are in the race.
"""

import multiprocessing
import os
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from edge_auth import base64url
from edge_auth.accounts.identity import ACTIVE, DISABLED, Identity
from edge_auth.adapters.aws import dynamodb_client
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.redemptions import DynamoDBRedemptions
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.session_opening import DynamoDBSessionOpening
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.clock import now_ms
from edge_auth.credentials.passwords import hash_password
from edge_auth.credentials.profiles import OUR_PROFILES
from edge_auth.errors import InvalidCredentials, InvalidGrant, TemporarilyUnavailable, UsernameTaken
from edge_auth.flows.limits.dead_tokens import DeadTokenLimit
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.challenges import ProofSpent
from edge_auth.flows.ports.sessions import AlreadyEnded
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.flows.sessions.logout import Logout, Reach
from edge_auth.flows.sessions.refresh import Refresh
from edge_auth.flows.sessions.session_limit import SessionLimit
from edge_auth.flows.sign_in.login import Login
from edge_auth.flows.sign_in.new_session import SessionPolicy
from edge_auth.flows.sign_in.replace_session import ReplaceSession
from edge_auth.flows.sign_in.signed_in import SignInClient
from edge_auth.flows.sign_in.start_session import StartSession
from edge_auth.keys.ring import KeysInForce, TimedKey
from edge_auth.sessions.client_description import UNKNOWN_CLIENT
from edge_auth.sessions.rotation_rule import RotationLimits
from edge_auth.sessions.session import BODY, Session
from edge_auth.tokens.proof_token import BINDING_BYTES, Kind, Proof
from edge_auth.tokens.refresh_token import RefreshToken, mint, parse
from tests.support.access_tokens import key
from tests.support.deployment import MAC_KEY, POLICY
from tests.support.dynamodb.engine_of_run import endpoint
from tests.support.dynamodb.engines import Tables
from tests.support.fakes.attempts import MemoryAttempts
from tests.support.fakes.stores import FixedKeyRing

if TYPE_CHECKING:
    from edge_auth.events.security_event import SecurityEvent

DAY_SECONDS = 86_400
LIMITS = RotationLimits(grace_seconds=10, late_retry_seconds=DAY_SECONDS, late_retry_elsewhere=True)
PASSWORD = "a fine long passphrase"
JITTER_SECONDS = 0.004  # about as long as a write, so the first racer differs from round to round
CALLERS_OF_A_PROCESS = 8  # no more than its client has connections
ROUNDS_THAT_SHOW_A_RACE = 100  # with so many, each racer is sometimes the first, also on a busy machine
PATIENCE_SECONDS = 30  # a racer whose process died does not come
SEED = b"seed of a race.."


def user_id(number: int) -> str:
    """Return the id of the user of a round."""
    return base64url.encode(number.to_bytes(16))


def username(number: int) -> str:
    """Return the name of the user of a round."""
    return f"user-{number}"


def first_token(number: int) -> RefreshToken:
    """Return the first refresh token of the first session of a round's user."""
    session_id = user_id((number + 1) * 2**64)  # its beginning, which the feed has, is of this round only
    return RefreshToken(user_id(number), session_id, generation=0, seed=SEED)


def a_session(number: int, **changes: Any) -> Session:  # noqa: ANN401 - any field of Session
    """Return the first session of the user of a round."""
    token, now = first_token(number), now_ms()
    session = Session(
        user_id=token.user_id,
        session_id=token.session_id,
        seed_hash=token.seed_hash,
        generation=token.generation,
        rotated_at_ms=0,
        rotation_id="",
        created_at_ms=now,
        auth_time_seconds=now // 1000,
        idle_expires_at_seconds=now // 1000 + DAY_SECONDS,
        absolute_expires_at_seconds=now // 1000 + DAY_SECONDS,
        client_id="first-party",
    )
    return session._replace(**changes)


@dataclass(frozen=True)
class Place:
    """The tables, the rounds and the start of a race. It can be pickled, unlike a client.

    Where `revocations` is empty, the feed of ended sessions is off. `throttle` has the spent challenges of passkeys.
    """

    identities: str
    sessions: str
    challenges: str
    throttle: str
    revocations: str
    rounds: int
    start: Barrier

    def wait(self, within_seconds: float = JITTER_SECONDS) -> None:
        """Wait for the others, and then for a random moment within this time."""
        self.start.wait(PATIENCE_SECONDS)
        time.sleep(random.random() * within_seconds)  # noqa: S311 - no secret


class Racer:
    """The use cases of one process, with its own client."""

    def __init__(self, place: Place) -> None:
        """Make the process's own client and its ports."""
        self.place = place
        self.client = client = dynamodb_client()
        self.identities = DynamoDBIdentities(client, table=place.identities)
        self.sessions = DynamoDBSessions(client, table=place.sessions)
        self.redemptions = DynamoDBRedemptions(
            client, challenges_table=place.challenges, identities_table=place.identities
        )
        self.opening = DynamoDBSessionOpening(client, identities_table=place.identities, sessions_table=place.sessions)
        keys = KeysInForce((TimedKey(key("ES256"), 0, 0),), MAC_KEY, {MAC_KEY.key_id: MAC_KEY})
        self.key_ring = FixedKeyRing(keys)
        self.threads = ThreadPoolExecutor(CALLERS_OF_A_PROCESS)
        self.events: list[SecurityEvent] = []
        feed = DynamoDBRevocations(client, table=place.revocations, clock=now_ms) if place.revocations else None
        self.end_sessions = EndSessions(
            sessions=self.sessions,
            revocations=feed,
            clock=now_ms,
            entropy=secrets.token_bytes,
            record=self.events.append,
        )

    def log_in(self, number: int, max_sessions: int = 20) -> None:
        """Log in. The identity is read and the password is checked before the start."""
        place, opening, began_at = self.place, self.opening, time.monotonic()

        class AtTheStart:
            def open(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed through
                # Some requests of this machine at this moment, because a logout reads twice before it writes.
                place.wait(within_seconds=(time.monotonic() - began_at) / 4)
                opening.open(*args, **kwargs)

        parts: dict[str, Any] = {"clock": now_ms, "entropy": secrets.token_bytes, "record": self.events.append}
        Login(
            limit=PasswordAttemptLimit(attempts=MemoryAttempts(), pause=time.sleep, **parts),
            profiles=OUR_PROFILES,
            identities=self.identities,
            start_session=StartSession(
                AtTheStart(),
                {BODY: SessionPolicy(DAY_SECONDS, DAY_SECONDS)},
                clock=now_ms,
                entropy=secrets.token_bytes,
            ),
            replace_session=ReplaceSession(
                key_ring=self.key_ring, end_sessions=self.end_sessions, record=self.events.append
            ),
            session_limit=SessionLimit(
                sessions=self.sessions,
                max_sessions=max_sessions,
                end_sessions=self.end_sessions,
                clock=now_ms,
                record=self.events.append,
            ),
            second_step=None,
            key_ring=self.key_ring,
            entropy=secrets.token_bytes,
            record=self.events.append,
        )(username(number), PASSWORD, SignInClient("203.0.113.7", UNKNOWN_CLIENT, BODY))

    def log_in_alone(self, number: int) -> None:
        """Log in with a limit of one session."""
        self.log_in(number, max_sessions=1)

    def log_out(self, number: int) -> None:
        """End the first session, with its first refresh token."""
        self._log_out(number, Reach.ONE)

    def log_out_everywhere(self, number: int) -> None:
        """End all sessions of the user, with the first refresh token."""
        self._log_out(number, Reach.ALL)

    def _log_out(self, number: int, reach: Reach) -> None:
        logout = Logout(
            identities=self.identities,
            sessions=self.sessions,
            key_ring=self.key_ring,
            end_sessions=self.end_sessions,
            dead_tokens=DeadTokenLimit(MemoryAttempts(), now_ms, self.events.append),
            limits=LIMITS,
            clock=now_ms,
        )
        self.place.wait()
        insisting(lambda: logout(mint(first_token(number), MAC_KEY), reach))

    def refresh(self, number: int) -> None:
        """Refresh the first session."""
        refresh = self.refresh_flow()
        self.place.wait()
        refresh(mint(first_token(number), MAC_KEY), POLICY)

    def refresh_together(self, number: int) -> Counter[str]:
        """Refresh the first session in many threads. Return how often each generation was the answer."""
        refresh, token = self.refresh_flow(), mint(first_token(number), MAC_KEY)

        def answer(_: int) -> str:
            time.sleep(random.random() * JITTER_SECONDS)  # noqa: S311 - no secret
            granted = refresh(token, POLICY)
            return f"generation {parse(granted.refresh_token, {MAC_KEY.key_id: MAC_KEY}).generation}"

        self.place.wait()
        return Counter(self.threads.map(answer, range(CALLERS_OF_A_PROCESS)))

    def refresh_flow(self) -> Refresh:
        """Return the use case."""
        return Refresh(
            sessions=self.sessions,
            end_sessions=self.end_sessions,
            dead_tokens=DeadTokenLimit(MemoryAttempts(), now_ms, self.events.append),
            key_ring=self.key_ring,
            idle_seconds=DAY_SECONDS,
            limits=LIMITS,
            clock=now_ms,
            entropy=secrets.token_bytes,
            record=self.events.append,
        )

    def set_password(self, number: int) -> None:
        """Set another password hash, and end all sessions."""
        self.place.wait()
        insisting(lambda: self.identities.change_password(an_identity(number, password_hash=""), "$argon2id$another"))
        self._end_all(number)

    def reset(self, number: int) -> None:
        """Set another password with the proof of a mail, and end all sessions. Of several racers one sets it."""
        identity, proof = an_identity(number, password_hash=""), a_reset_proof(number)
        self.place.wait()
        password_hash = f"$argon2id${os.getpid()}"
        insisting(lambda: self.redemptions.set_password(proof, identity, password_hash, now_seconds=now_ms() // 1000))
        self._end_all(number)

    def disable(self, number: int) -> None:
        """Disable the user, and end all sessions."""
        self.place.wait()
        insisting(lambda: self.identities.change_status(an_identity(number, password_hash=""), DISABLED))
        self._end_all(number)

    def end(self, number: int) -> None:
        """End the first session."""
        self.place.wait()
        self.end_sessions.one(first_token(number), reason="race")

    def create(self, number: int) -> None:
        """Create a user with the round's name and this process's own id."""
        identity = an_identity(number, password_hash=f"$argon2id${os.getpid()}")
        self.place.wait()
        self.identities.create(replace(identity, user_id=base64url.encode(secrets.token_bytes(16))))

    def _end_all(self, number: int) -> None:
        insisting(lambda: self.end_sessions.all(user_id(number), reason="race"))


def an_identity(number: int, *, password_hash: str) -> Identity:
    """Return the user of a round."""
    return Identity(user_id(number), username(number), password_hash, ACTIVE, 0, now_ms() // 1000)


def a_reset_proof(number: int) -> Proof:
    """Return the proof of the mail that the user of a round has asked for. It is good for years."""
    return Proof(Kind.RESET, user_id(number), user_id(number), 4_000_000_000, bytes(BINDING_BYTES))


def a_password_hash() -> str:
    """Return a new hash of the password."""
    return hash_password(PASSWORD.encode(), entropy=secrets.token_bytes)


def insisting(act: Callable[[], object]) -> None:
    """Repeat an act while it is temporarily unavailable, at most 20 times, as a client does."""
    for _ in range(20):
        try:
            act()
        except TemporarilyUnavailable:
            continue
        return
    raise AssertionError("the act was unavailable 20 times")


def run(
    act: str, place: Place, outcomes: "multiprocessing.Queue[dict[str, int]]", kind: type[Racer], engine: str
) -> None:
    """Run one racer, in a process of its own: do the act in every round, and put the count of each outcome.

    Events that want a person's attention are outcomes too. `engine` is the address at which the client calls.
    """
    os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = engine
    racer = kind(place)
    counted: Counter[str] = Counter()
    for number in range(place.rounds):
        try:
            result = getattr(racer, act)(number)
        except (InvalidCredentials, InvalidGrant, TemporarilyUnavailable, UsernameTaken) as error:
            counted[f"{act}: {error.code}"] += 1
        except ProofSpent:
            counted[f"{act}: proof_spent"] += 1
        except AlreadyEnded:
            counted[f"{act}: already_ended"] += 1
        else:
            counted.update({f"{act}: {name}": times for name, times in (result or {"done": 1}).items()})
    counted.update(f"event: {event.name}" for event in racer.events if event.wants_attention)
    outcomes.put(dict(counted))


def race(tables: Tables, rounds: int, *acts: str, revocations: str = "", kind: type[Racer] = Racer) -> Counter[str]:
    """Run one process for each act over all rounds, and return the count of each outcome.

    `revocations` is the table of the feed of ended sessions, empty if it is off. `kind` has the acts.
    """
    processes = _processes()
    names = tables.identities, tables.sessions, tables.challenges, tables.throttle
    place = Place(*names, revocations, rounds, processes.Barrier(len(acts)))
    outcomes = processes.Queue()
    racers = [processes.Process(target=run, args=(act, place, outcomes, kind, endpoint()), daemon=True) for act in acts]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * len(acts)
    return sum((Counter(outcomes.get()) for _ in acts), Counter())


def check_that_each_won(rounds: int, *times: int) -> None:
    """Check that each of these happened: nobody always came first, so it was a race. Few rounds show nothing."""
    assert rounds < ROUNDS_THAT_SHOW_A_RACE or all(times), times


@cache
def _processes() -> ForkServerContext:
    """Return the maker of processes that share no connection and no state: they are copies of one that has none."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.support.dynamodb.racing"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # Python 3.11 does not hand its own path on
        forkserver.ensure_running()
    return processes
