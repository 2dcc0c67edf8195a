from itertools import permutations
from typing import Any

import pytest

from edge_auth.flows.ports.sessions import RotationRefused
from edge_auth.sessions.session import BODY, COOKIE, NOTHING_REDEEMED, SESSION, EndedSession, Session
from edge_auth.tokens.claims import LEVELS
from edge_auth.tokens.refresh_token import RefreshToken
from tests.support.dynamodb.engines import Engine
from tests.support.dynamodb.records import (
    ADA_ID,
    CLIENT_NOW,
    GRACE_SECONDS,
    NOW_MS,
    NOW_SECONDS,
    OTHER_SEED,
    a_rotation,
    a_session,
    a_token,
    end,
    opened,
    rotate,
    session_id,
    sessions_of,
)

GRACE_MS = GRACE_SECONDS * 1000


def refusal(engine: Engine, token: RefreshToken, *, now_ms: int = NOW_MS) -> Session | EndedSession | None:
    """Rotate, be refused, and return the session that the refusal brings."""
    with pytest.raises(RotationRefused) as refused:
        rotate(engine, token, now_ms=now_ms)
    return refused.value.found


def test_the_current_token_rotates_and_the_new_state_is_returned_and_kept(engine: Engine) -> None:
    """A rotation changes generation and base, its time and id, the client and the idle timeout, and nothing else."""
    opened(engine, a_session(), a_session(2))

    rotated = rotate(engine, a_token())

    assert rotated == a_session()._replace(
        generation=4,
        base=3,
        rotated_at_ms=NOW_MS,
        rotation_id="rotation-now",
        idle_expires_at_seconds=NOW_SECONDS + 1_500,
        client=CLIENT_NOW._replace(name=a_session().client.name),
    )
    assert engine.sessions.find(ADA_ID, session_id(1)) == rotated
    assert engine.sessions.find(ADA_ID, session_id(2)) == a_session(2)


def test_a_rotation_at_a_site_keeps_the_hashes_of_its_macs(engine: Engine) -> None:
    """C20: those of the new token and of the one before, in the place of what was there."""
    opened(engine, a_session(transport=SESSION, mac_hash=b"1" * 32))
    rotation = a_rotation()._replace(transport=SESSION, mac_hash=b"2" * 32, earlier_mac_hash=b"1" * 32)

    rotated = engine.sessions.rotate(a_token(), rotation, grace_seconds=0, wanted_scope=())

    assert (rotated.mac_hash, rotated.earlier_mac_hash) == (b"2" * 32, b"1" * 32)
    assert engine.sessions.find(ADA_ID, session_id(1)) == rotated


@pytest.mark.parametrize(
    "session",
    [
        pytest.param(a_session(rotated_at_ms=0), id="never-rotated"),
        pytest.param(a_session(rotated_at_ms=NOW_MS - GRACE_MS), id="out-of-grace-by-nothing"),
        pytest.param(a_session(absolute_expires_at_seconds=NOW_SECONDS + 1), id="one-second-to-the-absolute-end"),
        pytest.param(a_session(idle_expires_at_seconds=NOW_SECONDS + 1), id="one-second-to-the-idle-end"),
    ],
)
@pytest.mark.parametrize("millisecond", [0, 999])
def test_a_session_at_the_edge_of_its_life_still_rotates(engine: Engine, session: Session, millisecond: int) -> None:
    """A5: the grace window is compared in milliseconds, and expiry in whole seconds."""
    opened(engine, session)

    assert rotate(engine, a_token(), now_ms=NOW_MS + millisecond).generation == 4


