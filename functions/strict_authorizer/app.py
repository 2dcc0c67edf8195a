"""API Gateway's second Lambda authorizer, for routes that must not outlive a session by a second.

It verifies access tokens as the first one does, and then reads their session, on every request. It can also demand a
strong or a fresh login. A token whose session has ended, or whose login was another one, is a Deny, which the REST API
answers with 401. An exception means that nothing could be decided.
"""

import os
import time

from edge_auth.authorizer.event import answered
from edge_auth.authorizer.event_headers import Event
from edge_auth.authorizer.issuer_keys import IssuerKeys, download
from edge_auth.authorizer.signed_requests import STARTED_BY_LAMBDA, SignedRequests, store_from
from edge_auth.authorizer.strict_sessions import check_session
from edge_auth.authorizer.token_age import check_age
from edge_auth.authorizer.two_clocks import Clocks
from edge_auth.settings.reading import read_settings
from edge_auth.settings.strict_authorizer import StrictAuthorizerSettings
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.verifier import Verifier, keys_from_jwks

settings = read_settings(StrictAuthorizerSettings, os.environ)
deployed = Verifier(keys_from_jwks(settings.jwks), audience=settings.audience)
keys = IssuerKeys(deployed, audience=settings.audience, download=download)
store = store_from(os.environ, table=settings.sessions_table, url_suffix=settings.url_suffix)
sessions = SignedRequests(store, clocks=Clocks(time.monotonic, time.time))
demand = None
if settings.required_acr or settings.max_auth_age_seconds:
    from edge_auth.authorizer.login_demand import LoginDemand

    demand = LoginDemand(settings.required_acr, settings.max_auth_age_seconds)
if STARTED_BY_LAMBDA in os.environ:  # a starting function has a whole processor for the handshake of TLS
    sessions.open()


def handler(event: object, _context: object) -> dict[str, object]:
    """Answer whether the request carries a valid access token of a living session.

    Raises:
        RuntimeError: there are no keys to verify with.
        ValueError: no issuer is set, and the event names none.
        RequestFailed: the session could not be read.

    """
    return answered(event, authenticate)


def authenticate(event: Event) -> AccessClaims:
    """Return the claims of the event's access token. Raises InvalidToken and InsufficientAuthentication."""
    if not deployed.has_keys:
        raise RuntimeError("no keys to verify with")
    now_seconds = int(time.time())
    claims = keys.verify_event(event, issuer=settings.issuer, now_seconds=now_seconds)
    check_age(claims.iat, access_token_seconds=settings.access_token_seconds, now_seconds=now_seconds)
    check_session(sessions.call, claims)  # first: a new login, and not a stronger one, helps whose session has ended
    if demand is not None:
        demand.check(claims.acr, claims.auth_time, now_seconds=now_seconds)
    return claims
