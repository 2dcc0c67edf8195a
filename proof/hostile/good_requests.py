"""For each route of the template, requests that it accepts: of which caller, with which headers, and with which bodies.

The bodies of a route together have each text that it reads.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.tokens.proof_token import Kind
from proof.hostile.good_tokens import NEW_PASSWORD, changed_address, undo_of_a_change, user
from tests.support.browser import APP, body_of, from_page, jar
from tests.support.http_gateway import Route, routes
from tests.support.mailbox import mailed
from tests.support.passkey_visitor import (
    challenged,
    passkey_id,
    phone,
    register,
    register_event,
    registration_event,
    sign_in_event,
)
from tests.support.people import ADA_ID, PASSWORD
from tests.support.sample_events import Event, called_by, login_event, sample, with_json
from tests.support.second_factor import CODES, shown_by_app, with_app
from tests.support.stack import SEALING_KEY, Answer, Stack

Body = Mapping[str, Any]
AT_SITE = "/auth/site/"
_SOME_SECONDS = 60  # so that an app shows another code than before


class Good(NamedTuple):
    """A request that is accepted. `caller` is what an authorizer passes on.

    `parameters` are the values of the names in the path. A route that reads no body has an empty one.
    """

    caller: Mapping[str, str]
    headers: Mapping[str, str]
    parameters: Mapping[str, str]
    body: Body


class _Client(NamedTuple):
    """A user who has signed in twice: for tokens, and at a site."""

    user_id: str
    tokens: Mapping[str, str]
    at_site: Answer

    def asks(self, path: str, body: Body, parameters: Mapping[str, str]) -> Good:
        """Return a request of this client."""
        is_at_site = path.startswith(AT_SITE)
        session_id = (self.at_site.json if is_at_site else self.tokens)["session_id"]
        event = called_by(sample("sessions"), self.user_id, session_id)
        headers = {"Origin": APP, "Cookie": jar(self.at_site)[0]} if is_at_site else {}
        return Good(event["requestContext"]["authorizer"], headers, parameters, body)


class _Clients(NamedTuple):
    """Ada, who has signed in with her passkey, and has before with her codes; and a user with a password only."""

    ada: _Client
    ada_by_code: _Client
    plain: _Client


def good_requests(stack: Stack) -> dict[Route, list[Good]]:
    """Add users, let them do what comes before, and return some requests of each route, one at least."""
    clients = _clients(stack)
    parameters = {"passkey_id": passkey_id(phone()), "session_id": clients.ada_by_code.tokens["session_id"]}
    bodies = _bodies_of_anybody(stack, clients.ada.tokens) | _bodies_of_callers(stack, clients.ada)
    proofs = _step_ups(stack, clients)
    good = {}
    for method, path in routes():
        alike = path.replace(AT_SITE, "/auth/")
        by_tokens = path == alike
        asked = [(clients.ada, body) for body in bodies.get(alike, ({},))]
        if alike == "/auth/step-up":
            asked = [
                (client, {**proof, **({"refresh_token": client.tokens["refresh_token"]} if by_tokens else {})})
                for client, proof in proofs
            ]
        good[method, path] = [client.asks(path, body, parameters) for client, body in asked]
    return good


def _clients(stack: Stack) -> _Clients:
    for name in ("ada", "reset"):
        stack.add_user(with_app(user(name), sealing_keys_from(SEALING_KEY)), PASSWORD)
    for name in ("plain", "confirm", "undo", "enrol"):
        stack.add_user(user(name), PASSWORD)
    login, passkey_sign_in = stack.function("login"), stack.function("passkey_sign_in")

    def logged_in(name: str, *proofs: Body) -> _Client:
        first, second = ({"username": name, "password": PASSWORD, **proof} for proof in proofs)
        return _client(login, user(name).user_id, with_json("login", first), _at_site(with_json("login", second)))

    plain = logged_in("plain", {}, {})
    by_code = logged_in("ada", {"otp": shown_by_app(stack.clock.now_seconds)}, {"recovery_code": CODES[-1]})
    register(stack.function("passkeys"), by_code.tokens["session_id"], phone())
    stack.clock.advance(seconds=_SOME_SECONDS)
    first, second = (sign_in_event(phone(challenge=challenged(passkey_sign_in))) for _ in range(2))
    return _Clients(_client(passkey_sign_in, ADA_ID, first, _at_site(second)), by_code, plain)


def _client(sign_in: Callable[[Event], Answer], user_id: str, first: Event, second: Event) -> _Client:
    return _Client(user_id, sign_in(first).json, sign_in(second))


def _at_site(sign_in: Event) -> Event:
    return from_page(sign_in | {"body": with_json("login", {**body_of(sign_in), "transport": "session"})["body"]})


def _bodies_of_anybody(stack: Stack, tokens: Mapping[str, str]) -> dict[str, Sequence[Body]]:
    """Return the bodies of the routes without an authorizer, by path. The tokens are ada's."""
    otp = {"otp": shown_by_app(stack.clock.now_seconds)}
    on_device = {"device_token": tokens["device_token"], "transport": "body"}
    by_password = {"username": "ada", "password": PASSWORD, "client_name": "phone", **on_device}
    second_step = stack.function("login")(login_event("ada", PASSWORD)).json
    mfa_token = {"mfa_token": second_step["mfa_token"]}
    stack.function("reset")(with_json("password-reset", {"username": "reset"}))
    reset = mailed(stack, Kind.RESET)
    confirm, undo = changed_address(stack, "confirm"), undo_of_a_change(stack)
    required = stack.with_parameters(SecondFactor="everybody").function("login")(login_event("enrol", PASSWORD))
    enrolment = {"enrolment_token": required.json["enrolment_token"]}
    pending = stack.function("factors")(with_json("factors-enrolment", enrolment)).json
    return {
        "/auth/login": [
            {**by_password, **otp},
            {**by_password, "recovery_code": CODES[0]},
            {"username": "ada", **mfa_token, **otp},
        ],
        "/auth/refresh": [
            {"refresh_token": tokens["refresh_token"], "grant_type": "refresh_token", "scope": tokens["scope"]}
        ],
        "/auth/logout": [{"refresh_token": tokens["refresh_token"]}],
        "/auth/passkeys/sign-in": [
            {"credential": _signed(challenged(stack.function("passkey_sign_in"))), "client_name": "phone", **on_device},
            {"credential": _signed(second_step["passkey"]["challenge"]), **mfa_token},
        ],
        "/auth/register": [
            {"username": "new", "password": NEW_PASSWORD, "email": "new@mail.example", "language": "en-GB"}
        ],
        "/auth/password/reset": [{"username": "plain", **on_device}],
        "/auth/password/reset/confirm": [
            {**reset.link, "new_password": NEW_PASSWORD, **otp},
            {**reset.code, "new_password": NEW_PASSWORD, "recovery_code": CODES[0]},
        ],
        "/auth/email/confirm": [confirm.link, confirm.code],
        "/auth/email/undo": [{**undo.link, "password": PASSWORD}, {**undo.code, "password": PASSWORD}],
        "/auth/factors/enrolment": [enrolment, {**enrolment, **_confirmed(stack, pending)}],
    }


