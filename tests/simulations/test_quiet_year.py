"""A year of a quiet API: every call meets a cold authorizer, and nothing is deployed.

The schedule is off for hours at times, and at times the authorizer gets the keys of the first day again.
"""

import json
import random
from collections import Counter
from dataclasses import dataclass, field

from edge_auth.authorizer.issuer_keys import IssuerKeys
from edge_auth.errors import InvalidToken
from edge_auth.flows.keys.publish_keys import PublishKeys
from edge_auth.flows.keys.ring_summary import deployed_jwks
from edge_auth.flows.keys.rotate_keys import RotateKeys
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.rotation import RotationPolicy
from edge_auth.tokens import access_token as access
from edge_auth.tokens.verifier import Verifier, keys_from_jwks
from tests.simulations.rotation_year import HOUR, key_pool
from tests.support.access_tokens import AUDIENCE, ISSUER, claims_at
from tests.support.deployment import IDLE_SECONDS, Clock
from tests.support.fakes.stores import MemoryKeyRingStore
from tests.support.rings import DAY

POLICY = RotationPolicy("ES256", period_seconds=30 * DAY, publish_seconds=DAY, mac_token_seconds=IDLE_SECONDS)
CALLS_A_DAY = 4


@dataclass
class QuietApi:
    """The stack: its key ring, the environment of its authorizer, and what happened to its callers' tokens."""

    chance: random.Random
    publishes: bool
    jwks: str = ""
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Deploy the stack."""
        self.clock = Clock()
        self.rotate_keys = RotateKeys(
            store=MemoryKeyRingStore(),
            revocations=None,
            policy=POLICY,
            make=key_pool(),
            clock=self.clock,
            record=lambda _event: None,
        )
        self.publish = PublishKeys(deployed=self, policy=POLICY, clock=self.clock, record=lambda _event: None)
        self.rotate_keys.advance()
        self.jwks = deployed_jwks(self.ring, self.now, POLICY)

    @property
    def now(self) -> int:
        """The time, in seconds."""
        return self.clock.now_ms // 1000

    @property
    def ring(self) -> KeyRing:
        """The key ring."""
        return self.rotate_keys.show().ring

    def read(self) -> str:
        """Return the authorizer's keys."""
        return self.jwks

    def write(self, jwks: str) -> None:
        """Give the authorizer other keys."""
        self.counts["publications"] += 1
        self.jwks = jwks

    def download(self, _address: str) -> str:
        """Fetch the public keys from the issuer."""
        self.counts["fetches"] += 1
        return json.dumps(self.ring.at(self.now).jwks())

    def call(self) -> None:
        """Call a protected route with a token of this moment. The authorizer is cold."""
        self.counts["calls"] += 1
        deployed = Verifier(keys_from_jwks(self.jwks), audience=AUDIENCE)
        keys = IssuerKeys(deployed, audience=AUDIENCE, download=self.download)
        token = access.issue(claims_at(self.now), self.ring.at(self.now).signing)
        try:
            keys.verify(token, issuer=ISSUER, may_ask=lambda: True, now_seconds=self.now)
        except InvalidToken:
            self.counts["refused"] += 1

    def live(self, days: int) -> None:
        """Let days pass, hour by hour."""
        off_until, first = 0, self.jwks
        for hour in range(days * 24):
            self.clock.advance(seconds=HOUR)
            if hour % (20 * 24) == 0:  # every twenty days the schedule is off for up to half a day
                off_until = self.now + self.chance.randint(1, 12) * HOUR
            if hour % (45 * 24) == 0 and self.publishes:  # worse than a deployment, which asks for the keys of now
                self.jwks = first
            if self.now >= off_until:
                self.rotate_keys.advance()
                if self.publishes:
                    self.publish(self.ring)
            if self.chance.random() < CALLS_A_DAY / 24:
                self.call()


def test_a_cold_authorizer_of_a_quiet_api_refuses_no_good_token_and_seldom_asks() -> None:
    """K3, Z13: with the keys that the hourly run gives it, a cold authorizer makes no call for almost every token."""
    api = QuietApi(random.Random(365), publishes=True)  # noqa: S311 - a simulation, the same in every run

    api.live(365)

    assert api.counts["calls"] > 1000
    assert api.counts["refused"] == 0
    assert api.counts["publications"] < 40
    assert api.counts["fetches"] < api.counts["calls"] / 100


def test_without_publication_most_cold_authorizers_of_a_year_have_to_ask() -> None:
    """The simulation notices when the keys get old."""
    api = QuietApi(random.Random(365), publishes=False)  # noqa: S311 - a simulation, the same in every run

    api.live(365)

    assert api.counts["refused"] == 0
    assert api.counts["fetches"] > api.counts["calls"] * 0.9
