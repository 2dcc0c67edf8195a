"""No act returns before the feed has the sessions that it ended, and a repeated call makes up for one that failed."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from edge_auth.errors import InvalidGrant, InvalidToken, TemporarilyUnavailable, TooManyAttempts, UnknownSession
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.sessions import end_sessions as ending
from edge_auth.flows.sessions.logout import Reach
from edge_auth.keys.timing import ACCESS_TOKEN_SECONDS
from edge_auth.throttling.limits import DEAD_TOKEN_RATE
from edge_auth.tokens import refresh_token as refresh_tokens
from tests.support.access_tokens import ISSUER
from tests.support.deployment import GRACE_SECONDS, PASSWORD, deployment_of_alice

NEW_PASSWORD = "a quite different long passphrase"


class Sessions:
    """Alice's three sessions. The first one is the caller's, and its token was rotated twice, so `old` is dead."""

    def __init__(self) -> None:
        """Log in three times, with the feed on."""
        self.deployment = deployment_of_alice().with_feed()
        self.own, self.second, self.third = (self.deployment.log_in() for _ in range(3))
        self.deployment.clock.advance(seconds=GRACE_SECONDS)
        self.old, self.own = self.own, self.deployment.refreshed(self.own.refresh_token)
        self.deployment.clock.advance(seconds=GRACE_SECONDS + 1)
        self.own = self.deployment.refreshed(self.own.refresh_token)  # now `old` is older than the base
        self.deployment.clock.advance(seconds=GRACE_SECONDS + 1)
        self.deployment.names()
        self.acts.clear()

    @property
    def acts(self) -> list[str]:
        """The acts of stores and feed so far."""
        return self.deployment.trouble.acts

    def ids(self, *grants: TokenGrant) -> set[str]:
        """Return the ids of the sessions of these grants."""
        return {self.deployment.token_of(granted).session_id for granted in grants}

    @property
    def user_id(self) -> str:
        """Alice's id."""
        return self.deployment.alice.user_id

    def log_out(self, granted: TokenGrant, reach: Reach = Reach.ONE) -> None:
        """Log out."""
        self.deployment.logout(granted.refresh_token, reach)

    def reuse(self) -> None:
        """Present the old token for a refresh."""
        self.deployment.refreshed(self.old.refresh_token)

    def reuse_at_logout(self) -> None:
        """Present the old token for a logout of the others."""
        self.log_out(self.old, Reach.OTHERS)

    def revoke(self) -> None:
        """Present an access token to be revoked."""
        self.deployment.revoke_access_token(self.own.access_token, issuer=ISSUER)

    def end_other(self) -> None:
        """End another session of the user. After an end, there is none."""
        ids = [self.deployment.token_of(granted).session_id for granted in (self.own, self.second)]
        with suppress(UnknownSession):
            self.deployment.own_sessions.end(self.user_id, *ids)

    def end_own(self) -> None:
        """End the caller's own session as one of the user's. After an end, the caller is refused."""
        own = self.deployment.token_of(self.own).session_id
        with suppress(InvalidToken):
            self.deployment.own_sessions.end(self.user_id, own, own)

    def spend_dead_token(self) -> None:
        """Present the token of the session that has ended for refreshes, until it has to wait."""
        for _ in range(DEAD_TOKEN_RATE.burst):
            with suppress(InvalidGrant):
                self.deployment.refreshed(self.own.refresh_token)

    def change_password(self) -> None:
        """Change the password."""
        own = self.deployment.token_of(self.own).session_id
        self.deployment.change_password(self.user_id, own, PASSWORD, NEW_PASSWORD)


Act = Callable[[Sessions], object]

ACTS: dict[str, tuple[Act, Callable[[Sessions], set[str]]]] = {
    "logout": (lambda s: s.log_out(s.own), lambda s: s.ids(s.own)),
    "logout of all": (lambda s: s.log_out(s.own, Reach.ALL), lambda s: s.ids(s.own, s.second, s.third)),
    "logout of others": (lambda s: s.log_out(s.own, Reach.OTHERS), lambda s: s.ids(s.second, s.third)),
    "reuse": (Sessions.reuse, lambda s: s.ids(s.own)),
    "reuse at a logout": (Sessions.reuse_at_logout, lambda s: s.ids(s.own)),
    "revocation of an access token": (Sessions.revoke, lambda s: s.ids(s.own)),
    "end of another session": (Sessions.end_other, lambda s: s.ids(s.second)),
    "end of the own session": (Sessions.end_own, lambda s: s.ids(s.own)),
    "new password": (Sessions.change_password, lambda s: s.ids(s.second, s.third)),
    "disabling": (
        lambda s: s.deployment.administration.disable(s.deployment.alice),
        lambda s: s.ids(s.own, s.second, s.third),
    ),
}
"""Each act, and the ids of the sessions that it ends."""

