"""What a session may do to its user's account, and what is known after it."""

from collections.abc import Callable

from proof.machine.model import ACTIVE, FRESH_SECONDS, LEVELS, Account, Expected, Option, Session, User, settled
from proof.machine.rule import Line
from proof.machine.seen import Seen
from proof.machine.world import World
from tests.support.sample_events import Event, called_by

Pair = tuple[Line, Account]
INVALID_TOKEN = Expected(401, "invalid_token")
TOO_WEAK = Expected(401, "insufficient_user_authentication")
OWN = "own"  # the counter of attempts in the user's own sessions


def settle_pair(
    session: Session,
    options: Callable[[Line, Account], tuple[Option, ...]],
    seen: Seen,
    *,
    has_trouble: bool,
    what: str,
) -> None:
    """Settle the states of a session and of its user, whose acts depend on both."""
    user = session.user
    pairs: list[Pair] = [(line, account) for line in session.may for account in user.may]
    left = settled(pairs, lambda pair: options(*pair), seen, has_trouble=has_trouble, what=what, generation=None)
    session.may, user.may = frozenset(line for line, _ in left), frozenset(account for _, account in left)


def refusal(world: World, session: Session, line: Line, account: Account, *, is_change: bool = True) -> Expected | None:
    """Return how a session is refused that may not change what its user logs in with."""
    if not line.is_live(session.absolute_until, world.now_ms) or account.status != ACTIVE:
        return INVALID_TOKEN
    is_strong = LEVELS.index(session.acr) >= LEVELS.index(account.highest)
    if is_change and not (is_strong and world.now - session.auth_time <= FRESH_SECONDS):
        return TOO_WEAK
    return None


def by_caller(event: Event, session: Session) -> Event:
    """Return the event as the gateway passes it on for a session."""
    return called_by(event, session.user.user_id, session.session_id)


def changed(user: User, seen: Seen, now_ms: int, *, keep: Session | None, is_done: bool) -> None:
    """Take an account for changed, which ends all sessions but one."""
    user.may_have_changed += 1
    if is_done:
        user.changes += 1
        user.end_all(now_ms, keep=keep)
    elif seen.is_trouble:
        user.all_may_end(keep=keep)
