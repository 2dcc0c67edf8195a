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
from edge_auth.flows.accounts.register import Confirmation, Register
from edge_auth.flows.limits.rates import Rates
from edge_auth.observability import FunctionLog
from edge_auth.settings.reading import read_settings
from edge_auth.settings.register import RegisterSettings
from edge_auth.web.body import json_parameters
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response

OF_MAIL = ("email", "language")  # unknown parameters where mail is off

settings = read_settings(RegisterSettings, os.environ)
log = FunctionLog("register")
dynamodb = dynamodb_client()
prime(os.environ, dynamodb)
rates = Rates(DynamoDBAttempts(dynamodb, table=settings.throttle_table))


def confirmation_by_mail() -> Confirmation:
    """Return what confirms addresses. A deployment without mail loads none of it, and has no right to the key ring."""
    from edge_auth.adapters.aws import secrets_client  # noqa: PLC0415 - see above; so are the next four
    from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges  # noqa: PLC0415
    from edge_auth.adapters.key_ring_secret import SecretKeyRing  # noqa: PLC0415
    from edge_auth.flows.accounts.confirm_new_user import ConfirmNewUser  # noqa: PLC0415
    from edge_auth.flows.accounts.new_challenge import NewChallenge  # noqa: PLC0415

    secrets_manager = secrets_client()
    prime(os.environ, secrets_manager)
    return ConfirmNewUser(
        rates=rates,
        challenges=DynamoDBChallenges(dynamodb, table=settings.challenges_table),
        new_challenge=NewChallenge(
            key_ring=SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms),
            clock=now_ms,
            entropy=secrets.token_bytes,
        ),
        must_confirm=settings.confirm_address == "true",
    )


register = Register(
    rates=rates,
    identities=DynamoDBIdentities(dynamodb, table=settings.identities_table),
    password_rules=PasswordRules(
        min_characters=settings.password_min_characters,
        common=COMMON_PASSWORDS,
        service_names=service_names(settings.issuer, settings.audience),
    ),
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=log.record,
    confirmation=confirmation_by_mail() if settings.challenges_table else None,
)


def post(request: Request) -> Response:
    """Make the account, and answer with its id and its canonical name."""
    parameters = json_parameters(request)
    username, password = parameters.text("username"), parameters.text("password")
    email, language = (parameters.optional_text(name) if settings.challenges_table else "" for name in OF_MAIL)
    identity = register(username, password, address=request.source_address, email=email, language=language)
    return Response(201, {"user_id": identity.user_id, "username": identity.username})


handler = endpoint({"POST": post}, log, trusted_proxy=settings.trusted_proxy, allowed_origins=settings.allowed_origins)
