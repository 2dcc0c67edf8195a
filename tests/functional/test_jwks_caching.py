from dataclasses import replace
from typing import Any

import pytest

from tests.support.answers import PUBLIC_HEADERS, UNAVAILABLE, method_not_allowed
from tests.support.key_ring_events import make_due
from tests.support.people import key_ring
from tests.support.sample_events import Event, sample
from tests.support.stack import Answer, Function, Stack
from tests.support.wire import no_connection

ROUTES = ["jwks", "openid-configuration", "oauth-authorization-server"]
RING_AGE_SECONDS = 300


@pytest.fixture
def jwks(stack: Stack) -> Function:
    """Return the function, cold."""
    return stack.function("jwks")


def conditional(route: str, *if_none_match: str, name: str = "If-None-Match") -> Event:
    """Return the request of a client that has a copy. Several headers come as REST APIs pass them on."""
    event = sample(route)
    if if_none_match:
        event["headers"][name] = if_none_match[-1]
        event["multiValueHeaders"][name] = list(if_none_match)
    return event


def tag(jwks: Function, route: str = "jwks") -> str:
    """Return the current tag of a document."""
    return jwks(sample(route)).headers["ETag"]


def not_modified(entity_tag: str) -> Answer:
    """Return the answer to a client whose copy is current."""
    return Answer(304, {**PUBLIC_HEADERS, "Cache-Control": "public, max-age=60", "ETag": entity_tag}, "")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("form", ["{}", "W/{}", '"a", {}, "b"', "*"])
def test_a_client_that_has_the_document_gets_no_body(jwks: Function, route: str, form: str) -> None:
    """K1, RFC 9110 §13.1.2: each of the three documents is answered with 304, its headers and no body."""
    entity_tag = tag(jwks, route)

    assert jwks(conditional(route, form.format(entity_tag))) == not_modified(entity_tag)
    assert jwks(conditional(route, form.format(entity_tag), name="if-none-match")) == not_modified(entity_tag)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("value", ["", '"a"', "W/", "\x00\x7f", "ü", "," * 5000, '"' * 5000, "a" * 8000])
def test_a_client_that_has_anything_else_gets_the_document(jwks: Function, route: str, value: str) -> None:
    """L1: garbage in the header is not an error."""
    assert jwks(conditional(route, value)) == jwks(sample(route))


def test_of_several_headers_the_last_counts(jwks: Function) -> None:
    """REST APIs put only the last header in `headers`; an unclear case sends the document again."""
    entity_tag = tag(jwks)

    assert jwks(conditional("jwks", '"a"', entity_tag)) == not_modified(entity_tag)
    assert jwks(conditional("jwks", entity_tag, '"a"')) == jwks(sample("jwks"))
    both = conditional("jwks", entity_tag)
    both["headers"]["IF-NONE-MATCH"] = entity_tag
    assert jwks(both) == jwks(sample("jwks"))


@pytest.mark.parametrize("value", [None, 1, ["x"], {}])
def test_a_header_that_is_no_text_is_none(jwks: Function, value: Any) -> None:  # noqa: ANN401 - of no type
    """L1: a header that is not text is ignored and raises no exception."""
    event = sample("jwks")
    event["headers"]["If-None-Match"] = value

    assert jwks(event) == jwks(sample("jwks"))


@pytest.mark.parametrize("route", ROUTES)
def test_head_has_the_headers_of_get_and_no_content(jwks: Function, route: str) -> None:
    """RFC 9110 §9.3.2: `curl -I` sees the type, the tag and the time of caching, and a condition counts."""
    entity_tag = tag(jwks, route)

    assert jwks({**sample(route), "httpMethod": "HEAD"}) == replace(jwks(sample(route)), body="")
    assert jwks({**conditional(route, entity_tag), "httpMethod": "HEAD"}) == not_modified(entity_tag)


@pytest.mark.parametrize("method", ["PUT", "POST", "OPTIONS"])
def test_another_method_is_not_allowed_with_a_tag_either(jwks: Function, method: str) -> None:
    """RFC 9110 §13.2.1: a precondition counts only for a request that would succeed."""
    event = {**conditional("jwks", tag(jwks)), "httpMethod": method}

    assert jwks(event) == method_not_allowed("GET", "HEAD")


def test_a_tag_changes_with_the_document_and_only_then(stack: Stack, jwks: Function) -> None:
    """K1, K3: the tag stays while the keys stay, in cold and warm functions, and changes when a key signs or ends."""
    first = tag(jwks)
    for _ in range(5):
        stack.clock.advance(seconds=RING_AGE_SECONDS)
        assert tag(jwks) == tag(stack.function("jwks")) == first
    stack.rotate_keys()(sample("key-ring-advance"))
    stack.clock.advance(seconds=RING_AGE_SECONDS)
    assert tag(jwks) == first, "nothing was due"

    make_due(stack)
    stack.clock.advance(seconds=-1)
    assert tag(jwks) == first
    stack.clock.advance(seconds=1)
    second = tag(jwks)
    assert second != first, "another key signs, and comes first"
    ends_at = stack.key_ring.signing[0].ends_at_seconds
    assert ends_at is not None
    stack.clock.advance(seconds=ends_at - stack.clock.now_seconds - 1)
    assert tag(jwks) == second
    stack.clock.advance(seconds=1)
    assert tag(jwks) not in (first, second)
    assert jwks(conditional("jwks", first, second)).status == 200


def test_a_new_ring_has_a_new_tag_where_it_is_known(stack: Stack, jwks: Function) -> None:
    """K6: a client that asks again after a rotation gets the new keys."""
    old = tag(jwks)
    stack.make_key_ring(key_ring(serial=1))

    assert jwks(conditional("jwks", old)) == not_modified(old)
    stack.clock.advance(seconds=RING_AGE_SECONDS)
    assert jwks(conditional("jwks", old)).json == key_ring(serial=1).at(stack.clock.now_seconds).jwks()
    assert tag(jwks, "oauth-authorization-server") == tag(stack.function("jwks"), "oauth-authorization-server")


def test_a_copy_is_not_confirmed_without_keys(stack: Stack, jwks: Function) -> None:
    """DC-3: without keys a copy cannot be checked, so its client gets 503 too."""
    entity_tag = tag(jwks)
    stack.wire.always("GetSecretValue", no_connection)
    cold = stack.function("jwks")

    for value in (entity_tag, "*"):
        assert cold(conditional("jwks", value)) == UNAVAILABLE
