"""Session cookies: what a login and a logout at a site do, and that no other place takes their tokens."""

import pytest

from tests.support.answers import UNAVAILABLE
from tests.support.browser import (
    ATTRIBUTES,
    DEVICE_COOKIE,
    LAX_ATTRIBUTES,
    REFRESH_COOKIE,
    SESSION_COOKIE,
    for_browsers,
    from_page,
    jar,
    page_login,
    page_logout,
    page_refresh,
    site_login,
    token_in,
    with_header,
)
from tests.support.people import PASSWORD, WRONG_PASSWORD
from tests.support.sample_events import login_event, logout_event, refresh_event, with_json
from tests.support.stack import Answer, Function, Stack
from tests.support.wire import no_connection

HOUR = 3600
ABSENT = f"{SESSION_COOKIE}=; {LAX_ATTRIBUTES}; Max-Age=0"


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """Return a stack that browsers may use."""
    return for_browsers(stack)


@pytest.fixture
def signed_in(login: Function) -> Answer:
    """Return the answer to a login at a site."""
    answer = login(site_login())
    assert answer.status == 200
    return answer


def test_a_login_sets_the_session_cookie_and_shows_no_token(stack: Stack, signed_in: Answer) -> None:
    """C1, C3: the attributes are exact, the cookie lives until the absolute timeout, and nothing is signed."""
    session, device = signed_in.cookies
    [item] = stack.session_items()

    assert signed_in.json == {"session_id": item["session_id"]["S"], "expires_in": 12 * HOUR}
    assert session == f"{SESSION_COOKIE}={token_in(session)}; {LAX_ATTRIBUTES}; Max-Age={12 * HOUR}"
    assert (token_in(session)[:12], len(token_in(session))) == ("edgeauth_st_", 132)
    assert device.startswith(f"{DEVICE_COOKIE}=edgeauth_dt_")
    assert ATTRIBUTES in device
    now = stack.clock.now_seconds
    assert item["transport"] == {"S": "session"}
    assert item["idle_expires_at"] == {"N": str(now + 30 * 60)}
    assert item["absolute_expires_at"] == {"N": str(now + 12 * HOUR)}


def test_the_timeouts_are_parameters(stack: Stack) -> None:
    """They are those of sites only: another transport keeps its own."""
    login = stack.with_parameters(SessionIdleMinutes="5", SessionAbsoluteHours="1").function("login")

    assert login(site_login()).json["expires_in"] == HOUR
    assert login(page_login()).json["refresh_expires_in"] == 14 * 24 * HOUR
    idle = {item["transport"]["S"]: int(item["idle_expires_at"]["N"]) for item in stack.session_items()}
    assert idle["session"] == stack.clock.now_seconds + 300


@pytest.mark.parametrize(
    ("name", "values", "status"),
    [
        ("Origin", ["https://evil.example.com"], 403),
        ("Origin", ["null"], 403),
        ("Origin", [], 403),
        ("Sec-Fetch-Site", ["cross-site"], 403),
        ("X-Edge-Auth", [], 403),
        ("Content-Type", ["text/plain"], 415),
    ],
)
def test_a_login_of_another_page_is_refused(
    stack: Stack, login: Function, name: str, values: list[str], status: int
) -> None:
    """C7-C9, C11: as for the cookie transport, so nobody is logged in as somebody else."""
    answer = login(with_header(site_login(), name, *values))

    assert (answer.status, answer.cookies, stack.session_items()) == (status, (), [])


def test_without_allowed_origins_there_is_no_session_cookie(stack: Stack) -> None:
    """The mode is off then."""
    off = stack.with_parameters(AllowedOrigins="")

    assert (off.function("login")(site_login()).status, off.session_items()) == (400, [])


def test_a_login_takes_the_place_of_the_session_that_the_browser_had(
    stack: Stack, login: Function, signed_in: Answer
) -> None:
    """P15: the earlier session ends, and is told as replaced."""
    again = login(site_login(*jar(signed_in)))

    living = [item["session_id"]["S"] for item in stack.session_items() if "transport" in item]
    assert living == [again.json["session_id"]] != [signed_in.json["session_id"]]
    told = [line["reason"] for line in stack.output.security_events() if line["event"] == "session_ended"]
    assert told == ["replaced"]


@pytest.mark.parametrize("cookie", ["", "x", "x" * 4096, '"x"', "\N{SNOWMAN}"])
def test_a_dead_cookie_does_no_harm_to_a_login(stack: Stack, login: Function, cookie: str) -> None:
    """A browser may have any old cookie. Two of our name are refused."""
    assert login(site_login(f"{SESSION_COOKIE}={cookie}")).status == 200
    assert len(stack.session_items()) == 1
    assert login(site_login(*[f"{SESSION_COOKIE}={cookie}x"] * 2)).status == 400


def test_a_login_that_fails_ends_nothing(stack: Stack, login: Function, signed_in: Answer) -> None:
    """The session of the cookie goes on, and no cookie is set or removed."""
    before = stack.session_items()
    answer = login(site_login(*jar(signed_in), password=WRONG_PASSWORD))

    assert (answer.status, answer.cookies, stack.session_items()) == (401, (), before)


def test_a_logout_ends_the_session_and_removes_the_cookie(stack: Stack, logout: Function, signed_in: Answer) -> None:
    """C2: with the attributes that it was set with; a dead cookie is removed too."""
    for cookies in (jar(signed_in), jar(signed_in), [f"{SESSION_COOKIE}=x"]):
        answer = logout(page_logout(*cookies))
        assert (answer.status, answer.cookies) == (204, (ABSENT,))
    assert [item for item in stack.session_items() if "transport" in item] == []
    assert stack.published() == {signed_in.json["session_id"][:11]}


