"""Logins with a second factor, and the routes that change it: bytes, requests, and what is stored."""

import json
from base64 import b32decode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edge_auth import base64url
from edge_auth.accounts.factors import MAX_FAILURES, Factors
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.tokens.ended_feed import entry_of
from tests.support.answers import (
    INVALID_CREDENTIALS,
    INVALID_GRANT,
    INVALID_OTP,
    INVALID_PROOF,
    NO_CONTENT,
    UNAVAILABLE,
    error,
)
from tests.support.browser import for_browsers, from_page, jar, page_login, site_login
from tests.support.outages import APPLIED, KINDS_OF_TRANSACTIONS, KINDS_OF_UPDATES, NO_SECRETS, RETRIED, attempts
from tests.support.people import PASSWORD, WRONG_PASSWORD, ada, bob, key_ring
from tests.support.sample_events import Event, called_by, login_event, logout_event, refresh_event, sample, with_json
from tests.support.second_factor import CODES, a_wrong_code, shown_by_app, with_app
from tests.support.stack import SEALING_KEY, Answer, Function, Stack
from tests.support.wire import lost_response

COUNT, GET_SECRET = "throttle.UpdateItem of attempts", "secrets-manager.GetSecretValue"
LOGIN = {COUNT: 3, "dynamodb.GetItem": 1, "dynamodb.TransactWriteItems": 1, "dynamodb.Query": 1}
SEALING_KEYS = sealing_keys_from(SEALING_KEY)
STALE = error(
    401,
    "insufficient_user_authentication",
    "The route needs a stronger or a newer login.",
    **{"WWW-Authenticate": 'Bearer error="insufficient_user_authentication", acr_values="2fa", max_age="300"'},
)


@pytest.fixture
def stack(empty_stack: Stack) -> Stack:
    """Return a stack with second factors, where ada has an app and bob has none."""
    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(with_app(ada(), SEALING_KEYS), PASSWORD)
    empty_stack.add_user(bob(), PASSWORD)
    empty_stack.secrets.keep(*CODES, kind="recovery code")
    return empty_stack.with_parameters(SecondFactor="optional")


@pytest.fixture
def factors(stack: Stack) -> Function:
    """Return the function of the routes, cold."""
    return stack.function("factors")


def with_factor(username: str = "ada", **parameters: str) -> Event:
    """Return the event of a login with further parameters."""
    return with_json("login", {"username": username, "password": PASSWORD, **parameters})


def code(stack: Stack, steps: int = 0) -> str:
    """Return what ada's app shows."""
    return shown_by_app(stack.clock.now_seconds, steps=steps)


def stored(stack: Stack, username: str = "ada") -> Factors:
    """Return the factors of a user."""
    found = stack.identities.find(username).factors
    assert found is not None
    return found


def payload_of(access_token: str) -> dict[str, Any]:
    """Return the claims of an access token."""
    claims: dict[str, Any] = json.loads(base64url.decode(access_token.split(".")[1]))
    return claims


def asked_by(name: str, tokens: Answer, body: dict[str, str] | None = None) -> Event:
    """Return the sample event of a route, as the authorizer passes on the caller of these tokens."""
    event = sample(name) if body is None else with_json(name, body)
    return called_by(event, payload_of(tokens.json["access_token"])["sub"], tokens.json["session_id"])


# --- Logins ---


def test_a_login_with_a_code_costs_as_many_requests_as_one_without(stack: Stack, login: Function) -> None:
    """Six, warm: the write of the code is in the transaction that opens the session, in place of a check."""
    assert login(with_factor(otp=code(stack))).status == 200
    stack.clock.advance(seconds=30)
    stack.wire.forget()
    answer = login(with_factor(otp=code(stack)))
    assert answer.status == 200
    assert stack.wire.counts == LOGIN
    claims = payload_of(answer.json["access_token"])
    assert (claims["acr"], claims["amr"]) == ("2fa", ["pwd", "otp", "mfa"])


def test_a_user_without_a_factor_costs_the_same_requests_as_before(stack: Stack, login: Function) -> None:
    """SA4: nothing of second factors is read or written for such a user."""
    assert login(login_event("bob", PASSWORD)).status == 200
    stack.clock.advance(seconds=5)  # so that the source is idle, and its booking is one write
    stack.wire.forget()
    answer = login(with_factor("bob", otp="123456"))
    assert stack.wire.counts == LOGIN
    assert payload_of(answer.json["access_token"])["acr"] == "1fa"


