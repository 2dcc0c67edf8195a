"""Every route that changes what a user logs in with, and the login that it needs where a factor is enrolled (SA7)."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace

import pytest

from edge_auth.accounts.identity import Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.tokens import passkey_challenge
from edge_auth.tokens.passkey_challenge import Purpose
from tests.support.answers import error
from tests.support.browser import for_browsers, from_page, jar, site_login
from tests.support.http_gateway import NONE, routes
from tests.support.passkey_visitor import for_passkeys, passkey_id, phone, register_event
from tests.support.people import ADA_ID, PASSWORD, WRONG_PASSWORD, ada, key_ring
from tests.support.sample_events import Event, called_by, with_json
from tests.support.second_factor import CODES, shown_by_app, with_app
from tests.support.stack import SEALING_KEY, Answer, Stack

Route = tuple[str, str]

NEW_PASSWORD = {"current_password": PASSWORD, "new_password": "another fine passphrase"}
CODE = {"enrolment": "edgeauth_en_x", "otp": "123456"}
ADD_PASSKEY = (("POST", "/auth/passkeys"), ("POST", "/auth/site/passkeys"))
NEW_ADDRESS = {"email": "new@example.com", "current_password": PASSWORD}
# Each route with the body of a request. A new route that changes a credential gets a line here.
CHANGES: dict[Route, dict[str, str]] = {
    ("POST", "/auth/password"): NEW_PASSWORD,
    ("POST", "/auth/site/password"): NEW_PASSWORD,
    ("POST", "/auth/email"): NEW_ADDRESS,
    ("POST", "/auth/site/email"): NEW_ADDRESS,
    **{
        (method, f"{base}{route}"): body
        for base in ("/auth/factors", "/auth/site/factors")
        for method, route, body in (
            ("POST", "/totp", {}),
            ("POST", "/totp/confirm", CODE),
            ("DELETE", "/totp", {}),
            ("POST", "/recovery-codes", {}),
        )
    },
    **{
        (method, f"{base}{route}"): body
        for base in ("/auth/passkeys", "/auth/site/passkeys")
        for method, route, body in (
            ("POST", "/registration", {}),
            ("POST", "", {}),  # what a passkey has signed, see `added_passkey`
            ("PATCH", "/{passkey_id}", {"name": "Blue"}),
            ("DELETE", "/{passkey_id}", {}),
        )
    },
}
# They ask for the current password, which shows as much as a new login of a user who has no factor.
ASK_FOR_THE_PASSWORD = {
    ("POST", "/auth/password"): 204,
    ("POST", "/auth/site/password"): 204,
    ("POST", "/auth/email"): 202,
    ("POST", "/auth/site/email"): 202,
}
# They end a session, or open one for a factor that is shown.
CHANGES_NONE = {
    ("DELETE", "/auth/sessions/{session_id}"),
    ("DELETE", "/auth/site/sessions/{session_id}"),
    ("POST", "/auth/step-up"),
    ("POST", "/auth/site/step-up"),
}


def with_passkey(user: Identity) -> Identity:
    """Give a user a passkey."""
    return replace(
        user,
        passkeys=(
            RegisteredPasskey(
                credential_id=phone().credential_id,
                public_key=b"a key",
                sign_count=0,
                is_backup_eligible=False,
                is_backed_up=False,
                name="phone",
                created_at_seconds=1,
            ),
        ),
    )


APP = with_app(ada(), sealing_keys_from(SEALING_KEY))
# Who has what, the level that each change needs then, and the highest one below it.
PEOPLE: dict[str, tuple[Identity, str, str]] = {
    "an app": (APP, "2fa", "1fa"),
    "a passkey": (with_passkey(ada()), "phr", "2fa"),
    "both": (with_passkey(APP), "phr", "2fa"),
}


def test_the_table_has_every_route_that_changes_something() -> None:
    """SA7: a route that is forgotten here fails, whichever function it has."""
    protected = {route for route, (_, authorizer) in routes().items() if authorizer != NONE and route[0] != "GET"}
    assert protected == CHANGES.keys() | CHANGES_NONE


def stack_of(empty_stack: Stack, user: Identity) -> Stack:
    """Return a stack with factors, passkeys and mail, with this user, and which pages may use."""
    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(replace(user, passkeys=()), PASSWORD)
    empty_stack.secrets.keep(*CODES, kind="recovery code")
    return for_passkeys(for_browsers(empty_stack).with_mail(SecondFactor="optional"))


def signed_in(stack: Stack, user: Identity, acr: str) -> Answer:
    """Log ada in at a site, and give her the passkey then. Her session has this level, whatever she has shown."""
    event = site_login()
    shown = {"otp": shown_by_app(stack.clock.now_seconds)} if user.factors else {}
    answer = stack.function("login")({**event, "body": json.dumps({**json.loads(event["body"]), **shown})})
    assert answer.status == 200
    found = stack.identities.find("ada")
    stack.identities.delete(found)
    stack.identities.create(replace(found, passkeys=user.passkeys))
    [item] = stack.session_items()
    stack.dynamodb.put_item(TableName="functional-SessionsTable", Item={**item, "acr": {"S": acr}})
    return answer


def added_passkey(stack: Stack) -> Mapping[str, object]:
    """Return the body that adds another passkey."""
    challenge = passkey_challenge.mint(
        Purpose.REGISTER,
        stack.keys.mac,
        now_seconds=stack.clock.now_seconds,
        entropy=secrets.token_bytes,
        user_id=ADA_ID,
    )
    body: dict[str, object] = json.loads(register_event(phone(1).edited(challenge=challenge), "any")["body"])
    return body


def asked(stack: Stack, route: Route, signed_in: Answer, **changes: str) -> Answer:
    """Ask for a change, as the authorizer passes it on."""
    function, _ = routes()[route]
    body = added_passkey(stack) if route in ADD_PASSKEY else {**CHANGES[route], **changes}
    event: Event = with_json("step-up", body)
    event = from_page(called_by(event, ADA_ID, signed_in.json["session_id"]), *jar(signed_in))
    named = {"pathParameters": {"passkey_id": passkey_id(phone())}} if "{" in route[1] else {}
    return stack.function(function)({**event, **named, "httpMethod": route[0], "resource": route[1]})


@pytest.mark.parametrize("route", CHANGES, ids=" ".join)
@pytest.mark.parametrize("has", PEOPLE)
@pytest.mark.parametrize("spoil", ["old", "weak"])
def test_a_weak_or_an_old_login_changes_nothing(empty_stack: Stack, route: Route, has: str, spoil: str) -> None:
    """SA7: the answer says what is needed, and all tables but the counters are as they were."""
    user, needed, below = PEOPLE[has]
    stack = stack_of(empty_stack, user)
    answer = signed_in(stack, user, below if spoil == "weak" else needed)
    stack.clock.advance(seconds=301 if spoil == "old" else 0)
    before = (stack.identity_items(), stack.session_items(), stack.challenge_items())
    refused = asked(stack, route, answer)
    challenge = f'Bearer error="insufficient_user_authentication", acr_values="{needed}", max_age="300"'
    expected = error(401, "insufficient_user_authentication", "The route needs a stronger or a newer login.")
    assert (refused.status, refused.body) == (expected.status, expected.body)
    assert refused.headers["WWW-Authenticate"] == challenge
    assert (stack.identity_items(), stack.session_items(), stack.challenge_items()) == before


@pytest.mark.parametrize("route", CHANGES, ids=" ".join)
def test_an_old_login_of_a_user_without_a_factor_changes_only_what_asks_for_the_password(
    empty_stack: Stack, route: Route
) -> None:
    """SA7: who finds an open session enrols nothing. Four routes ask for the password itself, and answer as ever."""
    stack = stack_of(empty_stack, ada())
    answer = signed_in(stack, ada(), "1fa")
    stack.clock.advance(seconds=301)
    before = (stack.identity_items(), stack.session_items(), stack.challenge_items())
    answered = asked(stack, route, answer)
    if route in ASK_FOR_THE_PASSWORD:
        assert answered.status == ASK_FOR_THE_PASSWORD[route]
        return
    assert (answered.status, answered.json["error"]) == (401, "insufficient_user_authentication")
    challenge = 'Bearer error="insufficient_user_authentication", acr_values="1fa", max_age="300"'
    assert answered.headers["WWW-Authenticate"] == challenge
    assert (stack.identity_items(), stack.session_items(), stack.challenge_items()) == before


@pytest.mark.parametrize("route", ASK_FOR_THE_PASSWORD, ids=" ".join)
def test_what_asks_for_the_password_takes_no_other_one(empty_stack: Stack, route: Route) -> None:
    """SA7: the session alone changes nothing there either, also right after the login."""
    stack = stack_of(empty_stack, ada())
    answer = signed_in(stack, ada(), "1fa")
    before = (stack.identity_items(), stack.challenge_items())
    refused = asked(stack, route, answer, current_password=WRONG_PASSWORD)
    assert (refused.status, refused.json["error"]) == (401, "invalid_credentials")
    assert (stack.identity_items(), stack.challenge_items()) == before


@pytest.mark.parametrize("route", CHANGES, ids=" ".join)
@pytest.mark.parametrize("has", PEOPLE)
def test_a_fresh_login_with_the_factor_may(empty_stack: Stack, route: Route, has: str) -> None:
    """SA7: the same request, 300 seconds after the login."""
    user, needed, _ = PEOPLE[has]
    stack = stack_of(empty_stack, user)
    answer = signed_in(stack, user, needed)
    stack.clock.advance(seconds=300)
    answered = asked(stack, route, answer)
    error_code = answered.json["error"] if answered.status >= 400 else ""
    assert error_code == lacks(route, user)


def lacks(route: Route, user: Identity) -> str:
    """Return the error of a fresh login: the enrolment is none, or the user does not have what the route changes."""
    if route[1].endswith("/confirm"):
        return "invalid_proof"
    if route[1].endswith("/recovery-codes") and user.factors is None:
        return "no_factor"
    return "not_found" if "{passkey_id}" in route[1] and not user.passkeys else ""
