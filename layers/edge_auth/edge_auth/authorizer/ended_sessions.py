"""The authorizer's copy of the feed of ended sessions. It refuses the access tokens of these sessions.

An end is in the feed before its caller gets the answer. A strongly consistent read has every end that the feed had when
the read began. So if each decision has a copy whose read began less than `revocation_seconds` ago, no token is accepted
for longer than that after the end of its session. docs/decisions/0028 has the proof, with what could break it.

The copy is read when a request needs it, and not in the background: Lambda freezes what runs between two requests.
"""

import logging
from collections.abc import Callable
from math import inf, isfinite
from threading import Thread

from edge_auth.authorizer.feed_reads import Reading
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.token_age import check_age
from edge_auth.authorizer.two_clocks import Clocks, Moment, age_seconds
from edge_auth.errors import InvalidToken
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.ended_feed import WINDOW_MARGIN_SECONDS, entry_of, slot_of

# Writers put an entry into the slot of the store's own time, or of a time that differs by 15 s at most. So an entry
# that comes after a read belongs to a slot that began less than 30 s before the read. Twice that is read again.
OVERLAP_SECONDS = 60
WAIT_SECONDS = 1.0  # no request waits longer: name resolution has no timeout
RETRY_SECONDS = (1, 2, 4, 8, 10)  # after a failure; otherwise a busy authorizer would mostly wait
FORGET_SECONDS = 60

FAILURE = "the ended sessions could not be read"  # the template's metric filter counts it

ReadFeed = Callable[[int], Reading]
"""Reads the feed since a time, in seconds since 1970. Raises RequestFailed."""
RunFor = Callable[[Callable[[], None], float], None]
"""Runs something, and waits for it for so many seconds at most."""

logger = logging.getLogger(__name__)


class CannotDecide(Exception):
    """The feed could not be read, and without it nothing may be decided. This is a 5xx and no refusal."""


