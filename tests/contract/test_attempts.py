import os
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.credentials.passwords import check_password
from edge_auth.errors import InvalidCredentials, TooManyAttempts
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.throttling.counters import KEPT_SECONDS, Attempt, Backoff, Counted, Rate
from edge_auth.throttling.limits import PASSWORD_BACKOFF, login_limit
from edge_auth.throttling.rule import AttemptsUndecided
from tests.contract.conftest import DYNAMODB_ENGINES
from tests.support import memory_aws
from tests.support.dynamodb.engines import ENDPOINT_VARIABLE
from tests.support.dynamodb.tables import create_table, items
from tests.support.fakes.attempts import MemoryAttempts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BACKOFF = Backoff(free_attempts=3, longest_seconds=900, memory_seconds=86_400, undecided_seconds=300)
RATE = Rate(attempts=6, seconds=60, burst=3)
NOW_MS = 2_000_000_000_000

_ids = count()


@dataclass
class Counting:
    """The port, with the test's own clock. `client` and `table` are those of a DynamoDB engine."""

    attempts: Attempts
    is_atomic: bool
    client: "DynamoDBClient | None" = None
    table: str = ""
    now_ms: int = NOW_MS

    def attempt(self) -> Attempt:
        """Return a new attempt of this moment."""
        return Attempt(f"{next(_ids):016x}", self.now_ms)

    def tries(self, account: str = "ada") -> Counted:
        """Try once."""
        return self.attempts.count(account, self.attempt(), BACKOFF)

    def fails(self, account: str = "ada") -> bool:
        """Try once, with a wrong password. Return whether it was free."""
        counted = self.tries(account)
        if counted.is_free:
            self.attempts.fail(counted)
        return counted.is_free

    def waits(self, account: str = "ada") -> int:
        """Try once, be refused, and return the seconds to wait."""
        with pytest.raises(TooManyAttempts) as refused:
            self.tries(account)
        return refused.value.retry_after_seconds

    def succeeds(self, account: str = "ada") -> None:
        """Try once, with success."""
        counted = self.tries(account)
        if counted.is_free:
            self.attempts.forget(counted)

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
    if request.param == "memory":
        yield Counting(MemoryAttempts(), is_atomic=True)
        return
    yield from _on_dynamodb(request.param)


@pytest.fixture(params=DYNAMODB_ENGINES)
def stored(request: pytest.FixtureRequest) -> Iterator[Counting]:
    """Yield counters in a table."""
    yield from _on_dynamodb(request.param)


def _on_dynamodb(engine: str) -> Iterator[Counting]:
    name = f"throttle-{uuid.uuid4().hex}"
    if engine == "moto":
        create_table(memory_aws.dynamodb(), "ThrottleTable", name)
        client = memory_aws.dynamodb()
        yield Counting(DynamoDBAttempts(client, table=name), is_atomic=False, client=client, table=name)
        return
    client = boto3.session.Session().client("dynamodb", endpoint_url=os.environ[ENDPOINT_VARIABLE])
    create_table(client, "ThrottleTable", name)
    yield Counting(DynamoDBAttempts(client, table=name), is_atomic=True, client=client, table=name)
    client.delete_table(TableName=name)
    client.close()


@dataclass
class Interrupted:
    """A DynamoDB client in which something else happens before the writes that are numbered here, from 1."""

    client: "DynamoDBClient"
    before: dict[int, Callable[[], object]]
    writes: int = field(default=0)

    def update_item(self, **parameters: Any) -> object:  # noqa: ANN401 - passed through
        """Let the other thing happen, and write."""
        self.writes += 1
        self.before.get(self.writes, lambda: None)()
        return self.client.update_item(**parameters)


def interrupted(stored: Counting, **before: Callable[[], object]) -> Counting:
    """Return the same counters for a caller between whose writes other things happen, as `second=act`."""
    assert stored.client is not None
    numbers = {"first": 1, "second": 2, "third": 3}
    client: Any = Interrupted(stored.client, {numbers[name]: act for name, act in before.items()})
    return Counting(DynamoDBAttempts(client, table=stored.table), is_atomic=stored.is_atomic, now_ms=stored.now_ms)


