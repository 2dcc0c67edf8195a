"""Asks the table of sessions whether a session lives. An end deletes its item (docs/decisions/0021)."""

from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import CallTable
from edge_auth.errors import InvalidToken
from edge_auth.tokens.claims import AccessClaims


def check_session(call: CallTable, claims: AccessClaims) -> None:
    """Accept the claims of a verified access token whose session has not ended at this moment.

    Raises:
        InvalidToken: the session has ended.
        RequestFailed: the table could not be read, and so nothing may be decided. This is a 5xx and no refusal.

    """
    reply = call(
        "GetItem",
        {
            "Key": {"user_id": {"S": claims.sub}, "session_id": {"S": claims.sid}},
            "ConsistentRead": True,  # otherwise an end of some milliseconds ago may be missing
            "ProjectionExpression": "session_id, revoked_at",
        },
    )
    item = reply.members.get("Item")
    if item is None:
        raise InvalidToken("ended session")
    if not isinstance(item, dict) or item.get("session_id") != {"S": claims.sid}:
        raise RequestFailed("not the item of the session")
    if "revoked_at" in item:  # a session that an earlier version ended stays in its place
        raise InvalidToken("ended session")
