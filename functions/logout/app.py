"""POST /auth/logout: ends one session, all, or all others. Reads JSON, and the form of RFC 7009.

The token is a refresh token. An access token ends its own session too, because a client that presents one wants to be
logged out. A browser has its refresh token in a cookie, or the session token of a site.
"""

import os
import secrets

from edge_auth.adapters.aws import dynamodb_client, events_client, secrets_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.adapters.event_bus import EventBus
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.clock import now_ms
from edge_auth.errors import InvalidRequest
from edge_auth.events.announcement import announcing
from edge_auth.flows.limits.dead_tokens import DeadTokenLimit
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.flows.sessions.logout import Logout, Reach
from edge_auth.flows.sessions.revoke_access_token import RevokeAccessToken
from edge_auth.observability import FunctionLog
from edge_auth.sessions.client_description import ClientDescription, described
from edge_auth.sessions.rotation_rule import RotationLimits
from edge_auth.sessions.session import COOKIE, SESSION
from edge_auth.settings.logout import LogoutSettings
from edge_auth.settings.reading import read_settings
from edge_auth.tokens.issuer_address import issuer_from_context
from edge_auth.tokens.session_token import SESSION_COOKIE
from edge_auth.tokens.token_form import REFRESH
from edge_auth.web.body import FORM, Parameters, form_parameters, json_parameters
from edge_auth.web.cookie_transport import CookieTransport
from edge_auth.web.cookies import REFRESH_COOKIE, removed
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import NO_STORE, Response

HOUR_SECONDS = 3600
TRANSPORTS = {REFRESH_COOKIE: COOKIE, SESSION_COOKIE: SESSION}
ALLOW = "allow"  # the parameter LateRetryFromElsewhere; its other value is "refuse"

settings = read_settings(LogoutSettings, os.environ)
log = FunctionLog("logout")
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
key_ring = SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms)
logout = Logout(
    identities=DynamoDBIdentities(dynamodb, table=settings.identities_table),
    sessions=sessions,
    key_ring=key_ring,
    end_sessions=end_sessions,
    dead_tokens=DeadTokenLimit(DynamoDBAttempts(dynamodb, table=settings.throttle_table), now_ms, record),
    limits=RotationLimits(
        grace_seconds=settings.rotation_grace_seconds,
        late_retry_seconds=settings.late_retry_hours * HOUR_SECONDS,
        late_retry_elsewhere=settings.late_retry_from_elsewhere == ALLOW,
    ),
    clock=now_ms,
)
revoke_access_token = RevokeAccessToken(
    audience=settings.audience, key_ring=key_ring, sessions=sessions, end_sessions=end_sessions, clock=now_ms
)
cookies = CookieTransport(settings.allowed_origins)


def post(request: Request) -> Response:
    """End the session, all of the user's, or all others. The answer is the same for an unknown token.

    A form is answered with 200, as RFC 7009 §2.2 has it: some stock clients take any other status for a failure.
    """
    if cookies.carries(request, *TRANSPORTS):
        return end_in_browser(request)
    if request.media_type == FORM:
        parameters = form_parameters(request)
        parameters.optional_text("token_type_hint")  # a hint (RFC 7009 §2.1): the form of the token decides
        end(parameters.text("token"), Reach.ONE, request)
        return Response(200)
    parameters = json_parameters(request)
    reach = reach_of(parameters)
    end(parameters.text("refresh_token"), reach, request)
    return Response(204)


def end_in_browser(request: Request) -> Response:
    """End what the token in the cookie may end, and remove the cookie, unless this session goes on.

    The cookie is removed also if its session was dead already. No other answer removes it: one that comes late would
    remove the cookie of the next login. A browser with both cookies is logged out of both sessions.
    """
    tokens = {name: cookies.token(name, request) for name in TRANSPORTS}
    parameters = json_parameters(request)
    if parameters.has("refresh_token"):
        raise InvalidRequest("a refresh token in the body of a request with cookies")
    reach = reach_of(parameters)
    names = [name for name, token in tokens.items() if token] or [REFRESH_COOKIE]
    for name in names:
        logout(tokens[name], reach, client=client_of(request), transport=TRANSPORTS[name])
    if reach is Reach.OTHERS:
        return Response(204)
    return Response(204, None, {**NO_STORE, "Set-Cookie": tuple(map(removed, names))})


def end(token: str, reach: Reach, request: Request) -> None:
    """End what the token may end. An access token ends no session but its own, so with another reach it ends none."""
    if reach is not Reach.ONE or token.startswith(REFRESH.prefix):
        logout(token, reach, client=client_of(request))
    else:
        revoke_access_token(token, issuer=settings.issuer or issuer_from_context(request.context))


def client_of(request: Request) -> ClientDescription:
    """Describe the client that sent the request."""
    return described(user_agent=request.headers.one("user-agent"), address=request.source_address)


def reach_of(parameters: Parameters) -> Reach:
    """Return which sessions shall end. Raises InvalidRequest for `all` together with `others`."""
    match parameters.flag("all"), parameters.flag("others"):
        case True, True:
            raise InvalidRequest("all and others")
        case True, False:
            return Reach.ALL
        case False, True:
            return Reach.OTHERS
        case _:
            return Reach.ONE


handler = endpoint(
    {"POST": post},
    log,
    trusted_proxy=settings.trusted_proxy,
    allowed_origins=settings.allowed_origins,
    with_cookies=True,
)
