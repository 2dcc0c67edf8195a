"""Refresh: each outcome with its answer, its effect and its event."""

from dataclasses import replace

import pytest

from edge_auth.errors import InvalidGrant, TemporarilyUnavailable
from edge_auth.events.security_event import EventName
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.sessions import RotationRefused
from edge_auth.keys.mac_key import MacKey
from edge_auth.sessions.session import Session
from edge_auth.tokens import refresh_token as refresh_tokens
from edge_auth.tokens.claims import LEVELS
from edge_auth.tokens.token_form import MAX_GENERATION
from tests.support.access_tokens import NOW
from tests.support.deployment import ABSOLUTE_SECONDS, ACCESS_SECONDS, GRACE_SECONDS, IDLE_SECONDS, POLICY, Deployment


@pytest.fixture
def first(deployment: Deployment) -> TokenGrant:
    """Return the grant of a login an hour ago."""
    granted = deployment.log_in()
    deployment.clock.advance(seconds=3600)
    deployment.names()
    deployment.trouble.acts.clear()
    return granted


def refused(deployment: Deployment, refresh_token: str) -> InvalidGrant:
    """Present a token and return the refusal."""
    with pytest.raises(InvalidGrant) as caught:
        deployment.refreshed(refresh_token)
    return caught.value


def test_the_current_token_is_rotated(deployment: Deployment, first: TokenGrant) -> None:
    """The client gets a new refresh token and a new access token, and the table has the next generation (A1)."""
    second = deployment.refreshed(first.refresh_token)
    session = deployment.session_of(first)
    assert deployment.token_of(second) == deployment.token_of(first).of_generation(1)
    assert second.access_token != first.access_token
    assert (session.generation, session.rotated_at_ms) == (1, deployment.clock())
    assert deployment.names() == [EventName.REFRESH_ROTATED]


def test_a_refresh_is_one_write_and_no_read(deployment: Deployment, first: TokenGrant) -> None:
    """A refresh is one conditional write. Only reuse needs more."""
    deployment.refreshed(first.refresh_token)
    deployment.refreshed(first.refresh_token)
    assert deployment.trouble.acts == ["rotate", "rotate"]


def test_the_session_id_stays_and_token_ids_do_not(deployment: Deployment, first: TokenGrant) -> None:
    """Each access token has its own `jti` and the `sid` of its session (I6, T2)."""
    second = deployment.refreshed(first.refresh_token)
    before, after = deployment.session_of(first), deployment.claims_of(second)
    assert (second.session_id, after.sid) == (first.session_id, first.session_id)
    assert after.sub == before.user_id
    third = deployment.refreshed(second.refresh_token)
    assert deployment.claims_of(third).jti != after.jti


def test_a_refresh_keeps_rights_and_the_time_of_the_login(deployment: Deployment, first: TokenGrant) -> None:
    """A refresh adds no rights and does not count as a login (A4, T9)."""
    claims = deployment.claims_of(deployment.refreshed(first.refresh_token))
    assert (claims.scope, claims.roles, claims.amr) == ("orders:read", ("admin",), ("pwd",))
    assert (claims.auth_time, claims.iat) == (NOW, NOW + 3600)


@pytest.mark.parametrize("level", LEVELS)
def test_a_refresh_keeps_the_level_of_the_login(deployment: Deployment, first: TokenGrant, level: str) -> None:
    """T9, SA6: a refresh renews neither `acr` nor `auth_time`, and neither does a retry of it."""
    deployment.change_session(first, acr=level)
    for granted in (deployment.refreshed(first.refresh_token), deployment.refreshed(first.refresh_token)):
        claims = deployment.claims_of(granted)
        assert (claims.acr, claims.auth_time, claims.iat) == (level, NOW, NOW + 3600)
    assert deployment.session_of(first).acr == level


def test_a_refresh_extends_the_idle_timeout_only(deployment: Deployment, first: TokenGrant) -> None:
    """The absolute timeout stays as the login set it (A5)."""
    granted = deployment.refreshed(first.refresh_token)
    session = deployment.session_of(first)
    assert session.idle_expires_at_seconds == NOW + 3600 + IDLE_SECONDS
    assert session.absolute_expires_at_seconds == NOW + ABSOLUTE_SECONDS
    assert granted.refresh_expires_in_seconds == IDLE_SECONDS


