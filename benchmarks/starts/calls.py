"""A call of each function that the template deploys: its event, the check of its answer, and how many are measured."""

import json
from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import NamedTuple

from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment
from benchmarks.requests.events import BAD_REQUEST, CREATED, NO_CONTENT, UNAUTHORIZED, Answer, allowed, succeeded
from tests.support.people import PASSWORD
from tests.support.sample_events import Event, sample

ALONE, WITH_AWS, WITH_ARGON2 = 100, 30, 8  # the measured calls of one process, by the kind of call
ACCEPTED = 202
STRICT = "strict_authorizer"
NEW_PASSWORD = "seven loud herons at dusk"

# The parameters without which a function is not deployed.
MAIL = {"MailFrom": "login@example.com", "PagesUrl": "https://app.example.com"}
PASSKEYS, FACTORS = {"PasskeyRpId": "example.org"}, {"SecondFactor": "optional"}
PARAMETERS = {
    **dict.fromkeys(("mailer", "mail_feedback", "reset", "reset_link", "email", "email_proofs"), MAIL),
    **dict.fromkeys(("passkeys", "passkey_sign_in"), PASSKEYS),
    **dict.fromkeys(("factors", "step_up"), FACTORS),
}

MakeEvent = Callable[[], Event]
Check = Callable[[Answer], object]


class Call(NamedTuple):
    """What is called, how an answer is checked, and ALONE, WITH_AWS or WITH_ARGON2."""

    event: MakeEvent
    check: Check
    warm_calls: int


def calls_of(deployment: Deployment, token_event: MakeEvent) -> dict[str, Call]:
    """Return the call of each function. `token_event` makes the event of an authorizer that has to allow it."""
    _, user_id = deployment.new_user()
    caller = {"sub": user_id, "sid": deployment.add_session(user_id)[0]}
    ended, created = partial(succeeded, status=NO_CONTENT), partial(succeeded, status=CREATED)

    refused = partial(succeeded, status=UNAUTHORIZED)

    def password_change() -> Event:
        _, new_id = deployment.new_user()
        return events.password_change({"sub": new_id, "sid": deployment.add_session(new_id)[0]}, NEW_PASSWORD)

    def step_up() -> Event:
        _, new_id = deployment.new_user()
        session_id, token = deployment.add_session(new_id)
        body = json.dumps({"refresh_token": token, "password": PASSWORD})
        return events.event("step-up", {"sub": new_id, "sid": session_id}, body=body)

    return {
        "authorizer": Call(token_event, allowed, ALONE),
        STRICT: Call(token_event, allowed, WITH_AWS),
        # The cookies of this sample and of `site-password` are of no session, so they are refused.
        "session_authorizer": Call(lambda: sample("session-authorizer-request-1.0"), denied, WITH_AWS),
        "refresh": Call(lambda: events.refresh(deployment.add_session(user_id)[1]), succeeded, WITH_AWS),
        "login": Call(lambda: events.login(deployment.new_user()[0]), succeeded, WITH_ARGON2),
        "passkey_sign_in": Call(lambda: events.event("passkeys-options"), succeeded, WITH_AWS),
        "passkeys": Call(lambda: events.event("passkeys", caller), succeeded, WITH_AWS),
        "factors": Call(lambda: events.event("factors", caller), succeeded, WITH_AWS),
        "step_up": Call(step_up, succeeded, WITH_ARGON2),
        "logout": Call(lambda: events.logout(deployment.add_session(user_id)[1]), ended, WITH_AWS),
        "password": Call(password_change, ended, WITH_ARGON2),
        "site_password": Call(lambda: events.event("site-password", caller), refused, WITH_AWS),
        "register": Call(events.register, created, WITH_ARGON2),
        "reset": Call(lambda: events.reset(deployment.new_user()[0]), partial(succeeded, status=ACCEPTED), WITH_AWS),
        "reset_link": Call(lambda: sample("reset-link"), itemgetter("refused"), WITH_AWS),
        "email": Call(lambda: events.event("email", caller), succeeded, WITH_AWS),
        "email_proofs": Call(lambda: events.event("email-confirm"), partial(succeeded, status=BAD_REQUEST), WITH_AWS),
        "mailer": Call(lambda: sample("mailer"), itemgetter("batchItemFailures"), WITH_AWS),
        "mail_feedback": Call(lambda: sample("mail-feedback"), nothing, WITH_AWS),
        "sessions": Call(lambda: events.event("sessions", caller), succeeded, WITH_AWS),
        "jwks": Call(lambda: events.event("jwks"), succeeded, WITH_AWS),
        "ended_sessions": Call(lambda: events.event("ended-sessions"), succeeded, WITH_AWS),
        "whoami": Call(lambda: events.event("me", caller), succeeded, ALONE),
        "preflight": Call(lambda: sample("preflight"), ended, ALONE),
        "rotate_keys": Call(lambda: sample("key-ring-advance"), itemgetter("version"), WITH_AWS),
    }


def denied(answer: Answer) -> None:
    """Check the answer of an authorizer. Raises RuntimeError: it is not a single Deny."""
    effects = [statement["Effect"] for statement in answer["policyDocument"]["Statement"]]
    if effects != ["Deny"]:
        raise RuntimeError(f"not denied: {answer}")


def nothing(answer: Answer) -> None:
    """Check the answer of a function that returns nothing. Raises RuntimeError."""
    if answer is not None:
        raise RuntimeError(f"an answer: {answer}")
