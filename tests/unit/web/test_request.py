"""Requests: an event is read, or it is refused before any other work."""

import base64
import json

import pytest

from edge_auth.errors import InvalidRequest
from edge_auth.web.request import MAX_BODY_BYTES, body_from, head_from, request_from
from tests.support.sample_events import proxy_event


def test_an_event_becomes_a_request() -> None:
    """A request has the method, route, media type, body and context, and not the query (A13)."""
    request = request_from(proxy_event('{"a":1}', content_type="Application/JSON; charset=utf-8"))
    assert (request.method, request.path, request.media_type) == ("POST", "/auth/refresh", "application/json")
    assert request.body == b'{"a":1}'
    assert request.context["domainName"] == "a.example"
    assert "from-the-query" not in repr(request)


def test_a_head_has_everything_but_the_body() -> None:
    """Its network can be logged though the body is damaged or too large."""
    event = proxy_event('{"a":1}')
    whole, head = request_from(event), head_from(event)
    assert (head.method, head.path, head.context) == (whole.method, whole.path, whole.context)
    assert (head.source_address, head.body) == (whole.source_address, b"")


@pytest.mark.parametrize("event", [None, [], "", 5, {}, {"httpMethod": "POST"}])
def test_another_event_is_malformed(event: object) -> None:
    """A REST API does not send an event like these."""
    with pytest.raises(InvalidRequest):
        request_from(event)


@pytest.mark.parametrize("field", ["httpMethod", "resource", "requestContext"])
@pytest.mark.parametrize("value", [None, 5, [], True])
def test_a_damaged_event_is_malformed(field: str, value: object) -> None:
    """Each field must have its type."""
    with pytest.raises(InvalidRequest):
        request_from({**proxy_event(), field: value})


@pytest.mark.parametrize("value", [5, [], {}, True, b"x"])
def test_a_body_that_is_no_text_is_malformed(value: object) -> None:
    """API Gateway sends a text or nothing."""
    with pytest.raises(InvalidRequest):
        request_from({**proxy_event(), "body": value})


@pytest.mark.parametrize("body", ["e30", "e3 0=", "e30=\n", "*", "é", "e30=="])
def test_a_damaged_base64_body_is_malformed(body: str) -> None:
    """The decoder skips no character and repairs nothing (L2)."""
    with pytest.raises(InvalidRequest):
        request_from({**proxy_event(body), "isBase64Encoded": True})


def test_a_body_of_8_kib_is_read_and_one_byte_more_is_not() -> None:
    """The limit counts bytes after base64 decoding (P7, L2)."""
    frame = len('{"a":""}')
    largest = json.dumps({"a": "x" * (MAX_BODY_BYTES - frame)}, separators=(",", ":"))
    for size, body in ((8192, largest), (8193, largest + " ")):
        encoded = base64.b64encode(body.encode()).decode()
        for event in (proxy_event(body), {**proxy_event(encoded), "isBase64Encoded": True}):
            assert len(body) == size
            if size == MAX_BODY_BYTES:
                assert len(request_from(event).body) == size
            else:
                with pytest.raises(InvalidRequest):
                    request_from(event)


@pytest.mark.parametrize("body", ["é" * 4097, "\U0001f600" * 2049, "x" * 10_000_000, "\ud800"])
def test_a_body_that_is_too_large_or_no_text_is_malformed(body: str) -> None:
    """A body of ten megabytes is refused by its length (L2)."""
    with pytest.raises(InvalidRequest):
        request_from(proxy_event(body))


def test_a_request_without_a_body_has_an_empty_one() -> None:
    """API Gateway sends null then."""
    assert request_from(proxy_event(None)).body == b""


@pytest.mark.parametrize(("address", "source"), [("192.0.2.7", "192.0.2.7"), (None, ""), (5, "")])
def test_the_source_is_the_address_that_the_gateway_saw(address: object, source: str) -> None:
    """P14: the console's test events have none. A trusted proxy's word counts for more."""
    event = proxy_event()
    event["requestContext"]["identity"] = {"sourceIp": address}

    assert request_from(event).source_address == source
    assert request_from(event)._replace(viewer_address="198.51.100.9").source_address == "198.51.100.9"


def test_the_values_in_a_path_are_read_by_their_names() -> None:
    """What is no text is left out. Most routes have none."""
    event = {**proxy_event(), "pathParameters": {"session_id": "s", "other": 5}}

    assert request_from(event).path_parameters == {"session_id": "s"}
    assert request_from({**proxy_event(), "pathParameters": None}).path_parameters == {}


@pytest.mark.parametrize("event", [None, 5, [], {}, {"body": None}])
def test_what_has_no_body_has_an_empty_one(event: object) -> None:
    """It is read apart from the rest of the event."""
    assert body_from(event) == b""
