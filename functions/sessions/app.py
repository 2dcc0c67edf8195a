"""GET /auth/sessions, DELETE /auth/sessions/{session_id}: the caller's own sessions. Behind the authorizer."""

import os
import secrets

from edge_auth.adapters.aws import dynamodb_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.clock import now_ms
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.flows.sessions.own_sessions import OwnSessions
from edge_auth.observability import FunctionLog
from edge_auth.settings.reading import read_settings
from edge_auth.settings.sessions import SessionsSettings
from edge_auth.web.caller import caller_of
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response
from edge_auth.web.session_list import session_list

settings = read_settings(SessionsSettings, os.environ)
log = FunctionLog("sessions")
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
own_sessions = OwnSessions(sessions=sessions, end_sessions=end_sessions, clock=now_ms)


def get(request: Request) -> Response:
    """Answer with the caller's living sessions."""
    caller = caller_of(request)
    return session_list(own_sessions.living(caller.user_id, caller.session_id), current=caller.session_id)


def delete(request: Request) -> Response:
    """End the session that the path names."""
    caller = caller_of(request)
    own_sessions.end(caller.user_id, caller.session_id, request.path_parameters.get("session_id", ""))
    return Response(204)


handler = endpoint(
    {"GET": get, "DELETE": delete}, log, trusted_proxy=settings.trusted_proxy, allowed_origins=settings.allowed_origins
)
