"""Everything of one history: the product, what the model knows of it, and every token that was ever issued."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from proof.machine.model import (
    ABSENT,
    Access,
    Account,
    Contradiction,
    Session,
    Token,
    User,
    claims_of,
    parts_of,
)
from proof.machine.product import ACCESS_SECONDS, IDLE_SECONDS, Product, Seen
from tests.support.browser import REFRESH_COOKIE, SESSION_COOKIE
from tests.support.sample_events import with_json

BODY, COOKIE, SITE = "body", "cookie", "session"
TRANSPORTS = (BODY, COOKIE, SITE)
RING_SECONDS = 300  # a function may use its copy of the keys for so long
PASSWORD = "a fine long passphrase"
EXPIRY_LEEWAY_SECONDS, ISSUED_LEEWAY_SECONDS = 5, 30


@dataclass
class Withdrawn:
    """Keys that end: until `unsure_ms` what they sign may be taken or refused, and from then on it is refused."""

    since_ms: int
    unsure_ms: int


@dataclass
class World:
    """One history."""

    product: Product
    counts: Counter[str]
    users: list[User] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    access: list[Access] = field(default_factory=list)
    deployed_kids: frozenset[str] = frozenset()
    withdrawn_kids: dict[str, Withdrawn] = field(default_factory=dict)
    ended_mac_keys: dict[str, Withdrawn] = field(default_factory=dict)
    touched: set[Session] = field(default_factory=set)  # in this step
    passkeys: int = 0
    names: int = 0
    _texts: dict[tuple[str, int, str], str] = field(default_factory=dict)

    @property
    def now_ms(self) -> int:
        """The time."""
        return self.product.clock.now_ms

    @property
    def now(self) -> int:
        """The time, in seconds."""
        return self.now_ms // 1000

    @property
    def sessions(self) -> list[Session]:
        """All sessions, the newest first."""
        return [session for user in self.users for session in user.sessions][::-1]

    def create(self) -> User:
        """Let an operator create a user."""
        self.names += 1
        name, made = f"user{self.names}", list[Any]()
        seen = self.product.operate(
            lambda accounts: made.append(
                accounts.create(name, PASSWORD, email=f"{name}@mail.example", is_confirmed=True)
            )
        )
        if seen.status != 1:
            raise Contradiction(f"create: {seen}")
        return self.knows(made[0].user_id, name)

    def register(self) -> User:
        """Let a user register."""
        self.names += 1
        name = f"user{self.names}"
        body = {"username": name, "password": PASSWORD, "email": f"{name}@mail.example"}
        seen = self.product.call("register", with_json("register", body))
        if seen.status != 201:
            raise Contradiction(f"register: {seen}")
        user = self.knows(str(seen.body["user_id"]), name)
        user.is_reachable = False
        return user

    def knows(self, user_id: str, name: str) -> User:
        """Add a user who was created."""
        user = User(user_id, name, frozenset({Account(PASSWORD)}))
        self.users.append(user)
        return user

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
        }
        if {name: claims[name] for name in wanted} != wanted or claims["exp"] - claims["iat"] != ACCESS_SECONDS:
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
        return access is not None and self.product.lets_in(self.product.feed_authorizer, access.text) is not None

    def is_key_good(self, mac_key: str) -> bool | None:
        """Whether refresh tokens under this key are taken. None: perhaps."""
        ended = self.ended_mac_keys.get(mac_key)
        if ended is None or self.now_ms < ended.since_ms:
            return True
        return None if self.now_ms < ended.unsure_ms else False

    def forget_expired(self) -> None:
        """Forget the access tokens that have expired long ago, also for a clock that is set back."""
        self.access = [each for each in self.access if each.expires + 120 > self.now]

    def authorizers(self) -> Iterable[tuple[str, ModuleType]]:
        """Return the authorizers of access tokens, by name."""
        product = self.product
        return (
            ("feed", product.feed_authorizer),
            ("strict", product.strict_authorizer),
            ("two factors", product.factor_authorizer),
        )

    def is_kid_known(self, kid: str) -> bool | None:
        """Whether each authorizer knows this key. None: it may have to wait before it asks the issuer again."""
        return True if kid in self.deployed_kids else None

    @property
    def idle_seconds(self) -> int:
        """The idle timeout of a session with refresh tokens."""
        return IDLE_SECONDS
