"""How the state after a request differs from the one that the request leaves."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_auth.tokens.ended_feed import entry_of
from proof.faults.act import Act
from proof.faults.state import FAILURES, MARK_OF_FEED, TWICE, State


@dataclass(frozen=True)
class Comparison:
    """Two states of a request, and what has failed.

    `part` is the call that has failed, if the request can do without it. After a try without an answer, `is_repeated`
    is set, and `lost` is 1 if the request was then done again.
    """

    act: Act
    initially: State
    goal: State
    part: str = ""
    is_repeated: bool = False
    lost: int = 0

    def differences(self, now: State) -> list[str]:
        """Return a sentence for each difference from the goal."""
        return [
            *self._of_sessions(now),
            *([] if self.part else self._of_ends(now)),
            *self._of_lines(now),
            *self._of_counts(now),
            *self._of_mails(now),
        ]

    def _of_sessions(self, now: State) -> Iterator[str]:
        goal, initially = self.goal.living, self.initially.living
        kept = goal.keys() & initially.keys()
        gone = len(kept - now.living.keys())
        if gone > (self.lost if self.act.evicts else 0):
            yield f"{gone} sessions have ended"
        if any(now.living.get(sid, goal[sid]) != goal[sid] for sid in kept):
            yield "a session has another generation"
        opened, planned = len(now.living.keys() - initially.keys()), len(goal.keys() - initially.keys())
        if not planned <= opened <= planned + (self.lost if self.act.opens else 0):
            yield f"{opened} new sessions, in place of {planned}"

    def _of_ends(self, now: State) -> Iterator[str]:
        if (self.initially.living.keys() - self.goal.living.keys()) & now.living.keys():
            yield "a session has not ended"
        ended = now.ended.keys() - self.initially.ended.keys()
        if self.act.is_told and not {entry_of(sid) for sid in ended} <= now.told:
            yield "an end is not in the feed"

    def _of_lines(self, now: State) -> Iterator[str]:
        """Yield what is not stored, or should not be. What was left is as before; a second try may leave more."""
        parts = self.act.parts if self.is_repeated else (self.part,)
        left = {table for call in parts for table in call.split()[1:]}
        for table, line in self.goal.lines - now.lines:
            if table not in left and not self._may_differ(table, line):
                yield f"{table} does not have {line}"
        for table, line in now.lines - self.goal.lines:
            is_as_before = table in left and (table, line) in self.initially.lines
            is_twice = self.lost and (table, line) in self.goal.lines
            if not is_as_before and not is_twice and not self._may_differ(table, line):
                yield f"{table} has {line}"

    def _may_differ(self, table: str, line: str) -> bool:
        if line.endswith(MARK_OF_FEED):
            return self.is_repeated or "RevocationsTable" in self.part
        return table in self.act.otherwise and bool(self.part or self.is_repeated)

    def _of_counts(self, now: State) -> Iterator[str]:
        """Yield what is counted too often or too seldom.

        Where the counters of attempts are a part, each attempt is counted all the same. Only what became of it is left.
        """
        for table, name in self.goal.counts.keys() | now.counts.keys():
            found, least = now.counts[table, name], self.goal.counts[table, name]
            is_left = table in self.part
            most = least + (self.is_repeated or is_left) + name.endswith(TWICE)
            if is_left and (name.endswith(FAILURES) or table in self.act.otherwise):
                least = 0
            if not least <= found <= most:
                yield f"{table} has {name} {found}, and not {least} to {most}"

    def _of_mails(self, now: State) -> Iterator[str]:
        if not self.goal.mails <= now.mails <= self.goal.mails + self.lost:
            yield f"{now.mails} mails, in place of {self.goal.mails}"
