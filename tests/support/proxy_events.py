"""Events of API Gateway's proxy integration, payload 1.0."""

from typing import Any


def proxy_event(
    body: str | None = None,
    *,
    content_type: str | None = "application/json",
    method: str = "POST",
    path: str = "/auth/refresh",
) -> dict[str, Any]:
    """Return an event with this body."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    return {
        "httpMethod": method,
        "resource": path,
        "path": path,
        "headers": headers,
        "queryStringParameters": {"refresh_token": "from-the-query"},
        "requestContext": {"domainName": "a.example", "stage": "prod"},
        "body": body,
        "isBase64Encoded": False,
    }
