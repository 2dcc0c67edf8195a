"""The sample events: the function of each, and what it answers in a stack with keys and with the sample's user."""

from collections.abc import Mapping
from typing import Any

from tests.support.answers import (
    INVALID_GRANT,
    INVALID_PASSKEY,
    INVALID_PROOF,
    INVALID_TOKEN,
    NO_CONTENT,
    PASSKEY_REFUSED,
    REVOKED,
)
from tests.support.authorizer import DENIED
from tests.support.key_ring_events import REFUSED

FUNCTIONS = {
    "authorizer-request-1.0": "authorizer",
    "authorizer-request-2.0": "authorizer",
    "authorizer-token": "authorizer",
    "authorizer-websocket": "authorizer",
    "email": "email",
    "email-change": "email",
    "email-confirm": "email_proofs",
    "email-undo": "email_proofs",
    "ended-sessions": "ended_sessions",
    "factors": "factors",
    "factors-enrolment": "factors",
    "factors-recovery-codes": "factors",
    "factors-totp": "factors",
    "factors-totp-confirm": "factors",
    "factors-totp-remove": "factors",
    "jwks": "jwks",
    "key-ring-advance": "rotate_keys",
    "key-ring-create": "rotate_keys",
    "key-ring-delete": "rotate_keys",
    "key-ring-replace": "rotate_keys",
    "key-ring-rotate": "rotate_keys",
    "key-ring-show": "rotate_keys",
    "key-ring-update": "rotate_keys",
    "login": "login",
    "logout-all": "logout",
    "logout-form": "logout",
    "logout-json": "logout",
    "mail-feedback": "mail_feedback",
    "mailer": "mailer",
    "me": "whoami",
    "me-session": "whoami",
    "oauth-authorization-server": "jwks",
    "openid-configuration": "jwks",
    "passkeys": "passkeys",
    "passkeys-options": "passkey_sign_in",
    "passkeys-register": "passkeys",
    "passkeys-registration": "passkeys",
    "passkeys-remove": "passkeys",
    "passkeys-rename": "passkeys",
    "passkeys-sign-in": "passkey_sign_in",
    "password": "password",
    "password-reset": "reset",
    "password-reset-confirm": "reset",
    "preflight": "preflight",
    "refresh-form": "refresh",
    "refresh-json": "refresh",
    "register": "register",
    "reset-link": "reset_link",
    "session-authorizer-request-1.0": "session_authorizer",
    "session-authorizer-request-2.0": "session_authorizer",
    "session-authorizer-websocket": "session_authorizer",
    "sessions": "sessions",
    "sessions-end": "sessions",
    "site-email": "email",
    "site-factors": "factors",
    "site-passkeys": "passkeys",
    "step-up": "step_up",
    "site-password": "site_password",
    "site-sessions": "sessions",
    "site-sessions-end": "sessions",
}

WHOLE = {
    "factors": INVALID_TOKEN,
    "factors-enrolment": INVALID_PROOF,
    "factors-recovery-codes": INVALID_TOKEN,
    "factors-totp": INVALID_TOKEN,
    "factors-totp-confirm": INVALID_TOKEN,
    "factors-totp-remove": INVALID_TOKEN,
    "site-email": INVALID_TOKEN,
    "site-factors": INVALID_TOKEN,
    "site-passkeys": INVALID_TOKEN,
    "email": INVALID_TOKEN,  # the session in these samples does not exist
    "email-change": INVALID_TOKEN,
    "email-confirm": INVALID_PROOF,
    "email-undo": INVALID_PROOF,
    "password-reset-confirm": INVALID_PROOF,
    "step-up": INVALID_TOKEN,
    "logout-all": NO_CONTENT,  # A6: the sample's token is not valid, which is no error
    "logout-form": REVOKED,
    "logout-json": NO_CONTENT,
    "passkeys": INVALID_TOKEN,
    "passkeys-register": PASSKEY_REFUSED,  # the challenges in these samples are not of this stack
    "passkeys-registration": INVALID_TOKEN,
    "passkeys-remove": INVALID_TOKEN,
    "passkeys-rename": INVALID_TOKEN,
    "passkeys-sign-in": INVALID_PASSKEY,
    "password": INVALID_TOKEN,  # the session in these samples does not exist
    "refresh-form": INVALID_GRANT,
    "refresh-json": INVALID_GRANT,
    "sessions": INVALID_TOKEN,
    "sessions-end": INVALID_TOKEN,
    "site-password": INVALID_TOKEN,
    "site-sessions": INVALID_TOKEN,
    "site-sessions-end": INVALID_TOKEN,
}
"""The answers that are the same in every stack, without the headers of CORS."""

STATUSES = {
    "ended-sessions": 200,
    "jwks": 200,
    "login": 200,
    "me": 200,
    "me-session": 200,
    "oauth-authorization-server": 200,
    "openid-configuration": 200,
    "password-reset": 202,
    "passkeys-options": 200,
    "preflight": 204,
    "register": 201,
}
"""The status of the answers that have something of the stack in them."""

TOLD_TO_CLOUDFORMATION = ("key-ring-create", "key-ring-delete", "key-ring-update")
"""The answer to these goes to an address in the event."""
MAILED: dict[str, object] = {"mail-feedback": None, "mailer": {"batchItemFailures": []}}
"""Their answers: address and challenge are none of this stack, so nothing is marked and nothing is sent."""
SHOWN = ("key-ring-advance", "key-ring-show")
"""No key is due, so both answers show the same ring."""
ANSWERED = sorted(FUNCTIONS.keys() - set(TOLD_TO_CLOUDFORMATION))


def of(*some: str) -> list[str]:
    """Return the names of the sample events of these functions."""
    return [name for name, function in FUNCTIONS.items() if function in some]


def check(name: str, response: Mapping[str, Any]) -> None:
    """Check what a function returned for a sample event, as Lambda gets it."""
    if FUNCTIONS[name].endswith("authorizer"):  # Z10: the sample's token or cookie is not valid, which raises nothing
        assert response.get("isAuthorized") is False or response["policyDocument"]["Statement"][0]["Effect"] == "Deny"
        assert response["context"] == DENIED
    elif name in MAILED:
        assert response == MAILED[name]
    elif name in SHOWN:
        assert response["version"]
        assert "refused" not in response
    elif FUNCTIONS[name] == "reset_link":  # there is no such user
        assert response == {"refused": "the user was deleted meanwhile; nothing was done"}
    elif FUNCTIONS[name] == "rotate_keys":  # the version in the file is not a real one
        assert response == REFUSED
    elif name in WHOLE:
        expected = WHOLE[name]
        assert (response["statusCode"], response["body"]) == (expected.status, expected.body)
        assert expected.headers.items() <= response["headers"].items()  # CORS adds to them
    else:
        assert response["statusCode"] == STATUSES[name], response
