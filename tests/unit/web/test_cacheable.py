"""Public documents in caches: time, entity tag, conditions."""

import json
from hashlib import sha256
from typing import Any

import pytest

from edge_auth.web.cacheable import cacheable_response
from edge_auth.web.response import Response

DOCUMENT = {"issuer": "https://auth.example.com"}
OTHER = {"issuer": "https://other.example.com"}


def headers_of(response: Response) -> dict[str, str]:
    """Return the headers as they are sent."""
    headers = response.to_event()["headers"]
    assert isinstance(headers, dict)
    return headers


def tag_of(document: dict[str, Any]) -> str:
    """Return a document's entity tag."""
    return headers_of(cacheable_response(document, "", cache_control="public, max-age=60"))["ETag"]


def status_of(if_none_match: str) -> int:
    """Return the status for a client that sends this `If-None-Match` header."""
    return cacheable_response(DOCUMENT, if_none_match, cache_control="public, max-age=60").status


def test_a_document_is_json_that_is_cacheable_as_its_function_says() -> None:
    """RFC 9111 §5.2: the header is sent as it is given."""
    response = cacheable_response(DOCUMENT, "", cache_control="public, max-age=60")
    event, headers = response.to_event(), headers_of(response)

    assert event["statusCode"] == 200
    assert json.loads(str(event["body"])) == DOCUMENT
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=60"


def test_the_same_document_has_the_same_tag_and_another_another() -> None:
    """The tag is strong (RFC 9110 §8.8.3): it depends on the exact bytes, so the order of members counts."""
    assert tag_of(DOCUMENT) == tag_of(dict(DOCUMENT)) != tag_of(OTHER)
    assert tag_of({"a": 1, "b": 2}) != tag_of({"b": 2, "a": 1})
    assert tag_of(DOCUMENT)[0] == tag_of(DOCUMENT)[-1] == '"'
    assert len(tag_of(DOCUMENT)) == 34


def test_the_tag_is_of_the_bytes_that_are_sent() -> None:
    """RFC 9110 §8.8.3: a strong tag changes with any byte of the content."""
    event = cacheable_response({"a": [1, 2]}, "", cache_control="no-cache").to_event()

    assert tag_of({"a": [1, 2]}) == f'"{sha256(str(event["body"]).encode()).hexdigest()[:32]}"'


@pytest.mark.parametrize("form", ["{}", "W/{}", " {} ", '"x", {}', '{},"x"', 'W/"x" , W/{}', "*", '"x",*'])
def test_a_client_that_has_the_document_gets_no_body(form: str) -> None:
    """RFC 9110 §13.1.2, §15.4.5: tags compare weakly, one match is enough, and the caching headers are sent again."""
    response = cacheable_response(DOCUMENT, form.format(tag_of(DOCUMENT)), cache_control="public, max-age=60")
    event = response.to_event()

    assert (event["statusCode"], event["body"]) == (304, "")
    assert headers_of(response).items() >= {"ETag": tag_of(DOCUMENT), "Cache-Control": "public, max-age=60"}.items()
    assert headers_of(response)["Access-Control-Allow-Origin"] == "*"
    assert "Content-Type" not in headers_of(response)


@pytest.mark.parametrize(
    "form", ["", '""', '"x"', "{:.20}", "w/{}", "W/ {}", "{}{}", "x{}", "{} x", "**", ",", ", ,", "\x00"]
)
def test_a_client_that_has_anything_else_gets_the_document(form: str) -> None:
    """A malformed or unknown tag is no error: the client gets the whole document."""
    tag = tag_of(DOCUMENT)

    assert status_of(form.format(tag, tag)) == 200
    assert status_of(tag_of(OTHER)) == 200
    assert status_of(tag.strip('"')) == 200
