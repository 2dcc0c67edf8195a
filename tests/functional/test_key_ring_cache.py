from collections.abc import Callable
from types import SimpleNamespace

import pytest

from edge_auth.keys.ring_document import to_secret_json
from tests.support.answers import INVALID_GRANT, NO_CONTENT, UNAVAILABLE
from tests.support.key_ring_events import GET, asked, make_due
from tests.support.outages import ATTEMPTS, NO_SECRETS
from tests.support.people import key_ring
from tests.support.readers import Readers, kid, readers_of
from tests.support.sample_events import sample
from tests.support.stack import Answer, Function, Stack
from tests.support.wire import lost_request, no_connection, refusal

RING_AGE_SECONDS = 300
RETRY_SECONDS = 30
MAX_RING_AGE_SECONDS = 5400
READERS = 4


@pytest.fixture
def readers(stack: Stack) -> Readers:
    """Return the readers of the key ring, warm."""
    readers = readers_of(stack)
    readers.warm()
    stack.wire.forget()
    return readers


@pytest.fixture
def jwks(stack: Stack) -> Callable[[], Answer]:
    """Return the jwks function, cold. It only reads the ring."""
    function: Function = stack.function("jwks")
    return lambda: function(sample("jwks"))


def reads(stack: Stack) -> int:
    """Return how often the ring was read since the last call."""
    count = stack.wire.counts.get(GET, 0)
    stack.wire.forget()
    return count


def test_the_ring_is_read_on_first_use_and_then_every_five_minutes(stack: Stack, jwks: Callable[[], Answer]) -> None:
    """K6: the import reads nothing, because a failure there would cost a cold start; the age is exact to the ms."""
    seen = [reads(stack)]
    for seconds in (0, 0, 299.999, 0.001, 0, 299.999, 0.001):
        stack.clock.advance(seconds=seconds)
        assert jwks().status == 200
        seen.append(reads(stack))

    assert seen == [0, 1, 0, 0, 1, 0, 0, 1]


def test_each_reader_keeps_the_ring(stack: Stack, readers: Readers) -> None:
    """K6: each reader reads the ring once in five minutes, for any number of requests."""
    for _ in range(3):
        readers.warm()
    assert reads(stack) == 0

    stack.clock.advance(seconds=RING_AGE_SECONDS)
    for _ in range(3):
        readers.warm()
    assert reads(stack) == READERS


def test_a_new_ring_is_picked_up_within_five_minutes(stack: Stack, readers: Readers) -> None:
    """K6, F15, F16: after five minutes at the latest every reader uses the keys that an operator made."""
    old = stack.keys.signing.kid
    token = readers.log_in().json["refresh_token"]
    stack.rotate_keys()(asked(stack, "rotate"))
    assert stack.keys.signing.kid != old

    stack.clock.advance(seconds=RING_AGE_SECONDS - 0.001)
    answer = readers.renew(token)
    assert {kid(readers.log_in().json["access_token"]), kid(answer.json["access_token"])} == {old}
    assert readers.publish().json["keys"][0]["kid"] == old

    stack.clock.advance(seconds=0.001)
    logged_in = readers.log_in()
    assert kid(logged_in.json["access_token"]) == stack.keys.signing.kid
    assert readers.publish().json == stack.keys.jwks()
    assert readers.end(logged_in.json["refresh_token"]) == NO_CONTENT
    stack.clock.advance(seconds=60)
    assert kid(readers.renew(answer.json["refresh_token"]).json["access_token"]) == stack.keys.signing.kid


@pytest.mark.parametrize("outage", [None, no_connection], ids=["served", "not served"])
def test_all_readers_change_over_at_the_planned_second(stack: Stack, outage: Callable[..., object] | None) -> None:
    """K3, F15: the readers change with the copies that they hold, with or without Secrets Manager."""
    make_due(stack)
    stack.clock.advance(seconds=-1)
    readers = readers_of(stack)
    readers.warm()
    if outage:
        stack.wire.always("GetSecretValue", no_connection)
    before, following = (timed.key.kid for timed in stack.key_ring.signing)
    assert kid(readers.log_in().json["access_token"]) == before
    stack.clock.advance(seconds=0.999)
    token = readers.log_in().json
    assert kid(token["access_token"]) == readers.publish().json["keys"][0]["kid"] == before
    stack.wire.forget()

    stack.clock.advance(seconds=0.001)

    assert kid(readers.log_in().json["access_token"]) == following
    assert kid(readers.renew(token["refresh_token"]).json["access_token"]) == following
    assert [key["kid"] for key in readers.publish().json["keys"]] == [following, before]
    assert reads(stack) == 0


@pytest.mark.parametrize("name", NO_SECRETS)
def test_an_outage_changes_nothing_for_ninety_minutes(stack: Stack, readers: Readers, name: str) -> None:
    """K6, DC-3: every reader continues with its old ring during an outage."""
    token, document = readers.log_in().json["refresh_token"], readers.publish()
    stack.wire.always("GetSecretValue", NO_SECRETS[name])

    for seconds in (RING_AGE_SECONDS, 2400, MAX_RING_AGE_SECONDS - RING_AGE_SECONDS - 2400 - 0.001):
        stack.clock.advance(seconds=seconds)
        answer = readers.renew(token)
        assert kid(answer.json["access_token"]) == stack.keys.signing.kid
        token = answer.json["refresh_token"]
        logged_in = readers.log_in().json
        assert kid(logged_in["access_token"]) == stack.keys.signing.kid
        assert readers.publish() == document
        assert readers.end(logged_in["refresh_token"]) == NO_CONTENT
    assert [item for item in stack.session_items() if "revoked_at" not in item]


