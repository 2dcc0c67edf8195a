"""The cookie transport: where the tokens travel, and what an answer does to the cookies of a browser."""

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.tokens.token_form import REFRESH
from tests.support.answers import INVALID_GRANT, INVALID_REQUEST, UNAVAILABLE
from tests.support.browser import (
    ATTRIBUTES,
    DEVICE_COOKIE,
    REFRESH_COOKIE,
    for_browsers,
    from_page,
    jar,
    page_login,
    page_logout,
    page_refresh,
    token_in,
    with_header,
)
from tests.support.outages import ATTEMPTS
from tests.support.people import PASSWORD, WRONG_PASSWORD
from tests.support.sample_events import login_event, logout_event, refresh_event, with_form, with_json
from tests.support.stack import Answer, Function, Stack
from tests.support.wire import lost_request, no_connection

UPDATE, END = "dynamodb.UpdateItem", "dynamodb.TransactWriteItems"
PUBLISH = "revocations.UpdateItem of ends"
COUNT = "throttle.UpdateItem of attempts"
ABSENT = f"{REFRESH_COOKIE}=; {ATTRIBUTES}; Max-Age=0"
DAY_SECONDS = 86_400


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """Return a stack that browsers may use."""
    return for_browsers(stack)


@pytest.fixture
def signed_in(login: Function) -> Answer:
    """Return the answer to a login in a browser."""
    answer = login(page_login())
    assert answer.status == 200
    return answer


def refusal_of(answer: Answer) -> tuple[int, str]:
    """Return the status and the error of an answer."""
    return answer.status, answer.json["error"]


def test_a_login_puts_both_tokens_into_cookies_and_neither_into_the_body(stack: Stack, signed_in: Answer) -> None:
    """C1, C3: the attributes are exact, and the cookie lives as long as the token."""
    refresh, device = signed_in.cookies
    lifetime = signed_in.json["refresh_expires_in"]

    assert signed_in.json.keys() == {
        *("access_token", "token_type", "expires_in", "refresh_expires_in", "session_id", "scope")
    }
    assert lifetime == 14 * DAY_SECONDS
    assert refresh == f"{REFRESH_COOKIE}={token_in(refresh)}; {ATTRIBUTES}; Max-Age={lifetime}"
    assert token_in(refresh).startswith(REFRESH.prefix)
    assert device == f"{DEVICE_COOKIE}={token_in(device)}; {ATTRIBUTES}; Max-Age={400 * DAY_SECONDS}"
    assert token_in(device).startswith("edgeauth_dt_")
    assert [item["transport"] for item in stack.session_items()] == [{"S": "cookie"}]


def test_a_page_of_the_list_may_read_the_three_routes_with_cookies(stack: Stack, signed_in: Answer) -> None:
    """C12: credentials are allowed there, for its exact origin, and on no other route."""
    cookies = jar(signed_in)
    for name, event in (
        ("login", page_login(*cookies)),
        ("refresh", page_refresh(*cookies)),
        ("logout", page_logout(*cookies)),
    ):
        assert stack.function(name)(event).headers["Access-Control-Allow-Credentials"] == "true"


def test_a_refresh_rotates_the_cookie_in_one_write(stack: Stack, refresh: Function, signed_in: Answer) -> None:
    """A1, C3: the answer has the next token in a cookie, and none in its body."""
    stack.wire.forget()

    answer = refresh(page_refresh(*jar(signed_in)))

    assert answer.status == 200
    assert answer.json["session_id"] == signed_in.json["session_id"]
    assert "refresh_token" not in answer.body
    [cookie] = answer.cookies
    assert cookie.startswith(f"{REFRESH_COOKIE}={REFRESH.prefix}")
    assert token_in(cookie) != token_in(signed_in.cookies[0])
    assert cookie.endswith(f"; {ATTRIBUTES}; Max-Age={answer.json['refresh_expires_in']}")
    assert {name: times for name, times in stack.wire.counts.items() if "secrets" not in name} == {UPDATE: 1}


