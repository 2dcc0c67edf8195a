"""Registration: a visitor creates an account."""

import threading
from contextlib import suppress

import pytest

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.credentials.passwords import needs_rehash
from edge_auth.errors import (
    AuthError,
    InvalidRequest,
    PasswordCommon,
    PasswordGuessable,
    PasswordTooLong,
    PasswordTooShort,
    TemporarilyUnavailable,
    TooManyAttempts,
    UsernameRefused,
    UsernameTaken,
)
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.accounts.register import Register
from edge_auth.flows.limits.rates import Rates
from edge_auth.throttling.limits import REGISTRATION_RATE, SITE_SOURCES
from tests.support.access_tokens import NOW
from tests.support.deployment import ADDRESS, PASSWORD_RULES, USERNAME, Deployment

NEW_PASSWORD = "staple battery horse"


@pytest.fixture
def register(deployment: Deployment) -> Register:
    """Return the use case."""
    return Register(
        rates=Rates(deployment.attempts),
        identities=deployment.identities,
        password_rules=PASSWORD_RULES,
        clock=deployment.clock,
        entropy=deployment.entropy,
        record=deployment.events.append,
    )


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the list of passwords that were hashed."""
    hashed: list[bytes] = []

    def hash_password(password: bytes, **_: object) -> str:
        hashed.append(password)
        return f"$argon2id${len(hashed)}"

    monkeypatch.setattr("edge_auth.flows.accounts.register.hash_password", hash_password)
    return hashed


def test_a_registered_user_can_log_in(deployment: Deployment, register: Register) -> None:
    """The account has the canonical name and no rights. Only operators give rights."""
    made = register("B\uff4fB", NEW_PASSWORD, address=ADDRESS)
    claims = deployment.claims_of(deployment.log_in("bob", NEW_PASSWORD))
    assert (claims.sub, claims.scope, claims.roles) == (made.user_id, "", ())
    assert deployment.store.identities["bob"] == made
    assert (made.username, made.status, made.epoch, made.created_at_seconds) == ("bob", ACTIVE, 0, NOW)
    assert not needs_rehash(made.password_hash)
    assert len(made.user_id) == 22


@pytest.mark.parametrize("username", [USERNAME, "ALICE", "\uff21lice"])
def test_a_name_is_given_once(deployment: Deployment, register: Register, username: str) -> None:
    """Every spelling of a taken name is refused, its owner does not change, and the log does not show the name."""
    before = dict(deployment.store.identities)
    with pytest.raises(UsernameTaken) as taken:
        register(username, NEW_PASSWORD, address=ADDRESS)
    assert deployment.store.identities == before
    assert USERNAME not in taken.value.detail
    assert deployment.events == []


@pytest.mark.parametrize(
    ("username", "password", "error"),
    [
        ("", NEW_PASSWORD, UsernameRefused),
        ("a b", NEW_PASSWORD, UsernameRefused),
        ("user#1", NEW_PASSWORD, UsernameRefused),
        ("a" * 129, NEW_PASSWORD, UsernameRefused),
        ("bob", "a" * 14, PasswordTooShort),
        ("bob", "a" * 129, PasswordTooLong),
        ("bob", "QWERTY123456789", PasswordCommon),
        ("augusta.ada.lovelace@example.com", "Augusta.Ada.Lovelace", PasswordGuessable),
        ("bob", "api.example.com", PasswordGuessable),
        ("bob", "correct horse \ud800 battery", InvalidRequest),
    ],
)
def test_a_registration_that_breaks_a_rule_creates_no_user(
    deployment: Deployment,
    register: Register,
    username: str,
    password: str,
    error: type[AuthError],
    hashed: list[bytes],
) -> None:
    """P1, P4, P10: the error has the reason, no hash is computed, and a correction costs no attempt."""
    for _ in range(REGISTRATION_RATE.burst + 1):
        with pytest.raises(error):
            register(username, password, address=ADDRESS)
    assert set(deployment.store.identities) == {USERNAME}
    assert hashed == []


def test_a_source_makes_so_many_accounts_and_no_more(
    deployment: Deployment, register: Register, hashed: list[bytes]
) -> None:
    """P13: after a burst, a source waits. Taken names count too, and a refused attempt costs no hash."""
    for number in range(REGISTRATION_RATE.burst - 1):
        register(f"user{number}", NEW_PASSWORD, address=ADDRESS)
    with pytest.raises(UsernameTaken):
        register("user0", NEW_PASSWORD, address=ADDRESS)
    with pytest.raises(TooManyAttempts) as waits:
        register("one-more", NEW_PASSWORD, address=ADDRESS)
    assert waits.value.retry_after_seconds == REGISTRATION_RATE.seconds // REGISTRATION_RATE.attempts
    assert len(hashed) == REGISTRATION_RATE.burst
    assert "one-more" not in deployment.store.identities

    register("one-more", NEW_PASSWORD, address="198.51.100.1")
    deployment.clock.advance(seconds=waits.value.retry_after_seconds)
    register("and-another", NEW_PASSWORD, address=ADDRESS)


@pytest.mark.parametrize("address", ["", "nonsense"])
def test_requests_without_an_address_share_one_limit(register: Register, hashed: list[bytes], address: str) -> None:
    """An unknown address is no way around the limit."""
    for number in range(REGISTRATION_RATE.burst):
        register(f"user{number}", NEW_PASSWORD, address=address)
    with pytest.raises(TooManyAttempts):
        register("one-more", NEW_PASSWORD, address="elsewhere")
    assert len(hashed) == REGISTRATION_RATE.burst


def test_a_site_of_ipv6_makes_so_many_accounts_and_no_more(register: Register, hashed: list[bytes]) -> None:
    """P13: each name comes from another /64 of one /48. Another /48 is not limited by that."""
    for number in range(200):
        with suppress(TooManyAttempts):
            register(f"user{number}", NEW_PASSWORD, address=f"2001:db8:0:{number:x}::1")
    with pytest.raises(TooManyAttempts):
        register("one-more", NEW_PASSWORD, address="2001:db8:0:ffff::1")
    assert len(hashed) == SITE_SOURCES * REGISTRATION_RATE.burst
    register("one-more", NEW_PASSWORD, address="2001:db8:1::1")


def test_what_cannot_be_counted_is_not_tried(
    deployment: Deployment, register: Register, monkeypatch: pytest.MonkeyPatch, hashed: list[bytes]
) -> None:
    """P16: no account is created and no hash is computed."""

    def fail(*_: object, **__: object) -> None:
        raise TemporarilyUnavailable("injected")

    monkeypatch.setattr(deployment.attempts, "book", fail)
    with pytest.raises(TemporarilyUnavailable):
        register("bob", NEW_PASSWORD, address=ADDRESS)
    assert set(deployment.store.identities) == {USERNAME}
    assert hashed == []


def test_of_many_that_register_one_name_one_gets_it(deployment: Deployment, register: Register) -> None:
    """Exactly one account exists, and it is the winner's."""
    made = list[Identity]()
    refused = list[UsernameTaken]()

    def run(number: int) -> None:
        try:
            made.append(register("bob", f"{NEW_PASSWORD} {number}", address=f"203.0.113.{number}"))
        except UsernameTaken as error:
            refused.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (1, 7)
    assert deployment.store.identities["bob"] == made[0]


def test_a_registration_is_told(deployment: Deployment, register: Register) -> None:
    """The event has the user id, and neither a name nor an address."""
    made = register("bob", NEW_PASSWORD, address=ADDRESS)
    assert deployment.events == [SecurityEvent(EventName.USER_REGISTERED, made.user_id)]
