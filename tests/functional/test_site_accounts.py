"""The account routes of a site, with a session cookie: sessions, the password, the address and passkeys."""

import json
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from edge_auth.errors import CsrfFailed, TemporarilyUnavailable
from edge_auth.tokens import token_form
from edge_auth.tokens.proof_token import Kind
from edge_auth.tokens.token_form import SESSION
from edge_auth.web.session import SessionCookie, SignedIn
from tests.support.answers import INVALID_TOKEN, UNAVAILABLE
from tests.support.authorizer import is_allowed
from tests.support.browser import (
    LAX_ATTRIBUTES,
    SESSION_COOKIE,
    for_browsers,
    from_page,
    page_logout,
    token_in,
    with_header,
)
from tests.support.mailbox import mailed
from tests.support.outages import APPLIED, KINDS_OF_UPDATES
from tests.support.passkey_visitor import challenged, for_passkeys, passkey_id, phone, register_event, sign_in_event
from tests.support.people import ADA_ID, BOB_ID, PASSWORD, WRONG_PASSWORD, ada
from tests.support.sample_events import Event, called_by, login_event, sample, with_json
from tests.support.site import Calls, cookie, signed_in, visit
from tests.support.stack import Answer, Function, Stack
from tests.support.wire import lost_response, passes, refusal

NEW_PASSWORD = "another fine passphrase"
ROTATION = "UpdateItem"  # the second one of a change: the first replaces the password


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """Return a stack that browsers may use."""
    stack.secrets.keep(NEW_PASSWORD, kind="password")
    return for_browsers(stack)


@pytest.fixture
def site_password(stack: Stack) -> Function:
    """Return the function that changes a password at a site, cold."""
    return stack.function("site_password")


@pytest.fixture
def authorizer(stack: Stack) -> ModuleType:
    """Return the authorizer of session cookies, cold."""
    return stack.module("session_authorizer")


def change(theirs: str, login: Answer, *, current: str = PASSWORD, new: str = NEW_PASSWORD) -> Event:
    """Return the event of a change, as API Gateway passes it on for this session."""
    event = with_json("site-password", {"current_password": current, "new_password": new})
    return called_by(with_header(event, "Cookie", theirs), ADA_ID, login.json["session_id"])


def passes_at(authorizer: ModuleType, theirs: str) -> bool:
    """Return whether a page is shown."""
    return is_allowed(authorizer.handler(visit(theirs), None))


def sessions_of(stack: Stack) -> list[dict[str, Any]]:
    """Return the items of the sessions that have not ended."""
    return [item for item in stack.session_items() if "absolute_expires_at" in item]


