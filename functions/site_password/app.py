"""POST /auth/site/password: changes the caller's password, at a site with a session cookie, and renews the cookie.

Behind the authorizer of session cookies, which names the caller, and which has checked that a page of the site asks.
Deployed only where AllowedOrigins is set.
"""

import os
import secrets

from edge_auth.adapters.aws import dynamodb_client, secrets_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.clock import now_ms, pause
from edge_auth.credentials.common_passwords import COMMON_PASSWORDS
from edge_auth.credentials.password_rules import PasswordRules, service_names
from edge_auth.credentials.profiles import checked_profiles
from edge_auth.flows.accounts.change_password import ChangePassword
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.flows.sessions.regenerate import Regenerate
from edge_auth.observability import FunctionLog
from edge_auth.sessions.client_description import described
from edge_auth.settings.reading import read_settings
from edge_auth.settings.site_password import SitePasswordSettings
from edge_auth.tokens.session_token import SESSION_COOKIE
from edge_auth.web.body import json_parameters
from edge_auth.web.caller import caller_of
from edge_auth.web.cookies import one_cookie
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import NO_STORE, Response
from edge_auth.web.session_response import session_cookie

MINUTE_SECONDS = 60

settings = read_settings(SitePasswordSettings, os.environ)
log = FunctionLog("site_password")
dynamodb, secrets_manager = dynamodb_client(), secrets_client()
prime(os.environ, dynamodb, secrets_manager)
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
regenerate = Regenerate(
    sessions=sessions,
    key_ring=SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms),
    idle_seconds=settings.session_idle_minutes * MINUTE_SECONDS,
    clock=now_ms,
    entropy=secrets.token_bytes,
)


def post(request: Request) -> Response:
    """Change the password. The other sessions of the user end, and this one goes on with a new cookie."""
    caller = caller_of(request)
    parameters = json_parameters(request)
    presented = regenerate.presented(one_cookie(SESSION_COOKIE, request.headers), caller.user_id, caller.session_id)
    change_password(
        caller.user_id,
        caller.session_id,
        parameters.text("current_password"),
        parameters.text("new_password"),
    )
    client = described(user_agent=request.headers.one("user-agent"), address=request.source_address)
    granted = regenerate(presented, client)
    if granted is None:
        return Response(204)
    return Response(204, None, {**NO_STORE, "Set-Cookie": (session_cookie(granted),)})


handler = endpoint({"POST": post}, log, trusted_proxy=settings.trusted_proxy, allowed_origins=settings.allowed_origins)
