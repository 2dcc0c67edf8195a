"""The answers of the gateway itself, and the address on which the local stack listens."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import gateway
from local.settings import API_ID
from local.stack import Stack
from tests.e2e.answers import assert_error
from tests.e2e.client import Client, Session

LISTENING = "0A"
LOOPBACK = "0100007F"  # 127.0.0.1 as /proc/net/tcp writes it, on a little-endian machine


@pytest.mark.parametrize("path", ["/", "/nothing", "/auth", "/auth/login/more", "/.well-known/nothing"])
def test_an_unknown_route_is_not_found(client: Client, path: str) -> None:
    """The gateway's own 404 has the form of every other error."""
    assert_error(client.get(path), 404, "not_found")


def test_a_method_that_no_route_has_is_not_found(client: Client) -> None:
    """API Gateway has no 405, because a route is a path and a method."""
    assert_error(client.get("/auth/login"), 404, "not_found")


def test_the_gateways_answers_ask_for_https_only(client: Client) -> None:
    """The answers that come from no function have HSTS too."""
    for response in (client.get("/nothing"), client.get("/me"), client.get("/me", "bad")):
        assert response.headers["Strict-Transport-Security"].startswith("max-age=")


@pytest.fixture
def _broken_authorizer(stack: Stack) -> Iterator[None]:
    """Deploy an authorizer that cannot start, for one test."""
    name = stack.outputs["AuthorizerFunctionArn"]
    handler = stack.clients.lambda_.get_function_configuration(FunctionName=name)["Handler"]
    stack.clients.lambda_.update_function_configuration(FunctionName=name, Handler="missing.handler")
    yield
    stack.clients.lambda_.update_function_configuration(FunctionName=name, Handler=handler)


@pytest.mark.usefixtures("_broken_authorizer")
def test_an_authorizer_that_fails_is_503_and_never_a_verdict_on_the_token(client: Client, session: Session) -> None:
    """DC-3: the template has no response of this type, so the answer is the default of its class."""
    response = client.get("/me", session.access_token)

    assert_error(response, 503, "temporarily_unavailable")
    assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize("kind", gateway.FALLBACKS["DEFAULT_5XX"])
def test_every_5xx_of_the_gateways_own_is_503_with_retry_after(stack: Stack, kind: str) -> None:
    """The types that MiniStack never answers, such as a timeout, have this response too."""
    found = stack.clients.apigateway.get_gateway_response(
        restApiId=API_ID,
        responseType=kind,  # type: ignore[arg-type] # the type is one of a list
    )

    assert found["statusCode"] == "503"
    assert found["responseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"
    assert "temporarily_unavailable" in found["responseTemplates"]["application/json"]


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("WAF_FILTERED", "403", "forbidden"),
        ("REQUEST_TOO_LARGE", "413", "request_too_large"),
        ("UNSUPPORTED_MEDIA_TYPE", "415", "unsupported_media_type"),
        ("BAD_REQUEST_BODY", "400", "invalid_request"),
    ],
)
def test_a_4xx_of_the_gateways_own_keeps_its_status(stack: Stack, kind: str, status: str, error: str) -> None:
    """A default without a status leaves each type its own, here as on AWS."""
    found = stack.clients.apigateway.get_gateway_response(
        restApiId=API_ID,
        responseType=kind,  # type: ignore[arg-type] # the type is one of a list
    )

    assert found["statusCode"] == status
    assert f'"error":"{error}"' in found["responseTemplates"]["application/json"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_listens_but_on_this_machine_alone(client: Client, stack: Stack) -> None:
    """MiniStack and its workers have one listening socket, and it is on 127.0.0.1."""
    client.get("/me")  # so a worker runs
    inodes = {inode for process in _group(stack.pid) for inode in _sockets(process)}
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]

    listening = [row[1] for row in rows if row[3] == LISTENING and row[9] in inodes]

    assert listening == [f"{LOOPBACK}:{stack.settings.port:04X}"]


def _group(leader: int) -> list[Path]:
    processes = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    # The process group is the fifth field of stat, which is the third after the name's closing bracket.
    return [path for path in processes if _stat(path).rpartition(")")[2].split()[2:3] == [str(leader)]]


def _stat(process: Path) -> str:
    try:
        return (process / "stat").read_text()
    except OSError:  # it has ended
        return ""


def _sockets(process: Path) -> set[str]:
    links = set()
    for descriptor in (process / "fd").iterdir():
        try:
            links.add(str(descriptor.readlink()))
        except OSError:  # it was closed
            continue
    return {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:[")}