def test_the_current_token_within_the_window_is_answered_with_itself(deployment: Deployment, first: TokenGrant) -> None:
    """There is at most one rotation per grace window: same refresh token, new access token (coalesced)."""
    second = deployment.refreshed(first.refresh_token)
    deployment.clock.advance(seconds=GRACE_SECONDS, ms=-1)
    third = deployment.refreshed(second.refresh_token)
    assert third.refresh_token == second.refresh_token
    assert third.access_token != second.access_token
    assert deployment.session_of(first).generation == 1
    assert deployment.names() == [EventName.REFRESH_ROTATED, EventName.REFRESH_COALESCED]


def test_the_window_ends_for_the_current_token(deployment: Deployment, first: TokenGrant) -> None:
    """At the end of the window the token rotates again."""
    second = deployment.refreshed(first.refresh_token)
    deployment.clock.advance(seconds=GRACE_SECONDS)
    third = deployment.refreshed(second.refresh_token)
    assert deployment.token_of(third).generation == 2


@pytest.mark.parametrize("callers", [2, 8, 64, 200])
def test_callers_with_one_token_all_get_the_same_successor(
    deployment: Deployment, first: TokenGrant, callers: int
) -> None:
    """All refresh tokens are equal, byte for byte, after one rotation (converged, F2, F6)."""
    answers = [deployment.refreshed(first.refresh_token) for _ in range(callers)]
    assert len({answer.refresh_token for answer in answers}) == 1
    assert len({answer.access_token for answer in answers}) == callers
    assert deployment.session_of(first).generation == 1
    assert deployment.names() == [EventName.REFRESH_ROTATED] + [EventName.REFRESH_CONVERGED] * (callers - 1)


def test_a_retry_at_the_end_of_the_window_still_converges(deployment: Deployment, first: TokenGrant) -> None:
    """The last millisecond of the window is inside it. One millisecond later is a late retry (F2, F3)."""
    second = deployment.refreshed(first.refresh_token)
    deployment.clock.advance(seconds=GRACE_SECONDS)
    assert deployment.refreshed(first.refresh_token).refresh_token == second.refresh_token
    deployment.clock.advance(ms=1)
    assert deployment.token_of(deployment.refreshed(first.refresh_token)).generation == 2


