"""Two calls at the same time: both end, no error is lost, and no thread is left."""

import threading
from collections.abc import Callable, Iterator

import pytest

from edge_auth.flows.side_by_side import side_by_side

PATIENCE_SECONDS = 5


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """After each test, there is no thread that was not there before."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def fails(error: BaseException) -> Callable[[], None]:
    """Return a call that raises this error."""

    def call() -> None:
        raise error

    return call


def test_both_calls_are_under_way_at_the_same_time() -> None:
    """Each one goes on when the other one has begun."""
    both = threading.Barrier(2, timeout=PATIENCE_SECONDS)
    places = side_by_side(both.wait, both.wait)
    assert sorted(places) == [0, 1]


def test_the_results_come_in_the_order_of_the_calls() -> None:
    """The first call is the caller's own thread, and the second one is not."""
    own = threading.get_ident()
    first, second = side_by_side(threading.get_ident, threading.get_ident)
    assert first == own != second


@pytest.mark.parametrize("fails_first", [True, False])
def test_an_error_is_raised_when_the_other_call_has_ended(*, fails_first: bool) -> None:
    """What the other one does is done before the caller goes on."""
    has_failed, done = threading.Event(), list[str]()

    def goes_on() -> None:
        assert has_failed.wait(PATIENCE_SECONDS)
        done.append("the other")

    def stops() -> None:
        has_failed.set()
        raise ValueError("injected")

    with pytest.raises(ValueError, match="injected"):
        side_by_side(*((stops, goes_on) if fails_first else (goes_on, stops)))
    assert done == ["the other"]


def test_of_two_errors_the_first_calls_is_raised_from_the_second() -> None:
    """Whichever comes earlier: the answer to a client does not depend on that. Neither one is lost."""
    second_has_failed, second = threading.Event(), KeyError("second")

    def fails_later() -> None:
        assert second_has_failed.wait(PATIENCE_SECONDS)
        raise ValueError("first")

    def fails_earlier() -> None:
        second_has_failed.set()
        raise second

    with pytest.raises(ValueError, match="first") as raised:
        side_by_side(fails_later, fails_earlier)
    assert raised.value.__cause__ is second


def test_the_first_call_is_undone_if_only_the_second_one_fails() -> None:
    """It has had an effect that nothing else follows."""
    undone = list[str]()
    with pytest.raises(KeyError):
        side_by_side(lambda: "counted", fails(KeyError()), undo=undone.append)
    assert undone == ["counted"]


@pytest.mark.parametrize("second", [lambda: None, fails(KeyError())])
def test_a_first_call_that_fails_is_not_undone(second: Callable[[], None]) -> None:
    """It has had no effect."""
    undone = list[object]()
    with pytest.raises(ValueError, match="first"):
        side_by_side(fails(ValueError("first")), second, undo=undone.append)
    assert undone == []


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_an_error_that_ends_a_process_is_raised_too(error: BaseException) -> None:
    """In a thread of its own it would end the thread only, and the caller would go on."""
    with pytest.raises(type(error)):
        side_by_side(lambda: None, fails(error))
