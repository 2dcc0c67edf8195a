"""A simulation of a deployment whose keys rotate: its clock, machines, caches, outages and users.

The writer, the readers, the flows and the verifiers are the real ones, with stores in memory. The scheduler runs late,
runs twice, loses races, or is off for hours. Secrets Manager and the endpoint of the key set are down at times.
"""

import heapq
import json
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import EndpointConnectionError
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.authorizer.issuer_keys import IssuerKeys
from edge_auth.errors import AuthError, InvalidGrant, InvalidToken, TemporarilyUnavailable
from edge_auth.flows.grant import AccessTokenPolicy, TokenGrant
from edge_auth.flows.keys.ring_summary import deployed_jwks
from edge_auth.flows.keys.rotate_keys import RotateKeys
from edge_auth.flows.ports.key_ring import StoredRing
from edge_auth.keys import signing_key
from edge_auth.keys.jwk import header_segment
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.maker import KeyMaker
from edge_auth.keys.ring import KeyRing, TimedKey
from edge_auth.keys.ring_document import to_secret_json
from edge_auth.keys.rotation import RotationPolicy
from edge_auth.keys.signing_key import SigningKey
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS, JWKS_MAX_AGE_SECONDS
from edge_auth.tokens import access_token as access
from edge_auth.tokens import refresh_token as refresh
from edge_auth.tokens.verifier import UnknownKey, Verifier, keys_from_jwks
from tests.support.access_tokens import AUDIENCE, ISSUER, NOW, claims_at, key, signed_token
from tests.support.deployment import IDLE_SECONDS, PASSWORD, USERNAME, Deployment
from tests.support.fakes.stores import MemoryKeyRingStore
from tests.support.rings import DAY

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from edge_auth.flows.ports.key_ring import KeyRingSource

MINUTE, HOUR = 60, 3600
ACCESS = AccessTokenPolicy(issuer=ISSUER, audience=AUDIENCE, ttl_seconds=HOUR)
EXTERNAL_CACHE_SECONDS = 2 * HOUR
SOURCE = "198.51.100.7"
COLD_START = 0.3  # of all calls: the authorizer forgets its fetched keys
RESTART = 0.02  # of all calls: the machine forgets the ring
AROUND_A_CHANGE = (-400, -60, -2, -1, 0, 1, 2, 60, 400)


@cache
def _rsa_key(number: int) -> SigningKey:
    """Return an RSA key of the smallest size that is verified. Our own size takes half a second for each key."""
    del number
    return SigningKey("RS256", signing_key._rsa_jwk(generate_private_key(65537, 2048).private_numbers()))


def key_pool() -> KeyMaker:
    """Return a maker of real keys. It reuses slow keys in the next simulation."""
    signing, mac = count(), count(1)
    return KeyMaker(
        signing_key=lambda alg: _rsa_key(next(signing)) if alg == "RS256" else key(alg, f"year {next(signing)}"),
        mac_key=lambda: MacKey((number := next(mac)).to_bytes(5), number.to_bytes(32)),
    )


class Secrets:
    """A machine's connection to Secrets Manager: the part of the client that a reader uses, and its outages."""

    def __init__(self, year: "Year") -> None:
        """Begin with a working connection."""
        self._year = year
        self.down_until = 0

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803 - as boto3 has it
        """Return the ring as the secret holds it."""
        if self._year.now < self.down_until:
            self._year.counts["reads in an outage"] += 1
            raise EndpointConnectionError(endpoint_url=SecretId)
        return {"SecretString": self._year.secret_text(), "VersionId": self._year.stored().version}


class Machine:
    """A function that reads the ring: login, refresh, or the endpoint of the key set."""

    def __init__(self, year: "Year") -> None:
        """Start the machine."""
        self._year = year
        self.line = Secrets(year)
        self.start()

    def start(self) -> None:
        """Start the machine again, without a copy of the ring."""
        client = cast("SecretsManagerClient", self.line)
        self.ring = SecretKeyRing(client, secret_id="ring", clock=self._year.deployment.clock)


