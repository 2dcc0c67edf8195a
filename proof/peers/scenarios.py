"""The scenarios: what happens to honest users and to a thief, with the same requests for each system.

Nothing is waited for: the servers' clocks are moved. `LATER_SECONDS` is longer than each system's grace window.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier
from typing import Any

from proof.peers.http import Refused, Unavailable
from proof.peers.peer import NoRoute, Peer, Session, Tokens

TABS = 8
LATER_SECONDS = 181
TURNS = 12  # of a thief and an owner together
ANCIENT = 5  # refreshes of the owner before the thief uses what was stolen
DAYS, REFRESHES_A_DAY = 30, 14
LOST, AT_ONCE = 0.01, 0.5  # of the answers; of the clients that try again at once
RETRY_SECONDS = 5
DAY_SECONDS, HOUR_SECONDS = 86_400, 3_600
PROBES = (0, 1, 2, 5, 6, 10, 30, 60)  # seconds after the end of a session at which its access token is tried
EARLY_SECONDS, LATE_SECONDS = 3, 8  # before and after the expiry; edge-auth's own leeway is 5 s
ASKING_AT_ONCE = 4  # clients in a month
ASKED_AT_ONCE = 8  # requests of each probe, because a server may have several processes

Counted = dict[str, Any]
UNDECIDED = "undecided"


def together(acts: Sequence[Callable[[], Tokens]]) -> list[Tokens | str]:
    """Do all acts at once, each in a thread. Return what each one got: tokens, `refused` or `undecided`."""
    begin = Barrier(len(acts))

    def do(act: Callable[[], Tokens]) -> Tokens | str:
        begin.wait()
        return _outcome(act)

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(do, acts))


def _outcome(act: Callable[[], Tokens]) -> Tokens | str:
    try:
        return act()
    except Refused:
        return "refused"
    except Unavailable:
        return UNDECIDED


def storm(peer: Peer, sessions: int) -> Counted:
    """Restore eight tabs at once, which refresh with the same token. Each goes on with what it got.

    A tab without a decision keeps its token. `logged_out` counts tabs that were refused at once or at their next
    refresh, `lost` the sessions of which no tab is left, `most_successors` the different tokens of one session.
    """
    users = peer.new_sessions(sessions)
    first = [user.login() for user in users]
    peer.clock.advance(LATER_SECONDS)
    restored = [together([_refreshing(user, tokens)] * TABS) for user, tokens in zip(users, first, strict=True)]
    peer.clock.advance(LATER_SECONDS)
    logged_out = lost = undecided = 0
    successors = []
    for user, tokens, got in zip(users, first, restored, strict=True):
        undecided += got.count(UNDECIDED)
        successors.append(len({each.refresh for each in got if isinstance(each, Tokens)}))
        kept = [tokens if each == UNDECIDED else each for each in got]
        again = together([_refreshing(user, each) for each in kept if isinstance(each, Tokens)])
        undecided += again.count(UNDECIDED)
        left = sum(each != "refused" for each in again)
        logged_out += TABS - left
        lost += not left
    return {
        "tabs": TABS * sessions,
        "logged_out": logged_out,
        "sessions": sessions,
        "lost": lost,
        "most_successors": max(successors),
        "undecided": undecided,
    }


def _refreshing(user: Session, tokens: Tokens) -> Callable[[], Tokens]:
    return lambda: user.refresh(tokens.refresh)


def lost_answer(peer: Peer, sessions: int) -> Counted:
    """Lose one answer of each client, which tries again at once, or later; then it goes on for two refreshes."""
    counted: Counted = {"sessions": sessions}
    for name, pause in (("at_once", 0), ("later", LATER_SECONDS)):
        users = peer.new_sessions(sessions)
        tokens = [user.login() for user in users]
        peer.clock.advance(LATER_SECONDS)
        for user, each in zip(users, tokens, strict=True):
            user.refresh(each.refresh)  # this answer never reaches the client
        peer.clock.advance(pause)
        living = {user: each.refresh for user, each in zip(users, tokens, strict=True)}
        for _ in range(3):
            living = dict(_refreshed(living.items()))
            peer.clock.advance(LATER_SECONDS)
        counted[name] = sessions - len(living)
    return counted


def _refreshed(living: Iterable[tuple[Session, str]]) -> Iterable[tuple[Session, str]]:
    for user, refresh in living:
        match _outcome(lambda user=user, refresh=refresh: user.refresh(refresh)):  # type: ignore[misc] # bound now
            case Tokens() as tokens:
                yield user, tokens.refresh
            case "undecided":
                yield user, refresh


class _Returning:
    """A client that comes back again and again, and loses some answers."""

    def __init__(self, user: Session, chance: Random) -> None:
        self.user, self._chance = user, chance
        self.refresh = user.login().refresh
        self.is_out = self.tries_again = False
        self.requests = self.losses = 0

    def ask(self) -> None:
        """Refresh. If the answer is lost, the client tries again at once, or when it comes back."""
        self.requests += 1
        got = _outcome(_refreshing(self.user, Tokens(self.refresh, "")))
        is_retry, self.tries_again = self.tries_again, False
        if got == "refused":
            self.is_out = True
        elif got == UNDECIDED or self._chance.random() < LOST:
            self.losses += 1
            self.tries_again = not is_retry and self._chance.random() < AT_ONCE
        elif isinstance(got, Tokens):
            self.refresh = got.refresh


def month(peer: Peer, sessions: int, chance: Callable[[int], Random], days: int = DAYS) -> Counted:
    """Let clients refresh for a month and lose one answer of a hundred. Half of them try again when they come back.

    It ends an hour before the longest life of a session of edge-auth.
    """
    steps = days * REFRESHES_A_DAY
    pause = (days * DAY_SECONDS - HOUR_SECONDS) // steps - RETRY_SECONDS
    clients = [_Returning(user, chance(number)) for number, user in enumerate(peer.new_sessions(sessions))]
    with ThreadPoolExecutor(ASKING_AT_ONCE) as threads:
        for _ in range(steps):
            for seconds, asks in ((pause, lambda _client: True), (RETRY_SECONDS, lambda client: client.tries_again)):
                peer.clock.advance(seconds)
                asking = [client for client in clients if not client.is_out and asks(client)]
                list(threads.map(_Returning.ask, asking))
    return {
        "sessions": sessions,
        "lost": sum(client.is_out for client in clients),
        "refreshes": sum(client.requests for client in clients),
        "lost_answers": sum(client.losses for client in clients),
    }


def thief(peer: Peer, rounds: int) -> Counted:
    """Steal tokens in four ways. Each way counts how its rounds ended, which is the same each time if nothing races.

    The owner has a second session, on another device: does the theft end it, too?
    """
    return {
        "thief_first": _endings(_alternating(peer, thief_first=True) for _ in range(rounds)),
        "owner_first": _endings(_alternating(peer, thief_first=False) for _ in range(rounds)),
        "ancient": _endings(_ancient(peer) for _ in range(rounds)),
        "after_logout": _endings(_after_logout(peer) for _ in range(rounds)),
        "access_token": _endings(_access_of_thief(peer) for _ in range(rounds)),
    }


def _endings(outcomes: Iterable[str]) -> dict[str, int]:
    return dict(Counter(outcomes).most_common())


def _turns(peer: Peer, user: Session, stolen: Tokens, *, thief_first: bool) -> tuple[dict[str, int], dict[str, Tokens]]:
    """Let both refresh in turn with what they have. Return at which refresh each was out, and the last tokens."""
    holders = ("thief", "owner") if thief_first else ("owner", "thief")
    tokens, out = dict.fromkeys(holders, stolen), dict[str, int]()
    for turn in range(1, TURNS + 1):
        peer.clock.advance(LATER_SECONDS)
        holder = holders[(turn + 1) % 2]
        if holder in out:
            continue
        got = _outcome(_refreshing(user, tokens[holder]))
        if isinstance(got, Tokens):
            tokens[holder] = got
        elif got == "refused":
            out[holder] = turn
    return out, tokens


def _alternating(peer: Peer, *, thief_first: bool) -> str:
    [user] = peer.new_sessions(1)
    elsewhere, stolen = user.login(), user.login()
    out, _ = _turns(peer, user, stolen, thief_first=thief_first)
    said = ", ".join(
        f"{holder} out at refresh {out[holder]}" if holder in out else f"{holder} stays in"
        for holder in ("thief", "owner")
    )
    return said + _other_device(user, elsewhere)


def _other_device(user: Session, elsewhere: Tokens) -> str:
    return "; other device out" if _outcome(_refreshing(user, elsewhere)) == "refused" else ""


def _ancient(peer: Peer) -> str:
    [user] = peer.new_sessions(1)
    elsewhere, stolen = user.login(), user.login()
    tokens = stolen
    for _ in range(ANCIENT):
        peer.clock.advance(LATER_SECONDS)
        tokens = user.refresh(tokens.refresh)
    peer.clock.advance(LATER_SECONDS)
    taken = _outcome(_refreshing(user, stolen))
    peer.clock.advance(LATER_SECONDS)
    owner = _outcome(_refreshing(user, tokens))
    said = "refused" if taken == "refused" else "accepted"
    return f"{said}, owner {'out' if owner == 'refused' else 'stays in'}{_other_device(user, elsewhere)}"


def _after_logout(peer: Peer) -> str:
    [user] = peer.new_sessions(1)
    elsewhere, stolen = user.login(), user.login()
    try:
        user.logout(stolen)
    except NoRoute:
        return "no logout"
    peer.clock.advance(LATER_SECONDS)
    taken = _outcome(_refreshing(user, stolen))
    return f"{'refused' if taken == 'refused' else 'accepted'}{_other_device(user, elsewhere)}"


def _access_of_thief(peer: Peer) -> str:
    """Say how long the thief's access token works after the first refresh that the server refused."""
    [user] = peer.new_sessions(1)
    tokens = dict.fromkeys(("thief", "owner"), user.login())
    for turn in range(TURNS):
        holder = ("thief", "owner")[turn % 2]
        peer.clock.advance(LATER_SECONDS)
        got = _outcome(_refreshing(user, tokens[holder]))
        if not isinstance(got, Tokens):
            return works_until(peer, user, tokens["thief"].access, age=LATER_SECONDS * (turn % 2 or 2))
        tokens[holder] = got
    return "no refresh is refused"


