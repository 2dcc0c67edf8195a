"""What each authorizer may decide of an access token, whatever happened before.

An authorizer that can read the feed refuses a token within RevocationSeconds of the answer to the end of its session.
While it cannot, it goes on with what it knows. Then `OPEN` lets in what is not known to have ended, and `CLOSED` cannot
decide when its copy is older than that.
"""

from proof.machine.authorizers import CLOSED, DEPLOYED, FACTORS, OPEN, Decision
from proof.machine.deployment import REVOCATION_SECONDS
from proof.machine.model import LEVELS, TWO_FACTORS, Access, Contradiction
from proof.machine.world import World

BOUND_MS = REVOCATION_SECONDS * 1000

LETS_IN, REFUSES, CANNOT_DECIDE = (frozenset({each}) for each in Decision)
EITHER = LETS_IN | REFUSES


def check_access(world: World, access: Access) -> None:
    """Let each authorizer decide. Raises Contradiction."""
    for name in DEPLOYED:
        world.counts["decisions"] += 1
        may, reason = _may(world, access, name)
        decision = world.product.authorizers.decide(name, access.text)
        if decision not in may:
            raise Contradiction(f"the authorizer {name} {decision.value} a token: {reason}")
        if decision is Decision.CANNOT_DECIDE:
            world.counts["decisions that an outage prevents"] += 1


def _may(world: World, access: Access, name: str) -> tuple[frozenset[Decision], str]:
    """Return what the authorizer may decide, and the reason."""
    if not world.is_in_time(access):
        return REFUSES, "it has expired"
    if access.kid in world.withdrawn_kids:  # only the feed tells of keys
        is_told = name in {OPEN, CLOSED}
        return (_of_ended(world, name, world.withdrawn_kids[access.kid]) if is_told else EITHER), "its key is withdrawn"
    if name == FACTORS and LEVELS.index(access.session.acr) < LEVELS.index(TWO_FACTORS):
        return REFUSES, "its login had one factor"
    if name in {OPEN, CLOSED}:
        return _by_feed(world, access, name)
    lines = access.session.may
    if all(line.ended for line in lines):
        return REFUSES, "its session has ended"
    if any(line.ended for line in lines):
        return EITHER, "nobody knows whether its session has ended"
    return _of_living(world, access), "its session lives"


def _by_feed(world: World, access: Access, name: str) -> tuple[frozenset[Decision], str]:
    session = access.session
    if session.over_ms is not None and all(line.ended and line.told for line in session.may):
        return _of_ended(world, name, session.over_ms), "its session has ended"
    if any(line.told or line.ended for line in session.may):
        return EITHER | _without_feed(world, name), "nobody knows whether its session has ended"
    living = _of_living(world, access)
    if world.is_feed_calm or name == OPEN:
        return living, "its session lives"
    is_copy_old = world.now_ms - world.product.authorizers.read_ms[name] > BOUND_MS
    if is_copy_old and world.product.authorizers.is_feed_down:
        return CANNOT_DECIDE | (living - LETS_IN), "the feed cannot be read, and the copy is old"
    return living | CANNOT_DECIDE, "the feed can hardly be read"


def _of_ended(world: World, name: str, told_ms: int) -> frozenset[Decision]:
    """Return what may be decided when the feed has told of an end at this time."""
    is_in_bound = world.now_ms <= told_ms + BOUND_MS
    if world.product.authorizers.read_ms[name] > told_ms:
        return REFUSES  # what is known to have ended stays so; a read of the same millisecond may have been before
    if world.is_feed_calm:
        return EITHER if is_in_bound else REFUSES
    return EITHER | _without_feed(world, name) if is_in_bound or name == OPEN else REFUSES | CANNOT_DECIDE


def _without_feed(world: World, name: str) -> frozenset[Decision]:
    return CANNOT_DECIDE if name == CLOSED and not world.is_feed_calm else frozenset()


def _of_living(world: World, access: Access) -> frozenset[Decision]:
    return LETS_IN if world.is_kid_known(access.kid) else EITHER
