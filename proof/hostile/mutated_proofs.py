"""Edits of every other token: proofs of mails and of second factors, devices, challenges of passkeys, session cookies.

None is accepted. Each is refused without a call to AWS, but for two by their design. A device token only adds to a
login, so a login goes on without it: its reader is asked. And the authorizer of session cookies has no key, so it may
read a session; it is asked apart, and an edit may cost one read and no write.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from edge_auth.keys.mac_key import MacKey
from edge_auth.tokens import device_token
from edge_auth.tokens.device_token import NoDeviceToken
from proof.frame.results import Figures
from proof.frame.run import Run
from proof.hostile import opaque_tokens
from proof.hostile.functions import deployed
from proof.hostile.good_tokens import NEW_PASSWORD, WITH_ALL, add_users, good_tokens
from proof.hostile.opaque_tokens import MALFORMED, Place, Said, edit_all, exact, said, stripped
from tests.support.authorizer import is_allowed
from tests.support.browser import SESSION_COOKIE, page_logout
from tests.support.passkey_visitor import phone, sign_in_event
from tests.support.sample_events import with_json
from tests.support.second_factor import shown_by_app
from tests.support.site import Calls, visit
from tests.support.stack import Answer, Stack

__all__ = ["broken", "prove", "table"]

broken, table = opaque_tokens.broken, opaque_tokens.table

Send = Callable[[str], Answer]
DONE, TOKENS, NO = (204, ""), (200, ""), (401, "")
INVALID_PROOF, INVALID_PASSKEY = (400, "invalid_proof"), (401, "invalid_passkey")
# A session token: its prefix, then version, key id, user, session and generation, seed, MAC. See `tokens.token_form`.
_SESSION_TOKEN = re.compile(r"edgeauth_st_([A-Za-z0-9_-]{120})")
_FIRST_GENERATION = bytes(4)


def prove(run: Run) -> Figures:
    """Edit tokens that are good."""
    with deployed(run.chance("draws"), **WITH_ALL) as without_mail:
        stack = without_mail.with_mail()
        add_users(stack)
        good = good_tokens(stack)
        others = [token for tokens in good.values() for token in tokens]
        places = _places(stack, good)
        return edit_all(run, places, stack, size=run.amount(short=38, long=40_000), others=others)


def _places(stack: Stack, good: Mapping[str, list[str]]) -> list[Place]:
    email_proofs, login, factors = (stack.function(name) for name in ("email_proofs", "login", "factors"))
    reset, logout, passkeys = (stack.function(name) for name in ("reset", "logout", "passkey_sign_in"))
    otp = shown_by_app(stack.clock.now_seconds)
    challenge = good["challenge"][0]
    new = {"new_password": NEW_PASSWORD}
    first, later = good["session cookie"], good["session cookie, later"]  # an edit may make one of the other
    second_steps = [*good["mfa"], *good["mfa, passkey"]]  # these are authentic for each other's place

    def at(kind: str, send: Send, taken: Said, refused: Said) -> Place:
        same = second_steps if good[kind][0] in second_steps else good[kind]
        return Place(kind, good[kind], partial(_said, send), taken, {MALFORMED, refused}, exact(same))

    def page(kind: str) -> Place:
        def send(text: str) -> Said:
            return said(logout(page_logout(f"{SESSION_COOKIE}={text}")))

        return Place(f"{kind}, logout", good[kind], send, DONE, {MALFORMED, DONE}, stripped([*first, *later]))

    authorizer, is_same = _Authorizer(stack), _same_session([*first, *later])
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
            "mfa, passkey",
            lambda text: passkeys(sign_in_event(phone(challenge=challenge), mfa_token=text)),
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
        Place("session cookie, authorizer", first, authorizer, TOKENS, {NO}, is_same),
        Place("session cookie, later, authorizer", later, authorizer, TOKENS, {NO}, is_same),
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
    """Return whether a text says to the authorizer what one of the good tokens says.

    The authorizer has no key, so the id of the key means nothing to it. It knows the token of a login by its seed, 128
    random bits: whoever has the seed had the token, so its MAC protects nothing. That of a later token counts.
    """
    meanings = {_meaning(token) for token in good}
    return lambda text: _meaning(text.strip(" \t")) in meanings


def _meaning(text: str) -> bytes | None:
    form = _SESSION_TOKEN.fullmatch(text)
    if form is None:
        return None
    raw = base64.urlsafe_b64decode(form[1])
    version, said, generation, mac = raw[:1], raw[6:58], raw[38:42], raw[58:]
    return version + said + (b"" if generation == _FIRST_GENERATION else mac)
