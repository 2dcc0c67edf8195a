"""API Gateway's third Lambda authorizer, for the routes of a site whose pages a server makes.

It reads the session of the cookie on every request. A cookie of a session that has ended is a Deny, which the REST API
answers with 401, and so is a request that another site has made the browser send. An exception means that nothing could
be decided. Without allowed origins it denies everything, and loads nothing for it.
"""

import os
import time

from edge_auth.authorizer.event import answered
from edge_auth.authorizer.event_headers import Event
from edge_auth.errors import InvalidToken
from edge_auth.settings.reading import read_settings
from edge_auth.settings.session_authorizer import SessionAuthorizerSettings

MINUTE_SECONDS = 60

settings = read_settings(SessionAuthorizerSettings, os.environ)
sessions = None
if settings.allowed_origins:
    from edge_auth.authorizer.cookie_sessions import CookieCaller, CookieSessions
    from edge_auth.authorizer.signed_requests import STARTED_BY_LAMBDA, SignedRequests, store_from
    from edge_auth.authorizer.two_clocks import Clocks

    store = store_from(os.environ, table=settings.sessions_table, url_suffix=settings.url_suffix)
    table = SignedRequests(store, clocks=Clocks(time.monotonic, time.time))
    sessions = CookieSessions(
        table,
        allowed_origins=settings.allowed_origins,
        idle_seconds=settings.session_idle_minutes * MINUTE_SECONDS,
    )
    if STARTED_BY_LAMBDA in os.environ:  # a starting function has a whole processor for the handshake of TLS
        table.open()


def handler(event: object, _context: object) -> dict[str, object]:
    """Answer whether the request carries the cookie of a living session, and comes from a page of its site.

    Raises:
        RequestFailed: the session could not be read.

    """
    return answered(event, authenticate)


def authenticate(event: Event) -> "CookieCaller":
    """Return the user of the event's cookie. Raises InvalidToken and CsrfFailed."""
    if sessions is None:
        raise InvalidToken("this deployment has no cookies")
    return sessions.caller(event, now_ms=int(time.time() * 1000))
