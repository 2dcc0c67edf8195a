"""What the page server has seen of one request to the API, and the list of all."""

from collections import deque
from dataclasses import asdict, dataclass
from threading import Lock
from typing import NamedTuple

KEPT = 200

BROWSER = "browser"
THIEF = "thief"
PHONE = "phone"

LOST = "answer lost"
OFFLINE = "offline"


class Change(NamedTuple):
    """What a request changed, as far as it is known. None is "not known" or "does not apply".

    `presented` and `issued` are the generations of the refresh tokens in the request and in its answer. `event` is the
    name of the security event in the function's log, and `reason` its reason.
    """

    presented: int | None = None
    issued: int | None = None
    event: str | None = None
    reason: str | None = None


UNCHANGED = Change()


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. It holds no token.

    `by` is who sent it, `status` the status of the API's answer, `error` the error in it, `took_ms` the time until it
    was there, and `fault` what happened to it on its way to the browser. Without an answer, `status` is None.
    """

    by: str
    method: str
    route: str
    status: int | None
    error: str | None
    took_ms: int
    fault: str | None
    change: Change


class Exchanges:
    """The last exchanges, numbered from 1. Several threads may use it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: deque[tuple[int, Exchange]] = deque(maxlen=KEPT)
        self._last = 0

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange."""
        with self._lock:
            self._last += 1
            self._kept.append((self._last, exchange))

    def after(self, number: int) -> list[dict[str, object]]:
        """Return the exchanges with a higher number, in their order, as JSON objects."""
        with self._lock:
            kept = list(self._kept)
        return [as_json(exchange) | {"number": own} for own, exchange in kept if own > number]


def as_json(exchange: Exchange) -> dict[str, object]:
    """Return an exchange as a JSON object, with the members of its change beside its own."""
    document = asdict(exchange)
    del document["change"]
    return document | exchange.change._asdict()
