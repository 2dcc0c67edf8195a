"""A refresh with widely used parts: Powertools' resolver, Logger, Tracer and Metrics, boto3's resource, PyJWT.

The rotation is OpenAuth's: one eventually consistent read, and two writes without a condition.
"""

import os
import secrets
import time
from typing import Any

import boto3
import jwt
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.exceptions import BadRequestError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]
PRIVATE_KEY = os.environ["PRIVATE_KEY"]
ACCESS_SECONDS = 900
REFRESH_SECONDS = 30 * 86_400

app = APIGatewayRestResolver()
logger = Logger(service="auth")
tracer = Tracer(service="auth")
metrics = Metrics(namespace="auth", service="auth")
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


@app.post("/auth/refresh")
@tracer.capture_method
def refresh() -> dict[str, Any]:
    """Answer a refresh token with new tokens."""
    presented = app.current_event.json_body["refresh_token"]
    subject, _, secret = presented.partition(":")
    key = {"pk": f"refresh#{subject}", "sk": secret}
    item: dict[str, Any] | None = table.get_item(Key=key).get("Item")
    now = int(time.time())
    if item is None or item["expiry"] < now:
        raise BadRequestError("invalid_grant")
    successor = secrets.token_urlsafe(32)
    table.put_item(Item={"pk": key["pk"], "sk": successor, "expiry": now + REFRESH_SECONDS})
    table.put_item(Item={**item, "next": successor, "used_at": now})
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + ACCESS_SECONDS}
    metrics.add_metric(name="Refreshed", unit=MetricUnit.Count, value=1)
    logger.info("refreshed", extra={"sub": subject})
    return {
        "access_token": jwt.encode(claims, PRIVATE_KEY, algorithm="ES256", headers={"kid": "1"}),
        "refresh_token": f"{subject}:{successor}",
        "expires_in": ACCESS_SECONDS,
        "token_type": "Bearer",
    }


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an event of API Gateway."""
    return app.resolve(event, context)
