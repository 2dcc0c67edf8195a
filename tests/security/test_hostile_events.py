"""Events of any form: correct events are served, all others are denied, and none raises an exception."""

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_auth.tokens import access_token as access
from tests.support.access_tokens import claims_at, key
from tests.support.authorizer import (
    DENIED,
    DENY_POLICY,
    DENY_SIMPLE,
    SHAPES,
    Handler,
    context_of,
    http_api_event,
    is_allowed,
    request_event,
    token_event,
)
from tests.support.sample_events import METHOD_ARN

DENY_EVERYWHERE = {
    **DENY_POLICY,
    "policyDocument": {
        "Version": "2012-10-17",
        "Statement": [{"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": "*"}],
    },
}


@pytest.fixture
def good() -> str:
    """Return a good token."""
    return access.issue(claims_at(int(time.time())), key("ES256"))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
@pytest.mark.parametrize("spaces", [" ", "  ", "     "])
def test_the_scheme_is_case_insensitive(warm: Handler, good: str, shape: str, scheme: str, spaces: str) -> None:
    """One or more spaces may follow it (Z8)."""
    assert is_allowed(warm(SHAPES[shape].event(f"{scheme}{spaces}{good}"), None))


NO_BEARER = [
    "{token}",
    "",
    " ",
    "Bearer",
    "Bearer ",
    "Bearer{token}",
    "Bearer\t{token}",
    "Bearer\n{token}",
    "Bearer\u00a0{token}",
    " Bearer {token}",
    "Bearer {token} ",
    "Bearer {token}\n",
    "Bearer {token}\r\nX: 1",
    "Bearer {token}\x00",
    "Bearer {token} {token}",
    "Bearer {token},{token}",
    "Bearer {token}, Bearer {token}",
    "Bearer {token},Bearer {token}",
    "Bearer {token}; x=1",
    "Bearer {token},x=1",
    'Bearer "{token}"',
    "Bearer <{token}>",
    "Bearer token={token}",
    "Bearer realm=x,{token}",
    "Bearer Bearer {token}",
    "Basic {token}",
    "Digest {token}",
    "DPoP {token}",
    "Token {token}",
    "JWT {token}",
    "Negotiate {token}",
    "Bearers {token}",
    "Bear {token}",
    "Be\u0430rer {token}",
    "\uff22earer {token}",
    "Authorization: Bearer {token}",
    "null",
    "undefined",
    "Bearer null",
    "Bearer undefined",
    "Bearer [object Object]",
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("value", NO_BEARER)
def test_anything_but_one_bearer_token_is_denied(warm: Handler, good: str, shape: str, value: str) -> None:
    """Other schemes, several credentials and other separators are denied, even with a good token inside (Z8)."""
    assert warm(SHAPES[shape].event(value.replace("{token}", good)), None) == SHAPES[shape].deny


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("value", [None, 0, 1.5, True, [], {}, b"Bearer x", ["Bearer x"], {"Bearer": "x"}])
def test_a_header_value_that_is_no_text_is_denied(warm: Handler, shape: str, value: object) -> None:
    """A value of another JSON type is never read as a token (Z10)."""
    assert warm(SHAPES[shape].event(value), None) == SHAPES[shape].deny


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION", "aUTHORIZATION"])
def test_the_header_name_is_case_insensitive(warm: Handler, good: str, name: str) -> None:
    """REST APIs pass header names on as the client wrote them (Z9)."""
    event = request_event("")
    event["headers"] = {name: f"Bearer {good}"}
    event["multiValueHeaders"] = {name: [f"Bearer {good}"]}
    assert is_allowed(warm(event, None))
    event["multiValueHeaders"] = None
    assert is_allowed(warm(event, None))
    event = http_api_event("")
    event["headers"] = {name: f"Bearer {good}"}
    assert is_allowed(warm(event, None))


@pytest.mark.parametrize("absent", [None, {}])
def test_either_form_of_headers_is_enough(warm: Handler, good: str, absent: object) -> None:
    """Some integrations send only one of them (Z9)."""
    for missing in ("headers", "multiValueHeaders"):
        event = request_event(f"Bearer {good}")
        event[missing] = absent
        assert is_allowed(warm(event, None))
        del event[missing]
        assert is_allowed(warm(event, None))


@pytest.mark.parametrize(
    "names",
    [
        {"Authorization": ["Bearer {token}", "Bearer {token}"]},
        {"Authorization": ["Bearer {token}", "Basic eDp5"]},
        {"Authorization": ["Basic eDp5", "Bearer {token}"]},
        {"Authorization": ["", "Bearer {token}"]},
        {"Authorization": ["Bearer {token}"], "authorization": ["Bearer {token}"]},
        {"Authorization": ["Bearer {token}"], "AUTHORIZATION": ["Bearer other"]},
        {"Authorization": []},
        {"Authorization": None},
        {"Authorization": "Bearer {token}"},
        {"Authorization": [["Bearer {token}"]]},
        {"Authorization": {"0": "Bearer {token}"}},
        {"X-Authorization": ["Bearer {token}"]},
        {"Authorization ": ["Bearer {token}"]},
        {"Proxy-Authorization": ["Bearer {token}"]},
        {"Author\u0131zation": ["Bearer {token}"]},
        {"X-Forwarded-Authorization": ["Bearer {token}"]},
    ],
)
def test_not_exactly_one_authorization_header_is_denied(warm: Handler, good: str, names: dict[str, Any]) -> None:
    """Two headers may mean two users, and the gateway may read another one than the authorizer (Z8, RFC 6750 §2)."""

    def filled(value: object) -> object:
        if isinstance(value, str):
            return value.replace("{token}", good)
        if isinstance(value, list):
            return [filled(item) for item in value]
        if isinstance(value, dict):
            return {name: filled(item) for name, item in value.items()}
        return value

    event = request_event(f"Bearer {good}")
    event["multiValueHeaders"] = filled(names)
    assert warm(event, None) == DENY_POLICY


def test_two_spellings_of_the_header_name_are_denied(warm: Handler, good: str) -> None:
    """This holds also in events with only the single-value form (Z8)."""
    event = http_api_event(f"Bearer {good}")
    event["headers"]["Authorization"] = f"Bearer {good}"
    assert warm(event, None) == DENY_SIMPLE


@pytest.mark.parametrize("shape", SHAPES)
def test_a_token_elsewhere_is_not_looked_for(warm: Handler, good: str, shape: str) -> None:
    """A token in the query, a cookie, the body or the identity source is ignored (Z8, A13)."""
    event = SHAPES[shape].event(None)
    for place in ("headers", "multiValueHeaders", "authorizationToken"):
        event.pop(place, None)
    value = f"Bearer {good}"
    event |= {
        "queryStringParameters": {"access_token": good, "authorization": value},
        "multiValueQueryStringParameters": {"access_token": [good]},
        "cookies": [f"access_token={good}"],
        "identitySource": [value],
        "body": f"access_token={good}",
        "pathParameters": {"access_token": good},
        "stageVariables": {"authorization": value},
        "Authorization": value,
    }
    assert warm(event, None) == SHAPES[shape].deny
    event["headers"] = {"Cookie": f"Authorization={value}", "X-Access-Token": good}
    assert warm(event, None) == SHAPES[shape].deny


def test_a_request_event_does_not_read_the_token_field(warm: Handler, good: str) -> None:
    """A TOKEN event does not read headers either. In each shape, the token has exactly one place."""
    event = request_event(None)
    event["authorizationToken"] = f"Bearer {good}"
    assert warm(event, None) == DENY_POLICY
    event = token_event(None)
    event["headers"] = {"Authorization": f"Bearer {good}"}
    assert warm(event, None) == DENY_POLICY


@pytest.mark.parametrize("event", [None, {}, [], "", "event", 0, 1, True, 1.5, b"", [{}], {"": ""}, {"type": "TOKEN"}])
def test_no_event_at_all_is_denied(warm: Handler, event: object) -> None:
    """The answer is a Deny and no exception, for any value (Z10)."""
    assert warm(event, None) == DENY_EVERYWHERE


@pytest.mark.parametrize("version", [None, 2, 2.0, "2", "2.00", "3.0", "1.0", ["2.0"], {"2.0": True}])
def test_another_version_is_answered_with_a_policy(warm: Handler, good: str, version: object) -> None:
    """Only the version "2.0" gets the simple answer, because other gateways do not understand it (Z10)."""
    event = request_event(f"Bearer {good}")
    event["version"] = version
    assert is_allowed(warm(event, None))
    assert "policyDocument" in warm(event, None)


@pytest.mark.parametrize(
    "arn",
    [
        None,
        "",
        "*",
        5,
        ["*"],
        {},
        "arn:aws:execute-api:eu-central-1:123456789012:abc123",
        "arn:aws:execute-api:eu-central-1:123456789012:abc123/prod",
        "arn:aws:execute-api:eu-central-1:123456789012:*/prod/GET/me",
        "arn:aws:execute-api:eu-central-1:123456789012:/prod/GET/me",
        "arn:aws:execute-api:eu-central-1:123456789012:abc123//GET/me",
        "arn:aws:execute-api:eu-central-1:123456789012:abc123/*/GET/me",
        "arn:aws:execute-api:eu-central-1:123456789012:abc123/pro?/GET/me",
        f"arn:aws:execute-api:eu-central-1:123456789012:abc123/{'x' * 129}/GET/me",
        "arn:aws:execute-api:*:123456789012:abc123/prod/GET/me",
        "arn:aws:execute-api:eu-central-1:*:abc123/prod/GET/me",
        "arn:aws:lambda:eu-central-1:123456789012:abc123/prod/GET/me",
        "arn:*:execute-api:eu-central-1:123456789012:abc123/prod/GET/me",
        " " + METHOD_ARN,
        "\n" + METHOD_ARN,
    ],
)
def test_without_a_method_arn_even_a_good_token_is_denied(warm: Handler, good: str, arn: object) -> None:
    """Without a stage to allow, no wider resource is allowed instead (Z11, Z12)."""
    for event in (token_event(f"Bearer {good}"), request_event(f"Bearer {good}")):
        event["methodArn"] = arn
        answer = warm(event, None)
        assert not is_allowed(answer)
        assert context_of(answer) == DENIED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=12), children, max_size=3),
    max_leaves=8,
)
FIELDS = ["type", "version", "methodArn", "authorizationToken", "headers", "multiValueHeaders", "requestContext"]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=st.dictionaries(st.sampled_from(FIELDS), json_values) | json_values)
def test_no_event_raises_and_none_is_allowed(warm: Handler, event: object) -> None:
    """Any JSON value without a token gets a Deny (Z10)."""
    answer = warm(event, None)
    assert not is_allowed(answer)
    assert context_of(answer) == DENIED


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(FIELDS), value=json_values, shape=st.sampled_from(list(SHAPES)))
def test_a_good_event_with_one_wrong_field_never_raises(
    warm: Handler, good: str, field: str, value: object, shape: str
) -> None:
    """Any field of any shape may have any JSON value (Z10)."""
    event = SHAPES[shape].event(f"Bearer {good}")
    event[field] = value
    answer = warm(event, None)
    assert set(answer) in ({"isAuthorized", "context"}, {"principalId", "policyDocument", "context"})
    assert is_allowed(answer) == (context_of(answer) != DENIED)


@pytest.mark.parametrize("size", [2049, 10_240, 100_000])
def test_a_huge_header_is_denied(warm: Handler, good: str, size: int) -> None:
    """The size is checked first (Z16)."""
    for value in (f"Bearer {'A' * size}", f"Bearer {good}{'=' * size}", " " * size, f"Bearer{' ' * size}{good} "):
        assert warm(token_event(value), None) == DENY_POLICY
