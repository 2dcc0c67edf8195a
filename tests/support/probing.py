"""A stranger who tries to learn whether a user exists: what is asked in a month, and what is seen.

It knows only a way to log in and a way to let time pass, so it works on functions and on a deployed stack alike.
"""

import random
from dataclasses import dataclass
from typing import Protocol

HOUR, DAY = 3600, 86_400
PROBED_DAYS = (0, 1, 3, 29)  # a failure is forgotten after a day, and its counter is deleted at some time after that
PROBES = 7  # more than are free, so that waits are seen
HOME, OTHER_HOME, STRANGERS = "203.0.113.7", "203.0.113.99", ("198.51.100.9", "192.0.2.77", "2001:db8:1:2::3")


@dataclass(frozen=True)
class Seen:
    """What one wrong password showed. `cost` is what the caller can tell of the work behind it."""

    at_seconds: int
    status: int
    retry_after: str
    body: str
    cost: tuple[str, ...] = ()


class World(Protocol):
    """The login under test, at a time of its own."""

    def wrong(self, username: str, address: str, *, with_token: bool) -> Seen:
        """Log in with a wrong password. With a token: that of the stranger's own account."""

    def owner(self, username: str, address: str, *, with_token: bool) -> None:
        """Log in as the owner, with the right password."""

    def go_to(self, at_seconds: int) -> None:
        """Let the time pass until so many seconds after the start."""


@dataclass(frozen=True)
class Plan:
    """The times and the addresses of a month, drawn once and carried out for names that exist and names that do not."""

    probes: tuple[tuple[int, str, bool, bool], ...]
    logins: tuple[tuple[int, str, bool], ...]


def drawn(seed: int) -> Plan:
    """Draw a month. On four days the stranger asks, each second or as Retry-After says.

    The owner logs in before that, with a device token also during it, and between these days. Without a device token it
    is only while no attempt has to wait, because each attempt that had to wait counts, right or wrong
    (`test_a_success_that_had_to_wait_counts_like_a_failure`).
    """
    draw = random.Random(seed)  # noqa: S311 - no secret
    probes, logins = [], []
    for day in PROBED_DAYS:
        began = day * DAY + draw.randrange(60, 2 * HOUR)
        probes.append((began, draw.choice((HOME, *STRANGERS)), draw.random() < 0.5, draw.random() < 0.3))
        logins.append((began - 60, HOME, day > 0))
        logins.append((began + draw.randrange(PROBES), draw.choice((HOME, OTHER_HOME)), True))
    logins.append((5 * DAY + draw.randrange(20 * DAY), draw.choice((HOME, OTHER_HOME)), False))
    logins.append((2 * DAY + draw.randrange(3 * HOUR, 20 * HOUR), draw.choice((HOME, OTHER_HOME)), False))
    return Plan(tuple(probes), tuple(sorted(logins)))


def seen_in_a_month(world: World, plan: Plan, username: str, *, exists: bool) -> list[Seen]:
    """Carry out the plan. The logins of the owner happen only if there is one."""
    seen, logins = [], list(plan.logins) if exists else []

    def go_to(at_seconds: int) -> None:
        while logins and logins[0][0] <= at_seconds:
            login_at, address, with_token = logins.pop(0)
            world.go_to(login_at)
            world.owner(username, address, with_token=with_token)
        world.go_to(at_seconds)

    for began, address, is_patient, with_token in plan.probes:
        at_seconds = began
        for _ in range(PROBES):
            go_to(at_seconds)
            seen.append(world.wrong(username, address, with_token=with_token))
            at_seconds += _pause(seen[-1], is_patient=is_patient)
    return seen


def _pause(last: Seen, *, is_patient: bool) -> int:
    return int(last.retry_after or "1") if is_patient else 1
