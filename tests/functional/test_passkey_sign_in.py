"""Sign-in with a passkey, as API Gateway calls the function."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from edge_auth import base64url
from edge_auth.accounts.identity import DISABLED
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.tokens import passkey_challenge
from edge_auth.tokens.passkey_challenge import Purpose
from edge_auth.tokens.proof_token import Kind
from edge_auth.tokens.token_form import id_bytes
from tests.support.answers import ERROR_HEADERS, INVALID_PASSKEY, INVALID_REQUEST, UNAVAILABLE
from tests.support.browser import REFRESH_COOKIE, SESSION_COOKIE, for_browsers, from_page, jar
from tests.support.mailbox import mailed
from tests.support.outages import APPLIED, KINDS, KINDS_OF_TRANSACTIONS, RETRIED, attempts, events_named
from tests.support.passkey_visitor import (
    challenged,
    for_passkeys,
    one_event,
    passkey_id,
    phone,
    register,
    registration_event,
    sign_in,
    sign_in_event,
)
from tests.support.people import ADA_ID, PASSWORD, bob
from tests.support.sample_events import Event, from_address, login_event, refresh_event, sample, token_event, with_json
from tests.support.second_factor import with_app
from tests.support.software_passkeys import BE, UP, UV, Ceremony, private_key
from tests.support.stack import SEALING_KEY, Answer, Function, Stack
from tests.support.wire import lost_response, refusal

RATE = "throttle.UpdateItem of attempts"
GET, OPEN, QUERY = "dynamodb.GetItem", "dynamodb.TransactWriteItems", "dynamodb.Query"


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """Return a stack with passkeys, in which ada has one on her phone."""
    with_passkeys = for_passkeys(stack)
    session = with_passkeys.function("login")(login_event("ada", PASSWORD)).json
    assert register(with_passkeys.function("passkeys"), session["session_id"], phone()).status == 201
    with_passkeys.forget_attempts()
    with_passkeys.wire.forget()
    return with_passkeys


@pytest.fixture
def passkey_sign_in(stack: Stack) -> Function:
    """Return the function, cold."""
    return stack.function("passkey_sign_in")


def challenge_under(key: MacKey, stack: Stack, purpose: Purpose = Purpose.SIGN_IN, user_id: str = "") -> str:
    """Return a challenge under any key, for any purpose."""
    now = stack.clock.now_seconds
    return passkey_challenge.mint(purpose, key, now_seconds=now, entropy=lambda size: b"r" * size, user_id=user_id)


def opened(stack: Stack) -> list[dict[str, Any]]:
    """Return the sessions that passkeys have opened."""
    return [item for item in stack.session_items() if item.get("acr") == {"S": "phr"}]


def test_the_options_are_what_a_browser_takes_and_cost_no_request(stack: Stack, passkey_sign_in: Function) -> None:
    """WebAuthn §5.5: after the key ring is there, nothing is asked, and each challenge is another one."""
    first = passkey_sign_in(sample("passkeys-options"))
    stack.wire.forget()
    answer = passkey_sign_in(sample("passkeys-options"))

    assert stack.wire.calls == []
    assert answer.headers == ERROR_HEADERS
    assert answer.json["challenge"] != first.json["challenge"]
    assert len(base64url.decode(answer.json["challenge"])) == 60
    assert {**answer.json, "challenge": ""} == {
        "challenge": "",
        "timeout": 300_000,
        "rpId": "example.org",
        "allowCredentials": [],
        "userVerification": "required",
    }


@pytest.mark.parametrize("transport", ["body", None])
def test_a_passkey_signs_in(
    stack: Stack,
    passkey_sign_in: Function,
    authorize: Callable[[Event], dict[str, Any]],
    transport: str | None,
) -> None:
    """The answer is that of a login, and the tokens say how the user signed in."""
    answer = sign_in(passkey_sign_in, phone(), transport=transport, client_name="Ada's phone")

    assert answer.status == 200
    assert answer.json.keys() == {
        *("access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in"),
        *("session_id", "device_token", "scope"),
    }
    claims = json.loads(base64url.decode(answer.json["access_token"].split(".")[1]))
    assert (claims["sub"], claims["amr"], claims["acr"]) == (ADA_ID, ["hwk", "user"], "phr")
    assert claims["auth_time"] == stack.clock.now_seconds
    assert (claims["scope"], claims["roles"]) == ("read write", ["admin", "auditor"])
    assert authorize(token_event(answer.json["access_token"]))["context"]["sub"] == ADA_ID
    [item] = opened(stack)
    assert item["session_id"] == {"S": answer.json["session_id"]}
    assert item["client_name"] == {"S": "Ada's phone"}
    [told] = events_named(stack, "login_succeeded")[-1:]
    assert (told["user_id"], told["session_id"]) == (ADA_ID, answer.json["session_id"])
    stack.clock.advance(seconds=60)
    assert stack.function("refresh")(refresh_event(answer.json["refresh_token"])).status == 200


def test_a_synced_passkey_is_one_of_software(stack: Stack, passkey_sign_in: Function) -> None:
    """RFC 8176 §2: its key may be copied to other devices."""
    synced = phone(1, flags=UP | UV | BE)
    session = sign_in(passkey_sign_in, phone()).json["session_id"]
    register(stack.function("passkeys"), session, synced)
    claims = sign_in(passkey_sign_in, synced).json["access_token"].split(".")[1]
    assert json.loads(base64url.decode(claims))["amr"] == ["swk", "user"]


def test_a_sign_in_takes_five_requests(stack: Stack, passkey_sign_in: Function) -> None:
    """One write for the source, two reads, one transaction and one query. No password is hashed."""
    challenge = challenged(passkey_sign_in)
    stack.wire.forget()
    assert passkey_sign_in(sign_in_event(phone(challenge=challenge))).status == 200
    assert stack.wire.counts == {RATE: 1, GET: 2, OPEN: 1, QUERY: 1}
    assert all(call.parameters["ConsistentRead"] for call in stack.wire.calls if call.operation == "GetItem")


def test_a_challenge_is_good_once(stack: Stack, passkey_sign_in: Function) -> None:
    """SB5: a replayed assertion opens no second session."""
    event = sign_in_event(phone(challenge=challenged(passkey_sign_in)))
    assert passkey_sign_in(event).status == 200
    assert [passkey_sign_in(event) for _ in range(3)] == [INVALID_PASSKEY] * 3
    assert len(opened(stack)) == 1


@pytest.mark.parametrize(("seconds", "status"), [(299, 200), (300, 401)])
def test_a_challenge_is_good_for_five_minutes(
    stack: Stack, passkey_sign_in: Function, seconds: int, status: int
) -> None:
    """WebAuthn §13.4.3: and no longer."""
    event = sign_in_event(phone(challenge=challenged(passkey_sign_in)))
    stack.clock.advance(seconds=seconds)
    assert passkey_sign_in(event).status == status


def test_a_challenge_that_is_not_ours_costs_no_request(stack: Stack, passkey_sign_in: Function) -> None:
    """Another key, purpose or user, and any edit: all are refused by the MAC."""
    ours = challenged(passkey_sign_in)
    stack.wire.forget()
    others = [
        challenge_under(MacKey(stack.keys.mac.key_id, b"x" * 32), stack),
        challenge_under(MacKey(b"other", stack.keys.mac.secret), stack),
        challenge_under(stack.keys.mac, stack, Purpose.REGISTER),
        challenge_under(stack.keys.mac, stack, Purpose.REGISTER, ADA_ID),
        challenge_under(stack.keys.mac, stack, Purpose.SIGN_IN, ADA_ID),
        *(ours[:place] + ("B" if ours[place] == "A" else "A") + ours[place + 1 :] for place in range(0, 80, 7)),
        ours[:-1],
        ours + "A",
        "",
    ]
    for challenge in others:
        assert passkey_sign_in(sign_in_event(phone(challenge=challenge))) == INVALID_PASSKEY, challenge
    assert stack.wire.calls == []
    assert events_named(stack, "login_failed") == [], "a flood of them must set off no alarm"
    assert passkey_sign_in(sign_in_event(phone(challenge=ours))).status == 200
    good = challenge_under(stack.keys.mac, stack)
    assert passkey_sign_in(sign_in_event(phone(challenge=good))).status == 200


REFUSED: dict[str, Callable[[Ceremony], Ceremony]] = {
    "another key": lambda good: good.edited(key=private_key("ES256", 7)),
    "an unknown passkey": lambda good: good.edited(credential_id=b"unknown"),
    "an unknown user": lambda good: good.edited(user_handle=b"nobody".ljust(16, b"\0")),
    "no user": lambda good: good.edited(user_handle=b"x"),
    "another origin": lambda good: good.edited(origin="https://evil.example"),
    "another RP ID": lambda good: good.edited(rp_id="evil.example"),
    "a frame": lambda good: good.edited(members={"crossOrigin": True}),
    "no verified user": lambda good: good.edited(flags=UP),
    "another eligibility": lambda good: good.edited(flags=UP | UV | BE),
}


@pytest.mark.parametrize("edit", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_reads_the_same_and_opens_nothing(
    stack: Stack, passkey_sign_in: Function, edit: Callable[[Ceremony], Ceremony]
) -> None:
    """SC7: the bytes do not say why. The challenge is not spent by it."""
    good = phone(challenge=challenged(passkey_sign_in))
    assert passkey_sign_in(sign_in_event(edit(good))) == INVALID_PASSKEY
    assert opened(stack) == []
    [told] = events_named(stack, "login_failed")
    assert told["reason"].startswith("passkey: ")
    assert passkey_sign_in(sign_in_event(good)).status == 200


def test_a_disabled_user_reads_the_same(stack: Stack, passkey_sign_in: Function) -> None:
    """F18: and gets in again after being enabled."""
    stack.identities.change_status(stack.identities.find("ada"), DISABLED)
    assert sign_in(passkey_sign_in, phone()) == INVALID_PASSKEY
    assert opened(stack) == []


def test_a_passkey_is_good_for_its_own_user_only(stack: Stack, passkey_sign_in: Function) -> None:
    """SC7: with bob's id as user handle, ada's passkey is no passkey of bob's."""
    stack.add_user(bob(), PASSWORD)
    assert sign_in(passkey_sign_in, phone(user_handle=id_bytes(bob().user_id))) == INVALID_PASSKEY