def test_a_few_attempts_are_free_and_then_each_waits_longer(counting: Counting) -> None:
    """P11: three failures are free, then the waits are 1, 2, 4 seconds and so on, up to 15 minutes."""
    assert [counting.fails() for _ in range(3)] == [True] * 3
    waited = []
    for _ in range(13):
        waited.append(counting.waits())
        counting.passes(waited[-1])
        assert counting.fails() is False
    assert waited == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_an_attempt_that_has_to_wait_does_not_count(counting: Counting) -> None:
    """P11: refused attempts do not make the wait longer."""
    for _ in range(3):
        counting.fails()
    for _ in range(50):
        assert counting.waits() == 1
    counting.passes(1)
    counting.fails()
    assert counting.waits() == 2


def test_a_wait_ends_to_the_millisecond(counting: Counting) -> None:
    """A client that waits for the seconds of Retry-After is let through."""
    for _ in range(3):
        counting.fails()
    counting.passes(0.999)
    assert counting.waits() == 1
    counting.passes(0.001)
    counting.fails()


def test_accounts_do_not_share_their_attempts(counting: Counting) -> None:
    """An attack on one account does not make another account wait."""
    for _ in range(3):
        counting.fails("ada")
    assert counting.waits("ada") == 1
    counting.fails("bob")


def test_a_success_leaves_no_trace(counting: Counting) -> None:
    """P8: the failures before it stay, and it takes no place itself. So strangers cannot count logins."""
    counting.fails()
    counting.fails()
    for _ in range(20):
        counting.succeeds()
    counting.fails()
    assert counting.waits() == 1


def test_a_success_that_had_to_wait_counts_like_a_failure(counting: Counting) -> None:
    """P8: who asks all the time sees the same waits, whether the attempt of another was right or wrong."""
    for _ in range(3):
        counting.fails("ada")
        counting.fails("bob")
    counting.passes(1)
    counting.succeeds("ada")
    counting.fails("bob")
    assert counting.waits("ada") == counting.waits("bob") == 2


def test_each_failure_is_forgotten_after_a_day(counting: Counting) -> None:
    """P11: then its place is free again, and those of the later failures are not."""
    for _ in range(3):
        counting.fails()
        counting.passes(3600)
    counting.passes(BACKOFF.memory_seconds - 3 * 3600 - 1)
    assert counting.fails() is False  # it had to wait, and the wait was over
    counting.passes(1)
    assert counting.fails() is True
    assert counting.waits() == 2
    counting.passes(3600)
    assert [counting.fails(), counting.waits()] == [True, 2]


def test_attempts_that_had_to_wait_take_no_place(counting: Counting) -> None:
    """A script that logs in during an attack keeps no wait alive when the failures of the attack are forgotten."""
    for _ in range(3):
        counting.fails()
    for _ in range(95):
        counting.passes(900)
        counting.succeeds()
    counting.passes(900)
    assert [counting.fails() for _ in range(3)] == [True] * 3


def test_attempts_under_way_do_not_refuse_the_next(counting: Counting) -> None:
    """They may all be right. Only when all have failed does the next attempt have to wait."""
    under_way = [counting.tries() for _ in range(3)]
    with pytest.raises(AttemptsUndecided):
        counting.tries()
    for counted in under_way[:2]:
        counting.attempts.fail(counted)
    with pytest.raises(AttemptsUndecided):
        counting.tries()
    counting.attempts.forget(under_way[2])
    counting.fails()
    assert counting.waits() == 1


def test_an_attempt_without_an_outcome_counts_as_failed_after_five_minutes(counting: Counting) -> None:
    """P11: a function that ends too early gives no guess for free."""
    for _ in range(3):
        counting.tries()
    counting.passes(BACKOFF.undecided_seconds - 0.001)
    with pytest.raises(AttemptsUndecided):
        counting.tries()
    counting.passes(0.001)
    assert counting.fails() is False
    assert counting.waits() == 2


def test_clocks_two_minutes_apart_change_nothing_while_attempts_are_free(counting: Counting) -> None:
    """A login on a machine that is behind is not refused because of one on a machine that is ahead."""
    for _ in range(10):
        counting.passes(120)
        counting.succeeds()
        counting.passes(-120)
        counting.succeeds()


def test_an_attempt_that_is_written_twice_counts_once(counting: Counting) -> None:
    """F1: the SDK repeats a write whose answer was lost, and the repeated one finds its own attempt."""
    for is_free, wait in ((True, 0), (True, 0), (True, 1), (False, 2), (False, 4)):
        attempt = counting.attempt()
        counted = [counting.attempts.count("ada", attempt, BACKOFF) for _ in range(2)]
        assert counted == [Counted("ada", attempt, is_free)] * 2
        for one in counted:
            counting.attempts.fail(one)
        if wait:
            assert counting.waits() == wait
            counting.passes(wait)


