"""What users do with passkeys: add one, remove one, sign in with one."""

from dataclasses import dataclass, field

from edge_auth.tokens.token_form import id_bytes
from proof.machine.asked import INVALID_PROOF, Asked
from proof.machine.callers import changed, refusal, settle_pair
from proof.machine.factors import FACTOR_REQUIRED
from proof.machine.logins import began, in_browser, open_session
from proof.machine.model import ACTIVE, PHISHING_RESISTANT, Account, Expected, Option, Session, Token, User, settled
from proof.machine.rule import Line
from proof.machine.seen import Seen
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import BODY, World
from tests.support.passkey_visitor import one_event, phone, register_event, registration_event, sign_in_event
from tests.support.sample_events import sample
from tests.support.software_passkeys import Ceremony

INVALID_PASSKEY = Expected(401, "invalid_passkey")


@dataclass
class AddPasskey:
    """Registration of a passkey, from the challenge on. Troubles are with the second step."""

    world: World
    session: Session
    number: int

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Ask for a challenge, and send what the passkey makes of it."""
        user = self.session.user
        begun = self.world.product.call("passkeys", registration_event(self.session.session_id, user.user_id))
        if begun.status != 200:
            return begun
        made = passkey_of(user, self.number).edited(challenge=begun.body["challenge"])
        event = register_event(made, self.session.session_id, user_id=user.user_id)
        return self.world.product.call("passkeys", event, during)

    def learn(self, seen: Seen) -> None:
        """It brings nothing that is needed."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """Only a fresh session may do it. Nothing ends."""
        settle_pair(self.session, self._options, seen, has_trouble=has_trouble, what="new passkey")
        self.session.user.may_have_changed += 1

    def _options(self, line: Line, account: Account) -> tuple[Option, ...]:
        refused = refusal(self.world, self.session, line, account)
        if refused is not None:
            return (Option(refused, (line, account)),)
        after = account._replace(passkeys=account.passkeys | {self.number})
        return (Option(Expected(201), (line, after)),)


@dataclass
class RemovePasskey:
    """Removal of a passkey. The other sessions end, also if it is not there."""

    world: World
    session: Session
    number: int

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send it."""
        user = self.session.user
        passkey = passkey_of(user, self.number)
        event = one_event("passkeys-remove", passkey, self.session.session_id, user_id=user.user_id)
        return self.world.product.call("passkeys", event, during)

    def learn(self, seen: Seen) -> None:
        """It brings nothing."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """Only a fresh session may do it."""
        settle_pair(self.session, self._options, seen, has_trouble=has_trouble, what="removal of a passkey")
        user = self.session.user
        changed(user, seen, self.world.now_ms, keep=self.session, is_done=seen.status in {204, 404})
        self.world.touched.update(user.sessions)

    def _options(self, line: Line, account: Account) -> tuple[Option, ...]:
        same = (line, account)
        refused = refusal(self.world, self.session, line, account)
        if refused is not None:
            return (Option(refused, same),)
        if self.number not in account.passkeys:
            return (Option(Expected(404, "not_found"), same),)
        left = account._replace(passkeys=account.passkeys - {self.number})
        if self.session.user.must_have_factor and not left.passkeys and not left.secret:
            return (Option(FACTOR_REQUIRED, same),)
        return (Option(Expected(204), (line, left)),)


@dataclass
class PasskeySignIn:
    """A login with a passkey, from the challenge on. Troubles are with the request that follows.

    It may be the second step of a login that has `asked` for it: then the challenge is the one of that answer, if there
    was one. `earlier` is the cookie that the browser has already.
    """

    world: World
    user: User
    number: int
    transport: str = BODY
    earlier: Token | None = None
    asked: Asked | None = None
    _challenge: str = field(default="", init=False)
    opened: Session | None = field(default=None, init=False)

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Ask for a challenge, and send what the passkey has signed."""
        self._challenge = self.asked.challenge if self.asked else ""
        if not self._challenge:
            self._challenge = self.world.product.call("passkey_sign_in", sample("passkeys-options")).body["challenge"]
        signed = passkey_of(self.user, self.number).edited(challenge=self._challenge)
        first = {"mfa_token": self.asked.text} if self.asked else {}
        event = in_browser(sign_in_event(signed, transport=self.transport, **first), self.transport, self.earlier)
        return self.world.product.call("passkey_sign_in", event, during)

    def learn(self, seen: Seen) -> None:
        """Keep the new session."""
        if seen.status == 200:
            self.opened = open_session(self.world, self.user, seen, self.transport, {PHISHING_RESISTANT})

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """By the account, the challenge, which is good once, and the first step."""
        self.user.may = settled(
            self.user.may, self._options, seen, has_trouble=has_trouble, what="passkey", generation=None
        )
        if seen.status == 200 or seen.is_trouble:
            was_spent = self.world.challenges.get(self._challenge, False)
            self.world.challenges[self._challenge] = was_spent or seen.status == 200
            began(self.world, self.user, self.opened, self.earlier, is_sure=not has_trouble)

    def _options(self, account: Account) -> tuple[Option, ...]:
        if self.asked and self.world.now >= self.asked.until:
            return (Option(INVALID_PROOF, account),)
        refused, accepted = (Option(each, account) for each in (INVALID_PASSKEY, Expected(200)))
        if account.status != ACTIVE or self.number not in account.passkeys:
            return (refused,)
        is_spent = self.world.challenges.get(self._challenge)
        possible = {None: (accepted,), True: (refused,), False: (accepted, refused)}[is_spent]
        if self.asked is None:
            return possible
        return tuple(option for each in possible for option in self.asked.options(account, each))


def passkey_of(user: User, number: int) -> Ceremony:
    """Return one of the passkeys of a user."""
    name = f"{user.user_id[:10]} {number}".encode()
    return phone(number).edited(credential_id=name, user_handle=id_bytes(user.user_id))
