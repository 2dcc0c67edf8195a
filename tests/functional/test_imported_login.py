"""Logins of users who came from another system with their password hashes."""

from dataclasses import replace

import bcrypt
import pytest

from admin.imports.hash_texts import read_hash
from edge_auth.accounts.identity import DISABLED, Identity
from edge_auth.credentials.profiles import PROFILE
from edge_auth.keys.sealing_key import sealing_keys_from
from tests.support.answers import INVALID_CREDENTIALS
from tests.support.people import BOB_ID, PASSWORD, WRONG_PASSWORD, ada
from tests.support.sample_events import login_event, with_json
from tests.support.second_factor import shown_by_app, with_app
from tests.support.stack import SEALING_KEY, Function, Stack

SEALING_KEYS = sealing_keys_from(SEALING_KEY)
HASH = read_hash(bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode())


def grace() -> Identity:
    """Return the imported user."""
    return replace(ada(), user_id=BOB_ID, username="grace", password_hash=HASH.stored)


@pytest.fixture
def importing(stack: Stack) -> Stack:
    """Return a deployment that has declared the imported kind, with an imported user."""
    stack.add_user(grace(), PASSWORD)
    return stack.with_parameters(PasswordProfiles=HASH.declaration)


@pytest.fixture
def login(importing: Stack) -> Function:
    """Return the function."""
    return importing.function("login")


def test_an_imported_user_logs_in_with_the_password_of_before(importing: Stack, login: Function) -> None:
    """P6: the first login renews the hash, and the second one needs the old kind no more."""
    assert login(login_event("grace", PASSWORD)).status == 200
    assert importing.identities.find("grace").password_hash.startswith(PROFILE.phc_prefix)

    without = importing.with_parameters(PasswordProfiles="").function("login")
    assert without(login_event("grace", PASSWORD)).status == 200
    assert without(login_event("grace", WRONG_PASSWORD)) == INVALID_CREDENTIALS


def test_a_wrong_password_of_an_imported_user_is_a_wrong_password(importing: Stack, login: Function) -> None:
    """The same bytes as for a user of ours and for no user, and nothing is renewed. So for a disabled one."""
    for name in ("grace", "nobody"):
        assert login(login_event(name, WRONG_PASSWORD)) == INVALID_CREDENTIALS
    assert importing.identities.find("grace").password_hash == HASH.stored
    importing.identities.change_status(importing.identities.find("grace"), DISABLED)
    assert login(login_event("grace", PASSWORD)) == INVALID_CREDENTIALS


def test_an_undeclared_kind_is_refused_and_the_log_says_why(stack: Stack) -> None:
    """The operator declares it; until then the answer is that of a wrong password."""
    stack.add_user(grace(), PASSWORD)

    assert stack.function("login")(login_event("grace", PASSWORD)) == INVALID_CREDENTIALS
    [event] = [event for event in stack.output.security_events() if event["event"] == "login_failed"]
    assert (event["user_id"], event["reason"]) == (BOB_ID, "the profile of the password hash is not declared")


def test_a_login_in_two_steps_renews_the_hash_too(importing: Stack) -> None:
    """P6: only the first step has the password. The token that it answers is good after the renewal."""
    importing.identities.delete(importing.identities.find("grace"))
    importing.add_user(with_app(grace(), SEALING_KEYS), PASSWORD)
    login = importing.with_parameters(SecondFactor="optional").function("login")

    asked = login(login_event("grace", PASSWORD))

    assert asked.json["error"] == "mfa_required"
    assert importing.identities.find("grace").password_hash.startswith(PROFILE.phc_prefix)
    shown = {"mfa_token": asked.json["mfa_token"], "otp": shown_by_app(importing.clock.now_seconds)}
    assert login(with_json("login", {"username": "grace", **shown})).status == 200


def test_a_login_that_asks_for_an_enrolment_renews_the_hash_too(importing: Stack) -> None:
    """P6: the user may sign in by a passkey from then on, and never send the password again."""
    login = importing.with_parameters(SecondFactor="everybody").function("login")

    assert login(login_event("grace", PASSWORD)).json["error"] == "mfa_enrolment_required"
    assert importing.identities.find("grace").password_hash.startswith(PROFILE.phc_prefix)
