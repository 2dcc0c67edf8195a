"""The caller's passkeys, behind the authorizer. Deployed only where PasskeyRpId is set.

POST /auth/passkeys/registration answers with a challenge, and POST /auth/passkeys adds what was made for it. GET
/auth/passkeys lists them; PATCH and DELETE /auth/passkeys/{passkey_id} rename and remove one.
"""

import os
import secrets

from edge_auth.adapters.aws import dynamodb_client, secrets_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.passkeys import DynamoDBPasskeys
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.clock import now_ms
from edge_auth.flows.accounts.own_passkeys import OwnPasskeys, PasskeyNotices
from edge_auth.flows.factors.factor_policy import FactorPolicy
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.observability import FunctionLog
from edge_auth.settings.passkeys import PasskeysSettings
from edge_auth.settings.reading import read_settings
from edge_auth.web.body import json_parameters
from edge_auth.web.caller import caller_of
from edge_auth.web.endpoint import endpoint
from edge_auth.web.passkeys import creation_options, credential_id, new_passkey, passkey_list, shown
from edge_auth.web.request import Request
from edge_auth.web.response import Response
from edge_auth.webauthn.ceremonies import RelyingParty

REGISTRATIONS = ("/auth/passkeys/registration", "/auth/site/passkeys/registration")

settings = read_settings(PasskeysSettings, os.environ)
log = FunctionLog("passkeys")
dynamodb, secrets_manager = dynamodb_client(), secrets_client()
prime(os.environ, dynamodb, secrets_manager)
sessions = DynamoDBSessions(dynamodb, table=settings.sessions_table)
feed = settings.revocations_table
tell = None
if settings.challenges_table:
    from edge_auth.adapters.dynamodb.notices import DynamoDBNotices
    from edge_auth.flows.tell_user import TellUser

    notices = DynamoDBNotices(dynamodb, table=settings.challenges_table)
    tell = TellUser(notices=notices, clock=now_ms, entropy=secrets.token_bytes, record=log.record)
own_passkeys = OwnPasskeys(
    policy=FactorPolicy.of(settings.second_factor),
    party=RelyingParty.of(settings.passkey_rp_id, settings.passkey_origins),
    identities=DynamoDBIdentities(dynamodb, table=settings.identities_table),
    sessions=sessions,
    passkeys=DynamoDBPasskeys(dynamodb, table=settings.identities_table),
    end_sessions=EndSessions(
        sessions=sessions,
        revocations=DynamoDBRevocations(dynamodb, table=feed, clock=now_ms) if feed else None,
        clock=now_ms,
        entropy=secrets.token_bytes,
        record=log.record,
    ),
    key_ring=SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms),
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=log.record,
    notices=PasskeyNotices(tell.passkey_added, tell.passkey_removed) if tell else None,
)


def get(request: Request) -> Response:
    """Answer with the caller's passkeys."""
    caller = caller_of(request)
    return passkey_list(own_passkeys.listed(caller.user_id, caller.session_id))


def post(request: Request) -> Response:
    """Answer with a challenge for a new passkey, or add what was made for one."""
    caller = caller_of(request)
    if request.path in REGISTRATIONS:
        registration = own_passkeys.begin(caller.user_id, caller.session_id)
        return creation_options(registration, rp_id=settings.passkey_rp_id)
    new = new_passkey(json_parameters(request))
    return Response(201, shown(own_passkeys.register(caller.user_id, caller.session_id, new)))


def patch(request: Request) -> Response:
    """Give the passkey that the path names another name."""
    caller, name = caller_of(request), json_parameters(request).text("name")
    own_passkeys.rename(caller.user_id, caller.session_id, named_passkey(request), name)
    return Response(204)


def delete(request: Request) -> Response:
    """Remove the passkey that the path names, and end the caller's other sessions."""
    caller = caller_of(request)
    own_passkeys.remove(caller.user_id, caller.session_id, named_passkey(request))
    return Response(204)


def named_passkey(request: Request) -> bytes:
    """Return the id of the passkey in the path."""
    return credential_id(request.path_parameters.get("passkey_id", ""))


handler = endpoint(
    {"GET": get, "POST": post, "PATCH": patch, "DELETE": delete},
    log,
    trusted_proxy=settings.trusted_proxy,
    allowed_origins=settings.allowed_origins,
)
