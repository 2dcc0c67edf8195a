"""The caller's own second factor: `/auth/factors` and below, and the same below `/auth/site` for a session cookie.

Behind the authorizers, which name the caller, but for one route: a user who must have a factor sets it up there before
the first login. Deployed only where SecondFactor is not off.
"""

import os
import secrets
from urllib.parse import urlsplit

from edge_auth.accounts.factors import Factors
from edge_auth.adapters.aws import dynamodb_client, secrets_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.factors import DynamoDBFactors
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.adapters.sealing_secret import SealingSecret
from edge_auth.clock import now_ms
from edge_auth.errors import NotFound
from edge_auth.flows.accounts.own_factors import FactorNotices, FactorStores, OwnFactors, PendingApp
from edge_auth.flows.factors.factor_policy import FactorPolicy
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.observability import FunctionLog
from edge_auth.settings.factors import FactorsSettings
from edge_auth.settings.reading import read_settings
from edge_auth.web.body import json_parameters
from edge_auth.web.caller import caller_of
from edge_auth.web.endpoint import endpoint
from edge_auth.web.qr_picture import qr_svg
from edge_auth.web.request import Request
from edge_auth.web.response import Response

AT_SITE = "/auth/site/"

settings = read_settings(FactorsSettings, os.environ)
log = FunctionLog("factors")
dynamodb, secrets_manager = dynamodb_client(), secrets_client()
prime(os.environ, dynamodb, secrets_manager)
sessions = DynamoDBSessions(dynamodb, table=settings.sessions_table)
feed = settings.revocations_table
stores = FactorStores(
    identities=DynamoDBIdentities(dynamodb, table=settings.identities_table),
    sessions=sessions,
    factors=DynamoDBFactors(dynamodb, table=settings.identities_table),
    sealing_keys=SealingSecret(secrets_manager, secret_id=settings.sealing_secret, clock=now_ms),
    key_ring=SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms),
    end_sessions=EndSessions(
        sessions=sessions,
        revocations=DynamoDBRevocations(dynamodb, table=feed, clock=now_ms) if feed else None,
        clock=now_ms,
        entropy=secrets.token_bytes,
        record=log.record,
    ),
    service=urlsplit(settings.issuer).hostname or urlsplit(settings.audience).hostname or settings.audience,
)
tell = None
if settings.challenges_table:
    from edge_auth.adapters.dynamodb.notices import DynamoDBNotices
    from edge_auth.flows.tell_user import TellUser

    notices = DynamoDBNotices(dynamodb, table=settings.challenges_table)
    tell = TellUser(notices=notices, clock=now_ms, entropy=secrets.token_bytes, record=log.record)
own_factors = OwnFactors(
    stores,
    policy=FactorPolicy.of(settings.second_factor),
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=log.record,
    notices=FactorNotices(tell.factor_changed, tell.recovery_codes_replaced) if tell else None,
)


def get(request: Request) -> Response:
    """Answer with what the caller has."""
    caller = caller_of(request)
    return Response(200, _state(own_factors.state(caller.user_id, caller.session_id)))


def delete(request: Request) -> Response:
    """Remove the app and the recovery codes. The other sessions of the user end."""
    caller = caller_of(request)
    own_factors.remove(caller.user_id, caller.session_id)
    return Response(204)


def post(request: Request) -> Response:
    """Change the caller's factor, or set up the first one of a user who must have one."""
    route = request.path.replace(AT_SITE, "/auth/", 1)
    if route not in CHANGES:
        raise NotFound
    return CHANGES[route](request)


def begin(request: Request) -> Response:
    """Answer with a secret for an app."""
    caller = caller_of(request)
    return _pending(own_factors.begin(caller.user_id, caller.session_id))


def confirm(request: Request) -> Response:
    """Enrol the app that shows the code."""
    caller, parameters = caller_of(request), json_parameters(request)
    pending, otp = parameters.text("enrolment"), parameters.text("otp")
    return _codes(own_factors.confirm(caller.user_id, caller.session_id, pending, otp))


def replace_codes(request: Request) -> Response:
    """Answer with new recovery codes."""
    caller = caller_of(request)
    return _codes(own_factors.replace_codes(caller.user_id, caller.session_id))


def required(request: Request) -> Response:
    """Set up the first factor of a user whose login has answered with a token for this: one step, then the other."""
    parameters = json_parameters(request)
    token = parameters.text("enrolment_token")
    if not parameters.has("enrolment"):
        return _pending(own_factors.begin_required(token))
    return _codes(own_factors.confirm_required(token, parameters.text("enrolment"), parameters.text("otp")))


def _state(factors: Factors | None) -> dict[str, object]:
    if factors is None:
        return {"totp": False, "locked": False, "recovery_codes_left": 0}
    return {"totp": True, "locked": factors.is_locked, "recovery_codes_left": len(factors.recovery)}


def _pending(pending: PendingApp) -> Response:
    body = {
        "secret": pending.secret,
        "uri": pending.uri,
        "qr_svg": qr_svg(pending.uri),
        "enrolment": pending.enrolment,
        "expires_in": pending.expires_in_seconds,
    }
    return Response(200, body)


def _codes(codes: tuple[str, ...]) -> Response:
    return Response(200, {"recovery_codes": list(codes)})


CHANGES = {
    "/auth/factors/totp": begin,
    "/auth/factors/totp/confirm": confirm,
    "/auth/factors/recovery-codes": replace_codes,
    "/auth/factors/enrolment": required,
}

handler = endpoint(
    {"GET": get, "POST": post, "DELETE": delete},
    log,
    trusted_proxy=settings.trusted_proxy,
    allowed_origins=settings.allowed_origins,
)
