import json
import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.answers import (
    ERROR_HEADERS,
    INVALID_GRANT,
    INVALID_REQUEST,
    NO_CONTENT,
    REVOKED,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    method_not_allowed,
)
from tests.support.hostile_bodies import DAMAGED_FORMS, DAMAGED_JSON, ODD_VALUES
from tests.support.people import PASSWORD
from tests.support.sample_events import FORM, JSON, Event, sample, with_body, with_form, with_json
from tests.support.stack import Answer, Stack

ROUTES = {"login": "login", "refresh": "refresh-json", "logout": "logout-json"}
FORM_ROUTES = {"refresh": "refresh-form", "logout": "logout-form"}
TOKEN_NAMES = {"login": "password", "refresh": "refresh_token", "logout": "refresh_token"}
# Well-formed requests with an impossible name or a dead token. None of them reaches a table.
WELL_FORMED = {
    "login": {"username": "\N{SNOWMAN}", "password": PASSWORD},
    "refresh": {"refresh_token": "x"},
    "logout": {"refresh_token": "x"},
}
MEANS_NOTHING = {"login": INVALID_REQUEST, "refresh": INVALID_GRANT, "logout": NO_CONTENT}
CLIENT_ERRORS = {"invalid_request", "invalid_grant", "unsupported_grant_type", "unsupported_media_type"}
BODY_LIMIT = 8192
OTHER_MEDIA_TYPES = [
    *(None, "", "text/plain", "application/jsonx", "application/json, application/json", "application/jwt"),
    *("text/json", "multipart/form-data; boundary=x", "application", ";", "\u00e9"),
]
GARBAGE: list[Any] = [
    *({}, None, [], [{}], "", "x", 1, True, 1.5, b"{}"),
    {"version": "2.0", "routeKey": "POST /auth/login", "body": "{}"},
    {"Records": [{"body": "{}"}]},
]


@pytest.fixture(params=ROUTES)
def route(request: pytest.FixtureRequest) -> str:
    """Return the name of a function that reads JSON."""
    return str(request.param)


@pytest.fixture(params=FORM_ROUTES)
def form_route(request: pytest.FixtureRequest) -> str:
    """Return the name of a function that reads forms."""
    return str(request.param)


Ask = Callable[[str, object], Answer]


@pytest.fixture
def ask(stack: Stack) -> Ask:
    """Return a function that calls the three functions. Each answer is a documented one, without a DynamoDB call."""
    cold: dict[str, Callable[[object], Answer]] = {}

    def invoke(name: str, event: object) -> Answer:
        if name not in cold:
            cold[name] = stack.function(name)
        answer = cold[name](event)
        assert not [call for call in stack.wire.counts if call.startswith("dynamodb.")]
        if answer in (NO_CONTENT, REVOKED):
            return answer
        assert 400 <= answer.status < 500
        assert answer.headers.items() >= ERROR_HEADERS.items()
        assert answer.json.keys() == {"error", "error_description"}
        assert answer.json["error"] in CLIENT_ERRORS | {"method_not_allowed"}
        assert re.fullmatch(r"[ !#-\[\]-~]+", answer.json["error_description"]), "RFC 6749 §5.2"
        return answer

    return invoke


repeatable = settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    # Every example uses the same functions, as requests do in Lambda.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def test_a_well_formed_request_is_read(ask: Ask, route: str) -> None:
    """The requests that later tests damage are valid: as plain text, in base64 (L2), and with a charset."""
    body = json.dumps(WELL_FORMED[route])
    encoded = b64encode(body.encode()).decode()
    events = [
        with_body(ROUTES[route], body),
        with_body(ROUTES[route], f"\n{body} "),
        {**with_body(ROUTES[route], encoded), "isBase64Encoded": True},
        *(
            with_body(ROUTES[route], body, media_type=f"{JSON}{more}")
            for more in ("; charset=utf-8", ";charset=X", ";")
        ),
        *(with_body(ROUTES[route], body, media_type=name) for name in ("Application/JSON", f" {JSON} ;")),
    ]
    assert [ask(route, event) for event in events] == [MEANS_NOTHING[route]] * len(events)


def test_damaged_json_is_malformed(ask: Ask, route: str) -> None:
    """L2, A10: bad syntax, other documents than objects, repeated members, impossible numbers and deep nesting."""
    for body in DAMAGED_JSON:
        assert ask(route, with_body(ROUTES[route], body)) == INVALID_REQUEST, body[:80]
        encoded = b64encode(body.encode("utf-8", "surrogatepass")).decode()
        event = {**with_body(ROUTES[route], encoded), "isBase64Encoded": True}
        assert ask(route, event) == INVALID_REQUEST, body[:80]


