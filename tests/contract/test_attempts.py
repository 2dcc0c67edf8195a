import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import pytest

from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.credentials.passwords import check_password
from edge_auth.errors import InvalidCredentials, TooManyAttempts
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.throttling.counters import PROVEN_SECONDS, Backoff, Counted, Rate
from edge_auth.throttling.limits import ACCOUNT_BACKOFF
from tests.contract.conftest import DYNAMODB_ENGINES
from tests.support import memory_aws
from tests.support.dynamodb.engines import ENDPOINT_VARIABLE
from tests.support.dynamodb.tables import create_table
from tests.support.fakes.attempts import MemoryAttempts

BACKOFF = Backoff(free_attempts=3, longest_seconds=900, memory_seconds=86_400)
RATE = Rate(attempts=6, seconds=60, burst=3)
NOW_MS = 2_000_000_000_000


@dataclass
class Counting:
    """The port, with the test's own clock."""

    attempts: Attempts
    is_atomic: bool
    now_ms: int = NOW_MS

    def tries(self, source: str = "home", account: str = "ada") -> Counted:
        """Try once."""
        return self.attempts.count(account, BACKOFF, source=source, now_ms=self.now_ms)

    def waits(self, source: str = "home", account: str = "ada") -> int:
        """Try once, be refused, and return the seconds to wait."""
        with pytest.raises(TooManyAttempts) as refused:
            self.tries(source, account)
        return refused.value.retry_after_seconds

    def succeeds(self, source: str = "home", account: str = "ada") -> None:
        """Try once, with success."""
        self.attempts.succeed(account, self.tries(source, account), source=source, now_ms=self.now_ms)

    def books(self, source: str = "home") -> None:
        """Book once."""
        self.attempts.book(source, RATE, now_ms=self.now_ms)

    def books_out(self, source: str = "home") -> int:
        """Book once, be refused, and return the seconds to wait."""
        with pytest.raises(TooManyAttempts) as refused:
            self.books(source)
        return refused.value.retry_after_seconds

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.now_ms += round(seconds * 1000)


@pytest.fixture(params=["memory", *DYNAMODB_ENGINES])
def counting(request: pytest.FixtureRequest) -> Iterator[Counting]:
    """Yield counters without any attempt."""
    name = f"throttle-{uuid.uuid4().hex}"
    if request.param == "memory":
        yield Counting(MemoryAttempts(), is_atomic=True)
    elif request.param == "moto":
        create_table(memory_aws.dynamodb(), "ThrottleTable", name)
        yield Counting(DynamoDBAttempts(memory_aws.dynamodb(), table=name), is_atomic=False)
    else:
        client = boto3.session.Session().client("dynamodb", endpoint_url=os.environ[ENDPOINT_VARIABLE])
        create_table(client, "ThrottleTable", name)
        yield Counting(DynamoDBAttempts(client, table=name), is_atomic=True)
        client.delete_table(TableName=name)
        client.close()


def test_a_few_attempts_are_free_and_then_each_waits_longer(counting: Counting) -> None:
    """P11: three attempts are free, then the waits are 1, 2, 4 seconds and so on, up to 15 minutes."""
    assert [counting.tries().attempts for _ in range(3)] == [1, 2, 3]
    waited = []
    for _ in range(13):
        waited.append(counting.waits())
        counting.passes(waited[-1])
        counting.tries()
    assert waited == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_an_attempt_that_has_to_wait_does_not_count(counting: Counting) -> None:
    """P11: refused attempts do not make the wait longer."""
    for _ in range(3):
        counting.tries()
    for _ in range(50):
        assert counting.waits() == 1
    counting.passes(1)
    assert counting.tries().attempts == 4


def test_a_wait_ends_to_the_millisecond(counting: Counting) -> None:
    """A client that waits for the seconds of Retry-After is let through."""
    for _ in range(3):
        counting.tries()
    counting.passes(0.999)
    assert counting.waits() == 1
    counting.passes(0.001)
    counting.tries()


def test_accounts_do_not_share_their_attempts(counting: Counting) -> None:
    """An attack on one account does not make another account wait."""
    for _ in range(3):
        counting.tries(account="ada")
    assert counting.waits(account="ada") == 1
    counting.tries(account="bob")


def test_a_success_forgets_the_attempts(counting: Counting) -> None:
    """P11: only consecutive failures count."""
    counting.tries()
    counting.tries()
    counting.succeeds()
    assert [counting.tries().attempts for _ in range(3)] == [1, 2, 3]


