"""The authorizer's keys: those it was deployed with, until a token names one that is not among them.

Then the issuer's key set is fetched, once a minute at most and within a second, and takes the place of the others. So
a new key is known within a minute, one that was withdrawn is forgotten, and forged key ids cost next to nothing.
"""

import logging
from collections.abc import Callable
from threading import Thread

from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.jwk import VerificationKey
from edge_auth.tokens.verifier import UNKNOWN_KEY_FETCH_SECONDS, UnknownKey, Verifier, keys_from_jwks

FETCH_TIMEOUT_SECONDS = 1.0  # all of it: a name's resolution and a server that drips have no timeout of their own
MAX_JWKS_BYTES = 65_536
UNKNOWN_KID_SECONDS = 600  # how long a key id that the issuer did not know is no reason to ask again
MAX_UNKNOWN_KIDS = 1000
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
        self._fetched_at_seconds: int | None = None
        self._unknown_until: dict[str, int] = {}

    def verify(self, token: str, *, issuer: str, now_seconds: int) -> AccessClaims:
        """Return the claims of a valid access token. Raises InvalidToken."""
        try:
            return self._verifier(issuer).verify(token, issuer=issuer, now_seconds=now_seconds)
        except UnknownKey as unknown:
            if not self._is_due(unknown.kid, now_seconds):
                raise
        known_before = self._fetched
        self._fetch(issuer, now_seconds)
        try:
            return self._verifier(issuer).verify(token, issuer=issuer, now_seconds=now_seconds)
        except UnknownKey as unknown:
            if self._fetched is not known_before:
                self._remember(unknown.kid, now_seconds)
            raise

    def _verifier(self, issuer: str) -> Verifier:
        # What one issuer publishes is no reason to trust a token of another.
        fetched = self._fetched
        return fetched[1] if fetched is not None and fetched[0] == issuer else self._deployed

    def _is_due(self, kid: str, now_seconds: int) -> bool:
        if now_seconds < self._unknown_until.get(kid, 0):
            return False
        last = self._fetched_at_seconds
        # A clock that was set back must not keep new keys out.
        return last is None or not 0 <= now_seconds - last < UNKNOWN_KEY_FETCH_SECONDS

    def _fetch(self, issuer: str, now_seconds: int) -> None:
        """Wait for the issuer's keys, for a second. Keys that come later serve the next token."""
        self._fetched_at_seconds = now_seconds
        thread = Thread(target=self._learn, args=(issuer,), daemon=True)
        thread.start()
        thread.join(FETCH_TIMEOUT_SECONDS)

    def _learn(self, issuer: str) -> None:
        try:
            keys = _keys_from(self._download(f"{issuer}/.well-known/jwks.json"))
            self._fetched = (issuer, Verifier(keys, audience=self._audience))
        except Exception as error:  # noqa: BLE001 - whatever it was, the keys that are known go on
            logger.warning("the issuer's keys could not be fetched", extra={"reason": type(error).__name__})
        else:
            logger.info("fetched the issuer's keys", extra={"kids": [key.kid for key in keys]})

    def _remember(self, kid: str, now_seconds: int) -> None:
        while len(self._unknown_until) >= MAX_UNKNOWN_KIDS:
            del self._unknown_until[next(iter(self._unknown_until))]  # the oldest
        self._unknown_until[kid] = now_seconds + UNKNOWN_KID_SECONDS


def _keys_from(document: str) -> list[VerificationKey]:
    keys = keys_from_jwks(document)
    if not keys:
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
    from urllib.parse import urlsplit  # noqa: PLC0415

    parts = urlsplit(address)
    if parts.hostname is None or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("not the address of a key set")
    if parts.scheme == "https":
        connection: HTTPConnection = HTTPSConnection(parts.hostname, parts.port, timeout=FETCH_TIMEOUT_SECONDS)
    elif parts.scheme == "http" and parts.hostname in LOOPBACK:
        connection = HTTPConnection(parts.hostname, parts.port, timeout=FETCH_TIMEOUT_SECONDS)
    else:
        raise ValueError("not an https address")
    try:
        connection.request("GET", parts.path, headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(MAX_JWKS_BYTES + 1)
    except HTTPException as error:
        raise ValueError(type(error).__name__) from None
    finally:
        connection.close()
    if response.status != HTTP_OK or len(body) > MAX_JWKS_BYTES:
        raise ValueError("not a key set")
    return body.decode("utf-8")