class HttpCache:
    """A cache between the key set's endpoint and some verifiers, and the endpoint's outages."""

    def __init__(self, year: "Year") -> None:
        """Begin without a document."""
        self._year = year
        self._text = ""
        self._fetched_at = -JWKS_MAX_AGE_SECONDS

    def get(self, _address: str = "") -> str:
        """Return the document. It is at most one minute old. Raises OSError."""
        if self._year.now >= self._fetched_at + JWKS_MAX_AGE_SECONDS:
            if self._year.now < self._year.endpoint_down_until:
                raise OSError("injected")
            try:
                self._text = json.dumps(self._year.endpoint.ring.load().jwks())
            except TemporarilyUnavailable:
                raise OSError("no key ring") from None
            self._fetched_at = self._year.now
        return self._text


class Authorizer:
    """The real authorizer, with the keys of the day of its deployment."""

    def __init__(self, year: "Year") -> None:
        """Deploy the authorizer."""
        self._year = year
        self._cache = HttpCache(year)
        self.deploy()

    def deploy(self) -> None:
        """Give the authorizer the current keys."""
        self._deployed = deployed_jwks(self._year.stored().ring, self._year.now, self._year.policy)
        self.start()

    def start(self) -> None:
        """Start the authorizer cold: it forgets its fetched keys."""
        self.failed_at = -HOUR
        deployed = Verifier(keys_from_jwks(self._deployed), audience=AUDIENCE)
        self._keys = IssuerKeys(deployed, audience=AUDIENCE, download=self._download)

    def verify(self, token: str) -> None:
        """Verify a token. Raises InvalidToken."""
        self._keys.verify(token, issuer=ISSUER, may_ask=lambda: True, now_seconds=self._year.now)

    def is_waiting(self) -> bool:
        """Return whether the authorizer failed to ask the issuer in the last minute."""
        return self._year.now < self.failed_at + MINUTE

    def _download(self, address: str) -> str:
        try:
            return self._cache.get(address)
        except OSError:
            self.failed_at = self._year.now
            raise


class External:
    """An external verifier. It keeps the key set for two hours and never asks earlier for an unknown key."""

    def __init__(self, year: "Year", phase: int) -> None:
        """Begin with the current key set."""
        self._year = year
        self._cache = HttpCache(year)
        self._verifier = Verifier(keys_from_jwks(self._cache.get()), audience=AUDIENCE)
        self._fetched_at = year.now - phase

    def verify(self, token: str) -> None:
        """Verify a token. Raises InvalidToken."""
        if self._year.now >= self._fetched_at + EXTERNAL_CACHE_SECONDS:
            with suppress(OSError):  # the next token tries again
                self._verifier = Verifier(keys_from_jwks(self._cache.get()), audience=AUDIENCE)
                self._fetched_at = self._year.now
        self._verifier.verify(token, issuer=ISSUER, now_seconds=self._year.now)


@dataclass
class Client:
    """A user's browser."""

    granted: TokenGrant | None = None
    session_ends_at: int = 0


@dataclass(frozen=True)
class Change:
    """Another key begins to sign access tokens."""

    day: int
    alg: str
    kid: str


class RacedStore(MemoryKeyRingStore):
    """A store in which another writer may come first."""

    def __init__(self) -> None:
        """Begin without a ring."""
        super().__init__()
        self.before_write: Callable[[], object] | None = None

    def write(self, ring: KeyRing, *, after: str | None) -> StoredRing:
        """Let the other writer act first, then keep the ring."""
        other, self.before_write = self.before_write, None
        if other is not None:
            other()
        return super().write(ring, after=after)


