"""What a browser meets: preflight requests, answers that a page may read, and its session in a cookie."""

import pytest
import requests

from tests.e2e.answers import assert_error
from tests.e2e.client import JSON, Client, Session, cookies_of, value_of
from tests.e2e.conftest import APP
from tests.e2e.operator import Person

STRANGER = "https://evil.example.com"
REFRESH_COOKIE = "__Host-Http-refresh"
ATTRIBUTES = "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age="
FROM_PAGE = {**JSON, "Origin": APP, "Sec-Fetch-Site": "same-site", "X-Edge-Auth": "1"}
PATHS = ["/auth/login", "/auth/refresh", "/auth/sessions/any", "/me", "/.well-known/jwks.json", "/nothing", "/a/b/c"]


def preflight(client: Client, path: str, origin: str) -> requests.Response:
    """Ask as a browser does before a request with JSON."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-edge-auth"}
    return client.send("OPTIONS", path, {"Origin": origin, **asked})


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_request_is_answered_on_every_path(client: Client, path: str) -> None:
    """B27, C16: without the authorizer, on known and unknown paths, for the page of the list alone."""
    answer, refused = preflight(client, path, APP), preflight(client, path, STRANGER)

    assert (answer.status_code, refused.status_code) == (204, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, DELETE"
    assert "x-edge-auth" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in refused.headers
    reads_cookies = path in {"/auth/login", "/auth/refresh"}
    assert (answer.headers.get("Access-Control-Allow-Credentials") == "true") is reads_cookies


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
    """B26, C12: the 401 without a token, the one with a bad token, and the 404, with their challenges."""
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


def sign_in(client: Client, person: Person, *cookies: str) -> requests.Response:
    """Log in from a page, with the cookies that the browser has."""
    body = {"username": person.name, "password": person.password, "transport": "cookie"}
    return client.post_json("/auth/login", body, headers=with_cookies(*cookies))


def with_cookies(*cookies: str) -> dict[str, str]:
    """Return the headers of a page's request with these cookies."""
    return {**FROM_PAGE, **({"Cookie": "; ".join(cookies)} if cookies else {})}


def jar(response: requests.Response) -> list[str]:
    """Return the cookies of an answer as a browser sends them back."""
    return [cookie.partition(";")[0] for cookie in cookies_of(response)]


def test_a_session_in_a_cookie_from_login_to_logout(client: Client, person: Person) -> None:
    """C1-C3: no answer has a refresh token in its body, each is readable for the page, and the logout removes it."""
    login = sign_in(client, person)
    refresh, device = cookies_of(login)
    assert (login.status_code, login.json().keys() & {"refresh_token", "device_token"}) == (200, set())
    assert refresh.startswith(f"{REFRESH_COOKIE}=edgeauth_rt_")
    assert refresh.endswith(f"{ATTRIBUTES}{login.json()['refresh_expires_in']}")
    assert device.startswith("__Host-Http-device=edgeauth_dt_")

    refreshed = client.post_json("/auth/refresh", {}, headers=with_cookies(*jar(login)))
    assert (refreshed.status_code, "refresh_token" in refreshed.json()) == (200, False)
    assert refreshed.json()["session_id"] == login.json()["session_id"]
    assert client.get("/me", refreshed.json()["access_token"]).status_code == 200

    logout = client.post_json("/auth/logout", {"all": False}, headers=with_cookies(*jar(refreshed)))
    assert (logout.status_code, cookies_of(logout)) == (204, [f"{REFRESH_COOKIE}={ATTRIBUTES}0"])
    for answer in (login, refreshed, logout):
        assert answer.headers["Access-Control-Allow-Origin"] == APP
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert_error(client.post_json("/auth/refresh", {}, headers=with_cookies(*jar(refreshed))), 400, "invalid_grant")


@pytest.mark.parametrize(
    "change",
    [
        {"Origin": STRANGER},
        {"Origin": "null"},
        {"Origin": f"{APP}.evil.test"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"X-Edge-Auth": ""},
    ],
    ids=str,
)
def test_another_page_cannot_use_the_cookie(client: Client, person: Person, change: dict[str, str]) -> None:
    """C7, C8, C11, C13: no route that reads the cookie does anything, and the session goes on."""
    login = sign_in(client, person)
    headers = {**with_cookies(*jar(login)), **change}
    body = {"username": person.name, "password": person.password, "transport": "cookie"}

    for path, sent in (("/auth/login", body), ("/auth/refresh", {}), ("/auth/logout", {"all": True})):
        refused = client.post_json(path, sent, headers=headers)
        assert_error(refused, 403, "csrf_failed")
        assert cookies_of(refused) == []

    assert client.post_json("/auth/refresh", {}, headers=with_cookies(*jar(login))).status_code == 200


def test_a_form_with_the_cookie_is_refused(client: Client, person: Person) -> None:
    """C9: a form needs no preflight request."""
    login = sign_in(client, person)
    form = {**with_cookies(*jar(login)), "Content-Type": "application/x-www-form-urlencoded"}

    answer = client.send("POST", "/auth/refresh", form, "grant_type=refresh_token")

    assert_error(answer, 415, "unsupported_media_type")


def test_a_token_of_one_transport_is_dead_in_the_other(client: Client, person: Person, session: Session) -> None:
    """C4: and both sessions go on."""
    login = sign_in(client, person)
    cookie = cookies_of(login)[0]
    in_cookie = with_cookies(f"{REFRESH_COOKIE}={session.refresh_token}")

    assert_error(client.refresh(value_of(cookie)), 400, "invalid_grant")
    assert_error(client.post_json("/auth/refresh", {}, headers=in_cookie), 400, "invalid_grant")

    assert client.post_json("/auth/refresh", {}, headers=with_cookies(*jar(login))).status_code == 200
    assert client.refresh(session.refresh_token).status_code == 200


def test_a_login_ends_the_session_that_the_browser_had(client: Client, person: Person) -> None:
    """P15: the function has the rights for it, and the first session is dead."""
    first = sign_in(client, person)
    second = sign_in(client, person, *jar(first))

    assert second.status_code == 200
    assert_error(client.post_json("/auth/refresh", {}, headers=with_cookies(*jar(first))), 400, "invalid_grant")
    assert client.post_json("/auth/refresh", {}, headers=with_cookies(*jar(second))).status_code == 200
