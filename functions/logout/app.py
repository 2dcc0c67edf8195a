"""POST /auth/logout: ends one session, all, or all others. Reads JSON, and the form of RFC 7009."""

import os
import secrets

from edge_auth.adapters.aws import dynamodb_client, secrets_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.clock import now_ms
from edge_auth.errors import InvalidRequest
from edge_auth.flows.sessions.logout import Logout
from edge_auth.observability import FunctionLog
from edge_auth.settings import LogoutSettings, read_settings
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import (
    FORM,
    Request,
    flag_parameter,
    form_parameters,
    json_parameters,
    text_parameter,
)
from edge_auth.web.response import Response

settings = read_settings(LogoutSettings, os.environ)
log = FunctionLog("logout")
dynamodb, secrets_manager = dynamodb_client(), secrets_client()
prime(os.environ, dynamodb, secrets_manager)
logout = Logout(
    identities=DynamoDBIdentities(dynamodb, table=settings.identities_table),
    sessions=DynamoDBSessions(dynamodb, table=settings.sessions_table),
    key_ring=SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms),
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=log.record,
)


def post(request: Request) -> Response:
    """End the session, all of the user's, or all others. The answer is the same for a token that means nothing."""
    if request.media_type == FORM:
        logout(text_parameter(form_parameters(request), "token"), everywhere=False)
    else:
        parameters = json_parameters(request)
        everywhere, others = flag_parameter(parameters, "all"), flag_parameter(parameters, "others")
        if everywhere and others:
            raise InvalidRequest("all and others")
        logout(text_parameter(parameters, "refresh_token"), everywhere=everywhere, others=others)
    return Response(204)


handler = endpoint({"POST": post}, log)
