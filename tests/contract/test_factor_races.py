"""Races for one code on a real engine, also while answers get lost."""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from edge_auth import base64url
from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.adapters.aws import dynamodb_client
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.factors import DynamoDBFactors
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.passkeys import DynamoDBPasskeyOpening
from edge_auth.adapters.dynamodb.redemptions import DynamoDBRedemptions
from edge_auth.adapters.dynamodb.session_opening import DynamoDBSessionOpening
from edge_auth.adapters.dynamodb.session_replacement import DynamoDBSessionReplacement
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.challenges import ProofSpent
from edge_auth.flows.ports.factors import FactorUse
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.passkeys import ChallengeSpent, PasskeyUse
from edge_auth.flows.ports.sessions import AlreadyEnded
from edge_auth.sessions.session import Session
from edge_auth.tokens.passkey_challenge import Challenge
from edge_auth.tokens.proof_token import Kind, Proof
from tests.support.dynamodb.engine_of_run import endpoint, needs_engine
from tests.support.dynamodb.engines import Tables, endpoint_tables
from tests.support.dynamodb.lost_answers import losing
from tests.support.dynamodb.proofs import a_challenge, a_proof
from tests.support.dynamodb.racers import check_that_each_won
from tests.support.dynamodb.records import NOW_SECONDS, a_session

pytestmark = needs_engine