def test_a_parameter_that_is_no_text_is_malformed(stack: Stack, ask: Ask, route: str) -> None:
    """A10: a parameter of another type, empty (which is absent) or not Unicode is refused before the keys are read."""
    for value in ODD_VALUES:
        parameters = {**WELL_FORMED[route], "username": "ada", TOKEN_NAMES[route]: value}
        assert ask(route, with_json(ROUTES[route], parameters)) == INVALID_REQUEST, repr(value)[:80]
    assert stack.wire.calls == []


@pytest.mark.parametrize("name", ["all", "others"])
def test_the_flags_of_a_logout_are_true_or_false(ask: Ask, name: str) -> None:
    """A flag of another type is malformed; an empty flag and `null` are absent (A10)."""
    odd: list[object] = [0, 1, "true", [], {}, "false", [True]]
    for value in odd:
        assert ask("logout", with_json("logout-json", {"refresh_token": "x", name: value})) == INVALID_REQUEST, value
    for flag in (True, False, "", None):
        assert ask("logout", with_json("logout-json", {"refresh_token": "x", name: flag})) == NO_CONTENT


def test_a_damaged_form_is_malformed(ask: Ask, form_route: str) -> None:
    """A10, RFC 6749 §3.2: repeated known fields, more than 32 fields, empty (absent), not ASCII, not Unicode."""
    for body in DAMAGED_FORMS:
        assert ask(form_route, with_body(FORM_ROUTES[form_route], body, media_type=FORM)) == INVALID_REQUEST, body


def test_a_form_of_32_fields_is_read(ask: Ask, form_route: str) -> None:
    """L2: a form of exactly 32 fields is read, and unknown fields are ignored (A10)."""
    fields = {"token": "x"} if form_route == "logout" else {"refresh_token": "x", "grant_type": "refresh_token"}
    fields |= {f"a{n}": "" for n in range(32 - len(fields))}
    expected = REVOKED if form_route == "logout" else INVALID_GRANT
    assert ask(form_route, with_form(FORM_ROUTES[form_route], fields)) == expected
    assert ask(form_route, with_form(FORM_ROUTES[form_route], {**fields, "one": "more"})) == INVALID_REQUEST


def test_a_body_is_of_8_kib_at_most(ask: Ask, route: str) -> None:
    """The limit counts bytes, before and after base64; a body of exactly the limit is read."""
    frame = json.dumps({**WELL_FORMED[route], "more": ""}).encode()
    for filler in ("x", "\u00e9", "\N{PILE OF POO}"):
        letters = (BODY_LIMIT - len(frame)) // len(filler.encode())
        text = json.dumps({**WELL_FORMED[route], "more": filler * letters}, ensure_ascii=False)
        fitting = text + " " * (BODY_LIMIT - len(text.encode()))
        for body, expected in ((fitting, MEANS_NOTHING[route]), (fitting + " ", INVALID_REQUEST)):
            assert ask(route, with_body(ROUTES[route], body)) == expected
            encoded = b64encode(body.encode()).decode()
            assert ask(route, {**with_body(ROUTES[route], encoded), "isBase64Encoded": True}) == expected
    assert ask(route, with_body(ROUTES[route], " " * 10_000_000 + "{}")) == INVALID_REQUEST


def test_a_damaged_base64_body_is_malformed(ask: Ask, route: str) -> None:
    """L2: characters outside the alphabet, wrong lengths, and bytes that are not text are malformed."""
    for body in ("e", "e30", "e3 0=", "e30=\n", "e\u00e90=", "_-8=", "{}", "=", "\ud800", "/w=="):
        event = {**with_body(ROUTES[route], body), "isBase64Encoded": True}
        assert ask(route, event) == INVALID_REQUEST, repr(body)


def test_another_content_type_is_not_read(stack: Stack, ask: Ask, route: str) -> None:
    """L2, RFC 9110 §15.5.16: another content type is answered with 415 for any body."""
    for media_type in OTHER_MEDIA_TYPES:
        event = with_body(ROUTES[route], json.dumps(WELL_FORMED[route]), media_type=media_type)
        assert ask(route, event) == UNSUPPORTED_MEDIA_TYPE, media_type
    assert stack.wire.calls == []


def test_headers_of_another_form_name_no_content_type(ask: Ask, route: str) -> None:
    """L2, RFC 9110 §5.1: no header, two spellings at once or another type is 415; a name in any case is read."""
    twice = {"Content-Type": JSON, "content-type": JSON}
    event = with_json(ROUTES[route], WELL_FORMED[route])
    odd: list[object] = [None, {}, [], "x", twice, {"Content-Type": [JSON]}, {"Type": JSON}]
    for headers in odd:
        assert ask(route, {**event, "headers": headers}) == UNSUPPORTED_MEDIA_TYPE, headers
    assert ask(route, {**event, "headers": {"cOnTeNt-TyPe": JSON}}) == MEANS_NOTHING[route]


