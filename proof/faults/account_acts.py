"""The requests that change accounts and credentials, and those that no user sends: mails, keys, an operator's link."""

import json
from base64 import b32decode
from collections.abc import Mapping

from edge_auth.tokens.proof_token import Kind
from proof.faults.act import IN_TURN, TWO_NOTICES, WRONG_CODE, Act, about_to_lock, by_ada, by_bob, by_passkey
from proof.faults.session_acts import BUS_ANSWERS, FORGET, MARK, NOTICE
from proof.faults.world import NEW_PASSWORD, World
from tests.support.browser import jar, with_header
from tests.support.key_ring_events import ADVANCE, SHOW, asked, make_due
from tests.support.mail_records import as_passed_on, batch, notice, of_item
from tests.support.mailbox import mailed
from tests.support.passkey_visitor import (
    list_event,
    one_event,
    phone,
    register_event,
    registration_event,
    sign_in_event,
)
from tests.support.people import ADA_ID, BOB_ID, PASSWORD
from tests.support.sample_events import Event, called_by, sample, with_json
from tests.support.second_factor import CODES, shown_by_app
from tests.support.wire import raw_answer

OLD_KEYS = {"RevisionId": "r-1", "Environment": {"Variables": {"ISSUER": "https://auth.example.com", "JWKS": ""}}}
LAMBDA_ANSWERS = {
    "GetFunctionConfiguration": raw_answer(json.dumps(OLD_KEYS).encode(), 200),
    "UpdateFunctionConfiguration": raw_answer(b"{}", 200),
}
NEW_CODES = {"ChallengesTable": "the second try replaces the recovery codes, and the user is told of that, too"}
STEP_UP_PARTS = (NOTICE, FORGET, "UpdateItem RevocationsTable")
AUTHORIZERS = ["edge-auth-AuthorizerFunction-AbCdEf", "edge-auth-StrictAuthorizerFunction-AbCdEf"]


