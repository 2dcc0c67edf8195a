"""The authorizer's keys: the keys of its deployment, until a token names an unknown key.

Then the authorizer fetches the issuer's key set, once a minute at most, and waits for a second at most; if all its keys
have ended, for four. The new keys take the place of the others. So a new key is known within a minute, a withdrawn key
is forgotten, and a forged key id costs almost nothing.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Thread, Timer

from edge_auth.authorizer.event import bearer_token, is_the_apis_own, issuer_of
from edge_auth.authorizer.event_headers import Event
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.keys.jwk import VerificationKey
from edge_auth.keys.timing import (
    CONNECTION_TIMEOUT_SECONDS,
    FETCH_TIMEOUT_SECONDS,
    LAST_RESORT_FETCH_SECONDS,
    UNKNOWN_KEY_FETCH_SECONDS,
    UNKNOWN_KID_SECONDS,
)
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.verifier import UnknownKey, Verifier, keys_from_jwks

__all__ = ["IssuerKeys", "download"]

MAX_JWKS_BYTES = 65_536
LOOPBACK = ("127.0.0.1", "localhost")
HTTP_OK = 200

Download = Callable[[str], str]
"""Fetches the text at an address. Raises OSError or ValueError."""

logger = logging.getLogger(__name__)


class IssuerKeys:
    """Verifies access tokens with the keys that are known, and learns new ones."""

    def __init__(self, deployed: Verifier, *, audience: str, download: Download) -> None:
        """Begin with the keys that were deployed."""
        self._deployed = deployed
        self._audience = audience
        self._download = download
        self._fetched: tuple[str, Verifier] | None = None
        self._last: _Fetch | None = None
        self._unknown_since: dict[str, int] = {}
        self._withdrawn = frozenset[str]()

    def withdraw(self, kids: frozenset[str]) -> None:
        """Forget the keys of these ids for ever, those too that the issuer still publishes."""
        if kids <= self._withdrawn:
            return
        self._withdrawn |= kids
        self._deployed = self._deployed.without(self._withdrawn)
        if self._fetched is not None:
            self._fetched = (self._fetched[0], self._fetched[1].without(self._withdrawn))

    def verify_event(self, event: Event, *, issuer: str, now_seconds: int) -> AccessClaims:
        """Return the claims of an event's access token. An empty issuer is derived from the event.

        Keys come only from the issuer that is set, or from the API itself.

        Raises:
            InvalidToken, TemporarilyUnavailable: as `verify`.
            ValueError: no issuer is set, and the event names none.

        """
        token, from_event = bearer_token(event), issuer or issuer_of(event)
        return self.verify(
            token,
            issuer=from_event,
            may_ask=lambda: bool(issuer) or is_the_apis_own(from_event, event),
            now_seconds=now_seconds,
        )

    def verify(self, token: str, *, issuer: str, may_ask: Callable[[], bool], now_seconds: int) -> AccessClaims:
        """Return the claims of a valid access token. `may_ask` says whether this issuer's keys may be fetched.

        Raises:
            InvalidToken: also for an unknown key that was not fetched. Every client can name one, so it is no outage.
            TemporarilyUnavailable: there is no key at all yet, and none could be fetched. Nothing can be decided.

        """
        try:
            return self._verifier(issuer).verify(token, issuer=issuer, now_seconds=now_seconds)
        except UnknownKey as unknown:
            if not may_ask():
                raise
            if not self._learn(issuer, unknown.kid, now_seconds):
                # A client with a token of a withdrawn key has to hear that it must refresh.
                if self._verifier(issuer).has_keys or self._withdrawn:
                    raise
                raise TemporarilyUnavailable("no keys to verify with") from None
        try:
            return self._verifier(issuer).verify(token, issuer=issuer, now_seconds=now_seconds)
        except UnknownKey as unknown:
            self._remember(unknown.kid, now_seconds)
            raise

    def _verifier(self, issuer: str) -> Verifier:
        # The keys of one issuer must not verify a token of another.
        fetched = self._fetched
        return fetched[1] if fetched is not None and fetched[0] == issuer else self._deployed

    def _learn(self, issuer: str, kid: str, now_seconds: int) -> bool:
        """Take new keys from a late answer of the last fetch, or from a new fetch. Return whether there are any."""
        if self._last is None or not _is_within(UNKNOWN_KEY_FETCH_SECONDS, self._last.asked_at_seconds, now_seconds):
            if kid in self._unknown_since and _is_within(UNKNOWN_KID_SECONDS, self._unknown_since[kid], now_seconds):
                return False
            self._last = _Fetch(self._download, issuer=issuer, audience=self._audience, now_seconds=now_seconds)
            has_others = self._verifier(issuer).has_living_key(now_seconds)
            self._last.wait(FETCH_TIMEOUT_SECONDS if has_others else LAST_RESORT_FETCH_SECONDS)
        learned = self._last.take() if self._last.issuer == issuer else None
        if learned is None:
            return False
        self._fetched = (issuer, learned.without(self._withdrawn) if self._withdrawn else learned)
        return True

    def _remember(self, kid: str, now_seconds: int) -> None:
        # One id a minute at most is remembered, and it is forgotten after its time. So there are never many.
        self._unknown_since = {
            known: since
            for known, since in self._unknown_since.items()
            if _is_within(UNKNOWN_KID_SECONDS, since, now_seconds)
        } | {kid: now_seconds}


class _Fetch:
    """One fetch from an issuer. It runs in a thread, so that a name resolver that hangs costs no more than the wait.

    The thread changes only `_answer`. Its answer may be late: Lambda can freeze the thread, and continue it much later.
    The caller decides whether a late answer is still good.
    """

    def __init__(self, download: Download, *, issuer: str, audience: str, now_seconds: int) -> None:
        self.issuer = issuer
        self.asked_at_seconds = now_seconds
        self._audience = audience
        self._download = download
        self._answer: Verifier | None = None
        self._thread = Thread(target=self._run, daemon=True)

    def wait(self, seconds: float) -> None:
        """Start the fetch, and wait for its answer for this time at most."""
        try:
            self._thread.start()
        except RuntimeError:  # no more threads: one token is refused, and the authorizer goes on
            _log_failure("no thread")
        else:
            self._thread.join(seconds)

    def take(self) -> Verifier | None:
        """Return a verifier with the issuer's keys, once. None means that there is no answer, or no good one."""
        answer = self._answer
        if answer is not None:  # an answer comes once; without this check, one that comes now could be lost
            self._answer = None
        return answer

    def _run(self) -> None:
        try:
            keys = _keys_from(self._download(f"{self.issuer}/.well-known/jwks.json"), self.asked_at_seconds)
            self._answer = Verifier(keys, audience=self._audience)
        except Exception as error:  # noqa: BLE001 - after any error, the known keys are used
            _log_failure(type(error).__name__)
        else:
            logger.info("fetched the issuer's keys", extra={"kids": [key.kid for key in keys]})