@pytest.mark.parametrize(
    ("session", "token"),
    [
        pytest.param(a_session(), a_token(2), id="previous-generation"),
        pytest.param(a_session(), a_token(0), id="old-generation"),
        pytest.param(a_session(), a_token(4), id="generation-ahead"),
        pytest.param(a_session(), a_token(seed=OTHER_SEED), id="other-seed"),
        pytest.param(a_session(absolute_expires_at_seconds=NOW_SECONDS), a_token(), id="absolute-end"),
        pytest.param(a_session(idle_expires_at_seconds=NOW_SECONDS), a_token(), id="idle-end"),
        pytest.param(a_session(rotated_at_ms=NOW_MS - GRACE_MS + 1), a_token(), id="in-grace-by-a-millisecond"),
        pytest.param(a_session(rotated_at_ms=NOW_MS), a_token(), id="rotated-just-now"),
        pytest.param(a_session(rotated_at_ms=NOW_MS + 5_000), a_token(), id="rotated-by-a-clock-ahead"),
    ],
)
def test_each_condition_alone_refuses_and_brings_the_session(
    engine: Engine, session: Session, token: RefreshToken
) -> None:
    """DC-1: the refused write brings the session as it is stored, and changes nothing."""
    opened(engine, session)

    assert refusal(engine, token) == session
    assert sessions_of(engine.sessions, ADA_ID) == [session]


def test_expiry_is_not_put_off_within_the_second(engine: Engine) -> None:
    """A5: a session is expired in the whole second of its timeout."""
    session = a_session(absolute_expires_at_seconds=NOW_SECONDS)
    opened(engine, session)

    assert refusal(engine, a_token(), now_ms=NOW_MS + 999) == session


def test_an_ended_session_refuses_and_brings_its_end(engine: Engine) -> None:
    """I3: an ended session never rotates again, and is not created again."""
    opened(engine, a_session())
    end(engine, a_token())

    kept = EndedSession(3, a_token().seed_hash, ended_at_seconds=NOW_SECONDS, reason="logout", base=3)
    assert refusal(engine, a_token()) == kept
    assert refusal(engine, a_token(0)) == kept
    assert sessions_of(engine.sessions, ADA_ID) == []


def test_an_unknown_session_refuses_and_none_is_created(engine: Engine) -> None:
    """F25, DC-13: a rotation does not create a session that the TTL deleted."""
    opened(engine, a_session())

    assert refusal(engine, a_token(number=2)) is None
    assert refusal(engine, a_token(user_id="cafe" * 5 + "cA")) is None
    assert sessions_of(engine.sessions, ADA_ID) == [a_session()]
    assert sessions_of(engine.sessions, "cafe" * 5 + "cA") == []


@pytest.mark.parametrize("behind_ms", [0, 1, 120_000])
def test_strict_rotation_has_no_window_by_any_clock(engine: Engine, behind_ms: int) -> None:
    """With a grace window of zero the current token rotates at once, also by a clock behind the one before (F23)."""
    opened(engine, a_session(rotated_at_ms=NOW_MS + behind_ms))

    assert rotate(engine, a_token(), grace_seconds=0).generation == 4


def test_a_second_rotation_by_the_same_token_is_refused_with_the_first_ones_state(engine: Engine) -> None:
    """I1, I5: of two callers with one token, one rotates, and the other learns how."""
    opened(engine, a_session())
    rotated = rotate(engine, a_token())

    assert refusal(engine, a_token()) == rotated
    assert refusal(engine, a_token(), now_ms=NOW_MS + GRACE_MS) == rotated
    assert sessions_of(engine.sessions, ADA_ID) == [rotated]


def test_the_largest_generation_is_kept_exactly(engine: Engine) -> None:
    """A generation of 32 bits is stored without rounding."""
    opened(engine, a_session(generation=2**32 - 2))

    assert rotate(engine, a_token(2**32 - 2)).generation == 2**32 - 1


def test_a_first_rotation_makes_the_first_base(engine: Engine) -> None:
    """A new session has no base. After its first refresh, the base is the token of the login."""
    opened(engine, a_session(generation=0, base=NOTHING_REDEEMED))

    found = engine.sessions.find(ADA_ID, session_id(1))

    assert found is not None
    assert found.base == NOTHING_REDEEMED
    assert rotate(engine, a_token(0)).base == 0


@pytest.mark.parametrize("level", ["", *LEVELS])
def test_no_write_of_a_session_changes_its_level(engine: Engine, level: str) -> None:
    """T9: neither a rotation, nor a late retry, nor the new token of a site. A stronger login is another session."""
    opened(engine, a_session(acr=level), a_session(2, acr=level, transport=SESSION))
    at_a_site = a_rotation()._replace(transport=SESSION, mac_hash=b"new", earlier_mac_hash=b"old")

    rotated = rotate(engine, a_token())
    retried = engine.sessions.retry_late(rotated, a_rotation("rotation-later"))
    renewed = engine.sessions.rotate(a_token(number=2), at_a_site, grace_seconds=0, wanted_scope=())

    assert [rotated.acr, retried.acr, renewed.acr] == [level] * 3
    assert [session.acr for session in sessions_of(engine.sessions, ADA_ID)] == [level] * 2


