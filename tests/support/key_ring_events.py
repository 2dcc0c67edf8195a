"""What rotate_keys is sent by its schedule and by operators, and what it does to the secret."""

from edge_auth.keys.ring_document import to_secret_json
from tests.support.people import DAY, MADE_AT_SECONDS
from tests.support.sample_events import Event, sample
from tests.support.stack import Stack

GET, PUT = "secrets-manager.GetSecretValue", "secrets-manager.PutSecretValue"
ADVANCE = sample("key-ring-advance")
SHOW = sample("key-ring-show")
REFUSED = {"refused": "the key ring has changed since it was shown"}


def asked(stack: Stack, action: str, **changes: object) -> Event:
    """Return the event of an action on the ring as it is."""
    event = {**sample(f"key-ring-{action}"), **changes}
    return {**event, "version": stack.key_ring_version} if "version" in event else event


def ring_text(stack: Stack) -> str:
    """Return the ring in the secret, so that two can be compared."""
    return to_secret_json(stack.key_ring)


def make_due(stack: Stack) -> None:
    """Let the time come at which the next signing key signs, and another one has to be planned."""
    stack.clock.now_ms = (MADE_AT_SECONDS + 30 * DAY) * 1000