def test_without_second_factors_a_login_is_as_before(empty_stack: Stack) -> None:
    """A parameter that is unknown is ignored, the token has no level, and nothing of second factors is loaded."""
    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(ada(), PASSWORD)
    login = empty_stack.function("login")
    answer = login(with_factor(otp="123456", recovery_code="x", mfa_token="x"))
    assert answer.status == 200
    assert empty_stack.wire.counts == {**LOGIN, GET_SECRET: 1}
    claims = payload_of(answer.json["access_token"])
    assert "acr" not in claims
    assert claims["amr"] == ["pwd"]
    [item] = empty_stack.session_items()
    assert "acr" not in item


def test_a_code_that_is_missing_is_asked_for(stack: Stack, login: Function) -> None:
    """SA4: the answer has the token to go on with, and there is neither a session nor a cookie."""
    answer = login(login_event("ada", PASSWORD))
    assert answer == replace(error(401, "mfa_required", "A second factor is required."), body=answer.body)
    assert answer.json.keys() == {"error", "error_description", "mfa_token", "methods"}
    assert answer.json["methods"] == ["otp"]
    assert stack.session_items() == []
    token = answer.json["mfa_token"]
    stack.clock.advance(seconds=5)
    stack.wire.forget()
    second = login(with_json("login", {"username": "ada", "mfa_token": token, "otp": code(stack)}))
    assert second.status == 200
    assert stack.wire.counts == {**LOGIN, GET_SECRET: 1}
    assert payload_of(second.json["access_token"])["acr"] == "2fa"


def test_a_wrong_code_costs_one_write_more_than_a_wrong_password(stack: Stack, login: Function) -> None:
    """SB7: the failure of the code is counted on the user."""
    login(with_factor(otp=code(stack)))
    stack.wire.forget()
    assert login(login_event("ada", WRONG_PASSWORD)) == INVALID_CREDENTIALS
    password = stack.wire.counts
    stack.wire.forget()
    assert login(with_factor(otp=a_wrong_code(stack.clock.now_seconds))) == INVALID_OTP
    assert stack.wire.counts == {**password, "dynamodb.UpdateItem": 1}
    assert stored(stack).failures == 1


@pytest.mark.parametrize("transport", ["cookie", "session"])
def test_no_transport_passes_by(stack: Stack, transport: str) -> None:
    """SA4: pages with cookies are asked too, and get no cookie before."""
    stack = for_browsers(stack)
    login = stack.function("login")
    event = page_login() if transport == "cookie" else site_login()
    refused = login(event)
    assert (refused.status, refused.json["error"], refused.cookies) == (401, "mfa_required", ())
    body = json.loads(event["body"]) | {"mfa_token": refused.json["mfa_token"], "recovery_code": CODES[0]}
    answer = login({**event, "body": json.dumps(body)})
    assert (answer.status, len(answer.cookies)) == (200, 2)
    [item] = stack.session_items()
    assert item["acr"] == {"S": "2fa"}


def test_a_locked_factor_says_so(stack: Stack, login: Function) -> None:
    """SB7: whoever knows the password learns that a recovery code helps."""
    stack.identities.delete(stack.identities.find("ada"))
    stack.identities.create(with_app(ada(), SEALING_KEYS, failures=MAX_FAILURES - 1))
    assert login(with_factor(otp=a_wrong_code(stack.clock.now_seconds))) == INVALID_OTP
    assert login(with_factor(otp=code(stack))) == error(
        401, "factor_locked", "Too many wrong codes. Use a recovery code."
    )
    names = [event["event"] for event in stack.output.security_events()]
    assert names == ["factor_locked", "login_failed", "login_failed"]
    assert login(with_factor(recovery_code=CODES[0])).status == 200
    assert stored(stack).failures == 0