def _new_password(world: World) -> Event:
    return by_bob(world, "password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})


def _new_password_at_site(world: World) -> Event:
    signed_in = world.page("session")
    event = with_json("site-password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    return called_by(with_header(event, "Cookie", jar(signed_in)[0]), BOB_ID, signed_in.json["session_id"])


def _app(world: World, session_id: str, user_id: str, site: str = "") -> Event:
    begun = world.call("factors", called_by(sample("factors-totp"), user_id, session_id)).json
    otp = shown_by_app(world.stack.clock.now_seconds, secret=b32decode(begun["secret"]))
    event = with_json("factors-totp-confirm", {"enrolment": begun["enrolment"], "otp": otp})
    return called_by(_at_site(event) if site else event, user_id, session_id)


def _at_site(event: Event) -> Event:
    return {**event, "resource": event["resource"].replace("/auth/", "/auth/site/")}


def _required_app(world: World) -> Event:
    login = world.stack.with_parameters(SecondFactor="role:admin").function("login")
    refused = login(with_json("login", {"username": "bob", "password": PASSWORD})).json
    token = {"enrolment_token": refused["enrolment_token"]}
    begun = world.call("factors", with_json("factors-enrolment", token)).json
    otp = shown_by_app(world.stack.clock.now_seconds, secret=b32decode(begun["secret"]))
    return with_json("factors-enrolment", {**token, "enrolment": begun["enrolment"], "otp": otp})


def _step_up(world: World) -> Event:
    body = {"refresh_token": world.ada["refresh_token"], "recovery_code": CODES[0]}
    return by_ada(world, "step-up", body)


def _step_up_by_password(world: World) -> Event:
    return by_bob(world, "step-up", {"refresh_token": world.bob["refresh_token"], "password": PASSWORD})


def _step_up_by_passkey(world: World) -> Event:
    signed = [
        sign_in_event(
            phone(
                challenge=world.call("passkey_sign_in", sample("passkeys-options")).json["challenge"], sign_count=count
            )
        )
        for count in (1, 2)
    ]
    tokens = world.call("passkey_sign_in", signed[0]).json
    body = {"refresh_token": tokens["refresh_token"], "credential": json.loads(signed[1]["body"])["credential"]}
    return called_by(with_json("step-up", body), ADA_ID, tokens["session_id"])


def _step_up_with_the_last_wrong_code(world: World) -> Event:
    about_to_lock(world)
    return by_ada(world, "step-up", {"refresh_token": world.ada["refresh_token"], "otp": WRONG_CODE})


def _reset_with_the_last_wrong_code(world: World) -> Event:
    about_to_lock(world)
    return _reset(world, "ada", otp=WRONG_CODE)


def _step_up_at_site(world: World) -> Event:
    signed_in = world.page("session")
    event = called_by(with_json("step-up", {"password": PASSWORD}), BOB_ID, signed_in.json["session_id"])
    return {**with_header(event, "Cookie", jar(signed_in)[0]), "resource": "/auth/site/step-up"}


def _reset(world: World, username: str, **shown: str) -> Event:
    world.call("reset", with_json("password-reset", {"username": username}), 202)
    body = {**mailed(world.stack, Kind.RESET).link, "new_password": NEW_PASSWORD, **shown}
    return with_json("password-reset-confirm", body)


def _change(world: World) -> Event:
    return by_bob(world, "email-change", {"email": "bob@new.example", "current_password": PASSWORD})


def _confirm(world: World, way: str = "link") -> Event:
    world.call("email", _change(world), 202)
    return with_json("email-confirm", getattr(mailed(world.stack, Kind.CONFIRM), way))


def _undo(world: World) -> Event:
    world.call("email_proofs", _confirm(world), 204)
    return with_json("email-undo", mailed(world.stack, Kind.UNDO).link)


def _undo_with_password(world: World) -> Event:
    """With the password of the change the owner removes the passkey that a thief has added after it."""
    event = _undo(world)
    session_id = world.bob["session_id"]
    challenge = world.call("passkeys", registration_event(session_id, BOB_ID)).json["challenge"]
    world.call("passkeys", register_event(phone(1).edited(challenge=challenge), session_id, user_id=BOB_ID), 201)
    return {**event, "body": json.dumps({**json.loads(event["body"]), "password": PASSWORD})}


def _second_passkey(world: World) -> Event:
    challenge = world.call("passkeys", registration_event(world.by_passkey)).json["challenge"]
    return register_event(phone(1).edited(challenge=challenge), world.by_passkey)


def _renamed_passkey(world: World) -> Event:
    return one_event("passkeys-rename", phone(), world.by_passkey, body={"name": "x"})


def _removed_passkey(world: World) -> Event:
    return one_event("passkeys-remove", phone(), world.by_passkey)


def _registration(_world: World) -> Event:
    return with_json("register", {"username": "grace", "password": PASSWORD, "email": "grace@example.com"})


def _mail(world: World) -> Event:
    world.call("reset", with_json("password-reset", {"username": "bob"}), 202)
    items = [item for item in world.stack.challenge_items() if item["pk"]["S"].startswith("reset#")]
    return batch(of_item(as_passed_on(items[0])))


def _bounced(_world: World) -> Event:
    event = sample("mail-feedback")
    event["detail"]["bounce"]["bouncedRecipients"][0]["emailAddress"] = "bob@example.com"
    event["detail"]["mail"] |= {"destination": ["bob@example.com"], "tags": {"user_id": [BOB_ID]}}
    return event


def _due(world: World) -> Event:
    make_due(world.stack)
    return {**ADVANCE, "authorizers": AUTHORIZERS}


ACCOUNT_ACTS: Mapping[str, Act] = {
    "mailer": Act(
        "mailer", _mail, longer={"SendEmail": "SES has ten seconds, since a mail that is sent again arrives twice"}
    ),
    "mailer, notice": Act(
        "mailer",
        lambda _: batch(notice()),
        longer={"SendEmail": "SES has ten seconds, since a mail that is sent again arrives twice"},
    ),
    "mail feedback": Act("mail_feedback", _bounced),
    "reset link": Act("reset_link", lambda _: {"action": "reset_link", "user_id": BOB_ID}),
    "keys shown": Act("rotate_keys", lambda _: SHOW),
    "keys due": Act(
        "rotate_keys",
        _due,
        answers={**LAMBDA_ANSWERS, **BUS_ANSWERS},
        parts=("PutEvents",),
        longer=dict.fromkeys(LAMBDA_ANSWERS, "Lambda has five seconds for its own settings, and no client waits"),
    ),
    "keys rotated": Act("rotate_keys", lambda world: asked(world.stack, "rotate"), again=(409,), answers=BUS_ANSWERS),
    "keys replaced": Act(
        "rotate_keys",
        lambda world: asked(world.stack, "replace", at_once=True),
        again=(409,),
        answers=BUS_ANSWERS,
        parts=("PutEvents",),
    ),
    "password": Act("password", _new_password, 204, again=(401,), parts=(NOTICE, FORGET, MARK)),
    "password at a site": Act(
        "site_password",
        _new_password_at_site,
        204,
        again=(401,),
        parts=(NOTICE, FORGET, MARK),
        longer={MARK: IN_TURN},
    ),
    "factors": Act("factors", lambda world: by_ada(world, "factors")),
    "factors at a site": Act("factors", lambda world: by_ada(world, "site-factors")),
    "new secret": Act("factors", lambda world: by_bob(world, "factors-totp")),
    "new secret at a site": Act("factors", lambda world: _at_site(by_bob(world, "factors-totp"))),
    # The session has one factor, and now there is an app: the user steps up with it, and asks for new codes.
    "first app": Act(
        "factors", lambda world: _app(world, world.bob["session_id"], BOB_ID), again=(401,), parts=(NOTICE,)
    ),
    "first app at a site": Act(
        "factors", lambda world: _app(world, world.bob["session_id"], BOB_ID, "site"), again=(401,), parts=(NOTICE,)
    ),
    "another app": Act(
        "factors", lambda world: _app(world, world.by_passkey, ADA_ID), parts=(NOTICE, MARK), otherwise=NEW_CODES
    ),
    "required app": Act("factors", _required_app, again=(400,), parts=(NOTICE,), otherwise=NEW_CODES),
    "recovery codes": Act("factors", lambda world: by_passkey(world, "factors-recovery-codes"), parts=(NOTICE,)),
    "recovery codes at a site": Act(
        "factors", lambda world: _at_site(by_passkey(world, "factors-recovery-codes")), parts=(NOTICE,)
    ),
    "app removed": Act("factors", lambda world: by_passkey(world, "factors-totp-remove"), 204, parts=(NOTICE, MARK)),
    "app removed at a site": Act(
        "factors", lambda world: _at_site(by_passkey(world, "factors-totp-remove")), 204, parts=(NOTICE, MARK)
    ),
    # If the answer is lost, so are the tokens of the new session, and the user logs in again.
    "step-up": Act("step_up", _step_up, again=(401,), opens=True, is_told=False, parts=STEP_UP_PARTS),
    "step-up by password": Act(
        "step_up", _step_up_by_password, again=(401,), opens=True, is_told=False, parts=STEP_UP_PARTS
    ),
    "step-up by passkey": Act(
        "step_up", _step_up_by_passkey, again=(401,), opens=True, is_told=False, parts=STEP_UP_PARTS
    ),
    "step-up, the last wrong code": Act(
        "step_up",
        _step_up_with_the_last_wrong_code,
        401,
        parts=("PutEvents", NOTICE, FORGET),
        answers=BUS_ANSWERS,
    ),
    "reset, the last wrong code": Act(
        "reset",
        _reset_with_the_last_wrong_code,
        401,
        parts=("PutEvents", NOTICE, FORGET),
        answers=BUS_ANSWERS,
    ),
    "step-up at a site": Act("step_up", _step_up_at_site, again=(401,), opens=True, is_told=False, parts=STEP_UP_PARTS),
    "passkeys": Act("passkeys", lambda world: list_event(world.by_passkey)),
    "passkey registration": Act("passkeys", lambda world: registration_event(world.by_passkey)),
    "passkey added": Act("passkeys", _second_passkey, 201, parts=(NOTICE,)),
    "passkey renamed": Act("passkeys", _renamed_passkey, 204),
    # The passkey is not there any more. Its sessions end all the same.
    "passkey removed": Act("passkeys", _removed_passkey, 204, again=(404,), parts=(NOTICE, MARK)),
    "passkeys at a site": Act("passkeys", lambda world: _at_site(list_event(world.by_passkey))),
    "passkey registration at a site": Act("passkeys", lambda world: _at_site(registration_event(world.by_passkey))),
    "passkey added at a site": Act("passkeys", lambda world: _at_site(_second_passkey(world)), 201, parts=(NOTICE,)),
    "passkey renamed at a site": Act("passkeys", lambda world: _at_site(_renamed_passkey(world)), 204),
    "passkey removed at a site": Act(
        "passkeys", lambda world: _at_site(_removed_passkey(world)), 204, again=(404,), parts=(NOTICE, MARK)
    ),
    "registration": Act(
        "register",
        _registration,
        201,
        again=(409,),
        otherwise={"ChallengesTable": "the user has the account, and asks for the mail later"},
    ),
    "reset asked": Act("reset", lambda _: with_json("password-reset", {"username": "bob"}), 202),
    "reset": Act("reset", lambda world: _reset(world, "bob"), 204, again=(400,), parts=(NOTICE, FORGET, MARK)),
    "reset, recovery code": Act(
        "reset",
        lambda world: _reset(world, "ada", recovery_code=CODES[0]),
        204,
        again=(400, 401),
        parts=(NOTICE, FORGET, MARK),
        longer={NOTICE: TWO_NOTICES, FORGET: IN_TURN},
    ),
    "address": Act("email", lambda world: by_bob(world, "email")),
    "address change": Act("email", _change, 202, parts=(FORGET,), longer={FORGET: IN_TURN}),
    "address at a site": Act("email", lambda world: _at_site(by_bob(world, "email"))),
    "address change at a site": Act(
        "email", lambda world: _at_site(_change(world)), 202, parts=(FORGET,), longer={FORGET: IN_TURN}
    ),
    "address confirmed": Act("email_proofs", _confirm, 204, again=(400,)),
    "address confirmed by a code": Act("email_proofs", lambda world: _confirm(world, "code"), 204, again=(400,)),
    "address undone": Act("email_proofs", _undo, 204, again=(400,), parts=(MARK,)),
    "address undone with the password": Act(
        "email_proofs", _undo_with_password, 204, again=(400,), parts=(MARK, NOTICE, FORGET)
    ),
    "public keys": Act("jwks", lambda _: sample("jwks")),
    "configuration": Act("jwks", lambda _: sample("openid-configuration")),
    "server metadata": Act("jwks", lambda _: sample("oauth-authorization-server")),
}