def test_two_tabs_get_the_same_cookie(refresh: Function, signed_in: Answer) -> None:
    """DC-1: the rotation rule is the same for both transports."""
    first, second = (refresh(page_refresh(*jar(signed_in))) for _ in range(2))

    assert first.cookies == second.cookies


def test_a_late_retry_is_answered_with_a_cookie(stack: Stack, refresh: Function, signed_in: Answer) -> None:
    """F3: the answer with the next cookie was lost, and the page comes back a day later."""
    lost = refresh(page_refresh(*jar(signed_in)))
    stack.clock.advance(seconds=DAY_SECONDS)

    answer = refresh(page_refresh(*jar(signed_in)))

    assert answer.status == 200
    assert token_in(answer.cookies[0]) != token_in(lost.cookies[0])


def test_a_cookie_may_be_in_any_of_the_headers(refresh: Function, signed_in: Answer) -> None:
    """HTTP/2 may send each cookie in a header of its own."""
    event = page_refresh()
    event["multiValueHeaders"]["cookie"] = ["theme=dark; a", f"x=1;{jar(signed_in)[0]} ; y", "z=2"]

    assert refresh(event).status == 200


@pytest.mark.parametrize("name", ["refresh", "login"])
def test_a_request_without_our_cookie_costs_no_write(stack: Stack, refresh: Function, name: str) -> None:
    """F37: no cookie, an empty one, and one of another name that looks alike."""
    stack.wire.forget()
    for cookies in ([], [f"{REFRESH_COOKIE}="], [REFRESH_COOKIE], [f"__host-http-{name}=x"], [f"a{REFRESH_COOKIE}=x"]):
        answer = refresh(page_refresh(*cookies))
        assert refusal_of(answer) == (400, "invalid_grant")
        assert answer.cookies == ()
    assert not any(call.startswith(("dynamodb.", "throttle.")) for call in stack.wire.counts)


@pytest.mark.parametrize("damaged", ['"{}"', "{}x", "x{}", "{}%20", "x" * 4096, "edgeauth_rt_" + "A" * 120])
def test_a_cookie_that_is_no_token_is_refused_without_a_call(
    stack: Stack, refresh: Function, signed_in: Answer, damaged: str
) -> None:
    """B28, C6: quoted, long and forged values."""
    stack.wire.forget()

    answer = refresh(page_refresh(f"{REFRESH_COOKIE}={damaged.format(token_in(signed_in.cookies[0]))}"))

    assert (refusal_of(answer), answer.cookies) == ((400, "invalid_grant"), ())
    assert not any(call.startswith("dynamodb.") for call in stack.wire.counts)


@pytest.mark.parametrize("name", ["login", "refresh", "logout"])
def test_two_cookies_of_our_name_are_refused(stack: Stack, signed_in: Answer, name: str) -> None:
    """B28, C6: neither of them is read, and no session ends."""
    cookie = jar(signed_in)[0]
    events = {"login": page_login, "refresh": page_refresh, "logout": page_logout}
    before = stack.session_items()

    answer = stack.function(name)(events[name](cookie, cookie))

    assert (refusal_of(answer), answer.cookies) == ((400, "invalid_request"), ())
    assert stack.session_items() == before


def test_a_token_of_one_transport_is_dead_in_the_other(stack: Stack, refresh: Function, signed_in: Answer) -> None:
    """B28, C4: the answer is that of any dead token, and the session goes on: this is no proof of a theft."""
    in_body = stack.function("login")(login_event("ada", PASSWORD)).json["refresh_token"]
    in_cookie = token_in(signed_in.cookies[0])

    stack.clock.advance(seconds=3600)
    before = stack.session_items()

    wrong = refresh(refresh_event(in_cookie))
    assert (wrong.status, wrong.body) == (INVALID_GRANT.status, INVALID_GRANT.body)
    assert refusal_of(refresh(page_refresh(f"{REFRESH_COOKIE}={in_body}"))) == (400, "invalid_grant")

    assert stack.session_items() == before
    assert [line["reason"] for line in stack.output.security_events() if line["event"] == "refresh_refused"] == [
        "wrong_transport"
    ] * 2
    assert refresh(page_refresh(*jar(signed_in))).status == 200
    assert refresh(refresh_event(in_body)).status == 200


