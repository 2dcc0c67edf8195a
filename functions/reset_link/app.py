"""Makes the link of a reset for a user. Operators call it with `./edge-auth users reset-link`.

No route leads here, and no operator can read the key ring. Deployed only where MailFrom is set.
"""

import os
import secrets

from edge_auth.adapters.aws import dynamodb_client, secrets_client
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.clock import now_ms
from edge_auth.errors import AccountError
from edge_auth.flows.accounts.new_challenge import NewChallenge
from edge_auth.flows.accounts.reset_link import ResetLink
from edge_auth.observability import FunctionLog
from edge_auth.settings.reading import read_settings
from edge_auth.settings.reset_link import ResetLinkSettings

settings = read_settings(ResetLinkSettings, os.environ)
log = FunctionLog("reset_link")
dynamodb = dynamodb_client()
key_ring = SecretKeyRing(secrets_client(), secret_id=settings.key_ring_secret, clock=now_ms)
reset_link = ResetLink(
    identities=DynamoDBIdentities(dynamodb, table=settings.identities_table),
    challenges=DynamoDBChallenges(dynamodb, table=settings.challenges_table),
    new_challenge=NewChallenge(key_ring=key_ring, clock=now_ms, entropy=secrets.token_bytes),
    key_ring=key_ring,
    pages_url=settings.pages_url,
)


def handler(event: object, context: object) -> dict[str, object]:
    """Return the link, the code and their end, in seconds since 1970; or `refused`, which says why there is none.

    Raises:
        ValueError: the event is not an operator's.
        TemporarilyUnavailable: the link was not made.

    """
    log.begin(context)
    match event:
        case {"action": "reset_link", "user_id": str(user_id)}:
            try:
                made = reset_link(user_id)
            except AccountError as error:
                return {"refused": str(error)}
            return {"link": made.link, "code": made.code, "expires_at": made.expires_at_seconds}
        case _:
            raise ValueError("not an event of this function")
