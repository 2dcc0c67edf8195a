"""The authorizer's keys: those it was deployed with, until a token names one that is not among them.

Then the issuer's key set is fetched, once a minute at most and within a second, and takes the place of the others. So
a new key is known within a minute, one that was withdrawn is forgotten, and forged key ids cost next to nothing.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Thread, Timer

from edge_auth.keys.jwk import VerificationKey
from edge_auth.keys.timing import (
    CONNECTION_TIMEOUT_SECONDS,
    FETCH_TIMEOUT_SECONDS,
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
"""Gets the text at an address. Raises OSError or ValueError."""

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

    def verify(self, token: str, *, issuer: str, may_ask: Callable[[], bool], now_seconds: int) -> AccessClaims:
        """Return the claims of a valid access token. `may_ask` says whether this issuer's keys may be fetched.

        Raises:
            InvalidToken: also where a key that is not known could not be fetched, or not yet. Anybody can name one.

        """
        try:
            return self._verifier(issuer).verify(token, issuer=issuer, now_seconds=now_seconds)
        except UnknownKey as unknown:
            if not may_ask() or not self._learn(issuer, unknown.kid, now_seconds):
                raise
        try:
            return self._verifier(issuer).verify(token, issuer=issuer, now_seconds=now_seconds)
        except UnknownKey as unknown:
            self._remember(unknown.kid, now_seconds)
            raise

    def _verifier(self, issuer: str) -> Verifier:
        # What one issuer publishes is no reason to trust a token of another.
        fetched = self._fetched
        return fetched[1] if fetched is not None and fetched[0] == issuer else self._deployed

    def _learn(self, issuer: str, kid: str, now_seconds: int) -> bool:
        """Whether there are keys that the token was not tried with: of the last fetch, if late, or of one now."""
        if self._last is None or not _is_within(UNKNOWN_KEY_FETCH_SECONDS, self._last.asked_at_seconds, now_seconds):
            if kid in self._unknown_since and _is_within(UNKNOWN_KID_SECONDS, self._unknown_since[kid], now_seconds):
                return False
            self._last = _Fetch(self._download, issuer=issuer, audience=self._audience, now_seconds=now_seconds)
            self._last.wait()
        learned = self._last.take() if self._last.issuer == issuer else None
        if learned is None:
            return False
        self._fetched = (issuer, learned)
        return True

    def _remember(self, kid: str, now_seconds: int) -> None:
        # One a minute at most is remembered, and forgotten after its time: there are never many.
        self._unknown_since = {
            known: since
            for known, since in self._unknown_since.items()
            if _is_within(UNKNOWN_KID_SECONDS, since, now_seconds)
        } | {kid: now_seconds}


class _Fetch:
    """One question to an issuer. It is asked in a thread: only so does a hanging resolver cost no more than a second.

    The thread touches nothing but `_answer`. It may be late, or frozen with its sandbox and wake up much later: whoever
    asked decides what an answer is still worth.
    """

    def __init__(self, download: Download, *, issuer: str, audience: str, now_seconds: int) -> None:
        self.issuer = issuer
        self.asked_at_seconds = now_seconds
        self._audience = audience
        self._download = download
        self._answer: Verifier | None = None
        self._thread = Thread(target=self._run, daemon=True)

    def wait(self) -> None:
        """Ask, and wait for the answer for a second."""
        try:
            self._thread.start()
        except RuntimeError:  # no more threads: one token less, and not an authorizer that crashes
            logger.warning("the issuer's keys could not be fetched", extra={"reason": "no thread"})
        else:
            self._thread.join(FETCH_TIMEOUT_SECONDS)

    def take(self) -> Verifier | None:
        """Return what verifies with the issuer's keys, once; None where there is no answer, or no good one."""
        answer = self._answer
        if answer is not None:  # it comes but once; to clear it blindly could lose one that comes just now
            self._answer = None
        return answer

    def _run(self) -> None:
        try:
            keys = _keys_from(self._download(f"{self.issuer}/.well-known/jwks.json"), self.asked_at_seconds)
            self._answer = Verifier(keys, audience=self._audience)
        except Exception as error:  # noqa: BLE001 - whatever it was, the keys that are known go on
            logger.warning("the issuer's keys could not be fetched", extra={"reason": type(error).__name__})
        else:
            logger.info("fetched the issuer's keys", extra={"kids": [key.kid for key in keys]})


def _is_within(seconds: int, since_seconds: int, now_seconds: int) -> bool:
    # Not after a clock was set back: that must not keep new keys out.
    return 0 <= now_seconds - since_seconds < seconds


def _keys_from(document: str, now_seconds: int) -> list[VerificationKey]:
    """Read a key set: all of it or nothing. One without a living key would lock everybody out."""
    keys = keys_from_jwks(document)
    if all(key.ends_at_seconds is not None and now_seconds >= key.ends_at_seconds for key in keys):
        raise ValueError("no keys")
    return keys


def download(address: str) -> str:
    """Get a JWK Set by HTTPS, without following redirects. Plain HTTP only from this machine.

    Raises:
        OSError: it cannot be reached, or its certificate is not valid.
        ValueError: the address, the answer's status, size or encoding will not do.

    """
    # Loaded on the first use: they would double an authorizer's cold start, and most never fetch.
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
        # TLS's own shutdown would leave the socket open to bytes that are not encrypted.
        with suppress(OSError):
            socket.shutdown(connected, SHUT_RDWR)

    end: Timer | None = None
    try:
        connection.connect()
        # The socket's timeout is for each read: a server that drips would keep the thread for hours.
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