def test_a_ring_of_ninety_minutes_is_not_used(stack: Stack, readers: Readers) -> None:
    """K3, K6: such an old ring may lack the signing key; the answer is 503 and nothing changes until the next read."""
    token = readers.log_in().json["refresh_token"]
    stack.wire.always("GetSecretValue", no_connection)
    stack.clock.advance(seconds=MAX_RING_AGE_SECONDS)
    sessions = stack.session_items()

    for _ in range(2):
        assert [readers.log_in(), readers.renew(token), readers.publish(), readers.end(token)] == [UNAVAILABLE] * 4
    assert stack.session_items() == sessions

    stack.wire.mend()
    assert [readers.log_in().status, readers.renew(token).status, readers.publish().status] == [200, 200, 200]
    assert readers.end(token) == NO_CONTENT


@pytest.mark.parametrize("ages", [0, 1, 17])
def test_the_ninety_minutes_count_from_the_last_read_that_succeeded(
    stack: Stack, jwks: Callable[[], Answer], ages: int
) -> None:
    """K6: earlier reads and failed attempts do not change the limit."""
    for _ in range(ages):
        jwks()
        stack.clock.advance(seconds=RING_AGE_SECONDS)
    jwks()
    stack.wire.always("GetSecretValue", no_connection)
    for _ in range(MAX_RING_AGE_SECONDS // RETRY_SECONDS - 1):
        stack.clock.advance(seconds=RETRY_SECONDS)
        assert jwks().status == 200
    stack.clock.advance(seconds=RETRY_SECONDS - 0.001)
    assert jwks().status == 200
    stack.clock.advance(seconds=0.001)
    assert jwks() == UNAVAILABLE


def test_in_an_outage_the_ring_is_asked_for_every_half_minute(stack: Stack, jwks: Callable[[], Answer]) -> None:
    """DC-11, K6: one request in thirty seconds reads the ring, with the SDK's two attempts."""
    jwks()
    stack.wire.always("GetSecretValue", lost_request)
    stack.clock.advance(seconds=RING_AGE_SECONDS)
    reads(stack)
    seen = []
    for seconds in (0, 0, 29.999, 0.001, 0, 29.999, 0.001):
        stack.clock.advance(seconds=seconds)
        assert jwks().status == 200
        seen.append(reads(stack))
    assert seen == [ATTEMPTS, 0, 0, ATTEMPTS, 0, 0, ATTEMPTS]

    stack.wire.mend()
    stack.make_key_ring(key_ring(serial=1))
    stack.clock.advance(seconds=RETRY_SECONDS)
    assert jwks().json == key_ring(serial=1).at(stack.clock.now_seconds).jwks()
    stack.clock.advance(seconds=RING_AGE_SECONDS - 0.001)
    jwks()
    assert reads(stack) == 1, "back to every five minutes"


@pytest.mark.parametrize("text", [" ", "{}", "\x00garbage", '{"format":1}', "without a private key"])
def test_a_ring_that_becomes_unusable_is_not_taken(stack: Stack, readers: Readers, text: str) -> None:
    """K6: a warm reader keeps its ring while the secret is damaged, and takes the repaired ring."""
    old = stack.key_ring
    damaged = to_secret_json(old).replace(old.signing[0].key.jwk["d"], "A" * 43) if text.startswith("without") else text
    stack.secretsmanager.put_secret_value(SecretId=stack.secret_arn, SecretString=damaged)
    stack.clock.advance(seconds=RING_AGE_SECONDS)

    assert kid(readers.log_in().json["access_token"]) == old.signing[0].key.kid
    assert readers.publish().json == old.at(stack.clock.now_seconds).jwks()

    stack.make_key_ring(key_ring(serial=1))
    stack.clock.advance(seconds=RETRY_SECONDS)
    assert kid(readers.log_in().json["access_token"]) == key_ring(serial=1).signing[0].key.kid


def test_a_throttled_cold_start_waits_at_random_and_keeps_what_it_gets(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F40: the SDK's waits of up to one and two seconds differ between workers; then 503, and later the ring."""
    waits = list[float]()
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=waits.append))
    stack.wire.always("GetSecretValue", refusal("ThrottlingException"))
    workers = [stack.function("refresh") for _ in range(8)]
    assert {worker(sample("refresh-json")).status for worker in workers} == {503}

    assert stack.wire.counts == {GET: ATTEMPTS * len(workers)}
    first, second = waits[::2], waits[1::2]
    assert len(waits) == (ATTEMPTS - 1) * len(workers)
    assert max(first) <= 1
    assert max(second) <= 2
    assert len(set(waits)) == len(waits), "drawn"

    stack.wire.mend()
    stack.wire.forget()
    assert [worker(sample("refresh-json")) for worker in workers * 2] == [INVALID_GRANT] * len(workers) * 2
    assert stack.wire.counts == {GET: len(workers)}


def test_a_clock_that_goes_back_takes_no_key_away(stack: Stack, readers: Readers) -> None:
    """K3: a worker whose clock is set back still signs."""
    stack.clock.advance(seconds=-3600)

    assert kid(readers.log_in().json["access_token"]) == stack.key_ring.signing[0].key.kid
    assert reads(stack) == 0
