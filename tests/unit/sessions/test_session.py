"""The rotation rule: every row of its table, and the order of the rows."""

from dataclasses import replace

import pytest

from edge_auth.sessions.client_description import UNKNOWN_CLIENT, ClientDescription
from edge_auth.sessions.rotation_rule import Outcome, RotationLimits, decide
from edge_auth.sessions.session import (
    BODY,
    BY_ITS_TOKEN,
    COOKIE,
    LOGOUT,
    NEVER_ROTATED_MS,
    NOTHING_REDEEMED,
    REUSED,
    EndedSession,
    Rotation,
    Session,
    token_kind,
)
from edge_auth.sessions.session import SESSION as SESSION_COOKIE
from edge_auth.tokens.refresh_token import RefreshToken
from edge_auth.tokens.token_form import REFRESH
from edge_auth.tokens.token_form import SESSION as SITE

GRACE_SECONDS = 10
LATE_RETRY_SECONDS = 3600
ROTATED_AT_MS = 1_800_000_000_000
CURRENT = 5
TOKEN = RefreshToken(user_id="A" * 22, session_id="Q" * 22, generation=CURRENT, seed=b"seed" * 4)
SESSION = Session(
    user_id=TOKEN.user_id,
    session_id=TOKEN.session_id,
    seed_hash=TOKEN.seed_hash,
    generation=CURRENT,
    rotated_at_ms=ROTATED_AT_MS,
    rotation_id="theirs",
    created_at_ms=1_799_000_000_123,
    auth_time_seconds=1_799_000_000,
    idle_expires_at_seconds=1_801_000_000,
    absolute_expires_at_seconds=1_802_000_000,
    client_id="first-party",
    base=CURRENT - 1,
)
ORPHANED = SESSION._replace(base=CURRENT - 3)  # after two late retries
ENDED = EndedSession(CURRENT, TOKEN.seed_hash, ended_at_seconds=ROTATED_AT_MS // 1000, reason="logout", base=CURRENT)
READ = ENDED._replace(reason="user_disabled", base=CURRENT - 1)  # its act read the session
PHONE = ClientDescription("", "phone/1", "192.0.2.0/24")
EXPIRED = SESSION._replace(idle_expires_at_seconds=1_799_999_000)
OTHER_SEED = SESSION._replace(seed_hash=b"\x00" * 32)


def outcome(
    session: Session | EndedSession | None,
    *,
    behind: int = 0,
    age_ms: int = 1000,
    ours: str = "ours",
    grace: int = GRACE_SECONDS,
    late: int = LATE_RETRY_SECONDS,
    elsewhere: bool = True,
    client: ClientDescription = UNKNOWN_CLIENT,
    transport: str = BODY,
) -> Outcome:
    """Decide about a token that is `behind` generations old, `age_ms` after the last rotation."""
    return decide(
        replace(TOKEN, generation=CURRENT - behind),
        session,
        client=client,
        rotation_id=ours,
        now_ms=ROTATED_AT_MS + age_ms,
        limits=RotationLimits(grace, late, late_retry_elsewhere=elsewhere),
        transport=transport,
    )


def test_what_the_table_stores_of_a_session_is_the_same_in_every_release() -> None:
    """These words and numbers are in the items of sessions that an earlier release has opened or ended."""
    assert (BODY, COOKIE, SESSION_COOKIE, REUSED) == ("body", "cookie", "session", "reused")
    assert {"logout", "replaced"} == BY_ITS_TOKEN
    assert (NEVER_ROTATED_MS, NOTHING_REDEEMED) == (0, -1)


def test_a_site_has_session_tokens_and_every_other_client_refresh_tokens() -> None:
    """Neither is read in the place of the other, so a stolen cookie gets no access token."""
    assert [token_kind(transport) for transport in (BODY, COOKIE, SESSION_COOKIE)] == [REFRESH, REFRESH, SITE]


def test_a_new_session_has_nothing_that_it_was_not_given() -> None:
    """No scope, no role, no level, no rotation. Its tokens are in bodies, and no end of it is published."""
    assert Session(*SESSION[:11])[11:] == ("", (), (), UNKNOWN_CLIENT, NOTHING_REDEEMED, BODY, 0, b"", b"", "", {})
    assert Rotation("ours", 1, 2, UNKNOWN_CLIENT)[4:] == (BODY, b"", b"")
    assert not EndedSession(CURRENT, TOKEN.seed_hash, 1, LOGOUT, CURRENT).is_published


def test_the_log_has_each_outcome_by_its_name() -> None:
    """Operators search and count by these words, so they are the same in every release."""
    assert [outcome.value for outcome in Outcome] == [outcome.name.lower() for outcome in Outcome]


WINDOW_MS = GRACE_SECONDS * 1000
LATE_MS = LATE_RETRY_SECONDS * 1000


@pytest.mark.parametrize("age_ms", [0, 1, 9_999, 10_000])
def test_the_current_token_within_the_window_coalesces(age_ms: int) -> None:
    """The token is current and its age is ≤ W: the client gets the same refresh token again."""
    assert outcome(SESSION, age_ms=age_ms) is Outcome.COALESCED


@pytest.mark.parametrize(
    ("age_ms", "expected"),
    [
        (0, Outcome.CONVERGED),
        (WINDOW_MS - 1, Outcome.CONVERGED),
        (WINDOW_MS, Outcome.CONVERGED),
        (WINDOW_MS + 1, Outcome.RETRIED_LATE),
        (LATE_MS, Outcome.RETRIED_LATE),
        (LATE_MS + 1, Outcome.REUSED),
        (10**9, Outcome.REUSED),
    ],
)
@pytest.mark.parametrize("behind", [1, 3])
def test_the_base_converges_then_is_a_late_retry_then_is_reuse(behind: int, age_ms: int, expected: Outcome) -> None:
    """Each limit holds to the millisecond, and at any distance of the base from the newest token (F3, F29)."""
    far = SESSION._replace(base=CURRENT - behind, idle_expires_at_seconds=2**40, absolute_expires_at_seconds=2**40)
    assert outcome(far, behind=behind, age_ms=age_ms) is expected


@pytest.mark.parametrize("behind", [1, 2])
def test_an_orphan_converges_within_the_window_and_is_reuse_after_it(behind: int) -> None:
    """Between base and newest are the tokens that late retries replaced: two parties hold tokens if one comes back."""
    assert outcome(ORPHANED, behind=behind, age_ms=WINDOW_MS) is Outcome.CONVERGED
    assert outcome(ORPHANED, behind=behind, age_ms=WINDOW_MS + 1) is Outcome.REUSED


@pytest.mark.parametrize("age_ms", [0, WINDOW_MS, WINDOW_MS + 1, LATE_MS])
def test_a_token_older_than_the_base_is_reuse_at_any_age(age_ms: int) -> None:
    """The token that was issued for it was redeemed, so its answer arrived (F5)."""
    assert outcome(SESSION, behind=2, age_ms=age_ms) is Outcome.REUSED
    assert outcome(ORPHANED, behind=4, age_ms=age_ms) is Outcome.REUSED


def test_without_late_retries_the_base_is_reuse_after_the_window() -> None:
    """LateRetryHours = 0: the previous token is redeemable only within the window (F4)."""
    assert outcome(SESSION, behind=1, age_ms=WINDOW_MS, late=0) is Outcome.CONVERGED
    assert outcome(SESSION, behind=1, age_ms=WINDOW_MS + 1, late=0) is Outcome.REUSED


@pytest.mark.parametrize(
    ("client", "is_elsewhere"),
    [
        (PHONE, False),
        (PHONE._replace(user_agent="phone/2"), False),
        (PHONE._replace(network="198.51.100.0/24"), False),
        (ClientDescription("", "phone/2", "198.51.100.0/24"), True),
    ],
)
def test_a_late_retry_from_elsewhere_may_be_refused(client: ClientDescription, is_elsewhere: bool) -> None:  # noqa: FBT001 - as expected
    """From elsewhere means another client and another network. Then it is reuse, if the deployment says so."""
    session = SESSION._replace(client=PHONE._replace(name="Ada's phone"))
    expected = Outcome.REUSED if is_elsewhere else Outcome.RETRIED_LATE
    assert outcome(session, behind=1, age_ms=WINDOW_MS + 1, client=client) is Outcome.RETRIED_LATE
    assert outcome(session, behind=1, age_ms=WINDOW_MS + 1, client=client, elsewhere=False) is expected
    assert outcome(session, behind=1, age_ms=WINDOW_MS, client=client, elsewhere=False) is Outcome.CONVERGED


@pytest.mark.parametrize("grace", [1, 10, 60])
def test_the_window_is_the_setting(grace: int) -> None:
    """The grace window has W seconds for every W (DC-2)."""
    assert outcome(SESSION, behind=1, age_ms=grace * 1000, grace=grace) is Outcome.CONVERGED
    assert outcome(SESSION, behind=1, age_ms=grace * 1000 + 1, grace=grace) is Outcome.RETRIED_LATE


@pytest.mark.parametrize("behind", [1, 2, 5])
@pytest.mark.parametrize("age_ms", [-5000, -1, 0, 1, 10_000])
def test_no_window_is_strict(behind: int, age_ms: int) -> None:
    """W = 0: every used token is reuse, in the same millisecond, with a clock that is behind, and much later (F6)."""
    assert outcome(SESSION, behind=behind, age_ms=age_ms, grace=0) is Outcome.REUSED
    assert outcome(ORPHANED, behind=behind, age_ms=age_ms, grace=0) is Outcome.REUSED


@pytest.mark.parametrize("age_ms", [-1, -5000, -3_600_000])
def test_a_clock_that_lags_counts_as_no_age(age_ms: int) -> None:
    """If this clock is behind the clock that rotated, the age is zero and the token is no reuse (F23)."""
    assert outcome(SESSION, behind=1, age_ms=age_ms) is Outcome.CONVERGED
    assert outcome(SESSION, behind=0, age_ms=age_ms) is Outcome.COALESCED


def test_no_session_is_unknown() -> None:
    """The session was deleted or never existed (F25)."""
    assert outcome(None) is Outcome.UNKNOWN


@pytest.mark.parametrize("behind", [-1, 0, 1, 2])
def test_another_seed_is_a_mismatch(behind: int) -> None:
    """An authentic token with another seed under the same session id has no effect."""
    assert outcome(OTHER_SEED, behind=behind) is Outcome.SEED_MISMATCH


@pytest.mark.parametrize("age_ms", [0, WINDOW_MS + 1, 10 * 86_400_000])
@pytest.mark.parametrize("reason", ["logout", "logout_all", "session_limit", "user_disabled", "reused"])
def test_the_token_of_the_end_is_only_revoked(reason: str, age_ms: int) -> None:
    """Clients may send their token after a logout, and this is no theft (F8)."""
    assert outcome(ENDED._replace(reason=reason), age_ms=age_ms) is Outcome.REVOKED


@pytest.mark.parametrize("reason", sorted(BY_ITS_TOKEN))
@pytest.mark.parametrize("behind", [1, 2, 5])
def test_an_older_token_than_that_of_a_logout_has_diverged(behind: int, reason: str) -> None:
    """The token of the logout had arrived, so an older one was dead: a thief rotated, or the owner did."""
    assert outcome(ENDED._replace(reason=reason), behind=behind, age_ms=3_600_000) is Outcome.DIVERGED


@pytest.mark.parametrize("age_ms", [0, WINDOW_MS + 1, 10 * 86_400_000])
@pytest.mark.parametrize("base", [1, 3])
@pytest.mark.parametrize("reason", ["logout_all", "session_limit", "user_disabled"])
def test_the_base_at_the_end_is_only_revoked(reason: str, base: int, age_ms: int) -> None:
    """It was redeemable: its client is honest if the answer with the newest token was lost (F8)."""
    ended = READ._replace(reason=reason, base=CURRENT - base)
    assert outcome(ended, behind=base, age_ms=age_ms) is Outcome.REVOKED


@pytest.mark.parametrize("reason", ["logout_all", "session_limit", "user_disabled"])
def test_a_token_that_was_dead_before_the_end_has_diverged(reason: str) -> None:
    """It is older than the base, or an orphan: two parties had tokens, however the session ended."""
    assert outcome(READ._replace(reason=reason), behind=2, age_ms=3_600_000) is Outcome.DIVERGED
    orphaned = READ._replace(reason=reason, base=CURRENT - 2)
    assert outcome(orphaned, behind=1, age_ms=3_600_000) is Outcome.DIVERGED
    assert outcome(orphaned, behind=3, age_ms=3_600_000) is Outcome.DIVERGED


@pytest.mark.parametrize("reason", sorted(BY_ITS_TOKEN))
def test_a_newer_token_than_that_of_a_logout_has_diverged(reason: str) -> None:
    """A party logged out with an older token. An act that needs no token may have met a rotation under way."""
    assert outcome(ENDED._replace(reason=reason), behind=-2, age_ms=3_600_000) is Outcome.DIVERGED
    assert outcome(READ, behind=-1, age_ms=3_600_000) is Outcome.REVOKED


@pytest.mark.parametrize("behind", [-1, 1])
def test_a_retry_during_the_end_has_not_diverged(behind: int) -> None:
    """One generation of difference, for the grace window after the end, is a request that was under way."""
    assert outcome(ENDED, behind=behind, age_ms=WINDOW_MS - 1) is Outcome.REVOKED
    assert outcome(ENDED, behind=behind, age_ms=WINDOW_MS) is Outcome.DIVERGED
    assert outcome(ENDED, behind=behind, age_ms=0, grace=0) is Outcome.DIVERGED
    assert outcome(READ, behind=2, age_ms=0) is Outcome.DIVERGED
    assert outcome(ENDED, behind=-2, age_ms=0) is Outcome.DIVERGED


def test_a_retry_during_an_end_that_presented_its_token_has_not_diverged() -> None:
    """The presented token counts as redeemed, but the answer to its rotation may still have been under way."""
    presented = ENDED._replace(reason="logout_all")
    assert outcome(presented, behind=1, age_ms=WINDOW_MS - 1) is Outcome.REVOKED
    assert outcome(presented, behind=1, age_ms=WINDOW_MS) is Outcome.DIVERGED
    assert outcome(presented, behind=2, age_ms=WINDOW_MS - 1) is Outcome.DIVERGED


@pytest.mark.parametrize("reason", sorted(BY_ITS_TOKEN))
@pytest.mark.parametrize("behind", [2, 5])
def test_an_older_token_that_was_under_way_during_a_logout_has_not_diverged(behind: int, reason: str) -> None:
    """A logout does not know the base, which may be this token."""
    ended = ENDED._replace(reason=reason)
    assert outcome(ended, behind=behind, age_ms=WINDOW_MS - 1) is Outcome.REVOKED
    assert outcome(ended, behind=behind, age_ms=WINDOW_MS) is Outcome.DIVERGED


def test_an_orphan_that_was_under_way_during_the_end_has_not_diverged() -> None:
    """Within the grace window after a late retry, its session answered every token from the base on."""
    orphaned = READ._replace(base=CURRENT - 3)
    assert outcome(orphaned, behind=2, age_ms=WINDOW_MS - 1) is Outcome.REVOKED
    assert outcome(orphaned, behind=2, age_ms=WINDOW_MS) is Outcome.DIVERGED


@pytest.mark.parametrize("behind", [-1, 1, 2, 5])
def test_a_reuse_that_was_told_is_told_once(behind: int) -> None:
    """After a reuse has ended the session, both parties come back. A person was told of it when it ended."""
    assert outcome(ENDED._replace(reason="reused"), behind=behind, age_ms=3_600_000) is Outcome.REVOKED


@pytest.mark.parametrize("behind", [-1, 0, 1, 2, 5])
def test_an_expired_session_is_expired(behind: int) -> None:
    """DynamoDB's TTL deletes late, so the rule checks the timeouts too (F26)."""
    assert outcome(EXPIRED, behind=behind) is Outcome.EXPIRED


@pytest.mark.parametrize(("idle_end", "absolute_end"), [(1_800_000_001, 2**40), (2**40, 1_800_000_001)])
def test_either_timeout_expires_at_its_second(idle_end: int, absolute_end: int) -> None:
    """The session lives until the last millisecond before either timeout, and is expired at the timeout (A5)."""
    ending = SESSION._replace(idle_expires_at_seconds=idle_end, absolute_expires_at_seconds=absolute_end)
    assert outcome(ending, age_ms=999) is Outcome.COALESCED
    assert outcome(ending, age_ms=1000) is Outcome.EXPIRED
    assert ending.is_live(1_800_000_000)
    assert not ending.is_live(1_800_000_001)


@pytest.mark.parametrize("behind", [-1, -2, -100])
def test_a_token_ahead_of_its_session_is_ahead(behind: int) -> None:
    """The table was restored from a backup (F31)."""
    assert outcome(SESSION, behind=behind) is Outcome.AHEAD


@pytest.mark.parametrize("grace", [0, 10])
@pytest.mark.parametrize("age_ms", [-1, 0, WINDOW_MS + 1])
def test_our_own_rotation_is_recognised(grace: int, age_ms: int) -> None:
    """Our write succeeded, its response was lost, and the SDK wrote again: we are the winner, also for W = 0 (F1)."""
    assert outcome(SESSION, behind=1, age_ms=age_ms, ours="theirs", grace=grace) is Outcome.ROTATED


@pytest.mark.parametrize("ours", ["ours", None])
def test_an_empty_rotation_id_is_no_invocations_own(ours: str | None) -> None:
    """The rotation id of a new session is empty and matches no invocation, nor a caller that wrote nothing."""
    fresh = SESSION._replace(generation=0, base=NOTHING_REDEEMED, rotation_id="", rotated_at_ms=0)
    decided = decide(
        replace(TOKEN, generation=0),
        fresh,
        client=UNKNOWN_CLIENT,
        rotation_id=ours,
        now_ms=ROTATED_AT_MS,
        limits=RotationLimits(GRACE_SECONDS, LATE_RETRY_SECONDS, late_retry_elsewhere=True),
    )
    assert decided is Outcome.COALESCED


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        (ENDED._replace(seed_hash=OTHER_SEED.seed_hash), Outcome.SEED_MISMATCH),
        (ENDED._replace(seed_hash=b"", reason="operator", generation=0), Outcome.REVOKED),
        (OTHER_SEED._replace(rotation_id="ours"), Outcome.SEED_MISMATCH),
        (OTHER_SEED._replace(idle_expires_at_seconds=1), Outcome.SEED_MISMATCH),
        (EXPIRED._replace(rotation_id="ours"), Outcome.ROTATED),
    ],
)
def test_the_rows_apply_in_order(session: Session | EndedSession, expected: Outcome) -> None:
    """Seed comes before everything else, and our own rotation before expired (F9)."""
    assert outcome(session, behind=1) is expected


