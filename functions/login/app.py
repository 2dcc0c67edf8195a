"""POST /auth/login: checks a password and opens a session."""

import os
import secrets

from edge_auth.adapters.aws import dynamodb_client, secrets_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.adapters.dynamodb.session_opening import DynamoDBSessionOpening
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.clock import now_ms, pause
from edge_auth.credentials.profiles import checked_profiles
from edge_auth.events.security_event import Record
from edge_auth.flows.grant import AccessTokenPolicy
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.factors import NOTHING, Presented, SecondStep
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.flows.sessions.session_limit import SessionLimit
from edge_auth.flows.sign_in.login import BringUser, Login
from edge_auth.flows.sign_in.new_session import SessionPolicy
from edge_auth.flows.sign_in.replace_session import ReplaceSession
from edge_auth.flows.sign_in.start_session import StartSession
from edge_auth.observability import FunctionLog
from edge_auth.sessions.session import BODY, COOKIE, SESSION
from edge_auth.settings.login import LoginSettings
from edge_auth.settings.reading import read_settings
from edge_auth.tokens.issuer_address import issuer_from_context
from edge_auth.web.body import Parameters, json_parameters
from edge_auth.web.cookie_transport import CookieTransport
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response
from edge_auth.web.session_response import session_response
from edge_auth.web.sign_in_request import sign_in_client
from edge_auth.web.token_response import token_response

DAY_SECONDS = 86_400
HOUR_SECONDS = 3600
MINUTE_SECONDS = 60
OFF = "off"  # of SecondFactor

settings = read_settings(LoginSettings, os.environ)
log = FunctionLog("login")
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
tell = None
if settings.challenges_table:
    from edge_auth.adapters.dynamodb.notices import DynamoDBNotices
    from edge_auth.flows.tell_user import TellUser

    notices = DynamoDBNotices(dynamodb, table=settings.challenges_table)
    tell = TellUser(notices=notices, clock=now_ms, entropy=secrets.token_bytes, record=log.record)


def _announcing() -> Record:
    """Return what records events, and announces them where there is a bus. Only a locked app needs it here."""
    bus = settings.security_event_bus
    if not bus:
        return log.record
    from edge_auth.adapters.aws import events_client  # noqa: PLC0415 - a deployment without a bus does not load it
    from edge_auth.adapters.event_bus import EventBus  # noqa: PLC0415 - as above
    from edge_auth.events.announcement import announcing  # noqa: PLC0415 - as above

    return announcing(log.record, EventBus(events_client(), bus=bus))


def second_step() -> SecondStep | None:
    """Return the check of second factors. A deployment without them does not load it."""
    if settings.second_factor == OFF:
        return None
    from edge_auth.adapters.dynamodb.factors import DynamoDBFactors  # noqa: PLC0415 - see above
    from edge_auth.adapters.sealing_secret import SealingSecret  # noqa: PLC0415 - see above
    from edge_auth.flows.factors.factor_check import FactorCheck  # noqa: PLC0415 - see above
    from edge_auth.flows.factors.factor_policy import FactorPolicy  # noqa: PLC0415 - see above
    from edge_auth.flows.sign_in.passkey_request import PasskeyRequests  # noqa: PLC0415 - see above
    from edge_auth.flows.sign_in.second_step import LoginSecondStep  # noqa: PLC0415 - see above

    check = FactorCheck(
        store=DynamoDBFactors(dynamodb, table=settings.identities_table),
        sealing_keys=SealingSecret(secrets_manager, secret_id=settings.sealing_secret, clock=now_ms),
        clock=now_ms,
        entropy=secrets.token_bytes,
        record=_announcing(),
        tell_locked=tell.account_locked if tell else None,
    )
    return LoginSecondStep(
        check=check,
        policy=FactorPolicy.of(settings.second_factor),
        clock=now_ms,
        record=log.record,
        passkeys=PasskeyRequests(settings.passkey_rp_id, clock=now_ms, entropy=secrets.token_bytes)
        if settings.passkey_rp_id
        else None,
    )


def _bring_user() -> BringUser | None:
    """Return what brings a user who may still be in another system. A deployment without one does not load it."""
    if not settings.migration_function:
        return None
    from edge_auth.adapters.aws import invoking_client  # noqa: PLC0415 - see above
    from edge_auth.adapters.dynamodb.imported_identities import DynamoDBImportedIdentities  # noqa: PLC0415
    from edge_auth.adapters.migration_function import MigrationFunction  # noqa: PLC0415
    from edge_auth.flows.sign_in.migrate_user import MigrateUser  # noqa: PLC0415

    return MigrateUser(
        old_system=MigrationFunction(invoking_client(), function=settings.migration_function),
        imported=DynamoDBImportedIdentities(dynamodb, table=settings.identities_table),
        clock=now_ms,
        entropy=secrets.token_bytes,
        record=log.record,
    )


login = Login(
    limit=PasswordAttemptLimit(
        attempts=DynamoDBAttempts(dynamodb, table=settings.throttle_table),
        clock=now_ms,
        entropy=secrets.token_bytes,
        pause=pause,
        record=log.record,
    ),
    profiles=checked_profiles(settings.password_profiles),
    identities=DynamoDBIdentities(dynamodb, table=settings.identities_table),
    start_session=StartSession(
        DynamoDBSessionOpening(
            dynamodb, identities_table=settings.identities_table, sessions_table=settings.sessions_table
        ),
        {BODY: with_refresh, COOKIE: with_refresh, SESSION: of_sites},
        clock=now_ms,
        entropy=secrets.token_bytes,
    ),
    replace_session=ReplaceSession(key_ring=key_ring, end_sessions=end_sessions, record=log.record),
    session_limit=SessionLimit(
        sessions=sessions,
        max_sessions=settings.max_sessions_per_user,
        end_sessions=end_sessions,
        clock=now_ms,
        record=log.record,
    ),
    second_step=second_step(),
    key_ring=key_ring,
    entropy=secrets.token_bytes,
    record=log.record,
    tell_new_device=tell.new_device if tell else None,
    tell_code_used=tell.recovery_code_used if tell else None,
    bring_user=_bring_user(),
)
cookies = CookieTransport(settings.allowed_origins)


def post(request: Request) -> Response:
    """Answer a login with tokens, or with the session cookie of a site.

    In a browser, the new session takes the place of the one that its cookie names.
    """
    parameters = json_parameters(request)
    client, presented = sign_in_client(request, parameters, cookies), _presented(parameters)
    username = parameters.text("username")
    password = "" if presented.mfa_token else parameters.text("password")
    # An event without an address is refused before a session opens. A site has no access token, so no issuer.
    issuer = "" if client.transport == SESSION else settings.issuer or issuer_from_context(request.context)
    signed_in = login(username, password, client, presented)
    if client.transport == SESSION:
        return session_response(signed_in.at_site())
    policy = AccessTokenPolicy(issuer, settings.audience, settings.access_token_seconds)
    return token_response(signed_in.tokens(policy, secrets.token_bytes), client.transport)


def _presented(parameters: Parameters) -> Presented:
    """Return the second factor. Where second factors are off, its parameters are unknown ones."""
    if settings.second_factor == OFF:
        return NOTHING
    return Presented(*(parameters.optional_text(name) for name in Presented._fields))


handler = endpoint(
    {"POST": post},
    log,
    trusted_proxy=settings.trusted_proxy,
    allowed_origins=settings.allowed_origins,
    with_cookies=True,
)
