"""POST /auth/password/reset, POST /auth/password/reset/confirm: a user who has forgotten the password sets a new one.

Deployed only where MailFrom is set.
"""

import os
import secrets
from functools import cache, partial
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import dynamodb_client, secrets_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.notices import DynamoDBNotices
from edge_auth.adapters.dynamodb.redemptions import DynamoDBRedemptions
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.clock import now_ms, pause
from edge_auth.credentials.common_passwords import COMMON_PASSWORDS
from edge_auth.credentials.password_rules import PasswordRules, service_names
from edge_auth.errors import NotFound
from edge_auth.flows.accounts.ask_reset import AskReset
from edge_auth.flows.accounts.new_challenge import NewChallenge
from edge_auth.flows.accounts.reset_password import CheckFactor, ResetPassword, no_second_factor
from edge_auth.flows.accounts.shown_proof import ShownProofs
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.factors import Presented
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.flows.tell_user import TellUser
from edge_auth.observability import FunctionLog
from edge_auth.settings.reading import read_settings
from edge_auth.settings.reset import ResetSettings
from edge_auth.web.body import Parameters, json_parameters
from edge_auth.web.cookie_transport import CookieTransport
from edge_auth.web.device_token import device_token_in
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response
from edge_auth.web.shown_proof import shown_in

if TYPE_CHECKING:
    from edge_auth.flows.accounts.reset_factor import ResetFactor

OFF = "off"  # of SecondFactor

settings = read_settings(ResetSettings, os.environ)
log = FunctionLog("reset")
dynamodb, secrets_manager = dynamodb_client(), secrets_client()
prime(os.environ, dynamodb, secrets_manager)
attempts = DynamoDBAttempts(dynamodb, table=settings.throttle_table)
rates = Rates(attempts)
identities = DynamoDBIdentities(dynamodb, table=settings.identities_table)
challenges = DynamoDBChallenges(dynamodb, table=settings.challenges_table)
key_ring = SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms)
feed = settings.revocations_table
ask_reset = AskReset(
    rates=rates,
    identities=identities,
    challenges=challenges,
    new_challenge=NewChallenge(key_ring=key_ring, clock=now_ms, entropy=secrets.token_bytes),
    key_ring=key_ring,
    clock=now_ms,
    pause=pause,
    record=log.record,
)
tell = TellUser(
    notices=DynamoDBNotices(dynamodb, table=settings.challenges_table),
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=log.record,
)
reset_password = ResetPassword(
    shown_proofs=ShownProofs(
        rates=rates, identities=identities, challenges=challenges, key_ring=key_ring, clock=now_ms
    ),
    redemptions=DynamoDBRedemptions(
        dynamodb, challenges_table=settings.challenges_table, identities_table=settings.identities_table
    ),
    password_rules=PasswordRules(
        min_characters=settings.password_min_characters,
        common=COMMON_PASSWORDS,
        service_names=service_names(settings.issuer, settings.audience),
    ),
    attempts=attempts,
    limit=PasswordAttemptLimit(
        attempts=attempts, clock=now_ms, entropy=secrets.token_bytes, pause=pause, record=log.record
    ),
    end_sessions=EndSessions(
        sessions=DynamoDBSessions(dynamodb, table=settings.sessions_table),
        revocations=DynamoDBRevocations(dynamodb, table=feed, clock=now_ms) if feed else None,
        clock=now_ms,
        entropy=secrets.token_bytes,
        record=log.record,
    ),
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=log.record,
    tell_new_password=tell.new_password,
)
cookies = CookieTransport(settings.allowed_origins)


def factor_of(parameters: Parameters) -> CheckFactor:
    """Return the check of the second factor. A deployment without second factors does not load it."""
    if settings.second_factor == OFF:
        return no_second_factor
    codes = Presented(*(parameters.optional_text(name) for name in ("otp", "recovery_code")))
    return partial(reset_factor(), presented=codes)


@cache
def reset_factor() -> "ResetFactor":
    """Return the check. It is made at the first reset."""
    from edge_auth.adapters.aws import events_client  # noqa: PLC0415 - only where factors are on
    from edge_auth.adapters.dynamodb.factors import DynamoDBFactors  # noqa: PLC0415 - as above
    from edge_auth.adapters.event_bus import EventBus  # noqa: PLC0415 - as above
    from edge_auth.adapters.sealing_secret import SealingSecret  # noqa: PLC0415 - as above
    from edge_auth.events.announcement import announcing  # noqa: PLC0415 - as above
    from edge_auth.flows.accounts.reset_factor import ResetFactor  # noqa: PLC0415 - as above
    from edge_auth.flows.factors.factor_check import FactorCheck  # noqa: PLC0415 - as above

    bus = settings.security_event_bus
    check = FactorCheck(
        store=DynamoDBFactors(dynamodb, table=settings.identities_table),
        sealing_keys=SealingSecret(secrets_manager, secret_id=settings.sealing_secret, clock=now_ms),
        clock=now_ms,
        entropy=secrets.token_bytes,
        record=announcing(log.record, EventBus(events_client(), bus=bus)) if bus else log.record,
        tell_locked=tell.account_locked,
    )
    limit = PasswordAttemptLimit(
        attempts=attempts, clock=now_ms, entropy=secrets.token_bytes, pause=pause, record=log.record
    )
    return ResetFactor(check=check, limit=limit, record=log.record, tell_code_used=tell.recovery_code_used)


def post(request: Request) -> Response:
    """Ask for a mail, or set the password with what a mail has brought. The first answer is the same for every name."""
    parameters = json_parameters(request)
    match request.path:
        case "/auth/password/reset":
            device_token = device_token_in(request, parameters, cookies)
            ask_reset(parameters.text("username"), address=request.source_address, device_token=device_token)
            return Response(202)
        case "/auth/password/reset/confirm":
            shown, new = shown_in(parameters), parameters.text("new_password")
            reset_password(shown, new, address=request.source_address, check_factor=factor_of(parameters))
            return Response(204)
        case _:
            raise NotFound


handler = endpoint(
    {"POST": post},
    log,
    trusted_proxy=settings.trusted_proxy,
    allowed_origins=settings.allowed_origins,
    with_cookies=True,
)
