"""A passkey after the password, and at a step-up: which login it belongs to, what it opens, and what it costs."""

import json
from typing import Any

import pytest

from edge_auth import base64url
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.throttling.limits import account_bucket
from edge_auth.tokens.token_form import id_bytes
from tests.support.answers import INVALID_PASSKEY, INVALID_PROOF, INVALID_REQUEST, UNAVAILABLE
from tests.support.browser import for_browsers, from_page, jar
from tests.support.outages import APPLIED, KINDS_OF_TRANSACTIONS, attempts
from tests.support.passkey_visitor import (
    PARAMETERS,
    challenged,
    one_event,
    passkey_id,
    phone,
    register,
    register_event,
    registration_event,
    sign_in_event,
)
from tests.support.people import ADA_ID, BOB_ID, PASSWORD, ada, bob, key_ring
from tests.support.sample_events import Event, called_by, login_event, refresh_event, with_json
from tests.support.second_factor import shown_by_app, with_app
from tests.support.software_passkeys import BE, UP, UV, Ceremony
from tests.support.stack import SEALING_KEY, Answer, Function, Stack

RATE = "throttle.UpdateItem of attempts"
GET, OPEN, QUERY = "dynamodb.GetItem", "dynamodb.TransactWriteItems", "dynamodb.Query"
SEALING_KEYS = sealing_keys_from(SEALING_KEY)


@pytest.fixture
def stack(empty_stack: Stack) -> Stack:
    """Return a stack with second factors and passkeys, where ada has one on her phone, and bob has nothing."""
    empty_stack.make_key_ring(key_ring())
    empty_stack.add_user(ada(), PASSWORD)
    empty_stack.add_user(bob(), PASSWORD)
    with_both = empty_stack.with_parameters(SecondFactor="optional", **PARAMETERS)
    session = with_both.function("login")(login_event("ada", PASSWORD)).json["session_id"]
    assert register(with_both.function("passkeys"), session, phone()).status == 201
    with_both.forget_attempts()
    return with_both


@pytest.fixture
def login(stack: Stack) -> Function:
    """Return the function, cold."""
    return stack.function("login")


@pytest.fixture
def passkey_sign_in(stack: Stack) -> Function:
    """Return the function, cold."""
    return stack.function("passkey_sign_in")


def asked(login: Function, username: str = "ada", **parameters: object) -> dict[str, Any]:
    """Log in by password, and return the answer that asks for the second factor."""
    answer = login(with_json("login", {"username": username, "password": PASSWORD, **parameters}))
    assert (answer.status, answer.json["error"]) == (401, "mfa_required"), answer
    return answer.json


def answered(answer: dict[str, Any], ceremony: Ceremony | None = None, **parameters: object) -> Event:
    """Return the request with what a passkey has signed for an answer."""
    signed = (ceremony or phone()).edited(challenge=answer["passkey"]["challenge"])
    return sign_in_event(signed, mfa_token=answer["mfa_token"], **parameters)


def payload_of(tokens: Answer) -> dict[str, Any]:
    """Return the claims of an access token."""
    claims: dict[str, Any] = json.loads(base64url.decode(tokens.json["access_token"].split(".")[1]))
    return claims


def failures(stack: Stack) -> int:
    """Return how many attempts at ada's account are kept."""
    items = [item for item in stack.attempt_items() if item["bucket"] == {"S": account_bucket("ada")}]
    return sum(len(item["tries"]["SS"]) for item in items if "tries" in item)


def stepping_up(tokens: Answer, **shown: object) -> Event:
    """Return the request of a step-up."""
    event = with_json("step-up", {"refresh_token": tokens.json["refresh_token"], **shown})
    return called_by(event, payload_of(tokens)["sub"], tokens.json["session_id"])


def credential(ceremony: Ceremony) -> dict[str, Any]:
    """Return what a browser sends of a passkey."""
    sent: dict[str, Any] = json.loads(sign_in_event(ceremony)["body"])["credential"]
    return sent


# --- A login in two requests ---


