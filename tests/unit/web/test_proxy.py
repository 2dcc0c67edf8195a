"""A proxy of one's own: whose address counts, and what the proxy must prove."""

import re
from collections.abc import Mapping
from hashlib import sha256
from ipaddress import ip_address
from types import SimpleNamespace

import pytest

from edge_auth.errors import AuthError
from edge_auth.web.endpoint import endpoint
from edge_auth.web.proxy import TrustedProxy
from edge_auth.web.request import Headers, Request, request_from
from edge_auth.web.response import Response
from tests.support.sample_events import proxy_event
from tests.support.template import parameters

SECRET, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4
HASH, OTHER_HASH = (sha256(secret.encode()).hexdigest() for secret in (SECRET, OTHER))
CLOUDFRONT = f"CloudFront-Viewer-Address:{HASH}"
NGINX = f"X-Real-IP:{HASH}"


def headers(**values: str | tuple[str, ...]) -> Headers:
    """Return headers. A tuple is a header that came several times."""
    every = {name.replace("_", "-"): (value,) if isinstance(value, str) else value for name, value in values.items()}
    return Headers({name: value[-1:] for name, value in every.items()}, every)


def viewer(setting: str, address: str | tuple[str, ...], secret: str | tuple[str, ...] = SECRET) -> str:
    """Return the address that counts for a request through the proxy."""
    name = setting.split(":", maxsplit=1)[0].lower().replace("-", "_")
    return TrustedProxy(setting).viewer_address(headers(edge_auth_proxy_secret=secret, **{name: address}))


@pytest.mark.parametrize(
    ("setting", "value", "address"),
    [
        (CLOUDFRONT, "198.51.100.10:46532", "198.51.100.10"),
        (CLOUDFRONT, "2001:db8:85a3:0:0:8a2e:370:7334:46532", "2001:db8:85a3::8a2e:370:7334"),
        (CLOUDFRONT, "2001:db8::7334:443", "2001:db8::7334"),
        (NGINX, "198.51.100.10", "198.51.100.10"),
        (NGINX, "2001:DB8::1", "2001:db8::1"),
        (NGINX, "::ffff:198.51.100.10", "::ffff:198.51.100.10"),
    ],
)
def test_the_client_is_the_one_that_the_proxy_names(setting: str, value: str, address: str) -> None:
    """P14: CloudFront writes the port behind each address, other proxies write the address alone."""
    assert ip_address(viewer(setting, value)) == ip_address(address)


@pytest.mark.parametrize("secret", ["", OTHER, SECRET[:-1], SECRET + "0", SECRET.upper(), HASH, " ", "é", "\udcff"])
def test_without_the_secret_no_header_counts(secret: str) -> None:
    """P14: a client that calls the API itself can write any header but this one."""
    assert viewer(NGINX, "198.51.100.10", secret) == ""
    assert TrustedProxy(NGINX).viewer_address(headers(x_real_ip="198.51.100.10")) == ""


def test_both_secrets_count_while_one_takes_the_place_of_the_other() -> None:
    """The proxy and the deployment cannot change in the same moment."""
    both = f"{NGINX}:{OTHER_HASH}"

    assert [viewer(both, "198.51.100.10", secret) for secret in (SECRET, OTHER, HASH)] == ["198.51.100.10"] * 2 + [""]
    assert viewer(NGINX, "198.51.100.10", OTHER) == ""


@pytest.mark.parametrize(
    "value",
    [
        *("", "unknown", "198.51.100.10, 203.0.113.9", "198.51.100.10:443", "[2001:db8::1]", "[2001:db8::1]:443"),
        *("198.51.100", "198.51.100.010", "198.51.100.10 ", "3325256714", "fe80::1%eth0", "2001:db8::1/64"),
    ],
)
def test_a_value_that_is_not_one_address_does_not_count(value: str) -> None:
    """P14: the source is then the one that API Gateway saw, never a part of the value."""
    assert viewer(NGINX, value) == ""


@pytest.mark.parametrize(
    "value",
    [
        *("198.51.100.10", "198.51.100.10:", "198.51.100.10:x", "198.51.100.10:-1", "198.51.100.10:123456", ":443"),
        *("198.51.100.10:443:443", "198.51.100.10:٤٤٣", "fe80::1%eth0:443", "198.51.100.10, 203.0.113.9:443", "443"),
    ],
)
def test_a_value_of_cloudfront_has_an_address_and_a_port(value: str) -> None:
    """P14: any other value was not written by CloudFront."""
    assert viewer(CLOUDFRONT, value) == ""


def test_a_header_that_came_twice_does_not_count() -> None:
    """P14: one of the values may be the client's."""
    assert viewer(NGINX, ("198.51.100.10", "203.0.113.9")) == ""
    assert viewer(NGINX, "198.51.100.10", (SECRET, SECRET)) == ""


@pytest.mark.parametrize(
    ("setting", "is_taken"),
    [
        ("", True),
        (CLOUDFRONT, True),
        (f"{CLOUDFRONT}:{OTHER_HASH}", True),
        ("CloudFront-Viewer-Address", False),
        (f"{NGINX}:{OTHER_HASH}:{HASH}", False),
        (f":{HASH}", False),
        (f"X-Real-IP:{HASH.upper()}", False),
        (f"X-Real-IP:{SECRET[:-1]}", False),
    ],
)
def test_the_parameter_has_a_header_and_a_hash_or_nothing(setting: str, is_taken: bool) -> None:  # noqa: FBT001 - the expectation
    """A header without a secret would let every client write its own address."""
    pattern = parameters()["TrustedProxy"]["AllowedPattern"]

    assert (re.fullmatch(pattern, setting) is not None) is is_taken
    assert parameters()["TrustedProxy"]["Default"] == ""


class Networks:
    """A log that keeps the networks."""

    def __init__(self) -> None:
        """Begin empty."""
        self.seen: list[str] = []

    def begin(self, context: object, gateway_ids: Mapping[str, str]) -> None:
        """Do nothing."""

    def came_from(self, network: str) -> None:
        """Keep the network."""
        self.seen.append(network)

    def refused(self, error: AuthError) -> None:
        """Fail: no request here is refused."""
        raise error

    def broken(self, error: Exception) -> None:
        """Fail: no request here breaks."""
        raise error


@pytest.mark.parametrize(
    ("setting", "secret", "source"),
    [("", SECRET, "203.0.113.7"), (NGINX, OTHER, "203.0.113.7"), (NGINX, SECRET, "198.51.100.10")],
)
def test_an_endpoint_takes_the_clients_address_from_the_proxy_it_trusts(setting: str, secret: str, source: str) -> None:
    """P14: for its function and for the network in the log alike."""
    log, seen = Networks(), list[str]()

    def post(request: Request) -> Response:
        seen.append(request.source_address)
        return Response(204)

    event = proxy_event("{}")
    event["requestContext"]["identity"] = {"sourceIp": "203.0.113.7"}
    event["headers"] |= {"X-Real-IP": "198.51.100.10", "Edge-Auth-Proxy-Secret": secret}
    endpoint({"POST": post}, log, trusted_proxy=setting)(event, SimpleNamespace(aws_request_id="r"))

    assert seen == [source]
    assert log.seen == [f"{source.rpartition('.')[0]}.0/24"]
    assert request_from(event).source_address == "203.0.113.7"
