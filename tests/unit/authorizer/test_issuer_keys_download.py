"""The fetch of a key set from real servers on this machine: correct, broken, slow and hostile ones."""

import gzip
import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from socket import SHUT_RDWR, create_server, socket
from threading import Event, Thread, Timer
from types import TracebackType
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from edge_auth.authorizer import issuer_keys
from edge_auth.authorizer.issuer_keys import MAX_JWKS_BYTES, download
from edge_auth.keys.timing import CONNECTION_TIMEOUT_SECONDS

PATH = "/v1/.well-known/jwks.json"
DOCUMENT = '{"keys":[]}'
Behaviour = Callable[[socket, Event], None]


class Server:
    """A server that answers each connection in a thread and records the requests."""

    def __init__(self, behaviour: Behaviour, *, context: ssl.SSLContext | None = None, waits: bool = True) -> None:
        """Listen on any port. Answer after the whole request, or at once if `waits` is false."""
        self.asked: list[str] = []
        self.connections = 0
        self._behaviour = behaviour
        self._context = context
        self._waits = waits
        self._listener = create_server(("127.0.0.1", 0))
        self._over = Event()
        self._threads = [Thread(target=self._listen)]

    @property
    def port(self) -> int:
        """The port."""
        port: int = self._listener.getsockname()[1]
        return port

    def url(self, scheme: str = "http", host: str = "127.0.0.1") -> str:
        """Return the address of the key set."""
        return f"{scheme}://{host}:{self.port}{PATH}"

    def __enter__(self) -> Self:
        """Start listening."""
        self._threads[0].start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End every connection."""
        self._over.set()
        self._listener.shutdown(SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(30)

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket) -> None:
        connection.settimeout(30)
        with connection:
            try:
                if self._context:
                    with self._context.wrap_socket(connection, server_side=True) as wrapped:
                        self._answer(wrapped)
                else:
                    self._answer(connection)
            except OSError:
                return  # the other side closed the connection

    def _answer(self, connection: socket) -> None:
        asked = b""
        while self._waits and not asked.endswith(b"\r\n\r\n") and (received := connection.recv(4096)):
            asked += received
        self.asked.append(asked.decode(errors="replace"))
        self._behaviour(connection, self._over)


def says(*parts: bytes) -> Behaviour:
    """Return a behaviour that sends these bytes and ends."""

    def behaviour(connection: socket, _over: Event) -> None:
        for part in parts:
            connection.sendall(part)

    return behaviour


def reply(body: bytes | str = DOCUMENT, status: str = "200 OK", headers: str = "") -> Behaviour:
    """Return a behaviour that sends a response with its length."""
    data = body if isinstance(body, bytes) else body.encode()
    return says(f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\n{headers}\r\n".encode(), data)


def drip(first: bytes, then: bytes) -> Behaviour:
    """Return a behaviour that sends some bytes, and then others without end, fast enough for each read."""

    def behaviour(connection: socket, over: Event) -> None:
        connection.sendall(first)
        while not over.wait(0.01):
            connection.sendall(then)

    return behaviour


def hang(first: bytes) -> Behaviour:
    """Return a behaviour that sends some bytes and then is silent."""

    def behaviour(connection: socket, over: Event) -> None:
        connection.sendall(first)
        over.wait(30)

    return behaviour


def endless(first: bytes, chunk: bytes) -> Behaviour:
    """Return a behaviour that sends as much as the other side accepts."""

    def behaviour(connection: socket, over: Event) -> None:
        connection.sendall(first)
        while not over.is_set():
            connection.sendall(chunk)

    return behaviour


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the download give up early."""
    monkeypatch.setattr(issuer_keys, "CONNECTION_TIMEOUT_SECONDS", 0.1)


# The request, and good answers


