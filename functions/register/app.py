"""POST /auth/register: makes an account. Deployed only where SelfRegistration is true."""

import os
import secrets

from edge_auth.adapters.aws import dynamodb_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.clock import now_ms
from edge_auth.credentials.common_passwords import COMMON_PASSWORDS
from edge_auth.credentials.password_rules import PasswordRules, service_names
from edge_auth.flows.accounts.register import Register
from edge_auth.flows.limits.rates import Rates
from edge_auth.observability import FunctionLog
from edge_auth.settings import RegisterSettings, read_settings
from edge_auth.web.body import json_parameters
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response

settings = read_settings(RegisterSettings, os.environ)
log = FunctionLog("register")
dynamodb = dynamodb_client()
prime(os.environ, dynamodb)
register = Register(
    rates=Rates(DynamoDBAttempts(dynamodb, table=settings.throttle_table)),
    identities=DynamoDBIdentities(dynamodb, table=settings.identities_table),
    password_rules=PasswordRules(
        min_characters=settings.password_min_characters,
        common=COMMON_PASSWORDS,
        service_names=service_names(settings.issuer, settings.audience),
    ),
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=log.record,
)


def post(request: Request) -> Response:
    """Make the account, and answer with its id and its canonical name."""
    parameters = json_parameters(request)
    username, password = parameters.text("username"), parameters.text("password")
    identity = register(username, password, address=request.source_address)
    return Response(201, {"user_id": identity.user_id, "username": identity.username})


handler = endpoint({"POST": post}, log, trusted_proxy=settings.trusted_proxy, allowed_origins=settings.allowed_origins)