@pytest.mark.parametrize("name", ["refresh", "logout"])
def test_a_cookie_and_a_token_in_the_body_are_refused(stack: Stack, signed_in: Answer, name: str) -> None:
    """B28, C5: nothing is rotated, and nothing ends."""
    event = {"refresh": page_refresh, "logout": page_logout}[name]
    token = token_in(signed_in.cookies[0])
    before = stack.session_items()

    for cookies in (jar(signed_in), []):
        answer = stack.function(name)(event(*cookies, refresh_token=token))
        assert (refusal_of(answer), answer.cookies) == ((400, "invalid_request"), ())
    assert stack.session_items() == before


@pytest.mark.parametrize("name", ["refresh", "logout"])
def test_a_form_is_refused_where_a_cookie_comes(stack: Stack, signed_in: Answer, name: str) -> None:
    """C9: a form needs no preflight request, so it never comes with our cookie."""
    form = with_form(f"{name}-form", {"grant_type": "refresh_token", "refresh_token": "x", "token": "x"})

    assert refusal_of(stack.function(name)(from_page(form, *jar(signed_in)))) == (415, "unsupported_media_type")


def test_a_login_takes_the_place_of_the_session_that_the_browser_had(stack: Stack, signed_in: Answer) -> None:
    """P15: the session of the cookie ends, and its access token is published as ended."""
    again = stack.function("login")(page_login(*jar(signed_in)))

    assert again.status == 200
    assert [item["session_id"]["S"] for item in stack.session_items() if "transport" in item] == [
        again.json["session_id"]
    ]
    assert stack.published() == {signed_in.json["session_id"][:11]}
    ended = [line for line in stack.output.security_events() if line["event"] == "session_ended"]
    assert [(line["reason"], line["session_id"]) for line in ended] == [("replaced", signed_in.json["session_id"])]


def test_an_end_that_was_not_told_is_told_by_the_next_login(stack: Stack, signed_in: Answer) -> None:
    """A step-up or a logout has ended the browser's session, and died before authorizers could know it."""
    stack.wire.next("UpdateItem of ends", *[lost_request] * ATTEMPTS)
    login = stack.function("login")
    login(page_login(*jar(signed_in)))
    assert stack.published() == set()

    assert login(page_login(*jar(signed_in))).status == 200

    assert stack.published() == {signed_in.json["session_id"][:11]}


def test_a_login_that_replaces_a_session_costs_no_other_session(stack: Stack, refresh: Function) -> None:
    """P15, F36: the limit counts the sessions after the earlier one of the browser has ended."""
    login = stack.with_parameters(MaxSessionsPerUser="2").function("login")
    elsewhere = login(login_event("ada", PASSWORD)).json["refresh_token"]
    stack.clock.advance(seconds=1)
    cookies = jar(login(page_login()))
    stack.clock.advance(seconds=1)

    assert login(page_login(*cookies)).status == 200
    assert refresh(refresh_event(elsewhere)).status == 200


def test_a_login_by_the_body_reads_no_cookie(stack: Stack, login: Function, signed_in: Answer) -> None:
    """C11: it changes nothing of the browser: no cookie is set, and the session of its cookie goes on."""
    body = {"username": "ada", "password": PASSWORD}

    answer = login(from_page(with_json("login", body), *jar(signed_in), origin="https://evil.example.com"))

    assert (answer.status, answer.cookies, "Access-Control-Allow-Origin" in answer.headers) == (200, (), False)
    assert stack.function("refresh")(page_refresh(*jar(signed_in))).status == 200


