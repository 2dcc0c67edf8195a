from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import InvalidKey

from edge_auth.credentials import passwords
from edge_auth.throttling.counters import bucket
from edge_auth.throttling.limits import PASSWORD_BACKOFF, SOURCE_RATE, login_limit
from tests.support.answers import INVALID_CREDENTIALS, UNAVAILABLE, too_many_attempts
from tests.support.outages import ATTEMPTS, KINDS
from tests.support.people import PASSWORD, WRONG_PASSWORD
from tests.support.sample_events import ADDRESS, from_address, login_event, with_json
from tests.support.stack import TABLES, Answer, Function, Stack
from tests.support.wire import lost_response, passes

COUNT = "UpdateItem of attempts"
FREE = PASSWORD_BACKOFF.free_attempts
HOME, ELSEWHERE = ADDRESS, "198.51.100.9"
FORGED_HEADERS = (
    *("X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP"),
    "CloudFront-Viewer-Address",
)

Try = Callable[..., Answer]


@pytest.fixture
def argon2_runs(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of PHC strings that passwords were checked against. A cheap check replaces the real one."""
    assert stack.identities.find("ada").password_hash
    runs: list[str] = []

    class Watched:
        """A cheap stand-in for Argon2id that knows one password and records its calls."""

        @staticmethod
        def verify_phc_encoded(key_material: bytes, phc_encoded: str) -> None:
            """Record the call and compare with the one password."""
            runs.append(phc_encoded)
            if key_material != PASSWORD.encode():
                raise InvalidKey

    monkeypatch.setattr(passwords, "Argon2id", Watched)
    return runs


@pytest.fixture
def attempt(login: Function, argon2_runs: list[str]) -> Try:
    """Return a function that logs in from an address, with a wrong password by default."""
    assert argon2_runs == []

    def log_in(
        password: str = WRONG_PASSWORD, *, username: str = "ada", address: object = HOME, device: object = None
    ) -> Answer:
        members = {} if device is None else {"device_token": device}
        event = with_json("login", {"username": username, "password": password, **members})
        return login(from_address(event, address))

    return log_in


def test_five_mistakes_are_free_and_then_each_waits_longer(stack: Stack, attempt: Try, argon2_runs: list[str]) -> None:
    """P11: the answer is 429 with Retry-After of 1, 2, 4 ... 960 seconds, and no password is hashed during a wait."""
    assert [attempt() for _ in range(FREE)] == [INVALID_CREDENTIALS] * FREE
    waits = []
    for _ in range(13):
        hashed = len(argon2_runs)
        refused = attempt()
        wait = int(refused.headers["Retry-After"])
        assert refused == too_many_attempts(wait)
        assert len(argon2_runs) == hashed
        waits.append(wait)
        stack.clock.advance(seconds=wait)
        assert attempt() == INVALID_CREDENTIALS
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 960, 960, 960]


def test_the_right_password_waits_like_any_other_and_then_works(stack: Stack, attempt: Try) -> None:
    """P11: no lock is permanent, and for strangers the success was an attempt like any other."""
    for _ in range(FREE):
        attempt()
    assert attempt(PASSWORD) == too_many_attempts(1)
    stack.clock.advance(seconds=1)

    assert attempt(PASSWORD).status == 200
    assert attempt() == too_many_attempts(2)


def test_a_username_in_another_spelling_is_the_same_account(attempt: Try) -> None:
    """P11: capitals and full-width letters give no extra attempts."""
    for name in ("ada", "ADA", "Ada", "\uff41da", "aDa"):
        attempt(username=name)
    assert attempt(username="\uff21DA") == too_many_attempts(1)


def leave(stack: Stack, attempts: int, *, only: str = "") -> None:
    """Leave each source this many attempts, or only this one. The contract tests show how a rate is used up."""
    for booked in [item for item in stack.attempt_items() if "taken_until_ms" in item]:
        if only in ("", booked["bucket"]["S"]):
            taken_until_ms = stack.clock.now_ms + SOURCE_RATE.ahead_ms - (attempts - 1) * SOURCE_RATE.interval_ms
            booked["taken_until_ms"] = {"N": str(taken_until_ms)}
            stack.dynamodb.put_item(TableName=TABLES["ThrottleTable"], Item=booked)


def test_one_password_on_many_accounts_is_throttled_by_its_source(
    stack: Stack, attempt: Try, argon2_runs: list[str]
) -> None:
    """P13: one address that tries many accounts is throttled; another address is not."""
    attempt(username="user-0")
    leave(stack, 3)

    assert [attempt(username=f"user-{number}").status for number in range(1, 6)] == [401] * 3 + [429] * 2
    assert len(argon2_runs) == 1 + 3
    assert attempt(username="somebody", address=ELSEWHERE) == INVALID_CREDENTIALS


def test_a_source_over_its_rate_counts_on_no_account(stack: Stack, attempt: Try, argon2_runs: list[str]) -> None:
    """P11, P13: an address that is used up cannot make accounts wait, and costs no call after the first."""
    attempt(username="user-0")
    leave(stack, 0)
    assert attempt().status == 429
    stack.wire.forget()
    assert [attempt().status for _ in range(50)] == [429] * 50
    assert stack.wire.calls == []
    assert len(argon2_runs) == 1
    assert [attempt(address=ELSEWHERE).status for _ in range(FREE)] == [401] * FREE


def test_the_source_is_a_network_of_ipv6(stack: Stack, attempt: Try) -> None:
    """P12: all addresses of a /64 are in one source, and all of a /48 are in five."""
    attempt(username="user-0", address="2001:db8:1:2::")
    leave(stack, 1)
    assert attempt(username="user-1", address="2001:db8:1:2::1").status == 401
    assert attempt(username="u", address="2001:db8:1:2:ffff:ffff:ffff:ffff").status == 429
    assert attempt(username="u", address="2001:db8:1:3::1").status == 401
    for number in range(16):
        attempt(username=f"user-{number}", address=f"2001:db8:1:{number:x}::1")
    leave(stack, 0)
    assert {attempt(username="u", address=f"2001:db8:1:{number:x}::2").status for number in range(16)} == {429}
    assert attempt(username="u", address="2001:db8:2:5::1").status == 401


def test_headers_do_not_change_the_source(stack: Stack, login: Function, attempt: Try) -> None:
    """P14: X-Forwarded-For and similar headers change nothing: a source that is used up stays so, for each name."""
    attempt(username="user-0")
    leave(stack, 0)
    for number, name in enumerate(FORGED_HEADERS, start=1):
        event = from_address(login_event(f"user-{number}", WRONG_PASSWORD), HOME)
        forged = f"192.0.2.{number}" + (":46532" if name == "CloudFront-Viewer-Address" else "")
        event["headers"][name] = forged
        event["multiValueHeaders"][name] = [forged]
        assert login(event).status == 429, name
    assert attempt(username="somebody", address="192.0.2.1") == INVALID_CREDENTIALS


def test_requests_without_an_address_share_one_source(stack: Stack, attempt: Try) -> None:
    """P14: requests without an address, as from API Gateway's console, are served and limited."""
    odd: list[object] = [None, "", "test-invoke-source-ip", 7, {}]
    assert [attempt(username=f"user-{number}", address=address).status for number, address in enumerate(odd)] == [
        401
    ] * len(odd)
    leave(stack, 1)
    assert attempt(username="somebody", address=None).status == 401
    for address in [*odd, "unknown"]:
        assert attempt(username="u", address=address).status == 429


def test_strangers_cannot_lock_the_owner_out(stack: Stack, attempt: Try) -> None:
    """P11: a client with its device token logs in from any address, while an attacker guesses."""
    device = attempt(PASSWORD, address=HOME).json["device_token"]
    for _ in range(FREE + 4):
        answer = attempt(address=ELSEWHERE)
        stack.clock.advance(seconds=int(answer.headers.get("Retry-After", "0")))
    attempt(address=ELSEWHERE)
    assert attempt(address=ELSEWHERE).status == 429
    assert attempt(PASSWORD, address=HOME).status == 429
    for address in (HOME, ELSEWHERE, "192.0.2.1"):
        answer = attempt(PASSWORD, address=address, device=device)
        assert answer.status == 200
        device = answer.json["device_token"]
    assert attempt(address=ELSEWHERE).status == 429


@pytest.mark.parametrize("device", ["", "x", 7, True, [], {}, "edgeauth_dt_" + "A" * 136, "\ud800"])
def test_an_invalid_device_token_is_ignored(attempt: Try, device: object) -> None:
    """The answer is the same as without one, for a right and for a wrong password."""
    assert attempt(device=device) == attempt() == INVALID_CREDENTIALS
    answer = attempt(PASSWORD, device=device)
    assert (answer.status, sorted(answer.json)) == (200, sorted(attempt(PASSWORD).json))


def test_a_script_that_logs_in_all_day_is_never_throttled(stack: Stack, attempt: Try) -> None:
    """Successful logins use up no attempts. With its device token, a script does not depend on its address."""
    device = attempt(PASSWORD).json["device_token"]
    assert [attempt(PASSWORD).status for _ in range(FREE + 3)] == [200] * (FREE + 3)
    leave(stack, 0, only=login_limit("ada", HOME).rate.bucket)

    assert [attempt(PASSWORD, device=device).status for _ in range(FREE + 3)] == [200] * (FREE + 3)
    assert attempt(username="somebody").status == 429


@pytest.mark.parametrize("name", KINDS)
def test_a_throttle_table_that_fails_lets_no_login_through(
    stack: Stack, attempt: Try, argon2_runs: list[str], name: str
) -> None:
    """P16: the answer is 503, and no password is checked before its attempt is counted; later the login works."""
    stack.wire.always(COUNT, KINDS[name])

    assert attempt(PASSWORD) == attempt() == UNAVAILABLE
    assert argon2_runs == []
    assert stack.session_items() == []

    stack.wire.mend()
    assert attempt(PASSWORD).status == 200


@pytest.mark.parametrize("password", [PASSWORD, WRONG_PASSWORD])
def test_an_outcome_that_cannot_be_counted_changes_no_answer(stack: Stack, attempt: Try, password: str) -> None:
    """The attempt counts as failed later, and the log records that."""
    stack.wire.next(COUNT, passes, passes, *[KINDS["throttling"]] * ATTEMPTS)

    assert attempt(password).status == (200 if password == PASSWORD else 401)
    names = [event["event"] for event in stack.output.security_events()]
    assert names == ["attempt_not_decided", "login_succeeded" if password == PASSWORD else "login_failed"]


def test_an_attempt_whose_count_was_lost_counts_once(stack: Stack, attempt: Try) -> None:
    """F1: the SDK repeats a lost count, and the repeated one recognizes the first."""
    for _ in range(FREE):
        stack.wire.next(COUNT, passes, lost_response)
        assert attempt() == INVALID_CREDENTIALS
    stack.clock.advance(seconds=1)
    stack.wire.next(COUNT, passes, passes, passes, lost_response)
    assert [attempt(), attempt()] == [INVALID_CREDENTIALS, too_many_attempts(2)]


def test_throttled_logins_are_recorded(stack: Stack, attempt: Try) -> None:
    """A16: each throttled login is recorded once, without a name or an address."""
    for _ in range(FREE + 2):
        attempt()
    events = [event for event in stack.output.security_events() if event["event"] == "login_throttled"]
    assert len(events) == 2
    assert all(text not in stack.output.read() for text in (HOME, '"ada"'))


def test_a_counter_of_an_earlier_version_makes_no_user_wait(stack: Stack, attempt: Try) -> None:
    """The counters of accounts have new names, so an old one is not read, and is deleted when its time comes."""
    old: Any = {
        "bucket": {"S": bucket("login", "ada")},
        "attempts": {"N": "50"},
        "counted_at_ms": {"N": str(stack.clock.now_ms)},
        "free_at_ms": {"N": str(stack.clock.now_ms + 900_000)},
        "proven": {"M": {}},
        "delete_at": {"N": str(stack.clock.now_seconds + 900)},
    }
    stack.dynamodb.put_item(TableName=TABLES["ThrottleTable"], Item=old)
    assert [attempt().status for _ in range(FREE + 1)] == [401] * FREE + [429]
    assert old in stack.attempt_items()


def test_the_table_of_attempts_shows_no_user_and_no_source(stack: Stack, attempt: Try) -> None:
    """A15: the table has no name, address or password, and every item expires."""
    attempt(PASSWORD)
    attempt(username="nobody", address=ELSEWHERE)
    items = stack.attempt_items()
    assert items
    assert all(text not in repr(items) for text in ("ada", "nobody", HOME, ELSEWHERE, PASSWORD))
    assert all(int(item["delete_at"]["N"]) > stack.clock.now_seconds for item in items)
