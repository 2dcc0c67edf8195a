"""POST /auth/refresh: rotates a refresh token. Reads JSON, and the form that stock OAuth clients send (RFC 6749 §6)."""

import os
import secrets

from edge_auth.adapters.aws import dynamodb_client, events_client, secrets_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.adapters.event_bus import EventBus
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.clock import now_ms
from edge_auth.errors import InvalidRequest, UnsupportedGrantType
from edge_auth.events.announcement import announcing
from edge_auth.flows.grant import AccessTokenPolicy
from edge_auth.flows.limits.dead_tokens import DeadTokenLimit
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.flows.sessions.refresh import Refresh
from edge_auth.observability import FunctionLog
from edge_auth.sessions.client_description import described
from edge_auth.sessions.rotation_rule import RotationLimits
from edge_auth.sessions.session import BODY, COOKIE
from edge_auth.settings.reading import read_settings
from edge_auth.settings.refresh import RefreshSettings
from edge_auth.tokens.issuer_address import issuer_from_context
from edge_auth.web.body import FORM, Parameters, form_parameters, json_parameters
from edge_auth.web.cookie_transport import CookieTransport
from edge_auth.web.cookies import REFRESH_COOKIE
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response
from edge_auth.web.token_response import token_response

DAY_SECONDS = 86_400
HOUR_SECONDS = 3600
ALLOW = "allow"  # the parameter LateRetryFromElsewhere; its other value is "refuse"
GRANT_TYPE = "refresh_token"

settings = read_settings(RefreshSettings, os.environ)
log = FunctionLog("refresh")
bus = settings.security_event_bus
dynamodb, secrets_manager = dynamodb_client(), secrets_client()
prime(os.environ, dynamodb, secrets_manager)
record = announcing(log.record, EventBus(events_client(), bus=bus)) if bus else log.record
sessions = DynamoDBSessions(dynamodb, table=settings.sessions_table)
feed = settings.revocations_table
end_sessions = EndSessions(
    sessions=sessions,
    revocations=DynamoDBRevocations(dynamodb, table=feed, clock=now_ms) if feed else None,
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=record,
)
refresh = Refresh(
    sessions=sessions,
    end_sessions=end_sessions,
    dead_tokens=DeadTokenLimit(DynamoDBAttempts(dynamodb, table=settings.throttle_table), now_ms, record),
    key_ring=SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms),
    idle_seconds=settings.refresh_idle_days * DAY_SECONDS,
    limits=RotationLimits(
        grace_seconds=settings.rotation_grace_seconds,
        late_retry_seconds=settings.late_retry_hours * HOUR_SECONDS,
        late_retry_elsewhere=settings.late_retry_from_elsewhere == ALLOW,
    ),
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=record,
)
cookies = CookieTransport(settings.allowed_origins)


def post(request: Request) -> Response:
    """Answer a refresh token, in a cookie or in the body, with tokens."""
    if cookies.carries(request, REFRESH_COOKIE):
        presented, transport = cookies.token(REFRESH_COOKIE, request), COOKIE
        parameters = json_parameters(request)
        if parameters.has("refresh_token"):
            raise InvalidRequest("a refresh token in the body of a request with cookies")
    else:
        parameters, transport = refresh_parameters(request), BODY
        presented = parameters.text("refresh_token")
    scope = parameters.optional_text("scope")
    client = described(user_agent=request.headers.one("user-agent"), address=request.source_address)
    issuer = settings.issuer or issuer_from_context(request.context)
    policy = AccessTokenPolicy(issuer, settings.audience, settings.access_token_seconds)
    granted = refresh(presented, policy, scope=scope, client=client, transport=transport)
    return token_response(granted, transport)


def refresh_parameters(request: Request) -> Parameters:
    """Read the parameters of a refresh. Only a form must name its grant type."""
    if request.media_type == FORM:
        parameters = form_parameters(request)
        grant_type = parameters.text("grant_type")
    else:
        parameters = json_parameters(request)
        grant_type = parameters.optional_text("grant_type", GRANT_TYPE)
    if grant_type != GRANT_TYPE:
        raise UnsupportedGrantType
    return parameters


handler = endpoint(
    {"POST": post},
    log,
    trusted_proxy=settings.trusted_proxy,
    allowed_origins=settings.allowed_origins,
    with_cookies=True,
)