def _bodies_of_callers(stack: Stack, ada: _Client) -> dict[str, Sequence[Body]]:
    """Return the bodies of the routes behind an authorizer, by path. At a site they are the same."""
    session_id = ada.tokens["session_id"]
    begun = stack.function("passkeys")(registration_event(session_id)).json
    pending = stack.function("factors")(called_by(sample("factors-totp"), ADA_ID, session_id)).json
    return {
        "/auth/passkeys": [body_of(register_event(phone(1, challenge=begun["challenge"]), session_id))],
        "/auth/passkeys/{passkey_id}": [{"name": "another phone"}],
        "/auth/password": [{"current_password": PASSWORD, "new_password": NEW_PASSWORD}],
        "/auth/email": [{"email": "ada@new.example", "current_password": PASSWORD}],
        "/auth/factors/totp/confirm": [_confirmed(stack, pending)],
    }


def _step_ups(stack: Stack, clients: _Clients) -> list[tuple[_Client, Body]]:
    """Return what each client shows for a step-up."""
    return [
        (clients.ada_by_code, {"otp": shown_by_app(stack.clock.now_seconds)}),
        (clients.ada_by_code, {"recovery_code": CODES[0]}),
        (clients.ada, {"credential": _signed(challenged(stack.function("passkey_sign_in")))}),
        (clients.plain, {"password": PASSWORD}),
    ]


def _signed(challenge: str) -> object:
    """Return what ada's passkey signs for a challenge."""
    return body_of(sign_in_event(phone(challenge=challenge)))["credential"]


def _confirmed(stack: Stack, pending: Mapping[str, str]) -> Body:
    """Return what confirms an app: the code that it shows now."""
    otp = shown_by_app(stack.clock.now_seconds, secret=base64.b32decode(pending["secret"]))
    return {"enrolment": pending["enrolment"], "otp": otp}
