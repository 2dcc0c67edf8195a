"""POST /auth/passkeys/options, POST /auth/passkeys/sign-in: a challenge, and a session for what a passkey has signed.

Deployed only where PasskeyRpId is set.
"""

import os
import secrets

from edge_auth.adapters.aws import dynamodb_client, secrets_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.passkeys import DynamoDBPasskeyOpening
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.clock import now_ms, pause
from edge_auth.flows.grant import AccessTokenPolicy
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.flows.sessions.session_limit import SessionLimit
from edge_auth.flows.sign_in.new_session import SessionPolicy
from edge_auth.flows.sign_in.passkey_check import PasskeyCheck
from edge_auth.flows.sign_in.passkey_request import PasskeyRequests
from edge_auth.flows.sign_in.passkey_sign_in import FirstStep, PasskeySignIn
from edge_auth.flows.sign_in.replace_session import ReplaceSession
from edge_auth.observability import FunctionLog
from edge_auth.sessions.session import BODY, COOKIE, SESSION
from edge_auth.settings.passkey_sign_in import PasskeySignInSettings
from edge_auth.settings.reading import read_settings
from edge_auth.tokens.issuer_address import issuer_from_context
from edge_auth.web.body import json_parameters
from edge_auth.web.cookie_transport import CookieTransport
from edge_auth.web.endpoint import endpoint
from edge_auth.web.passkeys import presented_passkey
from edge_auth.web.request import Request
from edge_auth.web.response import Response
from edge_auth.web.session_response import session_response
from edge_auth.web.sign_in_request import sign_in_client
from edge_auth.web.token_response import token_response
from edge_auth.webauthn.ceremonies import RelyingParty

DAY_SECONDS = 86_400
HOUR_SECONDS = 3600
MINUTE_SECONDS = 60
OPTIONS = "/auth/passkeys/options"
OFF = "off"  # of SecondFactor

settings = read_settings(PasskeySignInSettings, os.environ)
log = FunctionLog("passkey_sign_in")
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
key_ring = SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms)
with_refresh = SessionPolicy(
    idle_seconds=settings.refresh_idle_days * DAY_SECONDS,
    absolute_seconds=settings.refresh_absolute_days * DAY_SECONDS,
)
of_sites = SessionPolicy(
    idle_seconds=settings.session_idle_minutes * MINUTE_SECONDS,
    absolute_seconds=settings.session_absolute_hours * HOUR_SECONDS,
)
attempts = DynamoDBAttempts(dynamodb, table=settings.throttle_table)


def first_step() -> FirstStep | None:
    """Return what a login by password has begun. A deployment without second factors does not load it."""
    if settings.second_factor == OFF:
        return None
    from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit  # noqa: PLC0415 - see above
    from edge_auth.flows.sign_in.first_step import PasswordStep  # noqa: PLC0415 - see above

    limit = PasswordAttemptLimit(
        attempts=attempts, clock=now_ms, entropy=secrets.token_bytes, pause=pause, record=log.record
    )
    return PasswordStep(limit=limit, clock=now_ms, record=log.record)


tell_new_device = None
if settings.challenges_table:
    from edge_auth.adapters.dynamodb.notices import DynamoDBNotices
    from edge_auth.flows.tell_user import TellUser

    notices = DynamoDBNotices(dynamodb, table=settings.challenges_table)
    tell_new_device = TellUser(notices=notices, clock=now_ms, entropy=secrets.token_bytes, record=log.record).new_device
sign_in = PasskeySignIn(
    check=PasskeyCheck(
        party=RelyingParty.of(settings.passkey_rp_id, settings.passkey_origins),
        rates=Rates(attempts),
        identities=DynamoDBIdentities(dynamodb, table=settings.identities_table),
        clock=now_ms,
        record=log.record,
    ),
    requests=PasskeyRequests(settings.passkey_rp_id, clock=now_ms, entropy=secrets.token_bytes),
    first_step=first_step(),
    opening=DynamoDBPasskeyOpening(
        dynamodb,
        identities_table=settings.identities_table,
        sessions_table=settings.sessions_table,
        throttle_table=settings.throttle_table,
    ),
    policies={BODY: with_refresh, COOKIE: with_refresh, SESSION: of_sites},
    replace_session=ReplaceSession(key_ring=key_ring, end_sessions=end_sessions, record=log.record),
    session_limit=SessionLimit(
        sessions=sessions,
        max_sessions=settings.max_sessions_per_user,
        end_sessions=end_sessions,
        clock=now_ms,
        record=log.record,
    ),
    key_ring=key_ring,
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=log.record,
    tell_new_device=tell_new_device,
)
cookies = CookieTransport(settings.allowed_origins)


def post(request: Request) -> Response:
    """Answer with a challenge, or check what a passkey has signed for one."""
    if request.path == OPTIONS:
        return Response(200, sign_in.options())
    parameters = json_parameters(request)
    client = sign_in_client(request, parameters, cookies)
    mfa_token = "" if settings.second_factor == OFF else parameters.optional_text("mfa_token")
    # An event without an address is refused before a session opens. A site has no access token, so no issuer.
    issuer = "" if client.transport == SESSION else settings.issuer or issuer_from_context(request.context)
    signed_in = sign_in(presented_passkey(parameters), client, mfa_token)
    if client.transport == SESSION:
        return session_response(signed_in.at_site())
    policy = AccessTokenPolicy(issuer, settings.audience, settings.access_token_seconds)
    return token_response(signed_in.tokens(policy, secrets.token_bytes), client.transport)


handler = endpoint(
    {"POST": post},
    log,
    trusted_proxy=settings.trusted_proxy,
    allowed_origins=settings.allowed_origins,
    with_cookies=True,
)
