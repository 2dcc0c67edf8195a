"""POST /auth/email/confirm, POST /auth/email/undo: confirms an address, or undoes its change, with what a mail brought.

Deployed only where MailFrom is set. A link leads to a page, and only the page's button sends the request.
"""

import os
import secrets

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
from edge_auth.credentials.profiles import checked_profiles
from edge_auth.errors import NotFound
from edge_auth.flows.accounts.confirm_address import ConfirmAddress
from edge_auth.flows.accounts.new_challenge import NewChallenge
from edge_auth.flows.accounts.shown_proof import ShownProofs
from edge_auth.flows.accounts.undo_address import UndoAddress
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.flows.tell_user import TellUser
from edge_auth.observability import FunctionLog
from edge_auth.settings.email_proofs import EmailProofsSettings
from edge_auth.settings.reading import read_settings
from edge_auth.web.body import json_parameters
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response
from edge_auth.web.shown_proof import shown_in

settings = read_settings(EmailProofsSettings, os.environ)
log = FunctionLog("email_proofs")
dynamodb, secrets_manager = dynamodb_client(), secrets_client()
prime(os.environ, dynamodb, secrets_manager)
attempts = DynamoDBAttempts(dynamodb, table=settings.throttle_table)
rates = Rates(attempts)
challenges = DynamoDBChallenges(dynamodb, table=settings.challenges_table)
redemptions = DynamoDBRedemptions(
    dynamodb, challenges_table=settings.challenges_table, identities_table=settings.identities_table
)
key_ring = SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms)
new_challenge = NewChallenge(key_ring=key_ring, clock=now_ms, entropy=secrets.token_bytes)
shown_proofs = ShownProofs(
    rates=rates,
    identities=DynamoDBIdentities(dynamodb, table=settings.identities_table),
    challenges=challenges,
    key_ring=key_ring,
    clock=now_ms,
)
feed = settings.revocations_table
tell = TellUser(
    notices=DynamoDBNotices(dynamodb, table=settings.challenges_table),
    clock=now_ms,
    entropy=secrets.token_bytes,
    record=log.record,
)
confirm_address = ConfirmAddress(
    shown_proofs=shown_proofs,
    challenges=challenges,
    redemptions=redemptions,
    new_challenge=new_challenge,
    clock=now_ms,
    record=log.record,
    tell_new_address=tell.new_address,
)
undo_address = UndoAddress(
    shown_proofs=shown_proofs,
    challenges=challenges,
    redemptions=redemptions,
    new_challenge=new_challenge,
    rates=rates,
    limit=PasswordAttemptLimit(
        attempts=attempts, clock=now_ms, entropy=secrets.token_bytes, pause=pause, record=log.record
    ),
    profiles=checked_profiles(settings.password_profiles),
    end_sessions=EndSessions(
        sessions=DynamoDBSessions(dynamodb, table=settings.sessions_table),
        revocations=DynamoDBRevocations(dynamodb, table=feed, clock=now_ms) if feed else None,
        clock=now_ms,
        entropy=secrets.token_bytes,
        record=log.record,
    ),
    clock=now_ms,
    record=log.record,
    tell_removed=tell.factors_removed,
)


def post(request: Request) -> Response:
    """Do what the proof is for."""
    parameters = json_parameters(request)
    shown = shown_in(parameters)
    match request.path:
        case "/auth/email/confirm":
            confirm_address(shown, address=request.source_address)
        case "/auth/email/undo":
            undo_address(shown, address=request.source_address, password=parameters.optional_text("password"))
        case _:
            raise NotFound
    return Response(204)


handler = endpoint({"POST": post}, log, trusted_proxy=settings.trusted_proxy, allowed_origins=settings.allowed_origins)
