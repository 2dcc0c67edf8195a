"""A resolver behind the authorizer. AppSync passes the caller on in `identity.resolverContext`."""

from typing import Any

from edge_auth.caller import requires


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Return a note of the caller, who needs the scope of the field. An error becomes one of the GraphQL answer."""
    if event["info"]["fieldName"] == "addNote":
        caller = requires(event, scope="notes:write")
        return {"owner": caller.user_id, "text": event["arguments"]["text"]}
    caller = requires(event, scope="notes:read")
    return {"owner": caller.user_id, "text": "a note of the caller's"}