def test_a_counter_that_goes_back_is_told_and_refused(stack: Stack, passkey_sign_in: Function) -> None:
    """SC7, WebAuthn §6.1.1: a security key cannot be copied, so there may be a second one."""
    assert sign_in(passkey_sign_in, phone(sign_count=5)).status == 200
    assert sign_in(passkey_sign_in, phone(sign_count=5)) == INVALID_PASSKEY
    assert sign_in(passkey_sign_in, phone(sign_count=4)) == INVALID_PASSKEY
    assert [told["reason"] for told in events_named(stack, "passkey_counter_behind")] == ["refused"] * 2
    assert sign_in(passkey_sign_in, phone(sign_count=6)).status == 200
    assert stack.identities.find("ada").passkeys[0].sign_count == 6


def test_a_counter_of_a_synced_passkey_is_only_told(stack: Stack, passkey_sign_in: Function) -> None:
    """SC7: each device may count by itself."""
    synced = phone(1, flags=UP | UV | BE)
    session = sign_in(passkey_sign_in, phone()).json["session_id"]
    register(stack.function("passkeys"), session, synced)
    assert sign_in(passkey_sign_in, synced.edited(sign_count=5)).status == 200
    assert sign_in(passkey_sign_in, synced.edited(sign_count=3)).status == 200
    assert [told["reason"] for told in events_named(stack, "passkey_counter_behind")] == ["synced passkey"]


