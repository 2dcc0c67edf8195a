"""Attempts at passwords and bookings of sources: what is let through, in the same words for each store."""

import pytest

from edge_auth.throttling.counters import Counted
from edge_auth.throttling.rule import AttemptsUndecided
from tests.support.dynamodb.counting import BACKOFF, Counting


def test_a_few_attempts_are_free_and_then_each_waits_longer(counting: Counting) -> None:
    """P11: three failures are free, then the waits are 1, 2, 4 seconds and so on, up to 16 minutes."""
    assert [counting.fails() for _ in range(3)] == [True] * 3
    waited = []
    for _ in range(13):
        waited.append(counting.waits())
        counting.passes(waited[-1])
        assert counting.fails() is False
    assert waited == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 960, 960, 960]


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
    """P8: a stranger who asks all the time sees the same waits after a right and after a wrong attempt of another."""
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
    for _ in range(89):
        counting.passes(960)
        counting.succeeds()
    counting.passes(960)
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


def test_a_clock_that_is_behind_does_not_wait_for_one_that_is_ahead(counting: Counting) -> None:
    """P13: the source has one burst, whichever of two machines lets its attempts through."""
    counting.passes(120)
    counting.books()
    counting.passes(-120)
    counting.books()
    counting.books()
    assert counting.books_out() == 10
    counting.passes(130)
    counting.books()
    counting.passes(-130)
    assert counting.books_out() == 10


def test_sources_do_not_share_their_rate(counting: Counting) -> None:
    """A source over its rate does not make another source wait."""
    for _ in range(3):
        counting.books("home")
    assert counting.books_out("home") == 10
    counting.books("elsewhere")
