"""Headers, cookies and the method of events in every shape, with hostile ones among them."""

from typing import Any

import pytest

from edge_auth.authorizer.event_headers import cookie_values, header_values, method_of

Event = dict[str, Any]


@pytest.mark.parametrize(
    ("event", "values"),
    [
        ({"multiValueHeaders": {"Cookie": ["theme=dark; a", "id=1;b=2"], "cookie": ["id=2 ; c"]}}, ["1", "2"]),
        ({"headers": {"COOKIE": "a=1; id=x=y"}}, ["x=y"]),
        (
            {"headers": {"cookie": "id=last"}, "multiValueHeaders": {"cookie": ["id=first", "id=last"]}},
            ["first", "last"],
        ),
        ({"headers": {"cookie": "id=2"}, "cookies": ["id=1", "a=2"]}, ["1"]),
        ({"headers": {"cookie": "id=2"}, "cookies": []}, ["2"]),
        ({"cookies": ["id=1; id=2", 7, None]}, ["1", "2"]),
        ({"headers": {"cookie": 'id="q"'}}, ['"q"']),
        ({"headers": {"cookie": "id; ID=1; xid=2; id =3"}}, []),
        ({"headers": {"cookie": "id="}}, [""]),
        ({"headers": {"cookie": 7}, "cookies": "id=1"}, []),
        ({"headers": [], "multiValueHeaders": {"cookie": "id=1"}}, []),
        ({}, []),
    ],
)
def test_the_cookies_of_one_name(event: Event, values: list[str]) -> None:
    """RFC 6265 §5.4: one header or many; HTTP/2 splits them, and HTTP APIs have a list."""
    assert cookie_values(event, "id") == values


@pytest.mark.parametrize(
    ("event", "method"),
    [
        ({"httpMethod": "POST"}, "POST"),
        ({"requestContext": {"http": {"method": "DELETE"}}}, "DELETE"),
        ({"httpMethod": "POST", "requestContext": {"http": {"method": "GET"}}}, "POST"),
        ({"requestContext": {"routeKey": "$connect"}}, ""),
        ({"httpMethod": 7}, ""),
        ({"requestContext": {"http": {"method": None}}}, ""),
        ({"requestContext": {"http": "GET"}}, ""),
        ({"requestContext": None}, ""),
        ({}, ""),
    ],
)
def test_the_method(event: Event, method: str) -> None:
    """The handshake of a WebSocket names none, so it counts as a request that may change things."""
    assert method_of(event) == method


def test_a_header_in_several_spellings_is_several_headers() -> None:
    """RFC 9110 §5.1: so nobody can hide one behind another."""
    assert header_values({"headers": {"Origin": "a", "origin": "b"}}, "origin") == ["a", "b"]
