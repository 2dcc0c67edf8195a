"""Publish keys: gives an authorizer the current public keys, so that a cold one need not fetch them."""

import json

from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.keys.ring_summary import deployed_jwks
from edge_auth.flows.ports.deployed_keys import DeployedKeys
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.rotation import RotationPolicy


class PublishKeys:
    """The use case."""

    def __init__(self, *, deployed: DeployedKeys, policy: RotationPolicy, clock: Clock, record: Record) -> None:
        """Keep what the use case needs."""
        self._deployed = deployed
        self._policy = policy
        self._clock = clock
        self._record = record

    def __call__(self, ring: KeyRing) -> None:
        """Give an authorizer the keys of this ring, if it lacks one, has one too many, or has another end of one.

        It may be called at any time and any number of times. A deployment may have put older keys back.

        Raises:
            TemporarilyUnavailable: the authorizer could not be read, or is not known to be changed.

        """
        now_seconds = self._clock() // 1000
        wanted = deployed_jwks(ring, now_seconds, self._policy)
        if _serves(self._deployed.read(), wanted, ring, now_seconds):
            return
        self._deployed.write(wanted)
        self._record(SecurityEvent(EventName.KEYS_PUBLISHED))


def _serves(deployed: str, wanted: str, ring: KeyRing, now_seconds: int) -> bool:
    """Whether an authorizer with these keys decides as one with the wanted keys.

    The end of a key without a successor is only a bound that moves with the clock, so any end in the future will do.
    """
    planned = {timed.key.kid: timed.ends_at_seconds for timed in ring.signing if timed.ends_at_seconds is not None}
    held = {kid: end for kid, end in _ends(deployed).items() if end > now_seconds}
    return held.keys() == _ends(wanted).keys() and all(planned.get(kid, end) == end for kid, end in held.items())


def _ends(jwks: str) -> dict[str, int]:
    """Return the end of each key of a set that `deployed_jwks` has written. Any other text has no keys."""
    try:
        return {str(jwk["kid"]): int(jwk["exp"]) for jwk in json.loads(jwks)["keys"]}
    except (ValueError, KeyError, TypeError):
        return {}
