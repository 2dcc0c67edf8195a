"""Reuse of a refresh token: the session ends once, and the reuse is recorded."""

from dataclasses import dataclass

import pytest

from edge_auth.errors import InvalidGrant, TemporarilyUnavailable
from edge_auth.events.security_event import EventName
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.sessions.logout import Reach
from edge_auth.sessions.rotation_rule import Outcome
from tests.support.deployment import GRACE_SECONDS, Deployment


@dataclass
class Chain:
    """One session with three generations of tokens. The grace window of the last rotation is over.

    The previous token is still good for a late retry, and the one before it is dead.
    """

    parent: TokenGrant
    previous: TokenGrant
    current: TokenGrant


@pytest.fixture
def chain(deployment: Deployment) -> Chain:
    """Log in and refresh twice, without any reuse."""
    parent = deployment.log_in()
    deployment.clock.advance(seconds=3600)
    previous = deployment.refreshed(parent.refresh_token)
    deployment.clock.advance(seconds=3600)
    current = deployment.refreshed(previous.refresh_token)
    deployment.clock.advance(seconds=GRACE_SECONDS, ms=1)
    deployment.names()
    return Chain(parent, previous, current)


def refuse(deployment: Deployment, granted: TokenGrant) -> None:
    """Present a token and expect a refusal."""
    with pytest.raises(InvalidGrant):
        deployment.refreshed(granted.refresh_token)


