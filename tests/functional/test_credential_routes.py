"""Every route that changes what a user logs in with, and the login that it needs where a factor is enrolled (SA7)."""

import json

import pytest

from edge_auth.keys.sealing_key import sealing_keys_from
from tests.support.answers import error
from tests.support.browser import for_browsers, from_page, jar, site_login
from tests.support.http_gateway import NONE, routes
from tests.support.people import ADA_ID, PASSWORD, ada, key_ring
from tests.support.sample_events import Event, called_by, with_json
from tests.support.second_factor import CODES, shown_by_app, with_app
from tests.support.stack import SEALING_KEY, Answer, Stack

NEW_PASSWORD = {"current_password": PASSWORD, "new_password": "another fine passphrase"}
CODE = {"enrolment": "edgeauth_en_x", "otp": "123456"}
# Each route with the body of a request. A new route that changes a credential gets a line here.
CHANGES: dict[tuple[str, str], dict[str, str]] = {
    ("POST", "/auth/password"): NEW_PASSWORD,
    ("POST", "/auth/site/password"): NEW_PASSWORD,
    ("POST", "/auth/email"): {"email": "new@example.com", "current_password": PASSWORD},
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
}
# They end a session, or open one for a factor that is shown.
CHANGES_NONE = {
    ("DELETE", "/auth/sessions/{session_id}"),
    ("DELETE", "/auth/site/sessions/{session_id}"),
    ("POST", "/auth/step-up"),
    ("POST", "/auth/site/step-up"),
}
STALE = error(
    401,
    "insufficient_user_authentication",
    "The route needs a stronger or a newer login.",
    **{"WWW-Authenticate": 'Bearer error="insufficient_user_authentication", acr_values="2fa", max_age="300"'},
)


def test_the_table_has_every_route_that_changes_something() -> None:
    """SA7: a route that is forgotten here fails, whichever function it has."""
    protected = {route for route, (_, authorizer) in routes().items() if authorizer != NONE and route[0] != "GET"}
    assert protected == CHANGES.keys() | CHANGES_NONE


@pytest.fixture
def stack(empty_stack: Stack) -> Stack:
    """Return a stack with second factors, where ada has an app, and which pages may use."""
    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(with_app(ada(), sealing_keys_from(SEALING_KEY)), PASSWORD)
    empty_stack.secrets.keep(*CODES)
    return for_browsers(empty_stack).with_parameters(
        SecondFactor="optional", MailFrom="login@example.com", PagesUrl="https://app.example.com"
    )


def signed_in(stack: Stack) -> Answer:
    """Log ada in at a site, with her app."""
    event = site_login()
    body = {**json.loads(event["body"]), "otp": shown_by_app(stack.clock.now_seconds)}
    answer = stack.function("login")({**event, "body": json.dumps(body)})
    assert answer.status == 200
    return answer


def asked(stack: Stack, route: tuple[str, str], signed_in: Answer) -> Answer:
    """Ask for a change, as the authorizer passes it on."""
    function, _ = routes()[route]
    event: Event = with_json("step-up", CHANGES[route])
    event = from_page(called_by(event, ADA_ID, signed_in.json["session_id"]), *jar(signed_in))
    return stack.function(function)({**event, "httpMethod": route[0], "resource": route[1]})


@pytest.mark.parametrize("route", CHANGES, ids=" ".join)
@pytest.mark.parametrize("spoil", ["old", "weak"])
def test_a_weak_or_an_old_login_changes_nothing(stack: Stack, route: tuple[str, str], spoil: str) -> None:
    """SA7: the answer says what is needed, and all tables but the counters are as they were."""
    answer = signed_in(stack)
    if spoil == "weak":
        [item] = stack.session_items()
        stack.dynamodb.put_item(TableName="functional-SessionsTable", Item={**item, "acr": {"S": "1fa"}})
    else:
        stack.clock.advance(seconds=301)
    before = (stack.identity_items(), stack.session_items())
    refused = asked(stack, route, answer)
    assert (refused.status, refused.body) == (STALE.status, STALE.body)
    assert refused.headers["WWW-Authenticate"] == STALE.headers["WWW-Authenticate"]
    assert (stack.identity_items(), stack.session_items()) == before


@pytest.mark.parametrize("route", CHANGES, ids=" ".join)
def test_a_fresh_login_with_the_factor_may(stack: Stack, route: tuple[str, str]) -> None:
    """SA7: the same request, right after the login. The confirmation fails only because its enrolment is none."""
    answer = asked(stack, route, signed_in(stack))
    assert answer.status == (400 if route[1].endswith("/confirm") else answer.status)
    assert answer.status in (200, 202, 204, 400)
    assert answer.status != 400 or answer.json["error"] == "invalid_proof"