def test_a_user_who_must_have_a_factor_sets_one_up_first(stack: Stack) -> None:
    """SA4, SA8: no session exists before, and the code of the enrolment opens none."""
    stack = stack.with_parameters(SecondFactor="role:admin")
    login, factors = stack.function("login"), stack.function("factors")
    refused = login(login_event("bob", PASSWORD))
    assert (refused.status, refused.json["error"]) == (401, "mfa_enrolment_required")
    token = refused.json["enrolment_token"]
    begun = factors(with_json("factors-enrolment", {"enrolment_token": token})).json
    otp = shown_by_app(stack.clock.now_seconds, secret=b32decode(begun["secret"]))
    both = {"enrolment_token": token, "enrolment": begun["enrolment"], "otp": otp}
    assert len(factors(with_json("factors-enrolment", both)).json["recovery_codes"]) == 10
    assert len(factors(with_json("factors-enrolment", both)).json["recovery_codes"]) == 10  # its answer may be lost
    assert factors(with_json("factors-enrolment", {"enrolment_token": token})) == INVALID_PROOF
    assert stack.session_items() == []
    assert login(with_factor("bob", otp=otp)) == INVALID_OTP
    stack.clock.advance(seconds=30)
    otp = shown_by_app(stack.clock.now_seconds, secret=b32decode(begun["secret"]))
    assert login(with_factor("bob", otp=otp)).status == 200


@pytest.mark.parametrize("transport", ["cookie", "session"])
def test_no_transport_passes_by_the_enrolment(stack: Stack, transport: str) -> None:
    """SA4: pages with cookies have to set up an app first too, and get neither a session nor a cookie before."""
    login = for_browsers(stack).with_parameters(SecondFactor="role:admin").function("login")

    refused = login(page_login(username="bob", transport=transport))

    assert (refused.status, refused.json["error"], refused.cookies) == (401, "mfa_enrolment_required", ())
    assert stack.session_items() == []
    assert "refresh_token" not in refused.json


# --- The routes ---


def test_an_app_is_enrolled_over_http(stack: Stack, login: Function, factors: Function) -> None:
    """The first step stores nothing. The codes and the secret are in no table, and the picture has the address."""
    tokens = login(login_event("bob", PASSWORD))
    before = stack.identity_items()
    begun = factors(asked_by("factors-totp", tokens))
    assert begun.status == 200
    assert begun.json.keys() == {"secret", "uri", "qr_svg", "enrolment", "expires_in"}
    assert begun.json["qr_svg"].startswith("<svg")
    assert begun.json["uri"].startswith("otpauth://totp/api.example.com:bob?")
    assert begun.headers["Cache-Control"] == "no-store"
    assert stack.identity_items() == before
    otp = shown_by_app(stack.clock.now_seconds, secret=b32decode(begun.json["secret"]))
    confirmed = factors(asked_by("factors-totp-confirm", tokens, {"enrolment": begun.json["enrolment"], "otp": otp}))
    codes = confirmed.json["recovery_codes"]
    table = repr(stack.identity_items())
    secret = begun.json["secret"]
    assert not any(text in table for text in (*codes, *(each.replace("-", "") for each in codes), secret))
    assert repr(b32decode(secret))[2:-1] not in table
    shown = factors(asked_by("factors", tokens))
    assert shown.json == {"totp": True, "locked": False, "recovery_codes_left": 10}
    assert login(with_factor("bob", recovery_code=codes[0])).status == 200


def test_codes_are_replaced_and_a_factor_is_removed_over_http(stack: Stack, login: Function, factors: Function) -> None:
    """SA7: with a fresh login with the factor. From then on the login asks for none."""
    tokens = login(with_factor(otp=code(stack)))
    [first, *_] = factors(asked_by("factors-recovery-codes", tokens)).json["recovery_codes"]
    assert login(with_factor(recovery_code=CODES[0])) == INVALID_OTP
    assert login(with_factor(recovery_code=first)).status == 200
    assert factors(asked_by("factors-totp-remove", tokens)) == NO_CONTENT
    assert factors(asked_by("factors", tokens)).json == {
        "totp": False,
        "locked": False,
        "recovery_codes_left": 0,
    }
    assert login(login_event("ada", PASSWORD)).status == 200


@pytest.mark.parametrize(
    "name", ["factors-totp", "factors-totp-confirm", "factors-totp-remove", "factors-recovery-codes"]
)
def test_an_old_login_is_told_what_is_needed(stack: Stack, login: Function, factors: Function, name: str) -> None:
    """SA7, RFC 9470 §3: the challenge names the level and the age. Nothing has changed."""
    tokens = login(with_factor(otp=code(stack)))
    stack.clock.advance(seconds=301)
    before = stack.identity_items()
    assert factors(asked_by(name, tokens)) == STALE
    assert stack.identity_items() == before