@pytest.mark.parametrize("cookie", [f"{REFRESH_COOKIE}=", f"{REFRESH_COOKIE}=x", f"{REFRESH_COOKIE}=" + "x" * 4096])
def test_a_dead_cookie_does_no_harm_to_a_login(stack: Stack, cookie: str) -> None:
    """A browser may have any old cookie."""
    assert stack.function("login")(page_login(cookie)).status == 200
    assert len(stack.session_items()) == 1


def test_a_login_that_fails_ends_nothing(stack: Stack, signed_in: Answer) -> None:
    """The session of the cookie goes on, and no cookie is set or removed."""
    answer = stack.function("login")(page_login(*jar(signed_in), password=WRONG_PASSWORD))

    assert (refusal_of(answer), answer.cookies) == ((401, "invalid_credentials"), ())
    assert stack.function("refresh")(page_refresh(*jar(signed_in))).status == 200


def test_the_device_is_known_at_the_next_login(stack: Stack, signed_in: Answer) -> None:
    """P11: a page has nothing to do for it, so strangers who guess do not make its user wait."""
    login = stack.function("login")
    for _ in range(8):
        login(login_event("ada", WRONG_PASSWORD))
    assert login(login_event("ada", PASSWORD)).status == 429

    assert login(page_login()).status == 429
    assert login(page_login(*jar(signed_in))).status == 200


def test_a_logout_ends_the_session_and_removes_the_cookie(stack: Stack, logout: Function, signed_in: Answer) -> None:
    """C2: with the attributes that it was set with. The device stays known."""
    answer = logout(page_logout(*jar(signed_in)))

    assert (answer.status, answer.body, answer.cookies) == (204, "", (ABSENT,))
    assert answer.headers["Cache-Control"] == "no-store"
    assert [item for item in stack.session_items() if "generation" in item and "transport" in item] == []
    assert refusal_of(stack.function("refresh")(page_refresh(*jar(signed_in)))) == (400, "invalid_grant")


@pytest.mark.parametrize("cookie", ["dead", "none", "forged"])
def test_a_logout_removes_a_dead_cookie_too(logout: Function, signed_in: Answer, cookie: str) -> None:
    """C2, A6: to end an ended session is no error."""
    logout(page_logout(*jar(signed_in)))
    cookies = {"dead": jar(signed_in), "none": [], "forged": [f"{REFRESH_COOKIE}=x"]}[cookie]

    answer = logout(page_logout(*cookies))

    assert (answer.status, answer.cookies) == (204, (ABSENT,))


@pytest.mark.parametrize(("reach", "left", "cookies"), [("all", 0, (ABSENT,)), ("others", 1, ())])
def test_a_logout_of_more_sessions_keeps_the_cookie_only_where_its_session_goes_on(
    stack: Stack, login: Function, logout: Function, signed_in: Answer, reach: str, left: int, cookies: tuple[str, ...]
) -> None:
    """A8: `all` ends this session too, and `others` does not."""
    login(login_event("ada", PASSWORD))

    answer = logout(page_logout(*jar(signed_in), **{reach: True}))

    assert (answer.status, answer.cookies) == (204, cookies)
    refreshed = stack.function("refresh")(page_refresh(*jar(signed_in))).status
    assert refreshed == (200 if left else 400)


def test_a_token_of_the_other_transport_ends_its_own_session_and_no_other(
    stack: Stack, login: Function, logout: Function, signed_in: Answer
) -> None:
    """C4, F10: any authentic token of a session may end it, and only one that a refresh would answer ends others."""
    token = token_in(signed_in.cookies[0])
    login(login_event("ada", PASSWORD))
    before = stack.session_items()

    assert logout(logout_event(token, everywhere=True)).status == 204
    assert stack.session_items() == before
    assert logout(logout_event(token)).status == 204
    assert len(stack.session_items()) == len(before), "one session less, and the record of its end"
    assert refusal_of(stack.function("refresh")(page_refresh(*jar(signed_in)))) == (400, "invalid_grant")


