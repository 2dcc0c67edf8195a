"""The requests that open, keep, show and end sessions, and those that the authorizers decide."""

import json
from collections.abc import Mapping
from dataclasses import replace

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from proof.faults.act import TWO_NOTICES, WRONG_CODE, Act, about_to_lock, by_bob
from proof.faults.world import World
from tests.support.browser import from_page, jar, page_login, page_logout, page_refresh
from tests.support.passkey_visitor import phone, sign_in_event
from tests.support.people import PASSWORD, WRONG_PASSWORD
from tests.support.sample_events import (
    Event,
    login_event,
    logout_event,
    refresh_event,
    sample,
    token_event,
    with_json,
)
from tests.support.second_factor import CODES, shown_by_app
from tests.support.site import visit
from tests.support.wire import raw_answer

WEAK_PROFILE = "m=1024,t=1,p=1"
MIGRATION = "arn:aws:lambda:us-east-1:123456789012:function:MigrationFunctionArn"
KNOWN = raw_answer(b'{"valid":true,"email":"grace@example.com","email_verified":true}', 200)
ANNOUNCED = raw_answer(b'{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}', 200)
BUS_ANSWERS = {"PutEvents": ANNOUNCED}
RECORD_OF_END = ("GetItem SessionsTable", "UpdateItem SessionsTable")  # of the session that the browser had
LIMIT_PARTS = ("Query SessionsTable", "UpdateItem RevocationsTable", "TransactWriteItems SessionsTable")
FORGET, NOTICE, MARK = "UpdateItem ThrottleTable", "PutItem ChallengesTable", "UpdateItem SessionsTable"

NOT_BOOKED = {"ThrottleTable": "a dead token gets the same answer if it cannot be counted"}


def _with_app(world: World) -> Event:
    shown = {"otp": shown_by_app(world.stack.clock.now_seconds)}
    return with_json("login", {"username": "ada", "password": PASSWORD, **shown})


def _with_code(_world: World) -> Event:
    return with_json("login", {"username": "ada", "password": PASSWORD, "recovery_code": CODES[0]})


def _over_a_session(world: World) -> Event:
    return page_login(*jar(world.page()), username="bob")


def _over_an_ended_session(world: World) -> Event:
    cookies = jar(world.page())
    world.call("logout", page_logout(*cookies), 204)
    return page_login(*cookies, username="bob")


def _weak(world: World) -> Event:
    argon2id = Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=1024)
    weak = replace(world.stack.identities.find("bob"), password_hash=argon2id.derive_phc_encoded(PASSWORD.encode()))
    world.stack.identities.delete(world.stack.identities.find("bob"))
    world.stack.identities.create(weak)
    return login_event("bob", PASSWORD)


def _rotated(world: World, *, times: int, seconds: float = 60) -> str:
    """Rotate bob's first session, and return its first token."""
    token = world.bob["refresh_token"]
    for _ in range(times):
        token = world.call("refresh", refresh_event(token)).json["refresh_token"]
        world.stack.clock.advance(seconds=seconds)
    return world.bob["refresh_token"]


def _ended(world: World) -> str:
    world.call("logout", logout_event(world.bob["refresh_token"]), 204)
    return world.bob["refresh_token"]


def _in_browser(world: World) -> Event:
    return page_refresh(*jar(world.page()))


def _out_of_browser(world: World) -> Event:
    return page_logout(*jar(world.page()))


def _out_of_site(world: World) -> Event:
    return page_logout(*jar(world.page("session")))


def _by_passkey(world: World, sign_count: int = 1) -> Event:
    challenge = world.call("passkey_sign_in", sample("passkeys-options")).json["challenge"]
    return sign_in_event(phone(challenge=challenge, sign_count=sign_count))


def _passkey_over_a_session(world: World, *, is_ended: bool = False) -> Event:
    login = {"username": "ada", "password": PASSWORD, "recovery_code": CODES[0], "transport": "cookie"}
    cookies = jar(world.call("login", from_page(with_json("login", login))))
    if is_ended:
        world.call("logout", page_logout(*cookies), 204)
    event = _by_passkey(world)
    return from_page({**event, "body": json.dumps({**json.loads(event["body"]), "transport": "cookie"})}, *cookies)


