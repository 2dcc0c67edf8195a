"""The enrolment of an app by a user who must have one and has none, with the token that the login has answered."""

from base64 import b32decode
from dataclasses import dataclass, field

from edge_auth.credentials.totp import STEP_SECONDS, code_of
from proof.machine.asked import INVALID_PROOF, Asked
from proof.machine.factors import codes_in
from proof.machine.model import Account, Expected, Option, settled
from proof.machine.seen import Seen
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import World
from tests.support.sample_events import with_json


@dataclass
class EnrolAtLogin:
    """The enrolment. Troubles are with its second step.

    With `first`, the second step of an earlier enrolment is sent again, as a client does whose answer was lost.
    """

    world: World
    demand: Asked
    first: "EnrolAtLogin | None" = None
    _body: dict[str, str] = field(default_factory=dict, init=False)
    _secret: bytes = field(default=b"", init=False)
    _codes: frozenset[str] = field(default=frozenset(), init=False)

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Ask for a secret, and show its code."""
        if self.first:
            self._body, self._secret = self.first._body, self.first._secret
        else:
            begun = self._call({"enrolment_token": self.demand.text}, None)
            if begun.status != 200:
                return begun
            self._secret = b32decode(begun.body["secret"])
            code = code_of(self._secret, self.world.now // STEP_SECONDS)
            self._body = {"enrolment_token": self.demand.text, "enrolment": begun.body["enrolment"], "otp": code}
        return self._call(self._body, during)

    @property
    def is_sent(self) -> bool:
        """Whether the second step was reached."""
        return bool(self._secret)

    def learn(self, seen: Seen) -> None:
        """Keep the recovery codes."""
        self._codes = codes_in(seen, self.demand.user)

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """Only what the user had at the login counts. There is no session that could end."""
        user = self.demand.user
        user.may = settled(user.may, self._options, seen, has_trouble=has_trouble, what="enrolment", generation=None)
        user.changes += seen.status == 200 and not self.first
        user.new_codes += bool(self.first)
        user.may_have_changed += 1

    def _call(self, body: dict[str, str], during: Happening | Meanwhile | None) -> Seen:
        return self.world.product.call("factors", with_json("factors-enrolment", body), during)

    def _options(self, account: Account) -> tuple[Option, ...]:
        if self.world.now >= self.demand.until:
            return (Option(INVALID_PROOF, account),)
        if self.first and account.secret == self._secret:
            return (Option(Expected(200), account._replace(codes=self._codes)),)
        step = self.world.now // STEP_SECONDS
        after = account._replace(secret=self._secret, step=step, codes=self._codes, wrong_codes=0)
        return self.demand.options(account, Option(Expected(200), after))
