"""Users, sessions and tokens for the stores. All values differ, so a test notices a swap of two."""

from dataclasses import replace
from typing import Any

import pytest

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.adapters.dynamodb.session_items import session_from
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.flows.ports.sessions import RotationRefused, Sessions
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import EndedSession, Rotation, Session
from edge_auth.tokens.refresh_token import RefreshToken
from tests.support.dynamodb.engines import Engine
from tests.support.fakes.stores import MemorySessions

NOW_SECONDS = 2_000_000_000  # after the time of every clock, because a real engine deletes expired items
NOW_MS = NOW_SECONDS * 1000
GRACE_SECONDS = 10

ADA_ID = "ada0" * 5 + "aA"
BOB_ID = "b0b0" * 5 + "bA"
SEED = b"seed of a test.."
OTHER_SEED = b"another seed...."

CLIENT_NOW = ClientDescription("", "app/1.1", "2001:db8:1::/48")

ADA = Identity(
    user_id=ADA_ID,
    username="ada@example.com",
    password_hash="$argon2id$ada",
    status=ACTIVE,
    epoch=7,
    created_at_seconds=NOW_SECONDS - 9_000,
    scope="read write",
    roles=("admin", "auditor"),
)
BOB = replace(ADA, user_id=BOB_ID, username="bob", password_hash="$argon2id$bob", epoch=0, scope="", roles=())


def session_id(number: int) -> str:
    """Return the session id with this number."""
    return f"{number:021}A"


def a_token(generation: int = 3, *, number: int = 1, seed: bytes = SEED, user_id: str = ADA_ID) -> RefreshToken:
    """Return a refresh token of the session with this number."""
    return RefreshToken(user_id=user_id, session_id=session_id(number), generation=generation, seed=seed)


def a_session(number: int = 1, *, user_id: str = ADA_ID, **changes: Any) -> Session:  # noqa: ANN401 - any field of Session
    """Return a living session that was rotated long ago."""
    session = Session(
        user_id=user_id,
        session_id=session_id(number),
        seed_hash=a_token().seed_hash,
        generation=3,
        rotated_at_ms=NOW_MS - 60_000,
        rotation_id="rotation-before",
        created_at_ms=NOW_MS - 5_000_123,
        auth_time_seconds=NOW_SECONDS - 5_001,
        idle_expires_at_seconds=NOW_SECONDS + 1_000,
        absolute_expires_at_seconds=NOW_SECONDS + 2_000,
        client_id="first-party",
        scope="read write",
        roles=("admin", "auditor"),
        amr=("pwd",),
        client=ClientDescription("Ada's phone", "app/1.0", "192.0.2.0/24"),
        base=2,
    )
    return session._replace(**changes)


def opened(engine: Engine, *sessions: Session) -> None:
    """Put sessions of Ada into the store, and create Ada if she has no session there."""
    if ADA_ID not in {session.user_id for session in sessions_of(engine.sessions, ADA_ID)}:
        engine.identities.create(ADA)
    for session in sessions:
        engine.session_opening.open(session, username=ADA.username, epoch=ADA.epoch)


def rotate(
    engine: Engine,
    token: RefreshToken,
    *,
    now_ms: int = NOW_MS,
    grace_seconds: int = GRACE_SECONDS,
    wanted_scope: tuple[str, ...] = (),
) -> Session:
    """Rotate a token, with defaults for the arguments that most tests do not vary."""
    return engine.sessions.rotate(
        token, a_rotation(now_ms=now_ms), grace_seconds=grace_seconds, wanted_scope=wanted_scope
    )


def a_rotation(rotation_id: str = "rotation-now", *, now_ms: int = NOW_MS) -> Rotation:
    """Return what a refresh at this time writes."""
    return Rotation(rotation_id, now_ms, now_ms // 1000 + 1_500, CLIENT_NOW)


def end(engine: Engine, token: RefreshToken, *, end_id: str = "end-1", reason: str = "logout") -> None:
    """End a session, with defaults for the arguments that most tests do not vary."""
    engine.sessions.end(token, reason=reason, end_id=end_id, now_seconds=NOW_SECONDS)


def kept_of(engine: Engine, token: RefreshToken) -> EndedSession | None:
    """Return what a refused rotation of this token finds of its ended session."""
    with pytest.raises(RotationRefused) as refused:
        rotate(engine, token)
    assert not isinstance(refused.value.found, Session)
    return refused.value.found


def sessions_of(sessions: Sessions, user_id: str) -> list[Session]:
    """Return all stored sessions of a user that have not ended."""
    if isinstance(sessions, MemorySessions):
        return [session for (owner, _), session in sessions._store.sessions.items() if owner == user_id]
    assert isinstance(sessions, DynamoDBSessions)
    pages = sessions._pages({"KeyConditionExpression": "user_id = :user_id"}, {":user_id": {"S": user_id}})
    return [session_from(item) for page in pages for item in page]
