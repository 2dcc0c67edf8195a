"""Ends sessions. Every use case that ends one session, several, or all of a user, does it here.

Authorizers learn of an end from the feed, and no act returns before the feed has what has ended (docs/decisions/0027).
There are two orders:

- If the caller may end the session, the feed comes first. When that fails, the session still lives, and the same call
  finds it again.
- If the caller presents a token of the session itself, the end comes first (`presented`): only the end can prove the
  right to it, or authorizers would refuse the token at the same call. When the feed fails then, that call finds the
  record of the end (`repeated`).

Where the feed is off, nothing is told to it and nothing is read for it.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.revocations import Revocations
from edge_auth.flows.ports.sessions import AlreadyEnded, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.keys.timing import ACCESS_TOKEN_SECONDS
from edge_auth.sessions.session import REUSED, Endable, Session
from edge_auth.tokens.refresh_token import RefreshToken

END_ID_BYTES = 16
END_UNKNOWN = "reused, and not known to have ended"

PUBLISHED_AT_ONCE = 100  # sessions of one write to the feed
# A session may get a token until it ends. A reader that starts late needs an entry that is not older than that by more.
MAX_LEAD_SECONDS = 15
# An end of all publishes at most this many sessions that a logout ended shortly before. They are few, unless a client
# logs in and out all the time, and then the feed must not be full of its sessions.
MAX_LATE = 100
# A round more is needed only if a session that was read has ended otherwise. A user steps up once in 30 seconds.
MAX_ROUNDS = 5


class EndSessions:
    """The acts. Where the feed is off, `revocations` is None."""

    def __init__(
        self, *, sessions: Sessions, revocations: Revocations | None, clock: Clock, entropy: Entropy, record: Record
    ) -> None:
        """Keep what the acts need."""
        self._sessions = sessions
        self._revocations = revocations
        self._clock = clock
        self._entropy = entropy
        self._record = record

    def one(self, session: Endable, *, reason: str, event: SecurityEvent | None = None) -> None:
        """End a session that the caller may end, and record that. `event` takes the place of SESSION_ENDED.

        Raises:
            AlreadyEnded: this call did not end it, so nothing is recorded.
            TemporarilyUnavailable: it is not known to have ended; the same call may be made again. If it has ended,
                that call raises AlreadyEnded, and no event is ever recorded (docs/decisions/0021).

        """
        began_ms = self._publish(session.user_id, [session.session_id])
        self._end(session, reason, published_at_ms=began_ms)
        self._record(event or _ended(session, reason))

    def presented(self, session: Endable, *, reason: str) -> None:
        """End the session whose own token was presented, and record that. A refresh token has the session's seed.

        Raises:
            AlreadyEnded: this call did not end it; call `repeated`.
            TemporarilyUnavailable: it is not known to have ended, or authorizers do not know it yet; the same call may
                be made again, and raises AlreadyEnded if it has ended.

        """
        self._end(session, reason)
        self._record(_ended(session, reason))
        self._publish(session.user_id, [session.session_id])

    def repeated(self, session: Endable) -> None:
        """Publish an end that an earlier call has made, if that call may have failed after it. Then mark the record.

        An end is not published any more when no access token of it lives, or if the record has another seed.

        Raises:
            TemporarilyUnavailable: authorizers may not know it yet; the same call may be made again.

        """
        if self._revocations is None:
            return
        ended = self._sessions.find_ended(session.user_id, session.session_id)
        if ended is None or ended.is_published or ended.ended_at_seconds < self._earliest_end():
            return
        if session.seed_hash in (b"", ended.seed_hash):
            self._publish_late(session.user_id, [session.session_id])

    def reused(self, token: RefreshToken, session: Session) -> None:
        """End a session whose token was reused. Of all callers that see the reuse, the one that ends it records that.

        A caller that cannot know whether it ended the session records it too. So a reuse is recorded at least once.

        Raises:
            TemporarilyUnavailable: the session is not known to have ended.

        """
        event = SecurityEvent(
            EventName.REFRESH_TOKEN_REUSED,
            session.user_id,
            session.session_id,
            reason=REUSED,
            generations_behind=session.generation - token.generation,
        )
        try:
            with suppress(AlreadyEnded):
                self.one(session, reason=REUSED, event=event)
        except TemporarilyUnavailable:
            self._record(event._replace(reason=END_UNKNOWN))
            raise

    def several(self, user_id: str, sessions: Sequence[Endable], *, reason: str) -> None:
        """End some sessions of the user, in order, and record each end.

        Raises:
            TemporarilyUnavailable: the others are not known to have ended; the same call may be made again.

        """
        for session in self._end_each(user_id, sessions, reason):
            self._record(_ended(session, reason))

    def all(
        self,
        user_id: str,
        *,
        reason: str,
        last: str = "",
        keep: str = "",
    ) -> int:
        """End every session of the user, also an expired one; return how many were ended.

        Call this after the epoch has moved: from then on, a login that began before cannot open another session.
        `last` names a session that ends when everything else is done, and `keep` one that goes on. Authorizers are also
        told of the sessions that ended shortly before: an earlier call may have ended one and then failed.

        Raises:
            TemporarilyUnavailable: some may have ended and some not, and nothing is recorded; the same call may be made
                again, and records the end of all.

        """
        ended = 0
        for _ in range(MAX_ROUNDS):
            found = [session for session in self._sessions.to_end(user_id) if session.session_id != keep]
            others = [session for session in found if session.session_id != last]
            ended_now = self._count_ended(user_id, others, reason)
            if ended_now == len(others):
                self._publish_earlier(user_id)
                ended_now += self._count_ended(user_id, [own for own in found if own.session_id == last], reason)
            ended += ended_now
            if ended_now == len(found):
                self._record(SecurityEvent(EventName.ALL_SESSIONS_ENDED, user_id, keep, reason=reason))
                return ended
            # Somebody else ended one that was read. Perhaps a step-up: then there is another one in its place.
        raise TemporarilyUnavailable("the sessions changed again and again while they were ended")

    def _count_ended(self, user_id: str, sessions: Sequence[Endable], reason: str) -> int:
        """End these sessions. Return how many of them this call has ended."""
        return sum(1 for _ in self._end_each(user_id, sessions, reason))

    def _end_each(self, user_id: str, sessions: Sequence[Endable], reason: str) -> Iterator[Endable]:
        """Publish and end each hundred. Yield the sessions that this call ended."""
        for start in range(0, len(sessions), PUBLISHED_AT_ONCE):
            hundred = sessions[start : start + PUBLISHED_AT_ONCE]
            ids = [session.session_id for session in hundred]
            published_at_ms = self._publish(user_id, ids)
            for session in hundred:
                try:
                    self._end(session, reason, published_at_ms=published_at_ms)
                except AlreadyEnded:
                    continue
                yield session
            if published_at_ms is not None and not self._is_fresh(published_at_ms):
                self._publish(user_id, ids)

    def _end(self, session: Endable, reason: str, published_at_ms: int | None = None) -> None:
        """End a session. The record is marked if it was published, and not long ago."""
        self._sessions.end(
            session,
            reason=reason,
            end_id=self._entropy(END_ID_BYTES).hex(),
            now_seconds=self._clock() // 1000,
            is_published=self._is_fresh(published_at_ms),
        )

    def _publish(self, user_id: str, session_ids: Sequence[str]) -> int | None:
        """Publish the sessions. Return the time, in milliseconds; or None, where the feed is off."""
        if self._revocations is None:
            return None
        began_ms = self._clock()
        if session_ids:
            try:
                self._revocations.publish(session_ids)
            except TemporarilyUnavailable as error:
                named = session_ids[0] if len(session_ids) == 1 else ""
                self._record(SecurityEvent(EventName.REVOCATION_NOT_PUBLISHED, user_id, named, reason=error.detail))
                raise
        return began_ms

    def _publish_earlier(self, user_id: str) -> None:
        """Publish the sessions that ended shortly before, without a mark.

        They are read after the sessions, so that no end falls between the two reads; and when these have ended, because
        whoever logs in and out all the time makes many records, and their read may fail.
        """
        if self._revocations is not None:
            self._publish_late(user_id, self._sessions.ended_since(user_id, self._earliest_end())[:MAX_LATE])

    def _publish_late(self, user_id: str, session_ids: Sequence[str]) -> None:
        """Publish sessions that have ended, and mark their records, so that each of them is published late only once.

        A mark that fails changes no answer: a later call publishes once more.
        """
        self._publish(user_id, session_ids)
        with suppress(TemporarilyUnavailable):
            for session_id in session_ids:
                self._sessions.mark_published(user_id, session_id)

    def _is_fresh(self, published_at_ms: int | None) -> bool:
        return published_at_ms is not None and self._clock() - published_at_ms <= MAX_LEAD_SECONDS * 1000

    def _earliest_end(self) -> int:
        """Return the time of the earliest end after which an access token of the session may still live."""
        return self._clock() // 1000 - ACCESS_TOKEN_SECONDS


def _ended(session: Endable, reason: str) -> SecurityEvent:
    return SecurityEvent(EventName.SESSION_ENDED, session.user_id, session.session_id, reason=reason)
