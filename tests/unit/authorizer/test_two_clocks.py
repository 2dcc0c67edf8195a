from math import inf

import pytest

from edge_auth.authorizer.two_clocks import Clocks, Moment, age_seconds

SINCE = Moment(100.0, 1_800_000_000.0)


@pytest.mark.parametrize(
    ("monotonic", "wall", "age"),
    [
        (3, 3, 3),
        (0, 40, 40),  # the monotonic clock stood still in a freeze
        (40, 0, 40),  # the wall clock was set back by as much
        (3, -1, inf),
        (-1, 3, inf),
        (0, 0, 0),
    ],
)
def test_an_age_is_what_the_clock_says_that_says_more(monotonic: float, wall: float, age: float) -> None:
    """A clock that went back says nothing, so then the age is infinite."""
    assert age_seconds(SINCE, Moment(SINCE.monotonic + monotonic, SINCE.wall + wall)) == age


def test_a_moment_is_of_both_clocks() -> None:
    """Both are read."""
    assert Clocks(lambda: 1.0, lambda: 2.0).now() == Moment(1.0, 2.0)