def test_a_late_retry_issues_the_next_generation_and_keeps_the_base(engine: Engine) -> None:
    """It changes what a rotation changes, except for the base."""
    session = a_session(base=1)
    opened(engine, session, a_session(2))

    retried = engine.sessions.retry_late(session, a_rotation())

    assert retried == session._replace(
        generation=4,
        rotated_at_ms=NOW_MS,
        rotation_id="rotation-now",
        idle_expires_at_seconds=NOW_SECONDS + 1_500,
        client=CLIENT_NOW._replace(name=session.client.name),
    )
    assert engine.sessions.find(ADA_ID, session_id(1)) == retried
    assert engine.sessions.find(ADA_ID, session_id(2)) == a_session(2)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"generation": 2}, id="rotated-since"),
        pytest.param({"base": 1}, id="another-base"),
        pytest.param({"seed_hash": a_token(seed=OTHER_SEED).seed_hash}, id="another-seed"),
    ],
)
def test_a_late_retry_of_a_session_that_changed_is_refused_and_brings_it(
    engine: Engine, changes: dict[str, Any]
) -> None:
    """Of two late retries, or of a late retry and a refresh with the newest token, one write wins."""
    opened(engine, a_session())

    with pytest.raises(RotationRefused) as refused:
        engine.sessions.retry_late(a_session(**changes), a_rotation())

    assert refused.value.found == a_session()
    assert sessions_of(engine.sessions, ADA_ID) == [a_session()]


@pytest.mark.parametrize("end_of", ["absolute_expires_at_seconds", "idle_expires_at_seconds"])
def test_a_late_retry_of_an_expired_session_is_refused(engine: Engine, end_of: str) -> None:
    """A5: no write extends a session after its timeout."""
    expired: dict[str, Any] = {end_of: NOW_SECONDS}
    session = a_session(**expired)
    opened(engine, session)

    with pytest.raises(RotationRefused) as refused:
        engine.sessions.retry_late(session, a_rotation(now_ms=NOW_MS + 999))

    assert refused.value.found == session


def test_a_late_retry_of_an_ended_session_is_refused_and_brings_its_end(engine: Engine) -> None:
    """I3: an ended session is not created again. Neither is an unknown one."""
    opened(engine, a_session())
    end(engine, a_token())

    for session, found in ((a_session(), "logout"), (a_session(2), None)):
        with pytest.raises(RotationRefused) as refused:
            engine.sessions.retry_late(session, a_rotation())
        assert getattr(refused.value.found, "reason", None) == found
    assert sessions_of(engine.sessions, ADA_ID) == []


@pytest.mark.parametrize(("transport", "other"), [*permutations((BODY, COOKIE, SESSION), 2), ("later", COOKIE)])
@pytest.mark.parametrize("is_late", [False, True])
def test_a_token_rotates_by_the_transport_of_its_session_alone(
    engine: Engine,
    transport: str,
    other: str,
    is_late: bool,  # noqa: FBT001 - one of two writes
) -> None:
    """C4: both writes of a refresh have the condition, and the refused one brings the session and changes nothing."""
    session = a_session(transport=transport)
    opened(engine, session)

    def write(by: str) -> Session:
        rotation = a_rotation()._replace(transport=by)
        if is_late:
            return engine.sessions.retry_late(session, rotation)
        return engine.sessions.rotate(a_token(), rotation, grace_seconds=GRACE_SECONDS, wanted_scope=())

    with pytest.raises(RotationRefused) as refused:
        write(other)

    assert refused.value.found == session
    assert sessions_of(engine.sessions, ADA_ID) == [session]
    assert (write(transport).transport, stored_generation(engine)) == (transport, 4)


def stored_generation(engine: Engine) -> int:
    """Return the generation of the only session."""
    [session] = sessions_of(engine.sessions, ADA_ID)
    return session.generation
