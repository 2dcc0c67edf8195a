"""What holds after each step, whatever happened. Each check raises Contradiction."""

from typing import Any

from edge_auth.tokens.ended_feed import entry_of
from proof.machine.decisions import check_access
from proof.machine.model import Access, Contradiction, Session
from proof.machine.rule import NONE_REDEEMED, Line
from proof.machine.world import SITE, World

CHECKED_EACH_STEP = 2  # access tokens, besides those of the sessions of the step


def check_step(world: World) -> None:
    """Check all that is cheap, and the access tokens of the sessions that the step touched."""
    check_items(world)
    check_feed(world)
    check_wrong_codes(world)
    turn = world.counts["steps"]
    some = [world.access[(turn + each * 7) % len(world.access)] for each in range(CHECKED_EACH_STEP) if world.access]
    newest: dict[Session, Access] = {each.session: each for each in world.access if each.session in world.touched}
    for access in {each.text: each for each in (*newest.values(), *some)}.values():
        check_access(world, access)
    world.touched.clear()


def check_all(world: World) -> None:
    """Check every access token that was ever issued and may be valid, and every cookie of a site."""
    for access in world.access:
        check_access(world, access)
    for session in world.sessions:
        if session.transport == SITE:
            check_cookie(world, session)


def check_items(world: World) -> None:
    """I1, I3, I5: what the table says of each session is one of the states that the answers allow."""
    items = world.product.session_items()
    for session in world.sessions:
        item = items.pop(session.session_id, None)
        if item is None:
            if not any(line.ended or not line.is_live(session.absolute_until, world.now_ms) for line in session.may):
                raise Contradiction("a session is gone, and nobody has ended it")
            continue
        found = _line(item)
        if not any(not line.ended and line._replace(told=False) == found for line in session.may):
            raise Contradiction(f"a session is in a state that no answer explains: {found}, not {session.may}")
    strangers = {item["user_id"]["S"] for item in items.values()}
    if any(not user.ghosts for user in world.users if user.user_id in strangers):
        raise Contradiction("there is a session that no login has opened")


def check_feed(world: World) -> None:
    """Published ⊇ ended: what an answer says has ended is in the feed already, while a token of it may live."""
    told, with_tokens = world.product.told(), {access.session for access in world.access if world.is_in_time(access)}
    for session in world.sessions:
        if session in with_tokens and all(line.ended and line.told for line in session.may):
            if entry_of(session.session_id) not in told:
                raise Contradiction("a session has ended, and authorizers cannot know it")
        elif entry_of(session.session_id) in told and not any(line.told for line in session.may):
            raise Contradiction("the feed names a session that nobody has ended")


def check_wrong_codes(world: World) -> None:
    """SA5: each wrong code counts. The table says which of the states it is."""
    counted = world.product.wrong_codes()
    for user in world.users:
        if user.user_id in counted:
            left = {each for each in user.may if not each.secret or each.wrong_codes == counted[user.user_id]}
            if not left:
                raise Contradiction(f"{counted[user.user_id]} wrong codes are counted, not those of {user.may}")
            user.may = frozenset(left)


def check_cookie(world: World, session: Session) -> None:
    """The authorizer of sites takes the cookie of a living session, and moves its idle timeout."""
    if session.held is None:
        return
    world.counts["decisions"] += 1
    lives, may_live = session.is_live(world.now_ms), session.may_live(world.now_ms)
    passed = world.product.authorizers.lets_visit(session.held.text)
    if (lives and not passed) or (passed and not may_live):
        raise Contradiction(f"the authorizer of sites {'accepts' if passed else 'refuses'} a cookie")
    if passed:
        item = world.product.session_items()[session.session_id]
        session.may = frozenset({_line(item)._replace(told=line.told) for line in session.may if not line.ended})


def _line(item: dict[str, Any]) -> Line:
    number = {name: int(value["N"]) for name, value in item.items() if "N" in value}
    base = number.get("base", NONE_REDEEMED)
    return Line(number["generation"], base, number["rotated_at_ms"], number["idle_expires_at"])