def test_the_password_alone_opens_nothing_where_there_is_a_passkey(stack: Stack, login: Function) -> None:
    """SA4: the answer names the methods, and has what the browser needs to ask for this user's passkeys."""
    sessions = stack.session_items()
    answer = asked(login)
    assert stack.session_items() == sessions
    assert answer["methods"] == ["passkey"]
    options = answer["passkey"]
    assert (options["rpId"], options["userVerification"]) == (PARAMETERS["PasskeyRpId"], "required")
    assert [allowed["id"] for allowed in options["allowCredentials"]] == [passkey_id(phone())]
    assert login(login_event("bob", PASSWORD)).status == 200


@pytest.mark.parametrize(("flags", "method"), [(UP | UV, "hwk"), (UP | UV | BE, "swk")])
def test_password_and_passkey_open_a_session(stack: Stack, flags: int, method: str) -> None:
    """RFC 8176 §2: the token says what was shown. A passkey with a user who was verified is `phr`."""
    user = stack.identities.find("ada")
    stored = tuple(passkey._replace(is_backup_eligible=bool(flags & BE)) for passkey in user.passkeys)
    stack.identities.delete(user)
    stack.identities.create(type(user)(**{**_fields(user), "passkeys": stored}))
    answer = asked(stack.function("login"))
    tokens = stack.function("passkey_sign_in")(answered(answer, phone(flags=flags)))
    claims = payload_of(tokens)
    assert (claims["acr"], claims["amr"]) == ("phr", ["pwd", method, "user", "mfa"])
    assert claims["sub"] == ADA_ID


def _fields(user: object) -> dict[str, Any]:
    return {name: getattr(user, name) for name in user.__dataclass_fields__}  # type: ignore[attr-defined]


def test_the_session_may_change_credentials(stack: Stack, login: Function, passkey_sign_in: Function) -> None:
    """SA7: it is as strong as a sign-in with the passkey alone."""
    tokens = passkey_sign_in(answered(asked(login)))
    assert stack.function("passkeys")(registration_event(tokens.json["session_id"])).status == 200


def test_a_passkey_without_the_token_signs_in_as_before(passkey_sign_in: Function) -> None:
    """The challenge is that of a sign-in: what the passkey proves is worth no less without the password."""
    options = challenged(passkey_sign_in)
    claims = payload_of(passkey_sign_in(sign_in_event(phone(challenge=options))))
    assert (claims["acr"], claims["amr"]) == ("phr", ["hwk", "user"])


def test_the_requests_of_both_steps(stack: Stack, login: Function, passkey_sign_in: Function) -> None:
    """The first step books, reads, and writes the attempt twice. The second has one write more than a sign-in."""
    passkey_sign_in(answered(asked(login)))
    stack.clock.advance(seconds=5)
    stack.wire.forget()
    answer = asked(login)
    assert stack.wire.counts == {RATE: 3, GET: 1}
    stack.wire.forget()
    assert passkey_sign_in(answered(answer, phone(sign_count=1))).status == 200
    assert stack.wire.counts == {RATE: 2, GET: 2, OPEN: 1, QUERY: 1}


def test_logins_in_two_steps_never_make_their_user_wait(
    stack: Stack, login: Function, passkey_sign_in: Function
) -> None:
    """SB7: the attempt at the password is forgotten when the passkey has passed, and counts as failed until then."""
    for number in range(1, 9):
        answer = asked(login)
        assert failures(stack) == 1
        assert passkey_sign_in(answered(answer, phone(sign_count=number))).status == 200
        assert failures(stack) == 0
    for _ in range(5):
        asked(login)
    refused = login(login_event("ada", PASSWORD))
    assert refused.json["error"] == "too_many_attempts"


def test_a_device_has_its_own_counter(stack: Stack, login: Function, passkey_sign_in: Function) -> None:
    """The attempt is taken out of the counter of the device, if the same device token comes with both requests."""
    device = passkey_sign_in(answered(asked(login))).json["device_token"]
    for number in range(1, 8):
        answer = asked(login, device_token=device)
        tokens = passkey_sign_in(answered(answer, phone(sign_count=number), device_token=device))
        assert tokens.status == 200
    assert failures(stack) == 0


def test_an_answer_opens_one_session(stack: Stack, login: Function, passkey_sign_in: Function) -> None:
    """SB5: a replay is refused, with the token and without it."""
    answer = asked(login)
    assert passkey_sign_in(answered(answer)).status == 200
    sessions = len(stack.session_items())
    assert passkey_sign_in(answered(answer)) == INVALID_PASSKEY
    alone = sign_in_event(phone(challenge=answer["passkey"]["challenge"]))
    assert passkey_sign_in(alone) == INVALID_PASSKEY
    assert len(stack.session_items()) == sessions


