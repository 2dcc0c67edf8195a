"""The words and numbers of use cases that tables keep, logs name, or a standard gives."""

import pytest

from edge_auth.flows import grant, tell_user
from edge_auth.flows.accounts import (
    administration,
    change_password,
    factor_administration,
    import_users,
    new_challenge,
    own_factors,
    own_passkeys,
    reset_password,
    rights_administration,
    undo_address,
)
from edge_auth.flows.accounts.ask_reset import NO_ADDRESS, NOT_ACTIVE, ON_ITS_WAY, TOO_MANY, UNKNOWN
from edge_auth.flows.accounts.shown_proof import Shown
from edge_auth.flows.factors import factor_check, freshness
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.keys import ring_summary, rotate_keys
from edge_auth.flows.limits import password_attempts, waiting
from edge_auth.flows.mail import send_mails
from edge_auth.flows.ports import factors, passkeys, sessions
from edge_auth.flows.ports.factors import PASSWORD_ALONE, FactorUse, Presented
from edge_auth.flows.ports.notices import NoticeName
from edge_auth.flows.session_grant import SessionGrant
from edge_auth.flows.sessions import end_sessions, own_sessions, refresh, regenerate, revoke_access_token, session_limit
from edge_auth.flows.sessions.logout import Reach
from edge_auth.flows.sign_in import new_session, passkey_request, step_up
from edge_auth.flows.sign_in.signed_in import SignInClient
from edge_auth.flows.sign_in.step_up_proofs import Proofs
from edge_auth.sessions.client_description import UNKNOWN_CLIENT
from edge_auth.sessions.session import REPLACED
from tests.support.deployment import MAC_KEY

DAY = 24 * 3600


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (administration.PASSWORD_SET, "password_set"),
        (administration.USER_DISABLED, "user_disabled"),
        (administration.USER_DELETED, "user_deleted"),
        (administration.ENDED_BY_OPERATOR, "operator"),
        (change_password.PASSWORD_CHANGED, "password_changed"),
        (factor_administration.FACTORS_RESET, "factors_reset"),
        (own_factors.FACTOR_CHANGED, "factor_changed"),
        (own_passkeys.PASSKEY_REMOVED, "passkey_removed"),
        (reset_password.PASSWORD_RESET, "password_reset"),
        (rights_administration.RIGHTS_SET, "rights_set"),
        (rights_administration.CLAIMS_SET, "claims_set"),
        (undo_address.EMAIL_CHANGE_UNDONE, "email_change_undone"),
        (sessions.STEPPED_UP, "stepped_up"),
        (end_sessions.END_UNKNOWN, "reused, and not known to have ended"),
        (own_sessions.ENDED_BY_USER, "user"),
        (revoke_access_token.ACCESS_TOKEN_REVOKED, "access_token_revoked"),
        (session_limit.SESSION_LIMIT, "session_limit"),
        (REPLACED, "replaced"),
    ],
)
def test_each_reason_of_an_end_is_the_same_in_every_release(found: str, word: str) -> None:
    """It is in the records of sessions that an earlier release has ended, and operators search logs for it."""
    assert found == word


def test_an_import_says_in_the_same_words_what_became_of_a_user() -> None:
    """They are in the report of an import, which other programs read."""
    assert [result.value for result in import_users.Result][:3] == ["added", "known", "name taken"]


def test_an_app_stays_good_in_every_release() -> None:
    """Its secret is sealed for this purpose."""
    assert factor_check.PURPOSE == "totp"


def test_a_name_without_a_user_has_the_same_id_in_every_release() -> None:
    """During an upgrade two releases count the guesses of one name."""
    assert new_challenge.id_of_nobody("nobody", MAC_KEY) == "linFohoOoToDXrY-RHnLJw"


def test_the_end_of_a_logout_says_how_far_it_reached() -> None:
    """It is in the same records."""
    assert [reach.value for reach in Reach] == ["logout", "logout_others", "logout_all"]


def test_the_log_says_in_the_same_words_why_no_reset_was_mailed() -> None:
    """Operators search for them, because the answer to the client never says it."""
    assert (UNKNOWN, NO_ADDRESS, NOT_ACTIVE, TOO_MANY, ON_ITS_WAY) == (
        "there is no such user",
        "the user has no confirmed address",
        "the user is disabled",
        "too many mails",
        "another mail is on its way, or an operator has made a link",
    )


