"""What the try-it page says of a request is what the stack knows of it, and never a guess."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest

from edge_auth.keys.mac_key import MacKey
from edge_auth.tokens.refresh_token import RefreshToken, mint
from local.page import observer
from local.page.api import ApiAnswer, ApiRequest
from local.page.exchange import Change
from local.page.observer import Observer

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

    from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions

KEY = MacKey(b"12345", b"k" * 32)
USER_ID, SESSION_ID, OTHER_ID = "u" * 21 + "w", "s" * 21 + "w", "o" * 21 + "w"
BEGAN_MS, ENDED_MS = 1_800_000_000_000, 1_800_000_000_200


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read a log again at once."""
    monkeypatch.setattr(observer, "PAUSE_SECONDS", 0)


class Logs:
    """The log of a function, with these lines."""

    def __init__(self, *lines: str) -> None:
        self._lines = lines

    def filter_log_events(self, **_: object) -> dict[str, list[dict[str, str]]]:
        """Return all lines."""
        return {"events": [{"message": line} for line in self._lines]}


def line(event: str, at_ms: int = BEGAN_MS + 100, session_id: str = SESSION_ID) -> str:
    """Return a line of the log."""
    timestamp = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return json.dumps({"event": event, "session_id": session_id, "timestamp": timestamp, "reason": ""})


def token(generation: int) -> str:
    """Return a refresh token of the session."""
    return mint(RefreshToken(USER_ID, SESSION_ID, generation, b"seed" * 4), KEY)


def change(*lines: str, presented: str = "", issued: str = "") -> Change:
    """Return what the observer says of a refresh, with these lines in the log."""
    reader = Observer({KEY.key_id: KEY}, cast("DynamoDBSessions", None), cast("CloudWatchLogsClient", Logs(*lines)))
    request = ApiRequest("POST", "/auth/refresh", {"Cookie": f"a=1; __Host-Http-refresh={presented}"})
    cookie = f"__Host-Http-refresh={issued}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=9"
    return reader.change(request, ApiAnswer(200, [("Set-Cookie", cookie)], b"{}"), BEGAN_MS, ENDED_MS)


def test_generations_come_from_the_tokens_and_the_name_from_the_log() -> None:
    """Lambda's own lines are no events."""
    assert change("START", line("refresh_rotated"), presented=token(3), issued=token(4)) == Change(
        3, 4, "refresh_rotated", ""
    )


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [line("refresh_rotated", BEGAN_MS - 1)],
        [line("refresh_rotated", ENDED_MS + 1)],
        [line("refresh_rotated", session_id=OTHER_ID)],
        [line("refresh_rotated"), line("refresh_converged")],
    ],
    ids=["none", "before", "after", "of another session", "of which of two is not clear"],
)
def test_an_event_that_may_be_of_another_request_is_not_told(lines: list[str]) -> None:
    """MiniStack names no request in its answers."""
    assert change(*lines, presented=token(3), issued=token(4)) == Change(3, 4, None, None)


def test_a_token_that_is_not_authentic_has_no_generation() -> None:
    """It may say anything."""
    forged = mint(RefreshToken(USER_ID, SESSION_ID, 9, b"seed" * 4), MacKey(b"12345", b"x" * 32))

    assert change(presented=forged, issued="") == Change(None, None, None, None)