def test_the_end_of_a_wait_forgets_everything(counting: Counting) -> None:
    """An operator lets a user in: all attempts are free again, and to end no wait is no error."""
    counting.attempts.end_wait("ada")
    for _ in range(3):
        counting.fails()
    counting.passes(1)
    counting.fails()
    assert counting.waits() == 2
    counting.attempts.end_wait("ada")
    assert [counting.fails() for _ in range(3)] == [True] * 3
    assert counting.waits() == 1


def test_an_outcome_after_the_end_of_a_wait_changes_nothing(counting: Counting) -> None:
    """An attempt that was under way when an operator ended the wait is forgotten, too."""
    wrong, right = counting.tries(), counting.tries()
    counting.attempts.end_wait("ada")
    counting.attempts.fail(wrong)
    counting.attempts.forget(right)
    assert [counting.fails() for _ in range(3)] == [True] * 3
    assert counting.waits() == 1


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
            counting.fails() if act == "count" else counting.books()
        except (TooManyAttempts, AttemptsUndecided):
            return
        let_through.append(act)

    in_threads([partial(run, act) for act in ("count", "book") for _ in range(200)])

    assert sorted(let_through) == ["book"] * 3 + ["count"] * 3


def test_of_many_at_the_end_of_a_wait_one_is_let_through(counting: Counting) -> None:
    """P12: 100 attempts come at the moment when a wait ends."""
    if not counting.is_atomic:
        pytest.skip("its writes cannot race in threads")
    for _ in range(3):
        counting.fails()
    counting.passes(1)
    let_through: list[bool] = []

    def run() -> None:
        try:
            let_through.append(counting.fails())
        except TooManyAttempts:
            return

    in_threads([run] * 100)

    assert let_through == [False]
    assert counting.waits() == 2


