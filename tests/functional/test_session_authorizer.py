"""The authorizer of session cookies: one read decides each request, and one write in some minutes keeps a session."""

from collections.abc import Callable
from itertools import product
from types import ModuleType
from typing import Any

import pytest

from edge_auth.authorizer.http_answer import RequestFailed
from tests.support.authorizer import context_of, is_allowed
from tests.support.browser import SESSION_COOKIE, for_browsers, page_login, page_logout, site_login, token_in
from tests.support.people import ADA_ID, PASSWORD
from tests.support.sample_events import login_event, proxy_event, sample, token_event
from tests.support.site import SHAPES, Calls, cookie, signed_in, visit
from tests.support.stack import TABLES, Stack

GET, TOUCH = "GetItem", "UpdateItem"
IDLE = 30 * 60
LEAST = 5 * 60
ABSOLUTE = 12 * 3600
SITE = "https://app.example.com"


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """Return a stack that browsers may use."""
    return for_browsers(stack)


@pytest.fixture
def module(stack: Stack) -> ModuleType:
    """Return the authorizer, cold."""
    return stack.module("session_authorizer")


@pytest.fixture
def calls(module: ModuleType) -> Calls:
    """Return the calls that it makes."""
    return Calls(module)


@pytest.fixture
def allowed(module: ModuleType, calls: Calls) -> Callable[..., bool]:
    """Return what asks the authorizer whether a request with these cookies passes."""
    assert calls.made == []
    return lambda *cookies, **request: is_allowed(module.handler(visit(*cookies, **request), None))


def item_of(stack: Stack) -> dict[str, Any]:
    """Return the only session."""
    [item] = [item for item in stack.session_items() if "absolute_expires_at" in item]
    return item


def change(stack: Stack, **numbers: int | None) -> None:
    """Change numbers of the only session, or remove them."""
    item = {**item_of(stack), **{name: {"N": str(value)} for name, value in numbers.items() if value is not None}}
    item = {name: value for name, value in item.items() if name not in numbers or numbers[name] is not None}
    stack.dynamodb.put_item(TableName=TABLES["SessionsTable"], Item=item)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_functions_behind_it_get_the_same_context_as_behind_the_others(
    stack: Stack, module: ModuleType, shape: str
) -> None:
    """Z10: user, session, scope and roles as at the login. `jti` names the cookie, and `exp` the end without a use."""
    theirs, answer = signed_in(stack)
    access_token = stack.function("login")(login_event("ada", PASSWORD)).json["access_token"]
    other = stack.module("authorizer").handler(token_event(access_token), None)

    allowed = module.handler(visit(theirs, shape=shape), None)

    session_id = answer.json["session_id"]
    assert is_allowed(allowed)
    assert context_of(allowed).keys() == context_of(other).keys()
    assert context_of(allowed) == {
        "sub": ADA_ID,
        "sid": session_id,
        "scope": "read write",
        "roles": "admin auditor",
        "client_id": "first-party",
        "jti": f"{session_id}.0",
        "exp": stack.clock.now_seconds + IDLE,
        "acr": "",
        "amr": "pwd",
        "auth_time": stack.clock.now_seconds,
    }
    if shape != "REQUEST 2.0":
        assert allowed["policyDocument"] == {**other["policyDocument"]}


def test_each_request_is_one_strong_read(stack: Stack, calls: Calls, allowed: Callable[..., bool]) -> None:
    """C17: no index, no second read, and no write while the session was used a short time ago."""
    theirs, answer = signed_in(stack)

    assert allowed(theirs, "theme=dark")

    key = {"user_id": {"S": ADA_ID}, "session_id": {"S": answer.json["session_id"]}}
    assert calls.made == [(GET, {"Key": key, "ConsistentRead": True})]


