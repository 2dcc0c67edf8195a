"""The people of the grid: two users with sessions, from which each request starts, and all that is stored."""

from dataclasses import dataclass, field, replace
from typing import Any

from moto.ses.models import ses_backends

from edge_auth.accounts.identity import Identity
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.sealing_key import sealing_keys_from
from tests.support import memory_aws
from tests.support.browser import APP, page_login
from tests.support.memory_tables.tables import Contents
from tests.support.passkey_visitor import PARAMETERS, phone, register, sign_in
from tests.support.people import PASSWORD, ada, bob, key_ring
from tests.support.sample_events import logout_event, with_json
from tests.support.second_factor import CODES, with_app
from tests.support.stack import SEALING_KEY, Answer, Function, Stack

NEW_PASSWORD = "another fine passphrase"
ACCOUNT, REGION = "123456789012", "us-east-1"  # of moto
BUS = "arn:aws:events:us-east-1:123456789012:event-bus/SecurityEventBus"
EVERYTHING = {
    "SelfRegistration": "true",
    "SecondFactor": "optional",
    "AllowedOrigins": APP,
    "RevocationFeed": "true",
    "SecurityEventBus": BUS,
    "MailIdentity": "example.com",
    **PARAMETERS,
}
SEALING_KEYS = sealing_keys_from(SEALING_KEY)
OWN_CODE, OTHER_CODE, PASSKEY_CODE, ENDED_CODE = CODES[6:]  # the acts use the first ones


def with_address(identity: Identity) -> Identity:
    """Return the user with a confirmed mail address."""
    return replace(identity, email=f"{identity.username}@example.com", email_verified_at_seconds=1_789_000_000)


@dataclass
class World:
    """A stack with two users. ada has an app, recovery codes and a passkey; bob has a password only.

    Each has two sessions, of which these are the tokens, and one that a logout has ended. ada has one by her passkey.
    """

    stack: Stack
    ada: dict[str, str] = field(default_factory=dict)
    ada_other: dict[str, str] = field(default_factory=dict)
    bob: dict[str, str] = field(default_factory=dict)
    bob_other: dict[str, str] = field(default_factory=dict)
    by_passkey: str = ""  # the id of this session
    _warm: dict[str, Function] = field(default_factory=dict)

    def call(self, function: str, event: object, status: int = 200) -> Answer:
        """Call a function of the whole stack, to prepare something. Raises RuntimeError: it has another status."""
        if function not in self._warm:
            self._warm[function] = self.stack.function(function)
        answer = self._warm[function](event)
        if answer.status != status:
            raise RuntimeError(f"{function} could not prepare: {answer}")
        return answer

    def log_in(self, username: str, **shown: str) -> dict[str, str]:
        """Log in, and return the tokens."""
        self.stack.clock.advance(seconds=1)  # so that the sessions have an order
        return self.call("login", with_json("login", {"username": username, "password": PASSWORD, **shown})).json

    def page(self, transport: str = "cookie") -> Answer:
        """Log bob in at a page, or at a site with the transport `session`. Return the answer, which has cookies."""
        return self.call("login", page_login(username="bob", transport=transport))


def populated(stack: Stack) -> World:
    """Return a stack where every feature is on, with both users and their sessions."""
    stack = stack.with_mail(**EVERYTHING)
    stack.make_key_ring(key_ring())
    stack.add_user(with_app(with_address(ada()), SEALING_KEYS), PASSWORD)
    stack.add_user(with_address(bob()), PASSWORD)
    stack.secrets.keep(*CODES)
    world = World(stack)
    world.ada = world.log_in("ada", recovery_code=OWN_CODE)
    world.ada_other = world.log_in("ada", recovery_code=OTHER_CODE)
    world.bob, world.bob_other = world.log_in("bob"), world.log_in("bob")
    registered = world.log_in("ada", recovery_code=PASSKEY_CODE)
    passkeys, passkey_sign_in = stack.function("passkeys"), stack.function("passkey_sign_in")
    answers = [register(passkeys, registered["session_id"], phone()), sign_in(passkey_sign_in, phone())]
    if [answer.status for answer in answers] != [201, 200]:
        raise RuntimeError(f"no passkey: {answers}")
    world.by_passkey = answers[1].json["session_id"]
    for ended in (registered, world.log_in("ada", recovery_code=ENDED_CODE), world.log_in("bob")):
        world.call("logout", logout_event(ended["refresh_token"]), 204)
    stack.forget_attempts()
    return world


@dataclass(frozen=True)
class Snapshot:
    """All that is stored, and the time. No mail was sent."""

    tables: Contents
    secret: Any
    ring: KeyRing
    now_ms: int

    @classmethod
    def of(cls, stack: Stack) -> "Snapshot":
        """Copy what is stored."""
        secret = memory_aws.secret_contents(stack.secret_arn)
        return cls(stack.tables.contents(), secret, stack.key_ring, stack.clock.now_ms)

    def restore(self, stack: Stack) -> None:
        """Put it back."""
        stack.tables.restore(self.tables)
        memory_aws.restore_secret(stack.secret_arn, self.secret)
        stack.clock.now_ms = self.now_ms
        sent_mails().clear()


def sent_mails() -> list[Any]:
    """Return moto's own list of the mails that SES has taken."""
    mails: list[Any] = ses_backends[ACCOUNT][REGION].sent_messages
    return mails
