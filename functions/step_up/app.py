"""POST /auth/step-up, and the same below /auth/site: a fresh or stronger session takes the place of the caller's.

Behind the authorizers, which name the caller. The request also has the refresh token or the cookie of the session.
Deployed only where SecondFactor is not off.
"""

import os
import secrets
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import dynamodb_client, events_client, secrets_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.factors import DynamoDBFactors
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.session_replacement import DynamoDBSessionReplacement
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.adapters.event_bus import EventBus
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.adapters.sealing_secret import SealingSecret
from edge_auth.clock import now_ms, pause
from edge_auth.credentials.profiles import checked_profiles
from edge_auth.errors import InvalidRequest
from edge_auth.events.announcement import announcing
from edge_auth.events.security_event import EventName
from edge_auth.flows.factors.factor_check import FactorCheck
from edge_auth.flows.grant import AccessTokenPolicy
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.factors import Presented
from edge_auth.flows.sign_in.step_up import Holder, StepUp, StepUpStores
from edge_auth.flows.sign_in.step_up_proofs import ProofCheck, Proofs
from edge_auth.observability import FunctionLog
from edge_auth.sessions.client_description import described
from edge_auth.sessions.session import BODY, COOKIE, SESSION
from edge_auth.settings.reading import read_settings
from edge_auth.settings.step_up import StepUpSettings
from edge_auth.tokens.issuer_address import issuer_from_context
from edge_auth.tokens.session_token import SESSION_COOKIE
from edge_auth.web.body import Parameters, json_parameters
from edge_auth.web.caller import caller_of
from edge_auth.web.cookie_transport import CookieTransport
from edge_auth.web.cookies import REFRESH_COOKIE, one_cookie
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response
from edge_auth.web.session_response import session_response
from edge_auth.web.token_response import token_response

if TYPE_CHECKING:
    from edge_auth.flows.sign_in.passkey_check import PasskeyCheck, PresentedPasskey

AT_SITE = "/auth/site/step-up"

settings = read_settings(StepUpSettings, os.environ)
log = FunctionLog("step_up")
dynamodb, secrets_manager = dynamodb_client(), secrets_client()
prime(os.environ, dynamodb, secrets_manager)
feed, bus = settings.revocations_table, settings.security_event_bus
record = announcing(log.record, EventBus(events_client(), bus=bus)) if bus else log.record
tell = None
if settings.challenges_table:
    from edge_auth.adapters.dynamodb.notices import DynamoDBNotices
    from edge_auth.flows.tell_user import TellUser

    notices = DynamoDBNotices(dynamodb, table=settings.challenges_table)
    tell = TellUser(notices=notices, clock=now_ms, entropy=secrets.token_bytes, record=log.record)
attempts = DynamoDBAttempts(dynamodb, table=settings.throttle_table)
identities = DynamoDBIdentities(dynamodb, table=settings.identities_table)


def passkey_check() -> "PasskeyCheck | None":
    """Return the check of passkeys. A deployment without them does not load it."""
    if not settings.passkey_rp_id:
        return None
    from edge_auth.flows.limits.rates import Rates  # noqa: PLC0415 - see above
    from edge_auth.flows.sign_in.passkey_check import PasskeyCheck  # noqa: PLC0415 - see above
    from edge_auth.webauthn.ceremonies import RelyingParty  # noqa: PLC0415 - see above

    return PasskeyCheck(
        party=RelyingParty.of(settings.passkey_rp_id, settings.passkey_origins),
        rates=Rates(attempts),
        identities=identities,
        clock=now_ms,
        record=log.record,
        failed=EventName.STEP_UP_FAILED,
    )


def presented_in(parameters: Parameters) -> "PresentedPasskey | None":
    """Return the passkey that is shown. Where passkeys are off, its parameter is an unknown one."""
    if not settings.passkey_rp_id or not parameters.has("credential"):
        return None
    from edge_auth.web.passkeys import presented_passkey  # noqa: PLC0415 - see above

    return presented_passkey(parameters)


step_up = StepUp(
    StepUpStores(
        identities=identities,
        sessions=DynamoDBSessions(dynamodb, table=settings.sessions_table),
        replacement=DynamoDBSessionReplacement(
            dynamodb,
            identities_table=settings.identities_table,
            sessions_table=settings.sessions_table,
            throttle_table=settings.throttle_table,
        ),
        revocations=DynamoDBRevocations(dynamodb, table=feed, clock=now_ms) if feed else None,
    ),
    check=ProofCheck(
        limit=PasswordAttemptLimit(
            attempts=attempts,
            clock=now_ms,
            entropy=secrets.token_bytes,
            pause=pause,
            record=log.record,
        ),
        profiles=checked_profiles(settings.password_profiles),
        codes=FactorCheck(
            store=DynamoDBFactors(dynamodb, table=settings.identities_table),
            sealing_keys=SealingSecret(secrets_manager, secret_id=settings.sealing_secret, clock=now_ms),
            clock=now_ms,
            entropy=secrets.token_bytes,
            record=record,
            tell_locked=tell.account_locked if tell else None,
        ),
        record=log.record,
        passkeys=passkey_check(),
    ),
    key_ring=SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms),
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=log.record,
    tell_code_used=tell.recovery_code_used if tell else None,
)
cookies = CookieTransport(settings.allowed_origins)


def post(request: Request) -> Response:
    """Answer with the tokens or the cookie of the new session, in the way in which those of the old one came."""
    caller, parameters = caller_of(request), json_parameters(request)
    if request.path == AT_SITE:  # its authorizer has checked that a page of the site asks
        token, transport = one_cookie(SESSION_COOKIE, request.headers), SESSION
    elif cookies.carries(request, REFRESH_COOKIE):
        token, transport = cookies.token(REFRESH_COOKIE, request), COOKIE
        if parameters.has("refresh_token"):
            raise InvalidRequest("a refresh token in the body of a request with cookies")
    else:
        token, transport = parameters.text("refresh_token"), BODY
    client = described(user_agent=request.headers.one("user-agent"), address=request.source_address)
    codes = Presented(otp=parameters.optional_text("otp"), recovery_code=parameters.optional_text("recovery_code"))
    holder = Holder(caller.user_id, caller.session_id, token, transport, client)
    # An event without an address is refused before a session opens. A site has no access token, so no issuer.
    issuer = "" if transport == SESSION else settings.issuer or issuer_from_context(request.context)
    stepped_up = step_up(holder, Proofs(parameters.optional_text("password"), codes, presented_in(parameters)))
    if transport == SESSION:
        return session_response(stepped_up.at_site())
    policy = AccessTokenPolicy(issuer, settings.audience, settings.access_token_seconds)
    return token_response(stepped_up.tokens(policy, secrets.token_bytes), transport)


handler = endpoint(
    {"POST": post},
    log,
    trusted_proxy=settings.trusted_proxy,
    allowed_origins=settings.allowed_origins,
    with_cookies=True,
)
