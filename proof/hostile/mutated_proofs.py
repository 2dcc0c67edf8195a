"""Edits of every other token: proofs of mails and of second factors, devices, challenges of passkeys, session cookies.

None is accepted. Each is refused without a call to AWS, but for two by their design. A device token only adds to a
login, so a login goes on without it: its reader is asked. And the authorizer of session cookies has no key, so it may
read a session; it is asked apart, and an edit may cost one read and no write.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from edge_auth.accounts.identity import Identity
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.tokens import device_token
from edge_auth.tokens.device_token import NoDeviceToken
from edge_auth.tokens.proof_token import Kind
from proof.frame.results import Figures
from proof.frame.run import Run
from proof.hostile import opaque_tokens
from proof.hostile.functions import deployed
from proof.hostile.opaque_tokens import MALFORMED, Place, Said, edit_all, exact, said, stripped
from tests.support.authorizer import is_allowed
from tests.support.browser import APP, SESSION_COOKIE, jar, page_login, page_logout, token_in, with_header
from tests.support.mailbox import mailed
from tests.support.passkey_visitor import PARAMETERS, challenged, phone, register, sign_in_event
from tests.support.people import PASSWORD, ada
from tests.support.sample_events import called_by, login_event, with_json
from tests.support.second_factor import shown_by_app, with_app
from tests.support.site import Calls, visit
from tests.support.stack import SEALING_KEY, Answer, Stack

__all__ = ["broken", "prove", "table"]

broken, table = opaque_tokens.broken, opaque_tokens.table

Send = Callable[[str], Answer]
NEW_PASSWORD = "another fine passphrase"
DONE, TOKENS, NO = (204, ""), (200, ""), (401, "")
INVALID_PROOF, INVALID_PASSKEY = (400, "invalid_proof"), (401, "invalid_passkey")
# A session token: its prefix, then version, key id, user, session and generation, seed, MAC. See `tokens.token_form`.
_SESSION_TOKEN = re.compile(r"edgeauth_st_([A-Za-z0-9_-]{120})")
_FIRST_GENERATION = bytes(4)


def prove(run: Run) -> Figures:
    """Edit tokens that are good."""
    parameters = {"AllowedOrigins": APP, "SecondFactor": "optional", **PARAMETERS}
    with deployed(run.chance("draws"), **parameters) as without_mail:
        stack = without_mail.with_mail()
        _add_users(stack)
        good = _good_tokens(stack)
        others = [token for tokens in good.values() for token in tokens]
        places = _places(stack, good)
        return edit_all(run, places, stack, size=run.amount(short=57, long=100_000), others=others)


def _user(name: str) -> Identity:
    user_id = base64.urlsafe_b64encode(name.encode().ljust(16, b"\0")).rstrip(b"=").decode()
    email = f"{name}@mail.example"
    return replace(ada(), user_id=user_id, username=name, email=email, email_verified_at_seconds=1_789_000_000)


def _add_users(stack: Stack) -> None:
    """Add a user for each kind of token, so that no token ends another one."""
    for name in ("ada", "reset", "confirm", "undo", "enrol", "device", "site", "later"):
        stack.add_user(_user(name), PASSWORD)
    stack.add_user(with_app(_user("mfa"), sealing_keys_from(SEALING_KEY)), PASSWORD)


def _good_tokens(stack: Stack) -> dict[str, list[str]]:
    """Return the good tokens of each kind, from the requests that bring them."""
    login, passkey_sign_in = stack.function("login"), stack.function("passkey_sign_in")
    required = stack.with_parameters(SecondFactor="everybody").function("login")
    stack.function("reset")(with_json("password-reset", {"username": "reset"}))
    ada_session = login(login_event("ada", PASSWORD)).json["session_id"]
    register(stack.function("passkeys"), ada_session, phone())
    return {
        "reset": [mailed(stack, Kind.RESET).link["proof"]],
        "undo": [_undo_of_a_change(stack)],
        "confirm": [_changed_address(stack, "confirm")],
        "mfa": [login(login_event("mfa", PASSWORD)).json["mfa_token"]],
        "enrolment": [required(login_event("enrol", PASSWORD)).json["enrolment_token"]],
        "device": [login(login_event("device", PASSWORD)).json["device_token"] for _ in range(2)],
        "challenge": [challenged(passkey_sign_in) for _ in range(2)],
        "session cookie": [token_in(jar(login(page_login(username="site", transport="session")))[0]) for _ in range(2)],
        "session cookie, later": [_regenerated(stack, login(page_login(username="later", transport="session")))],
    }


def _changed_address(stack: Stack, name: str) -> str:
    """Let a user ask for another address, and return the proof of the mail."""
    stack.clock.advance(seconds=1)  # the newest mail is found by its time
    session_id = stack.function("login")(login_event(name, PASSWORD)).json["session_id"]
    change = with_json("email-change", {"email": f"{name}@new.example", "current_password": PASSWORD})
    stack.function("email")(called_by(change, _user(name).user_id, session_id))
    return mailed(stack, Kind.CONFIRM).link["proof"]


def _undo_of_a_change(stack: Stack) -> str:
    stack.function("email_proofs")(with_json("email-confirm", {"proof": _changed_address(stack, "undo")}))
    return mailed(stack, Kind.UNDO).link["proof"]


def _regenerated(stack: Stack, login: Answer) -> str:
    """Return the token that a session gets after a new password."""
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    event = with_header(with_json("site-password", body), "Cookie", jar(login)[0])
    answer = stack.function("site_password")(called_by(event, _user("later").user_id, login.json["session_id"]))
    return token_in(jar(answer)[0])


def _places(stack: Stack, good: Mapping[str, list[str]]) -> list[Place]:
    email_proofs, login, factors = (stack.function(name) for name in ("email_proofs", "login", "factors"))
    reset, logout, passkeys = (stack.function(name) for name in ("reset", "logout", "passkey_sign_in"))
    otp = shown_by_app(stack.clock.now_seconds)
    new = {"new_password": NEW_PASSWORD}

    def at(kind: str, send: Send, taken: Said, refused: Said) -> Place:
        return Place(kind, good[kind], partial(_said, send), taken, {MALFORMED, refused}, exact(good[kind]))

    def page(kind: str) -> Place:
        def send(text: str) -> Said:
            return said(logout(page_logout(f"{SESSION_COOKIE}={text}")))

        return Place(f"{kind}, logout", good[kind], send, DONE, {MALFORMED, DONE}, stripped(good[kind]))

    authorizer = _Authorizer(stack)
    first, later = good["session cookie"], good["session cookie, later"]
    return [
        at(
            "reset",
            lambda text: reset(with_json("password-reset-confirm", {"proof": text, **new})),
            DONE,
            INVALID_PROOF,
        ),
        at("confirm", lambda text: email_proofs(with_json("email-confirm", {"proof": text})), DONE, INVALID_PROOF),
        at("undo", lambda text: email_proofs(with_json("email-undo", {"proof": text})), DONE, INVALID_PROOF),
        at(
            "mfa",
            lambda text: login(with_json("login", {"username": "mfa", "mfa_token": text, "otp": otp})),
            TOKENS,
            INVALID_PROOF,
        ),
        at(
            "enrolment",
            lambda text: factors(with_json("factors-enrolment", {"enrolment_token": text})),
            TOKENS,
            INVALID_PROOF,
        ),
        at(
            "challenge",
            lambda text: passkeys(sign_in_event(phone(challenge=text))),
            TOKENS,
            INVALID_PASSKEY,
        ),
        Place("device", good["device"], partial(_device, stack.keys.mac_keys), TOKENS, {NO}, exact(good["device"])),
        page("session cookie"),
        page("session cookie, later"),
        Place("session cookie, authorizer", first, authorizer, TOKENS, {NO}, _same_session(first)),
        Place("session cookie, later, authorizer", later, authorizer, TOKENS, {NO}, stripped(later)),
    ]


def _said(send: Send, text: str) -> Said:
    return said(send(text))


def _device(keys: Mapping[bytes, MacKey], text: str) -> Said:
    """Ask the reader of device tokens, which is given the name of the login."""
    try:
        device_token.parse(text, keys, username="device")
    except NoDeviceToken:
        return NO
    return TOKENS


class _Authorizer:
    """The authorizer of session cookies. It raises if an edit costs more than a read."""

    def __init__(self, stack: Stack) -> None:
        self._module = stack.module("session_authorizer")
        self._calls = Calls(self._module)

    def __call__(self, text: str) -> Said:
        self._calls.made.clear()
        answer = self._module.handler(visit(f"{SESSION_COOKIE}={text}"), None)
        if self._calls.operations not in ([], ["GetItem"]):
            raise AssertionError(f"an edit costs {self._calls.operations}")
        return TOKENS if is_allowed(answer) else NO


def _same_session(good: Sequence[str]) -> Callable[[str], bool]:
    """Return whether a text has all but the MAC of the token of a login.

    The authorizer has no key. It knows the token of a login by its seed, which is 128 random bits. Whoever has the seed
    had the token, so the MAC of this generation protects nothing there.
    """
    return lambda text: _meaning(text.strip(" \t")) in {_meaning(token) for token in good}


def _meaning(text: str) -> bytes | None:
    form = _SESSION_TOKEN.fullmatch(text)
    if form is None:
        return None
    raw = base64.urlsafe_b64decode(form[1])
    return raw[:1] + raw[6:58] if raw[38:42] == _FIRST_GENERATION else None
