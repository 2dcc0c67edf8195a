"""POST /auth/password: changes the caller's password. Behind the authorizer, which names the caller."""

import os
import secrets

from edge_auth.adapters.aws import dynamodb_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.clock import now_ms, pause
from edge_auth.credentials.common_passwords import COMMON_PASSWORDS
from edge_auth.credentials.password_rules import PasswordRules, service_names
from edge_auth.credentials.profiles import checked_profiles
from edge_auth.flows.accounts.change_password import ChangePassword
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.observability import FunctionLog
from edge_auth.settings.password import PasswordSettings
from edge_auth.settings.reading import read_settings
from edge_auth.web.body import json_parameters
from edge_auth.web.caller import caller_of
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response

settings = read_settings(PasswordSettings, os.environ)
log = FunctionLog("password")
dynamodb = dynamodb_client()
prime(os.environ, dynamodb)
sessions = DynamoDBSessions(dynamodb, table=settings.sessions_table)
feed = settings.revocations_table
end_sessions = EndSessions(
    sessions=sessions,
    revocations=DynamoDBRevocations(dynamodb, table=feed, clock=now_ms) if feed else None,
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=log.record,
)
tell_new_password = None
if settings.challenges_table:
    from edge_auth.adapters.dynamodb.notices import DynamoDBNotices
    from edge_auth.flows.tell_user import TellUser

    notices = DynamoDBNotices(dynamodb, table=settings.challenges_table)
    tell_new_password = TellUser(
        notices=notices, clock=now_ms, entropy=secrets.token_bytes, record=log.record
    ).new_password
change_password = ChangePassword(
    limit=PasswordAttemptLimit(
        attempts=DynamoDBAttempts(dynamodb, table=settings.throttle_table),
        clock=now_ms,
        entropy=secrets.token_bytes,
        pause=pause,
        record=log.record,
    ),
    profiles=checked_profiles(settings.password_profiles),
    identities=DynamoDBIdentities(dynamodb, table=settings.identities_table),
    sessions=sessions,
    end_sessions=end_sessions,
    password_rules=PasswordRules(
        min_characters=settings.password_min_characters,
        common=COMMON_PASSWORDS,
        service_names=service_names(settings.issuer, settings.audience),
    ),
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=log.record,
    tell_new_password=tell_new_password,
)


def post(request: Request) -> Response:
    """Change the password. The other sessions of the user end, and this one goes on."""
    caller = caller_of(request)
    parameters = json_parameters(request)
    change_password(
        caller.user_id,
        caller.session_id,
        parameters.text("current_password"),
        parameters.text("new_password"),
    )
    return Response(204)


handler = endpoint({"POST": post}, log, trusted_proxy=settings.trusted_proxy, allowed_origins=settings.allowed_origins)