@pytest.mark.parametrize(
    "behaviour",
    [
        reply(),
        reply(headers="Content-Type: text/html\r\nSet-Cookie: a=b\r\n"),
        says(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", DOCUMENT.encode()),
        says(b"HTTP/1.0 200 OK\r\n\r\n", DOCUMENT.encode()),
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\n", b'{"key\r\n6\r\ns":[]}\r\n0\r\n\r\n'),
        says(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", DOCUMENT.encode()),
    ],
    ids=["length", "other headers", "until the end", "HTTP 1.0", "chunked", "100 Continue before"],
)
def test_a_key_set_is_fetched_however_http_frames_it(behaviour: Behaviour) -> None:
    """Plain http is allowed for this machine only, for local use."""
    with Server(behaviour) as server:
        assert download(server.url()) == DOCUMENT
        assert server.connections == 1


def test_the_request_says_nothing_about_its_sender() -> None:
    """It has no cookie, no token and no compression. It has a user agent, because some firewalls require one."""
    with Server(reply()) as server:
        download(server.url())
        port = server.port
    (asked,) = server.asked
    line, *headers = asked.rstrip().split("\r\n")
    assert line == f"GET {PATH} HTTP/1.1"
    assert sorted(headers) == [
        "Accept-Encoding: identity",
        "Accept: application/json",
        f"Host: 127.0.0.1:{port}",
        "User-Agent: edge-auth",
    ]


def test_a_key_set_may_have_64_kib() -> None:
    """A document of exactly the maximum size is accepted."""
    with Server(reply("x" * MAX_JWKS_BYTES)) as server:
        assert download(server.url()) == "x" * MAX_JWKS_BYTES


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_has_a_timeout(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """A server that does not even accept must not keep the thread."""
    timeouts = []

    def connect(connection: HTTPConnection) -> None:
        timeouts.append(connection.timeout)
        raise OSError

    for kind in (HTTPConnection, HTTPSConnection):
        monkeypatch.setattr(kind, "connect", connect)
    with pytest.raises(OSError, match=r"^$"):
        download(f"{scheme}://127.0.0.1:1{PATH}")
    assert timeouts == [CONNECTION_TIMEOUT_SECONDS]


def test_the_end_of_a_fetch_ends_its_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread keeps no sandbox from its end, and closes no socket that has the same number later."""
    timers = list[Timer]()

    class Kept(Timer):
        """A timer that the test sees."""

        def start(self) -> None:
            """Keep it."""
            timers.append(self)
            super().start()

    monkeypatch.setattr(issuer_keys, "Timer", Kept)
    with Server(reply()) as server:
        download(server.url())

    assert [(timer.interval, timer.daemon, timer.finished.is_set()) for timer in timers] == [
        (CONNECTION_TIMEOUT_SECONDS, True, True)
    ]


# Bad answers


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirects_are_not_followed(status: str) -> None:
    """Only the issuer's host is trusted, so no other host is asked."""
    with Server(reply()) as elsewhere:
        location = f"Location: {elsewhere.url()}\r\n"
        with Server(reply(status=status, headers=location)) as server, pytest.raises(ValueError, match="not a key set"):
            download(server.url())
        assert elsewhere.connections == 0


@pytest.mark.parametrize(
    "status", ["201 Created", "203 Other", "204 None", "206 Part", "304 Same", "401 No", "403 No", "404 No", "429 Slow",
               "500 Broken", "502 Bad", "503 Busy"],
)  # fmt: skip
def test_another_status_than_200_is_no_answer(status: str) -> None:
    """This holds even if the body is a good key set."""
    with Server(reply(status=status)) as server, pytest.raises(ValueError, match="not a key set"):
        download(server.url())


LONG = b"x" * 70_000
BAD_ANSWERS = {
    "one byte too many": reply("x" * (MAX_JWKS_BYTES + 1)),
    "a length of gigabytes": endless(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", LONG),
    "no length and no end": endless(b"HTTP/1.1 200 OK\r\n\r\n", LONG),
    "chunks without end": endless(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"
    ),
    "one chunk of gigabytes": endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", LONG),
    "a chunk of no length": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    "a chunk that breaks off": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx"),
    "a header too long": says(b"HTTP/1.1 200 OK\r\nX: ", LONG, b"\r\n\r\n"),
    "too many headers": says(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n" * 200, b"\r\n"),
    "a status line too long": says(b"HTTP/1.1 200 ", LONG, b"\r\n\r\n"),
    "no HTTP": says(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "nothing": says(),
    "not UTF-8": reply(b'{"keys":["\xff"]}'),
    "UTF-16": reply(DOCUMENT.encode("utf-16")),
    "compressed": reply(gzip.compress(DOCUMENT.encode()), headers="Content-Encoding: gzip\r\n"),
}


@pytest.mark.parametrize("behaviour", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_answer_is_an_error_that_is_expected(behaviour: Behaviour) -> None:
    """At most 64 KiB of an answer are read."""
    with Server(behaviour) as server, pytest.raises((OSError, ValueError)):
        download(server.url())


OK = b"HTTP/1.1 200 OK\r\n"
SLOW_ANSWERS = {
    "silence": hang(b""),
    "silence in the headers": hang(OK),
    "silence in the body": hang(OK + b"Content-Length: 11\r\n\r\n{"),
    "silence in a chunk": hang(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{"),
    "a status line that drips": drip(b"HTTP/1.1 200 ", b"x"),
    "a header that drips": drip(OK + b"X: ", b"x"),
    "a body that drips": drip(OK + b"Content-Length: 60000\r\n\r\n", b"x"),
    "chunks that drip": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "100 Continue without end": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("behaviour", SLOW_ANSWERS.values(), ids=SLOW_ANSWERS)
def test_a_slow_answer_is_given_up(behaviour: Behaviour) -> None:
    """A slowly dripping answer causes no read timeout, but it ends too, and the connection closes."""
    with Server(behaviour) as server:
        try:
            document = download(server.url())
        except (OSError, ValueError):
            return
    with pytest.raises(ValueError, match=r".*"):  # the body was cut off
        json.loads(document)


@pytest.mark.parametrize(
    "address",
    [
        "http://auth.example.com/.well-known/jwks.json",
        "http://10.0.0.1/.well-known/jwks.json",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1.example.com/jwks.json",
        "http://127.0.0.2/jwks.json",
        "http://2130706433/jwks.json",
        "http://localhost.example.com/jwks.json",
        "http://[::ffff:127.0.0.1]/jwks.json",
        "ftp://127.0.0.1/jwks.json",
        "file:///etc/passwd",
        "data:application/json,{}",
        "gopher://127.0.0.1/",
        "//127.0.0.1/jwks.json",
        "127.0.0.1/jwks.json",
        "",
        "https://",
        "https:///jwks.json",
        "https://user@127.0.0.1/jwks.json",
        "https://user:word@127.0.0.1/jwks.json",
        "http://127.0.0.1@evil.example/jwks.json",
        "http://127.0.0.1:0x50/jwks.json",
        "http://127.0.0.1:99999/jwks.json",
        "http://127.0.0.1/jwks.json?x=1",
        "http://127.0.0.1/jwks.json#x",
        "http://127.0.0.1/?x=/.well-known/jwks.json",
        "http://127.0.0.1/#/.well-known/jwks.json",
    ],
)
def test_an_address_that_will_not_do_is_not_even_looked_up(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Only https with a host, a port and a path is allowed, and plain http only for this machine."""

    def no_network(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a network call")

    monkeypatch.setattr("socket.getaddrinfo", no_network)
    monkeypatch.setattr("socket.socket.connect", no_network)
    with pytest.raises(ValueError, match=r".*"):
        download(address)


@pytest.mark.parametrize("path", ["/a b", "/a\x00", "/é", "/a\x7f"])
def test_a_path_that_could_split_a_request_is_refused(path: str) -> None:
    """The path is refused before any byte is sent."""
    with Server(reply()) as server, pytest.raises(ValueError, match=r".*"):
        download(f"http://127.0.0.1:{server.port}{path}")
    assert server.asked in ([], [""])


def test_a_port_without_a_server_is_an_os_error() -> None:
    """The download raises OSError, as documented."""
    with Server(reply()) as server:
        url = server.url()
    with pytest.raises(OSError, match=r".*"):
        download(url)


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment variable cannot put a proxy between."""
    with Server(reply("proxy")) as proxy, Server(reply()) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert download(server.url()) == DOCUMENT
    assert proxy.connections == 0


# TLS


class Authority:
    """A certification authority for one test."""

    def __init__(self, folder: Path) -> None:
        """Create its key and its certificate."""
        self.folder = folder
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of a test")])
        self.key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            self._begin(self.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self.key, SHA256())
        )
        self.path = folder / "authority.pem"
        self.path.write_bytes(certificate.public_bytes(Encoding.PEM))

    def server(self, *names: x509.GeneralName, age: timedelta = timedelta(0)) -> ssl.SSLContext:
        """Return the TLS context of a server with these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._begin(x509.Name([]), key.public_key(), age)
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .sign(self.key, SHA256())
        )
        path = self.folder / "server.pem"
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _begin(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, age: timedelta = timedelta(0)
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC) - age
        authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(authority_id, critical=False)
        )


LOCALHOST = (x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost"))


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Return an authority that this test trusts."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    return authority


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_with_a_good_certificate_is_believed(authority: Authority, host: str) -> None:
    """This shows that the refusals below have another cause."""
    with Server(reply(), context=authority.server(*LOCALHOST)) as server:
        assert download(server.url("https", host)) == DOCUMENT


def test_a_certificate_of_an_unknown_authority_is_refused(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server on this machine also needs a trusted certificate, and no request is sent."""
    context = authority.server(*LOCALHOST)
    monkeypatch.delenv("SSL_CERT_FILE")
    with Server(reply(), context=context) as server, pytest.raises(ssl.SSLCertVerificationError):
        download(server.url("https"))
    assert server.asked == []


def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    """The certificate must name the host."""
    with (
        Server(reply(), context=authority.server(x509.DNSName("auth.example.com"))) as server,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        download(server.url("https"))
    assert server.asked == []


@pytest.mark.parametrize("age", [timedelta(hours=2), timedelta(hours=-2)])
def test_a_certificate_that_is_not_valid_now_is_refused(authority: Authority, age: timedelta) -> None:
    """An expired certificate and a certificate of the future are refused."""
    with (
        Server(reply(), context=authority.server(*LOCALHOST, age=age)) as server,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        download(server.url("https"))
    assert server.asked == []


def test_a_plain_answer_to_tls_is_refused() -> None:
    """There is no fallback to plain http."""
    with Server(reply(), waits=False) as server, pytest.raises(OSError, match=r".*"):
        download(server.url("https"))


@pytest.mark.usefixtures("impatient")
def test_a_handshake_that_hangs_is_given_up() -> None:
    """The server accepts the connection and sends nothing."""
    server = Server(hang(b""))
    with server, pytest.raises(TimeoutError):
        download(server.url("https"))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("behaviour", SLOW_ANSWERS.values(), ids=SLOW_ANSWERS)
def test_a_slow_answer_by_tls_is_given_up(authority: Authority, behaviour: Behaviour) -> None:
    """There is no fallback to unencrypted bytes."""
    with Server(behaviour, context=authority.server(*LOCALHOST)) as server:
        try:
            document = download(server.url("https"))
        except (OSError, ValueError):
            return
    with pytest.raises(ValueError, match=r".*"):
        json.loads(document)
