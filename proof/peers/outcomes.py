"""What an act of a client comes to: tokens, a refusal, or no decision. Several acts may begin at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from proof.peers.http import Refused, Unavailable
from proof.peers.peer import Session, Tokens

REFUSED, UNDECIDED = "refused", "undecided"


def refreshing(user: Session, tokens: Tokens) -> Callable[[], Tokens]:
    """Return the act of a refresh with these tokens."""
    return lambda: user.refresh(tokens.refresh)


def together(acts: Sequence[Callable[[], Tokens]]) -> list[Tokens | str]:
    """Do all acts at once, each in a thread. Return what each one got: tokens, `refused` or `undecided`."""
    begin = Barrier(len(acts))

    def do(act: Callable[[], Tokens]) -> Tokens | str:
        begin.wait()
        return outcome(act)

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(do, acts))


def outcome(act: Callable[[], Tokens]) -> Tokens | str:
    """Do an act. Return tokens, `refused` or `undecided`."""
    try:
        return act()
    except Refused:
        return REFUSED
    except Unavailable:
        return UNDECIDED
