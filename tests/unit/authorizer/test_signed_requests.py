"""The client of the authorizers against real servers on this machine: right, wrong, slow and hostile ones."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.regions import EndpointResolver
from botocore.session import get_session

from edge_auth.authorizer.http_answer import MAX_BODY_BYTES, RequestFailed
from edge_auth.authorizer.signed_requests import IDLE_SECONDS, Reply, SignedRequests, Store, Timeouts, store_from
from edge_auth.authorizer.two_clocks import Clocks
from tests.support.certificates import certificate
from tests.support.table_server import (
    CREDENTIALS,
    DATE_SECONDS,
    Behaviour,
    TableServer,
    answer,
    close,
    drip,
    items,
    refusal,
    reset,
    says,
    silence,
)

SHORT = Timeouts(connect=0.1, read=0.1, kept=0.05)  # for what never answers
LONG = Timeouts(connect=30, read=30, kept=30)  # so that no other test depends on time
EMPTY = items()
MADE: list[SignedRequests] = []


class SetClocks:
    """Two clocks. The monotonic one runs, because it measures the deadlines; a test moves both."""

    def __init__(self) -> None:
        """Begin now."""
        self.monotonic_ahead = 0.0
        self.wall = 1_795_692_047.0

    def clocks(self) -> Clocks:
        """Return the clocks."""
        return Clocks(lambda: time.monotonic() + self.monotonic_ahead, lambda: self.wall)


@pytest.fixture(autouse=True)
def _no_connection_is_left() -> Iterator[None]:
    """Close the kept connections, which a function keeps until Lambda ends it."""
    yield
    while MADE:
        close(MADE.pop())


def client_of(
    server: TableServer,
    clocks: SetClocks | None = None,
    timeouts: Timeouts = LONG,
    **changes: Any,  # noqa: ANN401 - fields of the store
) -> SignedRequests:
    """Return the client of a server."""
    store = server.store._replace(**changes)
    MADE.append(SignedRequests(store, clocks=(clocks or SetClocks()).clocks(), timeouts=timeouts))
    return MADE[-1]


def failure(client: SignedRequests) -> str:
    """Return why a read fails."""
    with pytest.raises(RequestFailed) as failed:
        client.call("Query", {})
    return str(failed.value)


def test_a_read_is_one_signed_post_and_its_answer_is_read() -> None:
    """The body names the table, and the headers are the signed ones and the length."""
    with TableServer(items({"slot": {"N": "1"}})) as server:
        reply = client_of(server).call("Query", {"ConsistentRead": True})
        [request] = server.requests

    assert reply == Reply({"Items": [{"slot": {"N": "1"}}], "Count": 1}, DATE_SECONDS)
    assert request.parameters == {"TableName": "ended", "ConsistentRead": True}
    assert list(request.headers) == [
        "content-type",
        "host",
        "x-amz-date",
        "x-amz-target",
        "authorization",
        "content-length",
    ]
    assert request.headers["content-length"] == str(len('{"TableName":"ended","ConsistentRead":true}'))
    assert request.headers["x-amz-target"] == "DynamoDB_20120810.Query"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("headers", ["", "Date: yesterday\r\n"])
def test_an_answer_without_a_date_has_none(headers: str) -> None:
    """No time is guessed: the next read is then of the whole window."""
    with TableServer(items(headers=headers)) as server:
        assert client_of(server).call("Query", {}).date_seconds is None


def test_one_connection_serves_all_reads() -> None:
    """To open one costs a handshake."""
    with TableServer(EMPTY) as server:
        client = client_of(server)
        for _ in range(3):
            client.call("Query", {})
        assert (server.connections, len(server.requests)) == (1, 3)


def test_a_connection_may_be_opened_before_the_first_read() -> None:
    """The first read then uses it. If it could not be opened, the read opens one."""
    with TableServer(EMPTY) as server:
        client = client_of(server)
        client.open()
        client.call("Query", {})
        assert (server.connections, len(server.requests)) == (1, 1)
        client_of(server, port=1).open()


def test_a_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    """The caller does not notice it."""
    with TableServer(EMPTY) as server:
        client = client_of(server)
        client.call("Query", {})
        server.hang_up()
        client.call("Query", {})
        assert server.connections == 2


def test_a_kept_connection_that_is_silent_is_opened_again() -> None:
    """A gateway between may have forgotten it without a word."""
    with TableServer(EMPTY) as server:
        client = client_of(server, timeouts=LONG._replace(kept=0.05))
        client.call("Query", {})
        server.behaviour = lambda _connection, _request, over: (
            over.wait(30) if server.connections == 1 else EMPTY(_connection, _request, over)
        )
        client.call("Query", {})
        assert server.connections == 2


@pytest.mark.parametrize(
    ("monotonic", "wall", "connections"),
    [(IDLE_SECONDS - 1, IDLE_SECONDS - 1, 1), (IDLE_SECONDS + 1, 0, 2), (0, IDLE_SECONDS + 1, 2), (0, -1, 2)],
)
def test_an_idle_connection_is_made_anew(monotonic: float, wall: float, connections: int) -> None:
    """By either clock, because in a freeze one of them may stand still."""
    clocks = SetClocks()
    with TableServer(EMPTY) as server:
        client = client_of(server, clocks)
        client.call("Query", {})
        clocks.monotonic_ahead += monotonic
        clocks.wall += wall
        client.call("Query", {})
        assert server.connections == connections


def test_a_connection_that_the_server_ends_is_not_kept() -> None:
    """RFC 9112 §9.6."""
    with TableServer(items(headers="Connection: close\r\n")) as server:
        client = client_of(server)
        client.call("Query", {})
        client.call("Query", {})
        assert server.connections == 2


BAD_ANSWERS = {
    "throttled": (refusal("ProvisionedThroughputExceededException"), "400 ProvisionedThroughputExceededException"),
    "denied": (refusal("AccessDeniedException"), "400 AccessDeniedException"),
    "an error of the server": (refusal("InternalServerError", "500 Broken"), "500 InternalServerError"),
    "another status": (says(answer("<html>", "302 Found")), "302"),
    "not JSON": (says(answer('{"Items":[')), "not JSON"),
    "not UTF-8": (says(answer(b'{"Items":["\xff"]}')), "not JSON"),
    "nested too deeply": (says(answer("[" * 100_000)), "not JSON"),
    "not an object": (says(answer("[]")), "not an object"),
    "chunked": (says(answer("{}", headers="Transfer-Encoding: chunked\r\n")), "no plain Content-Length"),
    "huge": (
        says(f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n".encode(), bytes(100_000)),
        "a body that is too long",
    ),
    "closed": (reset, "an answer that ends early"),
    "closed in the middle": (says(answer("{}")[:-1], then_closes=True), "an answer that ends early"),
    "silent": (silence(), "TimeoutError"),
    "silent in the middle": (silence(answer("{}")[:-1]), "TimeoutError"),
    "a head that drips": (drip(b"HTTP/1.1 200 OK\r\nX: ", b"x"), "TimeoutError"),
    "a body that drips": (drip(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", b"x"), "TimeoutError"),
}


@pytest.mark.parametrize(("behaviour", "reason"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_answer_is_a_call_that_failed(behaviour: Behaviour, reason: str) -> None:
    """The next read is as good as the first: nothing of the failure stays."""
    with TableServer(behaviour) as server:
        client = client_of(server, timeouts=SHORT if reason == "TimeoutError" else LONG)
        assert failure(client) == reason
        server.behaviour, client._timeouts = EMPTY, LONG
        assert client.call("Query", {}).members == {"Items": [], "Count": 0}


def test_a_port_without_a_server_is_a_call_that_failed() -> None:
    """So is an address that does not answer."""
    with TableServer(EMPTY) as server:
        client = client_of(server)
    assert failure(client) == "ConnectionRefusedError"


def test_a_server_is_trusted_by_its_certificate(tmp_path: Path) -> None:
    """A control for the test below: the same server with the right certificate is read."""
    context, authority = certificate(tmp_path)
    with TableServer(EMPTY, context) as server:
        client_of(server, authorities=str(authority)).call("Query", {})
        assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["foreign authority", "expired", "not yet valid", "another name", "plain"])
def test_without_the_right_certificate_nothing_is_sent(tmp_path: Path, fault: str) -> None:
    """Z20: the request has the function's session token, so it goes to no other server."""
    valid = {"expired": (-2, -1), "not yet valid": (1, 2)}.get(fault, (-1, 1))
    host = "10.0.0.1" if fault == "another name" else "127.0.0.1"
    context, authority = certificate(tmp_path, host=host, valid=valid)
    (tmp_path / "other").mkdir()
    _, foreign = certificate(tmp_path / "other")
    trusted = foreign if fault == "foreign authority" else authority
    with TableServer(EMPTY, None if fault == "plain" else context) as server:
        timeouts = SHORT if fault == "plain" else LONG  # a plain server waits for the end of the request
        reason = failure(client_of(server, timeouts=timeouts, authorities=str(trusted), is_tls=True))
        assert reason in ("SSLCertVerificationError", "SSLError", "TimeoutError")
        assert (reason == "SSLCertVerificationError") is (fault != "plain")
        assert server.requests == []


