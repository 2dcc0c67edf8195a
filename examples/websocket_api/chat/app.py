"""A WebSocket API behind edge-auth's authorizer. API Gateway asks it when a client connects, and never again."""

import json
import time

from edge_auth.caller import CallerRefused, caller


def handler(event: dict[str, object], _context: object) -> dict[str, object]:
    """Open the connection, or answer a message with its sender, as long as the access token lives."""
    try:
        sender = caller(event)
    except CallerRefused as refusal:
        return refusal.response()
    context = event["requestContext"]
    if isinstance(context, dict) and context.get("eventType") == "CONNECT":
        return {"statusCode": 200, "headers": chosen_protocol(event)}
    if time.time() >= sender.expires_at_seconds:  # the client connects again, with a new token
        return {"statusCode": 401, "body": json.dumps({"error": "invalid_token"})}
    return {"statusCode": 200, "body": json.dumps({"from": sender.user_id})}


def chosen_protocol(event: dict[str, object]) -> dict[str, str]:
    """Choose the subprotocol `bearer` if the client offers it, and no other (RFC 6455 §4.1).

    Otherwise the client closes the connection. One with the token in `Authorization` may offer subprotocols of its own.
    """
    headers = event.get("headers")
    offers = headers.items() if isinstance(headers, dict) else ()
    first = {value.split(",")[0] for name, value in offers if name.lower() == "sec-websocket-protocol"}
    return {"Sec-WebSocket-Protocol": "bearer"} if "bearer" in first else {}