def test_a_token_of_another_user_is_refused(stack: Stack, login: Function, passkey_sign_in: Function) -> None:
    """SC7: bob's password and ada's passkey are no login of either."""
    session = login(login_event("bob", PASSWORD)).json["session_id"]
    of_bob = phone(5, user_handle=id_bytes(BOB_ID))
    passkeys = stack.function("passkeys")
    event = called_by(with_json("passkeys-registration", {}), BOB_ID, session)
    made = of_bob.edited(challenge=passkeys(event).json["challenge"])
    assert passkeys(register_event(made, session, user_id=BOB_ID)).status == 201
    sessions = stack.session_items()
    answer, other = asked(login, "bob"), asked(login)
    mixed = {**answer, "mfa_token": other["mfa_token"]}
    assert passkey_sign_in(answered(mixed, of_bob)) == INVALID_PROOF
    assert passkey_sign_in(answered(answer, phone())) == INVALID_PROOF
    assert stack.session_items() == sessions
    assert passkey_sign_in(answered(answer, of_bob)).status == 200


@pytest.mark.parametrize("change", ["expired", "forged", "password", "passkeys"])
def test_a_token_that_is_good_no_more(stack: Stack, login: Function, passkey_sign_in: Function, change: str) -> None:
    """SB8: it is bound to what the first step has read, and ends after five minutes."""
    answer = asked(login)
    signed = answered(answer)
    if change == "expired":
        stack.clock.advance(seconds=300)
    elif change == "forged":
        signed = answered({**answer, "mfa_token": answer["mfa_token"][:-2] + "AA"})
    elif change == "password":
        stack.identities.change_password(stack.identities.find("ada"), "$argon2id$other")
    else:
        tokens = passkey_sign_in(answered(asked(login)))
        assert register(stack.function("passkeys"), tokens.json["session_id"], phone(1)).status == 201
    sessions = stack.session_items()
    refused = passkey_sign_in(signed)
    assert refused == INVALID_PROOF
    assert stack.session_items() == sessions


def test_a_wrong_signature_opens_nothing_and_the_token_stays_good(
    stack: Stack, login: Function, passkey_sign_in: Function
) -> None:
    """SC7: another key, a user who was not verified, and a challenge for something else are refused alike."""
    answer = asked(login)
    sessions = stack.session_items()
    for wrong in (phone(7).edited(credential_id=phone().credential_id), phone(flags=UP), phone(rp_id="evil.example")):
        assert passkey_sign_in(answered(answer, wrong)) == INVALID_PASSKEY
    session = stack.function("passkey_sign_in")(answered(asked(login))).json["session_id"]
    other = stack.function("passkeys")(registration_event(session)).json["challenge"]
    assert passkey_sign_in(answered({**answer, "passkey": {"challenge": other}})) == INVALID_PASSKEY
    assert len(stack.session_items()) == len(sessions) + 1
    assert passkey_sign_in(answered(answer)).status == 200


def test_a_code_is_no_passkey(login: Function) -> None:
    """SA5: a user without an app cannot be asked for one."""
    assert asked(login, otp="123456")["methods"] == ["passkey"]


def test_a_user_with_both_may_take_either(stack: Stack) -> None:
    """SA4: the app opens `2fa`, the passkey `phr`."""
    user = stack.identities.find("ada")
    stack.identities.delete(user)
    stack.identities.create(with_app(user, SEALING_KEYS))
    login = stack.function("login")
    answer = asked(login)
    assert answer["methods"] == ["otp", "passkey"]
    otp = shown_by_app(stack.clock.now_seconds)
    by_app = login(with_json("login", {"username": "ada", "mfa_token": answer["mfa_token"], "otp": otp}))
    assert payload_of(by_app)["acr"] == "2fa"
    assert payload_of(stack.function("passkey_sign_in")(answered(asked(login))))["acr"] == "phr"