def test_a_change_of_the_password_gives_the_browser_a_new_cookie(
    stack: Stack, site_password: Function, authorizer: ModuleType
) -> None:
    """C20: the other sessions end, this one goes on, and its old cookie is dead ten seconds later."""
    theirs, login = signed_in(stack)
    stack.function("login")(login_event("ada", PASSWORD))
    stack.clock.advance(seconds=3600 // 4)

    answer = site_password(change(theirs, login))

    assert (answer.status, answer.body) == (204, "")
    [renewed] = answer.cookies
    left = 12 * 3600 - 900
    assert renewed == f"{SESSION_COOKIE}={token_in(renewed)}; {LAX_ATTRIBUTES}; Max-Age={left}"
    assert [item["generation"] for item in sessions_of(stack)] == [{"N": "1"}]
    assert [passes_at(authorizer, each) for each in (theirs, cookie(token_in(renewed)))] == [True, True]
    stack.clock.advance(seconds=11)
    assert [passes_at(authorizer, each) for each in (theirs, cookie(token_in(renewed)))] == [False, True]
    assert stack.function("login")(login_event("ada", PASSWORD)).status == 401


def with_generation(theirs: str, generation: int) -> str:
    """Return the cookie with another generation in it, as a thief would write it who has no key."""
    form = token_form.read(theirs.partition("=")[2], SESSION)
    body = token_form.body_of(SESSION, form.key_id, form.user_id, form.session_id, generation, form.seed)
    return cookie(token_form.written(SESSION, body, form.mac))


def test_nobody_makes_the_new_cookie_out_of_an_old_one(
    stack: Stack, site_password: Function, authorizer: ModuleType
) -> None:
    """C20: an old cookie has the seed of the new one, but not its MAC, so a thief who counts it up is refused."""
    stolen, login = signed_in(stack)
    theirs, changes = stolen, 2
    for newest in range(1, changes + 1):
        answer = site_password(change(theirs, login))
        theirs = cookie(token_in(answer.cookies[0]))
        forged = [with_generation(stolen, generation) for generation in range(1, newest + 1)]

        assert [passes_at(authorizer, each) for each in forged] == [False] * newest
        stack.clock.advance(seconds=11)
        assert [passes_at(authorizer, each) for each in (stolen, *forged)] == [False] * (newest + 1)
        assert passes_at(authorizer, theirs)


@pytest.mark.parametrize("text", ["", "x", "forged", "of another session", "two"])
def test_without_the_cookie_of_the_caller_nothing_is_changed(stack: Stack, site_password: Function, text: str) -> None:
    """Z10: the authorizer has named the caller by this cookie, so this does not happen."""
    theirs, login = signed_in(stack)
    other, _ = signed_in(stack)
    cookies = {"forged": theirs[:-1] + ("A" if theirs[-1] != "A" else "B"), "of another session": other}
    cookies["two"] = f"{theirs}; {theirs}"
    before = stack.identity_items(), stack.session_items()

    answer = site_password(change(cookies.get(text, cookie(text)), login))

    assert (answer.status, answer.cookies) == (400 if text == "two" else 401, ())
    assert (stack.identity_items(), stack.session_items()) == before


@pytest.mark.parametrize(
    ("passwords", "status"),
    [({"current": WRONG_PASSWORD}, 401), ({"new": "short"}, 400)],
)
def test_a_change_that_is_refused_renews_nothing(
    stack: Stack, site_password: Function, passwords: dict[str, str], status: int
) -> None:
    """C20: the cookie stays as it is."""
    theirs, login = signed_in(stack)

    answer = site_password(change(theirs, login, **passwords))

    assert (answer.status, answer.cookies) == (status, ())
    assert [item["generation"] for item in sessions_of(stack)] == [{"N": "0"}]


def test_two_changes_at_a_time_get_the_same_cookie(stack: Stack, site_password: Function) -> None:
    """C20: one renews the session; the other's answer has its cookie too, so the later answer does no harm."""
    theirs, login = signed_in(stack)

    first, second = (site_password(change(theirs, login)) for _ in range(2))

    assert first.cookies[0].partition(";")[0] == second.cookies[0].partition(";")[0]
    assert [item["generation"] for item in sessions_of(stack)] == [{"N": "1"}]


def test_two_changes_under_two_mac_keys_do_not_disagree(
    stack: Stack, site_password: Function, authorizer: ModuleType
) -> None:
    """C20: the second cannot write the cookie of the first, so it sets none, and the first one's stays good."""
    ring = stack.key_ring
    following = replace(ring.mac[1], signs_from_seconds=stack.clock.now_seconds + 1)
    stack.make_key_ring(replace(ring, mac=(ring.mac[0], following)))
    theirs, login = signed_in(stack)
    first = site_password(change(theirs, login))
    stack.clock.advance(seconds=1)

    second = site_password(change(theirs, login))

    assert (second.status, second.cookies) == (204, ())
    assert passes_at(authorizer, cookie(token_in(first.cookies[0])))


def test_a_change_with_an_old_cookie_is_answered_without_one(stack: Stack, site_password: Function) -> None:
    """The authorizer takes an old cookie for ten seconds, and the change may take longer than what is left of them."""
    theirs, login = signed_in(stack)
    site_password(change(theirs, login))
    stack.clock.advance(seconds=11)

    answer = site_password(change(theirs, login))

    assert (answer.status, answer.cookies) == (204, ())


@pytest.mark.parametrize("fault", KINDS_OF_UPDATES)
def test_a_renewal_that_fails_may_be_repeated(
    stack: Stack, site_password: Function, authorizer: ModuleType, fault: str
) -> None:
    """C20: after any fault the same call is answered, and the browser has a cookie that is good."""
    theirs, login = signed_in(stack)
    stack.wire.next(ROTATION, passes, *[KINDS_OF_UPDATES[fault]] * 9)

    answer = site_password(change(theirs, login))
    if answer.status == 503:
        assert (answer.body, answer.cookies) == (UNAVAILABLE.body, ())
        stack.wire.mend()
        answer = site_password(change(theirs, login))

    assert answer.status == 204
    stack.clock.advance(seconds=11)
    assert passes_at(authorizer, cookie(token_in(answer.cookies[0])))
    assert [item["generation"] for item in sessions_of(stack)] == [{"N": "1"}]


def test_a_renewal_whose_answer_was_lost_once_is_our_own(stack: Stack, site_password: Function) -> None:
    """C20: the SDK writes again, the condition refuses it, and the answer has the new cookie all the same."""
    theirs, login = signed_in(stack)
    stack.wire.next(ROTATION, passes, lost_response)

    answer = site_password(change(theirs, login))

    assert answer.status == 204
    assert token_in(answer.cookies[0]) != theirs.partition("=")[2]
    assert APPLIED in KINDS_OF_UPDATES


def test_without_the_key_ring_nothing_is_changed(stack: Stack, site_password: Function) -> None:
    """DC-3: it is read before the password is changed, so no cookie is lost."""
    theirs, login = signed_in(stack)
    before = stack.identity_items()
    stack.wire.always("GetSecretValue", refusal("InternalServiceError", 500))

    assert site_password(change(theirs, login)).status == 503
    assert stack.identity_items() == before


def test_a_user_lists_and_ends_sessions_at_a_site(stack: Stack, authorizer: ModuleType) -> None:
    """A8: those of every transport, and only the caller's own."""
    theirs, login = signed_in(stack)
    other = stack.function("login")(login_event("ada", PASSWORD)).json["session_id"]
    sessions = stack.function("sessions")
    listing = called_by(sample("site-sessions"), ADA_ID, login.json["session_id"])
    listed = {each["session_id"]: each["current"] for each in sessions(listing).json["sessions"]}
    ending = called_by(sample("site-sessions-end"), ADA_ID, login.json["session_id"])

    assert listed == {login.json["session_id"]: True, other: False}
    for session_id in (other, login.json["session_id"]):
        ending["pathParameters"] = {"session_id": session_id}
        assert sessions(ending).status == 204
    assert not passes_at(authorizer, theirs)
    assert sessions(called_by(listing, BOB_ID, login.json["session_id"])).status == INVALID_TOKEN.status


# --- Pages that do without the authorizer ---


@pytest.fixture
def pages(stack: Stack) -> SessionCookie:
    """Return what a page asks, over the stack's tables."""
    environ = {**stack.environment("session_authorizer"), "AWS_REGION": "us-east-1"}
    session = SessionCookie(environ, monotonic=stack.clock.time, wall=stack.clock.time)
    session._sessions._table = Calls(stack.module("session_authorizer"))
    return session


def test_a_page_knows_its_user(stack: Stack, pages: SessionCookie) -> None:
    """A dead cookie, another one and none are an anonymous visitor."""
    theirs, login = signed_in(stack)

    assert pages.current(visit(theirs)) == SignedIn(
        ADA_ID, login.json["session_id"], "read write", ("admin", "auditor"), "", ("pwd",), stack.clock.now_seconds
    )
    assert pages.current(visit(theirs, shape="REQUEST 2.0")) == pages.current(visit(theirs))
    stack.function("logout")(page_logout(theirs))
    assert [pages.current(visit(*cookies)) for cookies in ([theirs], [cookie("x")], [])] == [None] * 3


def test_own_claims_reach_a_page_with_their_types_and_a_function_as_texts(
    stack: Stack, pages: SessionCookie, authorizer: ModuleType
) -> None:
    """They are in the session since the login. A user without any has an empty mapping, and no name more."""
    stack.identities.change_claims(stack.identities.find("ada"), {"acme:level": 3, "acme:teams": ("a", "b")})
    theirs, _ = signed_in(stack)

    user = pages.current(visit(theirs))

    assert user is not None
    assert user.claims == {"acme:level": 3, "acme:teams": ("a", "b")}
    context = authorizer.handler(visit(theirs), None)["context"]
    assert {name: value for name, value in context.items() if ":" in name} == {"acme:level": "3", "acme:teams": "a b"}


def test_a_page_refuses_what_another_site_makes_the_browser_send(stack: Stack, pages: SessionCookie) -> None:
    """C7: with a cookie; without one, the visitor is anonymous."""
    theirs, _ = signed_in(stack)
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.com"}

    with pytest.raises(CsrfFailed):
        pages.current(visit(theirs, method="POST", headers=foreign))
    assert pages.current(visit(method="POST", headers=foreign)) is None
    assert pages.current(visit(theirs, method="POST", headers={"Sec-Fetch-Site": "same-origin"})) is not None


def test_a_page_is_told_of_trouble(stack: Stack, pages: SessionCookie) -> None:
    """DC-3: it answers 503 then, and never asks the user to log in."""
    theirs, _ = signed_in(stack)
    pages._sessions._table.lost_before = "GetItem"  # type: ignore[attr-defined]  # see `pages`

    with pytest.raises(TemporarilyUnavailable):
        pages.current(visit(theirs))


def test_a_page_needs_its_variables(stack: Stack) -> None:
    """A missing one is an error at the start, and not a visitor without a name."""
    environ = {**stack.environment("session_authorizer"), "AWS_REGION": "us-east-1"}
    for name in environ:
        with pytest.raises((KeyError, ValueError)):
            SessionCookie(
                {each: value for each, value in environ.items() if each != name},
                monotonic=stack.clock.time,
                wall=stack.clock.time,
            )


# --- Address and passkeys ---


def with_credentials(stack: Stack) -> Stack:
    """Return the stack with mail and passkeys, where ada has a confirmed address."""
    stack.identities.delete(stack.identities.find("ada"))
    stack.identities.create(replace(ada(), email="ada@mail.example", email_verified_at_seconds=1))
    return for_passkeys(stack.with_mail())


def at_site(login: Answer, path: str, method: str = "POST", body: object = None, **path_parameters: str) -> Event:
    """Return a request of the site's session, as its authorizer passes it on."""
    event = called_by(with_json("site-email", body), ADA_ID, login.json["session_id"])
    resource = f"/auth/site/{path}"
    return {**event, "httpMethod": method, "resource": resource, "path": resource, "pathParameters": path_parameters}


def test_an_address_is_shown_and_changed_at_a_site(stack: Stack) -> None:
    """The proof of the mail needs no session. The cookie works on."""
    stack = with_credentials(stack)
    theirs, login = signed_in(stack)
    email = stack.function("email")
    assert email(at_site(login, "email", "GET")).json == {"email": "ada@mail.example", "email_verified": True}
    wrong = {"email": "ada@new.example", "current_password": WRONG_PASSWORD}
    assert email(at_site(login, "email", body=wrong)).status == 401

    assert email(at_site(login, "email", body={**wrong, "current_password": PASSWORD})).status == 202

    proof = mailed(stack, Kind.CONFIRM).link
    assert stack.function("email_proofs")(with_json("email-confirm", proof)).status == 204
    assert email(at_site(login, "email", "GET")).json == {"email": "ada@new.example", "email_verified": True}
    assert passes_at(stack.module("session_authorizer"), theirs)


def test_passkeys_are_added_renamed_and_removed_at_a_site(stack: Stack) -> None:
    """SC7, SA7: the session that a passkey has opened at the site is strong enough, and one by a password is not."""
    stack = with_credentials(stack)
    _, login = signed_in(stack)
    passkeys, sign_ins = stack.function("passkeys"), stack.function("passkey_sign_in")
    begun = passkeys(at_site(login, "passkeys/registration"))
    assert begun.status == 200
    new = json.loads(register_event(phone(challenge=begun.json["challenge"]), "any")["body"])
    assert passkeys(at_site(login, "passkeys", body=new)).status == 201
    one = {"passkey_id": passkey_id(phone())}
    assert passkeys(at_site(login, "passkeys/{passkey_id}", "DELETE", **one)).status == 401

    event = from_page(sign_in_event(phone(challenge=challenged(sign_ins)), transport="session"))
    by_passkey = sign_ins(event)

    assert by_passkey.status == 200
    renamed = passkeys(at_site(by_passkey, "passkeys/{passkey_id}", "PATCH", {"name": "blue"}, **one))
    assert renamed.status == 204
    [shown] = passkeys(at_site(by_passkey, "passkeys", "GET")).json["passkeys"]
    assert (shown["id"], shown["name"]) == (passkey_id(phone()), "blue")
    assert passkeys(at_site(by_passkey, "passkeys/{passkey_id}", "DELETE", **one)).status == 204
    assert stack.identities.find("ada").passkeys == ()


def test_another_site_changes_neither_address_nor_passkeys(stack: Stack) -> None:
    """B30: the authorizer lets no request pass that no page of the site has sent, and the same from a page passes."""
    stack = with_credentials(stack)
    theirs, _ = signed_in(stack)
    authorizer = stack.module("session_authorizer")
    for method in ("POST", "PATCH", "DELETE"):
        from_elsewhere = {**visit(theirs), "httpMethod": method}
        from_elsewhere = with_header(with_header(from_elsewhere, "Origin", "https://evil.example"), "Sec-Fetch-Site")
        assert not is_allowed(authorizer.handler(from_elsewhere, None))
        own_page = with_header(from_elsewhere, "Sec-Fetch-Site", "same-origin")
        assert is_allowed(authorizer.handler(own_page, None))
