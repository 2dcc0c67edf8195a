"""Behind a proxy of one's own: the client's own network is logged and listed, not the proxy's (P14)."""

from hashlib import sha256

import pytest

from tests.functional.test_login_limits import leave
from tests.support.people import PASSWORD, WRONG_PASSWORD
from tests.support.sample_events import ADDRESS, Event, login_event, logout_event, refresh_event, sample
from tests.support.stack import Stack

SECRET = "0123456789abcdef" * 4
SETTING = f"CloudFront-Viewer-Address:{sha256(SECRET.encode()).hexdigest()}"


def from_client(event: Event, address: str, *, secret: str = SECRET) -> Event:
    """Return an event that came through the proxy from a client."""
    added = {"CloudFront-Viewer-Address": f"{address}:46532", "Edge-Auth-Proxy-Secret": secret}
    event["headers"] = {**event["headers"], **added}
    event["multiValueHeaders"] = {
        **event["multiValueHeaders"],
        **{name: [value] for name, value in added.items()},
    }
    return event


@pytest.fixture
def proxied(stack: Stack) -> Stack:
    """Return a stack behind a proxy."""
    stack.secrets.keep(SECRET, kind="secret of a proxy")
    return stack.with_parameters(TrustedProxy=SETTING)


@pytest.mark.parametrize(
    "name", ["login", "refresh", "logout", "register", "password", "sessions", "jwks", "ended_sessions"]
)
def test_every_route_logs_the_clients_network(proxied: Stack, name: str) -> None:
    """L3: a refused request names the network of the client."""
    event = from_client({**sample("login"), "httpMethod": "PATCH"}, "198.51.100.10")

    assert proxied.function(name)(event).status == 405

    assert [line["network"] for line in proxied.output.log_lines()] == ["198.51.100.0/24"]


@pytest.mark.parametrize(
    ("setting", "secret", "network"),
    [(SETTING, SECRET, "198.51.100.0/24"), (SETTING, "x" * 64, "203.0.113.0/24"), ("", SECRET, "203.0.113.0/24")],
    ids=["through the proxy", "past the proxy", "no proxy is trusted"],
)
def test_the_source_of_a_session_is_the_client(stack: Stack, setting: str, secret: str, network: str) -> None:
    """P13, P14: two clients of one proxy are two sources, and a request past the proxy is one of its own address."""
    stack.secrets.keep(SECRET, kind="secret of a proxy")
    stack = stack.with_parameters(TrustedProxy=setting)
    assert ADDRESS.startswith("203.0.113.")

    tokens = stack.function("login")(from_client(login_event("ada", PASSWORD), "198.51.100.10", secret=secret)).json
    refreshed = stack.function("refresh")(
        from_client(refresh_event(tokens["refresh_token"]), "198.51.100.11", secret=secret)
    ).json
    assert [item["network"]["S"] for item in stack.session_items()] == [network]
    stack.function("logout")(from_client(logout_event(refreshed["refresh_token"]), "198.51.100.12", secret=secret))

    assert {line["network"] for line in stack.output.security_events()} == {network}


def test_a_client_of_a_proxy_uses_up_its_own_rate(proxied: Stack) -> None:
    """P13, P14: another client of the proxy goes on, and a request past the proxy counts by its own address."""
    login = proxied.function("login")

    def tried(name: str, client: str, *, secret: str = SECRET) -> int:
        return login(from_client(login_event(name, WRONG_PASSWORD), client, secret=secret)).status

    assert tried("user-0", "198.51.100.10") == 401
    leave(proxied, 0)
    assert tried("user-1", "198.51.100.10") == 429
    assert tried("user-2", "198.51.100.11") == 401
    assert tried("user-3", "198.51.100.10", secret="x" * 64) == 401
    leave(proxied, 0)
    assert tried("user-4", "192.0.2.1", secret="x" * 64) == 429
    assert tried("user-5", "192.0.2.1") == 401