def _with_a_new_challenge(world: World, event: Event) -> Event:
    """The challenge is spent, so the page asks for another one, and the device signs it."""
    again = json.loads(_by_passkey(world, 2)["body"])
    return {**event, "body": json.dumps({**json.loads(event["body"]), "credential": again["credential"]})}


def _one_session(world: World, name: str = "sessions-end") -> Event:
    return by_bob(world, name, pathParameters={"session_id": world.bob_other["session_id"]})


def _own_session(world: World) -> Event:
    return by_bob(world, "sessions-end", pathParameters={"session_id": world.bob["session_id"]})


def _own_session_ended(world: World) -> Event:
    _ended(world)
    return _own_session(world)


def _page_of_site(world: World) -> Event:
    cookies = jar(world.page("session"))
    world.stack.clock.advance(seconds=600)  # so that the session is kept by a write
    return visit(cookies[0])


def _passkey_after_the_password(world: World) -> Event:
    asked = world.call("login", login_event("ada", PASSWORD), 401).json
    return sign_in_event(phone(challenge=asked["passkey"]["challenge"], sign_count=1), mfa_token=asked["mfa_token"])


def _last_wrong_code(world: World) -> Event:
    about_to_lock(world)
    return with_json("login", {"username": "ada", "password": PASSWORD, "otp": WRONG_CODE})


