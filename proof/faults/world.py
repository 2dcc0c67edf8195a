"""The people of the grid: two users with sessions, from which each request starts, and a view of all that is stored."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from edge_auth.accounts.identity import Identity
from edge_auth.keys.sealing_key import sealing_keys_from
from tests.support import memory_aws
from tests.support.browser import APP, page_login
from tests.support.memory_tables.tables import Contents
from tests.support.passkey_visitor import PARAMETERS, phone, register, sign_in
from tests.support.people import PASSWORD, ada, bob, key_ring
from tests.support.sample_events import logout_event, with_json
from tests.support.second_factor import CODES, with_app
from tests.support.stack import SEALING_KEY, TABLES, Answer, Function, Stack

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
    """All that is stored, and the time."""

    tables: Contents
    secret: Any
    now_ms: int

    @classmethod
    def of(cls, stack: Stack) -> "Snapshot":
        """Copy what is stored."""
        return cls(stack.tables.contents(), memory_aws.secret_contents(stack.secret_arn), stack.clock.now_ms)

    def restore(self, stack: Stack) -> None:
        """Put it back."""
        stack.tables.restore(self.tables)
        memory_aws.restore_secret(stack.secret_arn, self.secret)
        stack.clock.now_ms = self.now_ms


class State(NamedTuple):
    """What can be compared of two states, although ids, hashes and times differ.

    `living` and `ended` are sessions by their ids, with their generations and the reasons. `told` are the entries of
    the feed. `users` are the parts of users that nothing random changes. `shapes` are the names of the attributes of
    each item, by table, without the counters. `keys` says how many keys the ring has.
    """

    living: dict[str, int]
    ended: dict[str, str]
    told: set[str]
    users: list[dict[str, Any]]
    shapes: set[tuple[str, ...]]
    keys: tuple[int, int]


COMPARED = ("username", "status", "email", "scope", "roles", "email_bounced", "unconfirmed")


def state(stack: Stack) -> State:
    """Return the state of a stack."""
    items = stack.session_items()
    ring = stack.key_ring
    return State(
        {item["session_id"]["S"]: int(item["generation"]["N"]) for item in items if "absolute_expires_at" in item},
        {item["session_id"]["S"]: item["revoked_reason"]["S"] for item in items if "revoked_at" in item},
        stack.published(),
        [
            {name: value for name, value in item.items() if name in COMPARED}
            for item in stack.identity_items()
            if "epoch" in item
        ],
        {
            (table, *sorted(item.keys() - {"published"}))
            for table, name in TABLES.items()
            for item in stack.tables.items(name)
            if table != "ThrottleTable"
        },
        (len(ring.signing), len(ring.mac)),
    )
