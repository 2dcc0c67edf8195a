"""API Gateway's ids of a request, for the log. A user can report them: they are in the headers of every answer.

The event of a TOKEN authorizer has none. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

import re

# API Gateway's name in an event → ours in the log. `x-amzn-RequestId` and `x-amz-apigw-id` are the headers with them.
FIELDS = {"requestId": "gateway_request_id", "extendedRequestId": "gateway_extended_request_id"}
# A client can choose the first id. No token has this form: an access token has dots, and a refresh token is longer.
_ID = re.compile(r"[A-Za-z0-9+/=_-]{1,64}")


def gateway_request_ids(event: object) -> dict[str, str]:
    """Return the ids of an event, by the name of their field in the log. An id that is missing or odd is left out."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    given = context if isinstance(context, dict) else {}
    return {
        field: value
        for name, field in FIELDS.items()
        if isinstance(value := given.get(name), str) and _ID.fullmatch(value)
    }
