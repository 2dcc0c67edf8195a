"""What an act is: something that clients, thieves or operators do to the product, and what the model says of it.

An act has three parts, because two of them may happen at once: `send` sends it, `learn` keeps what the answer brings,
and `judge` asks the model whether the answer may be, and what is known after it.
"""

from typing import Protocol

from proof.machine.model import Contradiction, restore, snapshot
from proof.machine.seen import Seen
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import World


class Act(Protocol):
    """One request, or one act of an operator."""

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send it."""

    def learn(self, seen: Seen) -> None:
        """Keep what the answer brings."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """Raise Contradiction if the answer may not be. `has_trouble`: something went wrong on the way."""


def happens(act: Act, happening: Happening | None = None) -> Seen:
    """Let an act happen, perhaps with trouble."""
    seen = act.send(happening)
    has_trouble = happening is not None and happening.happened
    act.learn(seen)
    act.judge(seen, has_trouble=has_trouble)
    return seen


def race(world: World, outer: Act, inner: Act, at: int) -> tuple[Seen, Seen | None]:
    """Let one act happen during another, before its request of this number. Some order of both explains all answers."""
    inner_seen, inner_ms = list[Seen](), list[int]()

    def send_inner() -> None:
        inner_ms.append(world.now_ms)  # the other act may wait after this one
        inner_seen.append(inner.send())

    outer_seen = outer.send(Meanwhile(send_inner, at))
    if not inner_seen:  # it made fewer requests
        outer.learn(outer_seen)
        outer.judge(outer_seen, has_trouble=False)
        return outer_seen, None
    outer.learn(outer_seen)
    inner.learn(inner_seen[0])
    orders = (
        ((outer, outer_seen, True), (inner, inner_seen[0], False)),
        ((inner, inner_seen[0], False), (outer, outer_seen, True)),
    )
    before, reasons, possible = snapshot(world.users), list[str](), []
    for order in orders:
        try:
            for act, seen, may_fail in order:
                with world.at(inner_ms[0] if act is inner else world.now_ms):
                    act.judge(seen, has_trouble=may_fail)
        except Contradiction as contradiction:
            reasons.append(str(contradiction))
        else:
            possible.append(snapshot(world.users))
        restore(before)
    if not possible:
        raise Contradiction(f"no order explains the answers: {reasons}")
    restore(possible[-1])
    states = {id(thing): (thing, set(thing.may)) for thing, _ in possible[-1]}
    for thing, values in possible[0]:
        states[id(thing)][1].update(values["may"])
    for thing, may in states.values():
        thing.may = frozenset(may)
    return outer_seen, inner_seen[0]