def logout(peer: Peer, rounds: int) -> Counted:
    """Log out, and try both tokens afterwards."""
    refresh: list[str] = []
    access: list[str] = []
    for user in peer.new_sessions(rounds):
        tokens = user.login()
        user.call(tokens.access)
        try:
            user.logout(tokens)
        except NoRoute:
            refresh.append("no logout")
            access.append("no logout")
            continue
        refresh.append("dead" if _outcome(_refreshing(user, tokens)) == "refused" else "works")
        access.append(works_until(peer, user, tokens.access))
    return {"refresh_token": _endings(refresh), "access_token": _endings(access)}


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


def callers(peer: Peer, rounds: int, at_once: int) -> Counted:
    """Refresh with one token from many callers at once. Then try each different successor once, one after the other."""
    users = peer.new_sessions(rounds)
    first = [user.login() for user in users]
    peer.clock.advance(LATER_SECONDS)
    successors, chains = [], []
    counted = Counter[str]()
    for user, tokens in zip(users, first, strict=True):
        got = together([_refreshing(user, tokens)] * at_once)
        different = {each.refresh for each in got if isinstance(each, Tokens)}
        counted.update("answered" if isinstance(each, Tokens) else each for each in got)
        peer.clock.advance(LATER_SECONDS)
        alive = [isinstance(_outcome(_refreshing(user, Tokens(each, ""))), Tokens) for each in sorted(different)]
        successors.append(len(different))
        chains.append(sum(alive))
    return {
        "rounds": rounds,
        "callers": at_once,
        **{name: counted[name] for name in ("answered", "refused", UNDECIDED)},
        "most_successors": max(successors),
        "most_chains": max(chains),
        "lost": chains.count(0),
    }
