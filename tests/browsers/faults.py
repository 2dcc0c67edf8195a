"""A proxy before the API that loses, delays, holds and replaces requests and answers."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from threading import Event, Lock
from time import monotonic, sleep
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.support.http_gateway import gateway_response

Forward = Callable[[], Response]
Fault = Callable[[Forward], Response]
"""Handles one request. It may let the API serve it with `forward`, before or after a failure, or not at all."""

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Arrival:
    """A request that has reached the proxy."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at_seconds: float  # monotonic


@dataclass(frozen=True)
class Answer:
    """An answer that has left the proxy."""

    path: str
    status: int
    text: str
    cookies: list[str]  # the values of Set-Cookie


@dataclass
class FaultProxy:
    """A WSGI application before the one of the API. The API serves one request at a time.

    Preflight requests pass, and are only counted.
    """

    api: Any  # a WSGI application
    prefix: str
    arrivals: list[Arrival] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    preflights: list[str] = field(default_factory=list)
    _queues: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _always: dict[str, Fault] = field(default_factory=dict)
    _lock: Any = field(default_factory=Lock)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own type
        """Serve one request."""
        return self._answer(environ)(environ, start_response)

    def _answer(self, environ: dict[str, Any]) -> Response:
        request = Request(environ)
        path = request.path.removeprefix(self.prefix)
        body = request.get_data()
        environ["wsgi.input"] = BytesIO(body)  # for the API

        def forward() -> Response:
            with self._lock:
                return Response.from_app(self.api, environ, buffered=True)

        if request.method == "OPTIONS":
            self.preflights.append(path)
            return forward()
        self.arrivals.append(Arrival(request.method, path, dict(request.headers), body, monotonic()))
        queue = self._queues[path]
        fault = queue.popleft() if queue else self._always.get(path, passes)
        answer = fault(forward)
        cookies = answer.headers.getlist("Set-Cookie")
        self.answers.append(Answer(path, answer.status_code, answer.get_data(as_text=True), cookies))
        return answer

    def next(self, path: str, *faults: Fault) -> None:
        """Apply these faults to the next requests for this path, one fault to each request."""
        self._queues[path].extend(faults)

    def always(self, path: str, fault: Fault) -> None:
        """Apply this fault to every request for this path, until `mend`."""
        self._always[path] = fault

    def mend(self) -> None:
        """Remove all faults."""
        self._queues.clear()
        self._always.clear()

    def count(self, path: str) -> int:
        """Return how many requests for this path have arrived."""
        return len(self.sent_to(path))

    def statuses(self, path: str) -> list[int]:
        """Return the statuses of the answers to requests for this path."""
        return [answer.status for answer in self.answers if answer.path == path]

    def sent_to(self, path: str) -> list[Arrival]:
        """Return the requests for this path."""
        return [arrival for arrival in self.arrivals if arrival.path == path]


def passes(forward: Forward) -> Response:
    """Let the API serve the request."""
    return forward()


def lost_request(_forward: Forward) -> Response:
    """Close the connection before the API learns of the request."""
    raise ConnectionAbortedError


def lost_answer(forward: Forward) -> Response:
    """Let the API serve the request, and close the connection without an answer."""
    forward()
    raise ConnectionAbortedError


def delayed(there_seconds: float, back_seconds: float, fault: Fault = passes) -> Fault:
    """Return a fault that needs this time to the API and back."""

    def wait(forward: Forward) -> Response:
        def slowly() -> Response:
            answer = forward()
            sleep(back_seconds)
            return answer

        sleep(there_seconds)
        return fault(slowly)

    return wait


def answering(status: int, body: str, headers: dict[str, str] | None = None) -> Fault:
    """Return a fault that answers in the place of the API."""
    return lambda _forward: Response(body, status, headers)


def of_gateway(kind: str) -> Fault:
    """Return a fault that answers as API Gateway itself: one of the gateway responses of the template."""
    return lambda _forward: gateway_response(kind)


class Hold:
    """A fault that lets the API serve requests, and keeps the answers until the test releases them."""

    def __init__(self, fault: Fault = passes) -> None:
        """Let the answers meet this fault after the release."""
        self.served = Event()
        self._released = Event()
        self._fault = fault

    def __call__(self, forward: Forward) -> Response:
        """Serve, and wait."""
        answer = forward()
        self.served.set()
        self._released.wait(PATIENCE_SECONDS)
        return self._fault(lambda: answer)

    def wait(self) -> None:
        """Wait until the API has served a request."""
        assert self.served.wait(PATIENCE_SECONDS), "no request has arrived"

    def release(self) -> None:
        """Let the answers go."""
        self._released.set()
