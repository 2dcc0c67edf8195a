"""Signed requests to DynamoDB on the standard library, for the authorizers.

The SDK would more than double an authorizer's start (docs/decisions/0028). This client makes one kind of call: an
operation on one table. It has one address, one connection that it keeps, and the credentials that Lambda gives a
starting function. It repeats nothing, but connects once more if its connection was closed meanwhile.
"""

import json
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from edge_auth.authorizer.dates import from_http
from edge_auth.authorizer.http_answer import Answer, RequestFailed, read_answer
from edge_auth.authorizer.signature import Credentials, signed_headers
from edge_auth.authorizer.two_clocks import Clocks, Moment, age_seconds
from edge_auth.trusted_roots import roots_file

# Lambda sets it (AWS Lambda Developer Guide, "Defined runtime environment variables"); tests and emulators do not.
STARTED_BY_LAMBDA = "AWS_LAMBDA_INITIALIZATION_TYPE"
LOOPBACK = ("127.0.0.1", "localhost")
IDLE_SECONDS = 30  # an older connection is not tried: DynamoDB, or a gateway between, may have closed it silently
HTTP_OK = 200

_TARGET = "DynamoDB_20120810."
_ADDRESS = re.compile(r"(https?)://([A-Za-z0-9.-]{1,253})(?::([0-9]{1,5}))?/?")
_REGION = re.compile(r"[a-z0-9-]{1,32}")
_TABLE_ARN = re.compile(r"arn:[a-z-]+:dynamodb:([a-z0-9-]{1,32}):[0-9]{12}:table/[A-Za-z0-9_.-]{3,255}")
_ERROR_TYPE = re.compile(rb'"__type"\s*:\s*"(?:[A-Za-z0-9._]{1,64}#)?([A-Za-z]{1,64})"')


class Timeouts(NamedTuple):
    """The longest times of a call, in seconds. An answer on a kept connection needs no more than `kept`."""

    connect: float = 0.5  # with the TLS handshake
    read: float = 0.5
    kept: float = 0.25


TIMEOUTS = Timeouts()


class Store(NamedTuple):
    """Where a table is, and by which right it is used."""

    table: str
    region: str
    credentials: Credentials
    is_tls: bool
    host: str
    port: int
    authorities: str | None  # a file; None is the machine's own list

    @property
    def authority(self) -> str:
        """The host as HTTP names it: with its port, unless that is the scheme's own (RFC 9110 §7.2)."""
        return self.host if self.port == (443 if self.is_tls else 80) else f"{self.host}:{self.port}"


class Reply(NamedTuple):
    """An answer of DynamoDB, and the time of its clock when it answered, if it said so. In seconds since 1970."""

    members: dict[str, object]
    date_seconds: int | None


CallTable = Callable[[str, Mapping[str, object]], Reply]
"""Calls an operation of DynamoDB on one table. Raises RequestFailed."""


def store_from(environ: Mapping[str, str], *, table: str, url_suffix: str) -> Store:
    """Return the store of a table, with the credentials, Region and addresses that Lambda or a developer has set.

    The table has a name, or an ARN that also names its Region. `url_suffix` is the partition's: amazonaws.com.

    Raises:
        ValueError: no Region is set, or an address is not https. Plain http is for this machine only.

    """
    arn = _TABLE_ARN.fullmatch(table)
    region = arn[1] if arn else environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION", "")
    if not _REGION.fullmatch(region):
        raise ValueError("no Region of the table")
    given = environ.get("AWS_ENDPOINT_URL_DYNAMODB") or environ.get("AWS_ENDPOINT_URL")
    address = _ADDRESS.fullmatch(given or f"https://dynamodb.{region}.{url_suffix}")
    if address is None or (address[1] == "http" and address[2] not in LOOPBACK):
        raise ValueError("not the address of a store")
    is_tls = address[1] == "https"
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return Store(
        table=table,
        region=region,
        credentials=Credentials(*(environ.get(name, "") for name in names)),
        is_tls=is_tls,
        host=address[2],
        port=int(address[3] or (443 if is_tls else 80)),
        authorities=environ.get("AWS_CA_BUNDLE") or roots_file(region),
    )


