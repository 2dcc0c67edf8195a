"""What a browser meets: preflight requests, and answers that a page of an allowed origin may read."""

import pytest
import requests

from tests.e2e.answers import assert_error
from tests.e2e.client import JSON, Client, Session
from tests.e2e.conftest import APP

STRANGER = "https://evil.example.com"
PATHS = ["/auth/login", "/auth/refresh", "/auth/sessions/any", "/me", "/.well-known/jwks.json", "/nothing", "/a/b/c"]


def preflight(client: Client, path: str, origin: str) -> requests.Response:
    """Ask as a browser does before a request with JSON."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-edge-auth"}
    return client.send("OPTIONS", path, {"Origin": origin, **asked})


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_request_is_answered_on_every_path(client: Client, path: str) -> None:
    """C16: without the authorizer, on known and unknown paths, for the page of the list alone."""
    answer, refused = preflight(client, path, APP), preflight(client, path, STRANGER)

    assert (answer.status_code, refused.status_code) == (204, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, DELETE"
    assert "x-edge-auth" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_another_method_of_an_unknown_path_is_not_found(client: Client) -> None:
    """The route for preflight requests takes no other method."""
    for path in ("/nothing", "/a/b/c", "/auth"):
        assert_error(client.get_with(path, {"Origin": APP}), 404, "not_found")


def test_a_page_reads_the_answers_of_functions(client: Client, session: Session) -> None:
    """C12: the answer names the page of the list, and never a stranger."""
    for origin, named in ((APP, APP), (STRANGER, None)):
        bearing = {"Origin": origin, "Authorization": f"Bearer {session.access_token}"}
        for answer in (
            client.post_json("/auth/refresh", {}, headers={**JSON, "Origin": origin}),
            client.get_with("/auth/sessions", bearing),
            client.get_with("/me", bearing),
        ):
            assert answer.headers.get("Access-Control-Allow-Origin") == named
            assert answer.headers["Vary"] == "Origin"


def test_a_page_reads_the_answers_of_the_gateway(client: Client) -> None:
    """C12: the 401 without a token, the one with a bad token, and the 404, with their challenges."""
    for path, token, status, challenge in (
        ("/me", {}, 401, "Bearer"),
        ("/me", {"Authorization": "Bearer bad"}, 401, 'Bearer error="invalid_token"'),
        ("/nothing", {}, 404, None),
    ):
        answer = client.get_with(path, {"Origin": APP, **token})
        assert (answer.status_code, answer.headers.get("WWW-Authenticate")) == (status, challenge)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]


def test_every_page_reads_the_public_keys(client: Client) -> None:
    """A verifier in any page may fetch them."""
    answer = client.get_with("/.well-known/jwks.json", {"Origin": STRANGER})

    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