def test_a_login_does_not_read_forms(ask: Ask) -> None:
    """A login refuses forms, because a browser sends a form to another site without a preflight."""
    assert ask("login", with_form("login", {"username": "ada", "password": PASSWORD})) == UNSUPPORTED_MEDIA_TYPE


def test_another_method_is_not_allowed(stack: Stack, ask: Ask, route: str) -> None:
    """A10, RFC 9110 §15.5.6: another method is answered with 405 and the allowed method, and nothing is read."""
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "post", "POST ", ""):
        event = {**with_json(ROUTES[route], WELL_FORMED[route]), "httpMethod": method}
        assert ask(route, event) == method_not_allowed("POST"), method
    assert stack.wire.calls == []


def test_an_event_of_another_kind_is_malformed(ask: Ask, route: str) -> None:
    """L1, L2: another kind of event is answered with 400 and raises no exception."""
    for event in GARBAGE:
        assert ask(route, event) == INVALID_REQUEST, event


def test_a_member_of_another_type_is_refused(ask: Ask, route: str) -> None:
    """L1, L2: members that API Gateway never sends and missing members raise no exception."""
    odd: list[object] = [None, 1, 1.5, True, [], ["x"], b"x", (), set()]
    for member in ("httpMethod", "resource", "requestContext", "headers", "body", "isBase64Encoded"):
        event = with_json(ROUTES[route], WELL_FORMED[route])
        for value in odd:
            assert ask(route, {**event, member: value}).status in {204, 400, 415}, value
        del event[member]
        assert ask(route, event).status in {204, 400, 415}


def test_an_api_without_an_address_is_unavailable(stack: Stack, route: str) -> None:
    """L1: if no issuer is set and the event names none, the answer is 503 and no session is touched."""
    contexts: list[Event] = [{}, {"domainName": 1, "stage": "v1"}, {"domainName": "x"}, {"stage": ""}]
    function = stack.function(route)
    for context in contexts:
        event = {**with_json(ROUTES[route], WELL_FORMED[route]), "requestContext": context}
        assert function(event) == UNAVAILABLE
    assert not [call for call in stack.wire.counts if call.startswith("dynamodb.")]


def test_tokens_in_the_query_are_not_read(stack: Stack, tokens: dict[str, str], route: str) -> None:
    """A13: a query parameter counts as absent, with an empty body and without a body."""
    function = stack.function(route)
    query = {"username": "ada", "password": PASSWORD, "token": tokens["refresh_token"], **tokens}
    stack.wire.forget()
    for body in ("{}", "", None):
        event = with_body(ROUTES[route], body)
        event["queryStringParameters"] = query
        event["multiValueQueryStringParameters"] = {name: [value] for name, value in query.items()}
        event["pathParameters"] = event["stageVariables"] = query
        assert function(event) == INVALID_REQUEST
    assert stack.wire.calls == []


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@repeatable
@given(text=st.text(st.characters(), max_size=200), base64=st.booleans(), media_type=st.sampled_from([JSON, FORM]))
def test_any_text_is_refused(ask: Ask, route: str, text: str, base64: bool, media_type: str) -> None:  # noqa: FBT001
    """L2: a body of any characters is answered with 400 or 415."""
    event = {**with_body(ROUTES[route], text, media_type=media_type), "isBase64Encoded": base64}
    assert ask(route, event).status in {400, 415}


@repeatable
@given(
    parameters=st.dictionaries(
        st.sampled_from(["refresh_token", "token", "grant_type", "all", "password", "scope"]), documents, max_size=5
    )
)
def test_any_parameters_are_refused(ask: Ask, route: str, parameters: dict[str, Any]) -> None:
    """L2, A17: parameters of any type are refused. There is no user name, so no login reaches the table."""
    answer = ask(route, with_json(ROUTES[route], parameters))
    assert answer.status == 400 or (route == "logout" and answer == NO_CONTENT)


@repeatable
@given(changes=st.dictionaries(st.sampled_from(sorted(sample("login"))), documents | st.just(Ellipsis), max_size=4))
def test_any_event_is_refused(ask: Ask, route: str, changes: dict[str, Any]) -> None:
    """L1, L2: a proxy event with some members replaced by any value is refused."""
    event: Event = {**with_json(ROUTES[route], {"username": "ada"}), **changes}
    assert ask(route, event).status in {400, 405, 415}