def test_a_lost_response_of_our_own_write_is_no_reuse(
    deployment: Deployment, first: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK sent the write twice, and the second attempt is recognized without any grace window (F1)."""
    deployment.limits = deployment.limits._replace(grace_seconds=0)
    rotate = deployment.sessions.rotate

    def rotate_twice(*args: object, **kwargs: object) -> Session:
        rotate(*args, **kwargs)  # type: ignore[arg-type]  # passed through
        return rotate(*args, **kwargs)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(deployment.sessions, "rotate", rotate_twice)
    second = deployment.refreshed(first.refresh_token)
    assert deployment.token_of(second).generation == 1
    assert deployment.session_of(first).generation == 1
    assert deployment.session_of(first).is_live(NOW + 3600)
    assert deployment.names() == [EventName.REFRESH_ROTATED]


def test_every_invocation_rotates_under_an_id_of_its_own(deployment: Deployment, first: TokenGrant) -> None:
    """Otherwise one caller would take the rotation of another caller for its own (F1)."""
    second = deployment.refreshed(first.refresh_token)
    one = deployment.session_of(first).rotation_id
    deployment.clock.advance(seconds=GRACE_SECONDS)
    deployment.refreshed(second.refresh_token)
    assert one != deployment.session_of(first).rotation_id
    assert len(one) == 32


def test_the_idle_timeout_ends_a_session(deployment: Deployment, first: TokenGrant) -> None:
    """The token works one millisecond before the timeout and is refused at the timeout (A5)."""
    deployment.clock.now_ms = (NOW + IDLE_SECONDS) * 1000
    refused(deployment, first.refresh_token)
    assert deployment.session_of(first).generation == 0
    assert deployment.names() == [EventName.REFRESH_REFUSED]
    deployment.clock.advance(ms=-1)
    deployment.refreshed(first.refresh_token)


def test_the_absolute_timeout_ends_a_session_that_is_always_busy(deployment: Deployment) -> None:
    """The session is refreshed often and still ends at the absolute timeout, like its last access token (A5)."""
    granted = deployment.log_in()
    end = NOW + ABSOLUTE_SECONDS
    while deployment.clock() // 1000 + IDLE_SECONDS // 2 < end:
        deployment.clock.advance(seconds=IDLE_SECONDS // 2)
        granted = deployment.refreshed(granted.refresh_token)
    deployment.clock.now_ms = end * 1000 - 60_000
    granted = deployment.refreshed(granted.refresh_token)
    assert deployment.claims_of(granted).exp == end
    assert (granted.expires_in_seconds, granted.refresh_expires_in_seconds) == (60, 60)
    deployment.clock.now_ms = end * 1000
    refused(deployment, granted.refresh_token)


def test_a_deleted_session_is_refused_and_not_created(deployment: Deployment, first: TokenGrant) -> None:
    """DynamoDB's TTL deleted the session, and a refresh does not create it again (F25)."""
    deployment.store.sessions.clear()
    refused(deployment, first.refresh_token)
    assert deployment.store.sessions == {}
    assert deployment.names() == [EventName.REFRESH_REFUSED]


def test_a_token_ahead_of_its_session_is_refused_with_an_alarm(deployment: Deployment, first: TokenGrant) -> None:
    """The table was restored from a backup: no tokens, the session lives, and the event has its own name (F31)."""
    second = deployment.refreshed(first.refresh_token)
    deployment.change_session(first, generation=0, rotated_at_ms=0)
    deployment.names()
    refused(deployment, second.refresh_token)
    assert deployment.session_of(first).is_live(NOW + 3600)
    assert [(event.name, event.generations_behind) for event in deployment.events] == [
        (EventName.REFRESH_TOKEN_AHEAD, -1)
    ]


def test_another_seed_is_refused_with_an_alarm_and_touches_nothing(deployment: Deployment, first: TokenGrant) -> None:
    """Only a party that has the MAC key can mint such a token."""
    before = deployment.session_of(first)
    ring = deployment.key_ring.keys
    forged = refresh_tokens.mint(replace(deployment.token_of(first), seed=b"\x00" * 16), ring.mac)
    refused(deployment, forged)
    assert deployment.session_of(first) == before
    assert deployment.names() == [EventName.REFRESH_TOKEN_SEED_MISMATCH]


def test_forged_and_malformed_tokens_cost_no_call(deployment: Deployment, first: TokenGrant) -> None:
    """The MAC is checked before the store is asked (F24, F37)."""
    good = first.refresh_token
    flipped = good[:40] + ("A" if good[40] != "A" else "B") + good[41:]
    foreign = refresh_tokens.mint(deployment.token_of(first), MacKey(b"mac-1", b"9" * 32))
    for text in ("", "x", good[:-1], good + "A", flipped, foreign, first.access_token):
        refused(deployment, text)
    assert deployment.trouble.acts == []
    assert deployment.session_of(first).generation == 0
    deployment.refreshed(good)


def test_an_access_token_is_no_refresh_token(deployment: Deployment, first: TokenGrant) -> None:
    """The two kinds of token are not interchangeable (A9, T7)."""
    refused(deployment, first.access_token)
    assert deployment.trouble.acts == []


def test_the_last_generation_is_refused_without_a_call(deployment: Deployment, first: TokenGrant) -> None:
    """The token of the generation before it still rotates (F37)."""
    ring, token = deployment.key_ring.keys, deployment.token_of(first)
    deployment.change_session(first, generation=MAX_GENERATION - 1)
    last = deployment.refreshed(refresh_tokens.mint(replace(token, generation=MAX_GENERATION - 1), ring.mac))
    deployment.trouble.acts.clear()
    refused(deployment, last.refresh_token)
    assert deployment.trouble.acts == []


def test_every_refusal_reads_the_same(deployment: Deployment, first: TokenGrant) -> None:
    """Forged, expired, reused and revoked tokens, and tokens of deleted sessions, get one code and one text (A17)."""
    second = deployment.refreshed(first.refresh_token)
    deployment.clock.advance(seconds=3600)
    second = deployment.refreshed(second.refresh_token)
    errors = [refused(deployment, "forged"), refused(deployment, first.refresh_token)]
    errors.append(refused(deployment, second.refresh_token))
    deployment.clock.advance(seconds=ABSOLUTE_SECONDS)
    errors.append(refused(deployment, second.refresh_token))
    deployment.store.sessions.clear()
    errors.append(refused(deployment, second.refresh_token))
    assert {(error.code, error.description) for error in errors} == {
        ("invalid_grant", "The refresh token is not valid.")
    }
    assert len({error.detail for error in errors}) > 1


def test_an_outage_changes_nothing_and_the_token_stays_good(deployment: Deployment, first: TokenGrant) -> None:
    """The answer is unavailable and never invalid_grant. Later the same token works (F19, DC-3)."""
    before = deployment.session_of(first)
    deployment.trouble.fail("rotate")
    with pytest.raises(TemporarilyUnavailable):
        deployment.refreshed(first.refresh_token)
    assert (deployment.session_of(first), deployment.names()) == (before, [])
    deployment.trouble.heal()
    deployment.refreshed(first.refresh_token)


def test_without_keys_nothing_is_rotated(
    deployment: Deployment, first: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys are loaded before the write (F14)."""

    def unavailable() -> None:
        raise TemporarilyUnavailable("no keys")

    monkeypatch.setattr(deployment.key_ring, "load", unavailable)
    with pytest.raises(TemporarilyUnavailable):
        deployment.refreshed(first.refresh_token)
    assert deployment.trouble.acts == []


def test_a_token_under_the_previous_mac_key_is_renewed_under_the_new_one(
    deployment: Deployment, first: TokenGrant
) -> None:
    """A rotation of the MAC key logs out no user (F16)."""
    ring = deployment.key_ring.keys
    new = MacKey(b"mac-2", b"2" * 32)
    deployment.key_ring.keys = replace(ring, mac=new, mac_keys={**ring.mac_keys, new.key_id: new})
    second = deployment.refreshed(first.refresh_token)
    assert refresh_tokens.parse(second.refresh_token, {new.key_id: new}).generation == 1
    retry = deployment.refreshed(first.refresh_token)
    assert retry.refresh_token == second.refresh_token
    deployment.key_ring.keys = replace(ring, mac=new, mac_keys={new.key_id: new})
    refused(deployment, first.refresh_token)
    deployment.refreshed(second.refresh_token)


def test_a_new_signing_key_signs_from_then_on(deployment: Deployment, first: TokenGrant) -> None:
    """Tokens of the old key are still verified until it ends (F15)."""
    second = deployment.refreshed(first.refresh_token)
    ring = deployment.key_ring.keys
    old, new = ring.verifying
    deployment.key_ring.keys = replace(ring, verifying=(new, old))
    third = deployment.refreshed(second.refresh_token)
    assert deployment.claims_of(second).sid == deployment.claims_of(third).sid
    assert second.access_token.split(".")[0] != third.access_token.split(".")[0]


def test_a_clock_that_jumps_back_logs_out_no_user(deployment: Deployment, first: TokenGrant) -> None:
    """Another machine's clock is ahead, and its rotation still converges and coalesces here (F23)."""
    second = deployment.refreshed(first.refresh_token)
    deployment.clock.advance(seconds=-30)
    assert deployment.refreshed(first.refresh_token).refresh_token == second.refresh_token
    assert deployment.refreshed(second.refresh_token).refresh_token == second.refresh_token
    assert deployment.session_of(first).generation == 1


def test_the_access_lifetime_is_the_policys(deployment: Deployment, first: TokenGrant) -> None:
    """The answer and the token both have this lifetime."""
    granted = deployment.refresh(first.refresh_token, POLICY._replace(ttl_seconds=300))
    claims = deployment.claims_of(granted)
    assert (granted.expires_in_seconds, claims.exp - claims.iat) == (300, 300)
    assert ACCESS_SECONDS != 300


def test_a_refused_rotation_says_nothing_of_the_session_that_it_found(deployment: Deployment) -> None:
    """Its text may be in a traceback."""
    assert str(RotationRefused(deployment.session_of(deployment.log_in()))) == ""