def _log_failure(reason: str) -> None:
    # An error: Lambda's filter documents no level named WARNING. The message of an exception may quote what was read.
    logger.error("the issuer's keys could not be fetched", extra={"reason": reason})


def _is_within(seconds: int, since_seconds: int, now_seconds: int) -> bool:
    # False if the clock was set back: that must not keep new keys out.
    return 0 <= now_seconds - since_seconds < seconds


def _keys_from(document: str, now_seconds: int) -> list[VerificationKey]:
    """Read a whole key set or nothing. A set without a living key is refused, because no token would be valid."""
    keys = keys_from_jwks(document)
    if all(key.ends_at_seconds is not None and now_seconds >= key.ends_at_seconds for key in keys):
        raise ValueError("no keys")
    return keys


def download(address: str) -> str:
    """Fetch a JWK Set by HTTPS, without following redirects. Plain HTTP is for this machine only.

    Raises:
        OSError: it cannot be reached, or its certificate is not valid.
        ValueError: the address, the answer's status, its size or its encoding is not acceptable.

    """
    # Loaded on first use: these would double the cold start of an authorizer, and most authorizers never fetch.
    from http.client import HTTPConnection, HTTPException, HTTPSConnection  # noqa: PLC0415
    from socket import SHUT_RDWR, socket  # noqa: PLC0415
    from ssl import create_default_context  # noqa: PLC0415
    from urllib.parse import urlsplit  # noqa: PLC0415

    parts = urlsplit(address)
    host, port, timeout = parts.hostname, parts.port, CONNECTION_TIMEOUT_SECONDS
    if host is None or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("not the address of a key set")
    if parts.scheme == "https":
        connection: HTTPConnection = HTTPSConnection(host, port, timeout=timeout, context=create_default_context())
    elif parts.scheme == "http" and host in LOOPBACK:
        connection = HTTPConnection(host, port, timeout=timeout)
    else:
        raise ValueError("not an https address")

    def give_up(connected: socket) -> None:
        # SSLSocket's own `shutdown` drops TLS first, so a read could return bytes that are not encrypted.
        with suppress(OSError):
            socket.shutdown(connected, SHUT_RDWR)

    end: Timer | None = None
    try:
        connection.connect()
        # The socket's timeout is for each read. A server that sends byte by byte would keep the thread for hours.
        end = Timer(timeout, give_up, (connection.sock,))
        end.daemon = True
        end.start()
        # Without a user agent, common rules of web application firewalls refuse a request.
        connection.request("GET", parts.path, headers={"Accept": "application/json", "User-Agent": "edge-auth"})
        with connection.getresponse() as response:
            body = response.read(MAX_JWKS_BYTES + 1)
    except HTTPException as error:
        raise ValueError(type(error).__name__) from None
    finally:
        connection.close()
        if end is not None:
            end.cancel()
    if response.status != HTTP_OK or len(body) > MAX_JWKS_BYTES:
        raise ValueError("not a key set")
    return body.decode("utf-8")
