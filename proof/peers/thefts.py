"""What a thief gets, and what is left after a logout, with the same requests for each system."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from proof.peers.honest_users import LATER_SECONDS, Counted
from proof.peers.outcomes import REFUSED, outcome, refreshing, together
from proof.peers.peer import NoRoute, Peer, Session, Tokens

TURNS = 12  # of a thief and an owner together
ANCIENT = 5  # refreshes of the owner before the thief uses what was stolen
PROBES = (0, 1, 2, 5, 6, 10, 30, 60)  # seconds after the end of a session at which its access token is tried
EARLY_SECONDS, LATE_SECONDS = 3, 8  # before and after the expiry; edge-auth's own leeway is 5 s
ASKED_AT_ONCE = 8  # requests of each probe, because a server may have several processes
NEVER = "it never worked"


def thief(peer: Peer, rounds: int) -> Counted:
    """Steal tokens in four ways. Each way counts how its rounds ended, which is the same each time if nothing races.

    The owner has a second session, on another device: does the theft end it, too?
    """
    acts = {**WAYS, "access_token": _access_of_thief}
    return {name: endings(act(peer) for _ in range(rounds)) for name, act in acts.items()}


def endings(outcomes: Iterable[str]) -> dict[str, int]:
    """Return how often each of them came, the most frequent first."""
    return dict(Counter(outcomes).most_common())


def _turns(peer: Peer, user: Session, stolen: Tokens, *, thief_first: bool) -> dict[str, int]:
    """Let both refresh in turn with what they have. Return at which refresh each was out."""
    holders = ("thief", "owner") if thief_first else ("owner", "thief")
    tokens, out = dict.fromkeys(holders, stolen), dict[str, int]()
    for turn in range(1, TURNS + 1):
        peer.clock.advance(LATER_SECONDS)
        holder = holders[(turn + 1) % 2]
        if holder in out:
            continue
        got = outcome(refreshing(user, tokens[holder]))
        if isinstance(got, Tokens):
            tokens[holder] = got
        elif got == REFUSED:
            out[holder] = turn
    return out


def _alternating(peer: Peer, *, thief_first: bool) -> str:
    [user] = peer.new_sessions(1)
    elsewhere, stolen = user.login(), user.login()
    out = _turns(peer, user, stolen, thief_first=thief_first)
    said = ", ".join(
        f"{holder} out at refresh {out[holder]}" if holder in out else f"{holder} stays in"
        for holder in ("thief", "owner")
    )
    return said + _other_device(user, elsewhere)


def _other_device(user: Session, elsewhere: Tokens) -> str:
    return "; other device out" if outcome(refreshing(user, elsewhere)) == REFUSED else ""


def _ancient(peer: Peer) -> str:
    [user] = peer.new_sessions(1)
    elsewhere, stolen = user.login(), user.login()
    tokens = stolen
    for _ in range(ANCIENT):
        peer.clock.advance(LATER_SECONDS)
        tokens = user.refresh(tokens.refresh)
    peer.clock.advance(LATER_SECONDS)
    taken = outcome(refreshing(user, stolen))
    peer.clock.advance(LATER_SECONDS)
    owner = outcome(refreshing(user, tokens))
    said = "refused" if taken == REFUSED else "accepted"
    return f"{said}, owner {'out' if owner == 'refused' else 'stays in'}{_other_device(user, elsewhere)}"


def _after_logout(peer: Peer) -> str:
    [user] = peer.new_sessions(1)
    elsewhere, stolen = user.login(), user.login()
    try:
        user.logout(stolen)
    except NoRoute:
        return "no logout"
    peer.clock.advance(LATER_SECONDS)
    taken = outcome(refreshing(user, stolen))
    return f"{'refused' if taken == 'refused' else 'accepted'}{_other_device(user, elsewhere)}"


# How a stolen refresh token comes back, each with the act that returns how it ended.
WAYS: Mapping[str, Callable[[Peer], str]] = {
    "thief_first": partial(_alternating, thief_first=True),
    "owner_first": partial(_alternating, thief_first=False),
    "ancient": _ancient,
    "after_logout": _after_logout,
}


def _access_of_thief(peer: Peer) -> str:
    """Say how long the thief's access token works after the first refresh that the server refused.

    The thief calls the API before each refresh, so a server that keeps something for its next decisions has it then.
    """
    [user] = peer.new_sessions(1)
    tokens = dict.fromkeys(("thief", "owner"), user.login())
    for turn in range(TURNS):
        holder = ("thief", "owner")[turn % 2]
        peer.clock.advance(LATER_SECONDS)
        worked = _is_accepted(user, tokens["thief"].access)
        got = outcome(refreshing(user, tokens[holder]))
        if not isinstance(got, Tokens):
            age = LATER_SECONDS * (turn % 2 or 2)
            return works_until(peer, user, tokens["thief"].access, age=age) if worked else NEVER
        tokens[holder] = got
    return "no refresh is refused"


def logout(peer: Peer, rounds: int) -> Counted:
    """Log out, and try both tokens afterwards. The access token is used before, as a thief's is."""
    refresh: list[str] = []
    access: list[str] = []
    for user in peer.new_sessions(rounds):
        tokens = user.login()
        worked = _is_accepted(user, tokens.access)
        try:
            user.logout(tokens)
        except NoRoute:
            refresh.append("no logout")
            access.append("no logout")
            continue
        refresh.append("dead" if outcome(refreshing(user, tokens)) == REFUSED else "works")
        access.append(works_until(peer, user, tokens.access) if worked else NEVER)
    return {"refresh_token": endings(refresh), "access_token": endings(access)}


def works_until(peer: Peer, user: Session, access: str, *, age: int = 0) -> str:
    """Return how long the API accepts an access token from now on. It is `age` seconds old."""
    left = peer.access_seconds - age
    now = 0
    for at in (*(probe for probe in PROBES if probe < left - EARLY_SECONDS), left - EARLY_SECONDS, left + LATE_SECONDS):
        peer.clock.advance(at - now)
        if not _is_accepted(user, access):
            is_expired = at > left
            return "until it expires" if is_expired else f"at most {at} s" if at else "not at all"
        now = at
    return "longer than its life"


def _is_accepted(user: Session, access: str) -> bool:
    def call() -> Tokens:
        user.call(access)
        return Tokens("", access)

    return any(isinstance(got, Tokens) for got in together([call] * ASKED_AT_ONCE))