ROUNDS = max(2, int(os.environ.get("EDGE_AUTH_RACES", "5")) // 10)
CALLERS = 64
PHONE = RegisteredPasskey(b"id", b"key", 0, False, False, "phone", 1)  # noqa: FBT003 - its fields in order
FACTORS = Factors(totp=b"sealed", totp_step=100, recovery=frozenset({"code-a", "code-b"}))


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tables]:
    """Yield the tables of an empty deployment, which the product's own clients find."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint())
    with endpoint_tables() as opened:
        yield opened


def a_user(number: int) -> Identity:
    """Return the user of a round, with an app."""
    user_id = base64url.encode(number.to_bytes(16))
    return Identity(user_id, f"user-{number}", "$hash", ACTIVE, 0, 1, factors=FACTORS, factors_version=1)


@pytest.mark.parametrize("loses", [False, True], ids=["answered", "lost answers"])
@pytest.mark.parametrize(
    "use", [FactorUse(1, totp_step=101), FactorUse(1, recovery_code="code-a")], ids=["app", "paper"]
)
def test_of_64_logins_with_one_code_one_opens_a_session(tables: Tables, use: FactorUse, *, loses: bool) -> None:
    """SB1, SB2, SB9: in each round one session, whose login knows that it is open, or was told nothing at all."""
    clients = [losing(dynamodb_client()) if loses else dynamodb_client() for _ in range(8)]
    openings = [
        DynamoDBSessionOpening(client, identities_table=tables.identities, sessions_table=tables.sessions)
        for client in clients
    ]
    identities = DynamoDBIdentities(tables.client, table=tables.identities)
    outcomes: Counter[str] = Counter()
    with ThreadPoolExecutor(CALLERS) as pool:
        for number in range(ROUNDS):
            user = a_user(number)
            identities.create(user)

            def log_in(caller: int, user: Identity = user) -> str:
                session = a_session(caller, user_id=user.user_id)
                try:
                    openings[caller % len(openings)].open(session, username=user.username, epoch=0, factor=use)
                except EpochMoved:
                    return "refused"
                except TemporarilyUnavailable:
                    return "unavailable"
                return "opened"

            told = Counter(pool.map(log_in, range(CALLERS)))
            outcomes += told
            assert told["opened"] <= 1
    items = tables.session_items()
    assert len(items) == len({repr(item["user_id"]) for item in items}), "a user has two sessions"
    # A round in which every transaction met another one six times has no winner: its code is good as before.
    assert outcomes["opened"] <= len(items) <= ROUNDS
    assert outcomes["opened"] > ROUNDS * 0.8 - 1
    for number in range(ROUNDS):
        left = identities.find(f"user-{number}").factors
        assert left is not None
        is_used = left.totp_step == 101 or len(left.recovery) == 1
        assert is_used == any(item["user_id"] == {"S": a_user(number).user_id} for item in items)


@pytest.mark.parametrize("loses", [False, True], ids=["answered", "lost answers"])
def test_of_resets_and_logins_with_one_code_one_has_it(tables: Tables, *, loses: bool) -> None:
    """SB1, SB9: in each round a session or a password. A code that is used without either would be lost."""
    clients = [losing(dynamodb_client()) if loses else dynamodb_client() for _ in range(8)]
    places = {"identities_table": tables.identities}
    openings = [DynamoDBSessionOpening(one, sessions_table=tables.sessions, **places) for one in clients]
    redemptions = [DynamoDBRedemptions(one, challenges_table=tables.challenges, **places) for one in clients]
    identities = DynamoDBIdentities(tables.client, table=tables.identities)
    challenges = DynamoDBChallenges(tables.client, table=tables.challenges)
    use, outcomes = FactorUse(1, totp_step=101), Counter[str]()
    with ThreadPoolExecutor(CALLERS) as pool:
        for number in range(ROUNDS):
            user = a_user(number)
            proof = a_proof(user_id=user.user_id)
            identities.create(user)
            challenges.put(a_challenge(proof))

            def act(caller: int, user: Identity = user, proof: Proof = proof) -> str:
                try:
                    if caller % 2:
                        session = a_session(caller, user_id=user.user_id)
                        openings[caller % 8].open(session, username=user.username, epoch=0, factor=use)
                        return "opened"
                    redemptions[caller % 8].set_password(
                        proof, user, f"$reset{caller}", now_seconds=NOW_SECONDS, factor=use
                    )
                except (EpochMoved, ProofSpent):
                    return "refused"
                except TemporarilyUnavailable:
                    return "unavailable"
                return "set"

            told = Counter(pool.map(act, range(CALLERS)))
            outcomes += told
            assert told["opened"] + told["set"] <= 1
            found, spent = identities.find(user.username), challenges.find(Kind.RESET, user.user_id).spent_at_seconds
            has_session = any(item["user_id"] == {"S": user.user_id} for item in tables.session_items())
            assert found.factors is not None
            is_used, is_set = found.factors.totp_step == 101, found.password_hash != user.password_hash
            assert (is_set, found.epoch) == (spent > 0, int(is_set))
            assert is_used == (has_session or is_set)
            assert not (has_session and is_set)
    assert outcomes["opened"] + outcomes["set"] >= ROUNDS * 0.8


@pytest.mark.parametrize("loses", [False, True], ids=["answered", "lost answers"])
def test_of_64_answers_to_one_challenge_one_is_a_session(tables: Tables, *, loses: bool) -> None:
    """SB5, SA3: half of them sign in, and half step a session up. One counts, and the challenge is spent with it."""
    clients = [losing(dynamodb_client()) if loses else dynamodb_client() for _ in range(8)]
    places = {
        "identities_table": tables.identities,
        "sessions_table": tables.sessions,
        "throttle_table": tables.throttle,
    }
    openings = [DynamoDBPasskeyOpening(one, **places) for one in clients]
    replacements = [DynamoDBSessionReplacement(one, **places) for one in clients]
    identities = DynamoDBIdentities(tables.client, table=tables.identities)
    first_opening = DynamoDBSessionOpening(
        tables.client, identities_table=tables.identities, sessions_table=tables.sessions
    )
    outcomes = Counter[str]()
    with ThreadPoolExecutor(CALLERS) as pool:
        for number in range(ROUNDS):
            user = replace(a_user(number), factors=None, passkeys=(PHONE,))
            identities.create(user)
            old = a_session(CALLERS, user_id=user.user_id)
            first_opening.open(old, username=user.username, epoch=0)
            use = PasskeyUse(PHONE, PHONE._replace(used_at_seconds=7), Challenge(f"round {number}", NOW_SECONDS + 300))

            def act(caller: int, user: Identity = user, old: Session = old, use: PasskeyUse = use) -> str:
                session = a_session(caller, user_id=user.user_id)
                try:
                    if caller % 2:
                        openings[caller % 8].open(session, user, use)
                        return "opened"
                    replacements[caller % 8].replace(
                        old, session, username=user.username, epoch=0, end_id=f"end {caller}", factor=use
                    )
                except (ChallengeSpent, EpochMoved, AlreadyEnded):
                    return "refused"
                except TemporarilyUnavailable:
                    return "unavailable"
                return "stepped up"

            told = Counter(pool.map(act, range(CALLERS)))
            outcomes += told
            assert told["opened"] + told["stepped up"] <= 1
            items = [item for item in tables.session_items() if item["user_id"] == {"S": user.user_id}]
            living = {str(item["session_id"]) for item in items if "absolute_expires_at" in item}
            is_old_alive = str({"S": old.session_id}) in living
            is_spent = identities.find(user.username).passkeys[0].used_at_seconds == 7
            assert len(living) == (2 if is_spent and is_old_alive else 1)
            if not is_old_alive:
                assert is_spent
    assert outcomes["opened"] + outcomes["stepped up"] >= ROUNDS * 0.8
    check_that_each_won(ROUNDS, outcomes["opened"], outcomes["stepped up"])


def test_of_64_wrong_codes_each_counts_at_least_once(tables: Tables) -> None:
    """SB7: also while answers get lost, some of them twice. One that was sent twice may count twice."""
    store = DynamoDBFactors(losing(dynamodb_client()), table=tables.identities)

    def count(_: int) -> None:
        with suppress(TemporarilyUnavailable):  # the code is counted, and its user is told to try again
            store.count_failure(user)

    identities = DynamoDBIdentities(tables.client, table=tables.identities)
    user = a_user(0)
    identities.create(user)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(count, range(CALLERS)))
    left = identities.find(user.username).factors
    assert left is not None
    assert CALLERS <= left.failures <= 2 * CALLERS