def test_successes_alone_never_have_to_wait(counting: Counting) -> None:
    """A script that logs in with the right password every second never waits."""
    for _ in range(20):
        counting.succeeds()


def test_a_quiet_day_forgets_the_attempts(counting: Counting) -> None:
    """The attempts are forgotten a day after the last of them."""
    for _ in range(3):
        counting.tries()
    counting.passes(BACKOFF.memory_seconds)
    assert [counting.tries().attempts for _ in range(3)] == [1, 2, 3]


def test_strangers_cannot_lock_out_a_source_that_logged_in(counting: Counting) -> None:
    """P11: an attack from one source does not make the owner wait at a proven source."""
    counting.succeeds("home")
    for _ in range(3):
        counting.tries("elsewhere")
    for _ in range(7):
        counting.passes(counting.waits("elsewhere"))
        counting.tries("elsewhere")
    assert counting.waits("elsewhere") == 128

    counting.succeeds("home")

    assert counting.tries("home").attempts == 1


def test_a_proven_source_has_to_wait_for_its_own_mistakes(counting: Counting) -> None:
    """P11: an attacker in the owner's network has the usual free attempts and waits, and no more."""
    counting.succeeds("home")
    for _ in range(3):
        counting.tries("elsewhere")
    assert [counting.tries("home").attempts for _ in range(3)] == [1, 2, 3]
    assert counting.waits("home") == 1
    counting.passes(1)
    counting.tries("elsewhere")
    assert counting.tries("home").attempts == 4
    assert counting.waits("home") == 2


def test_a_source_is_proven_for_thirty_days(counting: Counting) -> None:
    """After thirty days the source waits like any other."""
    counting.succeeds("home")
    counting.passes(PROVEN_SECONDS)
    for _ in range(3):
        counting.tries("elsewhere")
    assert counting.waits("home") == 1


def test_a_rate_lets_a_burst_through_and_then_its_pace(counting: Counting) -> None:
    """P13: three attempts at once are let through, then one every ten seconds."""
    for _ in range(3):
        counting.books()
    assert counting.books_out() == 10
    counting.passes(9.999)
    assert counting.books_out() == 1
    counting.passes(0.001)
    counting.books()
    assert counting.books_out() == 10


def test_a_rate_that_was_not_used_saves_up_its_burst_and_no_more(counting: Counting) -> None:
    """After a quiet hour the burst is not larger."""
    counting.books()
    counting.passes(3600)
    for _ in range(3):
        counting.books()
    assert counting.books_out() == 10


def test_sources_do_not_share_their_rate(counting: Counting) -> None:
    """A source over its rate does not make another source wait."""
    for _ in range(3):
        counting.books("home")
    assert counting.books_out("home") == 10
    counting.books("elsewhere")


def test_of_many_at_once_only_the_free_ones_are_let_through(counting: Counting) -> None:
    """P12: of 200 attempts at once three are let through, and of 200 bookings at once three."""
    if not counting.is_atomic:
        pytest.skip("its writes cannot race in threads")
    let_through: list[str] = []

    def run(act: str) -> None:
        try:
            counting.tries() if act == "count" else counting.books()
        except TooManyAttempts:
            return
        let_through.append(act)

    threads = [threading.Thread(target=run, args=(act,)) for act in ("count", "book") for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(let_through) == ["book"] * 3 + ["count"] * 3


def test_a_burst_of_wrong_passwords_is_hashed_no_more_often_than_the_limit_says(counting: Counting) -> None:
    """P12: of 200 logins at once on one account, each with a wrong password, five run Argon2 and the others wait."""
    if not counting.is_atomic:
        pytest.skip("its writes cannot race in threads")
    limits = PasswordAttemptLimit(attempts=counting.attempts, clock=lambda: counting.now_ms, record=lambda _event: None)
    outcomes: list[type[Exception]] = []
    all_there = threading.Barrier(200)

    def log_in() -> None:
        all_there.wait()
        try:
            limits.admit("ada", "203.0.113.7")
            check_password(b"wrong", None)
        except (TooManyAttempts, InvalidCredentials) as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=log_in) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count(InvalidCredentials) == ACCOUNT_BACKOFF.free_attempts
    assert outcomes.count(TooManyAttempts) == 200 - ACCOUNT_BACKOFF.free_attempts
