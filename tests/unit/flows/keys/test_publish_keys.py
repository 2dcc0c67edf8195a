"""Publish keys: when the authorizer gets the current public keys, and when it is left alone."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.keys.publish_keys import PublishKeys
from edge_auth.flows.keys.ring_summary import deployed_jwks
from edge_auth.keys import rotation
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.rotation import RotationPolicy
from tests.support.access_tokens import NOW
from tests.support.deployment import Clock
from tests.support.rings import DAY, cheap_keys

POLICY = RotationPolicy("ES256", period_seconds=30 * DAY, publish_seconds=DAY, mac_token_seconds=14 * DAY)
HOUR = 3600


@dataclass
class Authorizer:
    """The environment of an authorizer."""

    jwks: str = ""
    writes: int = 0

    def read(self) -> str:
        """Return its keys."""
        return self.jwks

    def write(self, jwks: str) -> None:
        """Keep these keys."""
        self.jwks = jwks
        self.writes += 1


@dataclass
class Publication:
    """The use case with one authorizer, and a ring that changes."""

    authorizer: Authorizer = field(default_factory=Authorizer)
    clock: Clock = field(default_factory=Clock)
    events: list[SecurityEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Deploy an authorizer with the keys of a new ring."""
        self.make = cheap_keys()
        self.ring = rotation.first_ring(now_seconds=self.now, policy=POLICY, make=self.make)
        self.authorizer.jwks = self.current

    @property
    def now(self) -> int:
        """The time, in seconds."""
        return self.clock.now_ms // 1000

    @property
    def current(self) -> str:
        """The keys that a deployment would give now."""
        return deployed_jwks(self.ring, self.now, POLICY)

    def change(self, act: Callable[..., KeyRing], **options: object) -> None:
        """Change the ring."""
        self.ring = act(self.ring, now_seconds=self.now, policy=POLICY, make=self.make, **options)

    def run(self, after_seconds: int = 0) -> int:
        """Let the hourly run come, and return how often it wrote."""
        self.clock.now_ms += after_seconds * 1000
        before = self.authorizer.writes
        publish = PublishKeys(deployed=self.authorizer, policy=POLICY, clock=self.clock, record=self.events.append)
        publish(self.ring)
        return self.authorizer.writes - before


@pytest.fixture
def publication() -> Publication:
    """Return an authorizer that was just deployed."""
    return Publication()


def test_an_authorizer_with_the_current_keys_is_left_alone(publication: Publication) -> None:
    """A write starts every authorizer again, so a month of hourly runs without a change writes nothing."""
    assert sum(publication.run(after_seconds=HOUR) for _ in range(24 * 29)) == 0
    assert publication.events == []


def test_a_new_key_is_published_at_the_next_run(publication: Publication) -> None:
    """K3: that is hours before it signs. The authorizer also gets the planned end of the key before it."""
    publication.clock.now_ms += 30 * DAY * 1000
    publication.change(rotation.advance)

    assert [publication.run(), publication.run(after_seconds=HOUR)] == [1, 0]
    ends = {jwk["kid"]: jwk["exp"] for jwk in json.loads(publication.authorizer.jwks)["keys"]}
    assert [ends[timed.key.kid] for timed in publication.ring.signing[:2]] == [
        timed.ends_at_seconds for timed in publication.ring.signing[:2]
    ]
    assert len(ends) == 3
    assert [event.name for event in publication.events] == [EventName.KEYS_PUBLISHED]


def test_a_key_that_has_ended_needs_no_write(publication: Publication) -> None:
    """The authorizer knows its end."""
    publication.clock.now_ms += 30 * DAY * 1000
    publication.change(rotation.advance)
    publication.run()
    publication.clock.now_ms += DAY * 1000
    publication.change(rotation.advance)

    assert len(publication.ring.signing) == 2
    assert publication.run() == 0


@pytest.mark.parametrize("after_seconds", [rotation.AT_ONCE, 480])
def test_a_key_that_is_withdrawn_is_withdrawn_from_the_authorizer(publication: Publication, after_seconds: int) -> None:
    """F15: also if `keys replace` was interrupted before it updated the stack."""
    leaked = {timed.key.kid for timed in publication.ring.signing}
    publication.change(rotation.replace_all, after_seconds=after_seconds)

    assert publication.run() == 1
    held = {jwk["kid"]: jwk["exp"] for jwk in json.loads(publication.authorizer.jwks)["keys"]}
    assert all(held.get(kid, 0) <= publication.now + after_seconds for kid in leaked)
    assert publication.run(after_seconds=HOUR) == 0


@pytest.mark.parametrize(("ends_in", "writes"), [(0, 0), (1, 1)])
def test_a_key_that_the_authorizer_has_beside_the_others_goes_unless_it_has_ended(
    publication: Publication, ends_in: int, writes: int
) -> None:
    """A key ends at the second of its end, and from then on it verifies nothing."""
    document = json.loads(publication.authorizer.jwks)
    document["keys"].append({"kid": "another", "exp": publication.now + ends_in})
    publication.authorizer.jwks = json.dumps(document)

    assert publication.run() == writes


def test_another_end_of_a_key_is_corrected(publication: Publication) -> None:
    """Its planned end is known, and an authorizer must not believe it for longer."""
    publication.clock.now_ms += 30 * DAY * 1000
    publication.change(rotation.advance)
    publication.run()
    document = json.loads(publication.authorizer.jwks)
    planned = next(timed for timed in publication.ring.signing if timed.ends_at_seconds is not None)
    held = next(jwk for jwk in document["keys"] if jwk["kid"] == planned.key.kid)
    held["exp"] += 1
    publication.authorizer.jwks = json.dumps(document)

    assert publication.run() == 1
    assert publication.authorizer.jwks == publication.current


def test_older_keys_that_a_deployment_put_back_do_not_stay(publication: Publication) -> None:
    """CloudFormation writes the whole environment when it changes the authorizer."""
    older = publication.authorizer.jwks
    publication.change(rotation.replace_all, after_seconds=rotation.AT_ONCE)
    publication.run()
    publication.authorizer.jwks = older

    assert publication.run() == 1
    assert publication.authorizer.jwks == publication.current


def test_a_key_whose_bound_has_passed_gets_a_new_one(publication: Publication) -> None:
    """A schedule that stood still for a month leaves an authorizer without a living key."""
    publication.clock.now_ms += 31 * DAY * 1000

    assert publication.run() == 1
    assert publication.authorizer.jwks == publication.current


@pytest.mark.parametrize("damaged", ["", "{}", "[]", '{"keys":[{}]}', '{"keys":[{"kid":"x","exp":null}]}', "\x00"])
def test_damaged_keys_are_replaced(publication: Publication, damaged: str) -> None:
    """The ring is right, and any other text in its place is wrong."""
    publication.authorizer.jwks = damaged

    assert publication.run() == 1
    assert publication.authorizer.jwks == publication.current


def test_as_many_keys_as_fit_are_enough(publication: Publication) -> None:
    """A ring with more keys than fit into an environment is not written every hour."""
    many = [replace(publication.ring.signing[0], ends_at_seconds=NOW + DAY + n) for n in range(40)]
    made = [replace(timed, key=publication.make.signing_key("ES256")) for timed in many]
    publication.ring = replace(publication.ring, signing=(*made, *publication.ring.signing))

    assert [publication.run(), publication.run()] == [1, 0]
