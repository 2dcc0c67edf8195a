"""What happens to honest users: a storm, lost answers, and parallel callers, with the same requests for each system.

Nothing is waited for: the servers' clocks are moved. `LATER_SECONDS` is longer than each system's grace window.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

from proof.peers.outcomes import REFUSED, UNDECIDED, outcome, refreshing, together
from proof.peers.peer import Peer, Session, Tokens

Counted = dict[str, Any]

TABS = 8
LATER_SECONDS = 181
DAYS, REFRESHES_A_DAY = 30, 14
DAY_SECONDS, HOUR_SECONDS = 86_400, 3_600
LOST, AT_ONCE = 0.01, 0.5  # of the answers; of the clients that try again at once
RETRY_SECONDS = 5
ASKING_AT_ONCE = 4  # clients in a month


def storm(peer: Peer, sessions: int) -> Counted:
    """Restore eight tabs at once, which refresh with the same token. Each goes on with what it got.

    A tab without a decision keeps its token. `logged_out` counts tabs that were refused at once or at their next
    refresh, `lost` the sessions of which no tab is left, `most_successors` the different tokens of one session.
    """
    users = peer.new_sessions(sessions)
    first = [user.login() for user in users]
    peer.clock.advance(LATER_SECONDS)
    restored = [together([refreshing(user, tokens)] * TABS) for user, tokens in zip(users, first, strict=True)]
    peer.clock.advance(LATER_SECONDS)
    logged_out = lost = undecided = 0
    successors = []
    for user, tokens, got in zip(users, first, restored, strict=True):
        undecided += got.count(UNDECIDED)
        successors.append(len({each.refresh for each in got if isinstance(each, Tokens)}))
        kept = [tokens if each == UNDECIDED else each for each in got]
        again = together([refreshing(user, each) for each in kept if isinstance(each, Tokens)])
        undecided += again.count(UNDECIDED)
        left = sum(each != REFUSED for each in again)
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
        match outcome(lambda user=user, refresh=refresh: user.refresh(refresh)):  # type: ignore[misc] # bound now
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
        got = outcome(refreshing(self.user, Tokens(self.refresh, "")))
        is_retry, self.tries_again = self.tries_again, False
        if got == REFUSED:
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


def callers(peer: Peer, rounds: int, at_once: int) -> Counted:
    """Refresh with one token from many callers at once. Then try each different successor once, one after the other."""
    users = peer.new_sessions(rounds)
    first = [user.login() for user in users]
    peer.clock.advance(LATER_SECONDS)
    successors, chains = [], []
    counted = Counter[str]()
    for user, tokens in zip(users, first, strict=True):
        got = together([refreshing(user, tokens)] * at_once)
        different = {each.refresh for each in got if isinstance(each, Tokens)}
        counted.update("answered" if isinstance(each, Tokens) else each for each in got)
        peer.clock.advance(LATER_SECONDS)
        alive = [isinstance(outcome(refreshing(user, Tokens(each, ""))), Tokens) for each in sorted(different)]
        successors.append(len(different))
        chains.append(sum(alive))
    return {
        "rounds": rounds,
        "callers": at_once,
        **{name: counted[name] for name in ("answered", REFUSED, UNDECIDED)},
        "most_successors": max(successors),
        "most_chains": max(chains),
        "lost": chains.count(0),
    }