def test_a_password_is_changed_with_a_fresh_login_where_a_factor_is_enrolled(stack: Stack, login: Function) -> None:
    """SA7: the current password alone is not enough."""
    tokens = login(with_factor(otp=code(stack)))
    stack.clock.advance(seconds=301)
    password = stack.function("password")
    body = {"current_password": PASSWORD, "new_password": "another fine passphrase"}
    assert password(asked_by("password", tokens, body)) == STALE
    fresh = login(with_factor(otp=code(stack)))
    assert password(asked_by("password", fresh, body)) == NO_CONTENT
    assert login(with_factor(otp=code(stack, steps=1))) == INVALID_CREDENTIALS
    assert stored(stack).totp


def test_a_removal_ends_the_other_sessions_and_tells_the_authorizers(
    stack: Stack, login: Function, factors: Function
) -> None:
    """F9: also of a session that its user has ended a moment before."""
    left, kept = login(with_factor(otp=code(stack))), login(with_factor(otp=code(stack, steps=1)))
    other = login(with_factor(recovery_code=CODES[0]))
    assert stack.function("logout")(logout_event(left.json["refresh_token"])) == NO_CONTENT
    assert factors(asked_by("factors-totp-remove", kept)) == NO_CONTENT
    assert [item["session_id"]["S"] for item in stack.session_items() if "revoked_at" not in item] == [
        kept.json["session_id"]
    ]
    assert {entry_of(each.json["session_id"]) for each in (left, other)} <= stack.published()


def test_the_same_routes_serve_a_site(stack: Stack) -> None:
    """The authorizer of session cookies names the caller there."""
    stack = for_browsers(stack)
    login, factors = stack.function("login"), stack.function("factors")
    tokens = login(with_factor(otp=code(stack)))
    for route, method in {"/totp": "POST", "/recovery-codes": "POST", "": "GET", "/totp ": "DELETE"}.items():
        event = asked_by("site-factors", tokens)
        answer = factors({**event, "resource": f"/auth/site/factors{route.strip()}", "httpMethod": method})
        assert answer.status in (200, 204), route


# --- Trouble ---


@pytest.mark.parametrize("name", KINDS_OF_TRANSACTIONS)
def test_code_and_session_are_written_together_or_not_at_all(stack: Stack, login: Function, name: str) -> None:
    """F19, SB9: the answer is 503, and the code is used up only if its session was opened."""
    stack.wire.always("TransactWriteItems", KINDS_OF_TRANSACTIONS[name])
    otp = code(stack)
    assert login(with_factor(otp=otp)) == UNAVAILABLE
    assert stack.wire.counts["dynamodb.TransactWriteItems"] == attempts(name)
    written = name == APPLIED
    assert len(stack.session_items()) == written
    assert (stored(stack).totp_step > 0) == written
    stack.wire.mend()
    if not written:
        assert login(with_factor(otp=otp)).status == 200


def test_the_answer_to_the_transaction_is_lost_once(stack: Stack, login: Function) -> None:
    """F1, SB9: the SDK repeats it with the same ClientRequestToken, which DynamoDB then confirms."""
    stack.wire.next("TransactWriteItems", lost_response)
    answer = login(with_factor(recovery_code=CODES[0]))
    first, second = (call.parameters for call in stack.wire.calls if call.operation == "TransactWriteItems")
    assert first == second
    assert first["ClientRequestToken"]
    [item] = stack.session_items()
    assert item["session_id"] == {"S": answer.json["session_id"]}
    assert len(stored(stack).recovery) == 9


@pytest.mark.parametrize("name", KINDS_OF_UPDATES)
def test_a_wrong_code_that_cannot_be_counted(stack: Stack, login: Function, name: str) -> None:
    """F19, DC-3: the answer does not say that the code was wrong, and one failure at least is never lost with it."""
    stack.wire.always("UpdateItem", KINDS_OF_UPDATES[name])
    assert login(with_factor(otp=a_wrong_code(stack.clock.now_seconds))) == UNAVAILABLE
    assert stored(stack).failures == (attempts(name) if name == APPLIED else 0)
    stack.wire.mend()
    assert login(with_factor(otp=code(stack))).status == 200


