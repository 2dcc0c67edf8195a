"""GET and HEAD /.well-known/ended-sessions, for other verifiers. Deployed only where RevocationFeed is true."""

import os

from edge_auth.adapters.aws import dynamodb_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.dynamodb.ended_feed import DynamoDBEndedFeed
from edge_auth.clock import now_ms
from edge_auth.flows.sessions.list_ended import ListEnded
from edge_auth.observability import FunctionLog
from edge_auth.settings.ended_sessions import EndedSessionsSettings
from edge_auth.settings.reading import read_settings
from edge_auth.web.cacheable import cacheable_response
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response

# One second is a part of a reader's bound. Without `must-revalidate` a cache that cannot reach the API may answer with
# an older copy (RFC 9111 §4.2.4).
CACHE_CONTROL = "public, max-age=1, must-revalidate"

settings = read_settings(EndedSessionsSettings, os.environ)
log = FunctionLog("ended_sessions")
dynamodb = dynamodb_client()
prime(os.environ, dynamodb)
list_ended = ListEnded(
    feed=DynamoDBEndedFeed(dynamodb, table=settings.revocations_table, clock=now_ms),
    access_token_seconds=settings.access_token_seconds,
    clock=now_ms,
)


def get(request: Request) -> Response:
    """Answer with the ended sessions, or with 304 if the client has this very answer."""
    ended = list_ended()
    document: dict[str, object] = {"as_of": ended.as_of_seconds, "window": ended.window_seconds, "sids": ended.entries}
    if ended.kids:
        document["kids"] = ended.kids
    return cacheable_response(document, request.headers.one("if-none-match"), cache_control=CACHE_CONTROL)


handler = endpoint({"GET": get, "HEAD": get}, log, trusted_proxy=settings.trusted_proxy)
