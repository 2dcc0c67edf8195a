"""GET and POST /auth/email: shows the caller's mail address, and asks for another one. Behind the authorizer.

Deployed only where MailFrom is set.
"""

import os
import secrets

from edge_auth.adapters.aws import dynamodb_client, secrets_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.clock import now_ms, pause
from edge_auth.credentials.profiles import checked_profiles
from edge_auth.flows.accounts.change_address import ChangeAddress
from edge_auth.flows.accounts.new_challenge import NewChallenge
from edge_auth.flows.accounts.own_address import OwnAddress
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.limits.rates import Rates
from edge_auth.observability import FunctionLog
from edge_auth.settings.email import EmailSettings
from edge_auth.settings.reading import read_settings
from edge_auth.web.body import json_parameters
from edge_auth.web.caller import caller_of
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response

settings = read_settings(EmailSettings, os.environ)
log = FunctionLog("email")
dynamodb, secrets_manager = dynamodb_client(), secrets_client()
prime(os.environ, dynamodb, secrets_manager)
attempts = DynamoDBAttempts(dynamodb, table=settings.throttle_table)
identities = DynamoDBIdentities(dynamodb, table=settings.identities_table)
sessions = DynamoDBSessions(dynamodb, table=settings.sessions_table)
own_address = OwnAddress(identities=identities, sessions=sessions, clock=now_ms)
change_address = ChangeAddress(
    limit=PasswordAttemptLimit(
        attempts=attempts, clock=now_ms, entropy=secrets.token_bytes, pause=pause, record=log.record
    ),
    rates=Rates(attempts),
    profiles=checked_profiles(settings.password_profiles),
    identities=identities,
    sessions=sessions,
    challenges=DynamoDBChallenges(dynamodb, table=settings.challenges_table),
    new_challenge=NewChallenge(
        key_ring=SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms),
        clock=now_ms,
        entropy=secrets.token_bytes,
    ),
    clock=now_ms,
    record=log.record,
)


def get(request: Request) -> Response:
    """Answer with the caller's address, null if there is none, and whether it is confirmed."""
    caller = caller_of(request)
    user = own_address(caller.user_id, caller.session_id)
    return Response(200, {"email": user.email or None, "email_verified": user.email_verified_at_seconds > 0})


def post(request: Request) -> Response:
    """Ask for a mail to the new address. Nothing changes before its proof comes back."""
    caller = caller_of(request)
    parameters = json_parameters(request)
    change_address(
        caller.user_id,
        caller.session_id,
        parameters.text("email"),
        parameters.text("current_password"),
        address=request.source_address,
    )
    return Response(202)


handler = endpoint(
    {"GET": get, "POST": post}, log, trusted_proxy=settings.trusted_proxy, allowed_origins=settings.allowed_origins
)