def confirmation(stack: Stack, factors: Function, tokens: Answer) -> Event:
    """Begin an enrolment, and return the event that finishes it."""
    begun: dict[str, Any] = factors(asked_by("factors-totp", tokens)).json
    otp = shown_by_app(stack.clock.now_seconds, secret=b32decode(begun["secret"]))
    return asked_by("factors-totp-confirm", tokens, {"enrolment": begun["enrolment"], "otp": otp})


CHANGES: dict[str, Callable[[Stack, Function, Answer], Event]] = {
    "enrol": confirmation,
    "codes": lambda _stack, _factors, tokens: asked_by("factors-recovery-codes", tokens),
    "remove": lambda _stack, _factors, tokens: asked_by("factors-totp-remove", tokens),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", KINDS_OF_UPDATES)
def test_a_change_that_cannot_be_written(
    stack: Stack, login: Function, factors: Function, change: str, name: str
) -> None:
    """F19: the answer is 503, and the factors are as before unless the write was made."""
    asked = CHANGES[change](stack, factors, login(with_factor(otp=code(stack))))
    before = stored(stack)
    stack.wire.always("UpdateItem", KINDS_OF_UPDATES[name])
    if name == APPLIED:
        # Every attempt is applied and lost, so nothing was ever confirmed.
        assert factors(asked) == UNAVAILABLE
        assert stack.identities.find("ada").factors != before
        return
    assert factors(asked) == UNAVAILABLE
    assert stored(stack) == before
    stack.wire.mend()
    assert factors(asked).status in (200, 204)


@pytest.mark.parametrize("change", CHANGES)
def test_the_answer_to_a_change_is_lost_once(stack: Stack, login: Function, factors: Function, change: str) -> None:
    """F1: the repeated write finds its own effect, and the user gets the codes that are stored."""
    asked = CHANGES[change](stack, factors, login(with_factor(otp=code(stack))))
    stack.wire.next("UpdateItem", lost_response)
    answer = factors(asked)
    assert answer.status == (204 if change == "remove" else 200)
    if change != "remove":
        assert login(with_factor(recovery_code=answer.json["recovery_codes"][0])).status == 200
    assert stack.identities.find("ada").factors_version == 2


@pytest.mark.parametrize("name", NO_SECRETS)
def test_the_sealing_keys_cannot_be_read(stack: Stack, login: Function, name: str) -> None:
    """F19: a cold login is 503, no failure is counted, and later the same code is good."""
    assert login(login_event("bob", PASSWORD)).status == 200
    stack.wire.always("GetSecretValue", NO_SECRETS[name])
    assert login(with_factor(otp=code(stack))) == UNAVAILABLE
    assert stored(stack).failures == 0
    stack.wire.mend()
    assert login(with_factor(otp=code(stack))).status == 200
    stack.clock.advance(seconds=400)
    stack.wire.always("GetSecretValue", NO_SECRETS[name])
    assert login(with_factor(otp=code(stack))).status == 200


def test_only_passing_faults_are_hidden(stack: Stack, login: Function) -> None:
    """F19: after a fault that passes, the SDK's repetition opens the session with the code."""
    for number, name in enumerate(RETRIED.keys() - {APPLIED}):
        stack.wire.next("TransactWriteItems", RETRIED[name])
        stack.clock.advance(seconds=30)
        assert login(with_factor(otp=code(stack))).status == 200, name
        assert len(stack.session_items()) == number + 1


# --- Step-up ---

STEP_UP = {COUNT: 3, "dynamodb.GetItem": 3, "dynamodb.TransactWriteItems": 1, "revocations.UpdateItem of ends": 1}


def stepping_up(tokens: Answer, **body: str) -> Event:
    """Return the event of a step-up with the tokens of a login."""
    return asked_by("step-up", tokens, {"refresh_token": tokens.json["refresh_token"], **body})


def test_a_session_is_stepped_up_with_its_refresh_token(stack: Stack, login: Function, factors: Function) -> None:
    """SA3: the answer is that of a login, and the old refresh token is dead without an alarm."""
    tokens = login(login_event("bob", PASSWORD))
    enrolled = confirmation(stack, factors, tokens)
    [recovery_code, *_] = factors(enrolled).json["recovery_codes"]
    step_up = stack.function("step_up")
    answer = step_up(stepping_up(tokens, recovery_code=recovery_code))
    assert answer.status == 200
    claims = payload_of(answer.json["access_token"])
    assert (claims["acr"], claims["amr"], claims["sid"]) == ("2fa", ["pwd", "mfa"], answer.json["session_id"])
    assert answer.json["session_id"] != tokens.json["session_id"]
    assert stack.function("refresh")(refresh_event(tokens.json["refresh_token"])) == INVALID_GRANT
    assert not any(event["level"] == "ERROR" for event in stack.output.security_events())
    assert stack.function("refresh")(refresh_event(answer.json["refresh_token"])).status == 200


def test_a_step_up_costs_these_requests(stack: Stack, login: Function) -> None:
    """Warm: three for the attempt, three reads, one transaction, and one word to the authorizers."""
    step_up = stack.function("step_up")
    tokens = step_up(stepping_up(login(with_factor(otp=code(stack))), otp=code(stack, steps=1)))
    stack.clock.advance(seconds=60)
    stack.wire.forget()
    assert step_up(stepping_up(tokens, otp=code(stack))).status == 200
    assert stack.wire.counts == STEP_UP


def test_a_step_up_by_password_is_fresh(stack: Stack, login: Function) -> None:
    """SA6: for a user without a factor."""
    tokens = login(login_event("bob", PASSWORD))
    stack.clock.advance(seconds=1000)
    answer = stack.function("step_up")(stepping_up(tokens, password=PASSWORD))
    claims = payload_of(answer.json["access_token"])
    assert (claims["acr"], claims["auth_time"]) == ("1fa", stack.clock.now_seconds)
    assert stack.function("step_up")(stepping_up(answer, password=WRONG_PASSWORD)) == INVALID_CREDENTIALS


def test_pages_and_sites_step_up_with_their_cookies(stack: Stack) -> None:
    """SA3: the new token comes as the old one did, and there is none in the body."""
    stack = for_browsers(stack)
    login, step_up = stack.function("login"), stack.function("step_up")
    for event, path in ((page_login(), "/auth/step-up"), (site_login(), "/auth/site/step-up")):
        stack.clock.advance(seconds=90)
        signed_in = login({**event, "body": json.dumps({**json.loads(event["body"]), "otp": code(stack)})})
        asked = with_json("step-up", {"otp": code(stack, steps=1)})
        caller = called_by(asked, ada().user_id, signed_in.json["session_id"])
        answer = step_up({**from_page(caller, *jar(signed_in)), "resource": path})
        assert answer.status == 200, answer.body
        assert "refresh_token" not in answer.json
        [cookie] = answer.cookies
        assert cookie.partition("=")[0] == signed_in.cookies[0].partition("=")[0]
        assert cookie != signed_in.cookies[0]


def test_a_step_up_by_an_api_without_an_address_changes_nothing(stack: Stack, login: Function) -> None:
    """L1: the answer is 503 before the old session and the code are used, so the next request succeeds."""
    tokens = login(login_event("bob", PASSWORD))
    asked = stepping_up(tokens, password=PASSWORD)
    of_nowhere = {**asked, "requestContext": {**asked["requestContext"], "domainName": ""}}
    stack.wire.forget()

    assert stack.function("step_up")(of_nowhere) == UNAVAILABLE
    assert not [call for call in stack.wire.counts if call.startswith("dynamodb.")]
    assert stack.function("step_up")(asked).status == 200


@pytest.mark.parametrize("name", KINDS_OF_TRANSACTIONS)
def test_a_step_up_that_cannot_be_written(stack: Stack, login: Function, name: str) -> None:
    """F19, SB9: the answer is 503, and old session and code are good unless the write was made."""
    tokens, step_up = login(with_factor(otp=code(stack))), stack.function("step_up")
    stack.clock.advance(seconds=30)
    asked = stepping_up(tokens, otp=code(stack))
    stack.wire.always("TransactWriteItems", KINDS_OF_TRANSACTIONS[name])
    assert step_up(asked) == UNAVAILABLE
    stack.wire.mend()
    alive = [item["session_id"]["S"] for item in stack.session_items() if "revoked_at" not in item]
    if name == APPLIED:
        assert alive != [tokens.json["session_id"]]
        return
    assert alive == [tokens.json["session_id"]]
    assert step_up(asked).status == 200