def test_each_notice_has_its_name_in_the_table() -> None:
    """The mailer of an earlier release may read it during an upgrade, and finds its text by it."""
    assert [name.value for name in NoticeName] == [name.name.lower() for name in NoticeName]


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (import_users.WAITS_SECONDS, (1, 2, 4, 8, 16, 30, 30, 30)),
        (new_challenge.RESET_SECONDS, 30 * 60),
        (new_challenge.CONFIRM_SECONDS, 3600),
        (new_challenge.UNDO_SECONDS, 3 * DAY),  # SC5: a weekend
        (own_passkeys.MAX_NAME_CHARACTERS, 64),
        (rights_administration.MAX_RIGHTS_BYTES, 200),
        (freshness.MAX_LOGIN_AGE_SECONDS, 5 * 60),  # SA7
        (grant.JTI_BYTES, 16),  # RFC 7519 §4.1.7
        (ring_summary.MAX_DEPLOYED_JWKS_CHARACTERS, 3072),
        (rotate_keys.ATTEMPTS, 3),
        (password_attempts.ATTEMPT_ID_BYTES, 8),
        (password_attempts.PAUSES_SECONDS, (0.1, 0.2, *[0.4] * 8)),
        (password_attempts.UNDECIDED_RETRY_SECONDS, 5),
        (waiting.MAX_REMEMBERED, 1000),
        (send_mails.GIVE_UP_AFTER_MS, 30_000),
        (factors.PASSWORD_METHOD, "pwd"),  # RFC 8176 §2
        (passkeys.ONE_DEVICE_METHODS, ("hwk", "user")),  # RFC 8176 §2
        (passkeys.SYNCED_METHODS, ("swk", "user")),  # RFC 8176 §2
        (end_sessions.END_ID_BYTES, 16),
        (end_sessions.PUBLISHED_AT_ONCE, 100),
        (end_sessions.MAX_LEAD_SECONDS, 15),
        (end_sessions.MAX_LATE, 100),
        (end_sessions.MAX_ROUNDS, 5),
        (refresh.ROTATION_ID_BYTES, 16),
        (regenerate.ROTATION_ID_BYTES, 16),
        (session_limit.MAX_ENDS, 100),
        (new_session.FIRST_PARTY_CLIENT_ID, "first-party"),  # RFC 9068 §2.2
        (passkey_request.CREDENTIAL_TYPE, "public-key"),  # WebAuthn §5.8.2
        (factors.APP_METHODS, ("otp", "mfa")),  # RFC 8176 §2
        (factors.RECOVERY_METHODS, ("mfa",)),  # RFC 8176 §2
        (step_up.END_ID_BYTES, 16),
        (tell_user.KEPT_SECONDS, 3600),
    ],
)
def test_each_bound_is_the_one_that_the_design_gives(found: object, value: object) -> None:
    """Its module says why. A change is a decision, and never an edit that nobody has noticed."""
    assert found == value


def test_no_grant_shows_a_token() -> None:
    """A repr may be in a traceback, and so in a log."""
    shown = repr(
        [
            TokenGrant("s3cret", 900, "s3cret", 1800, "sid", "read", "s3cret"),
            SessionGrant("s3cret", 1800, "sid", "s3cret"),
            Proofs("s3cret", Presented("s3cret", "s3cret", "s3cret")),
            Shown("s3cret", "s3cret", "s3cret"),
            SignInClient("192.0.2.7", UNKNOWN_CLIENT, "body", "s3cret", "s3cret"),
        ]
    )

    assert "sid" in shown
    assert repr(SignInClient("", UNKNOWN_CLIENT, "body")) == "SignInClient('body', ...)"
    assert "s3cret" not in shown


def test_what_was_not_presented_is_empty() -> None:
    """And a login by password alone uses no factor and claims no level."""
    assert Presented() == Presented("", "", "")
    assert Shown() == Shown("", "", "")
    assert FactorUse(1) == FactorUse(1, 0, 0, "", b"", "")
    assert Proofs() == Proofs("", Presented("", "", ""), None)
    assert SignInClient("", UNKNOWN_CLIENT, "body")[3:] == ("", "")
    assert (TokenGrant("", 1, "", 2, "", "").device_token, SessionGrant("", 1, "").device_token) == ("", "")
    assert (PASSWORD_ALONE.amr, PASSWORD_ALONE.acr) == (("pwd",), "")