END_FIRST = ("logout", "end of the own session")
"""The acts that end the session before they publish it."""

FAILURES = {
    "the feed": [("publish", 0)],
    "the end": [("end", 0)],
    "a later end": [("end", 1)],
    "both": [("publish", 0), ("end", 0)],
}


@pytest.fixture
def sessions() -> Sessions:
    """Return the sessions."""
    return Sessions()


@pytest.mark.parametrize("name", ACTS)
def test_the_feed_has_what_has_ended_when_an_act_returns(sessions: Sessions, name: str) -> None:
    """By one publication before the ends, or after the end of a logout and of the caller's own session.

    A logout of all publishes the caller's session by itself, because that one ends after all others.
    """
    act, expected = ACTS[name]
    with suppress(InvalidGrant):
        act(sessions)

    assert sessions.deployment.feed.session_ids == expected(sessions)
    order = [what for what in sessions.acts if what in ("publish", "end")]
    if name in END_FIRST:
        assert order == ["end", "publish"]
    elif name == "logout of all":
        assert order == ["publish", "end", "end", "publish", "end"]
    else:
        assert order == ["publish", *["end"] * (len(order) - 1)]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("name", ACTS)
def test_a_call_that_fails_is_made_good_by_its_repetition(sessions: Sessions, name: str, failure: str) -> None:
    """A7: it says 503, never done; the same call again leaves no session that has ended and is not in the feed."""
    act, expected = ACTS[name]
    trouble = sessions.deployment.trouble
    for what, after in FAILURES[failure]:
        trouble.fail(what, times=1, after=after)
    if failure == "a later end" and len(expected(sessions)) == 1:
        return  # it has no later end
    answers = 0
    for _ in range(3):
        try:
            act(sessions)
        except TemporarilyUnavailable:
            continue
        except InvalidGrant:
            pass
        answers += 1
        break

    assert answers == 1
    assert trouble.acts.count("publish") >= 1
    assert sessions.deployment.feed.session_ids == expected(sessions)
    ended = {session_id for _, session_id in sessions.deployment.store.ended}
    assert ended == expected(sessions)


@pytest.mark.parametrize("name", ACTS)
def test_a_message_that_fails_is_recorded(sessions: Sessions, name: str) -> None:
    """Only what ends first has ended by then; the sessions of other acts live, and the next call ends them."""
    act, _ = ACTS[name]
    sessions.deployment.trouble.fail("publish")
    with pytest.raises(TemporarilyUnavailable):
        act(sessions)

    [told] = [event for event in sessions.deployment.events if event.name is EventName.REVOCATION_NOT_PUBLISHED]
    assert told.user_id == sessions.user_id
    assert told.reason == "injected: publish"
    assert len(sessions.deployment.store.ended) == (1 if name in END_FIRST else 0)


def test_a_login_beyond_the_limit_publishes_all_that_it_ends_at_once(sessions: Sessions) -> None:
    """F36: one message; if it fails, the login is good, the sessions live, and the next login ends them."""
    deployment = sessions.deployment
    deployment.max_sessions = 1
    deployment.trouble.fail("publish", times=1)
    fourth = deployment.log_in()
    assert deployment.names()[-1] is EventName.SESSION_LIMIT_NOT_KEPT
    assert (deployment.living(), deployment.feed.session_ids) == (4, set())

    sessions.acts.clear()
    deployment.log_in()

    assert [what for what in sessions.acts if what in ("publish", "end")] == ["publish", *["end"] * 4]
    assert deployment.feed.session_ids == sessions.ids(sessions.own, sessions.second, sessions.third, fourth)
    assert deployment.names().count(EventName.SESSION_ENDED) == 4


# --- a repeated logout ---


def repeat(sessions: Sessions, reach: Reach = Reach.ONE) -> list[str]:
    """Log the caller's own session out once more. Return the acts for the feed, before the dead token is counted."""
    sessions.acts.clear()
    sessions.log_out(sessions.own, reach)
    assert sessions.acts.pop() == "book"
    return sessions.acts[sessions.acts.index("find_ended") :]


@pytest.mark.parametrize("name", [name for name in ACTS if name not in (*END_FIRST, "logout of others")])
def test_what_was_published_before_its_end_is_not_published_again(sessions: Sessions, name: str) -> None:
    """F39: its record has the mark at once, so dead tokens and later ends of all write nothing of it to the feed."""
    act, expected = ACTS[name]
    with suppress(InvalidGrant):
        act(sessions)
    ended = [ended.is_published for ended in sessions.deployment.store.ended.values()]
    assert ended == [True] * len(expected(sessions))
    sessions.acts.clear()
    sessions.deployment.feed.session_ids.clear()

    with suppress(InvalidGrant):
        sessions.log_out(sessions.second)
    sessions.deployment.administration.end_sessions(sessions.deployment.alice)

    assert not sessions.deployment.feed.session_ids & expected(sessions)