def test_a_session_ends_at_the_earlier_timeout() -> None:
    """`expires_at_seconds` is the idle or the absolute end, the earlier of the two (A5)."""
    assert SESSION.expires_at_seconds == SESSION.idle_expires_at_seconds
    late_idle = SESSION._replace(idle_expires_at_seconds=SESSION.absolute_expires_at_seconds + 1)
    assert late_idle.expires_at_seconds == SESSION.absolute_expires_at_seconds


def test_a_session_was_last_used_at_its_last_rotation_or_its_login() -> None:
    """The user sees this time. The session keeps no other time of use."""
    fresh = SESSION._replace(rotated_at_ms=0)
    assert SESSION.last_used_at_seconds == ROTATED_AT_MS // 1000
    assert fresh.last_used_at_seconds == fresh.created_at_seconds


@pytest.mark.parametrize("behind", [-1, 0, 1, 2, 5])
@pytest.mark.parametrize("age_ms", [0, WINDOW_MS, LATE_MS + 1])
@pytest.mark.parametrize("grace", [0, GRACE_SECONDS])
@pytest.mark.parametrize("session", [SESSION, ORPHANED, EXPIRED])
def test_a_token_that_came_another_way_decides_nothing(session: Session, behind: int, age_ms: int, grace: int) -> None:
    """C4: it gets nothing, and it is no reuse, so who sends a token the wrong way ends no session."""
    in_cookie = session._replace(transport=COOKIE)

    for found, transport in ((in_cookie, BODY), (session, COOKIE), (session._replace(transport="later"), COOKIE)):
        assert outcome(found, behind=behind, age_ms=age_ms, grace=grace, transport=transport) is Outcome.WRONG_TRANSPORT
    assert outcome(in_cookie, behind=behind, age_ms=age_ms, grace=grace, transport=COOKIE) is outcome(
        session, behind=behind, age_ms=age_ms, grace=grace
    )


def test_another_seed_is_told_by_any_transport() -> None:
    """A token that does not fit its session is an anomaly, however it came."""
    assert outcome(OTHER_SEED, transport=COOKIE) is Outcome.SEED_MISMATCH


@pytest.mark.parametrize("transport", [BODY, COOKIE])
def test_the_end_of_a_session_has_no_transport(transport: str) -> None:
    """The record of an end does not keep it, and no token of an ended session gets anything."""
    assert outcome(ENDED, transport=transport) is Outcome.REVOKED
