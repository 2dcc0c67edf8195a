"""Good tokens of each kind, from the requests that bring them, each of a user of its own."""

import base64
from dataclasses import replace

from edge_auth.accounts.identity import Identity
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.tokens.proof_token import Kind
from edge_auth.tokens.session_token import REGENERATION_GRACE_SECONDS
from tests.support.browser import APP, jar, page_login, token_in, with_header
from tests.support.mailbox import Mailed, mailed
from tests.support.passkey_visitor import PARAMETERS, challenged, phone, register
from tests.support.people import PASSWORD, ada
from tests.support.sample_events import called_by, login_event, with_json
from tests.support.second_factor import with_app
from tests.support.stack import SEALING_KEY, Answer, Stack

NEW_PASSWORD = "another fine passphrase"
WITH_ALL = {"AllowedOrigins": APP, "SecondFactor": "optional", "SelfRegistration": "true", **PARAMETERS}
"""The template's parameters that turn on what these tokens need, but for mail (`Stack.with_mail`)."""


def user(name: str) -> Identity:
    """Return a user of this name, with a confirmed address."""
    user_id = base64.urlsafe_b64encode(name.encode().ljust(16, b"\0")).rstrip(b"=").decode()
    email = f"{name}@mail.example"
    return replace(ada(), user_id=user_id, username=name, email=email, email_verified_at_seconds=1_789_000_000)


def add_users(stack: Stack) -> None:
    """Add a user for each kind of token, so that no token ends another one."""
    for name in ("ada", "reset", "confirm", "undo", "enrol", "device", "site", "later"):
        stack.add_user(user(name), PASSWORD)
    stack.add_user(with_app(user("mfa"), sealing_keys_from(SEALING_KEY)), PASSWORD)


def good_tokens(stack: Stack) -> dict[str, list[str]]:
    """Return the good tokens of each kind, from the requests that bring them."""
    login, passkey_sign_in = stack.function("login"), stack.function("passkey_sign_in")
    required = stack.with_parameters(SecondFactor="everybody").function("login")
    stack.function("reset")(with_json("password-reset", {"username": "reset"}))
    ada_session = login(login_event("ada", PASSWORD)).json["session_id"]
    register(stack.function("passkeys"), ada_session, phone())
    found = {
        "reset": [mailed(stack, Kind.RESET).link["proof"]],
        "undo": [undo_of_a_change(stack).link["proof"]],
        "confirm": [changed_address(stack, "confirm").link["proof"]],
        "mfa": [login(login_event("mfa", PASSWORD)).json["mfa_token"]],
        "mfa, passkey": [login(login_event("ada", PASSWORD)).json["mfa_token"]],
        "enrolment": [required(login_event("enrol", PASSWORD)).json["enrolment_token"]],
        "device": [login(login_event("device", PASSWORD)).json["device_token"] for _ in range(2)],
        "challenge": [challenged(passkey_sign_in) for _ in range(2)],
        "session cookie": [token_in(jar(login(page_login(username="site", transport="session")))[0]) for _ in range(2)],
        "session cookie, later": [_regenerated(stack, login(page_login(username="later", transport="session")))],
    }
    stack.clock.advance(seconds=REGENERATION_GRACE_SECONDS + 1)  # so the token before a later one is refused
    return found


def changed_address(stack: Stack, name: str) -> Mailed:
    """Let a user ask for another address, and return the mail."""
    stack.clock.advance(seconds=1)  # the newest mail is found by its time
    session_id = stack.function("login")(login_event(name, PASSWORD)).json["session_id"]
    change = with_json("email-change", {"email": f"{name}@new.example", "current_password": PASSWORD})
    stack.function("email")(called_by(change, user(name).user_id, session_id))
    return mailed(stack, Kind.CONFIRM)


def undo_of_a_change(stack: Stack) -> Mailed:
    """Let a user change the address, and return the mail to the old one."""
    stack.function("email_proofs")(with_json("email-confirm", changed_address(stack, "undo").link))
    return mailed(stack, Kind.UNDO)


def _regenerated(stack: Stack, login: Answer) -> str:
    """Return the token that a session gets after a new password."""
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    event = with_header(with_json("site-password", body), "Cookie", jar(login)[0])
    answer = stack.function("site_password")(called_by(event, user("later").user_id, login.json["session_id"]))
    return token_in(jar(answer)[0])