OTHER_FORMS = [
    [],
    [SESSION_COOKIE],
    [cookie("")],
    [cookie("x")],
    [cookie("x" * 4096)],
    [cookie('"{}"')],
    [cookie("{}x")],
    [cookie("x{}")],
    [cookie("{}%20")],
    [cookie("\N{SNOWMAN}" * 132)],
    [cookie("edgeauth_st_" + "A" * 120)],
    [cookie("edgeauth_rt_" + "A" * 120)],
    [cookie("{}"), cookie("{}")],
    [cookie("{}"), cookie("x")],
    ["__host-http-session={}"],
    ["x" + cookie("{}")],
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_cookie_of_another_form_is_denied_without_a_call(
    stack: Stack, module: ModuleType, calls: Calls, shape: str
) -> None:
    """C6: none, two, quoted, long, not ASCII; never an exception, and always the same answer."""
    token = signed_in(stack)[0].partition("=")[2]
    denied = module.handler(visit(shape=shape), None)
    assert not is_allowed(denied)

    for cookies in OTHER_FORMS:
        assert module.handler(visit(*(each.format(token) for each in cookies), shape=shape), None) == denied
    assert calls.made == []


def test_a_forged_cookie_of_the_right_form_is_one_read(
    stack: Stack, calls: Calls, allowed: Callable[..., bool]
) -> None:
    """C17: of an unknown session, and of ada's session with another seed: both are denied, and nothing is written."""
    token = signed_in(stack)[0].partition("=")[2]
    before = stack.session_items()
    for position in (20, 45, 75):  # user, session, seed
        other = "B" if token[position] == "A" else "A"
        assert not allowed(cookie(token[:position] + other + token[position + 1 :]))

    assert calls.operations == [GET] * 3
    assert stack.session_items() == before


def test_a_logout_is_seen_by_the_next_request(stack: Stack, calls: Calls, allowed: Callable[..., bool]) -> None:
    """C18: in the same second, after one read."""
    theirs, _ = signed_in(stack)
    assert allowed(theirs)

    assert stack.function("logout")(page_logout(theirs)).status == 204

    assert not allowed(theirs)
    assert calls.operations == [GET, GET]


def test_the_session_of_an_earlier_login_is_denied_after_the_next(stack: Stack, allowed: Callable[..., bool]) -> None:
    """P15: a browser that had an attacker's session is rid of it."""
    theirs, _ = signed_in(stack)
    again = stack.function("login")(site_login(theirs))

    assert not allowed(theirs)
    assert allowed(cookie(token_in(again.cookies[0])))


def test_a_session_that_an_earlier_version_ended_is_denied(stack: Stack, allowed: Callable[..., bool]) -> None:
    """It stays in its place, marked."""
    theirs, _ = signed_in(stack)
    change(stack, revoked_at=stack.clock.now_seconds)

    assert not allowed(theirs)


@pytest.mark.parametrize("transport", ["body", "cookie"])
def test_the_token_of_another_transport_is_denied(
    stack: Stack, calls: Calls, allowed: Callable[..., bool], transport: str
) -> None:
    """C4: a refresh token is no session cookie, also under its prefix, and costs no read."""
    login = stack.function("login")
    token = (
        login(login_event("ada", PASSWORD)).json["refresh_token"]
        if transport == "body"
        else token_in(login(page_login()).cookies[0])
    )

    assert not allowed(cookie(token))
    assert not allowed(cookie(token.replace("_rt_", "_st_")))
    assert calls.made == []


def test_a_cookie_is_no_access_token(stack: Stack) -> None:
    """C4: the other authorizers deny it."""
    token = signed_in(stack)[0].partition("=")[2]

    for name in ("authorizer", "strict_authorizer"):
        assert not is_allowed(stack.module(name).handler(token_event(token), None))


# --- Timeouts ---


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_session_that_is_not_used_ends_at_its_idle_timeout(
    stack: Stack, allowed: Callable[..., bool], offset: int
) -> None:
    """A5: one second before it lives, and the use then moves the timeout."""
    theirs, _ = signed_in(stack)
    stack.clock.advance(seconds=IDLE + offset)

    assert allowed(theirs) is (offset < 0)
    assert int(item_of(stack)["idle_expires_at"]["N"]) - stack.clock.now_seconds == (IDLE if offset < 0 else -offset)


def test_a_session_that_is_always_used_ends_at_its_absolute_timeout(stack: Stack, allowed: Callable[..., bool]) -> None:
    """A5: no use moves that one, and `exp` never says more."""
    theirs, _ = signed_in(stack)
    for _ in range(ABSOLUTE // 1200 - 1):
        stack.clock.advance(seconds=1200)
        assert allowed(theirs)
    stack.clock.advance(seconds=1199)
    assert allowed(theirs)
    stack.clock.advance(seconds=1)
    assert not allowed(theirs)


def test_the_end_that_is_passed_on_is_never_after_the_absolute_timeout(stack: Stack, module: ModuleType) -> None:
    """So a function behind it may trust `exp`."""
    theirs, _ = signed_in(stack)
    end = stack.clock.now_seconds + 60
    change(stack, absolute_expires_at=end)

    assert context_of(module.handler(visit(theirs), None))["exp"] == end


def test_a_hundred_requests_within_five_minutes_are_a_hundred_reads_and_no_write(
    stack: Stack, calls: Calls, allowed: Callable[..., bool]
) -> None:
    """B32, C19: the first one later moves the idle timeout, and tells the list of sessions of the use."""
    theirs, answer = signed_in(stack)
    began = stack.clock.now_seconds
    for _ in range(100):
        stack.clock.advance(seconds=LEAST / 100)
        assert allowed(theirs)
    assert calls.operations == [GET] * 100
    stack.clock.advance(seconds=1)
    delete_at = int(item_of(stack)["delete_at"]["N"])

    assert allowed(theirs)
    assert allowed(theirs)

    assert calls.operations == [GET] * 101 + [TOUCH, GET]
    now, item = began + LEAST + 1, item_of(stack)
    assert (item["idle_expires_at"], item["used_at"]) == ({"N": str(now + IDLE)}, {"N": str(now)})
    assert int(item["delete_at"]["N"]) == delete_at + LEAST + 1
    [listed] = stack.function("sessions")(_of(answer.json["session_id"])).json["sessions"]
    assert (listed["created_at"], listed["last_used_at"]) == (began, now)


def _of(session_id: str) -> dict[str, Any]:
    event = sample("site-sessions")
    event["requestContext"]["authorizer"] |= {"sub": ADA_ID, "sid": session_id}
    return event


def test_one_of_several_requests_at_a_time_moves_the_timeout(stack: Stack, calls: Calls, module: ModuleType) -> None:
    """C19: both have read the same item, one write wins, and both requests pass."""
    theirs, _ = signed_in(stack)
    stack.clock.advance(seconds=IDLE - 10)
    first = calls._stored
    outcomes = list[bool]()

    def while_another_is_between_its_read_and_its_write(operation: str, parameters: Any) -> Any:  # noqa: ANN401 - passed on
        if operation == TOUCH and not outcomes:
            outcomes.append(False)  # the other request begins once
            outcomes[0] = is_allowed(module.handler(visit(theirs), None))
            stack.clock.advance(seconds=1)
        return first(operation, parameters)

    calls._stored = while_another_is_between_its_read_and_its_write
    assert is_allowed(module.handler(visit(theirs), None))

    assert outcomes == [True]
    assert calls.operations == [GET, TOUCH, GET, TOUCH]
    assert int(item_of(stack)["used_at"]["N"]) == stack.clock.now_seconds - 1


@pytest.mark.parametrize("lost", ["lost_before", "lost_after"])
def test_a_timeout_that_is_not_moved_changes_no_answer(
    stack: Stack, calls: Calls, module: ModuleType, lost: str
) -> None:
    """C19: the read has decided. The next request tries again, if it has to."""
    theirs, _ = signed_in(stack)
    stack.clock.advance(seconds=IDLE - 10)
    setattr(calls, lost, TOUCH)
    assert is_allowed(module.handler(visit(theirs), None))
    setattr(calls, lost, "")

    assert is_allowed(module.handler(visit(theirs), None))

    assert calls.operations == [GET, TOUCH, GET, *([TOUCH] if lost == "lost_before" else [])]
    assert int(item_of(stack)["idle_expires_at"]["N"]) == stack.clock.now_seconds + IDLE


def test_a_session_that_ends_between_read_and_write_is_not_made_again(
    stack: Stack, calls: Calls, module: ModuleType
) -> None:
    """DC-13: the write has a condition that a missing item does not meet."""
    theirs, _ = signed_in(stack)
    stack.clock.advance(seconds=IDLE - 10)
    first = calls._stored

    def with_a_logout_before_the_write(operation: str, parameters: Any) -> Any:  # noqa: ANN401 - passed on
        if operation == TOUCH:
            stack.function("logout")(page_logout(theirs))
        return first(operation, parameters)

    calls._stored = with_a_logout_before_the_write
    assert is_allowed(module.handler(visit(theirs), None)), "it was alive when it was read"

    assert [item for item in stack.session_items() if "idle_expires_at" in item] == []
    assert not is_allowed(module.handler(visit(theirs), None))


@pytest.mark.parametrize(("generation", "age", "passes"), [(1, 10, True), (1, 11, False), (2, 0, False)])
def test_an_earlier_cookie_is_taken_for_ten_seconds_after_a_new_one(
    stack: Stack, allowed: Callable[..., bool], generation: int, age: int, *, passes: bool
) -> None:
    """C20: and then it is only refused: the session goes on, and nothing is told."""
    theirs, _ = signed_in(stack)
    change(stack, generation=generation, rotated_at_ms=(stack.clock.now_seconds - age) * 1000)
    before = stack.session_items()

    assert allowed(theirs) is passes
    assert stack.session_items() == before


# --- CSRF ---


@pytest.mark.parametrize("shape", ["REQUEST 1.0", "REQUEST 2.0"])
def test_only_pages_of_the_site_may_change_anything(stack: Stack, module: ModuleType, calls: Calls, shape: str) -> None:
    """C7, C8: of all methods, sites and origins only the allowed ones pass; the others cost no read."""
    theirs, _ = signed_in(stack)
    methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
    sites = ["same-origin", "same-site", "cross-site", "none", "same-origin,same-origin", None]
    origins = [SITE, "https://blog.example.com", "null", f"{SITE}.evil.test", None]
    passed = set()
    for method, site, origin in product(methods, sites, origins):
        calls.made.clear()
        headers = {"Sec-Fetch-Site": site, "Origin": origin}
        if is_allowed(module.handler(visit(theirs, shape=shape, method=method, headers=headers), None)):
            passed.add((method, site, origin))
        assert calls.operations == ([GET] if (method, site, origin) in passed else [])

    assert passed == {
        (method, site, origin)
        for method, site, origin in product(methods, sites, origins)
        if method in {"GET", "HEAD", "OPTIONS"}
        or site == "same-origin"
        or (site in {"same-site", None} and origin == SITE)
    }


@pytest.mark.parametrize(("origin", "passes"), [(SITE, True), ("https://blog.example.com", False), (None, False)])
def test_a_websocket_is_opened_by_a_page_of_the_site_only(
    stack: Stack, allowed: Callable[..., bool], origin: str | None, *, passes: bool
) -> None:
    """C7: its handshake is a GET that may change things, and a neighbour's page can make a browser send it."""
    theirs, _ = signed_in(stack)

    assert allowed(theirs, shape="WebSocket", headers={"Origin": origin}) is passes


def test_a_refusal_is_logged_with_its_reason(stack: Stack, allowed: Callable[..., bool]) -> None:
    """L3: which check failed, and no cookie."""
    theirs, _ = signed_in(stack)
    with stack.output.caplog.at_level("INFO"):
        assert not allowed(theirs, method="POST", headers={"Sec-Fetch-Site": "cross-site"})
        assert not allowed()

    checks = [record.check for record in stack.output.caplog.records if hasattr(record, "check")]
    assert checks == ["the page is of another site", "not one session cookie"]


# --- Trouble ---


@pytest.mark.parametrize("damage", [{"generation": None}, {"idle_expires_at": None}, {"seed_hash": None}])
def test_a_damaged_session_is_no_denial(stack: Stack, module: ModuleType, damage: dict[str, None]) -> None:
    """DC-3: an exception, which API Gateway answers with 503."""
    theirs, _ = signed_in(stack)
    change(stack, **damage)

    with pytest.raises(RequestFailed, match=r"^damaged item: "):
        module.handler(visit(theirs), None)


def test_a_store_that_does_not_answer_is_no_denial(stack: Stack, calls: Calls, module: ModuleType) -> None:
    """DC-3, C18: an exception, so the answer is 503. The browser keeps its cookie, which is decided again."""
    theirs, _ = signed_in(stack)
    calls.lost_before = GET
    with pytest.raises(RequestFailed):
        module.handler(visit(theirs), None)
    calls.lost_before = ""

    assert is_allowed(module.handler(visit(theirs), None))


def test_without_allowed_origins_it_denies_everything(stack: Stack) -> None:
    """The mode is off then: no table, no client, no call."""
    theirs, _ = signed_in(stack)
    module = stack.with_parameters(AllowedOrigins="").module("session_authorizer")

    assert not is_allowed(module.handler(visit(theirs), None))
    assert module.sessions is None
    assert not hasattr(module, "table")


@pytest.mark.parametrize("event", [None, [], "", {}, {"type": "REQUEST"}, proxy_event(), {"headers": {"cookie": 7}}])
def test_an_event_of_another_shape_is_denied(module: ModuleType, event: object) -> None:
    """Z10: never an exception."""
    assert not is_allowed(module.handler(event, None))