def test_a_browser_with_both_cookies_is_logged_out_of_both(stack: Stack, login: Function, logout: Function) -> None:
    """A site and a page with access tokens may share a host."""
    cookies = [jar(login(event))[0] for event in (site_login(), page_login())]

    answer = logout(page_logout(*cookies))

    assert [cookie.partition("=")[0] for cookie in answer.cookies] == [REFRESH_COOKIE, SESSION_COOKIE]
    assert [item for item in stack.session_items() if "transport" in item] == []


@pytest.mark.parametrize(("reach", "left", "cookies"), [("all", 0, (ABSENT,)), ("others", 1, ())])
def test_a_logout_of_more_sessions_keeps_the_cookie_only_where_its_session_goes_on(
    stack: Stack, login: Function, logout: Function, signed_in: Answer, reach: str, left: int, cookies: tuple[str, ...]
) -> None:
    """A8: `all` ends this session too, and `others` does not."""
    login(login_event("ada", PASSWORD))

    answer = logout(page_logout(*jar(signed_in), **{reach: True}))

    assert (answer.status, answer.cookies) == (204, cookies)
    assert len([item for item in stack.session_items() if "absolute_expires_at" in item]) == left


@pytest.mark.parametrize("state", ["idle", "past its end", "old token"])
def test_a_cookie_that_the_site_refuses_ends_no_other_session(
    stack: Stack, login: Function, logout: Function, signed_in: Answer, state: str
) -> None:
    """F10: nor is it taken for a theft: no session ends, and no event wants attention."""
    name, value = {
        "idle": ("idle_expires_at", stack.clock.now_seconds),
        "past its end": ("absolute_expires_at", stack.clock.now_seconds),
        "old token": ("generation", 2),
    }[state]
    login(login_event("ada", PASSWORD))
    change(stack, signed_in.json["session_id"], name, value)
    before = stack.session_items()

    assert logout(page_logout(*jar(signed_in), all=True)).status == 204

    assert stack.session_items() == before
    assert not [line for line in stack.output.security_events() if line["event"] == "refresh_token_reused"]


def change(stack: Stack, session_id: str, name: str, value: int) -> None:
    """Change a number of a session's item."""
    [item] = [item for item in stack.session_items() if item["session_id"]["S"] == session_id]
    stack.dynamodb.update_item(
        TableName="functional-SessionsTable",
        Key={"user_id": item["user_id"], "session_id": item["session_id"]},
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": {"N": str(value)}},
    )


def test_no_other_place_takes_a_session_token(
    stack: Stack, refresh: Function, logout: Function, signed_in: Answer
) -> None:
    """C4: in a body, in the refresh cookie, under the other prefix: the answers are those of an unknown token."""
    session = token_in(signed_in.cookies[0])
    before = stack.session_items()
    unknown = "edgeauth_rt_" + "A" * 120
    for token in (session, session.replace("_st_", "_rt_")):
        assert refresh(refresh_event(token)) == refresh(refresh_event(unknown))
        in_cookie, unknown_there = (refresh(page_refresh(f"{REFRESH_COOKIE}={text}")) for text in (token, unknown))
        assert in_cookie == unknown_there
        for everywhere in (False, True):
            ended, nothing = (logout(logout_event(text, everywhere=everywhere)) for text in (token, unknown))
            assert ended == nothing
        assert logout(page_logout(f"{REFRESH_COOKIE}={token}")).status == 204
    assert refresh(page_refresh(*jar(signed_in))).status == 400
    assert stack.session_items() == before


def test_the_session_cookie_takes_no_other_token(stack: Stack, login: Function, logout: Function) -> None:
    """C4: a refresh token of either transport, also under the other prefix, ends nothing from the session cookie."""
    tokens = [login(login_event("ada", PASSWORD)).json["refresh_token"], token_in(login(page_login()).cookies[0])]
    before = stack.session_items()
    for token in tokens:
        for text in (token, token.replace("_rt_", "_st_")):
            for body in ({}, {"all": True}):
                answer = logout(page_logout(f"{SESSION_COOKIE}={text}", **body))
                assert (answer.status, answer.cookies) == (204, (ABSENT,))
            assert login(site_login(f"{SESSION_COOKIE}={text}")).status == 200
            stack.forget_attempts()
    assert [item for item in stack.session_items() if item in before] == before


def test_a_session_cookie_and_a_token_in_the_body_are_refused(
    stack: Stack, logout: Function, signed_in: Answer
) -> None:
    """C5: nothing ends."""
    before = stack.session_items()
    body = {"refresh_token": token_in(signed_in.cookies[0])}

    answer = logout(from_page(with_json("logout-json", body), *jar(signed_in)))

    assert (answer.status, answer.json["error"], answer.cookies) == (400, "invalid_request", ())
    assert stack.session_items() == before


@pytest.mark.parametrize("name", ["login", "logout"])
def test_an_outage_touches_no_cookie(stack: Stack, signed_in: Answer, name: str) -> None:
    """C2, DC-3: the browser keeps its session."""
    function = stack.function(name)
    for operation in ("UpdateItem", "TransactWriteItems", "GetItem"):
        stack.wire.always(operation, no_connection)

    answer = function((site_login if name == "login" else page_logout)(*jar(signed_in)))

    assert (answer.status, answer.body, answer.cookies) == (503, UNAVAILABLE.body, ())