class SignedRequests:
    """Calls the table of a store."""

    def __init__(self, store: Store, *, clocks: Clocks, timeouts: Timeouts = TIMEOUTS) -> None:
        """Keep what a call needs. The first call opens the connection, if `open` has not."""
        self.table = store.table
        self._store = store
        self._clocks = clocks
        self._timeouts = timeouts
        self._tls: ssl.SSLContext | None = None
        self._kept: tuple[socket.socket, Moment] | None = None

    def open(self) -> None:
        """Open the connection before the first call. Errors are ignored: a call opens what it does not find."""
        with suppress(OSError):
            self._kept = (self._connect(), self._clocks.now())

    def call(self, operation: str, parameters: Mapping[str, object]) -> Reply:
        """Call an operation of DynamoDB's API, such as `Query`.

        A request that may have been lost with its connection is sent once more. So a write needs a condition that its
        second request does not meet.

        Raises:
            RequestFailed: it did not answer in time, or not with a success, or not in its form.

        """
        body = json.dumps({"TableName": self.table, **parameters}, separators=(",", ":")).encode("ascii")
        headers = signed_headers(
            body,
            target=_TARGET + operation,
            host=self._store.authority,
            region=self._store.region,
            credentials=self._store.credentials,
            now_seconds=int(self._clocks.wall()),
        )
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n".encode("ascii") + body
        try:
            answer = self._exchange(request)
        except OSError as error:  # a certificate that is not valid is one too
            raise RequestFailed(type(error).__name__) from None
        return _reply(answer)

    def _exchange(self, request: bytes) -> Answer:
        kept, self._kept = self._kept, None  # a late read in another thread must not find this connection
        if kept is not None:
            connection, used = kept
            if age_seconds(used, self._clocks.now()) <= IDLE_SECONDS:
                with suppress(OSError, RequestFailed):  # closed meanwhile
                    return self._ask(connection, request, self._timeouts.kept)
            connection.close()
        return self._ask(self._connect(), request, self._timeouts.read)

    def _ask(self, connection: socket.socket, request: bytes, seconds: float) -> Answer:
        """Send a request, and keep the connection if it takes another one."""
        end = self._clocks.monotonic() + seconds

        def receive(size: int) -> bytes:
            # The socket's timeout is for each read. A server that sends byte by byte would hold the request for long.
            connection.settimeout(self._left(end))
            return connection.recv(size)

        try:
            connection.settimeout(self._left(end))
            connection.sendall(request)
            answer = read_answer(receive)
        except BaseException:
            connection.close()
            raise
        if answer.is_last:
            connection.close()
        else:
            self._kept = (connection, self._clocks.now())
        return answer

    def _connect(self) -> socket.socket:
        # The host is bytes: for a text, Python loads the tables of international names, which takes 2.5 ms.
        host, end = self._store.host.encode("ascii"), self._clocks.monotonic() + self._timeouts.connect
        connection = self._reach(host, end)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self._store.is_tls:
                return connection
            if self._tls is None:
                self._tls = ssl.create_default_context(cafile=self._store.authorities)  # TLS 1.2 or newer
            connection.settimeout(self._left(end))
            return self._tls.wrap_socket(connection, server_hostname=host)
        except BaseException:
            connection.close()
            raise

    def _reach(self, host: bytes, end: float) -> socket.socket:
        """Connect to the first address of the host that answers. Each but the last may take half of what is left.

        So one that is silent leaves time for the next one, and for the handshake with it.
        """
        found = socket.getaddrinfo(host, self._store.port, type=socket.SOCK_STREAM)
        *first, last = [(str(sockaddr[0]).encode("ascii"), self._store.port) for *_, sockaddr in found]
        for address in first:
            with suppress(OSError):
                return socket.create_connection(address, self._left(end) / 2)  # type: ignore[arg-type]
        return socket.create_connection(last, self._left(end))  # type: ignore[arg-type]

    def _left(self, end: float) -> float:
        left = end - self._clocks.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _reply(answer: Answer) -> Reply:
    if answer.status != HTTP_OK:
        error = _ERROR_TYPE.search(answer.body)
        raise RequestFailed(f"{answer.status} {error[1].decode('ascii') if error else ''}".rstrip())
    try:
        members = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise RequestFailed("not JSON") from None
    if not isinstance(members, dict):
        raise RequestFailed("not an object")
    return Reply(members, from_http(answer.date))
