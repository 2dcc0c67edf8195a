"""A function behind edge-auth's authorizer. It knows who calls, and checks what the caller may do."""

import json
import time

from edge_auth.caller import CallerRefused, requires


def handler(event: dict[str, object], _context: object) -> dict[str, object]:
    """Answer with the caller, who needs the scope `notes:read`. To delete all notes, the login must be fresh."""
    try:
        if event.get("routeKey") == "DELETE /notes":
            requires(event, scope="notes:write", max_age_seconds=300, now_seconds=int(time.time()))
            return {"statusCode": 204}
        caller = requires(event, scope="notes:read")
    except CallerRefused as refusal:
        return refusal.response()
    body = json.dumps({"owner": caller.user_id, "notes": ["a note of the caller's"]})
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body}
