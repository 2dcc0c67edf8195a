"""A function behind edge-auth's authorizer. It knows who calls, and checks what the caller may do."""

import json

from edge_auth.caller import CallerRefused, requires


def handler(event: dict[str, object], _context: object) -> dict[str, object]:
    """Answer with the caller, who needs the scope `notes:read`."""
    try:
        caller = requires(event, scope="notes:read")
    except CallerRefused as refusal:
        return refusal.response()
    body = json.dumps({"owner": caller.user_id, "notes": ["a note of the caller's"]})
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body}