def run_in_thread(act: Callable[[], None], seconds: float) -> None:
    """Run `act`, and wait for it for this time at most. It goes on later, if it takes longer."""
    thread = Thread(target=act, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no more threads: this counts as a read without an answer
        return
    thread.join(seconds)


class EndedSessions:
    """Knows which sessions have ended, and which signing keys were withdrawn at once."""

    def __init__(
        self,
        read: ReadFeed,
        *,
        clocks: Clocks,
        access_token_seconds: int,
        revocation_seconds: int,
        is_closed: bool,
        run: RunFor = run_in_thread,
    ) -> None:
        """Begin without a copy. `is_closed`: if the feed cannot be read, nothing is decided."""
        self._read = read
        self._clocks = clocks
        self._run = run
        self._access_token_seconds = access_token_seconds
        self._revocation_seconds = revocation_seconds
        # An answer that comes at the end of the wait must not be too old at once, or the request would wait again.
        self._wait_seconds = min(WAIT_SECONDS, revocation_seconds / 2)
        self._is_closed = is_closed
        self._entries: dict[str, int] = {}  # the slot of each ended session
        self.withdrawn_kids = frozenset[str]()
        # The copy has every entry of a slot since `_from_seconds` that was in the feed when the read began.
        self._began: Moment | None = None
        self._from_seconds = 0.0
        self._next_since: int | None = None  # None: the next read is of the whole window
        self._last: _Attempt | None = None
        self._failures = 0
        self._failed: Moment | None = None
        self._forgot_seconds = 0.0

    def read(self) -> bool:
        """Read the feed, unless the last failure is too new. Return whether there is a newer copy."""
        now = self._clocks.now()
        took = self._take()
        if took and self._is_fresh(now):
            return True
        return (self._is_due(now) and self._attempt(now)) or took

    def decides(self, claims: AccessClaims) -> bool:
        """Accept the claims of a verified access token.

        False: a newer copy came. Verify the token again, because its key may be withdrawn, and ask again. The time of
        the decision is that of the last look at the clocks, so a freeze before it is seen.

        Raises:
            InvalidToken: the session has ended, or the token is older than tokens can be.
            CannotDecide: the copy is too old, and could not be read.

        """
        if entry_of(claims.sid) in self._entries:  # also in an old copy: an end is for ever
            raise InvalidToken("ended session")
        now = self._clocks.now()
        # The window is too short for a token from before AccessTokenSeconds was made shorter.
        check_age(claims.iat, access_token_seconds=self._access_token_seconds, now_seconds=int(now.wall))
        if self._is_fresh(now):
            return True
        if self.read():
            return False
        if self._is_closed:
            raise CannotDecide(FAILURE)
        return True

    def _is_fresh(self, now: Moment) -> bool:
        return (
            self._began is not None
            and age_seconds(self._began, now) <= self._revocation_seconds
            and self._window_begins(now.wall) >= self._from_seconds  # false if the clock was set back by much
        )

    def _window_begins(self, now_seconds: float) -> float:
        """Return the earliest time of a slot that matters. The clock that judges `exp` decides it, right or wrong."""
        return now_seconds - self._access_token_seconds - WINDOW_MARGIN_SECONDS

    def _is_due(self, now: Moment) -> bool:
        if self._failed is None:
            return True
        wait = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS)) - 1]
        return age_seconds(self._failed, now) >= wait

    def _attempt(self, now: Moment) -> bool:
        """Read, and wait for a second at most. A later answer serves a later request."""
        window, since = int(self._window_begins(now.wall)), self._next_since
        if since is None or window < self._from_seconds:
            since = window
        self._last = attempt = _Attempt(self._read, began=now, since_seconds=since, is_whole=since == window)
        self._run(attempt.run, self._wait_seconds)
        if self._take():
            return True
        self._failures += 1
        self._failed = self._clocks.now()
        # An error: Lambda's filter documents no level named WARNING.
        logger.error(FAILURE, extra={"reason": attempt.failure or "no answer", **self._age_of_copy(self._failed)})
        return False

    def _age_of_copy(self, now: Moment) -> dict[str, int]:
        """Return the age of the copy, for the log. There is none before the first read, or if a clock was set back."""
        age = inf if self._began is None else age_seconds(self._began, now)
        return {"copy_age_seconds": int(age)} if isfinite(age) else {}

    def _take(self) -> bool:
        """Take the answer of the last attempt, if there is one. Return whether there is."""
        attempt = self._last
        if attempt is None or attempt.reading is None:
            return False
        self._last, reading = None, attempt.reading
        for slot, entries in reading.slots.items():
            for entry in entries:
                self._entries[entry] = max(slot, self._entries.get(entry, slot))
        self.withdrawn_kids |= reading.withdrawn_kids
        if attempt.is_whole:
            self._from_seconds = float(attempt.since_seconds)
        self._began = attempt.began
        # By the store's clock: this one may be wrong, and then a read would begin too late.
        self._next_since = None if reading.date_seconds is None else reading.date_seconds - OVERLAP_SECONDS
        self._failures, self._failed = 0, None
        if reading.date_seconds is not None:
            self._forget(min(self._clocks.wall(), reading.date_seconds))
        return True

    def _forget(self, now_seconds: float) -> None:
        """Forget the ends of which no token can live, by this authorizer's clock and by the store's."""
        begins = self._window_begins(now_seconds)
        if begins - self._forgot_seconds < FORGET_SECONDS:
            return
        self._forgot_seconds = begins
        first = slot_of(int(begins))
        self._entries = {entry: slot for entry, slot in self._entries.items() if slot >= first}
        self._from_seconds = max(self._from_seconds, begins)


class _Attempt:
    """One read. It runs in a thread, and changes only `reading` and `failure`."""

    def __init__(self, read: ReadFeed, *, began: Moment, since_seconds: int, is_whole: bool) -> None:
        self.began = began
        self.since_seconds = since_seconds
        self.is_whole = is_whole
        self.reading: Reading | None = None
        self.failure = ""
        self._read = read

    def run(self) -> None:
        try:
            self.reading = self._read(self.since_seconds)
        except RequestFailed as error:
            self.failure = str(error)
        except Exception as error:  # noqa: BLE001 - the feed must not break an authorizer that works without it
            self.failure = type(error).__name__
