"""The demo: walks through the life of a session, and checks each step."""

import time
from dataclasses import dataclass
from http import HTTPStatus

from edge_auth.keys.signing_key import SigningKey
from local import tokens
from local.api import Answer, Api
from local.steps import Steps
from local.tokens import shortened
from local.user import User

INVALID_TOKEN = 'Bearer error="invalid_token"'
# The clocks of two processes may differ a little at the end of the window.
MARGIN_SECONDS = 0.3


@dataclass(frozen=True)
class Walk(Steps):
    """Walks through a deployed API. Stops at the first answer that is not the promised one."""

    api: Api
    user: User
    key: SigningKey  # the deployment's own key, to sign an expired token
    rotation_grace_seconds: int
    revocation_seconds: int

    def all(self) -> None:
        """Take every step.

        Raises:
            Failure: an answer is not the promised one.

        """
        access, refresh = self.log_in()
        self.use(access)
        successor = self.rotate(refresh)
        newest = self.come_back(refresh, successor)
        self.steal(successor, newest)
        self.log_out()

    def log_in(self) -> tuple[str, str]:
        """Log in; return the access token and the refresh token."""
        what = f"log in as {self.user.name}"
        answer = self.api.login(self.user.name, self.user.password)
        access, refresh = self._tokens(what, answer)
        seconds = answer.body["expires_in"]
        self._done(
            what, answer, f"access token {shortened(access)} for {seconds} s, refresh token {shortened(refresh)}"
        )
        return access, refresh

    def use(self, access: str) -> None:
        """Call the protected route with a valid token, without a token, and with invalid tokens."""
        what = "GET /me with the access token"
        answer = self.api.me(access)
        self._expect(what, answer, HTTPStatus.OK)
        self._done(what, answer, "the authorizer verifies it with public keys: no lookup, no secret")

        self._refused("GET /me without a token", None, "Bearer", "")
        forged, expired = tokens.forged(access), tokens.expired(access, self.key)
        self._refused("GET /me with a forged token", forged, INVALID_TOKEN, "another user under the old signature; ")
        self._refused(
            "GET /me with an expired token", expired, INVALID_TOKEN, "a valid signature, but issued an hour ago; "
        )

    def rotate(self, refresh: str) -> str:
        """Refresh twice with the same token, as two browser tabs do; return the successor."""
        what = "refresh"
        first = self.api.refresh(refresh)
        _, successor = self._tokens(what, first)
        self._require(what, successor != refresh, "the refresh token was not replaced")
        self._done(
            what, first, f"a new access token; the refresh token {shortened(successor)} replaces {shortened(refresh)}"
        )

        what = "the old refresh token again, at once"
        again = self.api.refresh(refresh)
        self._require(what, self._tokens(what, again)[1] == successor, "the answer has another successor")
        self._done(what, again, "the same successor: parallel tabs and repeated requests log no user out")
        return successor

    def come_back(self, old: str, lost: str) -> str:
        """Refresh after the grace window, as an app that never got the successor; return the newest token."""
        self._wait_for_the_window()
        what = "the old refresh token, after its answer was lost"
        again = self.api.refresh(old)
        _, newest = self._tokens(what, again)
        self._require(what, newest not in {old, lost}, "the refresh token was not replaced")
        self._done(what, again, f"still signed in: {shortened(newest)} replaces the lost {shortened(lost)}")
        return newest

    def steal(self, lost: str, current: str) -> None:
        """Present the lost token after the grace window: this is reuse, and the session ends for both parties."""
        self._wait_for_the_window()
        unknown = self.api.refresh(tokens.unknown(current))
        self._dead("a thief has the lost refresh token", lost, unknown, "reuse is detected, and the session ends")
        self._dead(
            "the current refresh token", current, unknown, "refused too, with the same bytes as an unknown token"
        )

    def _wait_for_the_window(self) -> None:
        window = self.rotation_grace_seconds
        self.say(f"    … waiting {window} s for the grace window to end (RotationGraceSeconds; its default is 30)")
        time.sleep(window + MARGIN_SECONDS)

    def log_out(self) -> None:
        """Log in again, log out, and present the access token and the refresh token once more."""
        what = "log in again"
        again = self.api.login(self.user.name, self.user.password)
        access, refresh = self._tokens(what, again)
        self._done(what, again, "a new session")

        what = "log out"
        answer = self.api.logout(refresh)
        self._expect(what, answer, HTTPStatus.NO_CONTENT)
        self._done(what, answer, "within RevocationSeconds, every authorizer knows of it")

        seconds = self.revocation_seconds
        self.say(f"    … waiting {seconds} s for the authorizers to read of it (RevocationSeconds; its default is 5)")
        time.sleep(seconds + MARGIN_SECONDS)
        why = "its session has ended, although it has not expired; "
        self._refused("GET /me with the access token, afterwards", access, INVALID_TOKEN, why)

        unknown = self.api.refresh(tokens.unknown(refresh))
        self._dead("the refresh token after the logout", refresh, unknown, "refused; after a logout this is not reuse")

    def _refused(self, what: str, access: str | None, challenge: str, why: str) -> None:
        answer = self.api.me(access)
        self._expect(what, answer, HTTPStatus.UNAUTHORIZED)
        self._require(what, answer.challenge == challenge, f"WWW-Authenticate was {answer.challenge!r}")
        self._done(what, answer, f"{why}WWW-Authenticate: {challenge}")

    def _dead(self, what: str, refresh: str, unknown: Answer, why: str) -> None:
        answer = self.api.refresh(refresh)
        self._expect(what, answer, HTTPStatus.BAD_REQUEST, "invalid_grant")
        self._require(what, answer == unknown, "the answer differs from the answer to an unknown token")
        self._done(what, answer, why)

    def _tokens(self, what: str, answer: Answer) -> tuple[str, str]:
        self._expect(what, answer, HTTPStatus.OK)
        missing = {"access_token", "expires_in", "refresh_token"} - answer.body.keys()
        self._require(what, not missing, f"the answer has no {', '.join(sorted(missing))}")
        return answer.body["access_token"], answer.body["refresh_token"]