@dataclass
class Year:
    """The deployment, and what happens to its tokens."""

    deployment: Deployment
    policy: RotationPolicy
    chance: random.Random
    machines: int = 3
    has_externals: bool = True
    has_outages: bool = True
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    accepted_after_their_end: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Create the stack: the ring, the machines that read it, and the authorizers."""
        self.now = NOW
        self.endpoint_down_until = 0
        self.writer_off_until = 0
        self.store = RacedStore()
        self.make = key_pool()
        self._texts: dict[str, str] = {}
        self._queue: list[tuple[int, int, Callable[[], object]]] = []
        self._order = count()
        self._expected: set[int] = set()
        self.seen: dict[str, TimedKey[SigningKey]] = {}
        self.seen_mac: dict[bytes, TimedKey[MacKey]] = {}
        self.deployment.clock.now_ms = self.now * 1000
        self.rotate_keys.advance()
        self.note_ring()
        self.readers = [Machine(self) for _ in range(self.machines)]
        self.endpoint = Machine(self)
        self.authorizers = [Authorizer(self) for _ in range(3)]
        phases = (0, 2500, 5000) if self.has_externals else ()
        self.externals = [External(self, phase) for phase in phases]
        self.clients = [Client() for _ in range(6)]

    @property
    def rotate_keys(self) -> RotateKeys:
        """The writer."""
        return RotateKeys(
            store=self.store,
            revocations=None,
            policy=self.policy,
            make=self.make,
            clock=self.deployment.clock,
            record=self.deployment.events.append,
        )

    def stored(self) -> StoredRing:
        """Return the stored ring."""
        stored = self.store.read()
        assert stored is not None
        return stored

    def secret_text(self) -> str:
        """Return the ring as the secret holds it."""
        stored = self.stored()
        if stored.version not in self._texts:
            self._texts = {stored.version: to_secret_json(stored.ring)}
        return self._texts[stored.version]

    # --- time ---

    def at(self, seconds: int, act: Callable[[], object]) -> None:
        """Call this function at that time, or now if the time has passed."""
        heapq.heappush(self._queue, (max(seconds, self.now), next(self._order), act))

    def every(self, seconds: Callable[[], int], act: Callable[[], object]) -> None:
        """Call this function repeatedly."""

        def again() -> None:
            act()
            self.at(self.now + seconds(), again)

        self.at(self.now + seconds(), again)

    def run(self, days: int) -> None:
        """Let days pass."""
        self.run_seconds(days * DAY)

    def run_seconds(self, seconds: int) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self._queue and self._queue[0][0] <= end:
            self.now, _, act = heapq.heappop(self._queue)
            self.deployment.clock.now_ms = self.now * 1000
            act()
        self.now = end
        self.deployment.clock.now_ms = end * 1000

    def live(self) -> None:
        """Let the schedule run, let users come and go, and cause outages."""
        between = self.chance.randint
        self.every(lambda: HOUR - self.now % HOUR + between(0, 50 * MINUTE), self.schedule)
        for client in self.clients[:-1]:
            self.every(self.pause, partial(self.act, client))
        self.every(lambda: IDLE_SECONDS - 1, partial(self.act, self.clients[-1]))  # always the last second
        self.every(lambda: DAY, self.forge)
        self.every(lambda: between(60, 90) * DAY, self.authorizers[1].deploy)
        self.every(lambda: 7 * DAY, self.authorizers[2].deploy)
        if self.has_outages:
            for machine in (*self.readers, self.endpoint):
                self.every(lambda: between(1, 3 * 24) * HOUR, partial(self.cut, machine))
            self.every(lambda: between(1, 10 * 24) * HOUR, self.break_endpoint)
            self.every(lambda: between(5, 30) * DAY, self.stop_writer)

    def pause(self) -> int:
        """Return how long a user stays away: mostly minutes, and sometimes almost the idle timeout."""
        kind = self.chance.random()
        longest = HOUR if kind < 0.4 else 12 * HOUR if kind < 0.8 else 5 * DAY if kind < 0.95 else IDLE_SECONDS - 1
        return self.chance.randint(longest // 6 if kind < 0.95 else longest, longest)

    # --- outages ---

    def cut(self, machine: Machine) -> None:
        """Disconnect a machine from Secrets Manager for at most one hour."""
        machine.line.down_until = self.now + self.chance.randint(MINUTE, HOUR)

    def break_endpoint(self) -> None:
        """Let the endpoint fail for some minutes."""
        self.endpoint_down_until = self.now + self.chance.randint(10, 20 * MINUTE)

    def stop_writer(self) -> None:
        """Stop the schedule for some hours."""
        self.writer_off_until = self.now + self.chance.randint(1, 12) * HOUR

    # --- the writer ---

    def schedule(self) -> None:
        """Advance the ring: on time, late, twice, or in a race."""
        if self.now < self.writer_off_until:
            self.counts["schedule off"] += 1
            return
        if self.chance.random() < 0.2:
            self.store.before_write = self.rotate_keys.advance
        self.rotate_keys.advance()
        self.store.before_write = None
        if self.chance.random() < 0.1:
            before = self.store.read()
            self.rotate_keys.advance()
            assert self.store.read() == before
        self.note_ring()

    def rotate(self) -> None:
        """Let an operator rotate, with the version that the operator was shown."""
        self.rotate_keys.rotate(self.stored().version)
        self.note_ring()

    def switch(self, alg: str) -> None:
        """Update the stack to another algorithm."""
        self.policy = replace(self.policy, alg=alg)
        self.rotate_keys.advance()
        self.note_ring()

    def note_ring(self) -> None:
        """Remember every key, and let half of the users act around each change."""
        ring = self.stored().ring
        self.seen.update({timed.key.kid: timed for timed in ring.signing})
        self.seen_mac.update({timed.key.key_id: timed for timed in ring.mac})
        keys: list[TimedKey[Any]] = [*ring.signing, *ring.mac]
        for timed in keys:
            for instant in (timed.signs_from_seconds, timed.ends_at_seconds):
                if instant is not None and self.now <= instant <= self.now + 2 * DAY and instant not in self._expected:
                    self._expected.add(instant)
                    self.at(instant, self.note_change)
                    for offset in AROUND_A_CHANGE if self.now > NOW else ():
                        self.at(instant + offset, partial(self.act, self.chance.choice(self.clients[::2])))

    def note_change(self) -> None:
        """Record which key signs from now on."""
        signing = self.stored().ring.at(self.now).signing
        if not self.changes or self.changes[-1].kid != signing.kid:
            self.changes.append(Change((self.now - NOW) // DAY, signing.alg, signing.kid))

    def replace_all(self) -> tuple[list[SigningKey], int]:
        """Let an operator replace every key. Return the keys that end, and when they end."""
        ended = [timed.key for timed in self.stored().ring.at(self.now).verifying]
        stored = self.rotate_keys.replace_all(self.stored().version, at_once=False, end_sessions=False)
        self.note_ring()
        return ended, stored.ring.signing[-1].signs_from_seconds

    # --- users ---

    def act(self, client: Client) -> None:
        """Log in or refresh at a machine that has keys, and use the access token during its lifetime."""
        for machine in self.chance.sample(self.readers, len(self.readers)):
            if self.chance.random() < RESTART:
                machine.start()
            try:
                granted = self.granted(client, machine.ring)
            except TemporarilyUnavailable:
                self.counts["503"] += 1
                continue
            except InvalidGrant as error:
                self.refused.append(f"refresh token on day {(self.now - NOW) / DAY:.4f}: {error.detail}")
                client.granted = None
                return
            client.granted = granted
            client.session_ends_at = self.now + granted.refresh_expires_in_seconds
            expires_at = self.now + granted.expires_in_seconds
            last = expires_at + EXPIRY_LEEWAY_SECONDS - 1
            for instant in (self.now, self.chance.randint(self.now, expires_at), last):
                self.at(instant, partial(self.use, granted.access_token, last))
            return

    def granted(self, client: Client, ring: "KeyRingSource") -> TokenGrant:
        """Refresh, or log in if the session has ended."""
        if client.granted is None or self.now >= client.session_ends_at:
            self.counts["logins"] += 1
            return self.deployment.with_key_ring(ring).login(USERNAME, PASSWORD, ACCESS, address=SOURCE)
        self.counts["refreshes"] += 1
        return self.deployment.with_key_ring(ring).refresh(client.granted.refresh_token, ACCESS)

    def use(self, token: str, last: int) -> None:
        """Call with an access token at some verifiers."""
        authorizer = self.chance.choice(self.authorizers)
        if self.chance.random() < COLD_START:
            authorizer.start()
        self.call(authorizer, token, last)
        if self.externals:
            self.call(self.chance.choice(self.externals), token, last)

    def call(self, verifier: Authorizer | External, token: str, last: int) -> None:
        """Call with an access token. If the authorizer could not ask for a key, call again after one minute."""
        self.counts["calls"] += 1
        try:
            verifier.verify(token)
        except InvalidToken as error:
            kid = error.kid if isinstance(error, UnknownKey) else ""
            if isinstance(verifier, Authorizer) and verifier.is_waiting():
                self.counts["refused until the endpoint answers"] += 1
                if self.now + MINUTE + 1 <= last:
                    self.at(self.now + MINUTE + 1, lambda: self.call(verifier, token, last))
            elif not self.was_replaced(kid):
                name = type(verifier).__name__
                self.refused.append(f"access token on day {(self.now - NOW) / DAY:.4f} by {name}: {error.detail}")
            else:
                self.counts["replaced"] += 1

    def was_replaced(self, kid: str) -> bool:
        """Return whether an operator ended this key and its end has come."""
        timed = self.seen.get(kid)
        return timed is not None and timed.is_final and timed.has_ended(self.now)

    # --- attackers ---

    def forge(self) -> None:
        """Try some keys that have ended, at every machine and every authorizer."""
        ended = [timed for timed in self.seen.values() if timed.has_ended(self.now)]
        for timed in self.chance.sample(ended, min(2, len(ended))):
            self.forge_with(timed.key)
        ended_mac = [timed for timed in self.seen_mac.values() if timed.has_ended(self.now)]
        for timed_mac in self.chance.sample(ended_mac, min(2, len(ended_mac))):
            self.forge_refresh(timed_mac.key)

    def forge_with(self, pair: SigningKey) -> None:
        """Use a new access token under an old key. Some authorizers restart first."""
        kid, token = pair.kid, access.issue(claims_at(self.now), pair)
        for machine in (*self.readers, self.endpoint):
            try:
                known = Verifier(keys_from_jwks(json.dumps(machine.ring.load().jwks())), audience=AUDIENCE)
                known.verify(token, issuer=ISSUER, now_seconds=self.now)
            except AuthError:
                self.counts["forgeries refused"] += 1
            else:
                self.accepted_after_their_end.append(f"{kid} by a copy of the ring")
        for authorizer in self.authorizers:
            if self.chance.random() < COLD_START:
                authorizer.start()
            try:
                authorizer.verify(token)
            except InvalidToken:
                self.counts["forgeries refused"] += 1
            else:
                self.accepted_after_their_end.append(f"{kid} by an authorizer")

    def probe(self) -> None:
        """Call each authorizer with the id of a key that it may not know yet, and with an id that never existed."""
        thief = key("ES256", "thief")
        newest = self.stored().ring.signing[-1].key
        for header in (header_segment(newest.alg, newest.kid), header_segment("ES256", f"{self.now:043}")):
            forged = signed_token(claims_at(self.now).payload(), signed_by=thief, header=header)
            for authorizer in self.authorizers:
                try:
                    authorizer.verify(forged)
                except InvalidToken:
                    self.counts["forgeries refused"] += 1
                else:
                    self.accepted_after_their_end.append("a thief's token")

    def forge_refresh(self, mac_key: MacKey) -> None:
        """Write the refresh token of a living session under an old key."""
        for client in self.clients:
            if client.granted is None or self.now >= client.session_ends_at:
                continue
            keys = {key_id: timed.key for key_id, timed in self.seen_mac.items()}
            forged = refresh.mint(refresh.parse(client.granted.refresh_token, keys), mac_key)
            for machine in self.readers:
                try:
                    refresh.parse(forged, machine.ring.load().mac_keys)
                except AuthError:
                    self.counts["forgeries refused"] += 1
                else:
                    self.accepted_after_their_end.append(f"{mac_key.key_id.hex()} by refresh")
