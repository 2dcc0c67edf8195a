"""API Gateway's Lambda authorizer: verifies access tokens with the public keys in its environment.

It asks the issuer for newer keys only when a token names a key that it does not have. It reads the sessions that have
ended when a request needs them and its copy is older than RevocationSeconds. With 0 it reads none, and loads nothing
for it. An invalid token is a Deny, which the REST API answers with 401. An exception means that nothing could be
decided.
"""

import gc
import os
import time
from functools import partial

from edge_auth.authorizer.event import answered
from edge_auth.authorizer.event_headers import Event
from edge_auth.authorizer.issuer_keys import IssuerKeys, download
from edge_auth.settings.authorizer import AuthorizerSettings
from edge_auth.settings.reading import read_settings
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.verifier import Verifier, keys_from_jwks

settings = read_settings(AuthorizerSettings, os.environ)
deployed = Verifier(keys_from_jwks(settings.jwks), audience=settings.audience)
keys = IssuerKeys(deployed, audience=settings.audience, download=download)
ended = None
if settings.revocation_seconds:  # otherwise sockets and TLS, a third of a start, would be loaded for nothing
    from edge_auth.authorizer.ended_sessions import EndedSessions
    from edge_auth.authorizer.feed_reads import read_feed
    from edge_auth.authorizer.signed_requests import STARTED_BY_LAMBDA, SignedRequests, store_from
    from edge_auth.authorizer.two_clocks import Clocks

    clocks = Clocks(time.monotonic, time.time)
    store = store_from(os.environ, table=settings.revocations_table, url_suffix=settings.url_suffix)
    feed = SignedRequests(store, clocks=clocks)
    ended = EndedSessions(
        partial(read_feed, feed.call),
        clocks=clocks,
        access_token_seconds=settings.access_token_seconds,
        revocation_seconds=settings.revocation_seconds,
        is_closed=settings.revocation_failure != "open",
    )
    # What is loaded stays. A long answer starts a search for garbage, which would take 4 ms in all that is loaded.
    gc.freeze()
    # Lambda gives a whole processor to a starting function, and a seventh of one to its calls. A failure is logged.
    if STARTED_BY_LAMBDA in os.environ and ended.read():
        keys.withdraw(ended.withdrawn_kids)


def handler(event: object, _context: object) -> dict[str, object]:
    """Answer whether the request carries a valid access token of a living session.

    Raises:
        RuntimeError: there are no keys to verify with.
        ValueError: no issuer is set, and the event names none.
        CannotDecide: the ended sessions could not be read, and RevocationFailure is `closed`.

    """
    return answered(event, authenticate)


def authenticate(event: Event) -> AccessClaims:
    """Return the claims of the event's access token. Raises InvalidToken."""
    if not deployed.has_keys:
        raise RuntimeError("no keys to verify with")
    claims = verify(event)
    while ended is not None and not ended.decides(claims):
        keys.withdraw(ended.withdrawn_kids)
        claims = verify(event)  # its key may be among the withdrawn ones
    return claims


def verify(event: Event) -> AccessClaims:
    """Return the claims of a token that is valid now. Raises InvalidToken."""
    return keys.verify_event(event, issuer=settings.issuer, now_seconds=int(time.time()))