def test_a_flood_from_one_source_waits(stack: Stack, passkey_sign_in: Function) -> None:
    """P13: before anything is read or compared. Another source does not wait, and no user does."""
    stranger = phone(key=private_key("ES256", 7), challenge=challenged(passkey_sign_in))
    event = sign_in_event(stranger)
    statuses = [passkey_sign_in(event).status for _ in range(102)]
    assert statuses == [401] * 100 + [429] * 2
    stack.wire.forget()
    assert passkey_sign_in(event).status == 429
    assert stack.wire.calls == []
    assert passkey_sign_in(from_address(sign_in_event(stranger.edited(key=phone().key)), "192.0.2.9")).status == 200


@pytest.mark.parametrize(
    "damage",
    [
        {"credential": None},
        {"credential": "text"},
        {"credential": {"id": "YQ", "type": "password", "response": {}}},
        {"credential": {"id": "YQ", "type": "public-key"}},
        {"credential": {"id": "YQ", "type": "public-key", "response": {"clientDataJSON": "YQ"}}},
        {"transport": "pigeon"},
        {"client_name": "a\nb"},
    ],
)
def test_a_malformed_request_costs_no_request(stack: Stack, passkey_sign_in: Function, damage: dict[str, Any]) -> None:
    """The form comes first."""
    event = sign_in_event(phone(challenge=challenged(passkey_sign_in)))
    body = {**json.loads(event["body"]), **damage}
    stack.wire.forget()
    assert passkey_sign_in({**event, "body": json.dumps(body)}) == INVALID_REQUEST
    assert stack.wire.calls == []


