"""The list of a user's sessions."""

import json

from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import Session
from edge_auth.web.session_list import session_list

PHONE = Session(
    user_id="A" * 22,
    session_id="phone",
    seed_hash=b"seed",
    generation=2,
    rotated_at_ms=1_800_000_002_999,
    rotation_id="r",
    created_at_ms=1_800_000_001_999,
    auth_time_seconds=1_800_000_000,
    idle_expires_at_seconds=1_800_000_003,
    absolute_expires_at_seconds=1_800_000_004,
    client_id="first-party",
    client=ClientDescription("Ada's phone", "phone/1", "192.0.2.0/24"),
)


def test_a_user_sees_where_and_when_each_session_was_used() -> None:
    """In the given order, with times in seconds, and no secret. The caller's own session is marked."""
    sessions = [PHONE, PHONE._replace(session_id="laptop", used_at_seconds=1_800_000_009)]
    event = session_list(sessions, current="laptop").to_event()

    shown = {
        "created_at": 1_800_000_001,
        "expires_at": 1_800_000_003,
        "client_name": "Ada's phone",
        "user_agent": "phone/1",
        "network": "192.0.2.0/24",
    }
    assert event["statusCode"] == 200
    assert json.loads(str(event["body"])) == {
        "sessions": [
            {"session_id": "phone", "last_used_at": 1_800_000_002, "current": False, **shown},
            {"session_id": "laptop", "last_used_at": 1_800_000_009, "current": True, **shown},
        ]
    }
