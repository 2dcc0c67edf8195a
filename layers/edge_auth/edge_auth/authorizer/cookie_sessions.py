"""Knows the user of a session cookie by one strongly consistent read, and keeps the session from its idle timeout.

The read decides. So a session is refused from its end on, and a forged cookie costs a read at most. A write moves the
idle timeout, after some minutes of use; if it fails, the next request tries again.
"""

from binascii import b2a_base64
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple, Protocol

from edge_auth.authorizer.event_headers import Event, cookie_values, header_values, method_of
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.page_check import check_page
from edge_auth.authorizer.signed_requests import Reply
from edge_auth.authorizer.stored_session import StoredSession, stored_session
from edge_auth.errors import InvalidToken
from edge_auth.tokens import session_token
from edge_auth.tokens.session_token import SESSION_COOKIE, SessionToken

# A missing item has no seed, so the write makes none.
_AS_SEEN = "attribute_not_exists(revoked_at) AND seed_hash = :seed_hash AND idle_expires_at = :seen"
_TOUCH = "SET idle_expires_at = :until, delete_at = delete_at + :later, used_at = :now"


class Table(Protocol):
    """The table of sessions."""

    def call(self, operation: str, parameters: Mapping[str, object], /) -> Reply:
        """Call an operation of DynamoDB on this table. Raises RequestFailed."""


class CookieCaller(NamedTuple):
    """The user of a session cookie, as the authorizer passes it on.

    `jti` names the cookie: the session with the generation of its token. `exp` is when the session ends without another
    request, in seconds since 1970.
    """

    sub: str
    sid: str
    scope: str
    roles: tuple[str, ...]
    client_id: str
    jti: str
    exp: int
    acr: str
    amr: tuple[str, ...]
    auth_time: int


class CookieSessions:
    """Knows the users of a site's pages."""

    def __init__(self, table: Table, *, allowed_origins: str, idle_seconds: int) -> None:
        """Allow the origins of the setting, with commas between. `idle_seconds` is the idle timeout."""
        self._table = table
        self._allowed = frozenset(filter(None, allowed_origins.split(",")))
        self._idle_seconds = idle_seconds

    def caller(self, event: Event, *, now_ms: int) -> CookieCaller:
        """Return the user whose session cookie the event carries. `now_ms` is the time since 1970.

        Raises:
            InvalidToken: it carries no cookie of ours, or not one of a living session.
            CsrfFailed: it changes something, and no page of the site sent it. Nothing was read.
            RequestFailed: the session could not be read, and so nothing may be decided. This is a 5xx and no refusal.

        """
        if not self._allowed:
            raise InvalidToken("this deployment has no cookies")
        token = _presented(event)
        origins, sites = header_values(event, "origin"), header_values(event, "sec-fetch-site")
        check_page(method_of(event), origins=origins, sites=sites, allowed=self._allowed)
        session = self._read(token)
        session_token.check_presented(token, session, now_ms=now_ms)
        idle_at = self._touched(token, session, now_ms // 1000)
        return CookieCaller(
            sub=token.user_id,
            sid=token.session_id,
            scope=session.scope,
            roles=session.roles,
            client_id=session.client_id,
            jti=f"{token.session_id}.{token.generation}",
            exp=min(idle_at, session.absolute_expires_at_seconds),
            acr=session.acr,
            amr=session.amr,
            auth_time=session.auth_time_seconds,
        )

    def _read(self, token: SessionToken) -> StoredSession:
        # Consistent: otherwise an end of some milliseconds ago may be missing.
        reply = self._table.call("GetItem", {"Key": _key(token), "ConsistentRead": True})
        item = reply.members.get("Item")
        if item is None:
            raise InvalidToken("ended session")
        if not isinstance(item, dict) or not _key(token).items() <= item.items():
            raise RequestFailed("not the item of the session")
        if "revoked_at" in item:  # a session that an earlier version ended stays in its place
            raise InvalidToken("ended session")
        return stored_session(item)

    def _touched(self, token: SessionToken, session: StoredSession, now_seconds: int) -> int:
        """Return the idle timeout, after it was moved if that was due. One of several requests at a time moves it."""
        seen, until = session.idle_expires_at_seconds, now_seconds + self._idle_seconds
        if not session_token.is_touch_due(seen, idle_seconds=self._idle_seconds, now_seconds=now_seconds):
            return seen
        with suppress(RequestFailed):  # the read has decided; another request was faster, or the next one tries again
            self._table.call(
                "UpdateItem",
                {
                    "Key": _key(token),
                    "UpdateExpression": _TOUCH,
                    "ConditionExpression": _AS_SEEN,
                    "ExpressionAttributeValues": {
                        ":until": _number(until),
                        ":later": _number(until - seen),
                        ":now": _number(now_seconds),
                        ":seed_hash": {"B": b2a_base64(session.seed_hash, newline=False).decode("ascii")},
                        ":seen": _number(seen),
                    },
                },
            )
            return until
        return seen


def _presented(event: Event) -> SessionToken:
    values = cookie_values(event, SESSION_COOKIE)
    if len(values) != 1:  # no browser sends two of a `__Host-` name
        raise InvalidToken("not one session cookie")
    return session_token.read(values[0])


def _key(token: SessionToken) -> dict[str, dict[str, str]]:
    return {"user_id": {"S": token.user_id}, "session_id": {"S": token.session_id}}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}
