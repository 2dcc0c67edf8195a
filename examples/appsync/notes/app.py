"""A resolver behind the authorizer. AppSync passes the caller on in `identity.resolverContext`."""

from edge_auth.caller import requires


def handler(event: dict[str, object], _context: object) -> dict[str, str]:
    """Return a note of the caller, who needs the scope `notes:read`. An error becomes one of the GraphQL answer."""
    caller = requires(event, scope="notes:read")
    return {"owner": caller.user_id, "text": "a note of the caller's"}
