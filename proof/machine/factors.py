"""What users do with the second factor of an account: enrol an app, put another in its place, remove it."""

from base64 import b32decode
from dataclasses import dataclass, field
from typing import Any

from edge_auth.credentials.totp import STEP_SECONDS, code_of
from proof.machine.callers import by_caller, changed, refusal, settle_pair
from proof.machine.model import Account, Expected, Option, Session, User
from proof.machine.rule import Line
from proof.machine.seen import Seen
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import World
from tests.support.sample_events import sample, with_json

NO_FACTOR = Expected(404, "no_factor")
FACTOR_REQUIRED = Expected(409, "factor_required")
NO_APP: dict[str, Any] = {"secret": b"", "step": -1, "codes": frozenset(), "wrong_codes": 0}


@dataclass
class Enrol:
    """Enrolment of an app, perhaps in the place of another one. Troubles are with the second step."""

    world: World
    session: Session
    _secret: bytes = field(default=b"", init=False)
    _codes: frozenset[str] = field(default=frozenset(), init=False)

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Ask for a secret, and show its code."""
        begun = self.world.product.call("factors", by_caller(sample("factors-totp"), self.session))
        if begun.status != 200:
            return begun
        self._secret = b32decode(begun.body["secret"])
        code = code_of(self._secret, self.world.now // STEP_SECONDS)
        body = {"enrolment": begun.body["enrolment"], "otp": code}
        return self.world.product.call(
            "factors", by_caller(with_json("factors-totp-confirm", body), self.session), during
        )

    def learn(self, seen: Seen) -> None:
        """Keep the recovery codes."""
        self._codes = codes_in(seen, self.session.user)

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """Only a fresh session may do it. The others end if it was another app before."""
        user, had_one = self.session.user, {bool(account.secret) for account in self.session.user.may}
        settle_pair(self.session, self._options, seen, has_trouble=has_trouble, what="enrolment")
        is_done = seen.status == 200
        if had_one == {False}:
            user.changes, user.may_have_changed = user.changes + is_done, user.may_have_changed + 1
        elif had_one == {True}:
            changed(user, seen, self.world.now_ms, keep=self.session, is_done=is_done)
        else:
            user.changes, user.may_have_changed = user.changes + is_done, user.may_have_changed + 1
            user.all_may_end(keep=self.session)
        self.world.touched.update(user.sessions)

    def _options(self, line: Line, account: Account) -> tuple[Option, ...]:
        refused = refusal(self.world, self.session, line, account)
        if refused is not None:
            return (Option(refused, (line, account)),)
        step = self.world.now // STEP_SECONDS
        after = account._replace(secret=self._secret, step=step, codes=self._codes, wrong_codes=0)
        return (Option(Expected(200), (line, after)),)


@dataclass
class ReplaceCodes:
    """A request for new recovery codes."""

    world: World
    session: Session
    _codes: frozenset[str] = field(default=frozenset(), init=False)

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send it."""
        return self.world.product.call("factors", by_caller(sample("factors-recovery-codes"), self.session), during)

    def learn(self, seen: Seen) -> None:
        """Keep the recovery codes."""
        self._codes = codes_in(seen, self.session.user)

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """Only a fresh session may do it. No older code is good any more, and no session ends."""
        settle_pair(self.session, self._options, seen, has_trouble=has_trouble, what="new recovery codes")
        self.session.user.new_codes += 1

    def _options(self, line: Line, account: Account) -> tuple[Option, ...]:
        refused = refusal(self.world, self.session, line, account)
        if refused is not None:
            return (Option(refused, (line, account)),)
        if not account.secret:
            return (Option(NO_FACTOR, (line, account)),)
        return (Option(Expected(200), (line, account._replace(codes=self._codes))),)


@dataclass
class RemoveApp:
    """Removal of the app. The other sessions end, also if there is none."""

    world: World
    session: Session

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send it."""
        return self.world.product.call("factors", by_caller(sample("factors-totp-remove"), self.session), during)

    def learn(self, seen: Seen) -> None:
        """It brings nothing."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """Only a fresh session may do it."""
        settle_pair(self.session, self._options, seen, has_trouble=has_trouble, what="removal of the app")
        user = self.session.user
        changed(user, seen, self.world.now_ms, keep=self.session, is_done=seen.status == 204)
        self.world.touched.update(user.sessions)

    def _options(self, line: Line, account: Account) -> tuple[Option, ...]:
        refused = refusal(self.world, self.session, line, account)
        if refused is not None:
            return (Option(refused, (line, account)),)
        if self.session.user.must_have_factor and not account.passkeys:
            return (Option(FACTOR_REQUIRED, (line, account)),)
        return (Option(Expected(204), (line, account._replace(**NO_APP))),)


def codes_in(seen: Seen, user: User) -> frozenset[str]:
    """Return the recovery codes of an answer. Its user keeps them on paper, also when they are not good any more."""
    codes = seen.body["recovery_codes"] if seen.status == 200 else []
    user.papers += codes
    return frozenset(codes)