ENVIRON = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}


def store(environ: dict[str, str], table: str = "ended") -> Store:
    """Return the store of an environment."""
    return store_from({**ENVIRON, **environ}, table=table, url_suffix="amazonaws.com")


def test_the_store_is_that_of_the_functions_region() -> None:
    """With the credentials that Lambda gives, and Amazon's roots or the machine's list."""
    found = store({"AWS_SESSION_TOKEN": "t"})

    assert (found.region, found.authority, found.is_tls) == (
        "eu-central-1",
        "dynamodb.eu-central-1.amazonaws.com",
        True,
    )
    assert found.credentials == ("k", "s", "t")
    assert store({}).credentials.session_token == ""


def test_the_arn_of_a_table_names_its_region() -> None:
    """An authorizer of another account or Region signs for this Region and calls it."""
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/ended"
    found = store({}, arn)

    assert (found.table, found.region, found.host) == (arn, "eu-west-1", "dynamodb.eu-west-1.amazonaws.com")


@pytest.mark.parametrize(
    ("environ", "authority", "is_tls"),
    [
        ({"AWS_ENDPOINT_URL": "http://localhost:4566"}, "localhost:4566", False),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:80/"}, "127.0.0.1", False),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1"}, "127.0.0.1", False),
        (
            {"AWS_ENDPOINT_URL": "http://localhost:1", "AWS_ENDPOINT_URL_DYNAMODB": "https://db.example:443"},
            "db.example",
            True,
        ),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "https://vpce-1.dynamodb.eu-central-1.vpce.amazonaws.com"},
         "vpce-1.dynamodb.eu-central-1.vpce.amazonaws.com", True),
    ],
)  # fmt: skip
def test_an_address_may_be_set(environ: dict[str, str], authority: str, *, is_tls: bool) -> None:
    """As for the SDK: the variable of the service goes before the one of all services."""
    found = store(environ)

    assert (found.authority, found.is_tls) == (authority, is_tls)