@pytest.mark.parametrize("member", ["id", "clientDataJSON", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("value", ["a=", "a+b/", 7, None, "\N{SNOWMAN}"])
def test_each_part_is_base64url(stack: Stack, passkey_sign_in: Function, member: str, value: object) -> None:
    """WebAuthn §5.1: without padding. A passkey without a user handle is none that can be found."""
    event = sign_in_event(phone(challenge=challenged(passkey_sign_in)))
    body = json.loads(event["body"])
    part = body["credential"] if member == "id" else body["credential"]["response"]
    part[member] = value
    stack.wire.forget()
    assert passkey_sign_in({**event, "body": json.dumps(body)}) == INVALID_REQUEST
    assert stack.wire.calls == []


def test_a_sign_in_by_an_api_without_an_address_spends_nothing(stack: Stack, passkey_sign_in: Function) -> None:
    """L1: the answer is 503 before the challenge is spent, so it is good for the next request."""
    event = sign_in_event(phone(challenge=challenged(passkey_sign_in)))
    of_nowhere = {**event, "requestContext": {**event["requestContext"], "domainName": ""}}
    stack.wire.forget()

    assert passkey_sign_in(of_nowhere) == UNAVAILABLE
    assert not [call for call in stack.wire.counts if call.startswith("dynamodb.")]
    assert passkey_sign_in(event).status == 200


@pytest.mark.parametrize("transport", ["cookie", "session"])
def test_in_a_browser_the_new_session_takes_the_place_of_the_old_one(stack: Stack, transport: str) -> None:
    """C8: as after a login with a password, with cookies, and only for a page of an allowed origin."""
    function = for_browsers(stack).function("passkey_sign_in")

    def visit(*cookies: str) -> Answer:
        event = sign_in_event(phone(challenge=challenged(function)), transport=transport)
        return function(from_page(event, *cookies))

    first = visit()
    assert first.status == 200
    assert "refresh_token" not in first.json
    name = REFRESH_COOKIE if transport == "cookie" else SESSION_COOKIE
    assert first.cookies[0].startswith(f"{name}=")
    assert ("access_token" in first.json) is (transport == "cookie")
    second = visit(*jar(first))
    assert [item["session_id"]["S"] for item in opened(stack) if "absolute_expires_at" in item] == [
        second.json["session_id"]
    ]
    assert visit(*jar(first)).status == 200  # its session has ended, which is told once more
    stranger = sign_in_event(phone(challenge=challenged(function)), transport=transport)
    refused = function(from_page(stranger, origin="https://evil.example"))
    assert (refused.status, refused.json["error"]) == (403, "csrf_failed")


def test_the_device_token_lets_a_password_login_count_by_itself(stack: Stack, passkey_sign_in: Function) -> None:
    """It is that of a login: strangers who try ada's password make this device wait no more."""
    device = sign_in(passkey_sign_in, phone()).json["device_token"]
    again = sign_in(passkey_sign_in, phone(), device_token=device).json["device_token"]
    login = stack.function("login")
    for _ in range(8):
        login(login_event("ada", "wrong password, of a stranger"))
    assert login(login_event("ada", PASSWORD)).status == 429
    for token in (device, again):
        event = login_event("ada", PASSWORD)
        event["body"] = json.dumps({**json.loads(event["body"]), "device_token": token})
        assert login(event).status == 200


def test_the_oldest_session_beyond_the_limit_ends(stack: Stack) -> None:
    """F36: a sign-in with a passkey is a login like any other."""
    function = stack.with_parameters(MaxSessionsPerUser="1").function("passkey_sign_in")
    newest = ""
    for _ in range(2):
        stack.clock.advance(seconds=1)
        newest = sign_in(function, phone()).json["session_id"]
    living = [item["session_id"]["S"] for item in stack.session_items() if "absolute_expires_at" in item]
    assert living == [newest]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem of attempts"])
def test_before_the_transaction_trouble_is_503(
    stack: Stack, passkey_sign_in: Function, operation: str, name: str
) -> None:
    """F19, DC-3: never a refused passkey. Nothing is opened or spent, and the same answer is good afterwards."""
    event = sign_in_event(phone(challenge=challenged(passkey_sign_in)))
    stack.wire.always(operation, KINDS[name])
    assert passkey_sign_in(event) == UNAVAILABLE
    assert opened(stack) == []
    stack.wire.mend()
    assert passkey_sign_in(event).status == 200


@pytest.mark.parametrize("name", KINDS_OF_TRANSACTIONS)
def test_in_the_transaction_trouble_is_503(stack: Stack, passkey_sign_in: Function, name: str) -> None:
    """F19, F22: all three writes were made, or none. If they were, the same answer is a replay afterwards."""
    event = sign_in_event(phone(challenge=challenged(passkey_sign_in), sign_count=1))
    stack.wire.forget()
    stack.wire.always("TransactWriteItems", KINDS_OF_TRANSACTIONS[name])
    assert passkey_sign_in(event) == UNAVAILABLE
    assert stack.wire.counts[OPEN] == attempts(name)
    assert len(opened(stack)) == (1 if name == APPLIED else 0)
    stack.wire.mend()
    if name == APPLIED:
        assert passkey_sign_in(event) == INVALID_PASSKEY
    else:
        stack.wire.next("TransactWriteItems", KINDS_OF_TRANSACTIONS[name])
        assert passkey_sign_in(event).status == (200 if name in RETRIED or attempts(name) > 1 else 503)
        if name not in RETRIED and attempts(name) == 1:
            assert passkey_sign_in(event).status == 200
    assert len(opened(stack)) == 1
    assert stack.identities.find("ada").passkeys[0].sign_count == 1


def test_the_answer_to_a_sign_in_is_lost_once(stack: Stack, passkey_sign_in: Function) -> None:
    """F1: the SDK repeats the transaction with the same ClientRequestToken, which DynamoDB then confirms."""
    stack.wire.next("TransactWriteItems", lost_response)
    answer = sign_in(passkey_sign_in, phone())
    first, second = (call.parameters for call in stack.wire.calls if call.operation == "TransactWriteItems")
    assert first == second
    assert first["ClientRequestToken"]
    [item] = opened(stack)
    assert item["session_id"] == {"S": answer.json["session_id"]}


CANCELLATIONS = {
    "the user changed": (("ConditionalCheckFailed", "None", "None"), UNAVAILABLE),
    "the session exists": (("None", "ConditionalCheckFailed", "None"), UNAVAILABLE),
    "spent": (("None", "None", "ConditionalCheckFailed"), INVALID_PASSKEY),
    "spent, and the user changed": (("ConditionalCheckFailed", "None", "ConditionalCheckFailed"), INVALID_PASSKEY),
    "throttled": (("ThrottlingError", "None", "None"), UNAVAILABLE),
    "no reason": (("None", "None", "None"), UNAVAILABLE),
}


@pytest.mark.parametrize(("codes", "expected"), CANCELLATIONS.values(), ids=CANCELLATIONS)
def test_a_canceled_transaction_opens_nothing(
    stack: Stack, passkey_sign_in: Function, codes: tuple[str, ...], expected: Answer
) -> None:
    """F20: only a spent challenge is a refusal, because that is a fact about the request itself."""
    reasons = [{"Code": code} for code in codes]
    stack.wire.next("TransactWriteItems", refusal("TransactionCanceledException", CancellationReasons=reasons))
    assert sign_in(passkey_sign_in, phone()) == expected
    assert opened(stack) == []
    assert sign_in(passkey_sign_in, phone()).status == 200


def test_no_table_holds_what_was_signed(stack: Stack, passkey_sign_in: Function) -> None:
    """L4: neither a challenge nor a signature is in a table or a log."""
    challenge = challenged(passkey_sign_in)
    event = sign_in_event(phone(challenge=challenge))
    stack.secrets.keep(
        challenge, json.loads(event["body"])["credential"]["response"]["signature"], kind="proof of a passkey"
    )
    passkey_sign_in(event)
    items = repr([stack.identity_items(), stack.session_items(), stack.attempt_items()])
    assert challenge not in items
    assert passkey_id(phone()) in items


@pytest.mark.parametrize("has", ["no app", "an app"])
def test_a_passkey_is_both_factors_of_a_user_who_must_have_two(stack: Stack, has: str) -> None:
    """SA4: neither an enrolment nor a code is asked for. A password alone opens nothing, and enrols nothing (SA7)."""
    user = stack.identities.find("ada")
    stack.identities.delete(user)
    stack.identities.create(with_app(user, sealing_keys_from(SEALING_KEY)) if has == "an app" else user)
    demanding = stack.with_parameters(SecondFactor="everybody")

    assert sign_in(demanding.function("passkey_sign_in"), phone()).status == 200

    assert len(opened(stack)) == 1
    asked = demanding.function("login")(login_event("ada", PASSWORD)).json
    methods = {"no app": ["passkey"], "an app": ["otp", "passkey"]}[has]
    assert (asked["error"], asked["methods"]) == ("mfa_required", methods)


def test_a_reset_leaves_the_passkeys_and_changes_none_of_them(stack: Stack) -> None:
    """SA1, SA7: whoever reads the mails has the password then, and neither removes nor adds a passkey."""
    user = stack.identities.find("ada")
    stack.identities.change_email(user, "ada@mail.example", verified_at_seconds=1)
    mail, new = stack.with_mail(), "another fine passphrase"
    stack.secrets.keep(new, kind="password")
    reset = mail.function("reset")
    assert reset(with_json("password-reset", {"username": "ada"})).status == 202
    confirmed = with_json("password-reset-confirm", {**mailed(mail, Kind.RESET).link, "new_password": new})
    assert reset(confirmed).status == 204

    session_id = mail.function("login")(login_event("ada", new)).json["session_id"]

    remove = one_event("passkeys-remove", phone(), session_id)
    for event in (remove, registration_event(session_id)):
        assert mail.function("passkeys")(event).json["error"] == "insufficient_user_authentication"
    assert sign_in(mail.function("passkey_sign_in"), phone()).status == 200
