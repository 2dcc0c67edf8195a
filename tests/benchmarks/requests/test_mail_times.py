"""The times of mails: which mail is waited for, and where the time begins and ends."""

import pytest

from benchmarks.requests import mail_times
from benchmarks.requests.mail_times import table, waits
from local.page import mailbox


class Post:
    """A stack that sends each mail so many seconds after it was asked for, and a clock that stands still meanwhile."""

    def __init__(self, *delays: float) -> None:
        """Begin with an empty mailbox."""
        self._now = 1000.0
        self._delays = list(delays)
        self._mails: list[dict[str, object]] = []

    def clock(self) -> float:
        """Return the seconds since 1970. Each request comes ten seconds later."""
        self._now += 10
        return self._now

    def ask(self, name: str) -> None:
        """Send a mail."""
        self._mails.insert(0, {"to": f"{name}@{mailbox.DOMAIN}", "at": self._now + self._delays.pop(0)})

    def mails(self) -> list[dict[str, object]]:
        """Return the mails that have left, the newest first."""
        return self._mails


def test_each_mail_is_timed_from_its_own_request() -> None:
    """The mailbox says when it came."""
    post = Post(2.0, 0.5)

    assert waits(["ada", "bob"], post.ask, post.mails, clock=post.clock) == [2.0, 0.5]


def test_a_mail_that_does_not_come_ends_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its figures would be of the others only."""
    monkeypatch.setattr(mail_times, "PATIENCE_SECONDS", 0.0)
    post = Post(1.0)

    with pytest.raises(RuntimeError, match="no mail to bob"):
        waits(["bob"], lambda _name: post.ask("ada"), post.mails)


@pytest.mark.parametrize(("p95", "held"), [(3.0, "held"), (3.01, "not held")])
def test_the_table_says_whether_the_budget_is_held(p95: float, held: str) -> None:
    """By the p95, not by the longest."""
    seconds = {"median": 0.5, "p5": 0.4, "p95": p95, "count": 60}
    text = table({"seconds": seconds, "first": 8.0, "longest": 9.0})

    assert f"| 60 | 0.50 | {p95:.2f} | 9.00 | 8.00 |" in text
    assert text.endswith(f"p95 of 3 s, {held}.")