@pytest.mark.parametrize("name", KINDS_OF_TRANSACTIONS)
def test_a_session_that_cannot_be_opened(stack: Stack, login: Function, passkey_sign_in: Function, name: str) -> None:
    """F2, F19: the answer is 503. If nothing was written, the same request works."""
    answer, sessions = asked(login), stack.session_items()
    stack.wire.next("TransactWriteItems", *[KINDS_OF_TRANSACTIONS[name]] * attempts(name))
    assert passkey_sign_in(answered(answer)) == UNAVAILABLE
    stack.wire.mend()
    assert (stack.session_items() != sessions) == (name == APPLIED)
    again = passkey_sign_in(answered(answer))
    assert again == INVALID_PASSKEY if name == APPLIED else again.status == 200
    assert len(stack.session_items()) == len(sessions) + 1


def test_a_site_takes_both_steps(stack: Stack) -> None:
    """The second request opens the session of a cookie, as the first one would have."""
    pages = for_browsers(stack)
    answer = asked(pages.function("login"))
    event = from_page(answered(answer, transport="session"))
    opened = pages.function("passkey_sign_in")(event)
    assert opened.status == 200
    assert "access_token" not in opened.json
    assert jar(opened)


def test_where_second_factors_are_off_a_passkey_is_a_way_to_sign_in_only(stack: Stack) -> None:
    """The password logs in as before, and the token is a parameter that is not known."""
    off = stack.with_parameters(SecondFactor="off")
    assert off.function("login")(login_event("ada", PASSWORD)).status == 200
    passkey_sign_in = off.function("passkey_sign_in")
    event = sign_in_event(phone(challenge=challenged(passkey_sign_in)), mfa_token="nonsense")
    assert payload_of(passkey_sign_in(event))["amr"] == ["hwk", "user"]


def test_where_passkeys_are_off_a_passkey_is_not_skipped(stack: Stack) -> None:
    """SA4: the deployment cannot check it. A user without one logs in."""
    off = stack.with_parameters(PasskeyRpId="", PasskeyOrigins="").function("login")
    sessions = stack.session_items()
    assert off(login_event("ada", PASSWORD)) == UNAVAILABLE
    assert stack.session_items() == sessions
    assert off(login_event("bob", PASSWORD)).status == 200


@pytest.mark.parametrize("setting", ["everybody", "role:admin"])
def test_a_passkey_is_the_factor_that_a_user_must_have(stack: Stack, setting: str) -> None:
    """SA8: no enrolment is asked for, the app may go, and the last passkey may not while there is no app."""
    demanding = stack.with_parameters(SecondFactor=setting)
    user = stack.identities.find("ada")
    stack.identities.change_rights(user, scope=user.scope, roles=("admin",))
    login, passkeys = demanding.function("login"), demanding.function("passkeys")
    session = demanding.function("passkey_sign_in")(answered(asked(login))).json["session_id"]

    refused = passkeys(one_event("passkeys-remove", phone(), session))

    assert (refused.status, refused.json["error"]) == (409, "factor_required")
    assert register(passkeys, session, phone(1)).status == 201
    assert passkeys(one_event("passkeys-remove", phone(), session)).status == 204
    factors = demanding.function("factors")
    removal = called_by(with_json("factors-totp-remove", {}), ADA_ID, session)
    assert factors(removal).status == 204
    assert [passkey.name for passkey in stack.identities.find("ada").passkeys] == ["phone"]


# --- Step-up ---


@pytest.fixture
def tokens(stack: Stack, login: Function, passkey_sign_in: Function) -> Answer:
    """Return a session of ada that a passkey has opened an hour ago."""
    opened = passkey_sign_in(answered(asked(login)))
    stack.clock.advance(seconds=3600)
    return opened


def test_a_passkey_makes_a_session_fresh(stack: Stack, passkey_sign_in: Function, tokens: Answer) -> None:
    """SA3, SA7: a new session in the place of the old one, which may change credentials again."""
    passkeys, step_up = stack.function("passkeys"), stack.function("step_up")
    assert passkeys(registration_event(tokens.json["session_id"])).status == 401
    shown = credential(phone(challenge=challenged(passkey_sign_in), sign_count=1))

    fresh = step_up(stepping_up(tokens, credential=shown))

    assert fresh.json["session_id"] != tokens.json["session_id"]
    assert payload_of(fresh)["acr"] == "phr"
    assert payload_of(fresh)["auth_time"] == stack.clock.now_seconds
    assert passkeys(registration_event(fresh.json["session_id"])).status == 200
    assert stack.function("refresh")(refresh_event(tokens.json["refresh_token"])).status == 400
    assert stack.identities.find("ada").passkeys[0].sign_count == 1


