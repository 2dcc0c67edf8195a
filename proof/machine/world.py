"""Everything of one history: the product, what the model knows of it, and every token that was ever issued."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge_auth.errors import TemporarilyUnavailable
from proof.machine.asked import Asked
from proof.machine.authorizers import OPEN, Decision
from proof.machine.deployment import ACCESS_SECONDS
from proof.machine.model import (
    ABSENT,
    Access,
    Contradiction,
    Device,
    Session,
    Token,
    User,
    claims_of,
    parts_of,
)
from proof.machine.product import Product
from proof.machine.seen import Seen
from proof.machine.troubles import Happening
from tests.support.browser import REFRESH_COOKIE, SESSION_COOKIE
from tests.support.outages import Killed

if TYPE_CHECKING:
    from proof.machine.arrivals import Arrival

BODY, COOKIE, SITE = "body", "cookie", "session"
TRANSPORTS = (BODY, COOKIE, SITE)
RING_SECONDS = 5400 + 60  # a function may use its copy of the keys for so long in an outage, and clocks differ
REPLACE_SECONDS = 480  # new keys sign, and old ones end, so long after an emergency that is not at once
NEVER_MS = 2**62
RETRY_MS = 10_000  # an authorizer that could not read the feed tries again within this time
SET_BACK_MS = 31_000  # a clock may be set back by less
PASSWORD = "a fine long passphrase"
EXPIRY_LEEWAY_SECONDS, ISSUED_LEEWAY_SECONDS = 5, 30


@dataclass
class World:
    """One history."""

    product: Product
    counts: Counter[str]
    users: list[User] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    access: list[Access] = field(default_factory=list)
    deployed_kids: frozenset[str] = frozenset()
    withdrawn_kids: dict[str, int] = field(default_factory=dict)  # when the feed has told of it, in ms
    feed_mended_ms: int = 0  # the end of its latest outage
    ended_mac_keys: set[str] = field(default_factory=set)
    keys_unsure_until_ms: int = 0  # functions may have old copies of the key ring until then
    latest_ms: int = 0  # the latest time that the clock has shown
    touched: set[Session] = field(default_factory=set)  # in this step
    resets_asked_ms: list[int] = field(default_factory=list)  # all come from one network address
    devices: list[Device] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)  # the logins that have waited for a second factor
    demands: list[Asked] = field(default_factory=list)  # the logins that have waited for an enrolment
    arrivals: list["Arrival"] = field(default_factory=list)  # the users of the earlier system who have tried to log in
    challenges: dict[str, bool] = field(default_factory=dict)  # of passkeys: whether each is surely spent, or perhaps
    names: int = 0
    _texts: dict[tuple[str, int, str], str] = field(default_factory=dict)

    @property
    def now_ms(self) -> int:
        """The time."""
        return self.product.clock.now_ms

    @contextmanager
    def at(self, ms: int) -> Iterator[None]:
        """Let the model judge as of another time."""
        clock = self.product.clock
        now_ms, clock.now_ms = clock.now_ms, ms
        try:
            yield
        finally:
            clock.now_ms = now_ms

    @property
    def now(self) -> int:
        """The time, in seconds."""
        return self.now_ms // 1000

    @property
    def sessions(self) -> list[Session]:
        """All sessions, the newest first."""
        return [session for user in self.users for session in user.sessions][::-1]

    def new_name(self) -> str:
        """Return a name that nobody has had."""
        self.names += 1
        return f"user{self.names}"

    def refresh_token_in(self, seen: Seen, transport: str) -> str:
        """Return the refresh token or the cookie of an answer, and make sure that it came in no other way."""
        places = {
            BODY: seen.body.get("refresh_token", ABSENT),
            COOKIE: seen.cookies.get(REFRESH_COOKIE, ABSENT),
            SITE: seen.cookies.get(SESSION_COOKIE, ABSENT),
        }
        if {place for place, text in places.items() if text != ABSENT} != {transport}:
            raise Contradiction(f"a token that did not come by {transport}")
        return str(places[transport])

    def keep(self, session: Session, seen: Seen) -> Token:
        """Keep the tokens of an answer, and check what they say (I5, I6)."""
        text = self.refresh_token_in(seen, session.transport)
        parts = parts_of(text)
        token = Token(session, parts.generation, text, parts.mac_key)
        known = self._texts.setdefault((session.session_id, parts.generation, parts.mac_key), text)
        if known != text:
            raise Contradiction("two tokens of one generation")
        if known is text:
            self.tokens.append(token)
        if session.transport != SITE:
            self._keep_access(session, str(seen.body["access_token"]))
        self.touched.add(session)
        return token

    def _keep_access(self, session: Session, text: str) -> None:
        header, claims = claims_of(text)
        wanted = {
            "sub": session.user.user_id,
            "sid": session.session_id,
            "acr": session.acr,
            "auth_time": session.auth_time,
            "exp": min(claims["iat"] + ACCESS_SECONDS, session.absolute_until),
        }
        if {name: claims[name] for name in wanted} != wanted:
            raise Contradiction(f"an access token of another session or login: {claims}, and not {wanted}")
        self.access.append(Access(session, text, claims["iat"], claims["exp"], header["kid"]))

    def newest_access(self, session: Session) -> Access | None:
        """Return the newest access token of a session that has not expired."""
        found = (each for each in reversed(self.access) if each.session is session and self.is_in_time(each))
        return next(found, None)

    def is_in_time(self, access: Access) -> bool:
        """Whether an access token is valid by its times."""
        return access.issued <= self.now + ISSUED_LEEWAY_SECONDS and self.now < access.expires + EXPIRY_LEEWAY_SECONDS

    def lets_in(self, session: Session) -> bool:
        """Whether the authorizer lets the session's newest access token through to a function."""
        access = self.newest_access(session)
        return access is not None and self.product.authorizers.decide(OPEN, access.text) is Decision.LETS_IN

    def is_key_good(self, mac_key: str) -> bool:
        """Whether refresh tokens under this key are taken."""
        return mac_key not in self.ended_mac_keys

    def may_have_lost_key(self, session: Session) -> bool:
        """Whether the MAC key of a session's tokens may have ended: keys are kept as long as sessions can live."""
        return self.now >= session.absolute_until

    def change_ring(self, action: str, happening: Happening | None, **members: bool) -> None:
        """Let an operator change the key ring, who looks at it if the command fails, and runs it again if need be."""
        before = self.product.ring_version
        try:
            self.product.keys(action, happening, **members)
        except (TemporarilyUnavailable, Killed):
            if happening is None or not happening.happened:
                raise
            if self.product.ring_version == before:
                self.product.keys(action, None, **members)

    def replace_keys(self, happening: Happening | None, *, is_at_once: bool, is_end_of_sessions: bool) -> None:
        """Let an operator replace the keys after a leak.

        At once: functions go on with their copies of the ring for some minutes, and nobody promises anything of these
        minutes but what authorizers refuse. So after an end of all sessions these minutes pass here.
        """
        old = self.product.stack.keys
        self.change_ring("replace", happening, at_once=is_at_once, end_sessions=is_end_of_sessions)
        told_ms = self.now_ms if is_at_once else NEVER_MS
        self.withdrawn_kids |= {timed.key.kid: told_ms for timed in old.verifying}
        copies_until_ms = max(self.latest_ms, self.now_ms) + RING_SECONDS * 1000
        if is_at_once:
            self.keys_unsure_until_ms = copies_until_ms
        if is_end_of_sessions:
            self.devices.clear()  # their tokens end, too
            self.ended_mac_keys |= {key_id.hex() for key_id in old.mac_keys}
            planned_ms = self.now_ms + (0 if is_at_once else REPLACE_SECONDS * 1000)
            self.product.clock.now_ms = max(planned_ms, copies_until_ms) + SET_BACK_MS

    @property
    def is_feed_calm(self) -> bool:
        """Whether every authorizer can read the feed, and does not wait after an outage any more."""
        is_waited = self.now_ms > self.feed_mended_ms + RETRY_MS
        return is_waited and not self.product.authorizers.is_feed_down

    def set_back(self, ms: int) -> None:
        """Set every clock back. What has happened is as long ago as before."""
        self.product.clock.now_ms -= ms
        authorizers = self.product.authorizers
        authorizers.set_back_ms += ms
        authorizers.read_ms = {name: at_ms - ms for name, at_ms in authorizers.read_ms.items()}
        self.withdrawn_kids = {kid: at_ms - ms for kid, at_ms in self.withdrawn_kids.items()}
        self.feed_mended_ms -= ms
        for session in self.sessions:
            if session.over_ms is not None:
                session.over_ms -= ms

    def deploy_authorizers(self) -> None:
        """Start all authorizers again, with the public keys of now."""
        self.product.authorizers.deploy()
        self.deployed_kids = frozenset(str(key["kid"]) for key in self.product.stack.keys.jwks()["keys"])

    def forget_expired(self) -> None:
        """Forget the access tokens that have expired long ago, also for a clock that is set back."""
        self.access = [each for each in self.access if each.expires + 120 > self.now]

    def is_kid_known(self, kid: str) -> bool | None:
        """Whether each authorizer knows this key. None: it may have to wait before it asks the issuer again."""
        return True if kid in self.deployed_kids else None
