"""An authorizer after Powertools' documentation: data classes and Logger, with PyJWT."""

import os
from typing import Any

import jwt
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import event_source
from aws_lambda_powertools.utilities.data_classes.api_gateway_authorizer_event import (
    DENY_ALL_RESPONSE,
    APIGatewayAuthorizerResponse,
    APIGatewayAuthorizerTokenEvent,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

KEY = jwt.PyJWK.from_json(os.environ["JWK"])
ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]

logger = Logger(service="authorizer")


@logger.inject_lambda_context
@event_source(data_class=APIGatewayAuthorizerTokenEvent)
def handler(event: APIGatewayAuthorizerTokenEvent, _context: LambdaContext) -> dict[str, Any]:
    """Answer with a policy."""
    token = event.authorization_token.removeprefix("Bearer ")
    try:
        claims = jwt.decode(token, KEY, algorithms=["ES256"], issuer=ISSUER, audience=AUDIENCE)
    except jwt.InvalidTokenError:
        logger.info("access denied")
        return DENY_ALL_RESPONSE
    arn, context = event.parsed_arn, {"scope": claims.get("scope", "")}
    place = {"region": arn.region, "aws_account_id": arn.aws_account_id, "api_id": arn.api_id, "stage": arn.stage}
    policy = APIGatewayAuthorizerResponse(principal_id=claims["sub"], context=context, **place)
    policy.allow_all_routes()
    return policy.asdict()