@pytest.mark.parametrize("name", ["login", "refresh", "logout"])
def test_an_outage_touches_no_cookie(stack: Stack, signed_in: Answer, name: str) -> None:
    """C2, DC-3: the browser keeps its session."""
    events = {"login": page_login, "refresh": page_refresh, "logout": page_logout}
    function = stack.function(name)
    for operation in ("UpdateItem", "TransactWriteItems", "GetItem"):
        stack.wire.always(operation, no_connection)

    answer = function(events[name](*jar(signed_in)))

    assert (answer.status, answer.body, answer.cookies) == (503, UNAVAILABLE.body, ())


def test_a_refused_refresh_touches_no_cookie(refresh: Function, logout: Function, signed_in: Answer) -> None:
    """C2, F35: an answer that comes late would remove the cookie of the next login."""
    logout(page_logout(*jar(signed_in)))

    answer = refresh(page_refresh(*jar(signed_in)))

    assert (refusal_of(answer), answer.cookies) == ((400, "invalid_grant"), ())


def test_a_session_that_cannot_be_replaced_is_told_and_the_login_is_good(stack: Stack, signed_in: Answer) -> None:
    """F22: the login's own writes succeed, and the end of the earlier session does not."""
    login = stack.function("login")
    stack.monkeypatch.setattr("edge_auth.flows.sessions.end_sessions.EndSessions.presented", unavailable)

    answer = login(page_login(*jar(signed_in)))

    assert answer.status == 200
    [told] = [line for line in stack.output.security_events() if line["event"] == "session_not_replaced"]
    assert told["session_id"] == signed_in.json["session_id"]


def unavailable(*_arguments: object, **_named: object) -> None:
    """Fail as an end does that is not known to have happened."""
    raise TemporarilyUnavailable("injected")


@pytest.mark.parametrize("transport", ["sessions", "Cookie", "cookies", "BODY"])
def test_an_unknown_transport_is_refused(stack: Stack, login: Function, transport: str) -> None:
    """A10: no session is opened."""
    body = {"username": "ada", "password": PASSWORD, "transport": transport}

    assert refusal_of(login(from_page(with_json("login", body)))) == (400, "invalid_request")
    assert stack.session_items() == []


@pytest.mark.parametrize("transport", ["body", None, ""])
def test_the_default_is_the_body(stack: Stack, login: Function, transport: str | None) -> None:
    """The answer has both tokens and no cookie, also in a browser, and the item names no transport."""
    body = {"username": "ada", "password": PASSWORD, "transport": transport}

    answer = login(from_page(with_json("login", body)))

    assert answer.cookies == ()
    assert {"refresh_token", "device_token"} <= answer.json.keys()
    assert ["transport" in item for item in stack.session_items()] == [False]


def test_without_allowed_origins_there_are_no_cookies(stack: Stack) -> None:
    """A deployment without browsers refuses such a login, and reads no cookie of the other routes."""
    off = stack.with_parameters(AllowedOrigins="")
    cookie = jar(stack.function("login")(page_login()))[0]
    before = off.session_items()

    assert off.function("login")(page_login()) == INVALID_REQUEST
    assert off.function("refresh")(page_refresh(cookie)) == INVALID_REQUEST
    assert off.function("logout")(page_logout(cookie)) == INVALID_REQUEST
    assert off.session_items() == before
    in_body = off.function("login")(login_event("ada", PASSWORD)).json["refresh_token"]
    assert off.function("refresh")(page_refresh(cookie, refresh_token=in_body)).status == 200


def test_a_client_that_is_no_browser_needs_none_of_it(stack: Stack) -> None:
    """Without our cookie and our header, a request is one with a token in its body, from any page or from none."""
    token = stack.function("login")(login_event("ada", PASSWORD)).json["refresh_token"]
    event = with_header(refresh_event(token), "Cookie", "theme=dark")

    assert stack.function("refresh")(with_header(event, "Origin", "https://evil.example.com")).status == 200