@pytest.mark.parametrize("reach", Reach)
def test_a_repeated_logout_publishes_once_and_then_only_reads(sessions: Sessions, reach: Reach) -> None:
    """F39: an earlier call may have failed after the end. Once the record is marked, a repetition costs one read."""
    sessions.log_out(sessions.own)
    sessions.deployment.feed.session_ids.clear()

    assert repeat(sessions, reach) == ["find_ended", "publish", "mark_published"]
    assert sessions.deployment.feed.session_ids == sessions.ids(sessions.own)
    assert repeat(sessions, reach) == ["find_ended"]
    assert EventName.REVOCATION_NOT_PUBLISHED not in sessions.deployment.names()


def test_an_access_token_of_an_ended_session_publishes_once_too(sessions: Sessions) -> None:
    """It is authentic, so it is proof enough."""
    sessions.log_out(sessions.own)
    sessions.deployment.feed.session_ids.clear()
    acts = list[list[str]]()
    for _ in range(2):
        sessions.acts.clear()
        sessions.revoke()
        acts.append(list(sessions.acts))

    assert acts == [["find_session", "find_ended", "publish", "mark_published"], ["find_session", "find_ended"]]
    assert sessions.deployment.feed.session_ids == sessions.ids(sessions.own)


def test_an_end_is_not_published_when_no_access_token_can_live(sessions: Sessions) -> None:
    """A dead token that a client keeps for days writes nothing."""
    sessions.log_out(sessions.own)
    sessions.deployment.clock.advance(seconds=ACCESS_TOKEN_SECONDS)
    assert repeat(sessions) == ["find_ended", "publish", "mark_published"]

    sessions.deployment.store.ended = {
        key: ended._replace(is_published=False) for key, ended in sessions.deployment.store.ended.items()
    }
    sessions.deployment.clock.advance(seconds=1)
    assert repeat(sessions) == ["find_ended"]


def test_a_token_with_another_seed_publishes_nothing(sessions: Sessions) -> None:
    """With a leaked MAC key, ids of sessions are known words; the seed is not, so no session can be denied with it."""
    sessions.log_out(sessions.own)
    sessions.deployment.feed.session_ids.clear()
    token = sessions.deployment.token_of(sessions.own)
    forged = refresh_tokens.RefreshToken(token.user_id, token.session_id, token.generation, b"\x00" * 16)

    sessions.deployment.logout(refresh_tokens.mint(forged, sessions.deployment.key_ring.keys.mac), Reach.ONE)
    other = sessions.deployment.token_of(sessions.second)
    living = refresh_tokens.RefreshToken(other.user_id, other.session_id, other.generation, b"\x00" * 16)
    sessions.deployment.logout(refresh_tokens.mint(living, sessions.deployment.key_ring.keys.mac), Reach.ONE)

    assert sessions.deployment.feed.session_ids == set()


def test_a_mark_that_cannot_be_set_costs_nobody_an_answer(sessions: Sessions) -> None:
    """The end is published, so the answer is true. The next repetition publishes again."""
    sessions.log_out(sessions.own)
    sessions.deployment.trouble.fail("mark_published", times=1)

    assert repeat(sessions) == repeat(sessions) == ["find_ended", "publish", "mark_published"]
    assert repeat(sessions) == ["find_ended"]


@pytest.mark.parametrize("name", END_FIRST)
def test_an_end_that_fails_leaves_nothing_in_the_feed(sessions: Sessions, name: str) -> None:
    """Otherwise authorizers would refuse the access token with which the same call is made again."""
    act, _ = ACTS[name]
    sessions.deployment.trouble.fail("end", times=1)
    with pytest.raises(TemporarilyUnavailable):
        act(sessions)
    assert (sessions.deployment.feed.session_ids, sessions.deployment.living()) == (set(), 3)

    act(sessions)
    assert sessions.deployment.is_dead(sessions.own)


def test_no_limit_keeps_an_end_from_authorizers(sessions: Sessions) -> None:
    """A logout failed half-way, and its token came too often since. Its repetition publishes first."""
    sessions.deployment.trouble.fail("publish", times=1)
    with pytest.raises(TemporarilyUnavailable):
        sessions.log_out(sessions.own)
    sessions.spend_dead_token()
    assert sessions.deployment.feed.session_ids == set()

    with pytest.raises(TooManyAttempts):
        sessions.log_out(sessions.own)
    assert sessions.deployment.feed.session_ids == sessions.ids(sessions.own)


