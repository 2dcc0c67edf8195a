"""Strict sessions: the table says at each request whether the session of an access token lives."""

from collections.abc import Mapping
from typing import Any

import pytest

from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import Reply
from edge_auth.authorizer.strict_sessions import check_session
from edge_auth.errors import InvalidToken
from tests.support.access_tokens import CLAIMS


def checked(members: dict[str, Any]) -> list[tuple[str, Mapping[str, object]]]:
    """Check the session of the claims against an answer of the table. Return the calls that it took."""
    calls = list[tuple[str, Mapping[str, object]]]()

    def call(operation: str, parameters: Mapping[str, object]) -> Reply:
        calls.append((operation, parameters))
        return Reply(members, None)

    check_session(call, CLAIMS)
    return calls


def test_a_session_that_is_in_the_table_lives() -> None:
    """One consistent read of the session's own item decides."""
    assert checked({"Item": {"session_id": {"S": CLAIMS.sid}}}) == [
        (
            "GetItem",
            {
                "Key": {"user_id": {"S": CLAIMS.sub}, "session_id": {"S": CLAIMS.sid}},
                "ConsistentRead": True,
                "ProjectionExpression": "session_id, revoked_at",
            },
        )
    ]


@pytest.mark.parametrize(
    "members", [{}, {"Item": None}, {"Item": {"session_id": {"S": CLAIMS.sid}, "revoked_at": {"N": "1"}}}]
)
def test_an_ended_session_is_refused(members: dict[str, Any]) -> None:
    """Its item is gone, or an earlier version has marked it."""
    with pytest.raises(InvalidToken, match=r"^ended session$"):
        checked(members)


@pytest.mark.parametrize("item", [{}, [], "x", {"session_id": {"S": "other"}}, {"session_id": CLAIMS.sid}])
def test_another_item_decides_nothing(item: object) -> None:
    """DC-3: trouble is no refusal."""
    with pytest.raises(RequestFailed):
        checked({"Item": item})