def in_threads(acts: list[Callable[[], object]]) -> None:
    """Run all acts at once."""
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("right", [True, False])
def test_a_burst_of_passwords_is_hashed_as_often_as_the_limit_says(counting: Counting, *, right: bool) -> None:
    """P12: of 200 wrong ones at once, five run Argon2 and the others wait.

    Of 20 right ones, on two machines whose clocks differ by two minutes, all are let through.
    """
    if not counting.is_atomic:
        pytest.skip("its writes cannot race in threads")
    events: list[object] = []
    number, outcomes = (20 if right else 200), list[type[Exception] | None]()
    all_there, turns = threading.Barrier(number), threading.Condition()

    def pause(_seconds: float) -> None:
        with turns:
            turns.wait(timeout=0.05)

    def log_in(skew_ms: int) -> None:
        limit = PasswordAttemptLimit(
            attempts=counting.attempts,
            clock=lambda: counting.now_ms + skew_ms,
            entropy=os.urandom,
            pause=pause,
            record=events.append,
        )
        all_there.wait()
        try:
            attempt = limit.admit(login_limit("ada", "203.0.113.7")._replace(rates=()))
        except TooManyAttempts as error:
            outcomes.append(type(error))
            return
        if right:
            limit.succeeded(attempt, "id")
            outcomes.append(None)
        else:
            with pytest.raises(InvalidCredentials):
                check_password(b"wrong", None)
            limit.failed(attempt, "id")
            outcomes.append(InvalidCredentials)

    skews_ms = (0, 120_000) if right else (0, 0)
    in_threads([partial(log_in, skew_ms) for skew_ms in skews_ms for _ in range(number // 2)])

    if right:
        assert outcomes == [None] * number
    else:
        assert outcomes.count(InvalidCredentials) == PASSWORD_BACKOFF.free_attempts
        assert outcomes.count(TooManyAttempts) == number - PASSWORD_BACKOFF.free_attempts


def test_of_two_that_see_the_end_of_a_wait_one_is_let_through(stored: Counting) -> None:
    """P12: another attempt is counted between the first look and the write. Then the next wait has begun."""
    for _ in range(3):
        stored.fails()
    stored.passes(1)
    assert interrupted(stored, second=stored.fails).waits() == 2
    stored.passes(2)
    assert interrupted(stored, second=stored.fails).waits() == 4


def test_a_look_that_loses_to_a_success_looks_again(stored: Counting) -> None:
    """An attempt finds forgotten failures, and meanwhile others succeed or fail. All of them are counted rightly."""
    for _ in range(2):
        stored.fails()
    stored.passes(BACKOFF.memory_seconds)
    under_way = stored.tries()
    succeeds = partial(stored.attempts.forget, under_way)
    assert interrupted(stored, second=succeeds).fails() is True
    assert interrupted(stored, first=stored.fails).fails() is True
    assert stored.waits() == 1


def test_a_failure_that_is_noted_during_a_look_is_not_lost(stored: Counting) -> None:
    """P11: the attempt that takes a forgotten place keeps the outcomes of the others."""
    for _ in range(2):
        stored.fails()
    stored.passes(BACKOFF.memory_seconds)
    under_way = stored.tries()
    fails = partial(stored.attempts.fail, under_way)
    assert interrupted(stored, second=fails).fails() is True
    assert stored.fails() is True
    assert stored.waits() == 1


def test_a_wait_that_is_ended_during_a_look_is_ended(stored: Counting) -> None:
    """An attempt whose counter is deleted before its write is a free one."""
    for _ in range(3):
        stored.fails()
    stored.passes(1)
    assert interrupted(stored, second=partial(stored.attempts.end_wait, "ada")).fails() is True
    assert [stored.fails() for _ in range(2)] == [True] * 2
    assert stored.waits() == 1


def test_a_counter_that_ttl_deletes_or_keeps_makes_no_difference(stored: Counting) -> None:
    """P8: the time of deletion is the same whatever was counted, and a counter past it says nothing any more."""
    stored.succeeds("ada")
    stored.fails("bob")
    for _ in range(3):
        stored.fails("eve")
    stored.passes(0.5)
    stored.waits("eve")
    stored.books("home")
    assert stored.client is not None
    times = {item["bucket"]["S"]: int(item["delete_at"]["N"]) for item in found_items(stored)}
    assert times == dict.fromkeys(("ada", "bob", "eve", "home"), NOW_MS // 1000 + KEPT_SECONDS)
    stored.passes(KEPT_SECONDS)
    for account in ("ada", "bob", "eve", "new"):
        assert [stored.fails(account) for _ in range(3)] == [True] * 3
        assert stored.waits(account) == 1


@pytest.mark.parametrize("days", [0, 1, 2])
def test_a_success_leaves_the_counter_as_it_was(stored: Counting, days: int) -> None:
    """P8: not even the time of deletion moves, so no later attempt costs more or less because of it."""
    for _ in range(3):
        stored.fails()
    if not days:
        stored.attempts.end_wait("ada")
        stored.fails()
    stored.passes(days * BACKOFF.memory_seconds)
    before = found_items(stored)
    stored.succeeds()
    assert found_items(stored) == before


def test_a_failure_takes_out_what_is_forgotten(stored: Counting) -> None:
    """The counter does not grow, however often it was full."""
    for _ in range(4):
        for _ in range(3):
            assert stored.fails() is True
        assert stored.waits() == 1
        stored.passes(BACKOFF.memory_seconds)
    stored.fails()
    [item] = found_items(stored)
    assert len(item["tries"]["SS"]) == 1
    assert len(item["failed"]["SS"]) <= 2 * BACKOFF.free_attempts


def test_a_counter_of_an_earlier_version_changes_nothing(stored: Counting) -> None:
    """The attributes of the counters before this layout are not read, even if one had the same name."""
    assert stored.client is not None
    old: Any = {
        "bucket": {"S": "ada"},
        "attempts": {"N": "50"},
        "counted_at_ms": {"N": str(NOW_MS)},
        "free_at_ms": {"N": str(NOW_MS + 900_000)},
        "proven": {"M": {"x": {"N": "1"}}},
        "delete_at": {"N": "2000000000"},
    }
    stored.client.put_item(TableName=stored.table, Item=old)
    assert [stored.fails() for _ in range(3)] == [True] * 3
    assert stored.waits() == 1


def test_a_counter_stays_within_one_write_unit(stored: Counting) -> None:
    """A counter has less than 1 KB after any number of attempts, so each write of it costs one unit."""
    account = "a" * 32  # as long as the name of a counter
    for _ in range(40):
        try:
            counted = stored.attempts.count(account, stored.attempt(), PASSWORD_BACKOFF)
            if counted.is_free:
                stored.attempts.fail(counted)
        except TooManyAttempts as error:
            stored.passes(error.retry_after_seconds)
    [item] = found_items(stored)
    size = sum(len(name) + sum(map(len, value.get("SS", value.values()))) for name, value in item.items())
    assert 400 < size < 1024


def found_items(stored: Counting) -> list[dict[str, Any]]:
    """Return every item of the table."""
    assert stored.client is not None
    return items(stored.client, stored.table)