def test_a_step_up_by_passkey_costs_these_requests(stack: Stack, passkey_sign_in: Function, tokens: Answer) -> None:
    """A booking, three reads, the transaction, and the entry of the feed. No attempt is counted."""
    step_up = stack.function("step_up")
    step_up(stepping_up(tokens, credential=credential(phone(challenge=challenged(passkey_sign_in), sign_count=1))))
    fresh = passkey_sign_in(sign_in_event(phone(challenge=challenged(passkey_sign_in), sign_count=2)))
    shown = credential(phone(challenge=challenged(passkey_sign_in), sign_count=3))
    stack.clock.advance(seconds=5)
    stack.wire.forget()
    assert step_up(stepping_up(fresh, credential=shown)).status == 200
    assert stack.wire.counts == {RATE: 1, GET: 3, OPEN: 1, "revocations.UpdateItem of ends": 1}


def test_only_what_is_enrolled_steps_up(stack: Stack, passkey_sign_in: Function, tokens: Answer) -> None:
    """SA3, SA4: neither the password, nor another user's passkey, nor two proofs at once."""
    step_up = stack.function("step_up")
    shown = credential(phone(challenge=challenged(passkey_sign_in), sign_count=1))
    sessions = stack.session_items()
    refused = step_up(stepping_up(tokens, password=PASSWORD))
    assert (refused.status, refused.json["error"]) == (401, "insufficient_user_authentication")
    assert step_up(stepping_up(tokens, password=PASSWORD, credential=shown)) == INVALID_REQUEST
    for wrong in (
        phone(7).edited(credential_id=phone().credential_id),
        phone(5, user_handle=id_bytes(BOB_ID)),
        phone(flags=UP),
    ):
        signed = credential(wrong.edited(challenge=challenged(passkey_sign_in), sign_count=1))
        assert step_up(stepping_up(tokens, credential=signed)) == INVALID_PASSKEY
    assert stack.session_items() == sessions
    assert step_up(stepping_up(tokens, credential=shown)).status == 200


def test_a_challenge_steps_one_session_up(stack: Stack, passkey_sign_in: Function, tokens: Answer) -> None:
    """SB5: what has signed in steps nothing up, and the other way round."""
    step_up, signed = stack.function("step_up"), phone(challenge=challenged(passkey_sign_in))
    fresh = step_up(stepping_up(tokens, credential=credential(signed)))
    assert fresh.status == 200
    sessions = stack.session_items()
    assert step_up(stepping_up(fresh, credential=credential(signed))) == INVALID_PASSKEY
    assert passkey_sign_in(sign_in_event(signed)) == INVALID_PASSKEY
    assert stack.session_items() == sessions


def test_a_user_without_a_passkey_shows_none(stack: Stack, login: Function, passkey_sign_in: Function) -> None:
    """The password of such a user is still what a step-up takes."""
    tokens, step_up = login(login_event("bob", PASSWORD)), stack.function("step_up")
    shown = credential(phone(challenge=challenged(passkey_sign_in)))
    assert step_up(stepping_up(tokens, credential=shown)) == INVALID_REQUEST
    assert step_up(stepping_up(tokens, password=PASSWORD)).status == 200


@pytest.mark.parametrize("name", KINDS_OF_TRANSACTIONS)
def test_a_step_up_that_cannot_be_written(stack: Stack, passkey_sign_in: Function, tokens: Answer, name: str) -> None:
    """F2, F19: the old session is good, and the same request works, unless the write was made."""
    step_up = stack.function("step_up")
    shown = credential(phone(challenge=challenged(passkey_sign_in)))
    stack.wire.next("TransactWriteItems", *[KINDS_OF_TRANSACTIONS[name]] * attempts(name))
    assert step_up(stepping_up(tokens, credential=shown)) == UNAVAILABLE
    stack.wire.mend()
    again = step_up(stepping_up(tokens, credential=shown))
    assert again.status == (401 if name == APPLIED else 200)
