"""The headers of a request: which are read, and what follows if they are absent."""

import time
from itertools import islice, product

import pytest

from edge_auth.errors import UnsupportedMediaType
from edge_auth.web.body import json_parameters
from edge_auth.web.request import headers_of, request_from
from tests.support.sample_events import proxy_event

FORM = "application/x-www-form-urlencoded"


def if_none_match(headers: object) -> str:
    """Return the `If-None-Match` that is read from these headers."""
    return request_from({**proxy_event(method="GET"), "headers": headers}).headers.one("If-None-Match")


@pytest.mark.parametrize("headers", [None, [], "x", {}, {"content-type": None}, {"Content-Type": ["application/json"]}])
def test_without_a_content_type_there_is_none(headers: object) -> None:
    """Without a content type, a JSON body is refused."""
    request = request_from({**proxy_event("{}"), "headers": headers})
    assert request.media_type == ""
    with pytest.raises(UnsupportedMediaType):
        json_parameters(request)


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_header_names_are_case_insensitive(name: str) -> None:
    """RFC 9110 §5.1 says so (Z9)."""
    assert request_from({**proxy_event(), "headers": {name: "application/json"}}).media_type == "application/json"


def test_two_content_types_are_none() -> None:
    """It is not clear which of the two describes the body."""
    headers = {"Content-Type": "application/json", "content-type": FORM}
    assert request_from({**proxy_event(), "headers": headers}).media_type == ""


@pytest.mark.parametrize("name", ["If-None-Match", "if-none-match", "IF-NONE-MATCH"])
@pytest.mark.parametrize("value", ['"a"', 'W/"a", "b"', "*", " ", "\x00"])
def test_the_tags_of_a_clients_copies_are_read_as_they_came(name: str, value: str) -> None:
    """RFC 9110 §13.1.2: the value is read unchanged. The code that compares tags also splits the list (K1)."""
    assert if_none_match({"Accept": "*/*", name: value}) == value


@pytest.mark.parametrize(
    "headers", [None, [], "x", {}, {"if-none-match": None}, {"If-None-Match": ["*"]}, {"If-Match": "*"}]
)
def test_without_tags_there_are_none(headers: object) -> None:
    """The client has no copy, or the event has no headers."""
    assert if_none_match(headers) == ""


def test_two_spellings_of_the_header_are_none() -> None:
    """It is not clear which of the two counts. Without a tag the answer is only longer."""
    assert if_none_match({"If-None-Match": "*", "if-none-match": "*"}) == ""


def test_all_values_of_a_header_are_there_in_their_order() -> None:
    """REST APIs keep only the last value in `headers`; cookies may come in several headers (RFC 9113 §8.2.3)."""
    event = {
        **proxy_event(),
        "headers": {"Cookie": "b=2", "X-One": "1"},
        "multiValueHeaders": {"Cookie": ["a=1", "b=2"], "cookie": ["c=3"], "X-One": ["1"], "X-Damaged": None},
    }
    headers = request_from(event).headers
    assert headers.all("cookie") == headers.all("COOKIE") == ("a=1", "b=2", "c=3")
    assert headers.one("cookie") == "b=2"
    assert (headers.one("x-one"), headers.all("x-one")) == ("1", ("1",))
    assert headers.all("x-damaged") == headers.all("x-absent") == ()


def test_what_is_no_header_is_left_out_of_any_event() -> None:
    """The answer to a damaged event has headers too, so reading them never raises."""
    damaged = {"headers": {5: "x", "A": "1"}, "multiValueHeaders": {"A": ["1", None, 2], "B": "x"}}

    assert (headers_of(damaged).one("a"), headers_of(damaged).all("a")) == ("1", ("1",))
    assert headers_of(damaged).all("b") == headers_of(None).all("a") == ()


def test_an_event_without_the_list_has_one_value_a_name() -> None:
    """The console's test events and other integrations send no `multiValueHeaders`."""
    headers = request_from({**proxy_event(), "headers": {"Origin": "https://app.example"}}).headers
    assert headers.all("origin") == ("https://app.example",)


def test_one_header_in_many_spellings_takes_no_longer_than_its_length() -> None:
    """A client chooses the letters of a name. Four times the spellings take four times the time, and not sixteen."""

    def cpu(count: int) -> float:
        spellings = product(*((letter, letter.upper()) for letter in "authorization"))
        event = {"multiValueHeaders": {"".join(name): ["x"] for name in islice(spellings, count)}}
        began = time.thread_time()
        found = headers_of(event)
        took = time.thread_time() - began
        assert len(found.all("authorization")) == count
        return took

    small, large = (min(cpu(count) for _ in range(3)) for count in (2000, 8000))

    assert large < 8 * small