def test_a_used_token_that_comes_back_ends_the_session(deployment: Deployment, chain: Chain) -> None:
    """The current token is dead too, for the attacker and for the owner (A2, F4, F5)."""
    refuse(deployment, chain.parent)
    ended = deployment.end_of(chain.current)
    assert (ended.ended_at_seconds, ended.reason) == (deployment.clock() // 1000, Outcome.REUSED)
    assert (ended.generation, ended.base) == (2, 1)
    refuse(deployment, chain.current)
    assert deployment.end_of(chain.current) == ended


def test_a_grandparent_is_reuse_even_inside_the_window(deployment: Deployment, chain: Chain) -> None:
    """The grace window begins with the token that the newest was issued for (F5)."""
    deployment.refreshed(chain.current.refresh_token)
    deployment.events.clear()
    refuse(deployment, chain.previous)
    assert [event.generations_behind for event in deployment.events] == [2]
    refuse(deployment, chain.current)


def test_reuse_is_told_once_with_the_gap(deployment: Deployment, chain: Chain) -> None:
    """The event has the user, the session, the reason and the number of generations behind (A16)."""
    refuse(deployment, chain.parent)
    token = deployment.token_of(chain.parent)
    told = [(e.name, e.user_id, e.session_id, e.reason, e.generations_behind) for e in deployment.events]
    assert told == [(EventName.REFRESH_TOKEN_REUSED, token.user_id, token.session_id, "reused", 2)]


def test_many_replays_are_one_alarm(deployment: Deployment, chain: Chain) -> None:
    """One of 64 replays ends the session and is recorded as reuse. The others are only refused (F7)."""
    for _ in range(32):
        refuse(deployment, chain.parent)
        refuse(deployment, chain.previous)
    names = deployment.names()
    assert names.count(EventName.REFRESH_TOKEN_REUSED) == 1
    assert names.count(EventName.REFRESH_REFUSED) == 63


def test_two_callers_that_see_one_reuse_are_one_alarm(
    deployment: Deployment, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both callers detect the reuse before the session ends. Only the caller that ends the session records it (F7)."""
    end = deployment.sessions.end

    def after_another_caller(*args: object, **kwargs: object) -> None:
        monkeypatch.setattr(deployment.sessions, "end", end)
        refuse(deployment, chain.parent)
        end(*args, **kwargs)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(deployment.sessions, "end", after_another_caller)
    refuse(deployment, chain.parent)
    assert deployment.names() == [EventName.REFRESH_TOKEN_REUSED]
    assert deployment.has_ended(chain.current)


def test_an_end_that_fails_answers_unavailable_and_is_made_up_for(deployment: Deployment, chain: Chain) -> None:
    """The attacker gets no tokens, the reuse is recorded, and the next replay is detected again (F21)."""
    deployment.trouble.fail("end")
    with pytest.raises(TemporarilyUnavailable):
        deployment.refreshed(chain.parent.refresh_token)
    assert deployment.names() == [EventName.REFRESH_TOKEN_REUSED]
    assert not deployment.has_ended(chain.current)
    deployment.trouble.heal()
    refuse(deployment, chain.parent)
    assert deployment.names() == [EventName.REFRESH_TOKEN_REUSED]
    refuse(deployment, chain.current)


def test_reuse_ends_one_session_only(deployment: Deployment, chain: Chain) -> None:
    """Other devices of the user stay logged in."""
    other = deployment.log_in()
    refuse(deployment, chain.parent)
    assert deployment.refreshed(other.refresh_token).session_id == other.session_id


def test_a_logged_out_session_is_never_reuse(deployment: Deployment, chain: Chain) -> None:
    """Replays after a logout are not reuse, and change nothing (F8)."""
    deployment.logout(chain.current.refresh_token, Reach.ONE)
    deployment.names()
    kept = deployment.end_of(chain.current)
    for granted in (chain.parent, chain.previous, chain.current):
        refuse(deployment, granted)
    assert EventName.REFRESH_TOKEN_REUSED not in deployment.names()
    assert deployment.end_of(chain.current) == kept


def test_a_token_that_is_not_the_one_of_the_logout_is_told(deployment: Deployment, chain: Chain) -> None:
    """A thief rotated and logged out, and the owner comes back: the answer is the usual one, and a person is told."""
    deployment.logout(chain.current.refresh_token, Reach.ONE)
    deployment.clock.advance(seconds=3600)
    deployment.names()
    refuse(deployment, chain.current)
    assert deployment.names() == [EventName.REFRESH_REFUSED]
    refuse(deployment, chain.parent)
    [told] = deployment.events
    assert (told.name, told.reason, told.generations_behind) == (EventName.REFRESH_TOKEN_DIVERGED, "diverged", 2)
    assert told.name.wants_attention


def test_a_logout_with_an_old_token_is_told_when_the_newer_one_comes_back(deployment: Deployment, chain: Chain) -> None:
    """A thief with an old token can end the session that it names, and the owner's next refresh tells that."""
    deployment.logout(chain.parent.refresh_token, Reach.ONE)
    deployment.clock.advance(seconds=3600)
    deployment.names()
    refuse(deployment, chain.current)
    assert deployment.names() == [EventName.REFRESH_TOKEN_DIVERGED]


def test_strict_mode_ends_the_session_at_the_second_use(deployment: Deployment, chain: Chain) -> None:
    """Without a grace window the second use is reuse, even in the same millisecond (F6)."""
    deployment.limits = deployment.limits._replace(grace_seconds=0)
    successor = deployment.refreshed(chain.current.refresh_token)
    refuse(deployment, chain.current)
    refuse(deployment, successor)
    assert deployment.names().count(EventName.REFRESH_TOKEN_REUSED) == 1


def test_a_thief_who_alternates_with_the_victim_is_caught_in_the_first_cycle(
    deployment: Deployment, chain: Chain
) -> None:
    """The owner refreshes, then an attacker with the same token, then the owner again: both are out (F29, F30)."""
    owners = deployment.refreshed(chain.current.refresh_token)
    deployment.clock.advance(seconds=3600)
    thiefs = deployment.refreshed(chain.current.refresh_token)
    deployment.clock.advance(seconds=3600)
    refuse(deployment, owners)
    refuse(deployment, thiefs)
    assert deployment.end_of(chain.current).reason == Outcome.REUSED


def test_a_thief_who_comes_first_is_caught_at_the_owners_next_refresh_but_one(
    deployment: Deployment, chain: Chain
) -> None:
    """A theft looks like a lost answer to the owner's first retry. The thief's token is then the orphan (F28)."""
    thiefs = deployment.refreshed(chain.current.refresh_token)
    deployment.clock.advance(seconds=3600)
    owners = deployment.refreshed(chain.current.refresh_token)
    deployment.clock.advance(seconds=3600)
    refuse(deployment, thiefs)
    refuse(deployment, owners)
    assert deployment.names().count(EventName.REFRESH_TOKEN_REUSED) == 1
