"""Logins during an attack: strangers who never stop, an owner with and without a device token, and a script."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_auth.errors import InvalidCredentials, TooManyAttempts
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from tests.support.deployment import PASSWORD, POLICY, USERNAME, Deployment

HOUR, DAY = 3600, 86_400
WRONG_PASSWORD = "incorrect horse battery"
STRANGER = "192.0.2.1"
OWNER_TRIES_SECONDS = 30
GUESSES_A_DAY = 5 + 10 + 88  # test_a_greedy_attacker_has_the_stated_guesses_in_any_day
README = Path(__file__).parents[2] / "README.md"


class Clients:
    """Clients of one deployment, with one login function."""

    def __init__(self, deployment: Deployment) -> None:
        """Start the function."""
        self.deployment = deployment
        self._login = deployment.login
        self._address = 0

    def tries(self, password: str, address: str = "", device_token: str = "") -> str:
        """Log in from this address, or from a new one. Return the answer in one word."""
        self._address += 1
        place = address or f"2001:db8:{self._address:x}::1"
        try:
            granted = self._login(USERNAME, password, POLICY, address=place, device_token=device_token)
        except (InvalidCredentials, TooManyAttempts) as error:
            return error.code
        self.device_token = granted.device_token
        return "let in"


@pytest.fixture
def clients(deployment: Deployment) -> Clients:
    """Return the clients of alice and of strangers."""
    return Clients(deployment)


def seconds(clients: Clients, number: int) -> Iterator[int]:
    """Let so many seconds pass, one by one."""
    for second in range(number):
        yield second
        clients.deployment.clock.advance(seconds=1)


def attack(clients: Clients, *, device_token: str) -> tuple[Counter[str], Counter[str]]:
    """Let a stranger guess once a second for two hours. Return the answers to the stranger and to the owner."""
    strangers, owner = Counter[str](), Counter[str]()
    for second in seconds(clients, 2 * HOUR):
        strangers[clients.tries(WRONG_PASSWORD, STRANGER)] += 1
        if second % OWNER_TRIES_SECONDS == OWNER_TRIES_SECONDS // 2:
            owner[clients.tries(PASSWORD, device_token=device_token)] += 1
            if device_token:
                device_token = clients.device_token
    return strangers, owner


def test_an_owner_with_a_device_token_is_never_refused(clients: Clients) -> None:
    """P11: one request a second for two hours from a stranger, and each login of the owner from another address."""
    clients.tries(PASSWORD)
    strangers, owner = attack(clients, device_token=clients.device_token)
    assert owner == {"let in": 2 * HOUR // OWNER_TRIES_SECONDS}
    assert strangers["invalid_credentials"] <= 5 + 10 + 2 * HOUR // 960


def test_an_owner_without_a_device_token_is_mostly_refused(clients: Clients) -> None:
    """P11: the stranger takes each attempt that is let through. README names the number, as an honest limit."""
    _, owner = attack(clients, device_token="")
    limits = README.read_text().split("## Honest limits")[1]
    assert f"{owner['too_many_attempts']} of {owner.total()}" in limits


def test_an_owner_without_a_device_token_is_let_in_a_day_after_the_attack(clients: Clients) -> None:
    """P11: no account is locked for ever, even if no operator helps."""
    attack(clients, device_token="")
    clients.deployment.clock.advance(seconds=PASSWORD_BACKOFF.longest_seconds)
    assert clients.tries(PASSWORD) == "let in"
    clients.deployment.clock.advance(seconds=DAY)
    assert [clients.tries(PASSWORD) for _ in range(20)] == ["let in"] * 20


def test_an_attacker_with_many_addresses_has_the_guesses_of_one(clients: Clients) -> None:
    """P11: at most 103 wrong passwords in a day, however many addresses guess and although the owner logs in."""
    clients.tries(PASSWORD)
    own, guesses, start_ms = clients.device_token, 0, clients.deployment.clock.now_ms
    for second in (*range(1200), *range(1200, DAY, 10)):
        clients.deployment.clock.now_ms = start_ms + second * 1000
        guesses += sum(clients.tries(WRONG_PASSWORD) == "invalid_credentials" for _ in range(6 if second == 0 else 1))
        if second % HOUR == 0:
            assert clients.tries(PASSWORD, device_token=own) == "let in"
    assert guesses <= GUESSES_A_DAY < guesses + 3


def test_a_script_without_a_device_token_is_refused_only_during_an_attack(clients: Clients) -> None:
    """It logs in 50 times a day, at random times. In a month there is one attack of two hours.

    A day after the attack nothing is left of it, although the script went on all the time.
    """
    moments = random.Random(11)  # noqa: S311 - no secret
    began, ended = 10 * DAY, 10 * DAY + 2 * HOUR
    refused = []
    times = sorted(moments.randrange(30 * DAY) for _ in range(30 * 50))
    acts = [(time, "script") for time in times] + [(time, "stranger") for time in range(began, ended)]
    start_ms = clients.deployment.clock.now_ms
    for time, actor in sorted(acts):
        clients.deployment.clock.now_ms = start_ms + time * 1000
        if actor == "stranger":
            clients.tries(WRONG_PASSWORD, STRANGER)
        elif clients.tries(PASSWORD, "198.51.100.1") != "let in":
            refused.append(time)
    assert refused
    assert all(began <= time < ended + PASSWORD_BACKOFF.memory_seconds for time in refused)


def test_a_script_that_is_never_attacked_is_never_refused(clients: Clients) -> None:
    """Fifty logins a day without a device token, and four of its user's mistakes on each day, for a month."""
    for _ in range(30):
        for number in range(50):
            assert clients.tries(PASSWORD, "198.51.100.1") == "let in"
            if number % 12 == 11:
                assert clients.tries(WRONG_PASSWORD, STRANGER) == "invalid_credentials"
            clients.deployment.clock.advance(seconds=DAY // 50)
