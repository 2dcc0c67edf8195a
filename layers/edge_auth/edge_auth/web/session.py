"""The session of a site, for pages that do without the authorizer. The code is the authorizer's."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from edge_auth.authorizer.cookie_sessions import CookieSessions
from edge_auth.authorizer.event_headers import Event
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import STARTED_BY_LAMBDA, SignedRequests, store_from
from edge_auth.authorizer.two_clocks import Clocks
from edge_auth.errors import InvalidToken, TemporarilyUnavailable
from edge_auth.tokens.own_claims import NO_CLAIMS, OwnClaims

__all__ = ["SessionCookie", "SignedIn"]

MINUTE_SECONDS = 60


class SignedIn(NamedTuple):
    """The user of a page. All but the ids is as it was at the login.

    `acr` says how strong the login was: `1fa`, `2fa` or `phr`. While second factors are off, it is empty, except after
    a sign-in with a passkey: `phr`. `amr` says how the user logged in, and `auth_time_seconds` when, since 1970.
    `claims` are the operators' own ones.
    """

    user_id: str
    session_id: str
    scope: str
    roles: tuple[str, ...]
    acr: str
    amr: tuple[str, ...]
    auth_time_seconds: int
    claims: OwnClaims = NO_CLAIMS


class SessionCookie:
    """Knows the user of a request by its session cookie. It reads the session on each call."""

    def __init__(
        self, environ: Mapping[str, str], *, monotonic: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        """Read the variables of the function, and the addresses and credentials that Lambda gives it.

        The variables are SESSIONS_TABLE, URL_SUFFIX, ALLOWED_ORIGINS and SESSION_IDLE_MINUTES, as those of the
        authorizer. `monotonic` and `wall` are the clocks, `time.monotonic` and `time.time`.

        Raises:
            KeyError: a variable is missing.
            ValueError: a variable has another form.

        """
        self._wall = wall
        store = store_from(environ, table=environ["SESSIONS_TABLE"], url_suffix=environ["URL_SUFFIX"])
        table = SignedRequests(store, clocks=Clocks(monotonic, wall))
        self._sessions = CookieSessions(
            table,
            allowed_origins=environ["ALLOWED_ORIGINS"],
            idle_seconds=int(environ["SESSION_IDLE_MINUTES"]) * MINUTE_SECONDS,
        )
        if STARTED_BY_LAMBDA in environ:
            table.open()

    def current(self, event: Event) -> SignedIn | None:
        """Return the user of a request: an event of API Gateway, a function URL or a load balancer.

        None is an anonymous visitor: there is no cookie, or not one of a living session.

        Raises:
            CsrfFailed: the request has a cookie and changes something, and no page of the site sent it. Answer 403.
            TemporarilyUnavailable: the session could not be read. Answer 503, so that the user stays signed in.

        """
        try:
            caller = self._sessions.caller(event, now_ms=int(self._wall() * 1000))
        except InvalidToken:
            return None
        except RequestFailed as error:
            raise TemporarilyUnavailable(str(error)) from None
        return SignedIn(
            caller.sub,
            caller.sid,
            caller.scope,
            caller.roles,
            caller.acr,
            caller.amr,
            caller.auth_time,
            caller.own_claims,
        )