def test_a_repetition_that_cannot_publish_is_counted_too(sessions: Sessions) -> None:
    """F39: while the feed cannot be written, a dead token must wait as well."""
    sessions.log_out(sessions.own)
    sessions.deployment.trouble.fail("publish")
    for _ in range(DEAD_TOKEN_RATE.burst):
        with pytest.raises(TemporarilyUnavailable):
            sessions.log_out(sessions.own)

    with pytest.raises(TooManyAttempts):
        sessions.log_out(sessions.own)


# --- an end of all ---


def test_an_end_of_all_makes_up_for_a_logout_that_failed_after_its_end(sessions: Sessions) -> None:
    """The person logs out everywhere instead of repeating the call."""
    sessions.deployment.trouble.fail("publish", times=1)
    with pytest.raises(TemporarilyUnavailable):
        sessions.log_out(sessions.second)

    sessions.log_out(sessions.own, Reach.OTHERS)

    assert sessions.deployment.feed.session_ids == sessions.ids(sessions.second, sessions.third)


@pytest.mark.parametrize("name", ["logout of all", "logout of others", "new password", "disabling"])
def test_no_session_lives_because_earlier_ends_cannot_be_read(sessions: Sessions, name: str) -> None:
    """A thief who logs in all the time makes many records of ends. They are read when the sessions have ended.

    Of a logout of all, the caller's own session still lives then, so that the same call can be made again.
    """
    act, expected = ACTS[name]
    last = sessions.ids(sessions.own) if name == "logout of all" else set[str]()
    sessions.deployment.trouble.fail("ended_since", times=1)
    with pytest.raises(TemporarilyUnavailable):
        act(sessions)
    ended = {session_id for _, session_id in sessions.deployment.store.ended}
    assert ended == sessions.deployment.feed.session_ids == expected(sessions) - last

    act(sessions)
    ended = {session_id for _, session_id in sessions.deployment.store.ended}
    assert ended == sessions.deployment.feed.session_ids == expected(sessions)


def test_an_end_of_all_publishes_only_the_latest_ends(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """P12: a client that logs in and out all day cannot fill the feed with its ended sessions at one act."""
    monkeypatch.setattr(ending, "MAX_LATE", 2)
    granted = [sessions.deployment.log_in() for _ in range(4)]
    for each in granted:
        sessions.deployment.clock.advance(seconds=1)
        sessions.log_out(each)
    sessions.deployment.feed.session_ids.clear()

    sessions.log_out(sessions.own, Reach.OTHERS)
    assert sessions.deployment.feed.session_ids == sessions.ids(*granted[2:], sessions.second, sessions.third)

    sessions.deployment.feed.session_ids.clear()
    sessions.log_out(sessions.own, Reach.OTHERS)
    assert sessions.deployment.feed.session_ids == sessions.ids(*granted[:2])
    sessions.acts.clear()
    sessions.log_out(sessions.own, Reach.OTHERS)
    assert "publish" not in sessions.acts


def test_each_hundred_is_published_before_it_ends(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """A8: the ends of a hundred take seconds, and the entries must not be older than that."""
    monkeypatch.setattr(ending, "PUBLISHED_AT_ONCE", 2)

    sessions.deployment.administration.end_sessions(sessions.deployment.alice)

    order = [what for what in sessions.acts if what in ("publish", "end")]
    assert order == ["publish", "end", "end", "publish", "end"]


def test_what_took_long_to_end_is_published_again(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session may get a token until it ends, and a reader that starts late needs an entry as late as that.

    The record without a mark looks like that of an earlier logout, so it is published once more, and marked.
    """
    act = sessions.deployment.trouble.on

    def slow(name: str) -> None:
        if name == "end":
            sessions.deployment.clock.advance(seconds=11)
        act(name)

    monkeypatch.setattr(sessions.deployment.trouble, "on", slow)

    sessions.deployment.administration.end_sessions(sessions.deployment.alice)

    order = [what for what in sessions.acts if what in ("publish", "end", "mark_published")]
    assert order == ["publish", "end", "end", "end", "publish", "publish", "mark_published"]


def test_nothing_that_ends_is_no_message(sessions: Sessions) -> None:
    """A new password of a user with one session writes nothing to the feed."""
    sessions.log_out(sessions.own, Reach.OTHERS)
    sessions.deployment.clock.advance(seconds=ACCESS_TOKEN_SECONDS + 1)
    sessions.deployment.feed.session_ids.clear()

    sessions.change_password()

    assert sessions.deployment.feed.session_ids == set()
    assert SecurityEvent(EventName.REVOCATION_NOT_PUBLISHED) not in sessions.deployment.events
