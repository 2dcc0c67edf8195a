"""The demo of an account: a forgotten password with its mail, and a second factor. It checks each step."""

import re
import secrets
import time
from base64 import b32decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from edge_auth.credentials.totp import STEP_SECONDS, code_of
from local.api import Api
from local.steps import Steps
from local.tokens import shortened
from local.user import PASSWORD_BYTES, User

PROOF = re.compile(r"#(edgeauth_pt_[A-Za-z0-9_-]+)")
MAIL_SECONDS = 30  # the mailer reads a stream, and MiniStack passes that on within some seconds
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class AccountWalk(Steps):
    """Walks through a deployed API. `user` has a confirmed address. `mails` returns those that were sent, newest first.

    Stops at the first answer that is not the promised one.
    """

    api: Api
    user: User
    mails: Callable[[], Sequence[Mapping[str, object]]]

    def all(self) -> None:
        """Take every step.

        Raises:
            Failure: an answer is not the promised one, or no mail comes.

        """
        renewed = self.reset(self.forget())
        secret, recovery_code = self.enrol(renewed)
        self.log_in_with_code(renewed, secret, recovery_code)

    def forget(self) -> str:
        """Ask for a mail; return the proof in its link."""
        what = "forget the password"
        answer = self.api.ask_reset(self.user.name)
        self._expect(what, answer, HTTPStatus.ACCEPTED)
        self._done(what, answer, "the same answer for every name, also for one without a user")
        mail = self._mail(what)
        found = PROOF.search(str(mail["text"]))
        self._require(what, found is not None, "the mail has no link")
        proof = found[1] if found else ""
        self.say(f"    … a mail to {mail['to']}: “{mail['subject']}”, with a link to …#{shortened(proof)} and a code")
        return proof

    def _mail(self, what: str) -> Mapping[str, object]:
        end = time.monotonic() + MAIL_SECONDS
        while not (found := [mail for mail in self.mails() if mail["to"] == self.user.email]):
            self._require(what, time.monotonic() < end, f"no mail came within {MAIL_SECONDS} seconds")
            time.sleep(POLL_SECONDS)
        return found[0]

    def reset(self, proof: str) -> User:
        """Set a new password, and try to use the link again; return the user with the password."""
        renewed = replace(self.user, password=secrets.token_urlsafe(PASSWORD_BYTES))
        what = "set a new password with the link"
        answer = self.api.reset(proof, renewed.password)
        self._expect(what, answer, HTTPStatus.NO_CONTENT)
        self._done(what, answer, "all sessions end, and none is opened")

        what = "another password with the same link"
        answer = self.api.reset(proof, secrets.token_urlsafe(PASSWORD_BYTES))
        self._expect(what, answer, HTTPStatus.BAD_REQUEST, "invalid_proof")
        self._done(what, answer, "a link works once")
        return renewed

    def enrol(self, user: User) -> tuple[bytes, str]:
        """Set up an authenticator app; return its secret and a recovery code."""
        what = "log in with the new password"
        answer = self.api.login(user.name, user.password)
        self._expect(what, answer, HTTPStatus.OK)
        self._done(what, answer, "a session with one factor")

        what, access = "begin to set up an authenticator app", answer.body["access_token"]
        answer = self.api.begin_app(access)
        self._expect(what, answer, HTTPStatus.OK)
        self._done(what, answer, "a secret and its QR code; nothing is stored yet")

        what, secret = "show a code of the app", b32decode(answer.body["secret"])
        answer = self.api.confirm_app(access, answer.body["enrolment"], _code(secret, 0))
        self._expect(what, answer, HTTPStatus.OK)
        codes = answer.body.get("recovery_codes", [])
        self._require(what, bool(codes), "the answer has no recovery codes")
        self._done(what, answer, f"the app is set up, with {len(codes)} recovery codes, which are shown once")
        return secret, codes[0]

    def log_in_with_code(self, user: User, secret: bytes, recovery_code: str) -> None:
        """Log in without a code, with one, with the same again, and with a recovery code."""
        self._logs_in(user, "the password alone", "mfa_required", "right, and not enough any more")
        code = _code(secret, 1)  # the code of the enrolment opens no session; the next one is accepted already
        self._logs_in(user, "the password and a code", "", "a session with two factors", otp=code)
        self._logs_in(user, "the same code again", "invalid_otp", "a code works once", otp=code)
        why = "for a user who has lost the app; each works once"
        self._logs_in(user, "a recovery code in its place", "", why, recovery_code=recovery_code)

    def _logs_in(self, user: User, what: str, error: str, why: str, **shown: str) -> None:
        answer = self.api.login(user.name, user.password, **shown)
        self._expect(what, answer, HTTPStatus.UNAUTHORIZED if error else HTTPStatus.OK, error)
        self._done(what, answer, why)


def _code(secret: bytes, later: int) -> str:
    """Return what the app shows now, or some steps of 30 seconds later."""
    return code_of(secret, int(time.time()) // STEP_SECONDS + later)