SESSION_ACTS: Mapping[str, Act] = {
    "login": Act("login", lambda _: login_event("bob", PASSWORD), opens=True, parts=(*LIMIT_PARTS, FORGET, NOTICE)),
    "login, wrong password": Act("login", lambda _: login_event("bob", WRONG_PASSWORD), 401, parts=(FORGET,)),
    "login, app": Act("login", _with_app, opens=True, again=(401,), parts=(*LIMIT_PARTS, FORGET, NOTICE)),
    "login, recovery code": Act(
        "login",
        _with_code,
        opens=True,
        again=(401,),
        parts=(*LIMIT_PARTS, FORGET, NOTICE),
        longer={NOTICE: TWO_NOTICES},
    ),
    "login, the last wrong code": Act(
        "login", _last_wrong_code, 401, parts=("PutEvents", NOTICE, FORGET), answers=BUS_ANSWERS
    ),
    "login over a session": Act(
        "login", _over_a_session, opens=True, is_told=False, parts=(*LIMIT_PARTS, FORGET, NOTICE)
    ),
    "login over an ended session": Act(
        "login", _over_an_ended_session, opens=True, is_told=False, parts=(*LIMIT_PARTS, FORGET, NOTICE, *RECORD_OF_END)
    ),
    "login at a site": Act(
        "login",
        lambda _: page_login(username="bob", transport="session"),
        opens=True,
        parts=(*LIMIT_PARTS, FORGET, NOTICE),
    ),
    "login beyond the limit": Act(
        "login",
        lambda _: login_event("bob", PASSWORD),
        opens=True,
        evicts=True,
        parts=(*LIMIT_PARTS, FORGET, NOTICE),
        otherwise={"SessionsTable": "each try may end a session, and an end that cannot be told is left"},
        parameters={"MaxSessionsPerUser": "2"},
    ),
    "login, weak hash": Act(
        "login",
        _weak,
        opens=True,
        parts=(*LIMIT_PARTS, FORGET, NOTICE, "UpdateItem IdentitiesTable"),
        parameters={"PasswordProfiles": WEAK_PROFILE},
    ),
    "login, migrated": Act(
        "login",
        lambda _: login_event("grace", PASSWORD),
        opens=True,
        parts=(*LIMIT_PARTS, FORGET, NOTICE),
        longer={"Invoke": "the function of the team has eight seconds"},
        parameters={"MigrationFunctionArn": MIGRATION},
        answers={"Invoke": KNOWN},
    ),
    "passkey challenge": Act("passkey_sign_in", lambda _: sample("passkeys-options")),
    "passkey sign-in": Act("passkey_sign_in", _by_passkey, opens=True, again=(401,), parts=(*LIMIT_PARTS, NOTICE)),
    "passkey after the password": Act(
        "passkey_sign_in",
        _passkey_after_the_password,
        opens=True,
        again=(401,),
        parts=(*LIMIT_PARTS, NOTICE, FORGET),
    ),
    "passkey sign-in over a session": Act(
        "passkey_sign_in",
        _passkey_over_a_session,
        opens=True,
        is_told=False,
        again=(401,),
        instead=_with_a_new_challenge,
        parts=(*LIMIT_PARTS, NOTICE),
    ),
    "passkey sign-in over an ended session": Act(
        "passkey_sign_in",
        lambda world: _passkey_over_a_session(world, is_ended=True),
        opens=True,
        is_told=False,
        again=(401,),
        instead=_with_a_new_challenge,
        parts=(*LIMIT_PARTS, NOTICE, *RECORD_OF_END),
    ),
    "refresh": Act("refresh", lambda world: refresh_event(world.bob["refresh_token"])),
    "refresh, retried": Act("refresh", lambda world: refresh_event(_rotated(world, times=1, seconds=1))),
    "refresh, late": Act("refresh", lambda world: refresh_event(_rotated(world, times=1))),
    "refresh, reused": Act(
        "refresh",
        lambda world: refresh_event(_rotated(world, times=2)),
        400,
        parts=("PutEvents", FORGET),
        otherwise=NOT_BOOKED,
        answers=BUS_ANSWERS,
    ),
    "refresh, ended": Act(
        "refresh", lambda world: refresh_event(_ended(world)), 400, parts=(FORGET,), otherwise=NOT_BOOKED
    ),
    "refresh of a page": Act("refresh", _in_browser),
    "logout": Act("logout", lambda world: logout_event(world.bob["refresh_token"]), 204),
    "logout, repeated": Act(
        "logout", lambda world: logout_event(_ended(world)), 204, parts=(FORGET, MARK), otherwise=NOT_BOOKED
    ),
    "logout, access token": Act("logout", lambda world: logout_event(world.bob["access_token"]), 204),
    "logout of all": Act(
        "logout", lambda world: logout_event(world.bob["refresh_token"], everywhere=True), 204, parts=(MARK,)
    ),
    "logout of all, reused": Act(
        "logout",
        lambda world: logout_event(_rotated(world, times=2), everywhere=True),
        204,
        parts=("PutEvents", FORGET),
        answers=BUS_ANSWERS,
    ),
    "logout of a page": Act("logout", _out_of_browser, 204),
    "logout of a site": Act("logout", _out_of_site, 204),
    "sessions": Act("sessions", lambda world: by_bob(world, "sessions")),
    "sessions of a site": Act("sessions", lambda world: by_bob(world, "site-sessions")),
    "end of a session": Act("sessions", _one_session, 204, again=(404,)),
    "end of the own session": Act("sessions", _own_session, 204, again=(401,)),
    "end of the own session, repeated": Act("sessions", _own_session_ended, 401, parts=(MARK,)),
    "end of a session of a site": Act(
        "sessions", lambda world: _one_session(world, "site-sessions-end"), 204, again=(404,)
    ),
    "authorizer": Act(
        "authorizer", lambda world: token_event(world.bob["access_token"]), parts=("Query RevocationsTable",)
    ),
    "authorizer, closed": Act(
        "authorizer",
        lambda world: token_event(world.bob["access_token"]),
        parameters={"RevocationFailure": "closed"},
    ),
    "strict authorizer": Act("strict_authorizer", lambda world: token_event(world.bob["access_token"])),
    "session authorizer": Act("session_authorizer", _page_of_site, parts=("UpdateItem SessionsTable",)),
    "whoami": Act("whoami", lambda world: by_bob(world, "me")),
    "ended sessions": Act("ended_sessions", lambda _: sample("ended-sessions")),
    "preflight": Act("preflight", lambda _: sample("preflight"), 204),
}
