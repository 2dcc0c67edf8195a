"""The headers and cookies of an event in each shape, and of a damaged one."""

import pytest

from edge_auth.authorizer.event_headers import cookie_values, header_values


@pytest.mark.parametrize(
    ("event", "values"),
    [
        ({"headers": {"A": "1", "B": "2"}}, ["1"]),
        ({"headers": {"A": "1"}, "multiValueHeaders": {}}, ["1"]),
        ({"headers": {"A": "1"}, "multiValueHeaders": None}, ["1"]),
        ({"headers": {"A": "1"}, "multiValueHeaders": ["x"]}, ["1"]),
        ({"headers": {"A": "2"}, "multiValueHeaders": {"A": ["1", "2"], "a": ["3"], "B": ["4"]}}, ["1", "2", "3"]),
        ({"headers": {"A": "1"}, "multiValueHeaders": {"A": "xy", "B": ["4"]}}, []),
        ({"headers": ["A"]}, []),
        ({}, []),
    ],
)
def test_the_values_of_a_header_are_found_in_every_shape(event: dict[str, object], values: list[object]) -> None:
    """The lists count where there are some, because `headers` has only the last value of each name then."""
    assert header_values(event, "a") == values


@pytest.mark.parametrize(
    ("event", "values"),
    [
        ({"cookies": ["X=1X", "b=2"]}, ["1X"]),
        ({"cookies": [], "headers": {"Cookie": "X=1; b=2;\tX=3"}}, ["1", "3"]),
        ({"cookies": "X=1", "headers": {"Cookie": "X=2"}}, ["2"]),
        ({"cookies": [5, "X=1"]}, ["1"]),
        ({"headers": {"Cookie": "XX=1; x=2; X"}}, []),
    ],
)
def test_the_values_of_a_cookie_are_found_in_every_shape(event: dict[str, object], values: list[str]) -> None:
    """RFC 6265 §5.4: names have a case, and a value may have any letter of them."""
    assert cookie_values(event, "X") == values