@pytest.mark.parametrize(
    "environ",
    [
        {"AWS_ENDPOINT_URL": "http://db.example"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1.example"},
        {"AWS_ENDPOINT_URL": "https://db.example/path"},
        {"AWS_ENDPOINT_URL": "https://user@db.example"},
        {"AWS_ENDPOINT_URL": "https://db.example\r\nX: y"},
        {"AWS_ENDPOINT_URL": "ftp://db.example"},
        {"AWS_REGION": "x@evil.example/"},
        {"AWS_REGION": ""},
    ],
)
def test_an_address_that_will_not_do_is_refused_at_the_start(environ: dict[str, str]) -> None:
    """Plain http is for this machine only, since the request has the function's session token."""
    with pytest.raises(ValueError, match=r"^(not the address of a store|no Region of the table)$"):
        store(environ)


def test_without_another_authority_it_is_amazons_for_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own list takes long to load."""
    monkeypatch.setattr("edge_auth.authorizer.signed_requests.roots_file", lambda region: f"roots of {region}")

    assert store({}).authorities == "roots of eu-central-1"


def test_an_authority_may_be_set(tmp_path: Path) -> None:
    """`AWS_CA_BUNDLE` goes before Amazon's roots."""
    assert store({"AWS_CA_BUNDLE": str(tmp_path / "own.pem")}).authorities == str(tmp_path / "own.pem")


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_address_is_that_of_the_sdk_in_every_region(partition: str) -> None:
    """The SDK is the oracle. The suffix is what CloudFormation gives as `AWS::URLSuffix`."""
    resolver = EndpointResolver(get_session().get_data("endpoints"))
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    regions = resolver.get_available_endpoints("dynamodb", partition)
    assert regions
    for region in regions:
        if region.startswith("local") or "fips" in region:
            continue
        ours = store_from({**ENVIRON, "AWS_REGION": region}, table="ended", url_suffix=suffix)
        theirs = resolver.construct_endpoint("dynamodb", region)
        assert theirs is not None
        assert ours.host == theirs["hostname"]


def test_credentials_stand_in_no_failure() -> None:
    """The reason of a failure goes into the log."""
    body = json.dumps({"__type": "x#Bad", "message": f"{CREDENTIALS.key_id} {CREDENTIALS.secret}"})
    with TableServer(says(answer(body, "400 Bad"))) as server:
        assert failure(client_of(server)) == "400 Bad"
