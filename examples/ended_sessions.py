"""Refuses the access tokens of ended sessions, beside PyJWT. Copy it: docs/guides/other-verifiers.md explains it.

ended = EndedSessions("https://login.example.com/.well-known/ended-sessions")
token = jwt.decode_complete(access_token, key, ["ES256"], audience=AUDIENCE, issuer=ISSUER, leeway=5)
ended.check(token["header"], token["payload"])
"""

import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

import jwt

WAIT_SECONDS = 1.0  # no request waits longer for the answer
RETRY_SECONDS = 2.0  # after a failure
OLDEST_SECONDS = 30.0  # an older answer is of a cache that keeps it for too long


class SessionEnded(jwt.InvalidTokenError):
    """Answer it with 401, as any other token that is not valid."""


class EndedSessionsUnknown(Exception):
    """Answer it with 503: nothing is known about the token. Raised only if `fails_open` is false."""


class EndedSessions:
    """A copy of the ended sessions. It is read again if it is older than the interval and a request is there."""

    def __init__(self, url: str, *, interval_seconds: float = 5.0, fails_open: bool = True) -> None:
        """Read nothing yet."""
        self._url, self._interval_seconds, self._fails_open = url, interval_seconds, fails_open
        self._refused: dict[str, float] = {}  # until when each entry and each kid is refused
        self._window_seconds = float("inf")
        self._read_at = self._failed_at = float("-inf")
        self._lock, self._thread = Lock(), ThreadPoolExecutor(1)
        self._reading: Future[None] | None = None

    def check(self, header: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
        """Check a token whose signature and claims are valid. Raises SessionEnded, EndedSessionsUnknown."""
        is_fresh = self._refresh()
        if payload["sid"][:11] in self._refused or header["kid"] in self._refused:
            raise SessionEnded("the session has ended")
        if time.time() - payload["iat"] > self._window_seconds - 60:
            raise SessionEnded("the token is older than the list of ended sessions")
        if not is_fresh and not self._fails_open:
            raise EndedSessionsUnknown

    def _refresh(self) -> bool:
        """Return whether the copy is fresh, after a read if one is due."""
        with self._lock:
            if _is_within(self._interval_seconds, self._read_at):
                return True
            if _is_within(RETRY_SECONDS, self._failed_at):
                return False
            if self._reading is None or self._reading.done():
                self._reading = self._thread.submit(self._read)
            try:
                self._reading.result(WAIT_SECONDS)
            except Exception as error:  # noqa: BLE001 - whatever fails, the copy is old
                self._failed_at = time.time()
                logging.getLogger(__name__).warning("the ended sessions could not be read: %r", error)
            return _is_within(self._interval_seconds, self._read_at)

    def _read(self) -> None:
        began = time.time()
        try:
            with urllib.request.urlopen(self._url, timeout=WAIT_SECONDS) as response:  # noqa: S310 - your own address
                answer = json.load(response)
        except urllib.error.HTTPError as refused:
            refused.close()
            raise
        if abs(began - answer["as_of"]) > OLDEST_SECONDS:
            raise ValueError("the answer is old")
        known = {entry: until for entry, until in self._refused.items() if until > began}
        listed = [*answer["sids"], *answer.get("kids", [])]
        self._refused = {**known, **dict.fromkeys(listed, began + answer["window"])}
        self._window_seconds, self._read_at = answer["window"], began


def _is_within(seconds: float, since: float) -> bool:
    return 0 <= time.time() - since <= seconds  # a clock that was set back is no reason to wait
