"""The events that the schedule and operators send to rotate_keys, and its calls of Secrets Manager."""

from edge_auth.keys.ring_document import to_secret_json
from tests.support.people import DAY, MADE_AT_SECONDS
from tests.support.sample_events import Event, sample
from tests.support.stack import Stack

GET, PUT = "secrets-manager.GetSecretValue", "secrets-manager.PutSecretValue"
ADVANCE = sample("key-ring-advance")
SHOW = sample("key-ring-show")
REFUSED = {"refused": "the key ring has changed since it was shown"}


def asked(stack: Stack, action: str, **changes: object) -> Event:
    """Return the event of an action on the current ring."""
    event = {**sample(f"key-ring-{action}"), **changes}
    return {**event, "version": stack.key_ring_version} if "version" in event else event


def ring_text(stack: Stack) -> str:
    """Return the text of the ring in the secret, so that two rings can be compared."""
    return to_secret_json(stack.key_ring)


def make_due(stack: Stack) -> None:
    """Move the clock to the time when the next signing key signs and another next key is due."""
    stack.clock.now_ms = (MADE_AT_SECONDS + 30 * DAY) * 1000
