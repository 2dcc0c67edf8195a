"""The touch of a session cookie: one conditional write of the authorizer's own, on the engines that have tables."""

from typing import Any

import pytest

from edge_auth.authorizer.cookie_sessions import CookieSessions
from edge_auth.errors import InvalidToken
from edge_auth.keys.mac_key import MacKey
from edge_auth.sessions.session import SESSION, Session
from edge_auth.tokens.refresh_token import mint
from edge_auth.tokens.session_token import SESSION_COOKIE, read
from edge_auth.tokens.token_form import SESSION as KIND
from tests.support.authorizer_store import table_calls
from tests.support.dynamodb.engines import Tables
from tests.support.dynamodb.records import ADA_ID, NOW_MS, NOW_SECONDS, a_session, a_token, end, opened

IDLE = 1800
TOKEN = mint(a_token(), MacKey(b"mac-1", b"1" * 32), KIND)
EVENT = {"httpMethod": "GET", "headers": {"Cookie": f"{SESSION_COOKIE}={TOKEN}"}}


class Site:
    """An authorizer of session cookies on the tables. A test may act between its read and its write."""

    def __init__(self, tables: Tables) -> None:
        """Begin."""
        self._stored = table_calls(tables.client, tables.sessions, now_seconds=NOW_SECONDS)
        self.before_the_write: list[Any] = []
        self._sessions = CookieSessions(self, allowed_origins="https://app.example.com", idle_seconds=IDLE)

    def call(self, operation: str, parameters: Any, /) -> Any:  # noqa: ANN401 - passed on
        """Call the table."""
        while operation == "UpdateItem" and self.before_the_write:
            self.before_the_write.pop()()
        return self._stored(operation, parameters)

    def visited(self) -> int:
        """Visit a page. Return when the session ends without another visit."""
        return self._sessions.caller(EVENT, now_ms=NOW_MS).exp


def idle_session() -> Session:
    """Return a session that was used half an hour ago, but for a minute."""
    mac_hash = read(TOKEN).mac_hash
    return a_session(transport=SESSION, idle_expires_at_seconds=NOW_SECONDS + 60, mac_hash=mac_hash)


def stored(tables: Tables) -> Session:
    """Return the stored session."""
    [found] = tables.engine().sessions.living(ADA_ID, now_seconds=NOW_SECONDS)
    return found


def test_a_touch_moves_the_idle_timeout_and_tells_of_the_use(tables: Tables) -> None:
    """Nothing else of the session changes, and it is listed as used now."""
    opened(tables.engine(), idle_session())

    assert Site(tables).visited() == NOW_SECONDS + IDLE

    assert stored(tables) == idle_session()._replace(
        idle_expires_at_seconds=NOW_SECONDS + IDLE, used_at_seconds=NOW_SECONDS
    )
    assert stored(tables).last_used_at_seconds == NOW_SECONDS


def test_one_of_two_touches_wins(tables: Tables) -> None:
    """Both visits pass; the one that loses tells the timeout that it has read."""
    opened(tables.engine(), idle_session())
    site = Site(tables)
    ends = list[int]()
    site.before_the_write.append(lambda: ends.append(Site(tables).visited()))

    ends.append(site.visited())

    assert ends == [NOW_SECONDS + IDLE, NOW_SECONDS + 60]


def test_a_touch_makes_no_session(tables: Tables) -> None:
    """DC-13: a session that ends between the read and the write stays ended."""
    opened(tables.engine(), idle_session())
    site = Site(tables)
    site.before_the_write.append(lambda: end(tables.engine(), a_token()))

    assert site.visited() == NOW_SECONDS + 60
    assert tables.engine().sessions.living(ADA_ID, now_seconds=NOW_SECONDS) == []
    with pytest.raises(InvalidToken):
        site.visited()


def test_a_touch_does_not_undo_a_rotation(tables: Tables) -> None:
    """A change of the password has moved the timeout too, so the write of an older read is refused."""
    opened(tables.engine(), idle_session())
    site = Site(tables)
    later = NOW_SECONDS + 9000

    def regenerate() -> None:
        tables.client.update_item(
            TableName=tables.sessions,
            Key={"user_id": {"S": ADA_ID}, "session_id": {"S": a_session().session_id}},
            UpdateExpression="SET generation = generation + :one, idle_expires_at = :later",
            ExpressionAttributeValues={":one": {"N": "1"}, ":later": {"N": str(later)}},
        )

    site.before_the_write.append(regenerate)
    site.visited()

    assert stored(tables).idle_expires_at_seconds == later
